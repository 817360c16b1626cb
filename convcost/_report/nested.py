"""The lines of a report as a tree: nested models and own layers, with their subtotals."""

from __future__ import annotations

from typing import TYPE_CHECKING

from convcost._cost.cost import total
from convcost._report.lines import Line, layers_text, line_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from convcost._models.network import Network
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
            yield from _calls(shown, own)
            continue
        cost = total([row.cost for row in found])
        yield Line(shown, layers_text(found), tuple(found), None, cost)
        if depth is None or level + 1 < depth:
            # What the layer computes itself, beside the layers in it.
            yield from _calls(_INDENT + shown, own)
            yield from nested([row for row in found if len(row.path) > level + 1], depth, level + 1)


def _calls(name: str, lines: Sequence[Line]) -> Iterator[Line]:
    """Yield a line for each call of a layer; the later ones have a number, such as `conv (2)`."""
    for number, line in enumerate(lines, 1):
        yield line._replace(name=name if number == 1 else f"{name} ({number})")


def flat(method: str, levels: int | None) -> None:
    """Refuse what would take the models of a tree apart, if a report prints as one.

    Raises
    ------
    ValueError
        If there are levels to print, or all of them.
    """
    if levels != 0:
        raise ValueError(
            f"{method} can't keep a tree: leave out tree and depth; fold(1) makes one row of each"
            " nested model"
        )


def whole(rows: Sequence[Row], network: Network) -> Sequence[Row]:
    """Return the rows of a tree: all of the model's, as its subtotals are of whole models.

    Raises
    ------
    ValueError
        If there are fewer.
    """
    if len(rows) < len(network):
        raise ValueError(
            f"tree shows whole models, and this report has only {len(rows)} of the {len(network)}"
            f" layers of {network.name!r}: leave out filter and top"
        )
    return rows
