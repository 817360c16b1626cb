"""Two networks side by side."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from convcost._exact import arithmetic
from convcost._exact.kinds import is_expression
from convcost._report import saved
from convcost._report.report import CONVENTION_NOTE, Report
from convcost._report.table import Column, Table, count_text, decimal_text

if TYPE_CHECKING:
    from convcost._cost.ratio import Ratio
    from convcost._exact.types import Count
    from convcost._models.network import Network
    from convcost._models.rows import Row
    from convcost._report.table import Cells


class Comparison(Table):
    """Two networks layer by layer, matched by name; prints as a table.

    Parameters
    ----------
    before, after
        The networks.

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

    def __init__(self, before: Network, after: Network) -> None:
        self.before = before
        self.after = after

    @property
    def total(self) -> Ratio[Any]:
        """The cost of the second network as a fraction of the first."""
        return self.after.total() / self.before.total()

    def pairs(self) -> list[tuple[str, Row | None, Row | None]]:
        """Return the layers that cost something in either network, with their names."""
        left, right = _by_name(self.before), _by_name(self.after)
        # A layer that only the second network has goes after its predecessor there.
        behind: dict[str | None, list[str]] = {}
        before = None
        for name in right:
            if name in left:
                before = name
            else:
                behind.setdefault(before, []).append(name)
        names = [*behind.get(None, ())]
        for name in left:
            names += [name, *behind.get(name, ())]
        pairs = [(name, left.get(name), right.get(name)) for name in names]
        return [pair for pair in pairs if any(_costs(row) for row in pair[1:])]

    @property
    def columns(self) -> tuple[Column, ...]:
        """The columns, from left to right."""
        return (
            Column("name", "layer", str),
            Column("kind", "kind", str),
            Column("params_before", "params before", count_text, True),
            Column("params_after", "after", count_text, True),
            Column("params_ratio", "ratio", decimal_text, True),
            Column("macs_before", "MACs before", count_text, True),
            Column("macs_after", "after", count_text, True),
            Column("macs_ratio", "ratio", decimal_text, True),
        )

    @property
    def lines(self) -> list[Cells]:
        """The rows, each with one value for each column."""
        return [
            (
                name,
                " -> ".join(dict.fromkeys(row.kind for row in (left, right) if row is not None)),
                *_sides(left, right, "params"),
                *_sides(left, right, "macs"),
            )
            for name, left, right in self.pairs()
        ]

    @property
    def title(self) -> str:
        """The models' names."""
        return f"{self.before.name} against {self.after.name}"

    @property
    def notes(self) -> tuple[str, ...]:
        """The totals and their ratio."""
        sides = (("before", self.before), ("after", self.after))
        missing = any(network.left_out for _, network in sides)
        without = ", without the layers left out" if missing else ""
        return (
            *(f"{side}: {network.total()}" for side, network in sides),
            f"after / before{without}: {self.total}",
            *(
                f"left out {side}, since their cost is not known: {', '.join(network.left_out)}"
                for side, network in sides
                if network.left_out
            ),
        )

    def as_dict(self) -> dict[str, Any]:
        """Return everything as plain data: what `to_json` writes."""
        return {
            **saved.header(CONVENTION_NOTE),
            "before": Report(self.before).as_dict()["total"],
            "after": Report(self.after).as_dict()["total"],
            "ratio": {
                quantity: {"exact": str(value), "value": _float(value)}
                for quantity, value in (("params", self.total.params), ("macs", self.total.macs))
            },
            "rows": super().as_dict()["rows"],
        }


def _float(value: Count) -> float | None:
    return None if is_expression(value) else float(value)


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


def _costs(row: Row | None) -> bool:
    """Tell whether a layer costs anything, or what it costs is not known."""
    return row is not None and (row.left_out or not (row.params == 0 and row.macs == 0))


def _known(row: Row | None, quantity: str) -> Count | None:
    return None if row is None or row.left_out else getattr(row, quantity)


def _sides(
    left: Row | None, right: Row | None, quantity: str
) -> tuple[Count | None, Count | None, Count | None]:
    before, after = _known(left, quantity), _known(right, quantity)
    if before is None or after is None or before == 0:
        return before, after, None
    return before, after, arithmetic.divide(quantity, after, before)
