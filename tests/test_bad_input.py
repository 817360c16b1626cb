"""What is refused, by name, value and what would be right."""

import re
from decimal import Decimal

import numpy as np
import pytest
import sympy
from strategies import ARGUMENTS, COSTS, FUNCTIONS, call, name_of

import convcost

GOOD = {"dk": 3, "m": 32, "n": 64, "df": 28}

WRONG_TYPES = [
    3.0,
    float("nan"),
    float("inf"),
    True,
    np.True_,
    np.float64(3),
    np.timedelta64(3, "s"),
    np.timedelta64(3, "ns"),
    np.timedelta64(3),
    None,
    "3",
    b"3",
    3 + 0j,
    Decimal(3),
    [8, 16],
    (8, 16),
    object(),
    np.array([1.0, 2.0]),
    np.array([True, False]),
    np.array(["8"]),
    np.array(3.0),
    np.array([8, 16.0], dtype=object),
    np.array([np.array([1, 2]), 3], dtype=object),
    np.ma.masked_array([1, 2], mask=[True, False]),
    sympy.Float(3),
    sympy.true,
    sympy.Symbol("x") * 2.5,
    sympy.eye(2),
]
WRONG_VALUES = [
    0,
    -1,
    -(10**5000),
    np.int8(0),
    np.int64(-3),
    np.array([], dtype=np.int64),
    np.array([8, 0]),
    np.array([[8, -1]]),
    np.array([8, 0], dtype=object),
    sympy.Integer(0),
    sympy.Rational(-1, 2),
    -sympy.Symbol("x", positive=True),
    sympy.Symbol("x", integer=False),
    sympy.pi,
    sympy.oo,
    sympy.nan,
    sympy.I,
]


@pytest.mark.parametrize(("kind", "name"), ARGUMENTS)
@pytest.mark.parametrize("value", WRONG_TYPES, ids=name_of)
def test_wrong_types(kind, name, value):
    with pytest.raises(TypeError, match=rf"^{name}(\[\d+\])? must be .*; got "):
        call(kind, {**GOOD, name: value})


@pytest.mark.parametrize(("kind", "name"), ARGUMENTS)
@pytest.mark.parametrize("value", WRONG_VALUES, ids=lambda value: f"{type(value).__name__}")
def test_wrong_values(kind, name, value):
    with pytest.raises(ValueError, match=rf"^{name}(\[[\d, ]+\])? must be .*; got "):
        call(kind, {**GOOD, name: value})


def test_the_message_has_name_value_and_what_is_right():
    with pytest.raises(TypeError) as caught:
        convcost.separable(3, 32.0, 64, 28)
    assert str(caught.value) == (
        "m must be a positive integer (a Python int, a NumPy integer, a NumPy array of integers,"
        " or a SymPy expression); got 32.0 (float)"
    )


def test_the_message_names_the_offending_element():
    with pytest.raises(ValueError, match=r"^n\[1, 0\] must be .*; got -7"):
        convcost.standard(3, 32, np.array([[1, 2], [-7, 4]]), 28)


def test_long_values_are_cut_short():
    with pytest.raises(TypeError) as caught:
        convcost.pointwise("x" * 10**6, 1, 1)
    assert len(str(caught.value)) < 300


@pytest.mark.parametrize("bias", [1, 0, None, "no", 1.0, [True], np.array([True])])
@pytest.mark.parametrize("kind", [*COSTS, "ratio"])
def test_bias_must_be_true_or_false(kind, bias):
    with pytest.raises(TypeError, match=r"^bias must be True or False; got "):
        call(kind, GOOD, bias=bias)


@pytest.mark.parametrize("bias", [True, False])
def test_a_numpy_bool_is_a_bias(bias):
    assert call("standard", GOOD, bias=np.bool_(bias)) == call("standard", GOOD, bias=bias)


def test_sizes_that_do_not_broadcast():
    with pytest.raises(ValueError, match=re.escape("m and n must broadcast; got shapes m (2,)")):
        convcost.separable(3, np.array([1, 2]), np.array([1, 2, 3]), 28)


def test_an_unsigned_value_beyond_int64():
    with pytest.raises(OverflowError, match=r"^m reaches 9,223,372,036,854,775,808, .*object"):
        convcost.pointwise(np.array([2**63], np.uint64), 1, 1)


@pytest.mark.parametrize("kind", [*COSTS, "ratio"])
def test_missing_and_superfluous_arguments(kind):
    function = FUNCTIONS[kind][0]
    with pytest.raises(TypeError, match="missing"):
        function(3)
    with pytest.raises(TypeError, match="unexpected"):
        function(**dict.fromkeys(FUNCTIONS[kind][1], 3), stride=2)
