"""Settings of every class of `keras.layers` that is known, as source code, and a check of one.

A class has its defaults, each other value of each of its options alone, and some of them together.
"""

from typing import NamedTuple

import keras
from both_forms import hold, walked
from layer_families import FAMILIES


class Setting(NamedTuple):
    """A layer, the shapes of its inputs without the batch, and how it is called with them."""

    shapes: tuple
    layer: str
    batch: int | None = None
    call: str = "layer(*inputs)"
    dtype: str = "float32"
    # Whether JAX's record has its MACs as products and convolutions.
    jaxpr: bool = True
    # Whether a file says what it computes.
    saved: bool = True

    def model(self):
        """Return a model of the layer alone."""
        names = vars(keras.layers) | {"keras": keras}
        inputs = [keras.Input(shape, self.batch, self.dtype) for shape in self.shapes]
        layer = eval(self.layer, dict(names))
        made = eval(self.call, dict(names), {"layer": layer, "inputs": inputs, "x": inputs[0]})
        return keras.Model(inputs, made)

    def check(self, jaxpr=True):
        """Hold the layer, live and from JSON, to Keras; tell whether JAX's record agrees, too."""
        model = self.model()
        network = hold(model, saved=self.saved)
        if not (jaxpr and self.jaxpr):
            return False
        found = walked(model, network, whole=False)
        assert found is None or found == network.macs, (self, found, network.macs)
        return found is not None


def settings(name):
    """Return the settings of a class, the same ones each time."""
    every = [one for family in FAMILIES if name in family.names for one in family.settings(name)]
    made = [Setting(*given, **how) for *given, how in every]
    return list(dict.fromkeys(made))
