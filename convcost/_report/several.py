"""Several models in one table, a row each."""

from __future__ import annotations

from copy import copy
from itertools import chain, count
from typing import TYPE_CHECKING, Any, cast

from convcost._exact import arithmetic
from convcost._exact.kinds import is_expression
from convcost._exact.scalars import refuse, refuse_choice, shorten
from convcost._report import saved
from convcost._report.columns import check_units, in_units
from convcost._report.notes import CONVENTION_NOTE, size_unknown
from convcost._report.plots import show_once
from convcost._report.table import (
    Column,
    Table,
    count_text,
    decimal_text,
    import_optional,
    shape_text,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from convcost._exact.types import Count
    from convcost._models.network import Network
    from convcost._report.columns import Units
    from convcost._report.table import Cells

_COUNTED = ("params", "macs", "flops", "size", "params_ratio", "macs_ratio")


class Models(Table):
    """Several models, each with its totals and their ratio to the first; prints as a table.

    Parameters
    ----------
    networks
        The models.
    units
        How counts print: `exact`, or `auto` for 300.8 M.

    Examples
    --------
    >>> import convcost
    >>> def tiny(units):
    ...     dense = {"class_name": "Dense", "config": {"name": "head", "units": units}}
    ...     return {"name": f"tiny{units}", "layers": [dense]}
    >>> models = convcost.compare(tiny(10), tiny(5), tiny(20), input_shape=(100,))
    >>> print(models.with_column("accuracy", [0.91, 0.88, 0.92]).to_csv())
    model,input_shape,params,macs,flops,size,params_ratio,macs_ratio,accuracy
    tiny10,"(100,)",1010,1000,2000,4040,1.0,1.0,0.91
    tiny5,"(100,)",505,500,1000,2020,0.5,0.5,0.88
    tiny20,"(100,)",2020,2000,4000,8080,2.0,2.0,0.92
    <BLANKLINE>
    """

    def __init__(self, networks: Sequence[Network], units: Units = "exact") -> None:
        self.networks = tuple(networks)
        self._units = check_units(units)
        #: The names of the models; of equal ones, the later have a number, such as `model (2)`.
        self.names = _different([network.name for network in networks])
        self._added: dict[str, tuple[object, ...]] = {}

    def with_names(self, names: Sequence[str]) -> Models:
        """Return the table with other names for the models, such as those in your paper.

        Raises
        ------
        TypeError, ValueError
            If there isn't a different name for each model.
        """
        if not isinstance(names, (list, tuple)) or not all(
            isinstance(one, str) and one for one in names
        ):
            refuse(TypeError, "names", names, "a list of names")
        if len(set(names)) != len(names) or len(names) != len(self.networks):
            refuse(ValueError, "names", names, f"{len(self.networks)} different names")
        other = copy(self)
        other.names = tuple(names)
        return other

    def with_column(self, name: str, values: Sequence[object] | Mapping[str, object]) -> Models:
        """Return the table with a column of your own, such as the accuracy of each model.

        Parameters
        ----------
        name
            Its heading.
        values
            A value for each model, in order or by the name of the model.

        Raises
        ------
        TypeError, ValueError
            If the name is taken, or there isn't one value for each model.
        """
        if not isinstance(name, str) or not name:
            refuse(TypeError, "name", name, "the heading of a column")
        if name in [*(column.name for column in self.columns), "left_out"]:
            refuse(ValueError, "name", name, "another name than those of the columns")
        column = tuple([_plain(one) for one in self._in_order(values)])
        if len(column) != len(self.networks):
            refuse(ValueError, "values", values, f"{len(self.networks)} values, one for each model")
        other = copy(self)
        other._added = {**self._added, name: column}
        return other

    def _in_order(self, values: Any) -> Iterable[object]:
        """Return the values of a column in the order of the models."""
        if hasattr(values, "keys"):  # of any mapping, and the index of a pandas Series
            keys = [*values.keys()]
            named = {key: values[key] for key in keys}
            if named.keys() == set(self.names):
                return [named[one] for one in self.names]
            if keys != [*range(len(keys))]:
                refuse(ValueError, "values", values, f"a value for each of {', '.join(self.names)}")
            return named.values()
        if isinstance(values, (str, bytes, set, frozenset)) or not hasattr(values, "__len__"):
            refuse(TypeError, "values", values, "a list or a dict of values")
        ordered: Iterable[object] = values
        return ordered

    @property
    def columns(self) -> tuple[Column, ...]:
        """The columns, from left to right."""
        columns = (
            Column("model", "model", str, least=20, middle=True),
            Column("input_shape", "input shape", _shapes_text, least=20, leaves=7),
            Column("params", "params", count_text, True),
            Column("macs", "MACs", count_text, True),
            Column("flops", "FLOPs", count_text, True, leaves=6),
            Column("size", "bytes", count_text, True, leaves=5),
            Column("params_ratio", "params\nratio", decimal_text, True, leaves=4),
            Column("macs_ratio", "MACs\nratio", decimal_text, True, leaves=4),
            *[
                Column(name, name, _own_text, _are_numbers(values))
                for name, values in self._added.items()
            ],
        )
        return tuple([in_units(one, self._units) for one in columns])

    @property
    def lines(self) -> list[Cells]:
        """The rows, each with one value for each column."""
        first = self.networks[0]
        return [
            (
                name,
                network.input_shapes[0] if len(network.input_shapes) == 1 else network.input_shapes,
                network.params,
                network.macs,
                network.total().flops,
                network.size,
                _ratio("params", network.params, first.params),
                _ratio("macs", network.macs, first.macs),
                *[values[place] for values in self._added.values()],
            )
            for place, (name, network) in enumerate(zip(self.names, self.networks, strict=True))
        ]

    @property
    def title(self) -> str:
        """How many models there are."""
        return f"{len(self.networks)} models"

    @property
    def notes(self) -> tuple[str, ...]:
        """The convention, and what is left out."""
        left_out = [
            f"left out of {name}, since their cost is not known: {', '.join(network.left_out)}"
            for name, network in zip(self.names, self.networks, strict=True)
            if network.left_out
        ]
        sizes = [
            f"bytes of {name}: {size_unknown(network)}"
            for name, network in zip(self.names, self.networks, strict=True)
            if network.size is None
        ]
        return f"ratios are to {self.names[0]}; {CONVENTION_NOTE}", *sizes, *left_out

    def as_dict(self) -> dict[str, Any]:
        """Return everything as plain data: what `to_json` writes."""
        rows = zip(super().as_dict()["rows"], self.networks, strict=True)
        return {
            **saved.header(CONVENTION_NOTE),
            "comparison": "models",
            "rows": [{**row, "left_out": list(network.left_out)} for row, network in rows],
        }

    def plot(self, y: str, x: str = "macs", axes: Axes | None = None) -> Figure:
        """Plot a column of your own against one of the counts, a point for each model.

        Parameters
        ----------
        y
            The column that `with_column` added, such as the accuracy.
        x
            `params`, `macs`, `flops` or `size`, on a logarithmic axis.
        axes
            Matplotlib axes; None for a new figure.

        Returns
        -------
        matplotlib.figure.Figure

        Raises
        ------
        TypeError, ValueError
            If there is no such column, or it holds something else than numbers.
        """
        if not self._added:
            raise ValueError(
                "y must be a column of your own, and there is none: add one with"
                f" with_column({shorten(y)}, values) first"
            )
        if y not in self._added:
            refuse_choice("y", y, list(self._added), " added with `with_column`")
        if x not in _COUNTED[:4]:
            refuse_choice("x", x, _COUNTED[:4])
        heights = self._added[y]
        if not all(map(_is_number, heights)):
            refuse(TypeError, y, heights, "a column of numbers")
        columns = {column.name: column for column in self.columns}
        place = list(columns).index(x)
        values = [line[place] for line in self.lines]
        if any(value is None or is_expression(value) for value in values):
            refuse(TypeError, x, values, "a column of numbers: give an input_shape of integers")
        pyplot, ticker = map(import_optional, ("matplotlib.pyplot", "matplotlib.ticker"))
        if axes is None:
            made, axes = pyplot.subplots(figsize=(6, 4), layout="constrained")
            show_once(pyplot, made)
        axes.scatter(values, cast("list[float]", list(heights)), color="tab:blue", zorder=2)
        middle = sorted(cast("list[float]", values))[len(values) // 2]
        points = sorted(zip(cast("list[float]", values), heights, self.names, strict=True))
        for number, (value, height, name) in enumerate(points):
            # Towards the middle, and above and below in turn, so that no two lie on each other.
            left, below = value >= middle, number % 2
            axes.annotate(
                name,
                cast("tuple[float, float]", (value, height)),
                xytext=(-6 if left else 6, -4 if below else 4),
                textcoords="offset points",
                ha="right" if left else "left",
                va="top" if below else "bottom",
                fontsize="small",
            )
        axes.set_xscale("log")
        axes.xaxis.set_major_locator(ticker.LogLocator(subs=(1, 2, 5)))
        axes.xaxis.set_major_formatter(ticker.EngFormatter())
        axes.xaxis.set_minor_locator(ticker.NullLocator())
        axes.set_xlabel(columns[x].title)
        axes.set_ylabel(y)
        axes.grid(visible=True, which="both", color="0.92")
        axes.margins(x=0.25, y=0.15)
        # A part of a figure, where the axes are of one.
        return cast("Figure", axes.figure)


def _different(names: Sequence[str]) -> tuple[str, ...]:
    made: list[str] = []
    for name in names:
        numbered = (f"{name} ({number})" for number in count(2))
        free = (one for one in chain([name], numbered) if one not in made)
        # A name of its own goes before a number.
        made.append(next(one for one in free if one == name or one not in names))
    return tuple(made)


def _plain(value: object) -> object:
    """Return a number of NumPy as Python's."""
    item = getattr(value, "item", None)
    return item() if getattr(value, "shape", None) == () and callable(item) else value


def _shapes_text(value: Any) -> str:
    nested = value and isinstance(value[0], (list, tuple))
    return ", ".join(map(shape_text, value)) if nested else shape_text(value)


def _own_text(value: object) -> str:
    return "" if value is None else str(value)


def _are_numbers(values: Sequence[object]) -> bool:
    given = [value for value in values if value is not None]
    return bool(given) and all(map(_is_number, given))


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _ratio(quantity: str, part: Count, whole: Count) -> Count | None:
    return None if whole == 0 else arithmetic.divide(quantity, part, whole)
