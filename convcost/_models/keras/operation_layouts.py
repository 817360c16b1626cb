"""Operations that put elements in another order, join or repeat them."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING

from convcost._exact import arithmetic
from convcost._exact.arithmetic import elements
from convcost._exact.scalars import refuse
from convcost._exact.sizes import check_integer
from convcost._layers import arguments
from convcost._layers.merging import broadcast, concatenate
from convcost._layers.reshaping import check_target, fill
from convcost._models.keras.operation_calls import (
    MANY,
    OperationCall,
    axes_of,
    axis_of,
    listed,
    rule,
    shape_of,
)

if TYPE_CHECKING:
    from convcost._exact.types import Count, Factors


@rule("Reshape")
def _reshaped(call: OperationCall) -> Factors:
    sizes = call.sizes("newshape")
    if None in sizes:
        if sizes.count(None) > 1 or -1 in sizes:
            call.open_side("newshape")
        # The only size that is not known follows from the others.
        sizes = [-1 if size is None else size for size in sizes]
    return fill("newshape", check_target("newshape", sizes), call.shape())


@rule("Ravel")
def _raveled(call: OperationCall) -> Factors:
    return (elements(*call.shape()),)


@rule("Transpose")
def _transposed(call: OperationCall) -> Factors:
    shape = call.shape()
    axes = call.option("axes")
    if axes is None:
        return shape[::-1]
    order = axes_of("axes", axes, len(shape))
    if sorted(order) != list(range(len(shape))):
        refuse(ValueError, "axes", axes, f"a permutation of the axes of {arguments.show(shape)}")
    return tuple(shape[axis] for axis in order)


@rule("Moveaxis")
def _moved(call: OperationCall) -> Factors:
    shape = call.shape()
    source = axes_of("source", call.option("source"), len(shape))
    target = axes_of("destination", call.option("destination"), len(shape))
    order = [axis for axis in range(len(shape)) if axis not in source]
    for place, axis in sorted(zip(target, source, strict=True)):
        order.insert(place, axis)
    return tuple(shape[axis] for axis in order)


@rule("Swapaxes")
def _swapped(call: OperationCall) -> Factors:
    sides = list(call.shape())
    left = axis_of("axis1", call.option("axis1"), len(sides))
    right = axis_of("axis2", call.option("axis2"), len(sides))
    sides[left], sides[right] = sides[right], sides[left]
    return tuple(sides)


@rule("ExpandDims")
def _expanded(call: OperationCall) -> Factors:
    shape = list(call.shape())
    axes = listed(call.option("axis"))
    for axis in sorted(axes_of("axis", axes, len(shape) + len(axes))):
        shape.insert(axis, 1)
    return tuple(shape)


@rule("Squeeze")
def _squeezed(call: OperationCall) -> Factors:
    shape = call.shape()
    axis = call.option("axis")
    if axis is None:
        gone = {index for index, side in enumerate(shape) if side == 1}
    else:
        gone = set(axes_of("axis", axis, len(shape)))
        if not all(arithmetic.may_equal(shape[index], 1) for index in gone):
            refuse(ValueError, "axis", axis, f"axes of length 1 in {arguments.show(shape)}")
    return tuple(side for index, side in enumerate(shape) if index not in gone)


@rule("Concatenate")
def _concatenated(call: OperationCall) -> Factors:
    shapes = [shape_of("xs", one) for one in listed(call.input(0, "xs"))]
    return concatenate(shapes, axis_of("axis", call.option("axis", 0), len(shapes[0])))


@rule("Stack")
def _stacked(call: OperationCall) -> Factors:
    several = listed(call.input(0, "x"))
    shape = list(broadcast([shape_of("x", one) for one in several]))
    shape.insert(axis_of("axis", call.option("axis", 0), len(shape) + 1), len(several))
    return tuple(shape)


@rule("Split")
def _split(call: OperationCall) -> list[Factors]:
    shape = call.shape()
    return _pieces(call, axis_of("axis", call.option("axis", 0), len(shape)))


@rule("Hsplit")
def _split_columns(call: OperationCall) -> list[Factors]:
    return _pieces(call, 0 if len(call.shape()) == 1 else 1)


@rule("Vsplit")
def _split_rows(call: OperationCall) -> list[Factors]:
    return _pieces(call, 0)


@rule("Dsplit")
def _split_depth(call: OperationCall) -> list[Factors]:
    return _pieces(call, axis_of("axis", 2, len(call.shape())))


def _pieces(call: OperationCall, axis: int) -> list[Factors]:
    """Return the shapes of equal parts, or of those between given places."""
    shape, where = call.shape(), call.option("indices_or_sections")
    if isinstance(where, (list, tuple)):
        inner = (arguments.check_axis("indices_or_sections", end) for end in where)
        sides = [end - start for start, end in pairwise([0, *inner, shape[axis]])]
    else:
        parts = _parts(call)
        arguments.check_divides(("indices_or_sections", parts), ("the axis", shape[axis]))
        sides = [arithmetic.divide_evenly(shape[axis], parts)] * parts
    return [(*shape[:axis], side, *shape[axis + 1 :]) for side in sides]


def _parts(call: OperationCall) -> Count:
    parts = call.size("indices_or_sections")
    if parts > MANY:
        refuse(ValueError, "indices_or_sections", parts, f"at most {MANY}")
    return parts


@rule("ArraySplit")
def _unequal_pieces(call: OperationCall) -> list[Factors]:
    shape, parts = call.shape(), _parts(call)
    axis = axis_of("axis", call.option("axis", 0), len(shape))
    if type(shape[axis]) is not int:
        refuse(ValueError, "axis", axis, "an axis with a known length")
    each, more = divmod(shape[axis], parts)
    sides = [each + 1] * more + [each] * (parts - more)
    return [(*shape[:axis], side, *shape[axis + 1 :]) for side in sides]


@rule("Unstack")
def _unstacked(call: OperationCall) -> list[Factors]:
    shape = call.shape()
    axis = axis_of("axis", call.option("axis", 0), len(shape))
    if type(shape[axis]) is not int or shape[axis] > MANY:
        refuse(ValueError, "axis", axis, f"an axis with a known length of at most {MANY}")
    return [(*shape[:axis], *shape[axis + 1 :])] * shape[axis]


@rule("Repeat")
def _repeated(call: OperationCall) -> Factors:
    shape = call.shape()
    repeats = check_integer("repeats", call.option("repeats"))
    if call.option("axis") is None:
        return (elements(repeats, *shape),)
    axis = axis_of("axis", call.option("axis"), len(shape))
    return (*shape[:axis], shape[axis] * repeats, *shape[axis + 1 :])


@rule("Tile")
def _tiled(call: OperationCall) -> Factors:
    shape = call.shape()
    given = call.sizes("repeats")
    if None in given:
        call.open_side("repeats")
    repeats = [check_integer("repeats", one) for one in given]
    rank = max(len(shape), len(repeats))
    sides = (1,) * (rank - len(shape)) + shape
    times = [1] * (rank - len(repeats)) + repeats
    return tuple(side * time for side, time in zip(sides, times, strict=True))


@rule("BroadcastTo")
def _broadcast(call: OperationCall) -> Factors:
    shape, sizes = call.shape(), call.sizes("shape")
    for place, size in enumerate(sizes):
        own = place - len(sizes) + len(shape)
        if size is None:
            if own < 0 or arithmetic.may_equal(shape[own], 1):
                call.open_side("shape")
            sizes[place] = shape[own]
    return broadcast((shape, check_target("shape", sizes)))


@rule("Pad")
def _padded(call: OperationCall) -> Factors:
    shape = call.shape()
    width = call.option("pad_width")
    pairs = listed(width)
    if len(pairs) == 1:
        pairs = pairs * len(shape)
    if all(isinstance(one, int) for one in pairs) and len(pairs) == 2:
        pairs = [pairs] * len(shape)
    checked = arguments.check_pairs("pad_width", pairs, len(shape))
    if len(shape) == 1:
        return (shape[0] + checked[0][0] + checked[0][1],)
    return tuple(
        side + before + after for side, (before, after) in zip(shape, checked, strict=True)
    )


@rule("Take")
def _taken(call: OperationCall) -> Factors:
    shape, taken = call.shape(), call.shape(1, "indices")
    if call.option("axis") is None:
        return taken
    axis = axis_of("axis", call.option("axis"), len(shape))
    return (*shape[:axis], *taken, *shape[axis + 1 :])


@rule("Append")
def _appended(call: OperationCall) -> Factors:
    shapes = [call.shape(0, "x1"), call.shape(1, "x2")]
    axis = call.option("axis")
    if axis is None:
        return (elements(*shapes[0]) + elements(*shapes[1]),)
    return concatenate(shapes, axis_of("axis", axis, len(shapes[0])))


@rule("Hstack")
def _side_by_side(call: OperationCall) -> Factors:
    return _joined(call, 1)


@rule("Vstack")
def _on_top(call: OperationCall) -> Factors:
    return _joined(call, 0)


@rule("Dstack")
def _behind(call: OperationCall) -> Factors:
    shapes = _listed(call)
    deep = [shape if len(shape) > 2 else (*shape, 1) for shape in shapes]
    return concatenate(deep, axis_of("axis", 2, len(deep[0])))


def _listed(call: OperationCall) -> list[Factors]:
    several = call.input(0, "xs")
    if not isinstance(several, (list, tuple)) or not several:
        refuse(ValueError, "xs", several, "a list of tensors")
    return [shape_of("xs", one) for one in several]


def _joined(call: OperationCall, axis: int) -> Factors:
    shapes = _listed(call)
    if len(shapes[0]) < 2:
        refuse(ValueError, "xs", shapes[0], "of at least two axes")
    return concatenate(shapes, axis)


@rule("Rot90")
def _turned(call: OperationCall) -> Factors:
    sides = list(call.shape(0, "array"))
    first, second = axes_of("axes", call.option("axes", (0, 1)), len(sides))
    if arguments.check_axis("k", call.option("k", 1)) % 2:
        sides[first], sides[second] = sides[second], sides[first]
    return tuple(sides)


@rule("Rearrange")
def _rearranged(call: OperationCall) -> Factors:
    pattern = call.input(1, "pattern")
    before, arrow, after = str(pattern).partition("->")
    axes = _groups(before)
    shape = call.shape(0, "tensor")
    if not arrow or len(axes) != len(shape):
        refuse(ValueError, "pattern", pattern, f"a name or a group for each axis of {shape}")
    lengths: dict[str, Count] = {
        name: check_integer(name, one) for name, one in call.kwargs.items() if name in before
    }
    for group, side in zip(axes, shape, strict=True):
        known = elements(*(lengths[name] for name in group if name in lengths))
        left = [name for name in group if name not in lengths]
        if not left and not arithmetic.may_equal(known, side):
            refuse(ValueError, "pattern", pattern, f"with lengths of axes that give {side}")
        if len(left) == 1:
            arguments.check_divides(("the known axes", known), ("the axis", side))
            lengths[left[0]] = arithmetic.divide_evenly(side, known)
    names = [name for group in _groups(after) for name in group]
    if not set(names) == set(lengths) == {name for group in axes for name in group}:
        refuse(ValueError, "pattern", pattern, "the same names on both sides, one of a group open")
    return tuple([elements(*(lengths[name] for name in group)) for group in _groups(after)])


def _groups(side: str) -> list[list[str]]:
    """Return the names of each axis in one side of a pattern, several in parentheses."""
    return [re.findall(r"\w+", one) for one in re.findall(r"\w+|\(.*?\)", side)]
