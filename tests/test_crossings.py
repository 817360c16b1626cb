"""Which symbols the crossings of two costs are asked about, and that no answer is negative."""

import re

import pytest
import sympy

import convcost
from convcost import Cost
from convcost.symbols import df, dk, m, n

DESIGNS = ("separable dk m n df", "standard dk m n df")


@pytest.fixture(scope="module")
def pair():
    return convcost.separable(dk, m, n, df), convcost.standard(dk, m, n, df)


def test_the_name_of_a_symbol_stands_for_it(pair):
    assert convcost.crossings(*pair, "n") == convcost.crossings(*pair, n)
    own = sympy.Symbol("filters", positive=True)
    assert convcost.crossings(Cost(0, own), Cost(0, 3), "filters") == (3,)


@pytest.mark.parametrize(
    ("symbol", "by", "message"),
    [
        ("N", "macs", "one of df, dk, m and n, which the macs of first and second have; got 'N';"
         " did you mean 'n'?"),
        ("k", "macs", "did you mean 'dk'?"),
        ("bias", "macs", "which the macs of first and second have; got 'bias'"),
        (df, "params", "one of dk, m and n, which the params of first and second have; got 'df'"),
        (sympy.Symbol("n"), "macs", "several symbols have the name 'n' but differ in their"),
    ],
)  # fmt: skip
def test_other_symbols_are_refused(pair, symbol, by, message):
    with pytest.raises(ValueError, match=f"^symbol must be .*{re.escape(message)}"):
        convcost.crossings(*pair, symbol, by)


def test_numbers_have_no_symbol():
    with pytest.raises(ValueError, match=r"but these are numbers: 9 and 8; got 'n'$"):
        convcost.crossings(Cost(0, 9), Cost(0, 8), n)


def test_a_name_of_two_symbols_is_refused():
    real = Cost(0, sympy.Symbol("n"))
    with pytest.raises(ValueError, match="several symbols have the name 'n'"):
        convcost.crossings(Cost(0, n), real, "n")


def test_no_answer_is_negative_for_every_size(pair):
    (side,) = convcost.crossings(*pair, dk, by="params")
    assert [side.subs(n, filters) for filters in (2, 5)] == [sympy.sqrt(2), sympy.sqrt(5) / 2]
    # Of dk = sqrt(m/(n - 1)) and its negative, whichever sign n - m has.
    (side,) = convcost.crossings(Cost(0, n * dk**2), Cost(0, m * dk**2 + 1), dk)
    assert side.subs({n: 5, m: 1}) == sympy.Rational(1, 2)
    # A root that is never positive, though it has no sign by its factors.
    assert convcost.crossings(Cost(0, n * dk + n), Cost(0, dk + 1), dk) == ()
    (filters,) = convcost.crossings(Cost(0, (n - m) * (n + m * dk)), Cost(0, 0), n)
    assert filters == m


def test_on_the_shell(run):
    for symbol in ("N", "k", "bias"):
        code, out, err = run("crossings", *DESIGNS, symbol)
        assert (code, out) == (2, "")
        assert (
            "symbol must be one of df, dk, m and n, which the macs of first and second have" in err
        )
    assert run("crossings", *DESIGNS, "dk", "--by", "params") == (
        0,
        "dk = sqrt(n)/sqrt(n - 1)\n",
        "",
    )
