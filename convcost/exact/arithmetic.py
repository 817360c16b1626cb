"""Arithmetic on counts of every kind (integers, fractions, SymPy expressions, arrays), kept exact.

Arrays and expressions are recognised without importing NumPy or SymPy, and handed to the module
that knows them.
"""

from convcost.exact import nested
from convcost.exact.kinds import module_for
from convcost.exact.scalars import is_array, printable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Hashable

    from convcost.exact.types import Count, Formula, Sizes


def is_expression(count: "Count") -> bool:
    """Tell whether a count is a SymPy expression."""
    return hasattr(count, "free_symbols")


def require_fit(formula: "Formula", sizes: "Sizes", bias: int) -> None:
    """Raise OverflowError if there are int64 arrays and a count does not fit into int64."""
    if any(map(is_array, nested.flat(sizes))):
        module_for(*nested.flat(sizes)).require_int64(formula, sizes, bias)


def add(quantity: str, left: "Count", right: "Count") -> "Count":
    """Add two counts; arrays raise OverflowError, by the quantity's name, rather than wrap."""
    if is_array(left) or is_array(right):
        return module_for(left, right).add(quantity, left, right)
    return left + right


def total(quantity: str, summands: "list[Count]") -> "Count":
    """Add up any number of counts.

    Examples
    --------
    >>> total("macs", [1, 2, 3])
    6
    """
    if all(type(summand) is int for summand in summands):
        return sum(summands)
    if any(map(is_expression, summands)) and not any(map(is_array, summands)):
        from convcost.exact import symbolic

        # At once: SymPy looks at all terms of a sum for each one that is added.
        return symbolic.total(summands)
    result: Count = 0
    for summand in summands:
        result = add(quantity, result, summand)
    return result


def multiply(name: str, left: "Count", right: "Count") -> "Count":
    """Multiply two counts; arrays raise OverflowError, by that name, rather than wrap."""
    if is_array(left) or is_array(right):
        return module_for(left, right).multiply(name, left, right)
    return left * right


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
    return _operate("floor_divide", dividend, divisor)


def ceil_divide(dividend: "Count", divisor: "Count") -> "Count":
    """Return a quotient rounded up."""
    if type(dividend) is int and type(divisor) is int:
        return -(-dividend // divisor)
    return _operate("ceil_divide", dividend, divisor)


def share(dividend: "Count", divisor: "Count") -> "Count":
    """Return the quotient of two counts of which one divides the other."""
    if type(dividend) is int and type(divisor) is int:
        return dividend // divisor
    return _operate("share", dividend, divisor)


def maximum(left: "Count", right: "Count") -> "Count":
    """Return the larger of two counts.

    Examples
    --------
    >>> from fractions import Fraction
    >>> maximum(3, Fraction(7, 2))
    Fraction(7, 2)
    """
    if _is_number(left) and _is_number(right):
        return left if left >= right else right
    return _operate("maximum", left, right)


def minimum(left: "Count", right: "Count") -> "Count":
    """Return the smaller of two counts."""
    if _is_number(left) and _is_number(right):
        return left if left <= right else right
    return _operate("minimum", left, right)


def _is_number(count: "Count") -> bool:
    return type(count) is int or not (is_array(count) or is_expression(count))


def _operate(operation: str, left: "Count", right: "Count") -> "Count":
    if is_array(left) or is_array(right):
        return module_for(left, right).operate(operation, left, right, globals()[operation])
    from convcost.exact import symbolic

    result: Count = getattr(symbolic, operation)(left, right)
    return result


def find_empty(name: str, side: "Count") -> str | None:
    """Name the first side that is less than 1, if there is one; symbols must be proved to be.

    Examples
    --------
    >>> find_empty("side", 0), find_empty("side", 1)
    ('side', None)
    """
    if is_array(side):
        return module_for(side).find_empty(name, side, find_empty)
    if is_expression(side):
        from convcost.exact import symbolic

        return name if symbolic.is_nonnegative(-side) else None
    return name if side < 1 else None


def divides(divisor: "Count", dividend: "Count") -> bool:
    """Tell whether a count divides another everywhere; of symbols, whether it may.

    Examples
    --------
    >>> divides(4, 64), divides(3, 64)
    (True, False)
    """
    if is_array(divisor) or is_array(dividend):
        return module_for(divisor, dividend).divides(divisor, dividend, divides)
    if is_expression(divisor) or is_expression(dividend):
        from convcost.exact import symbolic

        return symbolic.may_divide(divisor, dividend)
    return bool(dividend % divisor == 0)


def divide(quantity: str, dividend: "Count", divisor: "Count") -> "Count":
    """Divide two counts: a Fraction, a SymPy expression, or an array of float64.

    Raises
    ------
    ZeroDivisionError
        If the divisor is zero; names the quantity.
    """
    if is_array(dividend) or is_array(divisor):
        return module_for(dividend, divisor).divide(quantity, dividend, divisor)
    if divisor == 0:
        raise ZeroDivisionError(f"the divisor has {quantity} of 0: there is no ratio to it")
    if is_expression(dividend) or is_expression(divisor):
        from convcost.exact import symbolic

        return symbolic.divide(dividend, divisor)
    from fractions import Fraction

    return Fraction(dividend) / divisor


def is_equal(left: "Count", right: "Count") -> bool:
    """Tell whether two counts have the same value, and the same shape where they are arrays."""
    if is_array(left) or is_array(right):
        return module_for(left, right).is_equal(left, right)
    return bool(canonical(left) == canonical(right))


def may_equal(left: "Count", right: "Count") -> bool:
    """Tell whether two scalars are equal; of symbols, whether it can't be ruled out.

    Examples
    --------
    >>> from convcost.symbols import m
    >>> may_equal(m, m), may_equal(m, 3), may_equal(m, m + 1)
    (True, True, False)
    """
    if is_expression(left) or is_expression(right):
        from convcost.exact import symbolic

        return symbolic.may_equal(left, right)
    return bool(left == right)


def canonical(count: "Count") -> "Hashable":
    """Return what stands for the count's value in comparisons and hashes."""
    if is_array(count):
        raise TypeError("costs and ratios of arrays cannot be hashed: arrays have no hash")
    if is_expression(count):
        from convcost.exact import symbolic

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


def elements(*sides: "Count") -> "Count":
    """Multiply sides to a number of elements.

    Examples
    --------
    >>> elements(28, 28, 32), elements()
    (25088, 1)
    """
    number: Count = 1
    for side in sides:
        number = multiply("elements", number, side)
    return number
