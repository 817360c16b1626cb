"""Layers: every count against enumeration, and layers as values."""

import copy
import pickle
from dataclasses import FrozenInstanceError, replace
from fractions import Fraction
from math import prod

import pytest
from brute_force_layers import count_layer
from hypothesis import given
from hypothesis import strategies as st
from strategies import LAYERS, examples, layers_with_shapes

import convcost
from convcost import layers
from convcost._layers import geometry
from convcost.layers import (
    Conv1D,
    Conv2D,
    Conv2DTranspose,
    Conv3D,
    Dense,
    DepthwiseConv2D,
    SeparableConv1D,
    SeparableConv2D,
)


@pytest.mark.parametrize("kind", LAYERS)
def test_layers_equal_brute_force(kind):
    seen = 0

    # 11 kinds times 1,820 are 20,020 configurations in CI.
    @examples(1820)
    @given(drawn=layers_with_shapes((kind,)))
    def check(drawn):
        nonlocal seen
        seen += 1
        layer, shape = drawn
        nominal, effective = layer.cost(shape), layer.cost(shape, effective=True)
        assert (nominal.params, nominal.bias_adds) == (effective.params, effective.bias_adds)
        assert count_layer(layer, shape) == (
            layer.output_shape(shape),
            nominal.params,
            nominal.macs,
            effective.macs,
            nominal.bias_adds,
        )

    check()
    assert seen >= 10


SIDES = st.integers(1, 12)


@examples(2000)
@given(
    image=SIDES,
    positions=SIDES,
    kernel=SIDES,
    stride=st.integers(1, 13),
    dilation=st.integers(1, 13),
    before=st.integers(0, 30),
)
def test_taps_inside_equal_enumeration(image, positions, kernel, stride, dilation, before):
    inside = sum(
        0 <= position * stride - before + tap * dilation < image
        for position in range(positions)
        for tap in range(kernel)
    )
    assert inside == geometry.taps_inside(image, positions, kernel, stride, dilation, before)


def test_long_axes_and_long_kernels_take_no_longer():
    side = 10**40
    assert geometry.taps_inside(side, side, 3, 1, 1, 1) == 3 * side - 2
    # A very long kernel, of which only a few taps lie inside.
    assert Conv1D(1, 10**12 + 1, padding="same").cost((3, 1), effective=True).macs == 9
    assert Conv1D(1, 10**12, dilation_rate=10**9, padding="same").cost((3, 1), effective=True)


# --- figures from elsewhere -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("layer", "shape", "nominal", "effective"),
    [
        (Conv2D(64, 3, padding="same"), (28, 28, 32), 14_450_688, 13_770_752),
        (Conv2D(128, 3, padding="same", groups=4), (14, 14, 64), 3_612_672, None),
        (Conv2DTranspose(64, 2, strides=2), (14, 14, 32), 1_605_632, 1_605_632),
        (
            Conv2D(64, 3, padding="same", strides=2, dilation_rate=2),
            (28, 28, 32),
            3_612_672,
            3_276_800,
        ),
    ],
    ids=str,
)
def test_known_figures(layer, shape, nominal, effective):
    assert layer.cost(shape).macs == nominal
    assert layer.cost(shape, effective=True).macs == (effective or _enumerated(layer, shape))


def _enumerated(layer, shape):
    return count_layer(layer, shape)[3]


def test_resnet50_from_its_layers():
    # The first convolution of ResNet-50 at 224x224, with a padding of 3, as in Keras.
    stem = Conv2D(64, 7, strides=2, padding=3)
    assert stem.output_shape((224, 224, 3)) == (112, 112, 64)
    assert stem.cost((224, 224, 3)).macs == 7 * 7 * 3 * 64 * 112 * 112


# --- the four functions are these layers ----------------------------------------------------------


@given(
    dk=st.integers(1, 9),
    m=st.integers(1, 64),
    n=st.integers(1, 64),
    df=st.integers(1, 32),
    bias=st.booleans(),
)
def test_the_functions_are_layers_with_square_kernels(dk, m, n, df, bias):
    shape = (df, df, m)
    options = {"padding": "same", "use_bias": bias}
    assert Conv2D(n, dk, **options).cost(shape) == convcost.standard(dk, m, n, df, bias=bias)
    assert Conv2D(n, 1, use_bias=bias).cost(shape) == convcost.pointwise(m, n, df, bias=bias)
    assert DepthwiseConv2D(dk, **options).cost(shape) == convcost.depthwise(dk, m, df, bias=bias)
    separable = SeparableConv2D(n, dk, **options).cost(shape)
    assert separable == convcost.separable(dk, m, n, df, bias=bias)
    assert separable.explain().as_dict() == convcost.separable(
        dk, m, n, df, bias=bias
    ).explain().as_dict() | {"macs": separable.explain().macs}
    assert Dense(n, use_bias=bias).cost((m,)) == convcost.pointwise(m, n, 1, bias=bias)


# --- relations ------------------------------------------------------------------------------------


@given(drawn=layers_with_shapes())
def test_weights_make_up_the_parameters(drawn):
    layer, shape = drawn
    weights = layer.weights(shape)
    assert sum(prod(weight.shape) for weight in weights) == layer.cost(shape).params
    assert all(weight.trainable for weight in weights)
    assert ("bias" in {weight.name for weight in weights}) is layer.use_bias


@pytest.mark.parametrize(
    ("layer", "shape", "weights"),
    [
        (
            Conv2D(64, (3, 5), groups=4),
            (28, 28, 32),
            [("kernel", (3, 5, 8, 64)), ("bias", (64,))],
        ),
        (Conv1D(4, 3, use_bias=False), (9, 2), [("kernel", (3, 2, 4))]),
        (
            DepthwiseConv2D((3, 5), depth_multiplier=2),
            (9, 9, 7),
            [("kernel", (3, 5, 7, 2)), ("bias", (14,))],
        ),
        (DepthwiseConv2D(3, use_bias=False), (9, 9, 7), [("kernel", (3, 3, 7, 1))]),
        (
            SeparableConv1D(4, 3, depth_multiplier=2),
            (9, 7),
            [("depthwise_kernel", (3, 7, 2)), ("pointwise_kernel", (1, 14, 4)), ("bias", (4,))],
        ),
        (
            SeparableConv2D(4, (3, 5), use_bias=False, data_format="channels_first"),
            (7, 9, 8),
            [("depthwise_kernel", (3, 5, 7, 1)), ("pointwise_kernel", (1, 1, 7, 4))],
        ),
        (
            Conv2DTranspose(6, (3, 5), groups=2),
            (9, 9, 4),
            [("kernel", (3, 5, 3, 4)), ("bias", (6,))],
        ),
        (Dense(4), (5, 3), [("kernel", (3, 4)), ("bias", (4,))]),
        (Dense(4, use_bias=False), (3,), [("kernel", (3, 4))]),
    ],
    ids=str,
)
def test_weights_are_named_and_shaped_as_in_keras(layer, shape, weights):
    assert [(weight.name, weight.shape) for weight in layer.weights(shape)] == weights


@given(drawn=layers_with_shapes())
def test_training_is_three_passes(drawn):
    layer, shape = drawn
    for effective in (False, True):
        forward = layer.cost(shape, effective=effective)
        training = layer.training(shape, effective=effective)
        assert training.forward == forward
        assert training.weight_gradient.macs == training.input_gradient.macs == forward.macs
        assert training.weight_gradient.bias_adds == forward.bias_adds
        assert training.input_gradient.bias_adds == 0
        assert training.total.params == forward.params
        assert training.total == layer.cost(shape, effective=effective, training=True)


def test_a_first_layer_has_no_gradient_by_its_input():
    layer, shape = Conv2D(64, 3), (28, 28, 3)
    first = layer.training(shape, first=True)
    assert first.input_gradient == convcost.Cost(0, 0)
    assert layer.cost(shape, training=True, first=True).macs == 2 * layer.cost(shape).macs
    with pytest.raises(ValueError, match="pass training=True, too"):
        layer.cost(shape, first=True)


def test_a_first_separable_layer_has_one_between_its_steps():
    layer, shape = SeparableConv2D(64, 3), (28, 28, 3)
    pointwise = convcost.pointwise(3, 64, 26)
    assert layer.training(shape, first=True).input_gradient.macs == pointwise.macs


@given(drawn=layers_with_shapes())
def test_explanations_evaluate_to_the_counts(drawn):
    layer, shape = drawn
    for options in ({}, {"effective": True}, {"training": True}):
        cost = layer.cost(shape, **options)
        for quantity, line in layer.explain(shape, **options).as_dict().items():
            assert eval(line.split(" = ")[0]) == getattr(cost, quantity)


@pytest.mark.parametrize(
    ("layer", "shape", "params", "macs"),
    [
        (
            Conv2D(128, 3, padding="same", groups=4),
            (14, 14, 64),
            "(3*3*(64/4)+1)*128 = 18560",
            "3*3*(64/4)*128*14*14 = 3612672",
        ),
        (
            SeparableConv1D(8, 3, depth_multiplier=2),
            (10, 4),
            "3*4*2 + (1*4*2+1)*8 = 96",
            "3*4*2*8 + 1*4*2*8*8 = 704",
        ),
        (
            Conv3D(8, (3, 2, 1), use_bias=False),
            (5, 5, 5, 4),
            "3*2*1*4*8 = 192",
            "3*2*1*4*8*3*4*5 = 11520",
        ),
        (Conv2DTranspose(64, 2, strides=2), (14, 14, 32), "(2*2*32+1)*64 = 8256", None),
        (Dense(4), (5, 3), "(3+1)*4 = 16", "3*4*5 = 60"),
    ],
    ids=str,
)
def test_explanations_read_as_the_literature_writes(layer, shape, params, macs):
    explanation = layer.explain(shape)
    assert explanation.params == params
    assert macs is None or explanation.macs == macs


def test_an_effective_explanation_shows_the_pairs():
    line = Conv2D(64, 3, padding="same").explain((28, 28, 32), effective=True).macs
    assert line == "82*82*32*64 = 13770752"


def test_a_transposed_explanation_shows_the_groups():
    explanation = Conv2DTranspose(64, 2, strides=2, groups=4).explain((14, 14, 32))
    assert explanation.macs == "2*2*(32/4)*64*14*14 = 401408"


def test_explanations_of_a_first_layer_have_two_passes():
    line = Conv1D(4, 3).explain((9, 2), training=True, first=True).macs
    assert line == "3*2*4*7 + 3*2*4*7 = 336"


def test_nominal_is_the_default_everywhere():
    layer, shape = Conv2D(64, 3, padding="same"), (28, 28, 32)
    assert layer.training(shape).forward == layer.cost(shape) != layer.cost(shape, effective=True)
    assert layer.intensity(shape) == layer.intensity(
        shape, effective=False, element_size=4, batch=1
    )
    assert layer.intensity(shape) != layer.intensity(shape, effective=True)


def test_latex_of_groups():
    latex = Conv2D(128, 3, groups=4).cost((14, 14, 64)).latex()
    assert r"(3 \cdot 3 \cdot (64/4) + 1) \cdot 128 = 18560" in latex


# --- memory ---------------------------------------------------------------------------------------


@given(drawn=layers_with_shapes(), batch=st.integers(1, 9))
def test_traffic(drawn, batch):
    layer, shape = drawn
    traffic = layer.traffic(shape, batch=batch)
    assert traffic.input == batch * prod(shape)
    assert traffic.output == batch * prod(layer.output_shape(shape))
    assert traffic.weights == layer.cost(shape).params
    if isinstance(layer, (SeparableConv1D, SeparableConv2D)):
        places = prod(layer.output_shape(shape)) // layer.filters
        channels = layer.weights(shape)[1].shape[-2]
        assert traffic.intermediate == 2 * batch * places * channels
    else:
        assert traffic.intermediate == 0
    assert traffic.elements == (
        traffic.input + traffic.weights + traffic.intermediate + traffic.output
    )
    for effective in (False, True):
        flops = layer.cost(shape, effective=effective).flops
        assert layer.intensity(shape, element_size=2, batch=batch, effective=effective) == Fraction(
            flops * batch, 2 * traffic.elements
        )


def test_intensity_by_hand():
    # 2 * 9*8*16*100 FLOPs; 12*12*8 + 9*8*16 + 10*10*16 elements of 4 bytes.
    layer = Conv2D(16, 3, use_bias=False)
    assert layer.intensity((12, 12, 8)) == Fraction(230_400, 4 * (1152 + 1152 + 1600))


# --- layers are values ----------------------------------------------------------------------------


@given(drawn=layers_with_shapes())
def test_layers_can_be_written_copied_and_compared(drawn):
    layer, shape = drawn
    again = eval(repr(layer), vars(layers))
    assert again == layer
    assert hash(again) == hash(layer)
    assert pickle.loads(pickle.dumps(layer)) == layer == copy.deepcopy(layer)
    assert type(layer)(**layer.arguments()) == layer
    assert layer != type(layer).__name__
    assert replace(layer, use_bias=not layer.use_bias) != layer
    cost = layer.cost(shape)
    assert pickle.loads(pickle.dumps(cost)).explain().as_dict() == cost.explain().as_dict()


@pytest.mark.parametrize(
    ("layer", "text"),
    [
        (Conv2D(64, 3), "Conv2D(64, 3)"),
        (Conv2D(64, (3, 3), strides=[2, 2]), "Conv2D(64, 3, strides=2)"),
        (Conv2D(64, (3, 5), padding="SAME"), "Conv2D(64, (3, 5), padding='same')"),
        (Conv1D(8, 3, padding=((0, 1),)), "Conv1D(8, 3, padding=((0, 1),))"),
        (Conv2D(8, 3, padding=((1, 1), (1, 1))), "Conv2D(8, 3, padding=1)"),
        (Conv2D(8, 3, padding=((1, 1), (0, 1))), "Conv2D(8, 3, padding=((1, 1), (0, 1)))"),
        (Conv2DTranspose(8, 3, output_padding=0), "Conv2DTranspose(8, 3, output_padding=0)"),
        (DepthwiseConv2D(3, use_bias=False), "DepthwiseConv2D(3, use_bias=False)"),
        (Dense(10), "Dense(10)"),
    ],
)
def test_repr_shows_what_is_not_the_default(layer, text):
    assert repr(layer) == text


def test_equal_arguments_make_equal_layers():
    assert Conv2D(64, 3) == Conv2D(64, (3, 3), data_format=None) != Conv2D(64, (3, 4))
    assert Conv2D(64, 3) != Conv2D(64, 3, padding=0) != Conv2D(64, 3, padding=1)
    assert len({Conv2D(64, 3), Conv2D(64, [3, 3]), Conv1D(64, 3)}) == 2
    assert Conv2DTranspose(1, 1) != Conv2DTranspose(1, 1, output_padding=0)


def test_nobody_can_change_a_layer():
    layer = Conv2D(64, 3)
    with pytest.raises(FrozenInstanceError):
        layer.filters = 32
    with pytest.raises(FrozenInstanceError):
        del layer.filters


def test_arguments_are_those_of_keras():
    keras = pytest.importorskip("keras")
    import inspect

    for kind, cls in LAYERS.items():
        theirs = inspect.signature(getattr(keras.layers, kind)).parameters
        ours = dict(inspect.signature(cls.__init__).parameters)
        del ours["self"]
        extra = set(ours) - set(theirs)
        assert extra <= ({"groups"} if kind.endswith("Transpose") else set()), kind
        for name in set(ours) & set(theirs):
            default = theirs[name].default
            if name == "data_format":
                default = "channels_last"
            if isinstance(default, tuple):
                (default,) = set(default)
            assert ours[name].default == default, (kind, name)
        # Positional arguments are in Keras's order.
        positional = [
            name for name, p in ours.items() if p.kind is inspect.Parameter.POSITIONAL_OR_KEYWORD
        ]
        assert positional == list(theirs)[: len(positional)]
