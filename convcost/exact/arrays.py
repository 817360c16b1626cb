"""NumPy arrays of sizes and counts: what they may hold, and whether int64 can hold the result.

Counts grow with every size, so the largest count of a broadcast call lies where every axis is at
its maximum: the bound is taken there, in Python integers, before anything is computed.
"""

from fractions import Fraction

import numpy as np

from convcost.cost import formulas
from convcost.exact import nested
from convcost.exact.scalars import check_scalar, is_array, join_names, printable, refuse

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, TypeAlias

    from convcost.exact.types import Array, Count, Formula, Sizes

    Check: TypeAlias = Callable[[str, Any, str], Count]
    Operation: TypeAlias = Callable[[Count, Count], Count]

INT64_MAX = int(np.iinfo(np.int64).max)
_ADVICE = "for exact results of any size pass object arrays, for example m.astype(object)"
# A count is a product of a few float64 factors and one sum: its rounding error is far below this.
_FLOAT_SLACK = 1e-12


def check_axis(name: str, axis: "Array", allowed: str, check: "Check") -> "Count":
    """Return a private copy of an array of sizes as int64 or object; a 0-d array as its scalar.

    `check` is what checks the elements of an object array, one by one.

    Raises
    ------
    TypeError
        If the array holds anything but integers (or, as objects, exact numbers), or is masked.
    ValueError
        If it is empty, or holds zero or a negative number.
    OverflowError
        If a value does not fit into int64.
    """
    if isinstance(axis, np.ma.MaskedArray):
        refuse(TypeError, name, axis, "an array without a mask (see numpy.ma.MaskedArray.filled)")
    if axis.dtype.kind not in "iuO":
        raise TypeError(f"{name} must be {allowed}; got an array of dtype {axis.dtype}")
    if axis.size == 0:
        raise ValueError(f"{name} must be {allowed}; got an empty array of shape {axis.shape}")
    if axis.ndim == 0:
        return check(name, axis.item(), allowed)
    if axis.dtype.kind == "O":
        return _check_objects(name, axis, allowed, check)
    smallest, largest = np.argmin(axis), int(axis.max())
    check_scalar(_element(name, axis, smallest), int(axis.flat[smallest]), allowed)
    require_room(name, largest)
    # A plain ndarray: numpy.matrix would turn our products into matrix products.
    return np.array(axis, dtype=np.int64, subok=False)


def _check_objects(name: str, axis: "Array", allowed: str, check: "Check") -> "Array":
    exact = np.empty(axis.shape, dtype=object)
    for position in range(axis.size):
        element = axis.flat[position]
        element_name = _element(name, axis, position)
        if isinstance(element, np.ndarray):
            refuse(TypeError, element_name, element, allowed)
        exact.flat[position] = check(element_name, element, allowed)
    return exact


def _element(name: str, axis: "Array", position: "int | np.intp") -> str:
    index = np.unravel_index(int(position), axis.shape)
    return f"{name}[{', '.join(str(int(i)) for i in index)}]"


def require_integers(name: str, axis: "Array", allowed: str) -> "Array":
    """Return an array of sizes that was checked, unless it holds a fraction that isn't whole."""
    if axis.dtype == object:
        for position, element in enumerate(axis.flat):
            if not isinstance(element, int) and not hasattr(element, "free_symbols"):
                refuse(TypeError, _element(name, axis, position), element, allowed)
    return axis


def freeze(axis: "Array") -> "Array":
    """Return an array that nobody can write to any more."""
    axis.flags.writeable = False
    return axis


def find_empty(name: str, side: "Array", exact: "Callable[[str, Any], str | None]") -> str | None:
    """Name the first side that is less than 1: `output side[0, 3]`; `exact` looks at objects."""
    if side.dtype == object:
        empty = np.frompyfunc(lambda element: exact(name, element) is not None, 1, 1)(side)
    else:
        empty = side < 1
    return _element(name, side, np.argmax(empty)) if np.any(empty) else None


def divides(divisor: "Count", dividend: "Count", exact: "Callable[[Any, Any], bool]") -> bool:
    """Tell whether one of two counts, of which one is an array, divides the other everywhere."""
    if _is_machine(divisor) and _is_machine(dividend):
        return not np.any(np.remainder(dividend, divisor))
    return bool(np.all(np.frompyfunc(exact, 2, 1)(divisor, dividend)))


def align(names: "tuple[str, ...]", sizes: "tuple[Count, ...]") -> "tuple[Count, ...]":
    """Return sizes that compute exactly together, or say which of them do not broadcast."""
    require_broadcast(names, sizes)
    # int64 times a symbol, a fraction or an object array is exact only if nothing was multiplied in
    # int64 before.
    if all(_is_machine(size) for size in sizes):
        return sizes
    return tuple(size.astype(object) if is_array(size) else size for size in sizes)


def require_broadcast(names: "tuple[str, ...]", sizes: "tuple[Count, ...]") -> None:
    """Raise ValueError where the shapes of the arrays among sizes do not broadcast."""
    shapes = {name: s.shape for name, s in zip(names, sizes, strict=True) if is_array(s)}
    try:
        np.broadcast_shapes(*shapes.values())
    except ValueError:
        listed = join_names([f"{name} {shape}" for name, shape in shapes.items()])
        raise ValueError(
            f"{join_names(list(shapes))} must broadcast; got shapes {listed}"
        ) from None


def scalar(count: "Count") -> "Array":
    """Return one number as an array without axes: int64 where it fits, else an object."""
    fits = isinstance(count, int) and abs(count) <= INT64_MAX
    return np.array(count, dtype=np.int64 if fits else object)


def _is_machine(size: "Count") -> bool:
    return isinstance(size, int) or (is_array(size) and size.dtype != object)


def require_int64(formula: "Formula", sizes: "Sizes", bias: int) -> None:
    """Raise OverflowError if a count that the formula gives does not fit into int64.

    Object arrays compute in exact numbers and always fit.
    """
    every = nested.flat(sizes)
    if not all(map(_is_machine, every)):
        return
    corner = formula(*nested.apply(lambda size: int(np.max(size)), sizes), bias)
    for position, quantity in enumerate(formulas.QUANTITIES):
        if corner[position] > INT64_MAX:
            largest = corner[position]
            if not _corner_is_a_design(every):
                largest = _largest(formula, sizes, bias, position)
            require_room(quantity, largest)


def _corner_is_a_design(sizes: "list[Count]") -> bool:
    """Tell whether some design has every size at its maximum: true on an open grid."""
    axes = [size for size in sizes if is_array(size)]
    varying = sum(side > 1 for axis in axes for side in axis.shape)
    together = sum(side > 1 for side in np.broadcast_shapes(*(axis.shape for axis in axes)))
    scalars = (size for size in sizes if not is_array(size))
    # A scalar beyond int64 is part of every design, and too large for the arithmetic below.
    return varying == together or max(scalars, default=0) > INT64_MAX


def _largest(formula: "Formula", sizes: "Sizes", bias: int, position: int) -> int:
    """Find the exact maximum of one count where axes vary together, as in zipped columns."""
    floats = nested.apply(lambda size: np.asarray(size, dtype=np.float64)[()], sizes)
    estimate = np.asarray(formula(*floats, bias)[position])
    # Only designs this close to the maximum can be the maximum; count those in exact numbers.
    near = estimate >= estimate.max() * (1 - _FLOAT_SLACK)

    def candidates(axis: "Count") -> "Count":
        if not is_array(axis):
            return axis
        # params has no output side, so its shape can be smaller than that of the axes together.
        shape = np.broadcast_shapes(axis.shape, near.shape)
        chosen: Array = np.broadcast_to(axis, shape)[np.broadcast_to(near, shape)]
        return chosen.astype(object)

    return int(np.max(formula(*nested.apply(candidates, sizes), bias)[position]))


def require_room(name: str, largest: int) -> None:
    """Raise OverflowError, by that name, if a number does not fit into int64."""
    if largest > INT64_MAX:
        raise OverflowError(
            f"{name} reaches {printable(largest, ',')}, more than the {INT64_MAX:,} that int64"
            f" holds; {_ADVICE}"
        )


def add(quantity: str, left: "Count", right: "Count") -> "Count":
    """Add two counts of which one is an array, exactly or with an OverflowError."""
    try:
        np.broadcast_shapes(np.shape(left), np.shape(right))
    except ValueError:
        raise ValueError(
            f"costs of shapes {np.shape(left)} and {np.shape(right)} in {quantity} must broadcast"
            " to be added"
        ) from None
    if _is_machine(left) and _is_machine(right):
        if int(np.max(left)) + int(np.max(right)) > INT64_MAX:
            exact = np.asarray(left, dtype=object) + np.asarray(right, dtype=object)
            require_room(quantity, exact.max())
        return left + right
    return np.asarray(left, dtype=object) + np.asarray(right, dtype=object)


def multiply(name: str, left: "Count", right: "Count") -> "Count":
    """Multiply two counts of which one is an array, exactly or with an OverflowError."""
    exact = np.asarray(left, dtype=object), np.asarray(right, dtype=object)
    if not (_is_machine(left) and _is_machine(right)):
        return exact[0] * exact[1]
    if int(np.max(left)) * int(np.max(right)) > INT64_MAX:
        require_room(name, np.max(exact[0] * exact[1]))
    return left * right


def operate(operation: str, left: "Count", right: "Count", exact: "Operation") -> "Count":
    """Apply an operation of `convcost.exact.arithmetic` to two counts of which one is an array.

    The caller has made sure that int64 has room for the result. The elements of object arrays go
    through `exact`, one by one.
    """
    if _is_machine(left) and _is_machine(right):
        return _ON_INT64[operation](left, right)
    return np.frompyfunc(exact, 2, 1)(
        np.asarray(left, dtype=object), np.asarray(right, dtype=object)
    )


def _ceil_divide(dividend: "Count", divisor: "Count") -> "Count":
    return -(-dividend // divisor)


_ON_INT64: "dict[str, Operation]" = {
    "floor_divide": np.floor_divide,
    "ceil_divide": _ceil_divide,
    "maximum": np.maximum,
    "minimum": np.minimum,
    "share": np.floor_divide,
}


def divide(quantity: str, dividend: "Count", divisor: "Count") -> "Count":
    """Divide two counts of which one is an array: float64, or exact for object arrays."""
    if np.any(np.equal(divisor, 0)):
        raise ZeroDivisionError(f"the divisor has {quantity} of 0: there is no ratio to it")
    if all(_is_machine(count) and np.max(count) <= INT64_MAX for count in (dividend, divisor)):
        return np.true_divide(dividend, divisor)
    exact = np.frompyfunc(_exact_quotient, 2, 1)
    return exact(np.asarray(dividend, dtype=object), np.asarray(divisor, dtype=object))


def _exact_quotient(dividend: "Count", divisor: "Count") -> "Count":
    if isinstance(dividend, int) and isinstance(divisor, int):
        return Fraction(dividend, divisor)
    return dividend / divisor


def is_equal(left: "Count", right: "Count") -> bool:
    """Tell whether two counts of which one is an array have the same shape and values."""
    return np.array_equal(left, right)


def describe(array: "Array") -> str:
    """Name an array's extent in a few characters: its smallest and largest value, or its shape."""
    try:
        return f"[{array.min()}..{array.max()}]"
    except TypeError:  # symbols have no order
        return f"[{' x '.join(map(str, array.shape))} expressions]"


def summarize(array: "Array") -> str:
    """Say what an array holds, for a printed cost."""
    shape = " x ".join(map(str, array.shape))
    return f"{describe(array)} ({shape} array of {array.dtype})"
