"""The data format of operations of a file that does not say it, but records the shapes."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from convcost._layers.arguments import CHANNELS_FIRST, CHANNELS_LAST
from convcost._models.graph import Tensor

if TYPE_CHECKING:
    from convcost._models.keras.operations import KerasOperation

# A size for open sides, which decide nothing.
_ANY = 2**20


def settled(operation: KerasOperation, given: object, made: object) -> KerasOperation:
    """Return the operation in the data format in which the recorded input makes the output.

    Keras 3 saves the data format of `keras.ops.image.resize` as null if it was the default of the
    process that saved the model. Where the shapes do not decide, it stays `channels_last`.

    Parameters
    ----------
    operation
        An operation; one that has no data format, or states it, is returned unchanged.
    given, made
        The shapes that the file records for its input and its output, if any.
    """
    if operation.own.get("data_format", "") is not None:
        return operation
    both = [
        replace(operation, own={**operation.own, "data_format": one})
        for one in (CHANNELS_LAST, CHANNELS_FIRST)
    ]
    fitting = [one for one in both if _makes(one, given, made)]
    return fitting[0] if len(fitting) == 1 else operation


def _makes(operation: KerasOperation, given: object, made: object) -> bool:
    if not isinstance(given, (list, tuple)) or not isinstance(made, (list, tuple)):
        return False
    sides = tuple(_ANY if side is None else side for side in given)
    try:
        output, _ = operation.apply((Tensor(sides),), {})
    except (TypeError, ValueError):
        return False
    if len(output) != len(made):
        return False
    return all(there in (None, here) for here, there in zip(output, made, strict=True))
