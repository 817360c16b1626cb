"""The errors that models raise."""


class ModelError(ValueError):
    """A model that can't be read or is inconsistent; the message names the layer."""

    __module__ = "convcost"  # where users import it from, as tracebacks show it


class UnknownLayerError(ModelError):
    """A layer whose cost this library doesn't know; the message says how to register it."""

    __module__ = "convcost"
