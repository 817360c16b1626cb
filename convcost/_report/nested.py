"""The lines of a report as a tree: nested models and own layers, with their subtotals."""

from __future__ import annotations

from typing import TYPE_CHECKING

from convcost._cost.cost import total
from convcost._report.lines import Line, line_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from convcost._models.rows import Row

_INDENT = "  "


def nested(rows: Sequence[Row], depth: int | None, level: int = 0) -> Iterator[Line]:
    """Yield a line for each model and layer, those inside of it indented below it.

    Parameters
    ----------
    rows
        The layers.
    depth
        How many levels to show; None for all.
    level
        How many models are around these layers.
    """
    groups: dict[str, list[Row]] = {}
    for row in rows:
        groups.setdefault(row.path[level], []).append(row)
    for name, found in groups.items():
        own = [line_of(row) for row in found if len(row.path) == level + 1]
        shown = _INDENT * level + name
        if len(own) == len(found):
            yield from [line._replace(name=shown) for line in own]
            continue
        kind = f"{len(found)} layer{'s' * (len(found) > 1)}"
        yield Line(shown, kind, tuple(found), None, total([row.cost for row in found]))
        if depth is None or level + 1 < depth:
            # What the layer computes itself, beside the layers in it.
            yield from [line._replace(name=_INDENT + shown) for line in own]
            yield from nested([row for row in found if len(row.path) > level + 1], depth, level + 1)
