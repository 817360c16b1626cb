"""Files of very many layers with open sides: read in time, or refused by name."""

import itertools
import json
import time

import hypothesis.strategies as st
import pytest
import sympy
from hypothesis import given

import convcost
from convcost._exact import symbolic
from convcost._exact.arithmetic import ceil_divide, floor_divide
from convcost._models.counting import Sizes
from convcost.symbols import df, m, n

SECONDS = 5


def chain(layers, rank):
    """Return the JSON of a Sequential model of layers whose input has open sides."""
    made = [
        {"class_name": kind, "config": {"name": f"l{place}", **arguments}}
        for place, (kind, arguments) in enumerate(layers)
    ]
    made[0]["config"]["batch_input_shape"] = [None] * (rank + 1) + [3]
    return json.dumps({"class_name": "Sequential", "config": {"name": "s", "layers": made}})


SLIDING = [("Conv2D", {"filters": 3, "kernel_size": 2})]
HALVING = [("Conv2D", {"filters": 3, "kernel_size": 3, "strides": 2, "padding": "same"})]
GROWING = [("UpSampling3D", {"size": 2}), ("Conv3D", {"filters": 3, "kernel_size": 2})]
FOLDING = [
    ("Reshape", {"target_shape": [-1, 5]}),
    ("Conv1D", {"filters": 7, "kernel_size": 2, "strides": 3}),
]


def test_layers_with_different_open_sides_are_read_in_time():
    text = chain(SLIDING * 1000, 2)
    begin = time.process_time()
    net = convcost.from_keras(text)
    assert time.process_time() - begin < SECONDS
    h, w = convcost.symbols.symbol("h"), convcost.symbols.symbol("w")
    assert net.rows[-1].output_shape == (h - 1000, w - 1000, 3)
    assert len(str(convcost.summary(net)).splitlines()) > 1000


@pytest.mark.parametrize(
    ("layers", "rank"), [(SLIDING, 2), (HALVING, 2), (GROWING, 3), (FOLDING, 2)]
)
def test_more_of_them_are_refused_by_name(layers, rank):
    with pytest.raises(convcost.ModelError, match="open sides of layers up to here") as error:
        convcost.from_keras(chain(layers * 6000, rank))
    assert str(error.value).endswith("give input_shape in numbers")


def test_with_numbers_they_are_read():
    net = convcost.from_keras(chain(SLIDING * 4100, 2), (4101, 4200, 3))
    assert net.rows[-1].output_shape == (1, 100, 3)


def check_many(sizes):
    for number in range(7_000):
        sizes.check((n - number,))


def test_the_same_side_counts_once():
    sizes = Sizes()
    for _ in range(7_000):
        sizes.check((m + 1, 7, m - 1))
    with pytest.raises(ValueError, match="more than 6,000 terms in all"):
        check_many(sizes)


integers = st.integers(-9, 9)


@given(st.lists(integers, min_size=4, max_size=4))
def test_a_sum_of_sizes_is_known_to_be_nonnegative_exactly(factors):
    *factors, constant = factors
    known = sum((a * x for a, x in zip(factors, (m, n, df), strict=True)), sympy.Integer(constant))
    least = sum(factors) + constant
    assert symbolic._is_nonnegative(known) == (min(factors) >= 0 and least >= 0)


def test_other_sums_are_left_to_sympy():
    real = sympy.Symbol("x")
    assert symbolic._is_sum_nonnegative(real + 1) is None
    assert symbolic._is_sum_nonnegative(m * n - 1) is None
    assert symbolic._is_nonnegative(m * n - 1)
    assert not symbolic._is_nonnegative(real + 1)


@given(st.lists(integers, min_size=3, max_size=3), st.integers(1, 7), st.integers(1, 7))
def test_rounded_quotients_are_what_sympy_makes_of_them(factors, first, second):
    once = floor_divide(factors[0] * m + factors[1] * n + factors[2], first)
    for made in (once, ceil_divide(once + m, second), floor_divide(once * n, second)):
        for one in getattr(made, "atoms", lambda *_: ())(sympy.floor, sympy.ceiling):
            assert one.func(*one.args) == one


@pytest.mark.parametrize("divisor", [2, 3, 4])
def test_the_rounded_quotient_of_two_symbols_is_divided(divisor):
    """Its denominator is not an integer, so the two divisions can't be merged into one."""
    down, up = (divide(sympy.floor(n / m), divisor) for divide in (floor_divide, ceil_divide))
    for side, stride in itertools.product(range(1, 30), range(1, 9)):
        sizes = {n: side, m: stride}
        assert down.subs(sizes) == side // stride // divisor
        assert up.subs(sizes) == -(-(side // stride) // divisor)


def test_long_sums_are_printed():
    x = sympy.Symbol("x", positive=True, integer=True)
    long = sympy.Add(*[sympy.floor(x / k) for k in range(2, 400)])
    assert sympy.sympify(symbolic.Symbolic().text(long), {"x": x}) == long
    assert symbolic.Symbolic().text(m + 1) == "m + 1"
