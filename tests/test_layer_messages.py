"""Messages of the layers around convolutions, word for word."""

import numpy as np
import pytest

from convcost import layers
from convcost._layers import arguments
from convcost.layers import Weight

# Arguments that make a layer of each class; a test gives each of them a wrong value.
ARGUMENTS = {
    "AveragePooling2D": {"pool_size": 2, "strides": 2, "padding": "same"},
    "GlobalAveragePooling2D": {"keepdims": True},
    "AdaptiveMaxPooling1D": {"output_size": 3},
    "ZeroPadding1D": {"padding": 1},
    "Cropping3D": {"cropping": 1},
    "UpSampling2D": {"size": 2},
    "Resizing": {"height": 4, "width": 5},
    "Reshape": {"target_shape": (4, 2)},
    "Permute": {"dims": (2, 1)},
    "RepeatVector": {"n": 3},
    "Flatten": {"data_format": "channels_first"},
    "BatchNormalization": {"axis": 1, "center": True, "scale": False, "renorm": True},
    "LayerNormalization": {"axis": 1, "center": True, "scale": True, "rms_scaling": False},
    "RMSNormalization": {"axis": 1},
    "GroupNormalization": {"groups": 2, "axis": 1, "center": True, "scale": True},
    "Normalization": {"axis": 1},
    "PReLU": {"shared_axes": 1},
    "LayerScale": {"projection_dim": 8},
    "Concatenate": {"axis": 1},
    "Dot": {"axes": 1, "normalize": True},
    "TimeDistributed": {"layer": layers.Flatten()},
    "Embedding": {"input_dim": 10, "output_dim": 4},
    "Custom": {"output": (3,), "macs": 1, "bias_adds": 1},
    "Chain": {"layers": [layers.Flatten()]},
    "Elementwise": {"kind": "ReLU"},
}


@pytest.mark.parametrize(
    ("kind", "argument"), [(kind, name) for kind, given in ARGUMENTS.items() for name in given]
)
@pytest.mark.parametrize("value", ["three", 2.5, None, {}])
def test_each_argument_is_refused_by_name(kind, argument, value):
    none_is_a_default = {"strides", "data_format", "shared_axes", "axis"}
    if value is None and argument in none_is_a_default - (
        set() if kind == "Normalization" else {"axis"}
    ):
        return
    given = {**ARGUMENTS[kind], argument: value}
    with pytest.raises((TypeError, ValueError), match=rf"^{argument}(\[\d+\])* must be .*; got "):
        getattr(layers, kind)(**given)


@pytest.mark.parametrize("kind", ARGUMENTS)
def test_arguments_are_kept(kind):
    layer = getattr(layers, kind)(**ARGUMENTS[kind])
    assert layer == getattr(layers, kind)(**ARGUMENTS[kind])
    for name, value in ARGUMENTS[kind].items():
        kept = layer.arguments()[name]
        if name == "layers":
            assert list(kept) == value
        elif isinstance(value, int) and isinstance(kept, tuple):
            assert set(_leaves(kept)) == {value}
        else:
            assert kept == value


def _leaves(value):
    return [leaf for one in value for leaf in _leaves(one)] if isinstance(value, tuple) else [value]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: layers.Permute((2, 1)).output_shape((1, 2, 3)),
            "dims must be one axis for each side of the input's (1, 2, 3); got (2, 1) (tuple)",
        ),
        (
            lambda: layers.Permute((0, 1)),
            "dims must be each axis once, counted from 1; got (0, 1) (tuple)",
        ),
        (
            lambda: layers.Permute(3),
            "dims must be a tuple of axes, counted from 1; got 3 (int)",
        ),
        (
            lambda: layers.Dot((1, 2, 3)),
            "axes must be one axis, or a pair of axes; got (1, 2, 3) (tuple)",
        ),
        (
            lambda: layers.Dot(3).cost(((4, 2), (4, 2))),
            "axes[0] must be an axis from 1 to 2, or from -2 to -1, of (4, 2); got 3 (int)",
        ),
        (
            lambda: layers.Dot((1, 3)).cost(((4, 2), (4, 2))),
            "axes[1] must be an axis from 1 to 2, or from -2 to -1, of (4, 2); got 3 (int)",
        ),
        (
            lambda: layers.Dot((1, 2)).cost(((4, 2), (4, 2))),
            "the axes (1, 2) must have equal lengths; got shapes (4, 2) and (4, 2)",
        ),
        (
            lambda: layers.Add().output_shape(((2, 3), (2, 4))),
            "input shapes must be equal, or 1 where they differ; got (2, 3) and (2, 4)",
        ),
        (
            lambda: layers.Concatenate(1).output_shape(((1, 2), (1, 3))),
            "input shapes must be equal except for axis 1; got (1, 2) and (1, 3)",
        ),
        (
            lambda: layers.Subtract().output_shape(((1,), (1,), (1,))),
            "input_shape must be 2 shapes without the batch, for Subtract; got ((1,), (1,), (1,))"
            " (tuple)",
        ),
        (
            lambda: layers.Add().output_shape(()),
            "input_shape must be one or more shapes without the batch, for Add; got () (tuple)",
        ),
        (
            lambda: layers.Reshape((4, 4)).output_shape((5, 3)),
            "target_shape must be a shape with the same number of elements as the input's (5, 3);"
            " got (4, 4) (tuple)",
        ),
        (
            lambda: layers.Reshape((4, -1)).output_shape((5, 3)),
            "target_shape must be a shape with the same number of elements as the input's (5, 3);"
            " got (4, -1) (tuple)",
        ),
        (
            lambda: layers.Reshape((4, -1)).output_shape((5,)),
            "target_shape must be a shape with the same number of elements as the input's (5,);"
            " got (4, -1) (tuple)",
        ),
        (
            lambda: layers.Add().output_shape(((2, 3), (2, "x"))),
            "input_shape[1][1] must be a positive integer (a Python int, a NumPy integer, a NumPy"
            " array of integers, or a SymPy expression); got 'x' (str)",
        ),
        (
            lambda: layers.Add().output_shape(((np.array([2, 3]), 3), (2, 3))),
            "Add takes shapes of integers or symbols, not of arrays",
        ),
        (
            lambda: layers.MaxPooling2D(2, padding=1),
            "padding must be 'valid' or 'same'; got 1 (int)",
        ),
        (
            lambda: layers.MaxPooling2D(2, padding="causal"),
            "padding must be 'valid' or 'same'; got 'causal' (str)",
        ),
        (
            lambda: layers.Reshape((-1, -1)),
            "target_shape must be a tuple of sides, one of which may be -1; got (-1, -1) (tuple)",
        ),
        (
            lambda: layers.Reshape(5),
            "target_shape must be a tuple of sides, one of which may be -1; got 5 (int)",
        ),
        (
            lambda: layers.TimeDistributed(3),
            "layer must be a layer of convcost.layers; got 3 (int)",
        ),
        (
            lambda: layers.RepeatVector(3).output_shape((4, 4)),
            "input_shape must be (channels,) without the batch, for RepeatVector; got (4, 4)"
            " (tuple)",
        ),
        (
            lambda: layers.Normalization(3).weights((4, 4)),
            "axis must be an axis from 1 to 2, or from -2 to -1, of (4, 4); got 3 (int)",
        ),
        (
            lambda: layers.LayerNormalization(3).weights((4, 4)),
            "axis must be an axis from 1 to 2, or from -2 to -1, of (4, 4); got 3 (int)",
        ),
        (
            lambda: layers.LayerNormalization((1, "x")),
            "axis[1] must be an integer, counting the batch as axis 0; got 'x' (str)",
        ),
        (
            lambda: layers.ZeroPadding2D((1, 2, 3)),
            "padding must be a non-negative integer, 2 of them, or 2 pairs (before, after); got"
            " (1, 2, 3) (tuple)",
        ),
        (
            lambda: layers.PReLU(shared_axes=3).weights((4, 4)),
            "shared_axes must be an axis from 1 to 2, or from -2 to -1, of (4, 4); got 3 (int)",
        ),
        (
            lambda: layers.PReLU(shared_axes=(1, "x")),
            "shared_axes[1] must be an integer, counting the batch as axis 0; got 'x' (str)",
        ),
        (
            lambda: layers.GroupNormalization(3).weights((4, 4)),
            "groups must divide the input's channels; got groups=3 and the input's channels=4",
        ),
        (
            lambda: layers.Cropping2D(5).output_shape((8, 20, 1)),
            "cropping must leave at least one element of each axis; got cropping=((5, 5), (5, 5))"
            " for input_shape[0]=8",
        ),
        (
            lambda: layers.TimeDistributed(layers.Dense(3)).cost(()),
            "input_shape must be (steps, ...) without the batch, for TimeDistributed; got ()"
            " (tuple)",
        ),
        (
            lambda: layers.Custom((3,), [(3,)]),
            "each of variables must be a convcost.layers.Weight; got (3,) (tuple)",
        ),
        (
            lambda: layers.Custom((3,), 5),
            "variables must be a sequence of convcost.layers.Weight; got 5 (int)",
        ),
        (
            lambda: layers.Custom((3,), [Weight("w", 2)]),
            "the shape of 'w' must be a tuple of sides; got 2 (int)",
        ),
        (
            lambda: layers.Custom((3,), [Weight("w", (2, 0))]),
            "side 1 of 'w' must be a positive integer (a Python int, a NumPy integer, a NumPy"
            " array of integers, or a SymPy expression); got 0 (int)",
        ),
        (
            lambda: layers.Custom("x"),
            "output must be a shape without the batch, for Custom; got 'x' (str)",
        ),
        (lambda: layers.Chain(3), "layers must be a list of layers; got 3 (int)"),
        (
            lambda: layers.Chain([layers.Flatten(), 3]),
            "layers[1] must be a layer of convcost.layers; got 3 (int)",
        ),
        (
            lambda: layers.MaxPooling1D(3).output_shape((2, 4)),
            "input_shape[0] must be at least as long as pool_size; got input_shape[0]=2,"
            " pool_size=3, strides=3, padding='valid', so the output along input_shape[0] would be"
            " empty",
        ),
    ],
)
def test_messages(call, message):
    with pytest.raises((TypeError, ValueError)) as caught:
        call()
    assert str(caught.value) == message


def test_shapes_in_messages():
    assert arguments.show((None, 28, (3,), "same")) == "(?, 28, (3,), 'same')"


@pytest.mark.parametrize(
    "layer", [layers.Dense(3), layers.Embedding(4, 2), layers.Elementwise("ReLU"), layers.PReLU()]
)
def test_any_axes_are_called_so(layer):
    with pytest.raises(ValueError, match=r"must be \(\.\.\.(, channels)?\) without the batch, for"):
        layer.cost(())


def test_sides_to_reshape_to_are_refused_by_place():
    for sides in ((4, 0), (4, "x"), (4, 2.0)):
        with pytest.raises((TypeError, ValueError), match=r"^target_shape\[1\] must be a positive"):
            layers.Reshape(sides)
    with pytest.raises(TypeError, match=r"^dims\[1\] must be an integer"):
        layers.Permute((1, "x"))
    with pytest.raises(ValueError, match=r"^axis must be an axis from 1 to 2"):
        layers.Concatenate(3).output_shape(((4, 2), (4, 2)))
    with pytest.raises(ValueError, match=r"^groups must be a positive integer"):
        layers.GroupNormalization(0)
