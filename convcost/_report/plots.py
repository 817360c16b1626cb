"""Bar charts of the MACs and parameters of layers, with running totals."""

from __future__ import annotations

from itertools import accumulate
from typing import TYPE_CHECKING, cast

from convcost._cost.quantities import UNITS
from convcost._exact.kinds import is_expression
from convcost._report.table import import_optional

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import ModuleType

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from convcost._report.lines import Line

# From top to bottom.
DRAWN = ("macs", "params")


def heights(lines: Sequence[Line], quantity: str) -> list[int]:
    """Return the value of a quantity in each line.

    Raises
    ------
    TypeError
        If a value is symbolic, and so has no height.
    """
    values = [getattr(line.cost, quantity) for line in lines]
    if any(map(is_expression, values)):
        raise TypeError(
            f"{quantity} can't be plotted, because they contain symbols; give an input_shape of"
            " integers"
        )
    return values


def show_once(pyplot: ModuleType, figure: Figure) -> None:
    """Leave a figure that is returned to the notebook alone to show, where pyplot would, too."""
    if "inline" in pyplot.get_backend():
        pyplot.close(figure)


def draw_lines(lines: Sequence[Line], title: str, axes: Sequence[Axes] | None) -> Figure:
    """Plot lines on two matplotlib axes, or on a new figure."""
    pyplot = import_optional("matplotlib.pyplot")
    drawn = [heights(lines, quantity) for quantity in DRAWN]
    if axes is None:
        figure, axes = pyplot.subplots(2, 1, sharex=True, figsize=(10, 6), layout="constrained")
        show_once(pyplot, figure)
    upper, lower = axes
    for one, numbers, quantity in zip(axes, drawn, DRAWN, strict=True):
        _draw_quantity(one, numbers, UNITS[quantity])
    names = [line.name for line in lines]
    # More names than this would overlap.
    step = max(1, -(-len(names) // 40))
    lower.set_xticks(range(0, len(names), step), names[::step], rotation=90, fontsize="x-small")
    upper.set_title(title)
    # A part of a figure, where the axes are of one.
    return cast("Figure", upper.figure)


def _draw_quantity(axes: Axes, numbers: list[int], unit: str) -> None:
    axes.bar(range(len(numbers)), numbers, color="tab:blue")
    axes.set_ylabel(f"{unit} per layer")
    sums = axes.twinx()
    sums.plot(range(len(numbers)), list(accumulate(numbers)), color="tab:orange")
    sums.set_ylabel("added up", color="tab:orange")
    for one in (axes, sums):
        one.set_ylim(bottom=0)
