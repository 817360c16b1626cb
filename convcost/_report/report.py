"""The report on one network: a row for each layer, with the arithmetic behind it."""

from __future__ import annotations

from copy import copy
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, get_args

from convcost import _layers
from convcost._cost.cost import total
from convcost._cost.quantities import UNITS
from convcost._exact import arithmetic
from convcost._exact.scalars import check_number, refuse, refuse_choice
from convcost._layers.elementwise import ELEMENTWISE
from convcost._models.rows import Row, size_of
from convcost._report import saved
from convcost._report.columns import shown
from convcost._report.lines import Line, grouped, line_of, namer, ordered
from convcost._report.nested import flat, nested, whole
from convcost._report.notes import CONVENTION_NOTE, notes_of, remarks_of
from convcost._report.table import Table, plain, shape_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from convcost._cost.cost import Cost
    from convcost._exact.types import Count
    from convcost._models.network import Network
    from convcost._report.columns import Formula, Units
    from convcost._report.lines import Grouping
    from convcost._report.table import Cells, Column

Convention: TypeAlias = Literal["macs", "flops", "tf.profiler"]
SortKey: TypeAlias = Literal[
    "name", "kind", "params", "macs", "flops", "share", "effective_macs", "intensity"
]
CONVENTIONS: tuple[Convention, ...] = get_args(Convention)
SORTABLE: tuple[SortKey, ...] = get_args(SortKey)


class Report(Table):
    """A network's layers and what each of them costs; prints as a table.

    Parameters
    ----------
    network
        The network.
    effective, intensity
        Whether to add a column of effective MACs, or of FLOPs per byte of float32.
    formula
        Which arithmetic to show: `params` or `macs`.
    columns
        Names of the columns to show beside the name of a layer; `convcost.summary` lists them.
    units
        How counts print: `exact`, or `auto` for 300.8 M.

    Raises
    ------
    TypeError, ValueError
        If `columns`, `formula` or `units` is wrong.

    Examples
    --------
    >>> import convcost
    >>> conv = {"name": "conv", "filters": 32, "kernel_size": 3, "padding": "same"}
    >>> layers = [{"class_name": "SeparableConv2D", "config": conv},
    ...           {"class_name": "BatchNormalization", "config": {"name": "bn"}}]
    >>> report = convcost.summary({"name": "tiny", "layers": layers}, (28, 28, 32))
    >>> print(report.to_csv())
    name,kind,output_shape,params,macs,share,formula
    conv,SeparableConv2D,"(28, 28, 32)",1344,1028608,1.0,3*3*32 + (1*1*32+1)*32 = 1344
    bn,BatchNormalization,"(28, 28, 32)",128,0,0.0,4*32 = 128
    <BLANKLINE>
    >>> report.total().params, report.count("tf.profiler")
    (1472, 2082304)
    """

    def __init__(
        self,
        network: Network,
        *,
        effective: bool = False,
        intensity: bool = False,
        formula: Formula = "params",
        columns: Sequence[str] | None = None,
        units: Units = "exact",
    ) -> None:
        self.network = network
        extra = ["effective_macs"] * bool(effective) + ["intensity"] * bool(intensity)
        self._units = units
        self._levels: int | None = 0  # of the tree to print; 0 for none, None for all
        self._is_sorted, self._remarks = False, remarks_of(None, ())
        self._shown = shown(columns, extra, formula, units)
        self.entries: tuple[Line, ...] = tuple(map(line_of, network))

    def _with(self, entries: Iterable[Line], *, is_sorted: bool = False) -> Report:
        other = copy(self)
        other.entries, other._levels, other._is_sorted = tuple(entries), 0, is_sorted
        return other

    def total(self) -> Cost[Any]:
        """Return the sum of the rows.

        Returns
        -------
        Cost
            Parameters, MACs and bias additions of the layers that this report shows.
        """
        if len(self.entries) == len(self.network):
            return self.network.total()
        return total([entry.cost for entry in self.entries])

    def count(self, convention: Convention) -> Count:
        """Return the total in one of the conventions in use.

        Parameters
        ----------
        convention
            `macs`: MACs of convolutions, dense layers and products of two inputs. `flops`: two per
            MAC, nothing else. `tf.profiler`: two per MAC and one per bias addition, as the TF
            profiler counts these operations; of a whole model it also counts others (pooling).

        Returns
        -------
        int
            The number of operations for one input; a SymPy expression for symbolic sides.

        Raises
        ------
        ValueError
            If `convention` is none of these.
        """
        cost = self.total()
        if convention == "tf.profiler":
            return arithmetic.add("flops", cost.flops, cost.bias_adds)
        if convention in CONVENTIONS:
            return cost.macs if convention == "macs" else cost.flops
        refuse(ValueError, "convention", convention, "'macs', 'flops' or 'tf.profiler'")

    def sort(self, by: SortKey = "macs", *, descending: bool = True) -> Report:
        """Return the report with its rows in another order.

        Parameters
        ----------
        by
            `name`, `kind`, `params`, `macs`, `flops`, `share`, `effective_macs` or `intensity`.
        descending
            Whether the largest come first.

        Raises
        ------
        ValueError
            If `by` is none of these, or its values are symbolic and have no order.
        """
        if by not in SORTABLE:
            refuse_choice("by", by, SORTABLE)
        flat("sort", self._levels)
        return self._with(ordered(self.entries, by, descending), is_sorted=True)

    def filter(
        self, where: Callable[[Row], bool] | None = None, *, kind: str | None = None
    ) -> Report:
        """Return the report with only some of its rows.

        Parameters
        ----------
        where
            Called with each layer's `Row`, and returns whether to keep it; None keeps all.
        kind
            Name of the layer class to keep; None keeps all.

        Returns
        -------
        Report
            A report whose total is that of the rows it keeps.

        Raises
        ------
        TypeError, ValueError
            If `where` is not a function, or `kind` is neither in the report nor a known class.
        """
        if where is not None and not callable(where):
            refuse(TypeError, "where", where, "a function of a row; kind='Conv2D' keeps one class")
        flat("filter", self._levels)
        kinds = dict.fromkeys(entry.kind for entry in self.entries)
        if kind is not None and kind not in {*kinds, *_layers.__all__, *ELEMENTWISE}:
            refuse_choice("kind", kind, kinds, " in this report")
        kept = [one for one in self.entries if kind is None or one.kind == kind]
        if where is not None:
            kept = [one for one in kept if all(map(where, one.rows))]
        return self._with(kept, is_sorted=self._is_sorted)

    def top(self, number: int) -> Report:
        """Return the report with only its largest rows: by MACs, or as they were sorted.

        Parameters
        ----------
        number
            How many rows to keep. After `sort`, these are the first; otherwise those with the most
            MACs, the largest first.

        Raises
        ------
        TypeError, ValueError
            If `number` is not a positive integer, or the MACs are symbolic and have no order.
        """
        flat("top", self._levels)
        largest = self if self._is_sorted else self.sort("macs")
        return self._with(largest.entries[: check_number("number", number)], is_sorted=True)

    def group(self, by: Grouping | Callable[[Row], str] = "kind") -> Report:
        """Return the report with a row for each group of layers.

        Parameters
        ----------
        by
            `kind`: the class. `block`: the nested model that a layer is in, or the block in its
            name. `stage`: the sides of its output, 56 x 56. A function of a `Row` gives the name.

        Raises
        ------
        ValueError
            If `by` is another string.
        """
        return self._grouped(namer(by, self.network), by)

    def fold(self, depth: int = 1) -> Report:
        """Return the report with one row for each nested model.

        Parameters
        ----------
        depth
            How many levels to keep: 1 shows only the layers and models of the outermost model.

        Raises
        ------
        TypeError, ValueError
            If `depth` is not a positive integer.
        """
        levels = check_number("depth", depth)
        return self._grouped(lambda row: "/".join(row.path[:levels]))

    def tree(self, depth: int | None = None) -> Report:
        """Return the report that prints as a tree: what is in a nested model is indented below it.

        A nested model, or a layer of your own with layers in it, has a row with its subtotals, and
        later calls of a layer have a number. Data (CSV, JSON, data frames) have a row for each
        layer, as before. `group` and `fold` give other rows, and no tree.

        Parameters
        ----------
        depth
            How many levels to show, 1 for the outermost model alone; None for all.

        Raises
        ------
        TypeError, ValueError
            If `depth` is not a positive integer, or the report has not all layers of the model.
        """
        other = self._with(map(line_of, whole(self._rows, self.network)))
        other._levels = None if depth is None else check_number("depth", depth)
        return other

    def _grouped(self, name_of: Callable[[Row], str], by: object = None) -> Report:
        other = self._with(grouped(self._rows, name_of))
        other._remarks = remarks_of(by, other.entries)
        return other

    @property
    def _rows(self) -> list[Row]:
        return [row for entry in self.entries for row in entry.rows]

    @property
    def columns(self) -> tuple[Column, ...]:
        """The columns, from left to right."""
        return tuple([one.column for one in self._shown])

    @property
    def lines(self) -> list[Cells]:
        """The rows, each with one value for each column."""
        return self._values(self.entries)

    def _values(self, entries: Iterable[Line]) -> list[Cells]:
        macs, values = self.network.macs, [one.value for one in self._shown]
        return [tuple([value(entry, macs) for value in values]) for entry in entries]

    @property
    def printed(self) -> list[Cells]:
        """The rows in print: those of a tree have subtotals among them."""
        if self._levels == 0:
            return self.lines
        return self._values(nested([entry.rows[0] for entry in self.entries], self._levels))

    @property
    def leaves_empty(self) -> bool:
        """Whether columns without a text are left out in print, as of groups of layers."""
        return not all(entry.is_layer for entry in self.entries)

    @property
    def foot(self) -> list[dict[str, Any]]:
        """The total of the layers shown, if they are not all, and that of the model."""
        network = self.network
        rows, every = self._rows, self._foot("total", list(network), network.total())
        if len(rows) == len(network):
            return [every]
        return [self._foot("shown", rows, self.total()), every]

    def _foot(self, name: str, rows: list[Row], cost: Cost[Any]) -> dict[str, Any]:
        line, macs = Line(name, "", tuple(rows), None, cost), self.network.macs
        sums = {one.column.name: one.value(line, macs) for one in self._shown if one.adds_up}
        return {"name": name} | sums

    @property
    def title(self) -> str:
        """The model's name and its input shapes."""
        return f"{self.network.name}: {', '.join(map(shape_text, self.network.input_shapes))}"

    @property
    def notes(self) -> tuple[str, ...]:
        """The totals with their convention, under which conditions they hold, what is left out."""
        return (*notes_of(self.network, self._rows, self.total(), self._units), *self._remarks)

    def as_dict(self) -> dict[str, Any]:
        """Return everything as plain data: what `to_json` writes."""
        network, cost, rows = self.network, self.total(), self._rows
        # Whatever is shown, the usual columns are saved, without which no report reads back in.
        every = {one.column.name: one for one in (*shown(), *self._shown)}
        return {
            **saved.header(CONVENTION_NOTE),
            "name": network.name,
            "input_shapes": plain(network.input_shapes),
            "layers": {"shown": len(rows), "in_model": len(network)},
            "total": {
                **{quantity: plain(getattr(cost, quantity)) for quantity in UNITS},
                "trainable_params": plain(network.trainable_params),
                "non_trainable_params": plain(network.non_trainable_params),
                "size": plain(size_of(rows)),
                "counts": {name: plain(self.count(name)) for name in CONVENTIONS},
            },
            "conditions": [[str(left), str(right)] for left, right in network.conditions],
            "left_out": list(network.left_out),
            "rows": [
                {name: plain(one.value(entry, network.macs)) for name, one in every.items()}
                | {name: plain(one) for name, one in saved.fields_of(entry).items()}
                for entry in self.entries
            ],
        }

    def plot(
        self,
        axes: Axes | Sequence[Axes] | None = None,
        *,
        by: Grouping | Callable[[Row], str] | None = None,
    ) -> Figure:
        """Plot the MACs and parameters of each row, with running totals, or the shares of groups.

        Parameters
        ----------
        axes
            Two matplotlib axes, the upper one first, or one for groups; None for a new figure.
        by
            Groups to plot, as `group` takes it, in a figure as wide as a column of a paper (8 cm):
            `stage`, `block`, `kind` or a function. None for each row.

        Returns
        -------
        matplotlib.figure.Figure

        Raises
        ------
        TypeError, ValueError
            If counts are symbolic, or `by` is something else.
        """
        from convcost._report import plots

        if by is None:
            return plots.draw_lines(self.entries, self.title, axes)
        return plots.draw_groups(self.group(by).entries, by, self.network, axes)

    def to_html(self, path: str | Path | None = None) -> str:
        """Return a web page with the blocks as a tree and the layers as a table; it works offline.

        It is complete without JavaScript; with it, the table can be sorted and searched.

        Parameters
        ----------
        path
            File to write as well, if any.

        Returns
        -------
        str
            Self-contained HTML: 90 kB for MobileNetV2.
        """
        from convcost._report import page

        return page.write(self, self._rows, path)
