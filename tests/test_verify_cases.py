"""Which configurations are verified, how they are drawn, and what convcost claims about them."""

import random

import pytest

from convcost import layers, verify
from convcost._verify.cases import FUNCTIONS, Case, claims
from convcost._verify.drawing import LAYER_CLASSES, draw_layer

SAME = layers.Conv2D(64, 3, padding="same")


SIZES = {
    "standard": {"dk": 3, "m": 4, "n": 5, "df": 6},
    "depthwise": {"dk": 3, "m": 4, "df": 6},
    "pointwise": {"m": 4, "n": 5, "df": 6},
    "separable": {"dk": 3, "m": 4, "n": 5, "df": 6},
    "ratio": {"dk": 3, "m": 4, "n": 5},
}


@pytest.mark.parametrize("kind", FUNCTIONS)
@pytest.mark.parametrize("bias", [True, False])
def test_a_function_and_its_layer_say_the_same(kind, bias):
    case = Case.of_function(kind, **SIZES[kind], bias=bias)
    assert case.kind == kind
    assert case.sizes() == SIZES[kind]
    shown = ", ".join(f"{name}={value}" for name, value in {**SIZES[kind], "bias": bias}.items())
    assert str(case) == f"{kind}({shown})"
    of_layers = [Case(*subject).claims() for subject in case.subjects()]
    said = case.claims()
    assert said == {name: case.combine(of_layers)[name] for name in said}


@pytest.mark.parametrize(
    ("layer", "shape", "function", "message"),
    [
        (layers.Conv2D(4, 3), (5, 5, 2), "dilated", "function must be one of standard, depthwise"),
        (layers.Conv2D(4, 3), (5, 5, 2), ["ratio"], r"function must be one of .*; got \['ratio'\]"),
        (layers.Dense(4), (5,), "standard", r"one that Case.of_function\('standard', ...\) makes"),
        (layers.Conv2D(4, 3), (5, 5, 2), "separable", "layer must be the one that"),
        (layers.Conv2D(4, 3), (5, 5, 2), "pointwise", "layer must be the one that"),
        (layers.Conv2D(4, 3, padding="same"), (5, 5, 2), "standard", "layer must be the one that"),
        (layers.Conv2D(4, 3), (5, 6, 2), "standard", "layer must be the one that"),
    ],
)
def test_a_function_is_about_the_layer_of_its_sizes(layer, shape, function, message):
    with pytest.raises(ValueError, match=message):
        Case(layer, shape, function)


def test_drawn_cases_repeat_and_cover_what_they_should():
    count = 30 * len(verify.KINDS)
    cases = verify.draw(count, seed=0)
    assert cases == verify.draw(count, seed=0) != verify.draw(count, seed=1)
    for kind in FUNCTIONS:
        mine = [case for case in cases if case.kind == kind]
        assert {case.layer.use_bias for case in mine} == {True, False}
        sizes = [case.sizes() for case in mine]
        assert 1 in {one["m"] for one in sizes}
        if kind != "pointwise":
            assert {1, 2, 3} <= {one["dk"] for one in sizes}


@pytest.mark.parametrize("kind", [kind for kind in LAYER_CLASSES if kind != "Dense"])
def test_drawn_layers_have_all_options(kind):
    source = random.Random(0)
    drawn = [Case(*draw_layer(kind, source)) for _ in range(800)]
    options = [case.layer for case in drawn]
    rank = options[0].rank

    def sides(case):
        shape = case.input_shape
        return shape[1:] if case.layer.data_format == "channels_first" else shape[:-1]

    def some(condition):
        return any(condition(case.layer, sides(case), case.input_shape) for case in drawn)

    words = {o.padding if isinstance(o.padding, str) else "explicit" for o in options}
    assert words == {*options[0].words, "explicit"}
    assert {o.data_format for o in options} == {"channels_first", "channels_last"}
    assert {o.use_bias for o in options} == {True, False}
    assert some(lambda o, s, _: o.padding == "same" and o.kernel_size[0] > s[0])
    assert some(lambda o, *_: o.strides[0] > o.kernel_size[0])
    assert some(lambda o, s, _: o.kernel_size[0] > 1 and o.dilation_rate[0] >= s[0])
    assert some(lambda o, *_: o.strides[0] > 1 and o.dilation_rate[0] > 1)
    assert some(lambda o, s, _: s == (1,) * rank)
    if rank > 1:
        assert some(lambda o, *_: len(set(o.kernel_size)) > 1)
        assert some(lambda o, *_: len(set(o.strides)) > 1)
    if hasattr(options[0], "depth_multiplier"):
        assert some(lambda o, *_: o.depth_multiplier > 1)
    if hasattr(options[0], "groups"):
        assert some(lambda o, _, shape: o.groups > 1 and o.groups in (shape[0], shape[-1]))
        assert some(lambda o, *_: 1 < o.groups < o.filters)
    if hasattr(options[0], "output_padding"):
        assert {None, 0} <= {o.output_padding and o.output_padding[0] for o in options}


def test_layers_are_layers_of_integers():
    import numpy as np

    from convcost.symbols import m, n

    with pytest.raises(TypeError, match=r"layer must be a layer of convcost\.layers"):
        verify.check("Conv2D", (1, 1))
    for layer, shape in (
        (layers.Conv2D(n, 3), (5, 5, 1)),
        (layers.Conv2D(4, 3), (5, 5, m)),
        (layers.Conv2D(4, np.array([1, 3])), (5, 5, 1)),
        (layers.Conv2D(np.array([1, 3]), 1), (5, 5, 1)),
    ):
        with pytest.raises(TypeError, match="a layer with integer arguments, to be built"):
            verify.check(layer, shape)
    with pytest.raises(ValueError, match="without the batch"):
        verify.check(layers.Conv2D(4, 3), (1, 5, 5, 1))


def test_a_layer_has_numbers_of_its_own():
    case = Case(SAME, [28, 28, 32])
    assert (case.kind, case.sizes(), case.input_shape) == ("Conv2D", {}, (28, 28, 32))
    assert str(case) == "Conv2D(64, 3, padding='same') on (28, 28, 32)"


def test_claims_are_what_the_layer_says():
    said = claims(SAME, (28, 28, 32))
    assert said["macs"] == 14_450_688
    assert said["training macs"] == 3 * said["macs"]
    assert "sum of outputs" not in said
    # Ones through both steps: the standard convolution, once for each unit of the multiplier.
    separable = claims(layers.SeparableConv2D(64, 3, depth_multiplier=2), (30, 30, 32))
    assert separable["sum of outputs"] == 2 * 14_450_688
