"""SymPy expressions as sizes and counts: what they may be, their value, and their LaTeX."""

import math
from contextlib import contextmanager
from contextvars import ContextVar
from fractions import Fraction

import sympy
from sympy.core.function import Application

from convcost import symbols
from convcost.exact.scalars import check_scalar, refuse

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from convcost.exact.types import Count

_LATEX_NAMES = {"dk": "D_K", "m": "M", "n": "N", "df": "D_F"}


def check_expression(name: str, size: "Any", allowed: str) -> "Count":
    """Return an expression that can be a positive size; a number comes back as Python's own.

    Raises
    ------
    TypeError
        If it is no expression, or holds a floating-point number.
    ValueError
        If its assumptions say that it is not positive, not an integer, or not finite.
    """
    if not isinstance(size, sympy.Expr) or size.has(sympy.Float):
        refuse(TypeError, name, size, allowed)
    if isinstance(size, sympy.Rational):
        return check_scalar(name, _plain(size), allowed)
    # A plain Symbol("m") knows nothing about itself and is taken at the caller's word.
    if size.is_number or False in (size.is_positive, size.is_integer, size.is_finite):
        refuse(ValueError, name, size, allowed)
    return size


def canonical(count: "sympy.Expr") -> "Count":
    """Return the expanded form, in which equal polynomials are the same expression."""
    return _plain(sympy.expand(count))


def divide(dividend: "Count", divisor: "Count") -> "Count":
    """Return the quotient, expanded where that takes it apart: 1/n + 1/dk**2."""
    quotient = sympy.cancel(sympy.sympify(dividend) / sympy.sympify(divisor))
    _, denominator = sympy.fraction(quotient)
    return _plain(
        sympy.expand(quotient) if denominator.is_Mul or denominator.is_Symbol else quotient
    )


def total(summands: "list[Count]") -> "Count":
    """Return the sum of counts."""
    return _plain(sympy.Add(*map(sympy.sympify, summands)))


def floor_divide(dividend: "Count", divisor: "Count") -> "Count":
    """Return the quotient rounded down, in one form for all ways to write it."""
    if isinstance(divisor, int):
        return _plain(_floor(sympy.sympify(dividend), divisor))
    return _plain(sympy.floor(sympy.sympify(dividend) / divisor))


def ceil_divide(dividend: "Count", divisor: "Count") -> "Count":
    """Return the quotient rounded up, in one form for all ways to write it."""
    if isinstance(divisor, int):
        return _plain(_floor(sympy.sympify(dividend) + divisor - 1, divisor))
    return _plain(sympy.ceiling(sympy.sympify(dividend) / divisor))


def _floor(dividend: "sympy.Expr", divisor: int) -> "sympy.Expr":
    """Return floor(dividend / divisor) of a whole number, the sides of a chain of layers as one.

    floor((floor(x / a) + c) / b) is floor((x + c*a) / (a*b)), so halving five times is one division
    by 32, and two ways through a network that lead to the same side lead to the same expression.
    """
    dividend, divisor = _unnest(sympy.expand(dividend), divisor)
    constant, terms = dividend.as_coeff_add()
    if not constant.is_Integer:
        return sympy.floor(dividend / divisor)
    parts = [term.as_coeff_Mul() for term in terms]
    if not all(coefficient.is_Integer for coefficient, _ in parts):
        return sympy.floor(dividend / divisor)
    common = math.gcd(divisor, *(int(coefficient) for coefficient, _ in parts))
    divisor //= common
    whole, rest = divmod(int(constant) // common, divisor)
    outside: sympy.Expr = sympy.Integer(whole)
    inside: sympy.Expr = sympy.Integer(0)
    for coefficient, factor in parts:
        times, remainder = divmod(int(coefficient) // common, divisor)
        outside += times * factor
        inside += remainder * factor
    if inside == 0:
        return outside
    if rest == divisor - 1:
        return outside + sympy.ceiling(inside / divisor)
    return outside + sympy.floor((inside + rest) / divisor)


def _unnest(dividend: "sympy.Expr", divisor: int) -> "tuple[sympy.Expr, int]":
    """Return the fraction of a fraction that was rounded before as one fraction."""
    constant, terms = dividend.as_coeff_add()
    if len(terms) != 1 or not isinstance(terms[0], (sympy.floor, sympy.ceiling)):
        return dividend, divisor
    numerator, denominator = sympy.fraction(sympy.together(terms[0].args[0]))
    if not denominator.is_Integer:
        return dividend, divisor
    inner = int(denominator)
    if isinstance(terms[0], sympy.ceiling):
        numerator += inner - 1
    return sympy.expand(numerator + constant * inner), inner * divisor


def share(dividend: "Count", divisor: "Count") -> "Count":
    """Return the quotient of two counts of which one divides the other."""
    return _plain(sympy.sympify(dividend) / divisor)


def may_divide(divisor: "Count", dividend: "Count") -> bool:
    """Tell whether it can't be proved that a count leaves a remainder."""
    return (sympy.sympify(dividend) / divisor).is_integer is not False


def may_equal(left: "Count", right: "Count") -> bool:
    """Tell whether it can't be ruled out that counts are equal; note what is taken on trust."""
    if left == right:
        return True
    difference = sympy.expand(sympy.sympify(left) - right)
    if difference.is_zero is None:
        _conditions.get([]).append((left, right))
    return difference.is_zero is not False


_conditions: "ContextVar[list[tuple[Count, Count]]]" = ContextVar("conditions")


@contextmanager
def assuming() -> "Iterator[list[tuple[Count, Count]]]":
    """Gather the pairs of counts that are taken to be equal, since nothing rules it out.

    Examples
    --------
    >>> from convcost.symbols import m, n
    >>> with assuming() as conditions:
    ...     may_equal(m, n)
    True
    >>> conditions
    [(m, n)]
    """
    conditions: list[tuple[Count, Count]] = []
    token = _conditions.set(conditions)
    try:
        yield conditions
    finally:
        _conditions.reset(token)


def maximum(left: "Count", right: "Count") -> "Count":
    """Return the larger of two counts: one of them where that can be proved, else a Max."""
    if is_nonnegative(left - right):
        return left
    return right if is_nonnegative(right - left) else _undecided(sympy.Max, left, right)


def minimum(left: "Count", right: "Count") -> "Count":
    """Return the smaller of two counts: one of them where that can be proved, else a Min."""
    if is_nonnegative(left - right):
        return right
    return left if is_nonnegative(right - left) else _undecided(sympy.Min, left, right)


def _undecided(extreme: "type[sympy.Expr]", left: "Count", right: "Count") -> "sympy.Expr":
    # Unevaluated: SymPy would spend seconds on comparing what nests floors and maxima.
    return extreme(sympy.sympify(left), sympy.sympify(right), evaluate=False)


def is_nonnegative(expression: "Count") -> bool:
    """Tell whether it can be proved that an expression is 0 or more; polynomials alone can.

    SymPy knows of a positive integer k only that k > 0; that 32*k - 2 is positive, too, shows when
    k is written as 1 + t with t of 0 or more.
    """
    expression = sympy.sympify(expression)
    if expression.has(Application):
        return False
    counted = {
        symbol: 1 + sympy.Dummy(integer=True, nonnegative=True)
        for symbol in expression.free_symbols
        if symbol.is_integer and symbol.is_positive
    }
    return bool(sympy.expand(expression.subs(counted)).is_nonnegative)


def _plain(expression: "sympy.Expr") -> "Count":
    """Return a number as Python's own, and every other expression as it is.

    SymPy's fractions equal Python's, but have other hashes.
    """
    if expression.is_Integer:
        return int(expression)
    if expression.is_Rational:
        return Fraction(int(expression.p), int(expression.q))
    return expression


def latex(expression: "sympy.Expr") -> str:
    """Return the LaTeX of an expression; the library's symbols become D_K, M, N and D_F."""
    names = {symbols.symbol(name): letter for name, letter in _LATEX_NAMES.items()}
    return str(sympy.latex(expression, symbol_names=names))
