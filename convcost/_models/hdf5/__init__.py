"""HDF5 files: what is in them, by name, with shapes and text attributes; never their data."""
