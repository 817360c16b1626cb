"""Loops and branches in a walk: how often a call is made, and whether branches cost the same."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from convcost._exact import arithmetic
from convcost._models.batch import for_one
from convcost._models.errors import ModelError
from convcost._models.graph import SideOf
from convcost._models.tensors import given_by, required

if TYPE_CHECKING:
    from collections.abc import Sequence

    from convcost._exact.types import Count
    from convcost._models.around import Around, Choice
    from convcost._models.rows import Row
    from convcost._models.tensors import Known
    from convcost._models.visits import Visit


def in_loops(visit: Visit, around: Around, known: Known, batch: int) -> Visit:
    """Return a visit as often as the loops around it run for each input of the model."""
    for length in around.times:
        if isinstance(length, SideOf):
            visit = visit.repeated(*_side(length, known, 1 if visit.divided else batch))
        else:
            visit = visit.repeated(length, False)
    return visit


def _side(length: SideOf, known: Known, batch: int) -> tuple[Count, bool]:
    """Return the share of one input in a side, and whether the inputs lie in it."""
    made = given_by(known, length.tensor)
    (shape,) = required([made])
    one = None if made.constant else for_one(shape, batch)
    side = shape[length.axis]
    if one is None or batch == 1 or one[length.axis] == side:
        return side, False
    return one[length.axis], True


def require_known(visit: Visit, row: Row) -> None:
    """Refuse what a loop multiplies if it is not known how often it runs."""
    if visit.endless and (row.cost.macs != 0 or row.cost.bias_adds != 0):
        raise ValueError(
            "it multiplies in a loop (while_loop, or fori_loop with bounds that are tensors), and"
            " how often that runs depends on values: write a fori_loop or a scan of known length,"
            " or give the cost of the layer yourself with @convcost.layers.register"
        )


class Measure(NamedTuple):
    """What the calls of a branch cost together."""

    macs: Count = 0
    bias_adds: Count = 0
    effective: Count = 0

    def __str__(self) -> str:
        """Return the counts with their names."""
        macs, effective, adds = map(arithmetic.text, (self.macs, self.effective, self.bias_adds))
        return f"{macs} MACs ({effective} effective) and {adds} bias additions"

    def with_rows(self, rows: Sequence[Row]) -> Measure:
        """Return the sum with the costs of rows."""
        added = [(row.macs, row.cost.bias_adds, row.effective_macs) for row in rows]
        return Measure(
            *[arithmetic.total("counts", list(each)) for each in zip(self, *added, strict=True)]
        )


class Branches:
    """The branches of the conditionals in a graph, which must cost the same."""

    def __init__(self) -> None:
        self._found: dict[int, tuple[list[Measure], str]] = {}

    def add(self, around: Around, rows: Sequence[Row]) -> None:
        """Add the rows of a call, to each conditional in whose first branches it is further in."""
        choices = around.choices
        for depth, choice in enumerate(choices):
            if not any(inner.branch for inner in choices[depth + 1 :]):
                measures, _ = self._found.setdefault(
                    choice.number, ([Measure()] * choice.branches, around.place)
                )
                measures[choice.branch] = measures[choice.branch].with_rows(rows)

    def require_equal(self, name: str) -> None:
        """Raise ModelError if the branches of one conditional differ in their costs."""
        for measures, place in self._found.values():
            if not all(map(_alike, measures, measures[1:])):
                costs = " or ".join(map(str, dict.fromkeys(measures)))
                at = f" (in {place})" if place else ""
                raise ModelError(
                    f"{name!r} has a conditional whose branches differ in what they cost{at}:"
                    f" {costs}, and which of them is taken depends on values; give its cost"
                    " yourself with @convcost.layers.register"
                )


def _alike(left: Measure, right: Measure) -> bool:
    return all(arithmetic.may_equal(*pair) for pair in zip(left, right, strict=True))


def is_other(choices: tuple[Choice, ...]) -> bool:
    """Tell whether a call is in another branch than the first one, which stands for all."""
    return any(choice.branch for choice in choices)
