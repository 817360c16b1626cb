"""The public functions on Python integers, against enumeration and against each other."""

import inspect
from fractions import Fraction

import pytest
from brute_force import count
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import ANY_SIZE, BIASES, COSTS, call, sizes

import convcost

SMALL = sizes(st.integers(1, 4), st.integers(1, 5), st.integers(1, 4))
LARGE = sizes(ANY_SIZE, ANY_SIZE, ANY_SIZE)


def counts(cost):
    return cost.params, cost.macs, cost.bias_adds


@pytest.mark.parametrize("kind", COSTS)
@given(drawn=SMALL, bias=BIASES)
def test_counts_equal_enumeration(kind, drawn, bias):
    assert counts(call(kind, drawn, bias=bias)) == count(kind, **drawn, bias=bias)


# The article's model: what Keras prints for it, layer by layer.
@pytest.mark.parametrize(
    ("cost", "params"),
    [
        (convcost.standard(3, 1, 32, 28), 320),
        (convcost.separable(3, 32, 32, 28), 1344),
        (convcost.separable(3, 32, 64, 14), 2400),
        (convcost.separable(3, 64, 64, 14), 4736),
        (convcost.separable(3, 64, 128, 7), 8896),
        (convcost.separable(3, 128, 128, 7), 17664),
        (convcost.pointwise(1152, 128, 1), 147584),
        (convcost.pointwise(128, 10, 1), 1290),
    ],
)
def test_the_articles_summary(cost, params):
    assert cost.params == params


# Table 1 and section 3.1 of Howard et al. (arXiv:1704.04861) give MobileNet's layers; these are the
# published counts of its last separable block: 3x3x1024 depthwise and 1x1x1024x1024 at 7x7.
def test_mobilenets_last_block():
    block = convcost.separable(3, 1024, 1024, 7, bias=False)
    assert (block.params, block.macs) == (9216 + 1_048_576, 451_584 + 51_380_224)


@given(drawn=LARGE, bias=BIASES)
def test_separable_is_depthwise_then_pointwise(drawn, bias):
    steps = call("depthwise", drawn) + call("pointwise", drawn, bias=bias)
    assert call("separable", drawn, bias=bias) == steps


@given(drawn=LARGE, bias=BIASES)
def test_pointwise_is_standard_with_a_kernel_of_one(drawn, bias):
    assert call("pointwise", drawn, bias=bias) == call("standard", {**drawn, "dk": 1}, bias=bias)


@given(drawn=LARGE, bias=BIASES)
def test_ratio_is_the_quotient_at_any_side(drawn, bias):
    quotient = call("separable", drawn, bias=bias) / call("standard", drawn, bias=bias)
    assert call("ratio", drawn, bias=bias) == quotient


@given(drawn=LARGE)
def test_ratio_is_the_published_one(drawn):
    dk, m, n = drawn["dk"], drawn["m"], drawn["n"]
    ratio = convcost.ratio(dk, m, n)
    assert ratio.macs == ratio.flops == Fraction(1, n) + Fraction(1, dk**2)
    assert ratio.params == Fraction(dk**2 * m + m * n + n, (dk**2 * m + 1) * n)


@given(drawn=LARGE)
def test_flops_are_two_per_mac(drawn):
    cost = call("separable", drawn)
    assert cost.flops == 2 * cost.macs


@pytest.mark.parametrize("kind", COSTS)
@given(drawn=LARGE)
def test_a_bias_adds_one_parameter_per_output_channel(kind, drawn):
    with_bias, without = (counts(call(kind, drawn, bias=bias)) for bias in (True, False))
    channels = drawn["m"] if kind == "depthwise" else drawn["n"]
    assert with_bias[0] - without[0] == channels
    assert with_bias[1] == without[1]
    assert (with_bias[2], without[2]) == (channels * drawn["df"] ** 2, 0)


@pytest.mark.parametrize("kind", [*COSTS, "ratio"])
def test_positional_and_by_name_and_default_bias(kind):
    drawn = {"dk": 3, "m": 32, "n": 64, "df": 28}
    function = getattr(convcost, kind)
    names = [name for name in drawn if name in inspect.signature(function).parameters]
    by_name = function(**{name: drawn[name] for name in names})
    assert function(*(drawn[name] for name in names)) == by_name
    assert by_name == call(kind, drawn, bias=kind != "depthwise")


def test_bias_is_by_name_only():
    with pytest.raises(TypeError, match="positional"):
        convcost.standard(3, 32, 64, 28, False)


@settings(max_examples=50)
@given(drawn=LARGE)
def test_counts_are_plain_integers(drawn):
    assert {type(c) for c in counts(call("separable", drawn))} == {int}
