"""Arithmetic on counts: every operation over every kind of number, held to Python's own."""

import math
from fractions import Fraction

import dask.array as da
import jax.numpy as jnp
import numpy as np
import pytest
import sympy
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st
from strategies import examples

import convcost
from convcost._exact import arithmetic
from convcost.symbols import m, n

INTEGERS = st.integers(1, 1000)
OPERATIONS = {
    "add": lambda a, b: arithmetic.add("macs", a, b),
    "multiply": lambda a, b: arithmetic.multiply("macs", a, b),
    "floor_divide": arithmetic.floor_divide,
    "ceil_divide": arithmetic.ceil_divide,
    "maximum": arithmetic.maximum,
    "minimum": arithmetic.minimum,
    "total": lambda a, b: arithmetic.total("macs", [a, b]),
    "divide_evenly": lambda a, b: arithmetic.divide_evenly(a * b, b),
}
EXPECTED = {
    "add": lambda a, b: a + b,
    "multiply": lambda a, b: a * b,
    "floor_divide": lambda a, b: math.floor(Fraction(a) / b),
    "ceil_divide": lambda a, b: math.ceil(Fraction(a) / b),
    "maximum": max,
    "minimum": min,
    "total": lambda a, b: a + b,
    "divide_evenly": lambda a, b: a,
}
# Makes a kind of number of an integer, and the integer of it again.
KINDS = {
    "int": (int, int),
    "int64": (lambda a: np.array([a]), lambda count: int(count[0])),
    "object": (lambda a: np.array([a], dtype=object), lambda count: int(count[0])),
    "xarray": (lambda a: xr.DataArray([a], dims="m"), lambda count: int(count.item())),
    "dask": (lambda a: da.from_array(np.array([a])), lambda count: int(count.compute()[0])),
    "jax": (lambda a: jnp.array([a]), lambda count: int(count[0])),
}


@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize("kind", KINDS)
@examples(20)
@given(a=INTEGERS, b=INTEGERS)
def test_operations_are_those_of_integers(kind, operation, a, b):
    make, value = KINDS[kind]
    expected = EXPECTED[operation](a, b)
    for left, right in ((make(a), make(b)), (make(a), b), (a, make(b))):
        result = OPERATIONS[operation](left, right)
        assert (result if isinstance(result, int) else value(result)) == expected


@pytest.mark.parametrize("operation", sorted({*OPERATIONS} - {"divide_evenly"}))
@examples(20)
@given(a=INTEGERS, b=INTEGERS, c=INTEGERS)
def test_operations_on_fractions_are_exact(operation, a, b, c):
    left, right = Fraction(a, 7), Fraction(b, c)
    assert OPERATIONS[operation](left, right) == EXPECTED[operation](left, right)
    assert arithmetic.divide_evenly(a * right, right) == a


@pytest.mark.parametrize("operation", OPERATIONS)
@examples(20)
@given(a=INTEGERS, b=INTEGERS)
def test_operations_on_symbols_are_those_of_what_they_stand_for(operation, a, b):
    for left, right in ((m, n), (m, b), (a, n)):
        at = {m: a, n: b}
        result = sympy.sympify(OPERATIONS[operation](left, right)).subs(at)
        assert result == EXPECTED[operation](a, b)


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_told_of_two_counts(kind):
    make, _ = KINDS[kind]
    assert arithmetic.is_equal(make(6), make(6))
    assert not arithmetic.is_equal(make(6), make(7))
    assert arithmetic.divides(make(3), make(6))
    assert arithmetic.find_empty("side", make(1)) is None


def test_symbols_that_are_none_are_refused_with_the_way_out():
    with pytest.raises(TypeError, match="name must be a string; got 3"):
        convcost.symbols.symbol(3)
    with pytest.raises(AttributeError, match=r"'h'; symbol\('h'\) makes that symbol"):
        _ = convcost.symbols.h


def test_elements_of_object_arrays_may_be_of_any_kind():
    mixed = np.array([6, Fraction(13, 2), m], dtype=object)
    assert arithmetic.floor_divide(mixed, 2).tolist() == [3, 3, sympy.floor(m / 2)]
    assert arithmetic.divides(2, np.array([6, m], dtype=object))
    assert not arithmetic.divides(2, np.array([7, m], dtype=object))
    assert arithmetic.find_empty("side", np.array([1, m, 0], dtype=object)) == "side[2]"
