"""Arithmetic on exact numbers of one kind; each kind has its own subclass of `Backend`.

`Backend` itself computes with plain Python integers and fractions. `dispatch` chooses the backend
for given values.
"""

from convcost._exact.scalars import check_scalar, printable, refuse

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable

    from convcost._exact.types import Count, Formula


class Backend:
    """Computes with integers and fractions, and defines what other backends implement.

    Methods take the `name` of the argument or the quantity for error messages.
    """

    # For mixed kinds, the backend with the highest precedence computes.
    precedence = 0

    def check(self, name: str, value: object, allowed: str) -> "Count":
        """Return a size in exact form, or raise an error that names it."""
        return check_scalar(name, value, allowed)

    def require_integers(self, name: str, size: "Count", allowed: str, given: object) -> "Count":
        """Return a checked size, or raise TypeError for a fraction; the message shows `given`."""
        if type(size) is not int:
            refuse(TypeError, name, given, allowed)
        return size

    def align(self, names: "tuple[str, ...]", sizes: "tuple[Count, ...]") -> "tuple[Count, ...]":
        """Return sizes that compute exactly together, or raise an error."""
        return sizes

    def require_broadcast(self, names: "tuple[str, ...]", counts: "tuple[Count, ...]") -> None:
        """Raise ValueError, with these names, unless the counts broadcast."""

    def require_fit(
        self, formula: "Formula", sizes: "tuple[Count, ...]", bias: int, quantities: "Iterable[str]"
    ) -> None:
        """Raise OverflowError if a count that the formula gives does not fit."""

    def add(self, name: str, left: "Count", right: "Count") -> "Count":
        """Add two counts."""
        return left + right

    def multiply(self, name: str, left: "Count", right: "Count") -> "Count":
        """Multiply two counts."""
        return left * right

    def divide(self, name: str, dividend: "Count", divisor: "Count") -> "Count":
        """Divide two counts exactly."""
        if divisor == 0:
            raise ZeroDivisionError(f"division by zero: the divisor has 0 {name}")
        return self.quotient(dividend, divisor)

    def quotient(self, dividend: "Count", divisor: "Count") -> "Count":
        """Return the quotient by a divisor that is not 0."""
        from fractions import Fraction

        return Fraction(dividend) / divisor

    def total(self, name: str, summands: "list[Count]") -> "Count":
        """Add up any number of counts."""
        result: Count = 0
        for summand in summands:
            result = self.add(name, result, summand)
        return result

    def floor_divide(self, dividend: "Count", divisor: "Count") -> "Count":
        """Return the quotient rounded down."""
        return dividend // divisor

    def ceil_divide(self, dividend: "Count", divisor: "Count") -> "Count":
        """Return the quotient rounded up."""
        return -(-dividend // divisor)

    def divide_evenly(self, dividend: "Count", divisor: "Count") -> "Count":
        """Return the quotient of a count and one of its divisors."""
        return dividend // divisor

    def maximum(self, left: "Count", right: "Count") -> "Count":
        """Return the larger of two counts."""
        return left if left >= right else right

    def minimum(self, left: "Count", right: "Count") -> "Count":
        """Return the smaller of two counts."""
        return left if left <= right else right

    def find_empty(self, name: str, side: "Count") -> str | None:
        """Return the name of the first side that is less than 1, if any."""
        return name if side < 1 else None

    def divides(self, divisor: "Count", dividend: "Count") -> bool:
        """Tell whether a count divides another, or may divide it if that isn't known."""
        return bool(dividend % divisor == 0)

    def is_equal(self, left: "Count", right: "Count") -> bool:
        """Tell whether two counts have the same value."""
        return bool(left == right)

    def may_equal(self, left: "Count", right: "Count") -> bool:
        """Tell whether two counts are equal, or could be."""
        return bool(left == right)

    def canonical(self, count: "Count") -> "Hashable":
        """Return the form of the count that comparisons and hashes use."""
        value: Hashable = count
        return value

    def source(self, count: "Count") -> str:
        """Return the count as Python source if it is short enough."""
        if type(count) is int:
            return printable(count)
        return f"Fraction({printable(count.numerator)}, {printable(count.denominator)})"

    def text(self, count: "Count") -> str:
        """Return the count for a printed cost: 28,901,376."""
        return printable(count, ",")

    def brief(self, count: "Count") -> str:
        """Return the count as an explanation shows it: 28901376."""
        return printable(count)

    def latex(self, count: "Count") -> str:
        """Return the count as LaTeX."""
        if count.denominator == 1:
            return printable(count)
        return rf"\frac{{{printable(count.numerator)}}}{{{printable(count.denominator)}}}"


class ArrayBackend(Backend):
    """The common base of the backends for arrays."""

    def canonical(self, count: "Count") -> "Hashable":
        """Raise TypeError: arrays have no hash."""
        raise TypeError("costs and ratios of arrays cannot be hashed: arrays have no hash")

    def source(self, count: "Count") -> str:
        """Return the array's repr."""
        return repr(count)

    def latex(self, count: "Count") -> str:
        """Return the array's range of values as text."""
        return rf"\text{{{self.brief(count)}}}"


PLAIN = Backend()
