"""Plots of promised and measured speed."""

from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import ScalarFormatter

ROOFLINE = "roofline.png"
SPEED_UP = "speed_up.png"
_COLORS = {"standard": "tab:orange", "separable": "tab:blue"}
_MARKERS = {"forward": "o", "training": "^"}


def draw(results: dict[str, Any], folder: Path) -> None:
    """Write both plots."""
    for name, paint in ((ROOFLINE, _roofline), (SPEED_UP, _speed_up)):
        figure = Figure(figsize=(8, 5), layout="constrained")
        paint(figure.subplots(), results)
        figure.savefig(folder / name, dpi=110)


def _roofline(axes: Axes, results: dict[str, Any]) -> None:
    """Plot each layer's achieved speed under the machine's roofline."""
    machine = results["machine"]
    peak, bandwidth = machine["flops_per_second"] / 1e9, machine["bytes_per_second"] / 1e9
    found = []
    for kind, color in _COLORS.items():
        for which, marker in _MARKERS.items():
            points = [
                (pair[kind]["flops_per_byte"], pair[kind]["gflops_per_second"])
                for pair in results["pairs"]
                if pair["pass"] == which
            ]
            found += points
            axes.plot(*zip(*points, strict=True), marker, color=color, label=f"{kind}, {which}")
    intensities = [x for x, _ in found]
    x = np.geomspace(min(intensities) / 2, max(*intensities, machine["ridge"]) * 2, 200)
    axes.plot(x, np.minimum(peak, x * bandwidth), color="black", label="roofline")
    axes.set(
        xscale="log",
        yscale="log",
        xlabel="arithmetic intensity, FLOPs per byte",
        ylabel="GFLOP/s",
        title=f"Achieved speed under the roofline ({results['device']})",
    )
    axes.yaxis.set_minor_formatter(ScalarFormatter())
    axes.yaxis.set_major_formatter(ScalarFormatter())
    axes.grid(alpha=0.3, which="both")
    axes.legend()


def _speed_up(axes: Axes, results: dict[str, Any]) -> None:
    """Plot the measured speed-up over the promised one."""
    pairs = results["pairs"]
    for which, marker in _MARKERS.items():
        chosen = [pair for pair in pairs if pair["pass"] == which]
        promised = [pair["macs_ratio"] for pair in chosen]
        for quantity, color in (("roofline_ratio", "lightgray"), ("measured_ratio", "tab:blue")):
            name = quantity.split("_")[0]
            values = [pair[quantity] for pair in chosen]
            axes.plot(promised, values, marker, color=color, label=f"{name}, {which}")
    most = max(pair["macs_ratio"] for pair in pairs) * 1.1
    axes.plot([0, most], [0, most], "--", color="black", label="proportional to the MACs")
    axes.axhline(1, color="tab:red", linewidth=1, label="no speed-up")
    axes.set(
        xlabel="MACs of standard / separable",
        ylabel="speed-up of separable over standard",
        title=f"Promised and measured ({results['device']})",
    )
    axes.grid(alpha=0.3)
    axes.legend()
