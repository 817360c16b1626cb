"""The counts of a whole design space as an xarray Dataset."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from convcost.exact.scalars import refuse

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping

    import xarray as xr

    from convcost.sweeps.space import Space

# Designs from which on a dataset is computed by Dask when it is asked for: 8 bytes each.
LAZY_ABOVE = 1 << 25
_UNITS = {
    "params": "parameters",
    "macs": "multiply-accumulates",
    "bias_adds": "bias additions",
    "flops": "floating-point operations",
}


def make_dataset(space: Space, chunks: Any = None) -> xr.Dataset:
    """Return the counts of all designs, each over the dimensions that it depends on.

    Parameters
    ----------
    space
        The design space.
    chunks
        As for `convcost.sweep`.
    """
    chunks = _check_chunks(space, chunks)
    variants = [_variant(space, words, chunks) for words in space.variants()]
    names = list(space.words)
    dataset = _stacked(variants, names, space) if names else variants[0]
    if names:
        dataset = dataset.transpose(*(dim for dim in space.dims if dim in dataset.dims))
    for name, unit in _UNITS.items():
        dataset[name].attrs = {"units": unit}
    return dataset


def _check_chunks(space: Space, chunks: Any) -> dict[Hashable, int] | None:
    lengths = {name: len(axis) for name, axis in space.axes.items()}
    if chunks is None and space.size <= LAZY_ABOVE:
        return None
    if chunks is None or chunks == "auto":
        from convcost.sweeps.counting import block_sides

        sides = block_sides(tuple(lengths.values()), LAZY_ABOVE // 8)
        return dict(zip(lengths, sides, strict=True))
    if isinstance(chunks, bool) or not isinstance(chunks, (int, dict)):
        refuse(TypeError, "chunks", chunks, "a number, a number for each axis by name, or 'auto'")
    given = chunks if isinstance(chunks, dict) else dict.fromkeys(lengths, chunks)
    for name, side in given.items():
        if name not in lengths:
            refuse(ValueError, "chunks", name, f"one of the axes of integers: {', '.join(lengths)}")
        if isinstance(side, bool) or not isinstance(side, int) or side < 1:
            refuse(ValueError, f"chunks[{name!r}]", side, "a positive number of values")
    return {name: min(given.get(name, length), length) for name, length in lengths.items()}


def _variant(space: Space, words: Mapping[str, Any], chunks: Any) -> xr.Dataset:
    import xarray as xr

    dims = _dimensions(space, words)
    coords: dict[str, Any] = {name: axis.values for name, axis in space.axes.items()}
    coords |= {
        name: value
        for name, value in space.fixed.items()
        if isinstance(value, (int, str, bool)) and name not in coords
    }
    arrays = _promised(space, words, chunks) if chunks else _grid(space, words, slice(None))
    counted = {
        name: (of, array[tuple(slice(None) if dim in of else 0 for dim in space.axes)])
        for (name, array), of in zip(arrays.items(), dims, strict=True)
    }
    return xr.Dataset(counted, coords)


def _grid(space: Space, words: Mapping[str, Any], cut: Any) -> dict[str, Any]:
    """Return the counts over an open grid of some values of each axis."""
    grid = np.ix_(*(axis.values[cut] for axis in space.axes.values()))
    cost = space.cost(words, dict(zip(space.axes, grid, strict=True)))
    rank = len(space.axes)
    found = {name: np.asarray(getattr(cost, name)) for name in _UNITS}
    return {name: one.reshape(one.shape or (1,) * rank) for name, one in found.items()}


def _dimensions(space: Space, words: Mapping[str, Any]) -> list[tuple[str, ...]]:
    """Return the axes on which each count depends: those along which it has a shape."""
    # The same value twice shows it, where an axis may have but one.
    twice = _grid(space, words, np.array([0, 0]))
    return [
        tuple(name for name, side in zip(space.axes, one.shape, strict=True) if side > 1)
        for one in twice.values()
    ]


def _promised(space: Space, words: Mapping[str, Any], chunks: Mapping[Any, int]) -> dict[str, Any]:
    """Return the counts as Dask arrays over all axes."""
    import dask.array

    from_array: Any = dask.array.from_array  # without types of its own
    rank = len(space.axes)
    grid = {
        name: from_array(axis.values, chunks[name]).reshape(
            (1,) * place + (-1,) + (1,) * (rank - place - 1)
        )
        for place, (name, axis) in enumerate(space.axes.items())
    }
    cost = space.cost(words, grid)
    return {name: getattr(cost, name) for name in _UNITS}


def _stacked(variants: list[xr.Dataset], names: list[str], space: Space) -> xr.Dataset:
    """Put datasets of all combinations of words along a dimension for each axis of words."""
    import xarray as xr

    for name in reversed(names):
        axis = space.words[name]
        index = xr.DataArray(np.array(axis.labels), dims=name, name=name)
        variants = [
            xr.concat(variants[start : start + len(axis)], dim=index)
            for start in range(0, len(variants), len(axis))
        ]
    return variants[0]
