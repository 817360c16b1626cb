"""Arithmetic on counts of every kind (integers, fractions, SymPy expressions, arrays), kept exact.

Arrays and expressions are recognised without importing NumPy or SymPy, and handed to the module
that knows them.
"""

from convcost.exact import is_array, printable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Hashable

    from convcost._typing import Count, Formula


def is_expression(count: "Count") -> bool:
    """Tell whether a count is a SymPy expression."""
    return hasattr(count, "free_symbols")


def require_fit(formula: "Formula", sizes: "tuple[Count, ...]", bias: int) -> None:
    """Raise OverflowError if there are int64 arrays and a count does not fit into int64."""
    if any(map(is_array, sizes)):
        from convcost import arrays

        arrays.require_int64(formula, sizes, bias)


def add(quantity: str, left: "Count", right: "Count") -> "Count":
    """Add two counts; arrays raise OverflowError, by the quantity's name, rather than wrap."""
    if is_array(left) or is_array(right):
        from convcost import arrays

        return arrays.add(quantity, left, right)
    return left + right


def divide(quantity: str, dividend: "Count", divisor: "Count") -> "Count":
    """Divide two counts: a Fraction, a SymPy expression, or an array of float64.

    Raises
    ------
    ZeroDivisionError
        If the divisor is zero; names the quantity.
    """
    if is_array(dividend) or is_array(divisor):
        from convcost import arrays

        return arrays.divide(quantity, dividend, divisor)
    if divisor == 0:
        raise ZeroDivisionError(f"the divisor has {quantity} of 0: there is no ratio to it")
    if is_expression(dividend) or is_expression(divisor):
        from convcost import symbolic

        return symbolic.divide(dividend, divisor)
    from fractions import Fraction

    return Fraction(dividend) / divisor


def is_equal(left: "Count", right: "Count") -> bool:
    """Tell whether two counts have the same value, and the same shape where they are arrays."""
    if is_array(left) or is_array(right):
        from convcost import arrays

        return arrays.is_equal(left, right)
    return bool(canonical(left) == canonical(right))


def canonical(count: "Count") -> "Hashable":
    """Return what stands for the count's value in comparisons and hashes."""
    if is_array(count):
        raise TypeError("costs and ratios of arrays cannot be hashed: arrays have no hash")
    if is_expression(count):
        from convcost import symbolic

        count = symbolic.canonical(count)
    value: Hashable = count
    return value


def source(count: "Count") -> str:
    """Return the count as Python source where it is short enough: 2400, m*n, array([1, 2])."""
    if is_array(count) or is_expression(count):
        return repr(count)
    if type(count) is int:
        return printable(count)
    return f"Fraction({printable(count.numerator)}, {printable(count.denominator)})"
