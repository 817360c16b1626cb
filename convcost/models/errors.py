"""What is wrong with a model, as one kind of error."""


class ModelError(ValueError):
    """A model that can't be read, or that makes no sense; the message names the layer."""


class UnknownLayerError(ModelError):
    """A layer whose cost this library doesn't know; the message says how to register it."""
