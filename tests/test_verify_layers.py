"""`verify.check` of every layer of the library: confirmed by Keras, or not visible."""

import keras
import pytest

from convcost import layers, verify
from convcost._verify.findings import Outcome

SHAPES = {1: (8, 4), 2: (8, 7, 4), 3: (6, 5, 7, 4)}
PAIR = [(5, 4), (5, 4)]
# The arguments that are required, and the inputs of what is not a layer over an image.
ARGUMENTS = {
    "Bidirectional": (layers.RNN([layers.LSTMCell(3), layers.GRUCell(2)]),),
    "CenterCrop": (4, 3),
    "Cropping1D": ((1, 2),),
    "Dense": (3,),
    "Dot": (2,),
    "CategoryEncoding": (5,),
    "Discretization": ([0.0, 1.0],),
    "EinsumDense": ("abc,cde->abde", (None, 2, 3)),
    "HashedCrossing": (5,),
    "Hashing": (5,),
    "MaxNumBoundingBoxes": (5,),
    "MelSpectrogram": (16, 4),
    "ReversibleEmbedding": (10, 4),
    "STFTSpectrogram": ("log", 4),
    "SpectralNormalization": (layers.Conv2D(3, 2),),
    "Embedding": (10, 4),
    "GRU": (3,),
    "GRUCell": (3,),
    "GroupQueryAttention": (2, 4, 2),
    "GroupNormalization": (2,),
    "LSTM": (3,),
    "LSTMCell": (3,),
    "MultiHeadAttention": (2, 3),
    "Permute": ((2, 1, 3),),
    "RNN": (layers.LSTMCell(3),),
    "RandomCrop": (4, 3),
    "RepeatVector": (3,),
    "Reshape": ((-1, 4),),
    "Resizing": (5, 6),
    "SimpleRNN": (3,),
    "SimpleRNNCell": (3,),
    "StackedRNNCells": ([layers.LSTMCell(3), layers.GRUCell(2)],),
    "TimeDistributed": (layers.TimeDistributed(layers.Dense(3)),),
    "UpSampling1D": (3,),
    "ZeroPadding1D": ((0, 2),),
}
INPUTS = {
    **{"Embedding": (5,), "RepeatVector": (5,), "ReversibleEmbedding": (5,)},
    **{"MelSpectrogram": (40,), "STFTSpectrogram": (9, 2)},
    **dict.fromkeys(("CategoryEncoding", "Discretization", "Hashing"), (5,)),
    "HashedCrossing": [(1,), (1,)],
    **dict.fromkeys(("SimpleRNNCell", "LSTMCell", "GRUCell", "StackedRNNCells"), (4,)),
    **dict.fromkeys(("SimpleRNN", "LSTM", "GRU", "RNN", "Bidirectional", "EinsumDense"), (5, 4)),
    **{f"ConvLSTM{rank}D": (2, *sides) for rank, sides in SHAPES.items()},
}
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
    and not issubclass(kind, layers.Elementwise)
    # Texts are not numbers.
    and name not in ("Layer", "CustomScaleLayer", "StringLookup", "TextVectorization", *OWN)
]


def made(name):
    """Return a layer and the shape of its input."""
    kind = getattr(layers, name)
    rank = next((sides for sides in SHAPES if f"{sides}D" in name), 2)
    sizes = (3, 3) if "Conv" in name and "Depthwise" not in name else ()
    sizes = (3,) if "Depthwise" in name else (2,) if "Adaptive" in name else sizes
    shape = INPUTS.get(name, SHAPES[rank])
    several = issubclass(kind, layers.Add) or "Attention" in name
    if several or name in ("Concatenate", "Dot"):
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
    kernel = ("Conv" in name and "LSTM" not in name) or name == "Dense"
    assert (findings["run"].reason == "it counts convolutions and dense layers only") != kernel
    assert (findings["xla"].reason == "it counts convolutions and dense layers only") != kernel


@pytest.mark.parametrize(
    ("layer", "shape"),
    [
        (layers.MultiHeadAttention(2, 3, return_attention_scores=True), [(5, 4)]),
        (layers.MultiHeadAttention(2, 3), [(5, 4), (5, 6), (5, 7)]),
        (layers.Attention(use_causal_mask=True), [(5, 4)]),
        (layers.LSTM(3, return_state=True), (5, 4)),
        (layers.TimeDistributed(layers.Bidirectional(layers.GRU(3))), (2, 5, 4)),
        (layers.EinsumDense("...x,xy->...y", 3), (2, 5, 4)),
        (layers.ReversibleEmbedding(9, 4, False, reverse=True), (5, 4)),
        (layers.IntegerLookup(vocabulary=[3, 4], output_mode="count"), (5,)),
        (layers.EinsumDense("abc,bd->adc", (3, None)), (5, 4)),
    ],
    ids=str,
)
def test_keras_confirms_calls_of_every_form(layer, shape):
    result = verify.check(layer, shape, device="cpu")
    assert result.agrees, str(result)


def test_states_are_not_visible():
    result = verify.check(layers.LSTM(3), [(5, 4), (3,), (3,)], device="cpu")
    assert "keras: not visible: it is built without states" in str(result)


def test_a_layer_that_keeps_the_shape_has_nothing_to_count():
    result = verify.check(layers.Dropout(0.5), (4,), device="cpu")
    assert "keras: not visible: it keeps the shape, and nothing that it does is" in str(result)


@pytest.mark.parametrize("name", OWN)
def test_a_layer_that_keras_does_not_have_is_not_visible(name):
    result = verify.check(OWN[name], (4,), device="cpu")
    assert not result.agrees
    assert result.contradictions == ()
    assert f"keras: not visible: Keras has no layer {name}" in str(result)
    assert "SEEN BY NO ORACLE" in str(result)
