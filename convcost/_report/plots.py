"""Bar charts of the MACs and parameters of layers, with running totals, and of groups of them."""

from __future__ import annotations

from itertools import accumulate
from typing import TYPE_CHECKING, Any, cast

from convcost._cost.quantities import UNITS
from convcost._cost.text import scaled
from convcost._exact.kinds import is_expression
from convcost._report.cells import fit, marks_of
from convcost._report.table import import_optional

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import ModuleType

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from convcost._models.network import Network
    from convcost._report.lines import Line

# From top to bottom.
DRAWN = ("macs", "params")
# Dark and light in print without colors, too.
_COLORS = ("#1b4f8a", "#a9c7e8")
# What a bar stands for, by what is grouped.
_AXIS: dict[object, str] = {"stage": "output size", "block": "block", "kind": "class of layers"}
# The width of a column of a paper, 8 cm, in inches; text of 7 points.
_WIDTH, _POINTS = 3.15, 7
_LONGEST = {"name": 28, "title": 32}


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


def draw_lines(lines: Sequence[Line], title: str, axes: Axes | Sequence[Axes] | None) -> Figure:
    """Plot lines on two matplotlib axes, or on a new figure."""
    pyplot = import_optional("matplotlib.pyplot")
    drawn = [heights(lines, quantity) for quantity in DRAWN]
    if axes is None:
        figure, axes = pyplot.subplots(2, 1, sharex=True, figsize=(10, 6), layout="constrained")
        show_once(pyplot, figure)
    what = "layer" if all(line.is_layer for line in lines) else "group"
    upper, lower = pair = cast("Sequence[Axes]", axes)
    for one, numbers, quantity in zip(pair, drawn, DRAWN, strict=True):
        _draw_quantity(one, numbers, f"{UNITS[quantity]} per {what}")
    names = [line.name for line in lines]
    # More names than this would overlap.
    step = max(1, -(-len(names) // 40))
    lower.set_xticks(range(0, len(names), step), names[::step], rotation=90, fontsize="x-small")
    upper.set_title(title)
    # A part of a figure, where the axes are of one.
    return cast("Figure", upper.figure)


def _draw_quantity(axes: Axes, numbers: list[int], label: str) -> None:
    axes.bar(range(len(numbers)), numbers, color="tab:blue")
    axes.set_ylabel(label)
    sums = axes.twinx()
    sums.plot(range(len(numbers)), list(accumulate(numbers)), color="tab:orange")
    sums.set_ylabel("added up", color="tab:orange")
    for one in (axes, sums):
        one.set_ylim(bottom=0)


def draw_groups(
    lines: Sequence[Line], by: object, network: Network, axes: Axes | Sequence[Axes] | None
) -> Figure:
    """Plot the shares of groups of layers in the MACs and the parameters of a model.

    Parameters
    ----------
    lines
        The groups. Those without MACs and parameters are left out.
    by
        What is grouped.
    network
        The model.
    axes
        Matplotlib axes; None for a new figure as wide as a column of a paper.
    """
    pyplot = import_optional("matplotlib.pyplot")
    drawn = [one for one in lines if any(getattr(one.cost, quantity) != 0 for quantity in DRAWN)]
    numbers = {quantity: heights(drawn, quantity) for quantity in DRAWN}
    one, what = cast("Axes", axes), _AXIS.get(by, "group")
    if axes is None:
        size = (_WIDTH, 0.85 + 0.26 * max(2, len(drawn)))
        made, one = pyplot.subplots(figsize=size, layout="constrained")
        show_once(pyplot, made)
    for place, (quantity, color) in enumerate(zip(DRAWN, _COLORS, strict=True)):
        total = getattr(network.total(), quantity)
        shares = [100 * count / total if total else 0.0 for count in numbers[quantity]]
        at = [row + 0.4 * (place - 0.5) for row in range(len(drawn))]
        bars = one.barh(at, shares, 0.4, color=color, edgecolor="black", linewidth=0.4)
        bars.set_label(f"{UNITS[quantity]}: {scaled(total)}")
        texts = [scaled(count) for count in numbers[quantity]]
        one.bar_label(bars, texts, padding=2, fontsize=_POINTS - 1)
    names = [
        _short(line.name, "name").replace(" x ", " \N{MULTIPLICATION SIGN} ") for line in drawn
    ]
    one.set_yticks(range(len(names)), names, fontsize=_POINTS)
    one.set_ylim(len(drawn) - 0.5, -0.5)  # from top to bottom, as in a table
    one.margins(x=0.2)  # for the numbers behind the bars
    one.set_xlim(left=0)
    one.set_xlabel("share of the model in %", fontsize=_POINTS)
    one.set_ylabel(what, fontsize=_POINTS)
    one.tick_params(labelsize=_POINTS)
    one.spines[["top", "right"]].set_visible(False)
    title = f"{_short(network.name, 'title')} by {what}"
    look: dict[str, Any] = {"ncols": 2, "fontsize": _POINTS, "frameon": False, "handlelength": 1}
    figure = cast("Figure", one.figure)
    if axes is one:
        one.set_title(title, fontsize=_POINTS + 1, pad=18)
        one.legend(loc="lower center", bbox_to_anchor=(0.5, 1), **look)
    else:  # over the whole width, which the names of groups are a part of
        look |= {"title": title, "title_fontsize": _POINTS + 1}
        figure.legend(loc="outside upper center", **look)
    return figure


def _short(name: str, what: str) -> str:
    most = _LONGEST[what]
    if len(name) > most:
        name = fit(name, most, marks_of("utf-8"), middle=True)
    return name.replace("$", r"\$")  # which begins a formula
