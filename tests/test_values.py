"""Equal values have equal hashes, however their numbers are written."""

from fractions import Fraction

import numpy as np
import pytest
import sympy
from hypothesis import given
from hypothesis import strategies as st
from strategies import examples

from convcost import Cost, Ratio, layers
from convcost.symbols import m, n

SIZES = st.integers(1, 10**6)
# Makes a value of each kind from a size and a number that may be a fraction.
KINDS = {
    "Cost": lambda size, part: Cost(size, size, size),
    "Cost of a part": lambda size, part: Cost(part, size),
    "Ratio": lambda size, part: Ratio(part, part),
    "quotient": lambda size, part: Cost(size, size * part) / Cost(size, size),
    "Conv1D": lambda size, part: layers.Conv1D(size, size, dilation_rate=size),
    "Conv2D": lambda size, part: layers.Conv2D(size, (3, size), padding=((0, 1), (size, 0))),
    "Conv2DTranspose": lambda size, part: layers.Conv2DTranspose(size, size, strides=size),
    "DepthwiseConv2D": lambda size, part: layers.DepthwiseConv2D(3, depth_multiplier=size),
    "SeparableConv2D": lambda size, part: layers.SeparableConv2D(size, 3, strides=(size, 1)),
    "Dense": lambda size, part: layers.Dense(size),
    "MaxPooling2D": lambda size, part: layers.MaxPooling2D(size),
    "Embedding": lambda size, part: layers.Embedding(size, 3),
    "TimeDistributed": lambda size, part: layers.TimeDistributed(layers.Dense(size)),
    "Chain": lambda size, part: layers.Chain([layers.Dense(size), layers.Elementwise("ReLU")]),
    "Custom": lambda size, part: layers.Custom((size,), [layers.Weight("w", (size, 2))], macs=size),
}


@st.composite
def spellings(draw):
    """Return a positive polynomial or a number, written in several equivalent ways."""
    a, b, c = draw(SIZES), draw(SIZES), draw(SIZES)
    if draw(st.booleans()):
        number = a
        return [number, np.int64(number), sympy.Integer(number), Fraction(2 * number, 2)]
    product = (a * m + b) * (n + c)
    halves = sympy.ceiling((2 * a * m + 2 * b * m * n) / 2) + product
    return [
        (product + a * m + b * m * n, halves),
        (product, sympy.expand(product)),
        (product * m, m * n * (a * m + b) + c * m * (a * m + b)),
    ][draw(st.integers(0, 2))]


@pytest.mark.parametrize("kind", KINDS)
@examples(40)
@given(sizes=spellings(), part=SIZES)
def test_equal_values_have_equal_hashes(kind, sizes, part):
    make = KINDS[kind]
    parts = [Fraction(part, 7), sympy.Rational(part, 7)]
    values = [make(size, one) for size in sizes for one in parts]
    assert all(value == values[0] for value in values)
    assert {hash(value) for value in values} == {hash(values[0])}
    assert len({*values}) == 1


@pytest.mark.parametrize("kind", KINDS)
def test_values_of_other_sizes_are_not_equal(kind):
    make = KINDS[kind]
    first, second = make(m + 1, Fraction(1, 2)), make(m + 2, Fraction(1, 3))
    assert first != second
    assert hash(first) != hash(second)


def test_layers_of_other_classes_have_other_hashes():
    assert hash(layers.MaxPooling1D(2)) != hash(layers.AveragePooling1D(2))


def test_ratios_that_come_out_as_numbers_are_fractions():
    same = Cost(m, m) / Cost(m, 2 * m)
    assert (type(same.params), same.params, same.macs) == (Fraction, 1, Fraction(1, 2))
    assert repr(same) == str(same) == "parameters 1 = 1, MACs 1/2 = 0.5 (2.00 times fewer)"
    objects = np.array([m, 2 * m], dtype=object)
    (first, second) = (Cost(objects, 1) / Cost(3 * objects, 1)).params
    assert (type(first), first, second) == (Fraction, Fraction(1, 3), Fraction(1, 3))
