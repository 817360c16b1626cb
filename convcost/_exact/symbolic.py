"""SymPy expressions as sizes and counts: checks, arithmetic and LaTeX."""

import math
from contextlib import contextmanager
from contextvars import ContextVar
from fractions import Fraction

import sympy
from sympy.core.function import Application

from convcost import symbols
from convcost._exact.backend import Backend
from convcost._exact.scalars import QUOTIENT, check_scalar, refuse

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Hashable, Iterator

    from convcost._exact.types import Count

# The most terms of a sum that are printed in SymPy's order.
_MOST_ORDERED = 200
_LATEX_NAMES = {"dk": "D_K", "m": "M", "n": "N", "df": "D_F"}


class Symbolic(Backend):
    """Computes with SymPy expressions, also mixed with numbers."""

    precedence = 1

    def check(self, name: str, value: object, allowed: str) -> "Count":
        """Return an expression that can be a positive size; numbers become Python numbers.

        Raises
        ------
        TypeError
            If it is not an expression, or contains a floating-point number.
        ValueError
            If its assumptions say that it is not positive, not an integer, or not finite.
        """
        if not isinstance(value, sympy.Expr) or value.has(sympy.Float):
            refuse(TypeError, name, value, allowed)
        if isinstance(value, sympy.Rational):
            return check_scalar(name, _plain(value), allowed)
        # A plain Symbol("m") has no assumptions and is accepted.
        is_size = value.is_positive, value.is_integer, value.is_finite
        is_quotient = value.is_nonnegative, value.is_finite
        if value.is_number or False in (is_quotient if allowed is QUOTIENT else is_size):
            refuse(ValueError, name, value, allowed)
        return value

    def require_integers(self, name: str, size: "Count", allowed: str, given: object) -> "Count":
        return size

    def quotient(self, dividend: "Count", divisor: "Count") -> "Count":
        # Expanded if that splits it into simple terms: 1/n + 1/dk**2.
        quotient = sympy.cancel(sympy.sympify(dividend) / sympy.sympify(divisor))
        _, denominator = sympy.fraction(quotient)
        apart = denominator.is_Mul or denominator.is_Symbol
        exact = _plain(sympy.expand(quotient) if apart else quotient)
        return Fraction(exact) if isinstance(exact, int) else exact

    def total(self, name: str, summands: "list[Count]") -> "Count":
        # All at once: SymPy goes over the whole sum for each term that is added to it.
        return _plain(sympy.Add(*map(sympy.sympify, summands)))

    def floor_divide(self, dividend: "Count", divisor: "Count") -> "Count":
        if isinstance(divisor, int):
            return _plain(_floor(sympy.sympify(dividend), divisor))
        return _plain(sympy.floor(sympy.sympify(dividend) / divisor))

    def ceil_divide(self, dividend: "Count", divisor: "Count") -> "Count":
        if isinstance(divisor, int):
            return _plain(_floor(sympy.sympify(dividend) + divisor - 1, divisor))
        return _plain(sympy.ceiling(sympy.sympify(dividend) / divisor))

    def divide_evenly(self, dividend: "Count", divisor: "Count") -> "Count":
        return _plain(sympy.sympify(dividend) / divisor)

    def maximum(self, left: "Count", right: "Count") -> "Count":
        if _is_nonnegative(left - right):
            return left
        return right if _is_nonnegative(right - left) else _undecided(sympy.Max, left, right)

    def minimum(self, left: "Count", right: "Count") -> "Count":
        if _is_nonnegative(left - right):
            return right
        return left if _is_nonnegative(right - left) else _undecided(sympy.Min, left, right)

    def find_empty(self, name: str, side: "Count") -> str | None:
        return name if _is_nonnegative(-side) else None

    def divides(self, divisor: "Count", dividend: "Count") -> bool:
        return (sympy.sympify(dividend) / divisor).is_integer is not False

    def is_equal(self, left: "Count", right: "Count") -> bool:
        return bool(self.canonical(left) == self.canonical(right))

    def may_equal(self, left: "Count", right: "Count") -> bool:
        if left == right:
            return True
        # What can't be proved is recorded, see `assuming`.
        difference = sympy.expand(sympy.sympify(left) - right)
        if difference.is_zero is None:
            _conditions.get([]).append((left, right))
        return difference.is_zero is not False

    def canonical(self, count: "Count") -> "Hashable":
        # Equal polynomials expand to the same expression.
        value: Hashable = _plain(sympy.expand(count)) if isinstance(count, sympy.Expr) else count
        return value

    def source(self, count: "Count") -> str:
        # SymPy takes seconds to put thousands of terms in order.
        many = isinstance(count, sympy.Add) and len(count.args) > _MOST_ORDERED
        return str(sympy.sstr(count, order="none" if many else None))

    text = brief = source

    def latex(self, count: "Count") -> str:
        names = {symbols.symbol(name): letter for name, letter in _LATEX_NAMES.items()}
        return str(sympy.latex(count, symbol_names=names))


def _floor(dividend: "sympy.Expr", divisor: int) -> "sympy.Expr":
    """Return floor(dividend / divisor) of an integer, with nested divisions merged into one.

    floor((floor(x / a) + c) / b) is floor((x + c*a) / (a*b)), so halving five times is one division
    by 32, and two paths through a network that lead to the same side give the same expression.
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
    # Unevaluated: no integer is left to take out of it, and SymPy would look for one for 7 ms.
    if rest == divisor - 1:
        return outside + sympy.ceiling(inside / divisor, evaluate=False)
    return outside + sympy.floor((inside + rest) / divisor, evaluate=False)


def _unnest(dividend: "sympy.Expr", divisor: int) -> "tuple[sympy.Expr, int]":
    """Return the division of a rounded fraction as one division."""
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


_conditions: "ContextVar[list[tuple[Count, Count]]]" = ContextVar("conditions")


@contextmanager
def assuming() -> "Iterator[list[tuple[Count, Count]]]":
    """Collect the pairs of counts that are assumed to be equal because nothing rules it out.

    Examples
    --------
    >>> from convcost.symbols import m, n
    >>> with assuming() as conditions:
    ...     Symbolic().may_equal(m, n)
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


def _undecided(extreme: "type[sympy.Expr]", left: "Count", right: "Count") -> "sympy.Expr":
    # Unevaluated: SymPy would spend seconds on comparing nested floors and maxima.
    return extreme(sympy.sympify(left), sympy.sympify(right), evaluate=False)


def _is_nonnegative(expression: "Count") -> bool:
    """Tell whether an expression can be proved non-negative; only polynomials can.

    All that SymPy knows about a positive integer k is k > 0. Substituting k = 1 + t, with t >= 0,
    also proves that 32*k - 2 is positive.
    """
    expression = sympy.sympify(expression)
    known = _is_sum_nonnegative(expression)
    if known is not None:
        return known
    if expression.has(Application):
        return False
    counted = {
        symbol: 1 + sympy.Dummy(integer=True, nonnegative=True)
        for symbol in expression.free_symbols
        if symbol.is_integer and symbol.is_positive
    }
    return bool(sympy.expand(expression.subs(counted)).is_nonnegative)


def _is_sum_nonnegative(expression: "sympy.Expr") -> bool | None:
    """Tell the same of a sum of multiples of positive integer symbols, exactly and at once.

    SymPy takes 10 ms for h - 7, and a model may have thousands of such sides.
    """
    constant, terms = expression.as_coeff_add()
    parts = [term.as_coeff_Mul() for term in terms]
    if not all(one.is_Symbol and one.is_integer and one.is_positive for _, one in parts):
        return None
    factors = [factor for factor, _ in parts]
    # Each symbol is at least 1, and may be as large as you like.
    return bool(sum(factors, constant) >= 0) and all(factor >= 0 for factor in factors)


def _plain(expression: "sympy.Expr") -> "Count":
    """Return a number as a Python number, and any other expression unchanged.

    SymPy's fractions equal Python's, but have different hashes.
    """
    if expression.is_Integer:
        return int(expression)
    if expression.is_Rational:
        return Fraction(int(expression.p), int(expression.q))
    return expression
