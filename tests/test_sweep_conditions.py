"""Conditions and expressions: what they mean, and what is refused."""

import numpy as np
import pytest
from design_spaces import METHODS

import convcost
from convcost._sweeps import conditions, parser
from convcost._sweeps.polynomials import Atom, Polynomial


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
        ("macs < 1e400", ValueError, "have only finite numbers"),
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
