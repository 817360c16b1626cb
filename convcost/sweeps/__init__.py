"""Design spaces: which of very many convolutions fit a budget."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from convcost.sweeps.solving import crossings, solve
from convcost.sweeps.space import Space

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["Space", "crossings", "solve", "sweep"]


def sweep(what: Any, /, *, chunks: Any = None, **arguments: Any) -> xr.Dataset:
    """Return the counts of all designs over some axes as an xarray Dataset.

    Parameters
    ----------
    what
        As for `Space`: a function such as `convcost.separable`, a class of `convcost.layers`, or a
        `Network`.
    chunks
        None to count at once up to 33,554,432 designs, and with Dask, when somebody asks, beyond
        that; `"auto"`, or the number of values of a chunk (for all axes, or by name), for Dask.
    **arguments
        What `what` takes, as for `Space`: ranges, lists and arrays are axes, and dimensions of
        the result; anything else is a coordinate without a dimension.

    Returns
    -------
    xarray.Dataset
        `params`, `macs`, `bias_adds` and `flops`, int64, each over the dimensions on which it
        depends, with the axes' values as coordinates.

    Raises
    ------
    TypeError, ValueError, OverflowError
        As for `Space`; OverflowError, too, if a count does not fit into int64.

    Examples
    --------
    >>> import convcost
    >>> costs = convcost.sweep(
    ...     convcost.separable, dk=[3, 5, 7], m=range(8, 513, 8), n=range(8, 1025, 8), df=28
    ... )
    >>> dict(costs.sizes), costs.params.dims, costs.bias_adds.dims
    ({'dk': 3, 'm': 64, 'n': 128}, ('dk', 'm', 'n'), ('n',))
    >>> int(costs.macs.sel(dk=3, m=32, n=64))
    1831424
    """
    return Space(what, **arguments).dataset(chunks)
