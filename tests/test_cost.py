"""Cost and Ratio as values: immutable, hashable, additive, printable, picklable."""

import copy
import pickle
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import COSTS, call, sizes

import convcost
from convcost import Cost
from convcost.symbols import df, dk, m, n

SEPARABLE = convcost.separable(3, 32, 64, 28)
STANDARD = convcost.standard(3, 32, 64, 28)
ARRAY = convcost.separable(3, np.array([8, 16]), 64, 28)
SYMBOLIC = convcost.separable(dk, m, n, df)

COUNTS = st.builds(Cost, *(st.integers(0, 10**30) for _ in ("params", "macs", "bias_adds")))


@given(a=COUNTS, b=COUNTS, c=COUNTS)
def test_costs_add_up(a, b, c):
    assert a + b == b + a
    assert (a + b) + c == a + (b + c) == sum([a, b, c])
    assert a + Cost(0, 0) == a
    for quantity in ("params", "macs", "bias_adds", "flops"):
        assert getattr(a + b, quantity) == getattr(a, quantity) + getattr(b, quantity)


@given(a=COUNTS, b=COUNTS)
def test_equality_and_hashing_look_at_the_counts_alone(a, b):
    same = Cost(a.params, a.macs, a.bias_adds)
    assert a == same
    assert hash(a) == hash(same)
    counts = [(c.params, c.macs, c.bias_adds) for c in (a, b)]
    assert (a == b) == (counts[0] == counts[1])


def test_how_a_cost_came_about_does_not_matter():
    counted = Cost(2400, 1_831_424, 50_176)
    assert counted == SEPARABLE
    assert {counted: "found"}[SEPARABLE] == "found"
    assert SEPARABLE != (2400, 1_831_424, 50_176)
    assert Fraction(73, 576) != SEPARABLE / STANDARD


def test_array_costs_compare_by_value_and_shape():
    assert convcost.separable(3, np.array([8, 16]), 64, 28) == ARRAY
    assert convcost.separable(3, np.array([[8, 16]]), 64, 28) != ARRAY
    assert convcost.separable(3, np.array([8, 17]), 64, 28) != ARRAY
    assert convcost.ratio(3, np.array([8, 16]), 4) == convcost.ratio(3, np.array([8, 16]), 4)
    for value in (ARRAY, convcost.ratio(3, np.array([8, 16]), 4)):
        with pytest.raises(TypeError, match="arrays cannot be hashed"):
            hash(value)


@pytest.mark.parametrize("name", ["params", "macs", "bias_adds", "flops", "other"])
def test_costs_and_ratios_are_immutable(name):
    for value in (Cost(1, 2, 3), SEPARABLE, SEPARABLE / STANDARD):
        with pytest.raises(AttributeError):
            setattr(value, name, 5)
        with pytest.raises(AttributeError):
            delattr(value, name)


@pytest.mark.parametrize("other", [0.0, 1, "x", None, (1, 2, 3), True])
def test_costs_add_and_divide_with_costs_alone(other):
    for operation in (
        lambda: SEPARABLE + other,
        lambda: other + SEPARABLE,
        lambda: SEPARABLE / other,
    ):
        with pytest.raises(TypeError, match=r"unsupported operand|can only concatenate"):
            operation()


@pytest.mark.parametrize("position", [0, 1, 2])
@pytest.mark.parametrize("count", [1.0, True, "1", None, np.array([0.5])])
def test_counts_must_be_exact(position, count):
    counts = [1, 1, 1]
    counts[position] = count
    name = ("params", "macs", "bias_adds")[position]
    with pytest.raises(TypeError, match=rf"^{name} must be a non-negative integer"):
        Cost(*counts)


@pytest.mark.parametrize("count", [-1, np.array([1, -1]), -m])
def test_counts_must_not_be_negative(count):
    with pytest.raises(ValueError, match=r"^macs(\[1\])? must be a non-negative integer"):
        Cost(1, count)


def test_counts_can_be_anything_exact():
    assert Cost(0, np.array([0, 1])).macs.tolist() == [0, 1]
    assert Cost(m, n).macs == n


def test_a_ratio_to_nothing():
    with pytest.raises(ZeroDivisionError, match=r"^division by zero: the divisor has 0 params$"):
        _ = SEPARABLE / Cost(0, 1)
    with pytest.raises(ZeroDivisionError, match=r"^division by zero: the divisor has 0 macs$"):
        _ = ARRAY / Cost(1, np.array([0, 1]))


def test_ratios_are_values():
    ratio = SEPARABLE / STANDARD
    assert ratio == convcost.ratio(3, 32, 64)
    assert hash(ratio) == hash(convcost.ratio(3, 32, 64))
    assert ratio != convcost.ratio(3, 32, 65)
    assert convcost.ratio(dk, m, n) == convcost.ratio(dk, m, n)
    assert hash(convcost.ratio(dk, m, n)) == hash(convcost.ratio(dk, m, n))


@pytest.mark.parametrize("value", [SEPARABLE, ARRAY, SYMBOLIC, Cost(1, 2), sum([SEPARABLE] * 3)])
def test_costs_pickle_and_copy_with_their_explanation(value):
    for other in (pickle.loads(pickle.dumps(value)), copy.copy(value), copy.deepcopy(value)):
        assert other == value
        assert str(other.explain()) == str(value.explain())


@pytest.mark.parametrize("value", [SEPARABLE / STANDARD, ARRAY / ARRAY, convcost.ratio(dk, m, n)])
def test_ratios_pickle_and_copy(value):
    for other in (pickle.loads(pickle.dumps(value)), copy.copy(value), copy.deepcopy(value)):
        assert other == value


def test_an_unpickled_array_cost_is_still_read_only():
    with pytest.raises(ValueError, match="read-only"):
        pickle.loads(pickle.dumps(ARRAY)).macs[0] = 1


@given(drawn=sizes(), kind=st.sampled_from(COSTS))
def test_repr_is_python(drawn, kind):
    cost = call(kind, drawn)
    assert eval(repr(cost), {"Cost": Cost}) == cost


def test_repr_of_symbols_and_arrays():
    assert repr(convcost.pointwise(m, 2, 1, bias=False)) == (
        "Cost(params=2*m, macs=2*m, bias_adds=0)"
    )
    assert repr(convcost.pointwise(np.array([1, 2]), 2, 1, bias=False)) == (
        "Cost(params=array([2, 4]), macs=array([2, 4]), bias_adds=0)"
    )


def test_a_repl_shows_what_a_ratio_saves():
    ratio = SEPARABLE / STANDARD
    assert repr(ratio) == str(ratio)


def test_str_separates_thousands_and_names_units():
    assert str(SEPARABLE) == (
        "2,400 parameters, 1,831,424 MACs (3,662,848 FLOPs), 50,176 bias additions"
    )
    assert "[632..1096] (2 array of int64) parameters" not in str(SEPARABLE)
    assert "(2 array of int64) parameters" in str(ARRAY)
    assert "df**2*m*n MACs" in str(SYMBOLIC)
    fraction = convcost.pointwise(Fraction(1, 3), 2, 1, bias=False)
    assert str(fraction).startswith("2/3 parameters")


def test_ratio_str_says_what_is_saved():
    assert str(SEPARABLE / STANDARD) == (
        "parameters 75/578 = 0.1298 (7.71 times fewer), MACs 73/576 = 0.1267 (7.89 times fewer)"
    )
    assert str(STANDARD / STANDARD) == "parameters 1 = 1, MACs 1 = 1"
    assert str(STANDARD / SEPARABLE).endswith("MACs 576/73 = 7.89 (7.89 times more)")
    assert str(Cost(0, 5) / Cost(1, 1)).startswith("parameters 0 = 0, MACs 5")
    assert "1/n + dk**(-2)" in str(convcost.ratio(dk, m, n))
    assert "array of float64" in str(ARRAY / ARRAY)


def test_numbers_too_long_for_python_to_print_are_described():
    huge = Cost(10**5000, 10**5000)
    for text in (str(huge), repr(huge), str(huge.explain()), huge._repr_html_(), huge.latex()):
        assert "integer of 16610 bits" in text
    assert "= 1.000e+5000 (1.00e+5000 times more)" in str(huge / Cost(1, 10**5000))
    assert "1e+600" not in str(Cost(1, 1) / huge)
    assert "1.00e+09" not in str(Cost(10**9, 1) / Cost(1, 1))
    assert "1e+09 times more" in str(Cost(10**9, 1) / Cost(1, 1))


def test_html_is_escaped_and_has_the_arithmetic():
    html = SEPARABLE._repr_html_()
    assert '<td style="text-align: right">1,831,424</td>' in html
    assert "3*3*32 + (1*1*32+1)*64 = 2400" in html
    assert "73/576" in (SEPARABLE / STANDARD)._repr_html_()
    import sympy

    odd = convcost.pointwise(sympy.Symbol("<b>"), 2, 1)
    assert "<b>" not in odd._repr_html_()


@pytest.mark.parametrize(
    "value", [SEPARABLE, SYMBOLIC, ARRAY, SEPARABLE / STANDARD, convcost.ratio(dk, m, n)]
)
def test_latex_parses_as_mathematics(value):
    from matplotlib.mathtext import MathTextParser

    assert value._repr_latex_() == f"$\\displaystyle {value.latex()}$"
    body = value.latex().removeprefix("\\begin{aligned}\n").removesuffix("\n\\end{aligned}")
    for line in body.split(" \\\\\n"):
        MathTextParser("path").parse(f"${line.replace('&', '')}$".replace(r"\_", " "))


def test_a_sum_of_very_many_costs():
    total = sum([convcost.pointwise(1, 1, 1)] * 50_000)
    assert total.macs == 50_000
    assert total.explain().macs.endswith("= 50000")
    assert pickle.loads(pickle.dumps(total)) == total
    del total


def test_a_cost_with_the_same_weights_again_explains_itself_without_parameters():
    once = convcost.pointwise(32, 64, 28)
    again = once.reused()
    assert (again.params, again.macs, again.bias_adds) == (0, once.macs, once.bias_adds)
    explained, first = again.explain(), once.explain()
    assert explained.params == "0"
    assert (explained.macs, explained.bias_adds) == (first.macs, first.bias_adds)
    both = (once + again).explain()
    assert both.params == first.params
