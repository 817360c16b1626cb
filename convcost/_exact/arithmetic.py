"""Arithmetic on counts of every kind (integers, fractions, SymPy expressions, arrays), kept exact.

Two Python integers are computed directly; everything else goes to the backend of its kind.
"""

from convcost._exact.dispatch import backend_for

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Hashable

    from convcost._exact.types import Count


def add(name: str, left: "Count", right: "Count") -> "Count":
    """Add two counts; arrays raise an OverflowError with that name instead of wrapping."""
    if type(left) is int and type(right) is int:
        return left + right
    return backend_for(left, right).add(name, left, right)


def total(name: str, summands: "list[Count]") -> "Count":
    """Add up any number of counts.

    Examples
    --------
    >>> total("macs", [1, 2, 3])
    6
    """
    if all(type(summand) is int for summand in summands):
        return sum(summands)
    return backend_for(*summands).total(name, summands)


def multiply(name: str, left: "Count", right: "Count") -> "Count":
    """Multiply two counts; arrays raise an OverflowError with that name instead of wrapping."""
    if type(left) is int and type(right) is int:
        return left * right
    return backend_for(left, right).multiply(name, left, right)


def elements(*sides: "Count") -> "Count":
    """Return the number of elements of a shape with these sides.

    Examples
    --------
    >>> elements(28, 28, 32), elements()
    (25088, 1)
    """
    number: Count = 1
    for side in sides:
        number = multiply("elements", number, side)
    return number


def floor_divide(dividend: "Count", divisor: "Count") -> "Count":
    """Return a quotient rounded down.

    Examples
    --------
    >>> floor_divide(7, 2)
    3
    >>> from convcost.symbols import m
    >>> floor_divide(m, 2), floor_divide(4 * m + 3, 2)
    (floor(m/2), 2*m + 1)
    """
    if type(dividend) is int and type(divisor) is int:
        return dividend // divisor
    return backend_for(dividend, divisor).floor_divide(dividend, divisor)


def ceil_divide(dividend: "Count", divisor: "Count") -> "Count":
    """Return a quotient rounded up."""
    if type(dividend) is int and type(divisor) is int:
        return -(-dividend // divisor)
    return backend_for(dividend, divisor).ceil_divide(dividend, divisor)


def divide_evenly(dividend: "Count", divisor: "Count") -> "Count":
    """Return the quotient of a count and one of its divisors."""
    if type(dividend) is int and type(divisor) is int:
        return dividend // divisor
    return backend_for(dividend, divisor).divide_evenly(dividend, divisor)


def maximum(left: "Count", right: "Count") -> "Count":
    """Return the larger of two counts.

    Examples
    --------
    >>> from fractions import Fraction
    >>> maximum(3, Fraction(7, 2))
    Fraction(7, 2)
    """
    return backend_for(left, right).maximum(left, right)


def minimum(left: "Count", right: "Count") -> "Count":
    """Return the smaller of two counts."""
    return backend_for(left, right).minimum(left, right)


def find_empty(name: str, side: "Count") -> str | None:
    """Return the name of the first side that is less than 1, if any; symbols only if proved.

    Examples
    --------
    >>> find_empty("side", 0), find_empty("side", 1)
    ('side', None)
    """
    if type(side) is int:
        return name if side < 1 else None
    return backend_for(side).find_empty(name, side)


def divides(divisor: "Count", dividend: "Count") -> bool:
    """Tell whether a count divides another everywhere; for symbols, whether it may.

    Examples
    --------
    >>> divides(4, 64), divides(3, 64)
    (True, False)
    """
    if type(divisor) is int and type(dividend) is int:
        return dividend % divisor == 0
    return backend_for(divisor, dividend).divides(divisor, dividend)


def divide(name: str, dividend: "Count", divisor: "Count") -> "Count":
    """Return the quotient of two counts: a Fraction, a SymPy expression, or a float64 array.

    Raises
    ------
    ZeroDivisionError
        If the divisor is zero; the message names the quantity.
    """
    return backend_for(dividend, divisor).divide(name, dividend, divisor)


def is_equal(left: "Count", right: "Count") -> bool:
    """Tell whether two counts have the same value, and for arrays the same shape."""
    return backend_for(left, right).is_equal(left, right)


def may_equal(left: "Count", right: "Count") -> bool:
    """Tell whether two counts are equal, for arrays everywhere; for symbols, whether they may be.

    Examples
    --------
    >>> from convcost.symbols import m
    >>> may_equal(m, m), may_equal(m, 3), may_equal(m, m + 1)
    (True, True, False)
    """
    return backend_for(left, right).may_equal(left, right)


def canonical(count: "Count") -> "Hashable":
    """Return the form of the count that comparisons and hashes use."""
    return backend_for(count).canonical(count)


def source(count: "Count") -> str:
    """Return the count as Python source if it is short enough: 2400, m*n, array([1, 2])."""
    return backend_for(count).source(count)


def text(count: "Count") -> str:
    """Return the count for a printed cost: 28,901,376, an expression, an array's range."""
    return backend_for(count).text(count)


def brief(count: "Count") -> str:
    """Return the count as an explanation shows it: digits, a symbol, an array's range."""
    return backend_for(count).brief(count)


def latex(count: "Count") -> str:
    """Return the count as LaTeX."""
    return backend_for(count).latex(count)
