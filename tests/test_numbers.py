"""Every kind of number that the functions take: NumPy, SymPy, fractions, and mixtures."""

from fractions import Fraction

import numpy as np
import pytest
import sympy
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from strategies import BIASES, COSTS, FUNCTIONS, call, sizes

import convcost
from convcost.symbols import df, dk, m, n

QUANTITIES = ("params", "macs", "bias_adds", "flops")
SYMBOLS = {"dk": dk, "m": m, "n": n, "df": df}
INT64_MAX = 2**63 - 1


# --- NumPy ---------------------------------------------------------------------------------------


@st.composite
def arrays_of_sizes(draw):
    """Draw sizes as arrays of any integer dtype that broadcast together, and as scalars."""
    shapes = draw(
        hnp.mutually_broadcastable_shapes(num_shapes=4, max_dims=3, max_side=3)
    ).input_shapes
    drawn = {}
    for name, shape in zip(("dk", "m", "n", "df"), shapes, strict=True):
        dtype = draw(st.sampled_from(["u1", "i2", "i4", "i8", "u8", ">i4", object]))
        values = draw(hnp.arrays(np.int64, shape, elements=st.integers(1, 120)))
        drawn[name] = values.astype(dtype) if draw(st.booleans()) else int(values.max())
    return drawn


@pytest.mark.parametrize("kind", COSTS)
@given(drawn=arrays_of_sizes(), bias=BIASES)
def test_arrays_equal_the_loop_of_scalars(kind, drawn, bias):
    cost = call(kind, drawn, bias=bias)
    names = FUNCTIONS[kind][1]
    grid = np.broadcast_arrays(*(np.asarray(drawn[name], dtype=object) for name in names))
    for index in np.ndindex(grid[0].shape):
        design = dict(zip(names, (int(axis[index]) for axis in grid), strict=True))
        scalar = FUNCTIONS[kind][0](**design, bias=bias)
        for quantity in QUANTITIES:
            value = np.broadcast_to(getattr(cost, quantity), grid[0].shape)[index]
            assert value == getattr(scalar, quantity)


@given(drawn=arrays_of_sizes(), bias=BIASES)
def test_ratios_of_arrays_equal_the_loop_of_scalars(drawn, bias):
    ratio = call("ratio", drawn, bias=bias)
    grid = np.broadcast_arrays(
        *(np.asarray(drawn[name], dtype=object) for name in ("dk", "m", "n"))
    )
    for index in np.ndindex(grid[0].shape):
        scalar = convcost.ratio(*(int(axis[index]) for axis in grid), bias=bias)
        for quantity in ("params", "macs", "flops"):
            value = np.broadcast_to(getattr(ratio, quantity), grid[0].shape)[index]
            assert float(value) == float(getattr(scalar, quantity))


def test_small_dtypes_do_not_wrap():
    cost = convcost.standard(3, np.array([200], np.uint8), np.array([200], np.uint8), 28)
    assert cost.macs.dtype == np.int64
    assert cost.macs.tolist() == [9 * 200 * 200 * 784]


def test_open_grids_stay_as_small_as_they_can():
    axes = np.ix_([1, 3, 5], range(8, 16), range(1, 5), [7, 14])
    cost = convcost.separable(*axes)
    assert cost.params.shape == (3, 8, 4, 1)
    assert cost.macs.shape == (3, 8, 4, 2)
    assert cost.bias_adds.shape == (1, 1, 4, 2)


@pytest.mark.parametrize("dtype", ["i1", "u2", "i8", "u8"])
def test_numpy_scalars_and_0d_arrays_come_back_as_python_integers(dtype):
    for size in (np.dtype(dtype).type(32), np.array(32, dtype)):
        cost = convcost.standard(3, size, 64, 28)
        assert cost == convcost.standard(3, 32, 64, 28)
        assert type(cost.macs) is int


@pytest.mark.parametrize(
    ("quantity", "arguments"),
    [
        ("params", (np.array([3]), 2**31, 2**31, 1)),
        ("macs", (np.array([3, 5]), 512, 512, 2**21)),
        ("macs", (3, np.ones((2, 3), np.int8), 64, 10**12)),
        ("params", (np.array([3]), 10**400, 1, 1)),
    ],
)
def test_overflow_names_the_quantity_and_the_way_out(quantity, arguments):
    with pytest.raises(OverflowError, match=rf"^{quantity} reaches [\d,]+, .*astype\(object\)"):
        convcost.standard(*arguments)
    exact = convcost.standard(*(np.asarray(a, dtype=object) for a in arguments))
    scalar = convcost.standard(*(int(np.max(a)) for a in arguments))
    assert np.max(getattr(exact, quantity)) == getattr(scalar, quantity)


def test_an_overflow_too_long_to_print():
    with pytest.raises(OverflowError, match=r"params reaches <integer of \d+ bits>"):
        convcost.standard(np.array([3]), 10**5000, 1, 1)


def test_the_bound_is_exact():
    # 3 * 3 * n MACs: the largest n that fits, and the next.
    largest = INT64_MAX // 9
    assert convcost.standard(3, 1, np.array([largest]), 1, bias=False).macs[0] == 9 * largest
    with pytest.raises(OverflowError, match=f"{9 * (largest + 1):,}"):
        convcost.standard(3, 1, np.array([largest + 1]), 1, bias=False)


def test_bias_additions_alone_can_overflow_in_no_kind():
    # They never exceed the MACs, so params or macs are named first.
    with pytest.raises(OverflowError, match=r"^macs"):
        convcost.pointwise(1, np.array([2**32]), 2**16)


def test_columns_that_vary_together_are_bound_by_their_designs():
    m_, n_ = np.array([2**40, 1]), np.array([1, 2**40])
    cost = convcost.pointwise(m_, n_, 1)  # the corner, 2**80, is not a design
    assert cost.macs.tolist() == [2**40, 2**40]
    with pytest.raises(OverflowError, match=rf"params reaches {2**64:,}"):
        convcost.pointwise(np.array([2**40, 1, 3]), np.array([2**24, 2**40, 5]), 1, bias=False)


def test_columns_that_vary_together_near_the_limit():
    n_ = np.array([INT64_MAX // 2, 1])
    assert convcost.pointwise(np.array([2, 2**40]), n_, 1, bias=False).macs[0] == INT64_MAX - 1
    with pytest.raises(OverflowError, match=f"{INT64_MAX + 1:,}"):
        convcost.pointwise(np.array([2, 2**40]), n_ + 1, 1, bias=False)


def test_columns_whose_corner_needs_more_axes_than_params_has():
    # params (shape 2) overflows only at the corner, while macs also has the output's axis.
    m_, n_ = np.array([2**33, 1]), np.array([1, 2**33])
    cost = convcost.standard(1, m_, n_, np.array([[1], [2]]))
    assert cost.params.shape == (2,)
    assert cost.macs.shape == (2, 2)


def test_flops_do_not_wrap():
    cost = convcost.standard(1, 1, np.array([2**62]), 1, bias=False)
    with pytest.raises(OverflowError, match="flops reaches"):
        _ = cost.flops


def test_sums_do_not_wrap():
    cost = convcost.standard(1, 1, np.array([2**62]), 1, bias=False)
    with pytest.raises(OverflowError, match="params reaches"):
        _ = cost + cost
    other = convcost.standard(1, 1, np.array([1, 2**62]), 1, bias=False)
    crossed = convcost.standard(1, 1, np.array([2**62, 1]), 1, bias=False)
    assert (other + crossed).macs.tolist() == [2**62 + 1, 2**62 + 1]
    with pytest.raises(OverflowError, match="params reaches"):
        _ = convcost.Cost(2**63, 1) + cost


def test_sums_of_arrays_broadcast_or_say_why_not():
    column, row = np.arange(1, 4)[:, None], np.arange(1, 3)
    total = convcost.pointwise(column, 1, 1) + convcost.pointwise(row, 1, 1)
    assert total.macs.tolist() == [[2, 3], [3, 4], [4, 5]]
    with pytest.raises(
        ValueError, match=r"^costs must broadcast .*; got params of shapes \(3,\) and \(2,\)$"
    ):
        _ = convcost.pointwise(np.arange(1, 4), 1, 1) + convcost.pointwise(np.arange(1, 3), 1, 1)


def test_object_arrays_mix_with_int64_exactly():
    huge = np.array([10**30, 1], dtype=object)
    cost = convcost.separable(np.array([3, 5]), huge, np.array([2**40, 2**41]), 7)
    assert cost.params[0] == 9 * 10**30 + (10**30 + 1) * 2**40
    assert (cost + convcost.standard(1, 1, np.array([1, 1]), 1)).params[0] == cost.params[0] + 2


def test_ratios_of_object_arrays_are_fractions():
    ratio = convcost.ratio(3, np.array([32, 10**30], dtype=object), 64)
    assert ratio.macs.tolist() == [Fraction(73, 576)] * 2
    huge = convcost.Cost(10**30, 10**30) / convcost.standard(1, 1, np.array([2, 4]), 1)
    assert huge.macs.tolist() == [Fraction(10**30, 2), Fraction(10**30, 4)]


def test_ratios_of_arrays_are_float64():
    ratio = convcost.ratio(3, np.array([32, 64]), 64)
    assert ratio.params.dtype == ratio.macs.dtype == np.float64


def test_a_cost_keeps_what_it_was_asked_with():
    channels = np.array([1, 2])
    cost = convcost.pointwise(3, channels, 1)
    explained = cost.explain().params
    channels[0] = 99
    assert cost.explain().params == explained
    for quantity in ("params", "macs", "bias_adds"):
        with pytest.raises(ValueError, match="read-only"):
            getattr(cost, quantity)[0] = 1


def test_a_matrix_is_multiplied_by_elements():
    with pytest.warns(PendingDeprecationWarning):
        matrix = np.matrix([[1, 2], [3, 4]])
    assert convcost.pointwise(matrix, matrix, 1).macs.tolist() == [[1, 4], [9, 16]]


# --- SymPy ---------------------------------------------------------------------------------------


def test_the_articles_formulas():
    assert convcost.separable(dk, m, n, df).macs == df**2 * dk**2 * m + df**2 * m * n
    assert sympy.factor(convcost.separable(dk, m, n, df).macs) == df**2 * m * (dk**2 + n)
    assert convcost.ratio(dk, m, n).macs == 1 / n + 1 / dk**2
    assert sympy.simplify(convcost.ratio(dk, m, n).macs - (1 / n + 1 / dk**2)) == 0
    published = (dk**2 * m + m * n + n) / ((dk**2 * m + 1) * n)
    assert sympy.simplify(convcost.ratio(dk, m, n).params - published) == 0


@pytest.mark.parametrize("kind", COSTS)
@given(drawn=sizes(), bias=BIASES, symbolic=st.sets(st.sampled_from(["dk", "m", "n", "df"])))
def test_symbols_substituted_equal_numbers(kind, drawn, bias, symbolic):
    mixed = {name: SYMBOLS[name] if name in symbolic else drawn[name] for name in drawn}
    cost, exact = call(kind, mixed, bias=bias), call(kind, drawn, bias=bias)
    values = {SYMBOLS[name]: drawn[name] for name in drawn}
    for quantity in QUANTITIES:
        assert sympy.sympify(getattr(cost, quantity)).subs(values) == getattr(exact, quantity)


@given(drawn=sizes(), bias=BIASES)
def test_symbolic_ratio_substituted_equals_the_fraction(drawn, bias):
    symbolic, exact = convcost.ratio(dk, m, n, bias=bias), call("ratio", drawn, bias=bias)
    values = {SYMBOLS[name]: drawn[name] for name in drawn}
    for quantity in ("params", "macs"):
        value, fraction = getattr(symbolic, quantity).subs(values), getattr(exact, quantity)
        assert (value.p, value.q) == (fraction.numerator, fraction.denominator)


def test_equal_polynomials_are_equal_costs():
    left, right = convcost.pointwise(m + 1, n, df), convcost.pointwise(1 + m, n, df)
    assert left == right
    expanded = convcost.Cost(sympy.expand(left.params), sympy.expand(left.macs), left.bias_adds)
    assert left == expanded
    assert hash(left) == hash(expanded)
    assert left != convcost.pointwise(m, n, df)


def test_sympy_numbers_come_back_as_pythons():
    cost = convcost.standard(sympy.Integer(3), 32, 64, 28)
    assert cost == convcost.standard(3, 32, 64, 28)
    assert type(cost.macs) is int
    assert convcost.pointwise(sympy.Rational(3, 2), 2, 1).macs == 3


def test_a_symbol_without_assumptions_is_taken():
    size = sympy.Symbol("c")
    assert convcost.pointwise(size, 2, 1, bias=False).macs == 2 * size


def test_arrays_and_symbols_mix():
    cost = convcost.separable(3, np.array([8, 16]), n, df)
    assert cost.macs.tolist() == [convcost.separable(3, c, n, df).macs for c in (8, 16)]
    ratio = convcost.ratio(3, np.array([8, 16]), n)
    assert [sympy.simplify(r - (1 / n + sympy.Rational(1, 9))) for r in ratio.macs] == [0, 0]


def test_symbols_module():
    import convcost.symbols as symbols

    assert dir(symbols) == ["df", "dk", "m", "n"]
    assert symbols.m is symbols.m
    with pytest.raises(AttributeError, match="no attribute 'k'"):
        _ = symbols.k


# --- fractions -----------------------------------------------------------------------------------


def test_fractions_stay_exact():
    cost = convcost.standard(3, Fraction(65, 2), 64, 28, bias=False)
    assert cost.macs == Fraction(65, 2) * 9 * 64 * 784
    assert cost.params == 18720
    assert convcost.standard(3, Fraction(32), 64, 28) == convcost.standard(3, 32, 64, 28)
    assert (cost / cost).macs == 1


def test_fractions_and_arrays_mix_exactly():
    cost = convcost.pointwise(Fraction(1, 3), np.array([3, 4]), 1, bias=False)
    assert cost.macs.tolist() == [1, Fraction(4, 3)]


def test_halving_again_and_again_is_one_division():
    from convcost._exact import arithmetic
    from convcost.symbols import symbol

    h = symbol("h")
    side = h
    for _ in range(5):
        side = arithmetic.ceil_divide(side, 2)
    assert side == arithmetic.ceil_divide(h, 32)
    for number in range(1, 200):
        whole = number
        for _ in range(5):
            whole = -(-whole // 2)
        assert side.subs(h, number) == whole


@given(st.lists(st.tuples(st.integers(-3, 3), st.integers(1, 4), st.booleans()), max_size=5))
def test_roundings_of_roundings_are_what_they_are_with_numbers(steps):
    from convcost._exact import arithmetic
    from convcost.symbols import symbol

    h = symbol("h")
    side = h
    for shift, divisor, up in steps:
        side = (arithmetic.ceil_divide if up else arithmetic.floor_divide)(side + shift, divisor)
    for number in (1, 7, 30, 31, 32, 100):
        whole = number
        for shift, divisor, up in steps:
            whole = -(-(whole + shift) // divisor) if up else (whole + shift) // divisor
        assert sympy.sympify(side).subs(h, number) == whole


def test_what_is_no_whole_number_is_rounded_as_it_is():
    from convcost._exact import arithmetic

    half = sympy.Rational(1, 2)
    assert arithmetic.floor_divide(m + half, 2) == sympy.floor((m + half) / 2)
    assert arithmetic.floor_divide(m / 3, 2) == sympy.floor(m / 6)
    assert arithmetic.may_equal(m * (m + 1), m**2 + m)
