"""Read Keras models as graphs, from live models or from files."""
