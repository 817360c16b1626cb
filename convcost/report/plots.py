"""The MACs and parameters of a report as bars, and how they add up along the network."""

from __future__ import annotations

from itertools import accumulate
from typing import TYPE_CHECKING, Any

from convcost.cost.quantities import UNITS
from convcost.exact.kinds import is_expression
from convcost.report.table import import_optional

if TYPE_CHECKING:
    from convcost.report.report import Report

# What is drawn, from top to bottom.
QUANTITIES = ("macs", "params")


def numbers(report: Report, quantity: str) -> list[int]:
    """Return what each row has of a quantity.

    Raises
    ------
    TypeError
        If there are symbols in it, which have no height.
    """
    values = [getattr(entry.cost, quantity) for entry in report.entries]
    if any(map(is_expression, values)):
        raise TypeError(
            f"{quantity} can't be drawn: there are symbols in them; give input_shape in numbers"
        )
    return values


def draw(report: Report, axes: Any) -> Any:
    """Draw the report on two axes of matplotlib, or on a new figure."""
    pyplot = import_optional("matplotlib.pyplot")
    heights = {quantity: numbers(report, quantity) for quantity in QUANTITIES}
    if axes is None:
        _, axes = pyplot.subplots(2, 1, sharex=True, figsize=(10, 6), layout="constrained")
    upper, lower = axes
    for one, quantity in zip(axes, QUANTITIES, strict=True):
        _draw_quantity(one, heights[quantity], UNITS[quantity])
    names = [entry.name for entry in report.entries]
    # More names than these would be printed over each other.
    step = max(1, -(-len(names) // 40))
    lower.set_xticks(range(0, len(names), step), names[::step], rotation=90, fontsize="x-small")
    upper.set_title(report.title)
    return upper.figure


def _draw_quantity(axes: Any, heights: list[int], name: str) -> None:
    axes.bar(range(len(heights)), heights, color="tab:blue")
    axes.set_ylabel(f"{name} per layer")
    total = axes.twinx()
    total.plot(range(len(heights)), list(accumulate(heights)), color="tab:orange")
    total.set_ylabel("added up", color="tab:orange")
    for one in (axes, total):
        one.set_ylim(bottom=0)
