"""Check solved arguments and crossings against their neighbouring values."""

from fractions import Fraction

import numpy as np
import pytest
import sympy
from hypothesis import given
from hypothesis import strategies as st
from strategies import COSTS, FUNCTIONS, sizes

import convcost
from convcost.layers import Conv2D, Conv2DTranspose, SeparableConv2D
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
        ({"macs": "1"}, TypeError, "macs must be a number of 0 or more; got '1'"),
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
    with pytest.raises(ValueError, match="costs do not always grow with kernel_size here"):
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


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda a: convcost.crossings(3, a, n), TypeError, "first must be a Cost; got 3"),
        (lambda a: convcost.crossings(a, 3, n), TypeError, "second must be a Cost; got 3"),
        (lambda a: convcost.crossings(a, a, "n"), TypeError, "symbol must be a symbol"),
        (lambda a: convcost.crossings(a, a, n, by="x"), ValueError, "by must be one of params"),
        (lambda a: convcost.crossings(a, a, n), ValueError, "the same macs for every n"),
        (
            lambda a: convcost.crossings(
                Conv2D(8, 3, strides=2, padding="same").cost((symbol("h"), 9, 3)),
                convcost.standard(3, m, 8, symbol("h")), symbol("h"),
            ),
            ValueError,
            "no closed form for where macs are equal",
        ),
    ],
)  # fmt: skip
def test_what_can_not_cross_is_refused(call, error, message):
    with pytest.raises(error, match=message):
        call(convcost.separable(3, m, n, df))
