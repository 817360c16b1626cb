"""A design space: a grid of designs, and the questions to ask about it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from convcost._sweeps.grid import Grid

if TYPE_CHECKING:
    from collections.abc import Sequence
    from os import PathLike
    from pathlib import Path
    from typing import Any

    import numpy as np
    import pandas as pd
    import xarray as xr
    from distributed import Client
    from numpy.typing import NDArray

    from convcost._sweeps.types import Chunks, Method, Progress, Subject, Where


class Space(Grid):
    """All the designs over some axes; they are counted only when a question is asked.

    Parameters
    ----------
    what
        A function such as `convcost.separable`, a class of `convcost.layers`, a `Network` (whose
        axes are the `width` and `resolution` of `Network.scale`), or any function that returns a
        `Cost` for arrays.
    **arguments
        The arguments of `what`. A range, a list or an array is an axis: distinct positive integers,
        or a list of strings, booleans or tuples. Anything else is the same for all designs. A layer
        also takes `input_shape`, and the names in it (and in other tuples) are axes, too:
        `input_shape=("side", "side", "channels"), side=[7, 14], channels=range(8, 65)`.

    Raises
    ------
    TypeError, ValueError, OverflowError
        If an argument is missing, unknown or not valid.

    Examples
    --------
    >>> import convcost
    >>> space = convcost.Space(
    ...     convcost.separable, dk=[3, 5, 7], m=range(8, 513, 8), n=range(8, 1025, 8), df=[7, 14]
    ... )
    >>> space
    Space(separable, dk: 3, m: 64, n: 128, df: 2 = 49,152 designs)
    >>> space.count("macs <= 1e6")
    3807
    >>> print(space.top(2, by="params", where="macs <= 1e6").to_string(index=False))
     dk  m   n  df  params   macs  bias_adds   flops
      3 24 840   7   21216 998424      41160 1996848
      5 24 824   7   21200 998424      40376 1996848
    """

    def __init__(self, what: Subject, /, **arguments: object) -> None:
        super().__init__(what, **arguments)
        self.check_values()

    # The modules that answer are imported when the first question is asked.

    def count(
        self,
        where: Where = None,
        *,
        method: Method | None = None,
        progress: Progress | None = None,
        client: Client | None = None,
        block: int | None = None,
    ) -> int:
        """Return the number of designs that fulfil a condition.

        Parameters
        ----------
        where
            A condition such as `"macs <= 3e8 and m % 16 == 0"`, or a list of them: comparisons of
            sums, products and quotients of `params`, `macs`, `flops`, `bias_adds` and the axes.
            Numbers are read exactly as written.
        method
            `prune` accepts or rejects whole boxes of designs, `all` counts each design with Dask;
            None for the faster one.
        progress
            A function called with the fraction done.
        client
            A `dask.distributed.Client` to count on, for `all`.
        block
            Number of designs counted at once, for `all`.

        Returns
        -------
        int
            Exact number of designs.

        Raises
        ------
        TypeError, ValueError
            If `where` is not such a condition.

        Examples
        --------
        >>> import convcost
        >>> many = range(1, 8193)
        >>> space = convcost.Space(convcost.separable, dk=3, m=many, n=many, df=many)
        >>> space.size, space.count("macs <= 1e6")
        (549755813888, 9110771)
        """
        from convcost._sweeps import questions

        return questions.count(self, where, questions.How(method, progress, client, block))

    def top(
        self,
        k: int,
        by: str,
        where: Where = None,
        *,
        smallest: bool = False,
        method: Method | None = None,
        progress: Progress | None = None,
        client: Client | None = None,
        block: int | None = None,
    ) -> pd.DataFrame:
        """Return the k designs with the largest value of an expression.

        Parameters
        ----------
        k
            Maximum number of designs.
        by
            A sum of products of quantities and axes: `"params"`, `"macs + 2 * bias_adds"`.
        where
            A condition, or a list of them, as for `count`.
        smallest
            Whether to take the smallest values instead.
        method, progress, client, block
            How to count, as for `count`.

        Returns
        -------
        pandas.DataFrame
            A row for each design, best first, with its axes and its counts. Among equals, smaller
            values come first, compared axis by axis in the order of the axes.

        Raises
        ------
        TypeError, ValueError, OverflowError
            If an argument is not valid, or a count does not fit into int64.
        """
        from convcost._sweeps import questions

        how = questions.How(method, progress, client, block)
        return questions.top(self, k, by, where, how, smallest=smallest)

    def pareto(
        self,
        *,
        maximize: Sequence[str] = (),
        minimize: Sequence[str] = (),
        where: Where = None,
        limit: int = 1_000_000,
        method: Method | None = None,
        progress: Progress | None = None,
        client: Client | None = None,
        block: int | None = None,
    ) -> pd.DataFrame:
        """Return the Pareto front: the designs that no other design dominates.

        Parameters
        ----------
        maximize, minimize
            Quantities and axes to maximize, and those to minimize.
        where
            A condition, or a list of them, as for `count`.
        limit
            Maximum number of designs of the front.
        method, progress, client, block
            How to count, as for `count`.

        Returns
        -------
        pandas.DataFrame
            A row for each design of the Pareto front, equals included, in the order of the axes.

        Raises
        ------
        ValueError
            If the front has more designs than `limit`.
        """
        from convcost._sweeps import questions

        how = questions.How(method, progress, client, block)
        return questions.pareto(self, maximize, minimize, where, limit, how)

    def histogram(
        self,
        by: str,
        bins: Sequence[int] | NDArray[np.integer[Any]],
        where: Where = None,
        *,
        method: Method | None = None,
        progress: Progress | None = None,
        client: Client | None = None,
        block: int | None = None,
    ) -> pd.Series[int]:
        """Return the number of designs in each bin of the values of an expression.

        Parameters
        ----------
        by
            A sum of products of quantities and axes, as for `top`.
        bins
            Ascending integers: the edges of the bins. Each bin includes its lower edge and excludes
            its upper one.
        where
            A condition, or a list of them, as for `count`.
        method, progress, client, block
            How to count, as for `count`.

        Returns
        -------
        pandas.Series
            The number of designs in each bin, indexed by its interval.
        """
        from convcost._sweeps import questions

        how = questions.How(method, progress, client, block)
        return questions.histogram(self, by, bins, where, how)

    def write(
        self,
        path: str | PathLike[str],
        where: Where = None,
        *,
        progress: Progress | None = None,
        client: Client | None = None,
        part: int = 1 << 20,
        overwrite: bool = False,
    ) -> Path:
        """Write all designs, or those that fulfil a condition, part by part.

        Parameters
        ----------
        path
            A name that ends with .parquet, .csv or .json, for a folder of such files with a row for
            each design; or with .zarr, for a store with the arrays of `Space.dataset`.
        where
            A condition, or a list of them, as for `count`; not for .zarr.
        progress
            A function called with the fraction done.
        client
            A `dask.distributed.Client` to count on.
        part
            Maximum number of designs per part; a million are about 60 MB before compression.
        overwrite
            Whether to replace what exists.

        Returns
        -------
        pathlib.Path
            The path written to. After a kill, the same call resumes with the missing parts, and
            writes the same bytes as an uninterrupted run.

        Raises
        ------
        FileExistsError
            If `path` exists, or there are parts of another space beside it.
        """
        from convcost._sweeps.export import write_space

        return write_space(
            self, path, where, progress=progress, client=client, part=part, overwrite=overwrite
        )

    def dataset(self, chunks: Chunks = None) -> xr.Dataset:
        """Return the counts of all designs as an xarray Dataset, as `convcost.sweep` does."""
        from convcost._sweeps.datasets import make_dataset

        return make_dataset(self, chunks)


def sweep(what: Subject, /, *, chunks: Chunks = None, **arguments: object) -> xr.Dataset:
    """Return the counts of all designs over some axes as an xarray Dataset.

    Parameters
    ----------
    what
        A function such as `convcost.separable`, a class of `convcost.layers`, or a `Network`, as in
        `Space`.
    chunks
        None counts up to 33,554,432 designs at once, and returns lazy Dask arrays beyond that;
        `"auto"`, or the number of values per chunk (for all axes, or by name), always returns lazy
        arrays.
    **arguments
        The arguments of `what`, as in `Space`: ranges, lists and arrays are axes, and dimensions of
        the result; anything else is a coordinate without a dimension.

    Returns
    -------
    xarray.Dataset
        `params`, `macs`, `bias_adds` and `flops`, int64, each over the dimensions on which it
        depends, with the axes' values as coordinates.

    Raises
    ------
    OverflowError
        If a count does not fit into int64.

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
