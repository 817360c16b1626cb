"""A design space: all the designs that a function or a layer has over some axes."""

from __future__ import annotations

import inspect
from functools import partial
from itertools import product
from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np

from convcost.cost import convolutions
from convcost.cost.cost import Cost, from_counts
from convcost.exact import duck_arrays
from convcost.exact.scalars import is_array, join_names, refuse
from convcost.layers import Layer
from convcost.models.network import Network
from convcost.sweeps.axes import Axis, Words, is_axis, make_axis, substitute
from convcost.sweeps.conditions import Names, parse_conditions, parse_expression
from convcost.sweeps.directions import GROWS, directions

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    import pandas as pd
    import xarray as xr

    from convcost.exact.types import Numbers
    from convcost.sweeps.conditions import Condition
    from convcost.sweeps.polynomials import Polynomial

FUNCTIONS = (
    convolutions.standard,
    convolutions.depthwise,
    convolutions.pointwise,
    convolutions.separable,
)
_MODES = ("effective", "training", "first")
_SCALING = ("width", "resolution")


class Space:
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

    def __init__(self, what: Any, /, **arguments: Any) -> None:
        self._what = what
        self._subject = _subject(what)
        self._subject.check(arguments)
        self._axes = {
            name: make_axis(name, value, words=name in self._subject.words)
            for name, value in arguments.items()
            if is_axis(value) or self._subject.is_free(name)
        }
        self.fixed = {name: value for name, value in arguments.items() if name not in self._axes}
        self._subject.check_names(self._axes, self.fixed)

    @property
    def axes(self) -> dict[str, Axis]:
        """The axes of integers, in the order in which they were given."""
        return {name: axis for name, axis in self._axes.items() if isinstance(axis, Axis)}

    @property
    def words(self) -> dict[str, Words]:
        """The axes of anything else."""
        return {name: axis for name, axis in self._axes.items() if isinstance(axis, Words)}

    @property
    def names(self) -> Names:
        """What conditions and expressions may speak of."""
        words = {name: axis.values for name, axis in self.words.items()}
        return Names(tuple(self.axes), words)

    @property
    def dims(self) -> tuple[str, ...]:
        """The names of all axes, in the order in which they were given."""
        return tuple(self._axes)

    @property
    def size(self) -> int:
        """The number of designs."""
        return prod(len(axis) for axis in self._axes.values())

    @property
    def shape(self) -> tuple[int, ...]:
        """The number of values of each axis."""
        return tuple(len(axis) for axis in self._axes.values())

    def __repr__(self) -> str:
        axes = "".join(f", {name}: {len(axis):,}" for name, axis in self._axes.items())
        return f"Space({self._subject.name}{axes} = {self.size:,} designs)"

    def variants(self) -> Iterator[dict[str, Any]]:
        """Yield the words of the designs, each combination once."""
        names = tuple(self.words)
        for values in product(*(axis.values for axis in self.words.values())):
            yield dict(zip(names, values, strict=True))

    def cost(self, words: Mapping[str, Any], sizes: Mapping[str, Any]) -> Cost:
        """Return the cost of designs.

        Parameters
        ----------
        words
            A value for each axis of words.
        sizes
            An integer, or an array of them, for each axis of integers; the arrays broadcast.

        Returns
        -------
        Cost
            Of integers, or of arrays.
        """
        cost: Cost = self._subject.cost({**self.fixed, **words}, sizes)
        return cost

    def directions(self, words: Mapping[str, Any]) -> dict[str, int | None]:
        """Return for each axis of integers in which direction costs grow, where it is known."""
        known = self._subject.directions({**self.fixed, **words})
        return {name: known(name) for name in self.axes}

    def condition(self, where: Any) -> Condition:
        """Return the condition that a text stands for."""
        return parse_conditions(where, self.names)

    def expression(self, name: str, text: Any) -> Polynomial:
        """Return the polynomial that a text stands for."""
        return parse_expression(name, text, self.names)

    # The questions: each has a module of its own that knows how to answer it.

    def count(self, where: Any = None, **how: Any) -> int:
        """Return how many designs fulfil a condition.

        Parameters
        ----------
        where
            A condition such as `"macs <= 3e8 and m % 16 == 0"`, or a list of them: comparisons of
            sums, products and quotients of `params`, `macs`, `flops`, `bias_adds` and the axes.
            Numbers are taken exactly as they are written.
        **how
            See `Space.top`.

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
            As for `count`.
        smallest
            Whether to take the smallest values instead.
        **how
            `method`: `"prune"` rules out and lets in whole boxes of designs, `"all"` counts each
            one with Dask; by default the one that fits. `progress`: called with the share that is
            done. For `"all"`: `client`, a `dask.distributed.Client`, and `block`, the number of
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
            As for `count`.
        **how
            As for `top`; and `limit`, the most designs to return (a million by default).

        Returns
        -------
        pandas.DataFrame
            A row for each design of the Pareto front, equals included, in the order of the axes.

        Raises
        ------
        TypeError, ValueError, OverflowError
            As for `top`; ValueError, too, if the front has more designs than `limit`.
        """
        from convcost.sweeps import questions

        return questions.pareto(self, maximize, minimize, where, **how)

    def histogram(self, by: str, bins: Any, where: Any = None, **how: Any) -> pd.Series:
        """Return how many designs have which value of an expression.

        Parameters
        ----------
        by
            As for `top`.
        bins
            The edges, ascending: integers. A design belongs to a bin if its value is at least the
            lower edge and less than the upper one.
        where
            As for `count`.
        **how
            As for `top`.

        Returns
        -------
        pandas.Series
            The number of designs of each bin, by its interval.

        Raises
        ------
        TypeError, ValueError, OverflowError
            As for `top`.
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
            As for `count`; not for .zarr.
        **how
            `progress`: called with the share that is done. `client`: a `dask.distributed.Client`.
            `part`: the number of designs of a part, at most. `overwrite`: whether to replace what
            is there.

        Returns
        -------
        pathlib.Path
            Where it was written. Killed and called again, it goes on with the parts that are
            missing, and ends with the same bytes.

        Raises
        ------
        FileExistsError
            If there is something at `path`, or parts of something else beside it.
        TypeError, ValueError, OverflowError
            As for `top`.
        """
        from convcost.sweeps.files import write_space

        return write_space(self, path, where, **how)

    def dataset(self, chunks: Any = None) -> xr.Dataset:
        """Return the counts of all designs, as `convcost.sweep` does.

        Parameters
        ----------
        chunks
            As for `convcost.sweep`.
        """
        from convcost.sweeps.datasets import make_dataset

        return make_dataset(self, chunks)


class _Function:
    """A function of sizes as what a space is made of."""

    words = ()

    def __init__(self, function: Callable[..., Cost]) -> None:
        self.function = function
        self.name = getattr(function, "__name__", repr(function))
        self.parameters = tuple(inspect.signature(function).parameters)

    def is_free(self, name: str) -> bool:
        return False

    def check(self, arguments: dict[str, Any]) -> None:
        try:
            inspect.signature(self.function).bind(**arguments)
        except TypeError as error:
            raise TypeError(
                f"{self.name} takes {join_names(list(self.parameters))}: {error}"
            ) from None

    def check_names(self, axes: Mapping[str, Any], fixed: Mapping[str, Any]) -> None:
        """Nothing refers to an axis by name."""

    def cost(self, values: Mapping[str, Any], sizes: Mapping[str, Any]) -> Cost:
        cost = self.function(**values, **sizes)
        if not isinstance(cost, Cost):
            refuse(TypeError, "what", self.function, "a function that returns a Cost")
        return cost

    def directions(self, values: Mapping[str, Any]) -> Callable[[str], int | None]:
        return lambda _: GROWS if self.function in FUNCTIONS else None


class _Kind:
    """A class of layers as what a space is made of."""

    words = ()

    def __init__(self, kind: type[Layer]) -> None:
        self.kind = kind
        self.name = kind.__name__
        self.own = (*kind.argument_names(), "input_shape", *_MODES)

    def is_free(self, name: str) -> bool:
        return name not in self.own

    def check(self, arguments: dict[str, Any]) -> None:
        if "input_shape" not in arguments:
            raise TypeError(
                f'{self.name} needs an input_shape: ("side", "side", "channels"), say, and what'
                " these may be"
            )

    def check_names(self, axes: Mapping[str, Any], fixed: Mapping[str, Any]) -> None:
        used: set[str] = set()
        for value in fixed.values():
            substitute(value, lambda name: used.add(name))
        for name in axes:
            if name not in self.own and name not in used:
                raise TypeError(
                    f"{name} is no argument of {self.name}, and no other argument speaks of it;"
                    f" it takes {join_names(list(self.own))}"
                )

    def cost(self, values: Mapping[str, Any], sizes: Mapping[str, Any]) -> Cost:
        given = {name: substitute(value, sizes.get) for name, value in values.items()}
        given |= {name: size for name, size in sizes.items() if name in self.own}
        shape = given.pop("input_shape")
        modes = {name: given.pop(name) for name in _MODES if name in given}
        return self.kind(**given).cost(shape, **modes)

    def directions(self, values: Mapping[str, Any]) -> Callable[[str], int | None]:
        known = directions(self.kind, values.get("padding", "valid"), bool(values.get("effective")))

        def direction(axis: str) -> int | None:
            meant: set[int | None] = {known.get(axis)} if axis in self.own else set()
            for argument, value in values.items():
                used: set[str] = set()
                substitute(value, lambda name, used=used: used.add(name))  # type: ignore[misc]
                if axis in used:
                    meant.add(known.get(argument))
            return meant.pop() if len(meant) == 1 else None

        return direction


class _Scaled:
    """A network at several widths and resolutions as what a space is made of."""

    name = "Network.scale"
    words = ("width",)

    def __init__(self, network: Network) -> None:
        self.network = network

    def is_free(self, name: str) -> bool:
        return name in _SCALING

    def check(self, arguments: dict[str, Any]) -> None:
        known = (*_SCALING, "divisor", "keep")
        for name in arguments:
            if name not in known:
                raise TypeError(f"Network.scale takes {join_names(list(known))}; got {name}")

    def check_names(self, axes: Mapping[str, Any], fixed: Mapping[str, Any]) -> None:
        """Nothing refers to an axis by name."""

    def cost(self, values: Mapping[str, Any], sizes: Mapping[str, Any]) -> Cost:
        options = dict(values)
        width = options.pop("width", sizes.get("width", 1))
        resolution = options.pop("resolution", sizes.get("resolution"))
        if not is_array(resolution):
            return self._total(width, resolution, options)
        count = partial(self._counts, width, options)
        # Each resolution is a walk through the network, whatever the array is of.
        return from_counts(duck_arrays.call(count, (resolution,), lambda: 3))

    def _counts(
        self, width: Any, options: Mapping[str, Any], resolutions: Numbers
    ) -> tuple[Numbers, ...]:
        costs = [self._total(width, int(side), options) for side in resolutions.flat]
        columns = zip(*((c.params, c.macs, c.bias_adds) for c in costs), strict=True)
        return tuple(
            np.array(column, dtype=np.int64).reshape(resolutions.shape) for column in columns
        )

    def _total(self, width: Any, resolution: Any, options: Mapping[str, Any]) -> Cost:
        return self.network.scale(width, resolution, **options).total()

    def directions(self, values: Mapping[str, Any]) -> Callable[[str], int | None]:
        return lambda _: None


def _subject(what: Any) -> Any:
    if isinstance(what, type) and issubclass(what, Layer):
        return _Kind(what)
    if isinstance(what, Network):
        return _Scaled(what)
    if callable(what):
        return _Function(what)
    refuse(
        TypeError,
        "what",
        what,
        "a function such as convcost.separable, a class of convcost.layers, or a Network",
    )
