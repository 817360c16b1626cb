"""Sizes in place of symbols, in a whole cost at once: as if they had been given at first."""

from fractions import Fraction

import numpy as np
import pytest
import sympy
from hypothesis import given
from hypothesis import strategies as st

import convcost
from convcost import layers
from convcost.symbols import df, dk, m, n, symbol

h, w = symbol("h"), symbol("w")
SIZES = st.integers(1, 40)


@given(st.tuples(SIZES, SIZES, SIZES, SIZES))
def test_a_cost_is_that_of_the_sizes(sizes):
    given = dict(zip((dk, m, n, df), sizes, strict=True))
    for function in (convcost.separable, convcost.standard):
        cost = function(dk, m, n, df).subs(given)
        assert cost == function(*sizes)
        assert {type(count) for count in (cost.params, cost.macs, cost.bias_adds)} == {int}
        assert cost.explain().as_dict() == function(*sizes).explain().as_dict()
        assert cost.flops == 2 * cost.macs
    ratio = function(dk, m, n, df).subs(given) / function(dk, m, n, df).subs(given)
    assert type(ratio.macs) is Fraction


LAYERS = {
    "same": layers.Conv2D(n, 3, strides=2, padding="same"),
    "valid": layers.Conv2D(n, 3, strides=2),
    "transposed": layers.Conv2DTranspose(n, 3, strides=2),
    "separable": layers.SeparableConv2D(n, 3, dilation_rate=2),
    "depthwise": layers.DepthwiseConv2D(3, depth_multiplier=n),
}


@pytest.mark.parametrize("name", LAYERS)
@given(SIZES, SIZES, SIZES)
def test_a_layer_is_that_of_the_sizes(name, filters, height, width):
    layer = LAYERS[name]
    fields = "depth_multiplier" if name == "depthwise" else "filters"
    plain = type(layer)(
        **{
            field: getattr(layer, field)
            for field in ("kernel_size", "strides", "padding", "dilation_rate")
            if hasattr(layer, field)
        },
        **{fields: filters},
    )
    symbolic = layer.cost((h, w, 4))
    try:
        expected = plain.cost((height, width, 4))
    except ValueError:  # the kernel is larger than the input
        with pytest.raises(ValueError, match=r"no layer has such sizes: .* would be"):
            symbolic.subs({n: filters, h: height, w: width})
    else:
        found = symbolic.subs({n: filters, h: height, w: width})
        assert found == expected
        assert type(found.macs) is int


def test_whatever_sympy_takes():
    cost = convcost.separable(dk, m, n, df)
    expected = convcost.separable(dk, 32, n, df)
    for sizes in (({m: 32},), (m, 32), ([(m, 32)],), ((("m", 32),),), ({"m": np.int64(32)},)):
        assert cost.subs(*sizes) == expected
    assert cost.subs({sympy.Symbol("m"): 32}) == expected
    assert cost.subs({m: n, n: m}) == convcost.separable(dk, n, m, df)
    assert cost.subs(m, 2 * n) == convcost.separable(dk, 2 * n, n, df)
    assert cost.subs({}) == cost
    assert (cost + cost).subs("m", 32) == expected + expected
    assert cost.reused().subs(m, 32) == expected.reused()
    bare = convcost.Cost(9 * m, 3 * n, 0)
    assert (bare + cost).subs({m: 32}).params == 288 + expected.params
    assert bare.subs({m: 2, n: 3}) == convcost.Cost(18, 9, 0)
    total = convcost.from_keras(
        {"name": "c", "layers": [{"class_name": "Dense", "config": {"name": "d", "units": 3}}]},
        (h, 8),
    ).total()
    assert total.subs(h, 5) == convcost.Cost(27, 120, 15)


@pytest.mark.parametrize(
    ("given", "error", "message"),
    [
        (({"mm": 3},), ValueError, "it has no symbol 'mm'; did you mean 'm'"),
        (({"k": 3},), ValueError, "it has no symbol 'k'; its symbols are df, m, n"),
        ((3,), TypeError, "subs must be a dict such as {m: 32}, a list of pairs, or a symbol"),
        ((), TypeError, "subs must be a dict"),
        ((m, 3, 4), TypeError, "subs must be a dict"),
        (([m, 3],), TypeError, "subs must be a dict"),
        (({m * n: 3},), TypeError, r"subs must be a symbol, or its name; got m\*n"),
        ((m, 2.0), TypeError, "m must be a positive integer .* got 2.0"),
        ((m, 0), ValueError, "m must be a positive integer .* got 0"),
        ((m, "3"), TypeError, "m must be a positive integer .* got '3'"),
        ((m, np.arange(1, 3)), TypeError, "m must be an integer or an expression: arrays go into"),
    ],
)
def test_what_is_refused(given, error, message):
    with pytest.raises(error, match=message):
        convcost.standard(3, m, n, df).subs(*given)


def test_symbols_of_one_name_are_told_apart():
    positive, any_sign = symbol("h"), sympy.Symbol("h")
    cost = convcost.standard(any_sign, positive, 4, 5)
    assert cost.subs({any_sign: 3, positive: 5}) == convcost.standard(3, 5, 4, 5)
    with pytest.raises(ValueError, match="it has 2 symbols with the name 'h': give the symbols"):
        cost.subs("h", 3)
    for twice in ({"m": 3, m: 5}, [(m, 3), (m, 3)]):
        with pytest.raises(ValueError, match="m is given twice"):
            convcost.pointwise(m, 4, 5).subs(twice)


def test_a_ratio_knows_no_sizes():
    """Whose two negative sides would make a positive number."""
    assert not hasattr(convcost.ratio(dk, m, n), "subs")


def test_sizes_that_no_layer_has():
    cost = layers.Conv2D(4, 3).cost((h, w, 3))
    # The product of two negative sides would be positive.
    with pytest.raises(ValueError, match="no layer has such sizes: h - 2 would be -1 for h = 1"):
        cost.subs({h: 1, w: 1})
    with pytest.raises(ValueError, match="no layer has such sizes: 3/m would be 3/2 for m = 2"):
        convcost.Cost(3 / m, 0).subs(m, 2)
    with pytest.raises(ValueError, match="it has no symbol 'm'; it has no symbols"):
        convcost.pointwise(1, 2, 3).subs(m, 2)
