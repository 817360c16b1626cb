"""Draw what one output element of each kind of convolution is computed from.

Run `python docs/derivation_pictures.py` to draw `docs/gallery/convolutions.svg` anew.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes

TARGET = Path(__file__).parent / "gallery" / "convolutions.svg"
# Sides of the drawn feature maps and kernels, input and output channels.
SIDE, KERNEL, M, N = 5, 3, 3, 4
COLORS = ("#2f6fd0", "#d9822b", "#3a9d5d")
MIXED, OTHERS, EMPTY, LINE = "#7a4fb5", "#c9b8e4", "#eef0f3", "#9aa2af"
# How far a channel lies behind the one before it, as a part of a side of the map.
BEHIND = 0.17


class Kind(NamedTuple):
    """A kind of convolution: its title, the side of its kernel, and whether channels mix."""

    title: str
    kernel: int
    mixes: bool
    filters: str


KINDS = (
    Kind("standard", KERNEL, True, r"$N$ filters of $D_K \times D_K \times M$ weights"),
    Kind("depthwise", KERNEL, False, r"$M$ filters of $D_K \times D_K$ weights"),
    Kind("pointwise", 1, True, r"$N$ filters of $1 \times 1 \times M$ weights"),
)


def draw(axes: Axes, kind: Kind) -> None:
    """Draw the input, the filters and the output of one kind."""
    channels = [MIXED] * M if kind.mixes else list(COLORS)
    stack(axes, (0, 0), 5, SIDE, kind.kernel, channels)
    number = N if kind.mixes else M
    for place in range(number):
        corner = (9.4, 0.2 + (number - 1 - place) * 6.6 / number)
        own = [COLORS[place]] if not kind.mixes else [OTHERS if place else MIXED] * M
        stack(axes, corner, 1.2 * kind.kernel / KERNEL, kind.kernel, kind.kernel, own)
    stack(axes, (13.6, 0), 5, SIDE, 1, [MIXED, *[""] * (N - 1)] if kind.mixes else list(COLORS))
    for left, right in ((7.4, 8.9), (11.6, 13.1)):
        style = {"arrowstyle": "-|>", "color": "#5f6672"}
        axes.annotate("", (right, 3.4), (left, 3.4), arrowprops=style)
    output = "N" if kind.mixes else "M"
    for x, text in (
        (2.9, "input: $M$ channels"),
        (10.2, kind.filters),
        (16.6, f"output: ${output}$ channels"),
    ):
        axes.text(x, -0.9, text, ha="center", fontsize=9)
    axes.set_title(f"{kind.title} convolution", loc="left", fontsize=11, fontweight="bold")
    axes.set_xlim(-0.3, 21.5)
    axes.set_ylim(-1.3, 7.8)
    axes.set_aspect("equal")
    axes.axis("off")


def stack(
    axes: Axes,
    corner: tuple[float, float],
    size: float,
    cells: int,
    window: int,
    colors: Sequence[str],
) -> None:
    """Draw channels one behind the other, with a window in the upper right corner of each.

    Parameters
    ----------
    axes
        Where to draw.
    corner
        The lower left corner of the first channel.
    size, cells, window
        The side of a channel in units of the axes, in cells, and that of the window in cells.
    colors
        The color of the window of each channel; "" for none.
    """
    from matplotlib.patches import Rectangle

    cell = size / cells
    for place, color in enumerate(colors):
        layer = len(colors) - place
        x, y = (one + place * BEHIND * size for one in corner)
        axes.add_patch(
            Rectangle((x, y), size, size, facecolor=EMPTY, edgecolor=LINE, lw=0.8, zorder=layer)
        )
        if color:
            start = (cells - window) * cell
            side = window * cell
            axes.add_patch(
                Rectangle((x + start, y + start), side, side, facecolor=color, lw=0, zorder=layer)
            )
        for line in range(1, cells):
            at = line * cell
            axes.plot([x, x + size], [y + at, y + at], color=LINE, lw=0.6, zorder=layer)
            axes.plot([x + at, x + at], [y, y + size], color=LINE, lw=0.6, zorder=layer)


def main() -> None:
    """Draw all kinds below each other."""
    import matplotlib as mpl

    mpl.use("svg")
    from matplotlib import pyplot as plt

    mpl.rcParams.update({"svg.hashsalt": "convcost", "mathtext.fontset": "dejavusans"})
    figure, rows = plt.subplots(len(KINDS), 1, figsize=(8.2, 10.2), layout="constrained")
    for axes, kind in zip(rows, KINDS, strict=True):
        draw(axes, kind)
    figure.savefig(TARGET, metadata={"Date": None, "Creator": None}, facecolor="white")
    plt.close(figure)


if __name__ == "__main__":
    main()
