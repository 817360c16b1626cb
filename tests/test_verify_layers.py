"""`verify.check` of every layer of the library: confirmed by Keras, or not visible."""

import keras
import pytest

from convcost import layers, verify
from convcost._verify.findings import Outcome

SHAPES = {1: (8, 4), 2: (8, 7, 4), 3: (6, 5, 7, 4)}
PAIR = [(5, 4), (5, 4)]
# The arguments that are required, and the inputs of what is not a layer over an image.
ARGUMENTS = {
    "CenterCrop": (4, 3),
    "Cropping1D": ((1, 2),),
    "Dense": (3,),
    "Dot": (2,),
    "Embedding": (10, 4),
    "GroupNormalization": (2,),
    "Permute": ((2, 1, 3),),
    "RandomCrop": (4, 3),
    "RepeatVector": (3,),
    "Reshape": ((-1, 4),),
    "Resizing": (5, 6),
    "TimeDistributed": (layers.TimeDistributed(layers.Dense(3)),),
    "UpSampling1D": (3,),
    "ZeroPadding1D": ((0, 2),),
}
INPUTS = {"Embedding": (5,), "RepeatVector": (5,)}
# Not layers of Keras; built by hand, or found in files of Keras Applications.
OWN = {
    "Chain": layers.Chain([layers.Dense(3), layers.Dense(2)]),
    "Custom": layers.Custom((3,), macs=7),
    "Elementwise": layers.Elementwise("ReLU"),
    "LayerScale": layers.LayerScale(4),
}
NAMES = [
    name
    for name in dir(layers)
    if isinstance(kind := getattr(layers, name), type)
    and issubclass(kind, layers.Layer)
    and name not in ("Layer", "CustomScaleLayer", *OWN)
]


def made(name):
    """Return a layer and the shape of its input."""
    kind = getattr(layers, name)
    rank = next((sides for sides in SHAPES if f"{sides}D" in name), 2)
    sizes = (3, 3) if "Conv" in name and "Depthwise" not in name else ()
    sizes = (3,) if "Depthwise" in name else (2,) if "Adaptive" in name else sizes
    shape = INPUTS.get(name, SHAPES[rank])
    if issubclass(kind, layers.Add) or name in ("Concatenate", "Dot"):
        shape = PAIR
    return kind(*ARGUMENTS.get(name, sizes)), shape


@pytest.mark.parametrize("name", NAMES)
def test_keras_confirms_every_layer_that_it_has(name):
    if not hasattr(keras.layers, name):
        pytest.skip("this Keras does not have the layer yet")
    layer, shape = made(name)
    result = verify.check(layer, shape, device="cpu")
    assert result.agrees, str(result)
    findings = {finding.oracle: finding for finding in result.findings}
    assert findings["keras"].outcome is Outcome.CONFIRMED
    kernel = "Conv" in name or name == "Dense"
    assert (findings["run"].reason == "it counts convolutions and dense layers only") != kernel
    assert (findings["xla"].reason == "it counts convolutions and dense layers only") != kernel


@pytest.mark.parametrize("name", OWN)
def test_a_layer_that_keras_does_not_have_is_not_visible(name):
    result = verify.check(OWN[name], (4,), device="cpu")
    assert not result.agrees
    assert result.contradictions == ()
    assert f"keras: not visible: Keras has no layer {name}" in str(result)
    assert "SEEN BY NO ORACLE" in str(result)
