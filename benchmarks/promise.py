"""How much of the saving in MACs becomes a saving in time: by backend, batch size and cores.

Run `python benchmarks/promise.py --write` with TensorFlow, JAX and PyTorch installed. It runs
`examples/separable_vs_standard.py` for each combination in a process of its own, one after another,
and takes about 40 minutes on two cores, which nothing else should use.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from importlib.util import find_spec
from itertools import product
from statistics import median
from typing import TYPE_CHECKING, Any, NamedTuple

import click
import report
from results import HERE, describe_machine, write_page
from rich.console import Console
from rich.progress import Progress

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

PROGRAM = HERE.parent / "examples" / "separable_vs_standard.py"
FOLDER = HERE.parent / "docs" / "hardware"
FIGURES, TABLE, PLOT = (FOLDER / f"promise.{kind}" for kind in ("json", "md", "png"))
NOTE = "<!-- Written by benchmarks/promise.py from promise.json; change those. -->"

# glibc gives large arrays back to the system at once, and gets new ones, whose pages the system
# clears one by one. With these settings the process keeps them.
_KEPT = {
    "MALLOC_MMAP_THRESHOLD_": str(1 << 32),
    "MALLOC_TRIM_THRESHOLD_": str(1 << 33),
    "MALLOC_TOP_PAD_": str(1 << 30),
}


class Way(NamedTuple):
    """A backend, and the environment in which it is measured."""

    title: str
    backend: str
    environment: dict[str, str]


WAYS = {
    "tensorflow": Way("TensorFlow", "tensorflow", {}),
    "jax": Way("JAX", "jax", {}),
    "torch": Way("PyTorch", "torch", {}),
    "torch-kept": Way("PyTorch, memory kept", "torch", _KEPT),
}
BATCHES = (1, 256)
PASSES = {"forward": "forward", "training": "forward and gradients"}


def measure(way: str, batch: int, cores: int | None, words: list[str]) -> dict[str, Any]:
    """Run the example in a process, and return its results."""
    how = [*words, "--batch-size", str(batch), *(["--cores", str(cores)] if cores else [])]
    done = subprocess.run(
        [sys.executable, str(PROGRAM), "--json", *how],
        check=False,
        capture_output=True,
        text=True,
        env={**os.environ, **WAYS[way].environment, "KERAS_BACKEND": WAYS[way].backend},
    )
    if done.returncode:
        raise click.ClickException(f"{WAYS[way].title}: {done.stderr.strip()}")
    found = json.loads(done.stdout)
    pairs = [{name: _shortened(value) for name, value in one.items()} for one in found["pairs"]]
    return {"way": way, "batch": batch, "cores": cores, "machine": found["machine"], "pairs": pairs}


def _shortened(value: Any) -> Any:
    """Leave out of a work's figures what follows from its sizes."""
    if not isinstance(value, dict):
        return value
    return {name: value[name] for name in ("macs", "seconds", "gflops_per_second")}


def pairs_of(run: dict[str, Any], which: str) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """Return the figures of the layers, and those of the model, in one pass."""
    pairs = [pair for pair in run["pairs"] if pair["pass"] == which]
    layers = [pair for pair in pairs if "depthwise" in pair]
    (model,) = (pair for pair in pairs if "depthwise" not in pair)
    return layers, model


def speed_ups(run: dict[str, Any], which: str) -> tuple[list[float], float]:
    """Return how many times faster separable is than standard: of the layers, and the model."""
    layers, model = pairs_of(run, which)
    return sorted(pair["measured_ratio"] for pair in layers), model["measured_ratio"]


def depthwise_shares(run: dict[str, Any], which: str) -> tuple[float, float]:
    """Return the depthwise step's median share of both steps' time, and that of their MACs."""
    layers, _ = pairs_of(run, which)
    shares = []
    for quantity in ("seconds", "macs"):
        steps = [(pair["depthwise"][quantity], pair["pointwise"][quantity]) for pair in layers]
        shares.append(median(first / (first + second) for first, second in steps))
    return shares[0], shares[1]


def described(run: dict[str, Any]) -> str:
    """Return a run's conditions in words."""
    return f"{WAYS[run['way']].title}, {sizes(run)}"


def sizes(run: dict[str, Any]) -> str:
    """Return a run's batch size and number of cores in words."""
    cores = f", {run['cores']} core{'s' if run['cores'] > 1 else ''}" if run["cores"] else ""
    return f"batch {run['batch']}{cores}"


def table(figures: dict[str, Any], which: str) -> str:
    """Return a row for each run in one pass: the model, and the least and most of the layers."""
    _, of_macs = depthwise_shares(figures["runs"][0], which)
    rows = []
    for run in figures["runs"]:
        layers, model = speed_ups(run, which)
        seconds = pairs_of(run, which)[1]["separable"]["seconds"]
        slower = sum(ratio < 1 for ratio in layers)
        share, _ = depthwise_shares(run, which)
        rows.append(
            [
                described(run),
                f"{1000 * seconds:.2f}",
                f"{model:.2f}x",
                f"{layers[0]:.2f}x to {layers[-1]:.2f}x",
                f"{slower} of {len(layers)}",
                f"{share:.0%}",
            ]
        )
    share_of_time = f"depthwise, with {of_macs:.0%} of the MACs"
    heading = [PASSES[which], "model, ms", "speed-up", "layers", "slower", share_of_time]
    return report.table(heading, rows)


def plot(figures: dict[str, Any], path: Path = PLOT) -> None:
    """Plot the speed-up of each layer and of the model in all runs, beside the saving in MACs.

    Narrow, with large letters, so that it can be read on a phone.
    """
    from matplotlib.figure import Figure
    from matplotlib.ticker import LogLocator

    runs = figures["runs"]
    promised = median(pair["macs_ratio"] for pair in runs[0]["pairs"])
    heights, titles = _lines(runs)
    figure = Figure(figsize=(8, 1.6 + 0.3 * (len(runs) + len(titles))), layout="constrained")
    panels = figure.subplots(1, len(PASSES), sharey=True, sharex=True)
    for axes, (which, title) in zip(panels, PASSES.items(), strict=True):
        every = [speed_ups(run, which) for run in runs]
        _dots(axes, every, heights)
        axes.axvline(1, color="tab:red", linewidth=1)
        axes.axvline(promised, color="black", linestyle="--", linewidth=1)
        for height in titles:
            axes.axhline(height - 0.6, color="lightgray", linewidth=0.8)
        axes.set_title(title, fontsize=13)
        axes.xaxis.set_major_locator(LogLocator(2, numticks=20))  # each power of two
        axes.xaxis.set_major_formatter(_times)
        axes.grid(alpha=0.25, axis="x")
        axes.spines[["top", "right", "left"]].set_visible(False)
        axes.tick_params(axis="y", length=0)
    least, most = panels[0].get_xlim()  # shared
    panels[0].set_xlim(least, max(most, promised * 1.2))
    for axes in panels:
        axes.axvspan(least, 1, color="tab:red", alpha=0.08, linewidth=0)
    panels[0].set_yticks([*heights, *titles], [*map(sizes, runs), *titles.values()], fontsize=11)
    for label in panels[0].get_yticklabels()[len(runs) :]:
        label.set_fontweight("bold")
    panels[0].set_ylim(max(heights) + 0.7, -0.7)
    figure.supxlabel(
        "how many times faster separable is than standard (red: slower)\n"
        "dots: single layers; diamonds: the Fashion-MNIST model\n"
        "dashed: how many times fewer MACs",
        fontsize=11,
    )
    figure.suptitle(f"{promised:.0f} times fewer MACs, but how many times faster?", fontsize=15)
    figure.savefig(path, dpi=200, metadata={"Software": None})


def _lines(runs: list[dict[str, Any]]) -> tuple[list[int], dict[int, str]]:
    """Return the height of each run, and the titles of the ways by theirs."""
    heights: list[int] = []
    titles: dict[int, str] = {}
    for number, run in enumerate(runs):
        if not number or runs[number - 1]["way"] != run["way"]:
            titles[number + len(titles)] = WAYS[run["way"]].title
        heights.append(number + len(titles))
    return heights, titles


def _dots(axes: Any, every: list[tuple[list[float], float]], heights: list[int]) -> None:
    """Draw the speed-ups of the layers, and of the model, of each run."""
    axes.set_xscale("log", base=2)
    for (layers, model), height in zip(every, heights, strict=True):
        colors = [_color(ratio) for ratio in layers]
        axes.scatter(layers, [height] * len(layers), c=colors, s=24, alpha=0.6, linewidths=0)
        axes.scatter([model], [height], c=_color(model), s=70, marker="D", edgecolors="black")


def _color(ratio: float) -> str:
    return "tab:red" if ratio < 1 else "tab:blue"


def _times(ratio: float, _: int) -> str:
    return f"{ratio:g}x" if ratio >= 1 else f"1/{1 / ratio:g}"


def page(figures: dict[str, Any]) -> str:
    """Return the page with the table of each pass."""
    return "\n\n".join([NOTE, *(table(figures, which) for which in PASSES)]) + "\n"


def write(figures: dict[str, Any]) -> None:
    """Write the figures, the table and the plot of the docs."""
    write_page(FIGURES, figures, page(figures))
    plot(figures)


def kept_runs(where: dict[str, Any], chosen: Sequence[str]) -> list[dict[str, Any]]:
    """Return the known runs that are not measured anew, which must be measured in the same way."""
    known = json.loads(FIGURES.read_text(encoding="utf-8"))
    runs = [run for run in known["runs"] if run["way"] not in chosen]
    if runs and known["where"] != where:
        raise click.UsageError(
            "the other figures are of another machine, device or number of repeats, or of other"
            " versions; measure all of them, or leave out --write"
        )
    return runs


@click.command()
@click.option(
    "--way",
    "ways",
    type=click.Choice(list(WAYS)),
    multiple=True,
    help="What to measure; the other figures stay. By default all.",
)
@click.option("--device", type=click.Choice(["cpu", "gpu"]), default="cpu", show_default=True)
@click.option("--repeats", default=5, show_default=True, help="Number of timings for each figure.")
@click.option("--quick", is_flag=True, help="Only the smallest layers and the model.")
@click.option("--write", "written", is_flag=True, help="Write the figures, the table and the plot.")
@click.option(
    "--draw", is_flag=True, help="Measure nothing; write table and plot from the figures."
)
def main(
    ways: tuple[str, ...], device: str, repeats: int, quick: bool, written: bool, draw: bool
) -> None:
    """Measure all combinations one after another, and print what is left of the promise.

    It takes about 40 minutes; --write replaces the figures, table and plot in docs/hardware.
    """
    if quick and written:
        raise click.UsageError("--quick and --write exclude each other")
    if draw:
        write(json.loads(FIGURES.read_text(encoding="utf-8")))
        return
    chosen = ways or tuple(WAYS)
    absent = [WAYS[way].title for way in chosen if not find_spec(WAYS[way].backend)]
    if absent:
        raise click.UsageError(f"not installed: {', '.join(absent)}; choose others with --way")
    where = {**describe_machine(), "device": device, "repeats": repeats}
    runs = kept_runs(where, chosen) if written else []
    cores = (1, 2) if device == "cpu" else (None,)
    words = ["--device", device, "--repeats", str(repeats), *(["--quick"] if quick else [])]
    every = list(product(chosen, BATCHES, cores))
    figures = {"where": where, "runs": runs}
    try:
        with Progress(console=Console(stderr=True), transient=True) as progress:
            for way, batch, count in progress.track(every, description="measuring"):
                runs.append(measure(way, batch, count, words))
    finally:  # an error or Ctrl-C does not lose what is measured
        runs.sort(key=lambda run: list(WAYS).index(run["way"]))
        if runs:
            click.echo(page(figures))
    if written:
        write(figures)


if __name__ == "__main__":
    main()
