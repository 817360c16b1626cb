"""The operation behind `x[:, 0]`: a shape indexed by integers, slices, None and an ellipsis."""

from __future__ import annotations

from typing import TYPE_CHECKING

from convcost._exact import arithmetic
from convcost._exact.kinds import is_expression
from convcost._exact.scalars import refuse
from convcost._layers import arguments
from convcost._models.keras.operation_calls import OperationCall, rule

if TYPE_CHECKING:
    from convcost._exact.types import Count, Factors


@rule("GetItem")
def _got(call: OperationCall) -> Factors:
    shape = call.shape()
    key = call.input(1, "key")
    keys = list(key) if isinstance(key, (list, tuple)) else [key]
    named = sum(1 for one in keys if one is not Ellipsis and one is not None)
    if keys.count(Ellipsis) > 1 or named > len(shape):
        refuse(ValueError, "key", key, f"at most {len(shape)} indices and one ellipsis")
    if Ellipsis not in keys:
        keys.append(Ellipsis)
    sides: list[Count] = []
    rest = list(shape)
    for place, one in enumerate(keys):
        if one is Ellipsis:
            behind = sum(1 for later in keys[place + 1 :] if later is not None)
            sides += rest[: len(rest) - behind]
            rest = rest[len(rest) - behind :]
        elif one is None:
            sides.append(1)
        else:
            sides += _sliced(one, rest.pop(0))
    return tuple(sides)


def _sliced(key: object, side: Count) -> list[Count]:
    if isinstance(key, int) and not isinstance(key, bool):
        if type(side) is int and not -side <= key < side:
            refuse(ValueError, "key", key, f"an index into an axis of length {side}")
        return []
    if not isinstance(key, slice):
        refuse(TypeError, "key", key, "made of integers, slices, None and at most one ellipsis")
    ends = (key.start, key.stop, key.step)
    for end in ends:
        if end is not None and not is_expression(end):
            arguments.check_axis("key", end)
    if key.step == 0:
        refuse(ValueError, "key", key, "a slice with a step other than 0")
    if type(side) is not int or any(map(is_expression, ends)):
        return [_slice_symbol(key, side)]
    first, last, step = key.indices(side)
    return [max(0, -(-(last - first) // step))]


def _slice_symbol(key: slice, side: Count) -> Count:
    """Return the length of a slice of an axis of symbolic length."""
    start, stop, step = key.start or 0, key.stop, key.step or 1
    if step < 0:
        refuse(ValueError, "key", key, f"a slice with a positive step, of an axis of length {side}")
    first, last = _end(start, side), side if stop is None else _end(stop, side)
    length = arithmetic.maximum(last - first, 0)
    # SymPy may round a third of what is always 0 up to 1.
    if length.is_zero if is_expression(length) else length == 0:
        refuse(ValueError, "key", key, f"a slice that is not empty, of an axis of length {side}")
    return arithmetic.ceil_divide(length, step)


def _end(end: Count, side: Count) -> Count:
    """Return where in an axis an end of a slice lies; a negative one counts from the last."""
    if is_expression(end) or end > 0:  # an expression is the side of a tensor
        return arithmetic.minimum(end, side)
    return arithmetic.maximum(side + end, 0) if end else 0
