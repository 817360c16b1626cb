"""The blocks of a model as a tree: nested models, and groups of layers whose names say so."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from convcost._cost.cost import total
from convcost._report.lines import block_named

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from convcost._cost.cost import Cost
    from convcost._models.rows import Row


class Block(NamedTuple):
    """A layer, or a group of them.

    Attributes
    ----------
    name
        Its name, without that of what is around it.
    rows
        The layers.
    inside
        The blocks in it; none of a layer.
    """

    name: str
    rows: tuple[Row, ...]
    inside: tuple[Block, ...] = ()

    @property
    def cost(self) -> Cost:
        """What its layers cost together."""
        return total([row.cost for row in self.rows])


def blocks(rows: Iterable[Row]) -> tuple[Block, ...]:
    """Return the blocks of a model that cost something, in order.

    Parameters
    ----------
    rows
        The layers of the model. Those without parameters and MACs are left out.
    """
    counted = [row for row in rows if row.cost.params != 0 or row.cost.macs != 0]
    return tuple(_inside(counted, 0))


def _inside(rows: list[Row], depth: int) -> Iterator[Block]:
    groups: dict[tuple[bool, str], list[Row]] = {}
    for row in rows:
        nested = len(row.path) > depth + 1
        name = row.path[depth] if nested else block_named(row.path[depth])
        groups.setdefault((nested, name), []).append(row)
    for (nested, name), found in groups.items():
        if len(found) == 1:
            yield Block("/".join(found[0].path[depth:]), tuple(found))
        elif nested:
            yield Block(name, tuple(found), tuple(_inside(found, depth + 1)))
        else:
            layers = tuple([Block(row.path[depth], (row,)) for row in found])
            yield Block(name, tuple(found), layers)
