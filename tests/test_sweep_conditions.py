"""Conditions and expressions: what they mean, and what is refused."""

import operator
import time
from fractions import Fraction

import numpy as np
import pytest
from design_spaces import METHODS
from hypothesis import given
from hypothesis import strategies as st

import convcost
from convcost._sweeps import conditions, parser
from convcost._sweeps.polynomials import Atom, Polynomial
from convcost.layers import Conv2D


@pytest.mark.parametrize(
    ("where", "error", "message"),
    [
        ("macs <", ValueError, "where must be an expression in params, .*invalid syntax"),
        ("macs", ValueError, 'where must be a comparison, such as "macs <= 3e8"; got macs'),
        ("mac <= 3", ValueError, "n and df as names; got mac in 'mac <= 3'; did you mean 'macs'"),
        ("macs = 3", ValueError, "write == for equal"),
        ("macs < 3 && m > 1", ValueError, "and `and`, `or`, `not`"),
        ("macs <= 1,000,000", ValueError, "no commas in numbers: write 1000000, 1_000_000 or 1e6"),
        ("macs <= zzz", ValueError, r"and df as names; got zzz in 'macs <= zzz'$"),
        ("macs <= '3'", ValueError, r"got '3' in"),
        ("macs <= True", ValueError, "got True"),
        ("macs <= __import__('os').system('ls')", ValueError, "got __import__"),
        ("macs.real <= 3", ValueError, r"got macs\.real"),
        ("macs is params", ValueError, "got macs is params"),
        ("macs / bias_adds < 3", ValueError, "divide only by positive expressions"),
        ("macs / (m - n) < 3", ValueError, "divide only by positive expressions; got m - n"),
        ("macs % 3 == 0", ValueError, "use // and % only on an axis"),
        ("m % 0 == 0", ValueError, "with a positive integer after them"),
        ("m % 1.5 == 0", ValueError, "with a positive integer after them"),
        ("m ** n < 3", ValueError, "have only powers that are integers from 0 to 16"),
        ("m ** -1 < 3", ValueError, "have only powers that are integers"),
        ("((m + n)**16 + (m + df)**16)**16 < 3", ValueError, "shorter"),
        ("macs < 1e601", ValueError, "have numbers with at most 600 digits; got 1e601"),
        ("m in 3", ValueError, "list the values after in, in parentheses"),
        ("m in (3, 'x')", ValueError, "got 'x'"),
        ("m << 2 < 3", ValueError, "got m << 2"),
        ("[macs] < 3", ValueError, r"got \[macs\]"),
        (3, TypeError, 'where must be a condition such as "macs <= 3e8"'),
        (["macs < 3", 4], TypeError, "where must be"),
        ("(" * 1000 + "macs" + ")" * 1000 + " < 1", ValueError, "where must be an expression"),
    ],
)
def test_what_is_no_condition_is_refused(where, error, message):
    space = convcost.Space(convcost.separable, dk=[3], m=[1, 2], n=[1, 2], df=[1])
    with pytest.raises(error, match=message):
        space.count(where)


@pytest.mark.parametrize(
    ("where", "shown"),
    [
        ("macs <= <= 3e8", "invalid syntax at column 9\n    macs <= <= 3e8\n            ^"),
        ("  (macs <= 3", "'(' was never closed at column 1\n    (macs <= 3\n    ^"),
        ("macs <", "invalid syntax at column 7\n    macs <\n          ^"),
        ("", "invalid syntax at column 1\n    \n    ^"),
    ],
)  # fmt: skip
def test_a_condition_with_an_error_in_its_syntax_is_shown_with_the_column(where, shown):
    space = convcost.Space(convcost.separable, dk=[3], m=[1, 2], n=[1, 2], df=[1])
    names = "params, macs, bias_adds, flops, dk, m, n and df"
    with pytest.raises(ValueError, match="where must be") as error:
        space.count(where)
    assert str(error.value) == f"where must be an expression in {names}: {shown}"


def test_a_condition_that_python_cannot_parse_is_refused_in_few_words():
    space = convcost.Space(convcost.separable, dk=[3], m=[1, 2], n=[1, 2], df=[1])
    for long in ("macs < " + "-" * 100_000 + "1", "macs < \0"):
        with pytest.raises(ValueError, match=r"too long|null bytes") as error:
            space.count(long)
        assert len(str(error.value)) < 300


def test_numbers_have_units():
    space = convcost.Space(convcost.separable, dk=[3, 5], m=range(1, 9), n=range(1, 9), df=7)
    for with_units, plain in (
        ("macs < 9k", "macs < 9000"),
        ("macs<=1.2345k*2 and m in (0.001k, 2, 0.003k)", "macs <= 2469 and m in (1, 2, 3)"),
        ("9k > flops > 2e3", "9000 > flops > 2000"),
        ("m % 0.002k == 0 or n > 3or m < 0x2", "m % 2 == 0 or n > 3 or m < 2"),
        ("(1_0k >= macs\n+ 1M - 1M)", "10000 >= macs"),
    ):
        assert space.count(with_units) == space.count(plain) > 0, with_units
    assert space.top(3, "macs + 1k * params").equals(space.top(3, "macs + 1000 * params"))
    demand = "where must have numbers such as 300000000, 3e8, 1k, 300M or 1.5G; got"
    for where, said in (
        ("macs < 300m", f"{demand} 300m in 'macs < 300m'; did you mean '300M'?"),
        ("macs < 4MiB", f"{demand} 4MiB in 'macs < 4MiB', which is a size in bytes"),
        ("macs < 3million", f"{demand} 3million in 'macs < 3million'"),
        ("macs < 3M\u00e9", f"{demand} 3M\u00e9 in 'macs < 3M\u00e9'; did you mean '3M'?"),
        ("macs < 1_k", f"{demand} 1_k in 'macs < 1_k'; did you mean '1K'?"),
    ):
        with pytest.raises(ValueError, match="where must") as error:
            space.count(where)
        assert str(error.value) == said
    with pytest.raises(ValueError, match=r"at column \d+\n    macs < 300M M\n"):
        space.count("macs < 300M M")
    with pytest.raises(ValueError, match="where must be shorter"):
        space.count("macs < 1e999M")


def test_flops_are_twice_the_macs():
    space = convcost.Space(convcost.separable, dk=[3, 5], m=range(1, 9), n=range(1, 9), df=7)
    assert space.count("flops <= 9000") == space.count("macs <= 4500") > 0


def test_categories_are_decided_for_all_boxes_alike():
    names = conditions.Names((), {"padding": ("same", "valid")})
    condition = parser.parse_conditions("not padding == 'same'", names)
    assert condition.decide({}, {"padding": "valid"}) == (True, True)
    for wrong, message in (
        ("padding < 'same'", "compare padding with == or !="),
        ("padding == 'causal'", "compare padding with 'same' or 'valid'"),
        ("padding == macs", "with one of its values"),
    ):
        with pytest.raises(ValueError, match=message):
            parser.parse_conditions(wrong, names)


def test_a_condition_caps_what_is_looked_for():
    names = conditions.Names(("m",), {})

    def cap(where, by):
        condition = parser.parse_conditions(where, names)
        return conditions.largest_allowed(condition, parser.parse_expression("by", by, names))

    assert cap("macs <= 7 and m > 2", "macs") == 7
    assert cap("2 * macs + m < 7", "2 * macs + m") == 6
    assert cap("macs >= 7", "-macs") == -7
    assert cap("macs > 7", "-2 * macs") == -15
    assert cap("m == 7", "3 * m - 1") == 20
    for where, by in (("macs >= 7", "macs"), ("macs + m <= 7", "macs"), ("m < 3", "macs"),
                      ("not macs > 7", "macs"), ("m < 3", "3"), ("m != 3", "m")):  # fmt: skip
        assert cap(where, by) == float("inf")
    floors = convcost.Space(convcost.separable, dk=[3], m=range(1, 40), n=[4], df=[7])
    for method in METHODS:
        assert floors.count("m // 7 == 3", method=method) == 7
        assert floors.count("m % 7 == 3", method=method) == 6


def test_polynomials_bound_what_they_are():
    m, n = Atom("m"), Atom("n")
    p = Polynomial.of(m) * Polynomial.of(n) - Polynomial.of(n) * Polynomial.constant(3)
    low, high = p.bounds({m: (2, 5), n: (1, 4)})
    inside = [a * b - 3 * b for a in range(2, 6) for b in range(1, 5)]
    assert low <= min(inside)
    assert high >= max(inside)
    assert p.whole() == p
    assert (p - p).value == 0
    # float64 can't tell these apart; the exact numbers can.
    big = Polynomial.of(m) - Polynomial.of(n)
    sides = {m: (np.array([2**62 + 1]),) * 2, n: (np.array([2**62]),) * 2}
    assert big.signs(sides)[0] > 0


def test_floats_that_overflow_are_decided_exactly():
    space = convcost.Space(
        convcost.standard, dk=[3], m=[10**3, 10**4, 10**5], n=[10**3, 10**4, 10**5], df=[100]
    )
    for method in METHODS:
        assert space.count("macs*1e300 > params*1e303", method=method) == 9
        assert space.count("macs*1e300*1e280 > params*1e303*1e280", method=method) == 9
        assert space.count("macs**16*1e300 == macs**16*1e300 + 1", method=method) == 0
        assert space.count("1e300*1e300 > m", method=method) == 9
        assert space.count("macs**10 * macs**10 > m*1e200", method=method) == 9
        assert space.top(1, "macs", "macs <= -1e30", method=method).empty


def test_remainders_by_numbers_beyond_int64():
    space = convcost.Space(convcost.separable, dk=[3], m=range(1, 9), n=[4], df=[7])
    for method in METHODS:
        for number in (str(2**63), "1e30", str(10**40), str(2**63 - 1)):
            assert space.count(f"m % {number} == 3", method=method) == 1
            assert space.count(f"m // {number} == 0", method=method) == 8
            assert space.count(f"m // {number} > 0", method=method) == 0


def long(separator, number, text):
    return separator.join(text.format(i) for i in range(number))


@pytest.mark.parametrize(
    ("where", "answer"),
    [
        (f"m in ({long(',', 20_000, '{}')})", 8),
        (f"m not in ({long(',', 20_000, '{}')})", 0),
        (f"2 * macs - params in [{long(',', 20_000, '{}.5')}]", 0),
        (f"m / 3 in ({long(',', 20_000, '{}')}, 1e300)", 2),
        (f"macs in ({'1,' * 20_000} {10**30}, -{10**30})", 0),
        (f"{'('* 90}m{')' * 90} > 2", 6),
        (f"m > {'-' * 90}2", 6),
        ("m in ()", 0),
        ("5 in (1, 5)", 8),
        ("macs*1e30 in (3, 576e30, 577e30)", 1),
        ("m in (n, 3)", 2),
        ("macs / params in (m, 3)", 0),
        ("(m\r\n> 2) and (m\n> 1.5)", 6),
        ("m > 1e-600", 8),
    ],
)  # fmt: skip
def test_long_conditions_are_answered_in_seconds(where, answer):
    space = convcost.Space(convcost.standard, dk=[3], m=range(1, 9), n=[4], df=[4])
    start = time.process_time()
    for method in METHODS:
        assert space.count(where, method=method) == answer
    assert time.process_time() - start < 30  # a second, or many more under coverage


@pytest.mark.parametrize(
    ("where", "message"),
    [
        (f"macs > {long('+', 900, '1')}", "too long, or nested too deeply"),
        ("not " * 500 + "m > 2", "too long, or nested too deeply"),
        ("m > 2 #" + "x" * 1_000_000, "too long, or nested too deeply"),
        ("m > '\ud800'", "too long, or nested too deeply"),
        (long(" or ", 5000, "m == {}"), "at most 500 comparisons in all; got m == 500 .*write m"),
        (f"1 < {'m < ' * 3000} 3", "at most 500 comparisons"),
        ([f"m > {i}" for i in range(5000)], "at most 500 comparisons in all; got m"),
        (f"macs / params in ({long(',', 20_000, '{}')})", "at most 500 comparisons"),
        ("macs > 1e-999999999", "numbers with at most 600 digits; got 1e-999999999"),
        ("macs > 1e-99999999999999999999", "numbers with at most 600 digits"),
        ("macs > 1e-601", "numbers with at most 600 digits"),
        (f"macs > 0.{'0' * 5000}1", "numbers with at most 600 digits"),
        (f"macs > 1{'0' * 5000}", "Exceeds the limit"),
        (f"macs > 0x{'f' * 100_000}", "shorter"),
        ("((macs**16)**16)**16 > 1", "shorter"),
        ("(m+n+1)**15/((m+df+2)**15) > (m+n+2)**15/((m+df+3)**15)", "shorter"),
        (f"m >> 1 and {'1' * 9} > > {'1' * 2000}", "invalid syntax at column"),
        (f"m > {'x' * 100_000}", "as names"),
    ],
    ids=lambda value: str(value)[:30],
)  # fmt: skip
def test_what_would_take_long_is_refused_in_few_words(where, message):
    space = convcost.Space(convcost.standard, dk=3, m=range(1, 9), n=[4, 5], df=[4, 5])
    start = time.process_time()
    with pytest.raises(ValueError, match=message) as error:
        space.count(where)
    assert time.process_time() - start < 30
    assert len(str(error.value)) < 800


def test_conditions_of_one_question_share_their_limits():
    space = convcost.Space(convcost.standard, dk=3, m=range(1, 9), n=[4, 5], df=[4, 5])
    one = "(m+n+1)**16 > 5"
    assert space.count([one] * 3) == space.size
    with pytest.raises(ValueError, match=r"it would take too long to multiply out; got \(m\+n"):
        space.count([one] * 30)


def test_numbers_beyond_the_largest_float_are_read_as_written():
    space = convcost.Space(convcost.standard, dk=3, m=range(1, 9), n=[4, 5], df=[4, 5])
    assert space.count("m * 1e400 > 3e400") == space.size * 5 // 8
    assert space.count("m * 1e-400 > 3e-400") == space.size * 5 // 8


def test_python_warns_of_no_condition(recwarn):
    space = convcost.Space(convcost.standard, dk=3, m=range(1, 9), n=[4, 5], df=[4, 5])
    assert space.count("m > 3or n > 4") == space.size * 13 // 16
    with pytest.raises(ValueError, match="must compare sums"):
        space.count("m > '\\d'")
    assert not recwarn.list


def test_a_condition_over_several_lines_is_quoted_in_one():
    space = convcost.Space(convcost.standard, dk=3, m=range(1, 9), n=[4, 5], df=[4, 5])
    assert space.count("(m > 3\n and n > 4)") == space.size * 5 // 16
    with pytest.raises(ValueError, match=r"got m is \(1, 2\) in") as caught:
        space.count("m is (1,\n 2)")
    assert "\n" not in str(caught.value)


def test_a_category_is_one_of_many():
    kernels = [(3, 3), *((1, one) for one in range(1, 30))]
    space = convcost.Space(Conv2D, filters=[4, 8], kernel_size=kernels, padding="same",
                           input_shape=(32, 32, 3))  # fmt: skip
    assert space.count(f"kernel_size in ({'(1, 3), (3, 3), ' * 3000})") == 4
    assert space.count("kernel_size not in [(1, 3)]") == 58
    with pytest.raises(ValueError, match=r"compare kernel_size with \(3, 3\) or .*, or 20 more"):
        space.count("kernel_size == (9, 9)")


NUMBERS = ["0", "1", "3", "7", "0.1", "2.5e3", "1e19", "1e30", "1e300", "1e-300", "123456789"]
NAMES = ["params", "macs", "bias_adds", "flops", "m", "n"]
DESIGNS = {"m": [1, 2, 7, 2**20, 2**31], "n": [1, 3, 2**16]}
COMPARISONS = {"<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge,
               "==": operator.eq, "!=": operator.ne}  # fmt: skip


def binary(left, right, symbol):
    combine = {"+": operator.add, "-": operator.sub, "*": operator.mul}[symbol]
    return f"({left[0]} {symbol} {right[0]})", lambda d: combine(left[1](d), right[1](d))


def constant(text):
    return text, lambda d: Fraction(text)


def divided(left, name):
    return f"({left[0]} / {name})", lambda d: left[1](d) / d[name]


def wrapped(name, symbol, number):
    whole = int(Fraction(number))
    combine = operator.mod if symbol == "%" else operator.floordiv
    return f"({name} {symbol} {number})", lambda d: Fraction(combine(int(d[name]), whole))


VALUES = st.recursive(
    st.one_of(
        st.sampled_from(NUMBERS).map(constant),
        st.sampled_from(NAMES).map(lambda name: (name, lambda d: d[name])),
        st.builds(wrapped, st.sampled_from("mn"), st.sampled_from(["%", "//"]),
                  st.sampled_from(["1", "3", "1e19", "1e30", "123456789"])),
    ),
    lambda inner: st.one_of(
        st.builds(binary, inner, inner, st.sampled_from("+-*")),
        st.builds(divided, inner, st.sampled_from(["params", "macs", "m"])),
    ),
    max_leaves=6,
)  # fmt: skip


def compared(left, symbol, right):
    return f"{left[0]} {symbol} {right[0]}", lambda d: COMPARISONS[symbol](left[1](d), right[1](d))


def among(left, numbers):
    text = f"{left[0]} in ({', '.join(numbers)},)"
    return text, lambda d: left[1](d) in [Fraction(number) for number in numbers]


HELD = st.recursive(
    st.one_of(
        st.builds(compared, VALUES, st.sampled_from(sorted(COMPARISONS)), VALUES),
        st.builds(among, VALUES, st.lists(st.sampled_from(NUMBERS), min_size=1, max_size=5)),
    ),
    lambda inner: st.one_of(
        st.builds(lambda one: (f"not ({one[0]})", lambda d: not one[1](d)), inner),
        st.builds(lambda a, b: (f"({a[0]}) and ({b[0]})", lambda d: a[1](d) and b[1](d)),
                  inner, inner),
        st.builds(lambda a, b: (f"({a[0]}) or ({b[0]})", lambda d: a[1](d) or b[1](d)),
                  inner, inner),
    ),
    max_leaves=3,
)  # fmt: skip


@given(HELD, st.sampled_from(METHODS))
def test_conditions_hold_where_exact_fractions_say_so(held, method):
    text, holds = held
    space = convcost.Space(convcost.pointwise, df=[3], **DESIGNS)
    refusal = ""
    try:
        found = space.count(text, method=method)
    except ValueError as error:
        refusal = str(error)
    if refusal:
        assert "be shorter" in refusal
        assert text.count("1e300") + text.count("1e-300") > 1
        return
    expected = 0
    for m in DESIGNS["m"]:
        for n in DESIGNS["n"]:
            cost = convcost.pointwise(m, n, 3)
            counts = {name: Fraction(getattr(cost, name)) for name in NAMES[:4]}
            expected += holds({**counts, "m": Fraction(m), "n": Fraction(n)})
    assert found == expected
