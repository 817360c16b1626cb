"""Keras models, live or as files, as graphs."""
