"""NumPy arrays of sizes and counts: what they may contain, and whether the result fits into int64.

Counts grow with every size, so the largest count of a broadcast call is where every axis is at its
maximum. That count is computed first, in Python integers.
"""

import numpy as np

from convcost._exact.backend import ArrayBackend, Backend
from convcost._exact.scalars import check_scalar, is_array, join_names, printable, refuse

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from convcost._exact.types import Array, Count, Formula, Numbers

INT64_MAX = int(np.iinfo(np.int64).max)
_ADVICE = "for exact results of any size pass object arrays, for example m.astype(object)"
# A count is a product of a few float64 factors and one sum: its rounding error is far below this.
_FLOAT_SLACK = 1e-12


class Arrays(ArrayBackend):
    """Computes with NumPy arrays: int64 with overflow checks, object arrays element by element.

    Parameters
    ----------
    elements
        Returns the backend for the elements of object arrays.
    """

    precedence = 2

    def __init__(self, elements: "Callable[..., Backend]") -> None:
        self._elements = elements

    def check(self, name: str, value: object, allowed: str) -> "Count":
        """Return a private copy of an array of sizes as int64 or object; a 0-d array as a scalar.

        Raises
        ------
        TypeError
            If it holds anything but integers (or, as objects, exact numbers), or is masked.
        ValueError
            If it is empty, or holds zero or a negative number.
        OverflowError
            If a value does not fit into int64.
        """
        if not isinstance(value, np.ndarray):
            return check_scalar(name, value, allowed)
        if isinstance(value, np.ma.MaskedArray):
            kind = "an array without a mask (see numpy.ma.MaskedArray.filled)"
            refuse(TypeError, name, value, kind)
        if value.dtype.kind not in "iuO":
            raise TypeError(f"{name} must be {allowed}; got an array of dtype {value.dtype}")
        if value.size == 0:
            raise ValueError(f"{name} must be {allowed}; got an empty array of shape {value.shape}")
        if value.ndim == 0:
            item = value.item()
            return self._elements(item).check(name, item, allowed)
        if value.dtype.kind == "O":
            return self._check_objects(name, value, allowed)
        smallest, largest = np.argmin(value), int(value.max())
        check_scalar(_element(name, value, smallest), int(value.flat[smallest]), allowed)
        require_room(name, largest)
        # A plain ndarray: numpy.matrix would turn our products into matrix products.
        return np.array(value, dtype=np.int64, subok=False)

    def _check_objects(self, name: str, axis: "Array", allowed: str) -> "Array":
        exact = np.empty(axis.shape, dtype=object)
        for position in range(axis.size):
            element = axis.flat[position]
            element_name = _element(name, axis, position)
            if isinstance(element, np.ndarray):
                refuse(TypeError, element_name, element, allowed)
            exact.flat[position] = self._elements(element).check(element_name, element, allowed)
        return exact

    def require_integers(self, name: str, size: "Array", allowed: str, given: object) -> "Array":
        if size.dtype == object:
            for position, element in enumerate(size.flat):
                backend = self._elements(element)
                backend.require_integers(_element(name, size, position), element, allowed, element)
        size.flags.writeable = False
        return size

    def align(self, names: "tuple[str, ...]", sizes: "tuple[Count, ...]") -> "tuple[Count, ...]":
        """Return sizes that compute exactly together; errors name those that do not broadcast."""
        require_broadcast(names, sizes)
        # int64 times a symbol, a fraction or an object array is exact only if nothing was
        # multiplied in int64 before.
        if all(map(_is_machine, sizes)):
            return sizes
        return tuple(size.astype(object) if is_array(size) else size for size in sizes)

    def require_broadcast(self, names: "tuple[str, ...]", counts: "tuple[Count, ...]") -> None:
        require_broadcast(names, counts)

    def require_fit(
        self, formula: "Formula", sizes: "tuple[Count, ...]", bias: int, quantities: "Iterable[str]"
    ) -> None:
        """Raise OverflowError if a count that the formula gives does not fit into int64.

        Object arrays hold exact numbers, which always fit.
        """
        if not all(map(_is_machine, sizes)):
            return
        corner = formula(*(int(np.max(size)) for size in sizes), bias)
        for position, quantity in enumerate(quantities):
            if corner[position] > INT64_MAX:
                largest = corner[position]
                if not _corner_is_a_design(sizes):
                    largest = _largest(formula, sizes, bias, position)
                require_room(quantity, largest)

    def add(self, name: str, left: "Count", right: "Count") -> "Count":
        _require_shapes(f"costs must broadcast to be added; got {name}", left, right)
        if _is_machine(left) and _is_machine(right):
            if int(np.max(left)) + int(np.max(right)) > INT64_MAX:
                require_room(name, _largest_of(np.add, left, right))
            return left + right
        return _objects(left) + _objects(right)

    def multiply(self, name: str, left: "Count", right: "Count") -> "Count":
        _require_shapes(f"arrays must broadcast; got {name}", left, right)
        if not (_is_machine(left) and _is_machine(right)):
            return _objects(left) * _objects(right)
        if int(np.max(left)) * int(np.max(right)) > INT64_MAX:
            require_room(name, _largest_of(np.multiply, left, right))
        return left * right

    def divide(self, name: str, dividend: "Count", divisor: "Count") -> "Count":
        _require_shapes(f"costs must broadcast to be divided; got {name}", dividend, divisor)
        if np.any(np.equal(divisor, 0)):
            raise ZeroDivisionError(f"division by zero: the divisor has 0 {name}")
        if all(_is_machine(count) and np.max(count) <= INT64_MAX for count in (dividend, divisor)):
            return np.true_divide(dividend, divisor)

        def exact(dividend: object, divisor: object) -> "Count":
            return self._elements(dividend, divisor).quotient(dividend, divisor)

        return self._one_by_one(exact, dividend, divisor)

    def floor_divide(self, dividend: "Count", divisor: "Count") -> "Count":
        return self._operate("floor_divide", np.floor_divide, dividend, divisor)

    def ceil_divide(self, dividend: "Count", divisor: "Count") -> "Count":
        return self._operate("ceil_divide", _ceil_divide, dividend, divisor)

    def divide_evenly(self, dividend: "Count", divisor: "Count") -> "Count":
        return self._operate("divide_evenly", np.floor_divide, dividend, divisor)

    def maximum(self, left: "Count", right: "Count") -> "Count":
        return self._operate("maximum", np.maximum, left, right)

    def minimum(self, left: "Count", right: "Count") -> "Count":
        return self._operate("minimum", np.minimum, left, right)

    def _operate(
        self,
        operation: str,
        on_int64: "Callable[[Count, Count], Count]",
        left: "Count",
        right: "Count",
    ) -> "Count":
        """Apply an operation; the caller has made sure that the result fits into int64."""
        if _is_machine(left) and _is_machine(right):
            return on_int64(left, right)

        def exact(left: object, right: object) -> "Count":
            return getattr(self._elements(left, right), operation)(left, right)

        return self._one_by_one(exact, left, right)

    @staticmethod
    def _one_by_one(
        function: "Callable[[Count, Count], Count]", left: "Count", right: "Count"
    ) -> "Count":
        return np.frompyfunc(function, 2, 1)(_objects(left), _objects(right))

    def find_empty(self, name: str, side: "Array") -> str | None:
        empty: Numbers | bool
        if side.dtype == object:

            def is_empty(element: "Count") -> bool:
                return self._elements(element).find_empty(name, element) is not None

            empty = np.frompyfunc(is_empty, 1, 1)(side)
        else:
            empty = side < 1
        return _element(name, side, np.argmax(empty)) if np.any(empty) else None

    def divides(self, divisor: "Count", dividend: "Count") -> bool:
        if _is_machine(divisor) and _is_machine(dividend):
            return not np.any(np.remainder(dividend, divisor))

        def exact(divisor: object, dividend: object) -> bool:
            return self._elements(divisor, dividend).divides(divisor, dividend)

        return bool(np.all(np.frompyfunc(exact, 2, 1)(divisor, dividend)))

    def may_equal(self, left: "Count", right: "Count") -> bool:
        def exact(left: object, right: object) -> bool:
            return self._elements(left, right).may_equal(left, right)

        return bool(np.all(self._one_by_one(exact, left, right)))

    def is_equal(self, left: "Count", right: "Count") -> bool:
        return np.array_equal(left, right)

    def text(self, count: "Array") -> str:
        shape = " x ".join(map(str, count.shape))
        return f"{self.brief(count)} ({shape} array of {count.dtype})"

    def brief(self, count: "Array") -> str:
        try:
            return f"[{count.min()}..{count.max()}]"
        except TypeError:  # symbols have no order
            return f"[{' x '.join(map(str, count.shape))} expressions]"


def _element(name: str, axis: "Array", position: "int | np.intp") -> str:
    index = np.unravel_index(int(position), axis.shape)
    return f"{name}[{', '.join(str(int(i)) for i in index)}]"


def _is_machine(size: "Count") -> bool:
    return isinstance(size, int) or (is_array(size) and size.dtype != object)


def _objects(count: "Count") -> "Array":
    return np.asarray(count, dtype=object)


def _ceil_divide(dividend: "Count", divisor: "Count") -> "Count":
    return -(-dividend // divisor)


def require_broadcast(names: "tuple[str, ...]", sizes: "tuple[Count, ...]") -> None:
    """Raise ValueError unless the arrays among the sizes broadcast."""
    shapes = {name: s.shape for name, s in zip(names, sizes, strict=True) if is_array(s)}
    try:
        np.broadcast_shapes(*shapes.values())
    except ValueError:
        listed = join_names([f"{name} {shape}" for name, shape in shapes.items()])
        raise ValueError(
            f"{join_names(list(shapes))} must broadcast; got shapes {listed}"
        ) from None


def _require_shapes(message: str, left: "Count", right: "Count") -> None:
    shapes = np.shape(left), np.shape(right)
    try:
        np.broadcast_shapes(*shapes)
    except ValueError:
        raise ValueError(f"{message} of shapes {shapes[0]} and {shapes[1]}") from None


def _largest_of(operation: "np.ufunc", left: "Count", right: "Count") -> int:
    """Return the exact maximum of a sum or product of arrays of machine integers, 0 or more.

    An axis along which only one of them varies is reduced before: the result of all
    combinations might not fit into memory.
    """
    left, right = np.asarray(left), np.asarray(right)
    rank = max(left.ndim, right.ndim)
    first, second = (one.reshape((1,) * (rank - one.ndim) + one.shape) for one in (left, right))
    for axis in range(rank):
        if 1 in (first.shape[axis], second.shape[axis]):
            first, second = (one.max(axis=axis, keepdims=True) for one in (first, second))
    return int(np.max(operation(_objects(first), _objects(second))))


def require_room(name: str, largest: int) -> None:
    """Raise OverflowError, with that name, if a number does not fit into int64."""
    if largest > INT64_MAX:
        raise OverflowError(
            f"{name} reaches {printable(largest, ',')}, more than the {INT64_MAX:,} that int64"
            f" holds; {_ADVICE}"
        )


def as_int64(name: str, numbers: "Count") -> "Numbers":
    """Return Python's integers as int64, or raise OverflowError with that name."""
    array: Numbers = np.asarray(numbers)
    if array.dtype == np.int64:
        return array
    array = array.astype(object)
    if not all(isinstance(one, int) for one in array.flat):
        return array
    require_room(name, max(map(abs, array.flat)))
    return array.astype(np.int64)


def scalar(count: "Count") -> "Array":
    """Return a number as a 0-d array: int64 if it fits, else object."""
    fits = isinstance(count, int) and abs(count) <= INT64_MAX
    return np.array(count, dtype=np.int64 if fits else object)


def _corner_is_a_design(sizes: "tuple[Count, ...]") -> bool:
    """Tell whether one design has every size at its maximum, as on an open grid."""
    axes = [size for size in sizes if is_array(size)]
    varying = sum(side > 1 for axis in axes for side in axis.shape)
    together = sum(side > 1 for side in np.broadcast_shapes(*(axis.shape for axis in axes)))
    scalars = (size for size in sizes if not is_array(size))
    # A scalar beyond int64 is part of every design, and too large for the arithmetic below.
    return varying == together or max(scalars, default=0) > INT64_MAX


def _largest(formula: "Formula", sizes: "tuple[Count, ...]", bias: int, position: int) -> int:
    """Return the exact maximum of one count if axes vary together, as in zipped columns."""
    floats = [np.asarray(size, dtype=np.float64)[()] for size in sizes]
    estimate = np.asarray(formula(*floats, bias)[position])
    # Only designs this close to the maximum can be the maximum; compute those exactly.
    near = estimate >= estimate.max() * (1 - _FLOAT_SLACK)

    def candidates(axis: "Count") -> "Count":
        if not is_array(axis):
            return axis
        # params has no output side, so its shape can be smaller than the broadcast shape.
        shape = np.broadcast_shapes(axis.shape, near.shape)
        chosen: Array = np.broadcast_to(axis, shape)[np.broadcast_to(near, shape)]
        return chosen.astype(object)

    return int(np.max(formula(*map(candidates, sizes), bias)[position]))
