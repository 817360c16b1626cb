"""Lazy (Dask) arrays: counted block by block, when they are computed."""

import warnings
from fractions import Fraction
from functools import partial

import numpy as np

from convcost._exact.arrays import require_room, scalar
from convcost._exact.kinds import is_expression
from convcost._exact.scalars import is_array, join_names

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from typing import TypeAlias, TypeGuard

    import dask.array

    from convcost._exact.types import AnyArray, Count, Numbers

    # Takes values with NumPy arrays in place of duck arrays; returns counts.
    Counting: TypeAlias = "Callable[..., tuple[Count, ...]]"


def arrays_in(values: "Iterable[object]") -> "list[AnyArray]":
    """Return the arrays among some values."""

    def is_any_array(value: object) -> "TypeGuard[AnyArray]":
        return is_array(value)

    return list(filter(is_any_array, values))


def replaced(values: "Sequence[object]", arrays: "Iterable[object]") -> "list[object]":
    """Return the values with their arrays replaced by others."""
    rest = iter(arrays)
    return [next(rest) if is_array(value) else value for value in values]


def call_lazy(
    function: "Counting", values: "Sequence[object]", number: int, dtype: type | None
) -> "tuple[Count, ...]":
    """Call a function on arrays of which some are lazy, as `duck_arrays.call`."""
    import dask.array as da

    arrays = [
        array if isinstance(array, da.Array) else da.from_array(np.asarray(array), -1)
        for array in arrays_in(values)
    ]
    _require_broadcast(arrays)
    if dtype is None:
        # As for NumPy arrays mixed with symbols, fractions and objects.
        exact = any(array.dtype == object for array in arrays) or any(map(_is_exact, values))
        dtype = object if exact else np.int64
    template = [_PLACE if is_array(value) else value for value in values]
    with warnings.catch_warnings():
        # An open grid has the product of its axes' chunks as blocks, which is intended.
        warnings.simplefilter("ignore", da.PerformanceWarning)
        pairs = [part for array in arrays for part in (array, range(-array.ndim, 0))]
        try:
            _, together = da.core.unify_chunks(*pairs)
            # Each block is counted once, for all the results.
            counts = da.apply_gufunc(
                partial(_count_block, function, template, number),
                f"{','.join(['()'] * len(arrays))}->{','.join(['()'] * number)}",
                *together,
                output_dtypes=[object] * number,
            )
        except ValueError as error:
            if not any(map(is_open, arrays)):
                raise
            listed = join_names([str(array.shape) for array in arrays])
            raise ValueError(
                f"arrays of unknown lengths can't be combined; got shapes {listed}; call"
                " compute_chunk_sizes() on them before"
            ) from error
    # Converted one by one: if one does not fit, the others may.
    own = np.dtype(dtype)
    meta = np.empty((0,) * max(array.ndim for array in arrays), dtype=own)
    return tuple(
        count.map_blocks(_convert, own, dtype=own, meta=meta)
        for count in (counts if number > 1 else (counts,))
    )


def checked_blocks(check: "Callable[[Numbers], Count]", array: "dask.array.Array") -> "AnyArray":
    """Return a lazy array whose blocks are checked, and made int64, when they are computed."""
    own = np.dtype(object if array.dtype == object else np.int64)
    meta = np.empty((0,) * array.ndim, dtype=own)
    checked: AnyArray = array.map_blocks(partial(_check_block, check, own), dtype=own, meta=meta)
    return checked


def _check_block(
    check: "Callable[[Numbers], Count]", dtype: "np.dtype[np.generic]", block: "Numbers"
) -> "Numbers":
    if block.size == 0:  # as arrays of unknown length may have among others
        return block.astype(dtype)
    try:
        return np.asarray(check(block), dtype=dtype)
    except (TypeError, ValueError, OverflowError) as error:
        error.add_note(f"in a block of shape {block.shape}; indices count from its corner")
        raise


def _require_broadcast(arrays: "list[AnyArray]") -> None:
    shapes = [array.shape for array in arrays]
    if any(map(is_open, arrays)):
        return
    try:
        np.broadcast_shapes(*shapes)
    except ValueError:
        listed = join_names(list(map(str, shapes)))
        raise ValueError(f"arrays must broadcast; got shapes {listed}") from None


def is_open(array: "AnyArray") -> bool:
    """Tell whether an array has a side that Dask doesn't know yet, which is NaN."""
    return any(side != side for side in array.shape)


def _is_exact(value: object) -> bool:
    return is_expression(value) or isinstance(value, Fraction)


def _convert(block: "Numbers", dtype: "np.dtype[np.generic]") -> "Numbers":
    if block.dtype.kind == "O" != dtype.kind and block.size:
        require_room("a count", block.max())
    return block.astype(dtype)


class _Place:
    """A placeholder for a block of an array."""

    ndim = 0


_PLACE = _Place()


def _count_block(
    function: "Counting", template: "Sequence[object]", number: int, *blocks: "Numbers"
) -> "Numbers | tuple[Numbers, ...]":
    shape = np.broadcast_shapes(*(block.shape for block in blocks))
    if 0 in shape:  # arrays of unknown length may have empty blocks
        nothing = np.empty(shape, dtype=object)
        return (nothing,) * number if number > 1 else nothing
    try:
        counts = function(*replaced(template, blocks))
    except (TypeError, ValueError, OverflowError) as error:
        error.add_note(f"in a block of shape {shape}; indices count from its corner")
        raise
    full = tuple(
        np.broadcast_to(count if is_array(count) else scalar(count), shape) for count in counts
    )
    return full if len(full) > 1 else full[0]
