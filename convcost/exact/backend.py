"""What can be computed with exact numbers of one kind; each kind has a subclass of its own.

`Backend` itself computes with plain numbers, Python's integers and fractions. `dispatch` says which
backend computes with which values.
"""

from convcost.exact.scalars import check_scalar, printable, refuse

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Hashable

    from convcost.exact.types import Count, Formula


class Backend:
    """Computes with integers and fractions, and says what other kinds have to offer.

    The names that methods take are those of the argument or the quantity, for error messages.
    """

    # Where two kinds meet, the one of the higher precedence computes.
    precedence = 0

    def check(self, name: str, value: object, allowed: str) -> "Count":
        """Return a size in exact form, or refuse it by name."""
        return check_scalar(name, value, allowed)

    def require_integers(self, name: str, size: "Count", allowed: str, given: object) -> "Count":
        """Return a size that was checked, unless it is a fraction; `given` is what is refused."""
        if type(size) is not int:
            refuse(TypeError, name, given, allowed)
        return size

    def align(self, names: "tuple[str, ...]", sizes: "tuple[Count, ...]") -> "tuple[Count, ...]":
        """Return sizes that compute exactly together, or refuse them."""
        return sizes

    def require_fit(
        self, formula: "Formula", sizes: "tuple[Count, ...]", bias: int, quantities: object
    ) -> None:
        """Raise OverflowError where a count that the formula gives does not fit."""

    def add(self, name: str, left: "Count", right: "Count") -> "Count":
        """Add two counts."""
        return left + right

    def multiply(self, name: str, left: "Count", right: "Count") -> "Count":
        """Multiply two counts."""
        return left * right

    def divide(self, name: str, dividend: "Count", divisor: "Count") -> "Count":
        """Divide two counts exactly."""
        if divisor == 0:
            raise ZeroDivisionError(f"the divisor has {name} of 0: there is no ratio to it")
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
        """Return the quotient of two counts of which one divides the other."""
        return dividend // divisor

    def maximum(self, left: "Count", right: "Count") -> "Count":
        """Return the larger of two counts."""
        return left if left >= right else right

    def minimum(self, left: "Count", right: "Count") -> "Count":
        """Return the smaller of two counts."""
        return left if left <= right else right

    def find_empty(self, name: str, side: "Count") -> str | None:
        """Name the first side that is less than 1, if there is one."""
        return name if side < 1 else None

    def divides(self, divisor: "Count", dividend: "Count") -> bool:
        """Tell whether a count divides another; where that isn't known, whether it may."""
        return bool(dividend % divisor == 0)

    def is_equal(self, left: "Count", right: "Count") -> bool:
        """Tell whether two counts have the same value."""
        return bool(left == right)

    def may_equal(self, left: "Count", right: "Count") -> bool:
        """Tell whether two counts are equal, or could be."""
        return bool(left == right)

    def canonical(self, count: "Count") -> "Hashable":
        """Return what stands for the count's value in comparisons and hashes."""
        value: Hashable = count
        return value

    def source(self, count: "Count") -> str:
        """Return the count as Python source where it is short enough."""
        if type(count) is int:
            return printable(count)
        return f"Fraction({printable(count.numerator)}, {printable(count.denominator)})"

    def text(self, count: "Count") -> str:
        """Return the count for a printed cost: 28,901,376."""
        return printable(count, ",")

    def brief(self, count: "Count") -> str:
        """Return the count as it stands in an explanation: 28901376."""
        return printable(count)

    def latex(self, count: "Count") -> str:
        """Return the count as LaTeX."""
        if count.denominator == 1:
            return printable(count)
        return rf"\frac{{{printable(count.numerator)}}}{{{printable(count.denominator)}}}"


class ArrayBackend(Backend):
    """What arrays of all libraries have in common."""

    def canonical(self, count: "Count") -> "Hashable":
        """Refuse: arrays have no hash."""
        raise TypeError("costs and ratios of arrays cannot be hashed: arrays have no hash")

    def source(self, count: "Count") -> str:
        """Return the array as its library writes it."""
        return repr(count)

    def latex(self, count: "Count") -> str:
        """Return the array's extent as text."""
        return rf"\text{{{self.brief(count)}}}"


PLAIN = Backend()
