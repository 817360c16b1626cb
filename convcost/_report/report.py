"""The report on one network: a row for each layer, with the arithmetic behind it."""

from __future__ import annotations

from copy import copy
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, get_args

from convcost import _layers
from convcost._cost.cost import total
from convcost._cost.quantities import UNITS
from convcost._exact import arithmetic
from convcost._exact.kinds import is_expression
from convcost._exact.scalars import check_number, refuse, refuse_choice
from convcost._layers.elementwise import ELEMENTWISE
from convcost._report import saved
from convcost._report.lines import Line, block_of, grouped, line_of
from convcost._report.table import (
    Column,
    Table,
    count_text,
    decimal_text,
    percent_text,
    plain,
    shape_text,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from convcost._cost.cost import Cost
    from convcost._exact.types import Count
    from convcost._models.network import Network
    from convcost._models.rows import Row
    from convcost._report.table import Cells

Convention: TypeAlias = Literal["macs", "flops", "tf.profiler"]
SortKey: TypeAlias = Literal[
    "name", "kind", "params", "macs", "flops", "share", "effective_macs", "intensity"
]
CONVENTIONS: tuple[Convention, ...] = get_args(Convention)
SORTABLE: tuple[SortKey, ...] = get_args(SortKey)
CONVENTION_NOTE = (
    "a MAC is one multiply and one add; FLOPs are 2 * MACs, without the bias additions"
)


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

    Raises
    ------
    ValueError
        If `formula` is neither `params` nor `macs`.

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
        formula: Literal["params", "macs"] = "params",
    ) -> None:
        if formula not in ("params", "macs"):
            refuse(ValueError, "formula", formula, "'params' or 'macs'")
        self.network = network
        self._options = (effective, intensity, formula)
        self.entries: tuple[Line, ...] = tuple(map(line_of, network))

    def _with(self, entries: Iterable[Line]) -> Report:
        other = copy(self)
        other.entries = tuple(entries)
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
        if convention == "macs":
            return cost.macs
        if convention == "flops":
            return cost.flops
        if convention == "tf.profiler":
            return arithmetic.add("flops", cost.flops, cost.bias_adds)
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
        keys = [(self._key(entry, by), entry) for entry in self.entries]
        if any(is_expression(key) and key.free_symbols for key, _ in keys):
            raise ValueError(
                f"can't sort by={by!r}: its values contain symbols, so their order is unknown; give"
                " an input_shape of integers"
            )
        keys.sort(key=lambda pair: pair[0], reverse=descending)
        return self._with(entry for _, entry in keys)

    def _key(self, entry: Line, by: str) -> str | Count:
        if by in ("params", "macs", "flops", "share"):
            return getattr(entry.cost, "macs" if by == "share" else by)
        value = getattr(entry, by)
        return 0 if value is None else value

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
        kinds = dict.fromkeys(entry.kind for entry in self.entries)
        if kind is not None and kind not in {*kinds, *_layers.__all__, *ELEMENTWISE}:
            refuse_choice("kind", kind, kinds, " in this report")
        return self._with(
            entry
            for entry in self.entries
            if (kind is None or entry.kind == kind)
            and (where is None or all(where(row) for row in entry.rows))
        )

    def top(self, number: int) -> Report:
        """Return the report with only its first `number` rows.

        Raises
        ------
        TypeError, ValueError
            If `number` is not a positive integer.
        """
        return self._with(self.entries[: check_number("number", number)])

    def group(self, by: Literal["kind", "block"] | Callable[[Row], str] = "kind") -> Report:
        """Return the report with a row for each group of layers.

        Parameters
        ----------
        by
            `kind` groups by class; `block` by the nested model that a layer is in, or by the block
            in its name; a function is called with each `Row` and returns the name of its group.

        Raises
        ------
        ValueError
            If `by` is another string.
        """
        named: dict[str, Callable[[Row], str]] = {"kind": lambda row: row.kind, "block": block_of}
        if not callable(by) and by not in tuple(named):
            refuse(ValueError, "by", by, "'kind', 'block' or a function of a row")
        return self._grouped(by if callable(by) else named[by])

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

    def _grouped(self, name_of: Callable[[Row], str]) -> Report:
        rows = (row for entry in self.entries for row in entry.rows)
        return self._with(grouped(rows, name_of))

    @property
    def columns(self) -> tuple[Column, ...]:
        """The columns, from left to right."""
        effective, intensity, formula = self._options
        asked = (
            (Column("effective_macs", "effective MACs", count_text, True),) if effective else ()
        ) + ((Column("intensity", "FLOPs/byte", decimal_text, True),) if intensity else ())
        return (
            Column("name", "layer", str),
            Column("kind", "kind", str),
            Column("output_shape", "output shape", shape_text),
            Column("params", "params", count_text, True),
            Column("macs", "MACs", count_text, True),
            Column("share", "share", percent_text, True),
            *asked,
            Column("formula", "params =" if formula == "params" else "MACs =", str),
        )

    @property
    def lines(self) -> list[Cells]:
        """The rows, each with one value for each column."""
        effective, intensity, formula = self._options
        whole = self.network.macs
        return [
            (
                entry.name,
                entry.kind,
                entry.output_shape,
                entry.known("params"),
                entry.known("macs"),
                entry.fraction(whole),
                *((entry.effective_macs,) if effective else ()),
                *((entry.intensity,) if intensity else ()),
                entry.formula(formula),
            )
            for entry in self.entries
        ]

    @property
    def title(self) -> str:
        """The model's name and its input shapes."""
        shapes = ", ".join(map(shape_text, self.network.input_shapes))
        return f"{self.network.name}: {shapes}"

    @property
    def notes(self) -> tuple[str, ...]:
        """The totals with their convention, under which conditions they hold, what is left out."""
        network = self.network
        shown = sum(len(entry.rows) for entry in self.entries)
        part = "" if shown == len(network) else f" of {shown} of {len(network)} layers"
        missing = len(network.left_out)
        without = f", without {missing} left out" if missing else ""
        whose = "counted" if missing else "model's"
        notes = [
            f"total{part}{without}: {self.total()}",
            f"{count_text(network.trainable_params)} of the {whose} {count_text(network.params)}"
            f" parameters are trainable, {count_text(network.non_trainable_params)} are not",
            CONVENTION_NOTE,
        ]
        if network.conditions:
            equations = ", ".join(f"{left} = {right}" for left, right in network.conditions)
            notes.append(f"holds where {equations}")
        if network.left_out:
            notes.append(f"left out, since their cost is not known: {', '.join(network.left_out)}")
        return tuple(notes)

    def as_dict(self) -> dict[str, Any]:
        """Return everything as plain data: what `to_json` writes."""
        network, cost = self.network, self.total()
        shown = [row for entry in self.entries for row in entry.rows]
        rows = zip(super().as_dict()["rows"], map(saved.fields_of, self.entries), strict=True)
        return {
            **saved.header(CONVENTION_NOTE),
            "name": network.name,
            "input_shapes": plain(network.input_shapes),
            "layers": {"shown": len(shown), "in_model": len(network)},
            "total": {
                **{quantity: plain(getattr(cost, quantity)) for quantity in UNITS},
                "trainable_params": plain(network.trainable_params),
                "non_trainable_params": plain(network.non_trainable_params),
                "size": plain(saved.size_of(shown)),
                "counts": {name: plain(self.count(name)) for name in CONVENTIONS},
            },
            "conditions": [[str(left), str(right)] for left, right in network.conditions],
            "left_out": list(network.left_out),
            "rows": [
                {**row, **{name: plain(one) for name, one in more.items()}} for row, more in rows
            ],
        }

    def plot(self, axes: Sequence[Axes] | None = None) -> Figure:
        """Plot the MACs and parameters of each layer, with running totals.

        Parameters
        ----------
        axes
            Two matplotlib axes, the upper one first; None for a new figure.

        Returns
        -------
        matplotlib.figure.Figure

        Raises
        ------
        TypeError
            If counts are symbolic.
        """
        from convcost._report import plots

        return plots.draw_lines(self.entries, self.title, axes)

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

        rows = [row for entry in self.entries for row in entry.rows]
        return page.write(self, rows, path)
