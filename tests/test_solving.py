"""Check solved arguments and crossings against their neighbouring values."""

from fractions import Fraction

import numpy as np
import pytest
import sympy
from hypothesis import given
from hypothesis import strategies as st
from strategies import COSTS, FUNCTIONS, sizes

import convcost
from convcost import layers
from convcost._cost.cost import Cost
from convcost._sweeps.grid import Grid
from convcost.layers import (
    Conv1D,
    Conv1DTranspose,
    Conv2D,
    Conv2DTranspose,
    Dense,
    SeparableConv2D,
)
from convcost.symbols import df, dk, m, n, symbol

BUDGETS = ("params", "macs", "flops", "bias_adds")


@given(
    st.sampled_from(COSTS),
    sizes(),
    st.data(),
    st.integers(1, 10**30),
    st.booleans(),
)
def test_the_next_value_is_beyond_the_budget(kind, given_sizes, data, budget, at_least):
    function, names = FUNCTIONS[kind]
    free = data.draw(st.sampled_from(names))
    by = data.draw(st.sampled_from(BUDGETS))
    fixed = {name: given_sizes[name] for name in names if name != free}

    def count(value):
        return getattr(function(**fixed, **{free: value}), by)

    grows = count(10**40) > count(1)
    if not grows:  # the count does not depend on the argument
        if at_least and count(1) >= budget:
            assert convcost.solve(function, free, at_least=True, **fixed, **{by: budget}) == 1
            return
        message = f"{free} is unbounded|no value of {free} meets|no {free} is within"
        with pytest.raises(ValueError, match=message):
            convcost.solve(function, free, at_least=at_least, **fixed, **{by: budget})
        return
    if at_least:
        found = convcost.solve(function, free, at_least=True, **fixed, **{by: budget})
        assert count(found) >= budget
        assert found == 1 or count(found - 1) < budget
    elif count(1) > budget:
        with pytest.raises(ValueError, match=f"no {free} is within the budget: even 1 costs"):
            convcost.solve(function, free, **fixed, **{by: budget})
    else:
        found = convcost.solve(function, free, **fixed, **{by: budget})
        assert count(found) <= budget < count(found + 1)


@given(st.integers(1, 200), st.integers(1, 10**7))
def test_strides_shrink_what_a_layer_costs(side, budget):
    def macs(strides):
        return Conv2D(8, 3, padding="same", strides=strides).cost((side, side, 4)).macs

    given_arguments = {"filters": 8, "kernel_size": 3, "padding": "same", "macs": budget}
    if macs(10**6) > budget:
        with pytest.raises(ValueError, match="no value of strides meets the budget"):
            convcost.solve(Conv2D, "strides", input_shape=(side, side, 4), **given_arguments)
        return
    found = convcost.solve(Conv2D, "strides", input_shape=(side, side, 4), **given_arguments)
    assert macs(found) <= budget
    assert found == 1 or macs(found - 1) > budget


KINDS = ("Conv1D", "Conv2D", "Conv3D", "DepthwiseConv2D", "SeparableConv1D", "SeparableConv2D",
         "Conv1DTranspose", "Conv2DTranspose", "Conv3DTranspose")  # fmt: skip
TRIED = 60


@st.composite
def layers_with_a_free_argument(draw):
    name = draw(st.sampled_from(KINDS))
    kind = getattr(layers, name)
    known = kind.argument_names()
    given = {"kernel_size": draw(st.integers(1, 5)), "padding": draw(st.sampled_from(
        ["valid", "same", draw(st.integers(0, 3))]))}  # fmt: skip
    if "groups" in known:
        given["groups"] = draw(st.sampled_from([1, 1, 2, 3]))
    given |= {one: 6 for one in ("filters",) if one in known}
    for one in ("strides", "dilation_rate", "use_bias"):
        given[one] = draw(st.booleans() if one == "use_bias" else st.integers(1, 4))
    if "output_padding" in known:
        given["output_padding"] = draw(st.sampled_from([None, 0, 1]))
    sides = {"side": draw(st.integers(1, 14)), "channels": 6}
    shape = (*["side"] * kind.rank, "channels")
    frees = [*("kernel_size", "strides", "dilation_rate", "side", "channels")]
    frees += [one for one in ("filters", "depth_multiplier") if one in known]
    free = draw(st.sampled_from(frees))
    shape = tuple(side if side == free else sides[side] for side in shape)
    return kind, free, {name: one for name, one in given.items() if name != free}, shape


@given(layers_with_a_free_argument(), st.sampled_from(BUDGETS), st.booleans(), st.data())
def test_solving_agrees_with_trying_each_value(drawn, by, at_least, data):
    kind, free, given_arguments, shape = drawn

    def count(value):
        own = {free: value} if free in kind.argument_names() else {}
        sides = tuple(value if side == free else side for side in shape)
        return getattr(kind(**given_arguments, **own).cost(sides), by)

    counts = {}
    for value in range(1, TRIED):
        try:
            counts[value] = count(value)
        except ValueError:
            continue
    budget = data.draw(st.sampled_from(sorted({*counts.values(), 0}))) + data.draw(
        st.integers(-1, 1)
    )
    budget = max(budget, 0)
    grid = Grid(kind, input_shape=shape, **{free: [6]}, **given_arguments)
    place = ("params", "macs", "bias_adds").index("macs" if by == "flops" else by)
    way = grid.directions_of_counts({})[free][place]
    asked = {"at_least": at_least, by: budget}
    found = None
    try:
        found = convcost.solve(kind, free, input_shape=shape, **given_arguments, **asked)
    except ValueError as error:
        message = str(error)
    kept = [v for v, n in counts.items() if (n >= budget if at_least else n <= budget)]
    looks_for_last = (way in (0, 1)) != at_least
    if found is not None and found >= TRIED:
        assert max(counts) in kept if looks_for_last else not kept
        inside = count(found)
        assert inside >= budget if at_least else inside <= budget
    elif found is not None:
        assert found == (max(kept) if looks_for_last else min(kept))
    elif way is None:
        assert f"do not always grow with {free}" in message
    elif "unbounded" in message:
        assert looks_for_last
        assert max(kept) > TRIED - 4
    elif not counts:
        assert "must" in message
    else:
        assert not kept
        assert "no value of" in message or "is within the budget" in message


def test_infinity_is_farther_than_any_number_given():
    huge = 1 << 300
    assert convcost.solve(convcost.pointwise, "n", macs=huge, m=1, df=1) == huge
    solved = convcost.solve(convcost.pointwise, "n", macs=huge, at_least=True, m=1, df=1)
    assert solved == huge
    # Until the side is as long as a stride, there is a single position.
    side = convcost.solve(
        Conv1D, "side", filters=1, kernel_size=1, strides=huge, input_shape=("side", 1), macs=1
    )
    assert side == huge
    with pytest.raises(ValueError, match="side is unbounded: every value meets the budget"):
        convcost.solve(Dense, "side", units=3, input_shape=("side", 4), params=15)
    shown = f"no value of dilation_rate meets the budget: {huge}, the largest that is valid, costs"
    with pytest.raises(ValueError, match=shown):
        convcost.solve(Conv1D, "dilation_rate", filters=1, kernel_size=2,
                       input_shape=(huge + 1, 1), macs=1)  # fmt: skip
    within = {"filters": 1, "kernel_size": 2, "input_shape": (8, 1)}
    for budget, least in ((2, 7), (3, 7), (4, 6), (6, 5), (8, 4), (14, 1)):
        assert convcost.solve(Conv1D, "dilation_rate", **within, macs=budget) == least
    long = convcost.solve(Conv1D, "side", filters=1, kernel_size=5000, input_shape=("side", 1),
                          macs=5000)  # fmt: skip
    assert long == 5000
    wide = {"filters": 1, "kernel_size": 2, "padding": ([1, 1],), "input_shape": (3, 1)}
    assert convcost.solve(Conv1D, "dilation_rate", **wide, macs=2) == 4


def test_arguments_that_are_not_numbers_are_refused_by_solve():
    with pytest.raises(TypeError, match="macs must be a number: give all other arguments; got"):
        convcost.solve(convcost.pointwise, "n", macs=3, m=m, df=1)
    assert convcost.solve(convcost.pointwise, "n", macs=7, m=Fraction(3, 2), df=1) == 4
    with pytest.raises(ValueError, match="padding must be 'valid' or 'same'"):
        convcost.solve(Conv2D, "filters", kernel_size=3, padding="vlaid",
                       input_shape=(9, 9, 3), macs=9)  # fmt: skip
    with pytest.raises(ValueError, match="macs do not always grow with width here"):
        convcost.solve(Conv2D, "width", filters="width", groups="width", kernel_size=3,
                       input_shape=(9, 9, "width"), macs=9)  # fmt: skip
    either = {"input_shape": (5, 3), "padding": "same", "output_padding": 0, "strides": 2}
    with pytest.raises(ValueError, match="bias_adds do not always grow with kernel_size"):
        convcost.solve(Conv1DTranspose, "kernel_size", filters=1, bias_adds=9, **either)
    assert convcost.solve(Conv1DTranspose, "kernel_size", filters=1, macs=60, **either) == 4
    assert convcost.solve(Conv2D, "kernel_size", filters=3, input_shape=(99, 99, 3),
                          params=10**9) == 99  # fmt: skip


def test_several_budgets_hold_together():
    found = convcost.solve(convcost.separable, "n", macs=3e8, params=10**5, dk=3, m=64, df=28)
    assert convcost.separable(3, 64, found, 28).params <= 10**5
    assert convcost.separable(3, 64, found + 1, 28).params > 10**5
    either = convcost.solve(
        convcost.separable, "n", macs=10**6, params=10**6, at_least=True, dk=3, m=64, df=28
    )
    cost = convcost.separable(3, 64, either, 28)
    assert (cost.macs >= 10**6, cost.params >= 10**6) == (True, True)


def test_an_argument_that_the_shape_speaks_of():
    found = convcost.solve(
        SeparableConv2D, "side", filters=64, kernel_size=3, padding="same",
        input_shape=("side", "side", 32), macs=Fraction(10**7),
    )  # fmt: skip
    layer = SeparableConv2D(64, 3, padding="same")
    assert layer.cost((found, found, 32)).macs <= 10**7
    assert layer.cost((found + 1, found + 1, 32)).macs > 10**7
    larger = convcost.solve(
        Conv2DTranspose, "strides", filters=4, kernel_size=3, input_shape=(7, 7, 3), bias_adds=9999
    )
    assert Conv2DTranspose(4, 3, strides=larger).cost((7, 7, 3)).bias_adds <= 9999


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({}, TypeError, "a budget: one or more of params, macs, flops and bias_adds"),
        ({"macs": "300m"}, ValueError, "macs must be an integer, .*; did you mean '300M'"),
        ({"macs": True}, TypeError, "macs must be a number of 0 or more; got True"),
        ({"macs": np.array([1])}, TypeError, "macs must be"),
        ({"macs": -1}, ValueError, "macs must be a number of 0 or more; got -1"),
        ({"macs": float("nan")}, ValueError, "macs must be .*got nan"),
        ({"macs": float("inf")}, ValueError, "macs must be .*got inf"),
        ({"macs": 5, "n": 3}, TypeError, "n is the free argument"),
        ({"macs": 5, "dk": [3, 5]}, TypeError, "solve varies only n"),
        ({"mac": 5}, TypeError, "and bias_adds; did you mean macs"),
        ({"macs": 5, "d": 3}, TypeError, "only dk, m, n, df and bias; did you mean 'dk'"),
        (
            {"macs": 5, "x": 3},
            TypeError,
            "separable has no argument 'x', only dk, m, n, df and bias",
        ),
        ({"macs": 5}, ValueError, "no n is within the budget: even 1 costs"),
    ],
)
def test_what_can_not_be_solved_is_refused(arguments, error, message):
    given_arguments = {"dk": 3, "m": 64, "df": 28} | arguments
    with pytest.raises(error, match=message):
        convcost.solve(convcost.separable, "n", **given_arguments)


def test_what_need_not_grow_is_refused():
    with pytest.raises(ValueError, match="macs do not always grow with kernel_size here"):
        convcost.solve(Conv2D, "kernel_size", filters=3, input_shape=(99, 99, 3), macs=10**9)
    with pytest.raises(ValueError, match="df is unbounded: every value meets the budget"):
        convcost.solve(convcost.separable, "df", params=10**6, dk=3, m=8, n=8)
    with pytest.raises(ValueError, match=r"no value of df meets the budget, however large"):
        convcost.solve(convcost.separable, "df", params=10**6, dk=3, m=8, n=8, at_least=True)


def test_crossings_are_where_costs_are_equal():
    separable = convcost.separable(dk, m, n, df)
    narrow = convcost.standard(dk, m, n / 8, df)
    (where,) = convcost.crossings(separable, narrow, n)
    assert where == 8 * dk**2 / (dk**2 - 8)
    difference = (separable.macs - narrow.macs).subs(n, where)
    assert sympy.simplify(difference) == 0
    # Cheaper beyond it: the fraction is 72 for a 3x3 kernel.
    at = {dk: 3, m: 16, df: 7}
    for filters, cheaper in ((64, False), (80, True)):
        costs = [one.macs.subs({**at, n: filters}) for one in (separable, narrow)]
        assert (costs[0] < costs[1]) == cheaper
    assert convcost.crossings(separable, convcost.standard(dk, m, n, df), n) == (
        dk**2 / (dk**2 - 1),
    )
    by_params = convcost.crossings(separable, narrow, m, by="params")
    assert all(
        sympy.simplify((separable.params - narrow.params).subs(m, one)) == 0 for one in by_params
    )
    # One is always cheaper.
    assert convcost.crossings(convcost.depthwise(3, m, df), convcost.depthwise(5, m, df), m) == ()


@given(st.lists(st.integers(-9, 9), min_size=2, max_size=6))
def test_crossings_are_all_positive_roots(coefficients):
    """Against SymPy's isolation of real roots, by Sturm's theorem."""
    polynomial = sympy.Poly(coefficients, n)
    if polynomial.degree() < 1:
        return
    top = sum(c * n**p for (p,), c in polynomial.terms() if c > 0)
    bottom = sum(-c * n**p for (p,), c in polynomial.terms() if c < 0)
    found = convcost.crossings(Cost(0, 9 + top), Cost(0, 9 + bottom), n)
    x = sympy.Dummy()
    distinct = sympy.Poly(coefficients, x).sqf_part()
    assert len(found) == distinct.count_roots(0, None) - (distinct.eval(0) == 0)
    for root in found:
        value = sympy.N(root, 40)
        assert value.is_real
        assert value > 0
        assert abs(polynomial.eval(value)) < 1e-9


def test_crossings_with_further_symbols():
    assert convcost.crossings(Cost(0, n), Cost(0, m), n) == (m,)
    # Three real roots, which radicals could only write with complex numbers; one is negative.
    cubic = convcost.crossings(Cost(0, n**3 + 1), Cost(0, 3 * n), n)
    assert [round(float(root), 3) for root in cubic] == [0.347, 1.532]
    # Of two roots whose product is negative, one is positive.
    (root,) = convcost.crossings(Cost(0, n**2 + m * n), Cost(0, m), n)
    (same,) = convcost.crossings(Cost(0, m), Cost(0, n**2 + m * n), n)
    assert sympy.simplify(root - same) == 0
    assert all(root.subs(m, value) > 0 for value in range(1, 9))
    # Both may be positive, or neither is real: at m = 5 and m = 3.
    both = convcost.crossings(Cost(0, n**2 + m), Cost(0, m * n), n)
    assert all(one.subs(m, 5) > 0 for one in both)
    assert len(both) == 2
    # Never positive, since m is at least 1; never real; and either, as the lead may be negative.
    assert convcost.crossings(Cost(0, m * n + m), Cost(0, 1), n) == ()
    assert convcost.crossings(Cost(0, (n + 1) * (n + m)), Cost(0, 0), n) == ()
    assert convcost.crossings(Cost(0, n**2 + m), Cost(0, n), n) == ()
    assert len(convcost.crossings(Cost(0, m * n**2), Cost(0, dk * n**2 + n - 3), n)) == 2


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda a: convcost.crossings(3, a, n), TypeError, "first must be a Cost; got 3"),
        (lambda a: convcost.crossings(a, 3, n), TypeError, "second must be a Cost; got 3"),
        (lambda a: convcost.crossings(a, a, 7), TypeError, "symbol must be a symbol, such as"),
        (lambda a: convcost.crossings(a, a, n, by="x"), ValueError, "by must be one of params"),
        (lambda a: convcost.crossings(a, a, n), ValueError, "the same macs for every n"),
        (
            lambda a: convcost.crossings(
                Conv2D(8, 3, strides=2, padding="same").cost((symbol("h"), 9, 3)),
                convcost.standard(3, m, 8, symbol("h")), symbol("h"),
            ),
            ValueError,
            "no closed form for where macs are equal: .* = 0; give values for m",
        ),
        (
            lambda a: convcost.crossings(Cost(0, n**5 + m), Cost(0, m * n), n),
            ValueError,
            r"no closed form for where macs are equal: -m\*n .* = 0; give values for m",
        ),
        (
            lambda a: convcost.crossings(Cost(0, 2 * n), Cost(0, 7 * sympy.ceiling(n / 2)), n),
            ValueError,
            "no closed form for where macs are equal: .* = 0$",
        ),
    ],
)  # fmt: skip
def test_what_can_not_cross_is_refused(call, error, message):
    with pytest.raises(error, match=message):
        call(convcost.separable(3, m, n, df))
