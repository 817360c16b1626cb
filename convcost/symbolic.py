"""SymPy expressions as sizes and counts: what they may be, their value, and their LaTeX."""

import sympy

from convcost import symbols
from convcost.exact import check_scalar, refuse

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from convcost._typing import Count

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
    if isinstance(size, sympy.Integer):
        return check_scalar(name, int(size), allowed)
    if isinstance(size, sympy.Rational):
        from fractions import Fraction

        return check_scalar(name, Fraction(int(size.p), int(size.q)), allowed)
    # A plain Symbol("m") knows nothing about itself and is taken at the caller's word.
    if size.is_number or False in (size.is_positive, size.is_integer, size.is_finite):
        refuse(ValueError, name, size, allowed)
    return size


def canonical(count: "sympy.Expr") -> "sympy.Expr":
    """Return the expanded form, in which equal polynomials are the same expression."""
    return sympy.expand(count)


def divide(dividend: "Count", divisor: "Count") -> "Count":
    """Return the quotient, expanded where that takes it apart: 1/n + 1/dk**2."""
    quotient = sympy.cancel(sympy.sympify(dividend) / sympy.sympify(divisor))
    _, denominator = sympy.fraction(quotient)
    return sympy.expand(quotient) if denominator.is_Mul or denominator.is_Symbol else quotient


def latex(expression: "sympy.Expr") -> str:
    """Return the LaTeX of an expression; the library's symbols become D_K, M, N and D_F."""
    names = {symbols.symbol(name): letter for name, letter in _LATEX_NAMES.items()}
    return str(sympy.latex(expression, symbol_names=names))
