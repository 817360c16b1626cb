"""Operations whose output has other sides than their input: parts of it, diagonals, grids."""

from __future__ import annotations

from typing import TYPE_CHECKING

from convcost._exact import arithmetic
from convcost._exact.arithmetic import elements
from convcost._exact.kinds import is_expression
from convcost._exact.scalars import refuse
from convcost._layers import arguments
from convcost._layers.merging import broadcast
from convcost._layers.reshaping import check_target
from convcost._models.graph import Tensor
from convcost._models.keras.operation_calls import (
    MANY,
    OperationCall,
    axes_of,
    axis_of,
    rule,
    shape_of,
)

if TYPE_CHECKING:
    from convcost._exact.types import Count, Factors


def _left(name: str, value: object, side: Count) -> Count:
    """Return a length that must not be empty, for an argument that leaves it."""
    if type(side) is int and side < 1:
        refuse(ValueError, name, value, "such that something is left")
    return arithmetic.maximum(side, 0) if is_expression(side) else side


@rule("Diag")
def _diagonal_matrix(call: OperationCall) -> Factors:
    shape, k = call.shape(), arguments.check_axis("k", call.option("k", 0))
    if len(shape) == 1:
        return (shape[0] + abs(k),) * 2
    if len(shape) != 2:
        refuse(ValueError, "x", shape, "of one axis or two")
    return (_length("k", k, shape),)


def _length(name: str, offset: int, matrix: Factors) -> Count:
    """Return the length of a diagonal, on, above or below the main one."""
    rows, columns = matrix
    if offset > 0:
        columns = columns - offset
    else:
        rows = rows + offset
    return _left(name, offset, arithmetic.minimum(rows, columns))


@rule("Diagflat")
def _flat_diagonal(call: OperationCall) -> Factors:
    side = elements(*call.shape()) + abs(arguments.check_axis("k", call.option("k", 0)))
    return side, side


@rule("Diagonal")
def _diagonal(call: OperationCall) -> Factors:
    rest, matrix = _two_axes(call)
    offset = arguments.check_axis("offset", call.option("offset", 0))
    return (*rest, _length("offset", offset, matrix))


@rule("Trace")
def _trace(call: OperationCall) -> Factors:
    return _two_axes(call)[0]


def _two_axes(call: OperationCall) -> tuple[Factors, Factors]:
    """Return the other axes, and the two of a matrix."""
    shape = call.shape()
    pair = [axis_of(name, call.option(name, place), len(shape)) for place, name in _MATRIX]
    if len(set(pair)) < 2:
        refuse(ValueError, "axis2", call.option("axis2", 1), "another axis than axis1")
    rest = tuple([side for axis, side in enumerate(shape) if axis not in pair])
    return rest, tuple([shape[axis] for axis in pair])


_MATRIX = ((0, "axis1"), (1, "axis2"))


@rule("Diff")
def _differences(call: OperationCall) -> Factors:
    sides, n = list(call.shape(0, "a")), arguments.check_axis("n", call.option("n", 1))
    axis = axis_of("axis", call.option("axis", -1), len(sides))
    sides[axis] = _left("n", n, sides[axis] - n)
    return tuple(sides)


@rule("Geomspace Linspace Logspace")
def _spaced(call: OperationCall) -> Factors:
    if call.option("retstep", False):
        refuse(
            ValueError, "retstep", True, "False in a model, since the step is no tensor of Keras"
        )
    made = list(broadcast((call.shape(0, "start"), call.shape(1, "stop"))))
    made.insert(axis_of("axis", call.option("axis", 0), len(made) + 1), call.size("num", 50))
    return tuple(made)


@rule("Meshgrid")
def _grids(call: OperationCall) -> list[Factors]:
    sides = [elements(*shape_of("x", one)) for one in call.args]
    if call.option("indexing", "xy") == "xy":
        sides[:2] = sides[1::-1]
    return [tuple(sides)] * len(sides)


@rule("Full Scatter")
def _filled(call: OperationCall) -> Factors:
    return _sides(call, "shape", call.sizes("shape"))


def _sides(call: OperationCall, name: str, sizes: list[object]) -> Factors:
    if None in sizes:
        call.open_side(name)
    return check_target(name, sizes)


@rule("Slice")
def _taken_out(call: OperationCall) -> Factors:
    shape, sizes = call.shape(0, "inputs"), call.sizes("shape")
    start = call.input(1, "start_indices")
    if len(sizes) != len(shape):
        refuse(ValueError, "shape", sizes, f"of as many sides as the input of shape {shape}")
    for axis, size in enumerate(sizes):
        if size == -1:
            if isinstance(start, Tensor) or not isinstance(start, (list, tuple)):
                refuse(ValueError, "shape", sizes, "without -1 where start_indices is a tensor")
            sizes[axis] = shape[axis] - arguments.check_axis("start_indices", start[axis])
    return _sides(call, "shape", sizes)


@rule("TakeAlongAxis")
def _along(call: OperationCall) -> Factors:
    shape, taken = call.shape(), call.shape(1, "indices")
    axis = call.option("axis")
    if axis is None:
        return taken
    if len(shape) != len(taken):
        refuse(ValueError, "indices", taken, f"of as many axes as x, {len(shape)}")
    sides = list(shape)
    place = axis_of("axis", axis, len(shape))
    sides[place] = taken[place]
    return broadcast((tuple(sides), taken))


@rule("TopK")
def _largest(call: OperationCall) -> list[Factors]:
    return [(*call.shape()[:-1], call.size("k"))] * 2


@rule("SegmentMax SegmentMin SegmentProd SegmentSum")
def _segments(call: OperationCall) -> Factors:
    if call.option("num_segments") is None:
        refuse(ValueError, "num_segments", None, "given: otherwise it depends on the values")
    return (call.size("num_segments"), *call.shape(0, "data")[1:])


@rule("Unique")
def _different(call: OperationCall) -> list[Factors]:
    shape, axis = call.shape(), call.option("axis")
    if call.option("size") is None:
        refuse(ValueError, "size", None, "given: otherwise it depends on the values")
    size = call.size("size")
    if axis is None:
        values, inverse = (size,), shape
    else:
        place = axis_of("axis", axis, len(shape))
        values, inverse = (*shape[:place], size, *shape[place + 1 :]), (shape[place],)
    more = {"return_index": (size,), "return_inverse": inverse, "return_counts": (size,)}
    return [values, *(one for name, one in more.items() if call.option(name, False))]


@rule("UnravelIndex")
def _unraveled(call: OperationCall) -> list[Factors]:
    sizes = call.sizes("shape")
    if len(sizes) > MANY:
        refuse(ValueError, "shape", f"of {len(sizes)} sides", f"at most {MANY} sides")
    return [call.shape(0, "indices")] * len(sizes)


@rule("Vander")
def _powers(call: OperationCall) -> Factors:
    shape = call.shape()
    if len(shape) != 1:
        refuse(ValueError, "x", shape, "of one axis")
    return (*shape, shape[0] if call.option("N") is None else call.size("N"))


@rule("OneHot")
def _one_hot(call: OperationCall) -> Factors:
    return _with_classes(call, call.shape())


@rule("MultiHot")
def _multi_hot(call: OperationCall) -> Factors:
    """Return the shape of a one-hot code, of which the largest along the second axis is taken."""
    made = _with_classes(call, call.shape(0, "inputs"))
    return made[-1:] if len(made) == 2 else (made[0], *made[2:])


def _with_classes(call: OperationCall, shape: Factors) -> Factors:
    sides = list(shape)
    place = axis_of("axis", call.option("axis", -1), len(sides) + 1)
    sides.insert(place, call.size("num_classes"))
    return tuple(sides)


@rule("ExtractSequences")
def _sequences(call: OperationCall) -> Factors:
    shape = call.shape()
    length, stride = call.size("sequence_length"), call.size("sequence_stride")
    number = arithmetic.floor_divide(shape[-1] - length, stride) + 1
    return (*shape[:-1], _left("sequence_length", length, number), length)


@rule("ViewAsComplex")
def _complex(call: OperationCall) -> Factors:
    return call.shape()[:-1]


@rule("ViewAsReal")
def _real(call: OperationCall) -> Factors:
    return (*call.shape(), 2)


@rule("Glu")
def _gated(call: OperationCall) -> Factors:
    sides = list(call.shape())
    (axis,) = axes_of("axis", call.option("axis", -1), len(sides))
    arguments.check_divides(("two halves", 2), ("the axis", sides[axis]))
    sides[axis] = arithmetic.divide_evenly(sides[axis], 2)
    return tuple(sides)
