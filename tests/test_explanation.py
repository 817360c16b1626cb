"""Explanations: the article's text, and arithmetic that gives the count it stands beside."""

import copy
import pickle
from fractions import Fraction

import numpy as np
import pytest
import sympy
from hypothesis import given
from hypothesis import strategies as st
from strategies import BIASES, COSTS, call, sizes

import convcost
from convcost import Cost
from convcost._cost import formulas
from convcost._cost.recorder import Expression, Leaf
from convcost.symbols import dk, m, n


@pytest.mark.parametrize(
    ("cost", "params", "macs", "bias_adds"),
    [
        (
            convcost.separable(3, 32, 32, 28),
            "3*3*32 + (1*1*32+1)*32 = 1344",
            "3*3*32*28*28 + 1*1*32*32*28*28 = 1028608",
            "32*28*28 = 25088",
        ),
        (
            convcost.standard(3, 1, 32, 28),
            "(3*3*1+1)*32 = 320",
            "3*3*1*32*28*28 = 225792",
            "32*28*28 = 25088",
        ),
        (convcost.depthwise(3, 32, 28), "3*3*32 = 288", "3*3*32*28*28 = 225792", "0"),
        (
            convcost.depthwise(3, 32, 28, bias=True),
            "(3*3+1)*32 = 320",
            "3*3*32*28*28 = 225792",
            "32*28*28 = 25088",
        ),
        (
            convcost.pointwise(1152, 128, 1, bias=False),
            "1*1*1152*128 = 147456",
            "1*1*1152*128*1*1 = 147456",
            "0",
        ),
        (Cost(7, 8, 9), "7", "8", "9"),
        (
            Cost(7, 8) + convcost.depthwise(1, 2, 3),
            "7 + 1*1*2 = 9",
            "8 + 1*1*2*3*3 = 26",
            "0",
        ),
        (
            convcost.pointwise(m + 1, Fraction(3, 2), 1),
            "(1*1*(m + 1)+1)*(3/2) = 3*m/2 + 3",
            "1*1*(m + 1)*(3/2)*1*1 = 3*m/2 + 3/2",
            "(3/2)*1*1 = 3/2",
        ),
    ],
)
def test_the_arithmetic_behind_each_number(cost, params, macs, bias_adds):
    explanation = cost.explain()
    assert (explanation.params, explanation.macs) == (params, macs)
    if not isinstance(cost.macs, sympy.Expr):
        assert explanation.bias_adds == bias_adds
    assert explanation.flops == f"2*{explanation.macs.split(' = ')[-1]} = {cost.flops}" or (
        isinstance(cost.macs, sympy.Expr)
    )


@given(drawn=sizes(), bias=BIASES, kinds=st.lists(st.sampled_from(COSTS), min_size=1, max_size=4))
def test_both_sides_of_every_explanation_are_equal(drawn, bias, kinds):
    cost = sum(call(kind, drawn, bias=bias) for kind in kinds)
    for quantity, line in cost.explain().as_dict().items():
        *arithmetic, result = line.split(" = ")
        assert int(result) == getattr(cost, quantity)
        # Python's own arithmetic reads the text.
        assert [eval(text) for text in arithmetic] in ([], [getattr(cost, quantity)])


@given(drawn=sizes())
def test_an_explanation_shows_every_size(drawn):
    arithmetic = call("standard", drawn).explain().macs.split(" = ")[0]
    dk_, m_, n_, df_ = drawn.values()
    assert arithmetic == f"{dk_}*{dk_}*{m_}*{n_}*{df_}*{df_}"


@given(
    drawn=sizes(), kinds=st.lists(st.sampled_from(COSTS), min_size=1, max_size=3), data=st.data()
)
def test_sums_that_share_their_summands_add_up(drawn, kinds, data):
    known = [call(kind, drawn) for kind in kinds]
    for _ in range(data.draw(st.integers(1, 8))):
        pair = [data.draw(st.sampled_from(known)) for _ in range(2)]
        cost = sum(pair)
        if data.draw(st.booleans()):
            cost = cost.reused()
        known.append(pickle.loads(pickle.dumps(cost)) if data.draw(st.booleans()) else cost)
    for quantity, line in known[-1].explain().as_dict().items():
        *arithmetic, result = line.split(" = ")
        assert int(result) == getattr(known[-1], quantity)
        assert [eval(text) for text in arithmetic] in ([], [getattr(known[-1], quantity)])


def test_what_is_added_several_times_is_shown_once():
    once, given = convcost.depthwise(3, 2, 4), Cost(5, 6)
    assert (once + given + once).explain().params == "2*3*3*2 + 5 = 41"
    assert (once + once).explain().latex().splitlines()[1:3] == [
        r"\text{params} &= 2 \cdot 3 \cdot 3 \cdot 2 = 36 \\",
        r"\text{macs} &= 2 \cdot 3 \cdot 3 \cdot 2 \cdot 4 \cdot 4 = 576 \\",
    ]
    assert (once + once).reused().explain().params == "0"
    # Equal summands that are different objects stay apart.
    assert sum(convcost.depthwise(3, 2, 4) for _ in range(2)).explain().params == (
        "3*3*2 + 3*3*2 = 36"
    )


@pytest.mark.parametrize("grow", [lambda old, new: (new, new + new), lambda a, b: (b, a + b)])
def test_a_sum_of_more_summands_than_can_be_listed(grow):
    old = new = convcost.standard(3, 1, 1, 1)
    for _ in range(300):
        old, new = grow(old, new)
    for shown in (new.explain(), new.latex(), new._repr_html_(), new.reused().explain(), repr(new)):
        assert len(str(shown)) < 2000
    again = pickle.loads(pickle.dumps(new))
    assert again == new
    assert hash(again) == hash(new)
    assert str(again.explain()) == str(new.explain())
    assert copy.deepcopy(new) is new
    assert new / again == convcost.Ratio(1, 1)


def test_an_explanation_prints_as_a_table():
    assert str(convcost.standard(3, 1, 32, 28).explain()).splitlines() == [
        "params     (3*3*1+1)*32 = 320",
        "macs       3*3*1*32*28*28 = 225792",
        "bias_adds  32*28*28 = 25088",
        "flops      2*225792 = 451584",
    ]
    assert (
        repr(Cost(1, 2).explain()) == "params     1\nmacs       2\nbias_adds  0\nflops      2*2 = 4"
    )
    html = convcost.standard(3, 1, 32, 28).explain()._repr_html_()
    assert '<td style="text-align: left">3*3*1*32*28*28 = 225792</td>' in html


def test_symbols_and_arrays_are_explained():
    assert convcost.separable(dk, m, n, 1).explain().params.startswith("dk*dk*m + (1*1*m+1)*n = ")
    assert convcost.pointwise(np.arange(8, 17), n, 1).explain().macs.startswith("1*1*[8..16]*n*1*1")
    assert convcost.pointwise(np.array([m, n]), 2, 1).explain().macs == (
        "1*1*[2 expressions]*2*1*1 = [2 expressions]"
    )
    fraction = convcost.pointwise(Fraction(1, 2), 3, 1).latex()
    assert r"1 \cdot 1 \cdot \left(" not in fraction
    assert r"(\frac{1}{2})" in fraction


def test_an_explanation_is_the_formula_itself(monkeypatch):
    cost = convcost.standard(3, 2, 4, 5)
    monkeypatch.setattr(formulas, "counts", lambda w, f, p, b: (w + 7, f, p))
    assert cost.explain().params == "3*3*2 + 7 = 76"


def test_nothing_is_explained_until_asked(monkeypatch):
    def forbidden(self, value):
        raise AssertionError("explained before it was asked for")

    monkeypatch.setattr(Leaf, "__init__", forbidden)
    cost = convcost.separable(3, 32, 64, 28) + convcost.standard(3, 1, 2, 4)
    str(cost), repr(cost), hash(cost), cost / cost
    with pytest.raises(AssertionError, match="before it was asked for"):
        cost.explain()


def test_recorded_arithmetic_leaves_neutral_elements_out():
    number = Leaf(5)
    for same in (number + 0, 0 + number, number * 1, 1 * number):
        assert same is number
    assert (number * 0, 0 * number) == (0, 0)
    assert (2 + number).text() == "2 + 5"
    assert (2 * number).text() == "2*5"
    assert ((number + 2) * (3 + number)).text() == "(5+2)*(3+5)"
    with pytest.raises(NotImplementedError):
        Expression().text()
