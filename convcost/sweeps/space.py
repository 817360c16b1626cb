"""A design space: a grid of designs, and the questions that are asked of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from convcost.sweeps.grid import Grid

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import pandas as pd
    import xarray as xr

    from convcost.sweeps.axes import CategoricalAxis


class Space(Grid):
    """All the designs over some axes, of which nothing is counted before it is asked for.

    Parameters
    ----------
    what
        A function such as `convcost.separable`, a class of `convcost.layers`, a `Network` (whose
        axes are the `width` and `resolution` of `Network.scale`), or any function that returns a
        `Cost` for arrays.
    **arguments
        What `what` takes. A range, a list or an array is an axis: positive integers, each once; or
        a list of words, truths or tuples. Anything else is the same for all designs. For a layer
        there are `input_shape`, and the names in it (and in other tuples) are axes, too:
        `input_shape=("side", "side", "channels"), side=[7, 14], channels=range(8, 65)`.

    Raises
    ------
    TypeError, ValueError, OverflowError
        If an argument is missing, unknown, or not what it may be.

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

    @property
    def words(self) -> dict[str, CategoricalAxis]:
        """Another name of `categorical_axes`."""
        return self.categorical_axes

    # Each question has a module of its own that knows how to answer it.

    def count(self, where: Any = None, **how: Any) -> int:
        """Return how many designs fulfil a condition.

        Parameters
        ----------
        where
            A condition such as `"macs <= 3e8 and m % 16 == 0"`, or a list of them: comparisons of
            sums, products and quotients of `params`, `macs`, `flops`, `bias_adds` and the axes.
            Numbers are taken exactly as they are written.
        **how
            As in `top`.

        Returns
        -------
        int
            Number of designs, exactly.

        Raises
        ------
        TypeError, ValueError
            If `where` is no such condition.

        Examples
        --------
        >>> import convcost
        >>> many = range(1, 8193)
        >>> space = convcost.Space(convcost.separable, dk=3, m=many, n=many, df=many)
        >>> space.size, space.count("macs <= 1e6")
        (549755813888, 9110771)
        """
        from convcost.sweeps import questions

        return questions.count(self, where, **how)

    def top(
        self, k: int, by: str, where: Any = None, *, smallest: bool = False, **how: Any
    ) -> pd.DataFrame:
        """Return the k designs with the largest value of an expression.

        Parameters
        ----------
        k
            How many designs, at most.
        by
            A sum of products of quantities and axes: `"params"`, `"macs + 2 * bias_adds"`.
        where
            As in `count`.
        smallest
            Whether to take the smallest values instead.
        **how
            `method`: `"prune"` rules out and lets in whole boxes of designs, `"all"` counts each
            one with Dask; by default the one that fits. `progress`: called with the fraction that
            is done. For `"all"`: `client`, a `dask.distributed.Client`, and `block`, the number of
            designs that are counted at once.

        Returns
        -------
        pandas.DataFrame
            A row for each design, the best first: its axes, and its counts. Of equals, those with
            the smaller axes come first, in the order of the axes.

        Raises
        ------
        TypeError, ValueError, OverflowError
            If an argument is not what it may be, or a count does not fit into int64.
        """
        from convcost.sweeps import questions

        return questions.top(self, k, by, where, smallest=smallest, **how)

    def pareto(
        self,
        *,
        maximize: Sequence[str] = (),
        minimize: Sequence[str] = (),
        where: Any = None,
        **how: Any,
    ) -> pd.DataFrame:
        """Return the designs that no other design is better than in all respects.

        Parameters
        ----------
        maximize, minimize
            Quantities and axes of which more is better, and of which less is.
        where
            As in `count`.
        **how
            As in `top`; and `limit`, the most designs to return (a million by default).

        Returns
        -------
        pandas.DataFrame
            A row for each design of the Pareto front, equals included, in the order of the axes.

        Raises
        ------
        ValueError
            If the front has more designs than `limit`.
        """
        from convcost.sweeps import questions

        return questions.pareto(self, maximize, minimize, where, **how)

    def histogram(self, by: str, bins: Any, where: Any = None, **how: Any) -> pd.Series:
        """Return how many designs have which value of an expression.

        Parameters
        ----------
        by
            As in `top`.
        bins
            The edges, ascending: integers. A design belongs to a bin if its value is at least the
            lower edge and less than the upper one.
        where
            As in `count`.
        **how
            As in `top`.

        Returns
        -------
        pandas.Series
            The number of designs of each bin, by its interval.
        """
        from convcost.sweeps import questions

        return questions.histogram(self, by, bins, where, **how)

    def write(self, path: Any, where: Any = None, **how: Any) -> Path:
        """Write all designs, or those that fulfil a condition, part by part.

        Parameters
        ----------
        path
            A name that ends with .parquet, .csv or .json, for a folder of such files with a row for
            each design; or with .zarr, for a store with the arrays of `Space.dataset`.
        where
            As in `count`; not for .zarr.
        **how
            `progress`: called with the fraction that is done. `client`: a
            `dask.distributed.Client`. `part`: the number of designs of a part, at most.
            `overwrite`: whether to replace what is there.

        Returns
        -------
        pathlib.Path
            Where it was written. Killed and called again, it goes on with the parts that are
            missing, and ends with the same bytes.

        Raises
        ------
        FileExistsError
            If there is something at `path`, or parts of something else beside it.
        """
        from convcost.sweeps.export import write_space

        return write_space(self, path, where, **how)

    def dataset(self, chunks: Any = None) -> xr.Dataset:
        """Return the counts of all designs, as `convcost.sweep` does.

        Parameters
        ----------
        chunks
            As in `convcost.sweep`.
        """
        from convcost.sweeps.datasets import make_dataset

        return make_dataset(self, chunks)


def sweep(what: Any, /, *, chunks: Any = None, **arguments: Any) -> xr.Dataset:
    """Return the counts of all designs over some axes as an xarray Dataset.

    Parameters
    ----------
    what
        As in `Space`: a function such as `convcost.separable`, a class of `convcost.layers`, or a
        `Network`.
    chunks
        None to count at once up to 33,554,432 designs, and with Dask, when somebody asks, beyond
        that; `"auto"`, or the number of values of a chunk (for all axes, or by name), for Dask.
    **arguments
        What `what` takes, as in `Space`: ranges, lists and arrays are axes, and dimensions of
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
