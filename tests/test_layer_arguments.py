"""Errors of layers: the argument's name, its value, and what would be right."""

import re
from fractions import Fraction

import numpy as np
import pytest
import sympy
from strategies import LAYERS, name_of
from test_bad_input import WRONG_TYPES, WRONG_VALUES

from convcost.layers import (
    Conv1D,
    Conv1DTranspose,
    Conv2D,
    Conv2DTranspose,
    Conv3D,
    Dense,
    DepthwiseConv1D,
    DepthwiseConv2D,
    SeparableConv1D,
    SeparableConv2D,
)

GOOD = {
    name: {"units": 4}
    if name == "Dense"
    else {"kernel_size": 3} | ({} if name.startswith("Depthwise") else {"filters": 4})
    for name in LAYERS
}
SHAPES = {name: (9,) if name == "Dense" else (9,) * (cls.rank + 1) for name, cls in LAYERS.items()}
SIZES = (
    "filters",
    "units",
    "kernel_size",
    "strides",
    "dilation_rate",
    "groups",
    "depth_multiplier",
)
ARGUMENTS = [
    (kind, name) for kind, cls in LAYERS.items() for name in SIZES if name in cls.argument_names()
]
# For these arguments, a list or a tuple holds one integer per axis.
PER_AXIS = ("kernel_size", "strides", "dilation_rate")


def make(kind, **changes):
    return LAYERS[kind](**{**GOOD[kind], **changes})


@pytest.mark.parametrize("value", WRONG_TYPES, ids=name_of)
def test_wrong_types(value):
    for kind, name in ARGUMENTS:
        if name in PER_AXIS and isinstance(value, (list, tuple)):
            continue
        with pytest.raises(
            TypeError, match=rf"^{name}(\[[^\]]*\])? must be .*(; got|got an array)"
        ):
            make(kind, **{name: value})


@pytest.mark.parametrize("value", WRONG_VALUES, ids=name_of)
def test_wrong_values(value):
    for kind, name in ARGUMENTS:
        with pytest.raises(ValueError, match=rf"^{name}(\[[^\]]*\])? must be a positive integer"):
            make(kind, **{name: value})


@pytest.mark.parametrize(
    "value",
    [Fraction(65, 2), sympy.Rational(3, 2), np.array([3, Fraction(1, 2)], dtype=object)],
    ids=name_of,
)
def test_fractions(value):
    for kind, name in ARGUMENTS:
        with pytest.raises(TypeError, match=rf"^{name}(\[1\])? must be a positive integer .*; got"):
            make(kind, **{name: value})


@pytest.mark.parametrize("value", [*WRONG_TYPES, Fraction(1, 2)], ids=name_of)
@pytest.mark.parametrize("kind", LAYERS)
def test_wrong_sides(kind, value):
    for axis in range(len(SHAPES[kind])):
        shape = [*SHAPES[kind]]
        shape[axis] = value
        if value is None:
            with pytest.raises(
                TypeError, match=r"input_shape must be .*with a symbol .* each unknown side"
            ):
                make(kind).cost(shape)
        else:
            with pytest.raises(TypeError, match=rf"^input_shape\[{axis}\](\[\d\])? must be"):
                make(kind).cost(tuple(shape))


@pytest.mark.parametrize("value", WRONG_VALUES, ids=name_of)
def test_wrong_values_of_sides(value):
    with pytest.raises(ValueError, match=r"^input_shape\[2\](\[.*\])? must be a positive integer"):
        Conv2D(4, 3).output_shape((9, 9, value))


@pytest.mark.parametrize("method", ["cost", "output_shape", "weights", "training", "explain"])
@pytest.mark.parametrize(
    ("layer", "shape", "error", "message"),
    [
        (Conv2D(4, 3), (1, 28, 28, 3), ValueError, "(height, width, channels) without the batch"),
        (Conv2D(4, 3), (28, 28), ValueError, "got (28, 28) (tuple)"),
        (Conv2D(4, 3), (), ValueError, "for Conv2D; got () (tuple)"),
        (Dense(4), (), ValueError, "(..., channels) without the batch, for Dense; got ()"),
        (Conv2D(4, 3), 28, TypeError, "for Conv2D; got 28 (int)"),
        (Conv2D(4, 3), "28", TypeError, "for Conv2D; got '28' (str)"),
        (Conv2D(4, 3), None, TypeError, "got None (NoneType)"),
        (
            Conv3D(4, 3, data_format="channels_first"),
            (9, 9, 9),
            ValueError,
            "(channels, depth, height, width) without the batch",
        ),
        (Conv1D(4, 3), (None, 3), TypeError, "with a symbol"),
        (Conv2D(4, 3), (2, 9, 1), ValueError, "got input_shape[0]=2, kernel_size=3, strides=1,"),
        (
            Conv2D(4, (1, 5), dilation_rate=2, data_format="channels_first"),
            (1, 9, 8),
            ValueError,
            "input_shape[2] must be at least as long as (kernel_size - 1)*dilation_rate + 1; got"
            " input_shape[2]=8,"
            " kernel_size=5, strides=1, dilation_rate=2, padding='valid', so the output along"
            " input_shape[2] would be empty",
        ),
        (Conv1D(4, 9, padding=((2, 1),)), (5, 1), ValueError, "padding=(2, 1)"),
        (
            Conv1D(4, 9, padding=1),
            (5, 1),
            ValueError,
            "input_shape[0] with its padding must be at least as long as kernel_size; got",
        ),
        (
            Conv2D(4, 3, groups=2),
            (9, 9, 3),
            ValueError,
            "groups must divide the input's channels; got groups=2 and the input's channels=3",
        ),
        (
            Conv2DTranspose(4, 3, groups=2),
            (9, 9, 3),
            ValueError,
            "groups must divide the input's channels",
        ),
        (
            Conv1DTranspose(4, 3, padding=3),
            (3, 1),
            ValueError,
            "padding must leave an output; got input_shape[0]=3, kernel_size=3",
        ),
        # What Keras computes as an output of 0, and then can't run.
        (
            Conv1DTranspose(4, 2, strides=2, padding="same", output_padding=0),
            (1, 1),
            ValueError,
            "padding must leave an output",
        ),
        (
            Conv2DTranspose(4, 3, strides=(1, 2), output_padding=(0, 2)),
            (9, 9, 1),
            ValueError,
            "output_padding must be less than strides or dilation_rate; got output_padding[1]=2,"
            " strides[1]=2, dilation_rate[1]=1",
        ),
    ],
    ids=str,
)
def test_impossible_inputs(method, layer, shape, error, message):
    with pytest.raises(error, match=re.escape(message)):
        getattr(layer, method)(shape)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        (
            {"padding": "full"},
            ValueError,
            "'valid' or 'same', a non-negative integer, or 2 pairs",
        ),
        ({"padding": "causal"}, ValueError, "padding must be 'valid' or 'same'"),
        ({"padding": None}, TypeError, "got None (NoneType)"),
        ({"padding": 1.0}, TypeError, "padding must be a non-negative integer"),
        ({"padding": True}, TypeError, "padding must be a non-negative integer"),
        ({"padding": -1}, ValueError, "padding must be a non-negative integer"),
        ({"padding": (1, 1)}, ValueError, "got (1, 1) (tuple)"),
        ({"padding": ((1, 1),)}, ValueError, "or 2 pairs (before, after)"),
        ({"padding": ((1, 1), (1,))}, ValueError, "or 2 pairs (before, after)"),
        (
            {"padding": ((1, 1), (0, -1))},
            ValueError,
            "padding[1][1] must be a non-negative integer",
        ),
        (
            {"padding": ((1, 1), (0, "1"))},
            TypeError,
            "padding[1][1] must be a non-negative integer",
        ),
        (
            {"kernel_size": (3, 3, 3)},
            ValueError,
            "kernel_size must be one integer, or a tuple of 2",
        ),
        ({"kernel_size": (3, 0)}, ValueError, "kernel_size[1] must be a positive integer"),
        ({"kernel_size": ()}, ValueError, "kernel_size must be one integer"),
        ({"strides": (1, 2.0)}, TypeError, "strides[1] must be a positive integer"),
        ({"dilation_rate": [2]}, ValueError, "dilation_rate must be one integer, or a tuple of 2"),
        ({"data_format": "NHWC"}, ValueError, "'channels_last' or 'channels_first'; got 'NHWC'"),
        ({"data_format": ["channels_last"]}, ValueError, "'channels_last' or 'channels_first'"),
        ({"use_bias": "yes"}, TypeError, "use_bias must be True or False; got 'yes'"),
        ({"use_bias": 1}, TypeError, "use_bias must be True or False; got 1"),
        ({"groups": 3}, ValueError, "groups must divide filters; got groups=3 and filters=64"),
        (
            {"activaton": "relu"},
            TypeError,
            "Conv2D has no argument 'activaton'; did you mean 'activ",
        ),
    ],
    ids=str,
)
def test_impossible_layers(arguments, error, message):
    (name,) = arguments
    with pytest.raises(error, match=re.escape(message)) as refused:
        Conv2D(**{"filters": 64, "kernel_size": 3, **arguments})
    if name != "activaton":
        assert str(refused.value).startswith(name)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            lambda: Conv2D(4, 3, padding=None),
            "padding must be 'valid' or 'same', a non-negative integer, or 2 pairs"
            " (before, after); got None (NoneType)",
        ),
        (
            lambda: Conv2D(4, 3, padding="full"),
            "padding must be 'valid' or 'same', a non-negative integer, or 2 pairs"
            " (before, after); got 'full' (str)",
        ),
        (
            lambda: Conv2D(4, (3, 3, 3)),
            "kernel_size must be one integer, or a tuple of 2; got (3, 3, 3) (tuple)",
        ),
        (
            lambda: Conv2D(4, 3, data_format="NHWC"),
            "data_format must be 'channels_last' or 'channels_first'; got 'NHWC' (str)",
        ),
        (
            lambda: Conv2D(4, 3).cost((9, 9)),
            "input_shape must be (height, width, channels) without the batch, for Conv2D;"
            " got (9, 9) (tuple)",
        ),
        (
            lambda: Conv2D(4, 3).cost(9),
            "input_shape must be (height, width, channels) without the batch, for Conv2D; got"
            " 9 (int)",
        ),
        (
            lambda: Conv2D(4, 3).cost((None, 9, 3)),
            "input_shape must be (height, width, channels) without the batch, for Conv2D, with a"
            " symbol (convcost.symbols.symbol) for each unknown side; got"
            " (None, 9, 3) (tuple)",
        ),
        (
            lambda: Conv2D(4, 3).cost((9, 9, 3), first=True),
            "first=True only applies to a training step; pass training=True, too",
        ),
    ],
)
def test_messages_to_the_letter(make, message):
    with pytest.raises((TypeError, ValueError)) as refused:
        make()
    assert str(refused.value) == message


@pytest.mark.parametrize(
    ("layer", "arguments", "message"),
    [
        (Conv1D, {"padding": "full"}, "'valid', 'same' or 'causal'"),
        (DepthwiseConv1D, {"padding": "causal"}, "'valid' or 'same'"),
        (SeparableConv1D, {"padding": "causal"}, "'valid' or 'same'"),
        (Conv1DTranspose, {"padding": "causal"}, "'valid' or 'same'"),
        (Conv2DTranspose, {"output_padding": (1, 1, 1)}, "output_padding must be one integer"),
        (Conv2DTranspose, {"output_padding": -1}, "output_padding must be a non-negative integer"),
        (Conv2DTranspose, {"groups": 3}, "groups must divide filters"),
        (SeparableConv2D, {"depth_multiplier": 0}, "depth_multiplier must be a positive"),
        (DepthwiseConv2D, {"depth_multiplier": -1}, "depth_multiplier must be a positive"),
    ],
    ids=str,
)
def test_impossible_layers_of_other_kinds(layer, arguments, message):
    filters = {} if layer.__name__.startswith("Depthwise") else {"filters": 4}
    with pytest.raises(ValueError, match=re.escape(message)):
        layer(kernel_size=3, **filters, **arguments)


@pytest.mark.parametrize("flag", ["effective", "training", "first"])
def test_flags_are_flags(flag):
    with pytest.raises(TypeError, match=f"^{flag} must be True or False; got 'yes'"):
        Conv2D(4, 3).cost((9, 9, 1), **{flag: "yes"})
    if flag != "training":
        with pytest.raises(TypeError, match=f"{flag} must be True or False; got 1"):
            Conv2D(4, 3).training((9, 9, 1), **{flag: 1})


@pytest.mark.parametrize(("name", "value"), [("batch", 0), ("element_size", -4)])
def test_wrong_units(name, value):
    with pytest.raises(ValueError, match=f"{name} must be a positive integer"):
        Conv2D(4, 3).intensity((9, 9, 1), **{name: value})


@pytest.mark.parametrize("name", ["batch", "element_size"])
def test_wrong_types_of_units(name):
    with pytest.raises(TypeError, match=f"^{name} must be a positive integer"):
        Conv2D(4, 3).intensity((9, 9, 1), **{name: 2.5})


def test_a_batch_is_an_integer():
    with pytest.raises(TypeError, match=r"^batch must be a positive integer .*; got 2\.5"):
        Conv2D(4, 3).traffic((9, 9, 1), batch=2.5)


def test_what_is_right_is_taken():
    assert Conv2D(np.int8(4), np.array(3), padding="Same", data_format=None) == Conv2D(
        4, [3, 3], padding="same"
    )
    assert Conv1D(4, 3, padding="CAUSAL").output_shape([9, np.uint8(1)]) == (9, 4)
    assert Conv2D(4, 3, use_bias=np.True_).use_bias is True
    assert Conv2D(sympy.Integer(4), 3) == Conv2D(4, 3)
    assert Conv2D(4, Fraction(3)) == Conv2D(4, 3)
