"""The counts of a whole design space as an xarray Dataset."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from convcost.exact import refuse
from convcost.sweeps.conditions import QUANTITIES

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
    order = [dim for dim in space.dims if dim in dataset.dims]
    dataset = dataset.transpose(*order)
    dataset["flops"] = _doubled(dataset["macs"])
    for name, unit in _UNITS.items():
        dataset[name].attrs = {"units": unit}
    scalars = {
        name: value
        for name, value in space.fixed.items()
        if isinstance(value, (int, str, bool)) and name not in dataset.coords
    }
    return dataset.assign_coords(scalars)[[*_UNITS]]


def _doubled(macs: Any) -> Any:
    from convcost import counts

    return counts.add("flops", macs, macs)


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

    named = {
        name: xr.DataArray(axis.values, {name: axis.values}, (name,))
        for name, axis in space.axes.items()
    }
    if chunks is None:
        cost = space.cost(words, named)
        counted = {name: xr.DataArray(getattr(cost, name)) for name in QUANTITIES}
        return xr.Dataset(counted)
    lazy = space.cost(words, {name: axis.chunk(chunks[name]) for name, axis in named.items()})
    # What a promised count depends on can't be seen; the same at one corner can.
    corner = space.cost(words, {name: axis[:2] for name, axis in named.items()})
    return xr.Dataset(
        {
            name: getattr(lazy, name).isel(
                dict.fromkeys(set(named) - set(getattr(corner, name).dims), 0), drop=True
            )
            for name in QUANTITIES
        }
    )


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
