"""The columns of a report on a network, and what each says of a line."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from convcost._report.layout import FORMULA
from convcost._report.table import (
    Column,
    count_text,
    decimal_text,
    percent_text,
    shape_text,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from convcost._exact.types import Count
    from convcost._report.lines import Line


class Shown(NamedTuple):
    """A column of a report.

    Attributes
    ----------
    column
        How it prints.
    value
        Its value for a line, given the MACs of the whole model.
    adds_up
        Whether it has a total.
    """

    column: Column
    value: Callable[[Line, Count], Any]
    adds_up: bool = False


_HEADS = {"params": "params =", "macs": "MACs ="}


def shown(*, effective: bool, intensity: bool, formula: Literal["params", "macs"]) -> list[Shown]:
    """Return the columns of a report, from left to right."""
    asked = {"effective_macs": effective, "intensity": intensity}
    left_out = {name for name, wanted in asked.items() if not wanted}
    arithmetic = Column("formula", _HEADS[formula], str, least=20, leaves=FORMULA)
    every = (*_COLUMNS, Shown(arithmetic, lambda line, _: line.formula(formula)))
    return [one for one in every if one.column.name not in left_out]


_COLUMNS = (
    Shown(Column("name", "layer", str, least=16, middle=True), lambda line, _: line.name),
    Shown(Column("kind", "kind", str, least=15, leaves=6), lambda line, _: line.kind),
    Shown(
        Column("output_shape", "output shape", shape_text, least=20, leaves=7),
        lambda line, _: line.output_shape,
    ),
    Shown(Column("params", "params", count_text, True), lambda line, _: line.known("params"), True),
    Shown(Column("macs", "MACs", count_text, True), lambda line, _: line.known("macs"), True),
    Shown(
        Column("share", "share", percent_text, True, leaves=8, bar=True),
        lambda line, whole: line.fraction(whole),
        True,
    ),
    Shown(
        Column("effective_macs", "effective\nMACs", count_text, True, leaves=2),
        lambda line, _: line.effective_macs,
        True,
    ),
    Shown(
        Column("intensity", "FLOPs/byte", decimal_text, True, leaves=3),
        lambda line, _: line.intensity,
    ),
)
