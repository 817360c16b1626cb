"""The lines of a report: one for each layer, or for each group of layers."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from convcost._cost.cost import total
from convcost._exact import arithmetic
from convcost._exact.kinds import is_expression

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from convcost._cost.cost import Cost
    from convcost._exact.types import Count, Factors
    from convcost._models.rows import Row

_BLOCK = re.compile(r"^(.*?(?:block|mixed|stage|stack|cell|stem)_?\d*[a-z]?(?:_\d+)?)(?:_|$)")


# In place of the arithmetic.
LEFT_OUT = "left out: cost not known"


class Line(NamedTuple):
    """One line of a report: a layer, or a group of layers."""

    name: str
    kind: str
    rows: tuple[Row, ...]
    output_shape: Factors | None
    cost: Cost

    @property
    def left_out(self) -> int:
        """Number of its layers whose cost is not known."""
        return sum(row.left_out for row in self.rows)

    def known(self, quantity: str) -> Count | None:
        """Return one of the counts of its cost; None if the cost of no layer is known."""
        return None if self.left_out == len(self.rows) else getattr(self.cost, quantity)

    @property
    def effective_macs(self) -> Count | None:
        """MACs whose tap lies inside the input; None if the cost of no layer is known."""
        if self.left_out == len(self.rows):
            return None
        return arithmetic.total("macs", [row.effective_macs for row in self.rows])

    @property
    def intensity(self) -> Count | None:
        """FLOPs per byte moved; None for a group of layers, or if the cost is not known."""
        if len(self.rows) > 1 or self.left_out:
            return None
        return self.rows[0].intensity()

    def formula(self, quantity: str) -> str:
        """Return the arithmetic behind the parameters or MACs."""
        if self.left_out == len(self.rows):
            return LEFT_OUT
        if len(self.rows) == 1:
            shown: str = getattr(self.cost.explain(), quantity)
            return shown
        without = f", without {self.left_out} left out" if self.left_out else ""
        number = arithmetic.text(getattr(self.cost, quantity))
        return f"{len(self.rows)} layers: {number}{without}"

    def fraction(self, whole: Count) -> Count | None:
        """Return its share of all MACs; None if these are 0 or symbolic, or its own not known."""
        if is_expression(whole) or whole == 0 or self.left_out == len(self.rows):
            return None
        return arithmetic.divide("MACs", self.cost.macs, whole)


def line_of(row: Row) -> Line:
    """Return the line of one layer."""
    return Line(row.name, row.kind, (row,), row.output_shape, row.cost)


def grouped(rows: Iterable[Row], name_of: Callable[[Row], str]) -> list[Line]:
    """Return a line for each group of layers, in the order of the groups' first layers."""
    groups: dict[str, list[Row]] = {}
    for row in rows:
        groups.setdefault(name_of(row), []).append(row)
    return [_together(name, rows) for name, rows in groups.items()]


def _together(name: str, rows: list[Row]) -> Line:
    if len(rows) == 1 and rows[0].name == name:
        return line_of(rows[0])
    kinds = {row.kind for row in rows}
    kind = kinds.pop() if len(kinds) == 1 else f"{len(rows)} layers"
    return Line(name, kind, tuple(rows), rows[-1].output_shape, total([row.cost for row in rows]))


def block_of(row: Row) -> str:
    """Return the block that a layer belongs to, judging by its path or its name.

    Examples
    --------
    >>> import types
    >>> [block_of(types.SimpleNamespace(path=path, name=path[-1])) for path in (
    ...     ("encoder", "conv"), ("block_12_expand",), ("head",))]
    ['encoder', 'block_12', 'head']
    """
    return "/".join(row.path[:-1]) if len(row.path) > 1 else block_named(row.path[0])


def block_named(name: str) -> str:
    """Return the block in the name of a layer; the name itself if there is none.

    Examples
    --------
    >>> block_named("block_12_expand"), block_named("head")
    ('block_12', 'head')
    """
    found = _BLOCK.match(name)
    return found.group(1) if found else name
