"""Two networks side by side."""

from __future__ import annotations

from collections import Counter
from functools import cached_property
from typing import TYPE_CHECKING, Any

from convcost._cost.quantities import UNITS
from convcost._exact import arithmetic
from convcost._exact.kinds import is_expression
from convcost._report import saved
from convcost._report.columns import check_units, in_units
from convcost._report.lines import kind_of
from convcost._report.matching import matched
from convcost._report.notes import CONVENTION_NOTE
from convcost._report.report import Report
from convcost._report.table import Column, Table, count_text, decimal_text
from convcost._report.values import as_float

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from typing import TypeAlias

    from convcost._cost.ratio import Ratio
    from convcost._exact.types import Count
    from convcost._models.network import Network
    from convcost._models.rows import Row
    from convcost._report.columns import Units
    from convcost._report.table import Cells

    # The names of a layer in both networks, and what it is there; None where it is in one alone.
    Pair: TypeAlias = tuple[tuple[str | None, str | None], Row | None, Row | None]


_QUANTITIES = ("params", "macs")


class Comparison(Table):
    """Two networks layer by layer; prints as a table.

    Networks whose layers have the same names are matched by them; others by what their layers are,
    in order. A layer that matches none stands alone.

    Parameters
    ----------
    before, after
        The networks.
    units
        How counts print: `exact`, or `auto` for 300.8 M.

    Examples
    --------
    >>> import convcost
    >>> conv = {"name": "conv", "filters": 64, "kernel_size": 3, "padding": "same"}
    >>> config = {"name": "tiny", "layers": [{"class_name": "Conv2D", "config": conv}]}
    >>> before = convcost.from_keras(config, (28, 28, 32))
    >>> comparison = convcost.compare(before, before.with_separable())
    >>> print(comparison.total)
    parameters 75/578 = 0.1298 (7.71 times fewer), MACs 73/576 = 0.1267 (7.89 times fewer)
    """

    def __init__(self, before: Network, after: Network, units: Units = "exact") -> None:
        self.before = before
        self.after = after
        self._units = check_units(units)

    @property
    def total(self) -> Ratio[Any]:
        """The cost of the second network as a fraction of the first."""
        return self.after.total() / self.before.total()

    def pairs(self) -> list[tuple[str, Row | None, Row | None]]:
        """Return the layers that cost something in either network, with their names.

        Layers with different names that match have both: `conv2d -> conv2d_5`.
        """
        return [
            (" -> ".join(dict.fromkeys(filter(None, names))), left, right)
            for names, left, right in self._pairs
        ]

    @cached_property
    def _pairs(self) -> list[Pair]:
        left, right = _by_name(self.before), _by_name(self.after)
        if left.keys() == right.keys():
            pairs: list[Pair] = [((name, name), left[name], right[name]) for name in left]
            return [pair for pair in pairs if any(_costs(row) for row in pair[1:])]
        left, right = (
            {name: row for name, row in rows.items() if _costs(row)} for rows in (left, right)
        )
        return list(_side_by_side([*left.items()], [*right.items()], matched(left, right)))

    @property
    def columns(self) -> tuple[Column, ...]:
        """The columns, from left to right."""
        columns = (
            Column("name", "layer", str, least=16, middle=True),
            Column("kind", "kind", str, least=15, leaves=8),
            Column("params_before", "params\nbefore", count_text, True, leaves=6),
            Column("params_after", "params\nafter", count_text, True, leaves=5),
            Column("params_ratio", "params\nratio", decimal_text, True, leaves=7),
            Column("macs_before", "MACs\nbefore", count_text, True, leaves=3),
            Column("macs_after", "MACs\nafter", count_text, True),
            Column("macs_ratio", "MACs\nratio", decimal_text, True, leaves=4),
        )
        return tuple([in_units(one, self._units) for one in columns])

    @property
    def lines(self) -> list[Cells]:
        """The rows, each with one value for each column."""
        return [
            (
                name,
                " -> ".join(
                    dict.fromkeys(kind_of(row) for row in (left, right) if row is not None)
                ),
                *_sides(left, right, "params"),
                *_sides(left, right, "macs"),
            )
            for name, left, right in self.pairs()
        ]

    @property
    def foot(self) -> list[dict[str, Any]]:
        """The totals of the two networks, all layers included."""
        line: dict[str, Any] = {"name": "total"}
        for quantity in _QUANTITIES:
            names = (f"{quantity}_before", f"{quantity}_after", f"{quantity}_ratio")
            line.update(zip(names, self._sums(quantity), strict=True))
        return [line]

    def _sums(self, quantity: str) -> tuple[Count | None, Count | None, Count | None]:
        """Return the totals of the two networks, and their ratio."""
        before, after = (getattr(one.total(), quantity) for one in (self.before, self.after))
        return _quotient(quantity, before, after)

    @property
    def title(self) -> str:
        """The models' names."""
        names = self.before.name, self.after.name
        return f"{names[0]}: before and after" if names[0] == names[1] else " against ".join(names)

    @property
    def notes(self) -> tuple[str, ...]:
        """The totals and their ratio."""
        sides = (("before", self.before), ("after", self.after))
        spec = "" if self._units == "exact" else ".1f"
        missing = any(network.left_out for _, network in sides)
        without = ", without the layers left out" if missing else ""
        return (
            *(f"{side}: {network.total():{spec}}" for side, network in sides),
            f"after / before{without}: {self._ratio}",
            *(
                f"left out {side}, since their cost is not known: {', '.join(network.left_out)}"
                for side, network in sides
                if network.left_out
            ),
        )

    @property
    def _ratio(self) -> str:
        nothing = [UNITS[one] for one in _QUANTITIES if self._sums(one)[2] is None]
        return f"no ratio to 0 {' and 0 '.join(nothing)}" if nothing else str(self.total)

    def as_dict(self) -> dict[str, Any]:
        """Return everything as plain data: what `to_json` writes."""
        return {
            **saved.header(CONVENTION_NOTE),
            "comparison": "layers",
            "before": _model(self.before),
            "after": _model(self.after),
            "ratio": {
                quantity: {"exact": str(value), "value": _float(value)}
                if (value := self._sums(quantity)[2]) is not None
                else None
                for quantity in _QUANTITIES
            },
            "rows": [
                {"name_before": before, "name_after": after, **line}
                for ((before, after), *_), line in zip(
                    self._pairs, super().as_dict()["rows"], strict=True
                )
            ],
        }


def _model(network: Network) -> dict[str, Any]:
    """Return what a model is, and its totals."""
    report = Report(network).as_dict()
    described = {name: report[name] for name in ("name", "input_shapes", "left_out")}
    return {**described, **report["total"]}


def _float(value: Count) -> float | None:
    return None if is_expression(value) else as_float(value)


def _by_name(network: Network) -> dict[str, Row]:
    """Return the rows by name; later calls of a layer get a number, such as `conv (2)`."""
    rows: dict[str, Row] = {}
    calls: Counter[str] = Counter()
    for row in network:
        name = row.name
        while name in rows:
            calls[row.name] += 1
            name = f"{row.name} ({calls[row.name] + 1})"
        rows[name] = row
    return rows


def _side_by_side(
    left: Sequence[tuple[str, Row]],
    right: Sequence[tuple[str, Row]],
    places: Iterable[tuple[int, int]],
) -> Iterator[Pair]:
    """Yield all rows in the order of both networks, those that match together."""
    one = other = 0
    for before, after in (*places, (len(left), len(right))):
        yield from [((name, None), row, None) for name, row in left[one:before]]
        yield from [((None, name), None, row) for name, row in right[other:after]]
        if before < len(left):
            (first, row), (second, beside) = left[before], right[after]
            yield (first, second), row, beside
        one, other = before + 1, after + 1


def _costs(row: Row | None) -> bool:
    """Tell whether a layer costs anything, or what it costs is not known."""
    return row is not None and (row.left_out or not (row.params == 0 and row.macs == 0))


def _known(row: Row | None, quantity: str) -> Count | None:
    return None if row is None or row.left_out else getattr(row, quantity)


def _sides(
    left: Row | None, right: Row | None, quantity: str
) -> tuple[Count | None, Count | None, Count | None]:
    return _quotient(quantity, _known(left, quantity), _known(right, quantity))


def _quotient(
    quantity: str, before: Count | None, after: Count | None
) -> tuple[Count | None, Count | None, Count | None]:
    """Return two counts and what the second is of the first; None where that is not known."""
    if before is None or after is None or before == 0:
        return before, after, None
    return before, after, arithmetic.divide(quantity, after, before)
