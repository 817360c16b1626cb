"""The counts of a whole design space as an xarray Dataset."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from convcost._exact.arrays import as_int64
from convcost._exact.scalars import check_number, refuse
from convcost._sweeps.blocks import block_sides
from convcost._sweeps.extras import require

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping

    import xarray as xr
    from dask.array import Array

    from convcost._exact.types import Count, Numbers
    from convcost._sweeps.grid import Grid
    from convcost._sweeps.types import Categories

# Datasets with more designs than this, of 8 bytes each, are lazy Dask arrays.
LAZY_ABOVE = 1 << 25
_NO_AXES = "left out, since this design space has no axis of integers"
# Each array's attribute `units`.
_UNIT_NAMES = {
    "params": "parameters",
    "macs": "multiply-accumulates",
    "bias_adds": "bias additions",
    "flops": "floating-point operations",
}


def make_dataset(grid: Grid, chunks: object = None) -> xr.Dataset:
    """Return the counts of all designs, each over the dimensions that it depends on."""
    chunks = _check_chunks(grid, chunks)
    variants = [_variant(grid, categories, chunks) for categories in grid.variants()]
    names = list(grid.categorical_axes)
    dataset = _stacked(variants, names, grid) if names else variants[0]
    if names:
        dataset = dataset.transpose(*(dim for dim in grid.dims if dim in dataset.dims))
    for name, unit in _UNIT_NAMES.items():
        dataset[name].attrs = {"units": unit}
    return dataset


def _check_chunks(grid: Grid, chunks: object) -> dict[Hashable, int] | None:
    lengths = {name: len(axis) for name, axis in grid.axes.items()}
    if chunks is None and grid.size <= LAZY_ABOVE:
        return None
    if chunks is None or (isinstance(chunks, str) and chunks == "auto"):
        sides = block_sides(tuple(lengths.values()), LAZY_ABOVE // 8)
        return dict(zip(lengths, sides, strict=True))
    if isinstance(chunks, bool) or not isinstance(chunks, (int, dict)):
        refuse(TypeError, "chunks", chunks, "a number, a dict of numbers by axis, or 'auto'")
    if isinstance(chunks, int):
        check_number("chunks", chunks, "a positive number of values")
    given = chunks if isinstance(chunks, dict) else dict.fromkeys(lengths, chunks)
    for name, side in given.items():
        if name not in lengths:
            known = f"one of the integer axes: {', '.join(lengths)}" if lengths else _NO_AXES
            refuse(ValueError, "chunks", name, known)
        check_number(f"chunks[{name!r}]", side, "a positive number of values")
    return {name: min(given.get(name, length), length) for name, length in lengths.items()}


def _variant(
    grid: Grid, categories: Categories, chunks: Mapping[Hashable, int] | None
) -> xr.Dataset:
    require("xarray")
    import xarray as xr

    dims = _dimensions(grid, categories)
    coords: dict[str, object] = {name: axis.values for name, axis in grid.axes.items()}
    coords |= {
        name: value
        for name, value in grid.fixed.items()
        if isinstance(value, (int, str, bool)) and name not in coords
    }
    whole = slice(None)
    arrays = _counts(grid, categories, whole) if chunks is None else _lazy(grid, categories, chunks)
    variables = {
        name: (of, array[tuple(slice(None) if dim in of else 0 for dim in grid.axes)])
        for (name, array), of in zip(arrays.items(), dims, strict=True)
    }
    return xr.Dataset(variables, coords)


def _counts(grid: Grid, categories: Categories, cut: slice | Numbers) -> dict[str, Numbers]:
    """Return the counts over an open grid of some values of each axis."""
    sizes = np.ix_(*(axis.values[cut] for axis in grid.axes.values()))
    cost = grid.cost(categories, dict(zip(grid.axes, sizes, strict=True)))
    return {name: _of_rank(len(grid.axes), name, getattr(cost, name)) for name in _UNIT_NAMES}


def _of_rank(rank: int, name: str, count: Count) -> Numbers:
    """Return a count as an int64 array of that rank, even if it is the same for all designs."""
    array = as_int64(name, count)
    return array.reshape(array.shape or (1,) * rank)


def _dimensions(grid: Grid, categories: Categories) -> list[tuple[str, ...]]:
    """Return for each count the axes that it depends on."""
    # With two values for every axis, a count has two along the axes that it depends on.
    twice = _counts(grid, categories, np.array([0, 0]))
    return [
        tuple(name for name, side in zip(grid.axes, one.shape, strict=True) if side > 1)
        for one in twice.values()
    ]


def _lazy(grid: Grid, categories: Categories, chunks: Mapping[Hashable, int]) -> dict[str, Array]:
    """Return the counts as Dask arrays over all axes."""
    require("dask")
    import dask.array

    rank = len(grid.axes)
    sizes = {
        name: dask.array.from_array(axis.values, chunks[name]).reshape(
            (1,) * place + (-1,) + (1,) * (rank - place - 1)
        )
        for place, (name, axis) in enumerate(grid.axes.items())
    }
    cost = grid.cost(categories, sizes)
    counts = {name: getattr(cost, name) for name in _UNIT_NAMES}
    return {
        name: count
        if isinstance(count, dask.array.Array)
        else dask.array.from_array(_of_rank(rank, name, count))
        for name, count in counts.items()
    }


def _stacked(variants: list[xr.Dataset], names: list[str], grid: Grid) -> xr.Dataset:
    """Join the datasets of all variants, with a dimension for each categorical axis."""
    import xarray as xr

    for name in reversed(names):
        axis = grid.categorical_axes[name]
        index = xr.DataArray(np.array(axis.labels), dims=name, name=name)
        variants = [
            xr.concat(variants[start : start + len(axis)], dim=index)
            for start in range(0, len(variants), len(axis))
        ]
    return variants[0]
