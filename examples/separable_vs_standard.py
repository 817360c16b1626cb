"""Measure how much time separable convolutions save, compared with what their formulas promise.

Run `python examples/separable_vs_standard.py --help` for the options. Exit codes: 0 for success, 2
for a usage or environment error, 130 if interrupted, 141 if the reader of the output is gone.
"""

import json
import os
import sys
from pathlib import Path
from typing import Any

import command_line

# Before TensorFlow is imported: its C++ side logs that there is no GPU as if it were an error.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import click
from fashion_mnist.devices import BACKENDS
from rich import box
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from convcost._verify.devices import DeviceError, select_device

_WIDTH = 80  # columns of the table at most


@click.command(context_settings={"help_option_names": ["-h", "--help"], "show_default": True})
@click.option("--device", type=click.Choice(["auto", "cpu", "gpu"]), default="auto")
@click.option("--batch-size", type=click.IntRange(min=1), default=64)
@click.option(
    "--repeats",
    type=click.IntRange(min=1),
    default=7,
    help="Number of timings; the median is used.",
)
@click.option("--quick", is_flag=True, help="Only the smallest layers and the model.")
@click.option(
    "--onednn/--no-onednn",
    default=True,
    help="Whether TensorFlow uses oneDNN's convolutions on a CPU.",
)
@click.option(
    "--cores",
    type=click.IntRange(min=1),
    help="How many of the cores to use, with one thread each; by default all. Linux only.",
)
@click.option(
    "--output-dir",
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder for results.json, the table and the plots; by default none are written.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the results as JSON.")
def compare(
    device: str,
    batch_size: int,
    repeats: int,
    quick: bool,
    onednn: bool,
    cores: int | None,
    output_dir: Path | None,
    as_json: bool,
) -> int:
    """Measure separable against standard convolutions, and compare the times with the formulas."""
    try:
        os.environ["TF_ENABLE_ONEDNN_OPTS"] = str(int(onednn))
        if cores is not None:
            restrict(cores)
        where = select_device(device)
        if where.backend.split()[0] not in BACKENDS:
            raise DeviceError(
                f"Keras runs on {where.backend}; set KERAS_BACKEND to one of {', '.join(BACKENDS)}"
            )
        if output_dir is not None:
            output_dir.mkdir(parents=True, exist_ok=True)
    except (DeviceError, ImportError, OSError) as error:
        raise click.ClickException(str(error)) from error
    from timing import pairs

    with where.scope(), Progress(console=Console(stderr=True), transient=True) as progress:
        results = pairs.measure_all(
            where, batch_size=batch_size, repeats=repeats, quick=quick, progress=progress
        )
    if as_json:
        click.echo(json.dumps(results, indent=1))
    else:
        print_results(results, command_line.Output())
    if output_dir is not None:
        try:
            write_results(results, output_dir)
        except OSError as error:
            raise click.ClickException(f"the results can't be written: {error}") from error
    return 0


def restrict(cores: int) -> None:
    """Let this process use only so many of its cores, before a backend starts its threads."""
    if not hasattr(os, "sched_setaffinity"):
        raise click.UsageError("--cores needs Linux, where a process can be kept to some cores")
    usable = sorted(os.sched_getaffinity(0))
    if cores > len(usable):
        raise click.UsageError(
            f"--cores must be from 1 to {len(usable)}, the usable ones; got {cores}"
        )
    os.sched_setaffinity(0, usable[:cores])


def write_results(results: dict[str, Any], folder: Path) -> None:
    """Write the results as JSON, as a table, and as plots."""
    from timing import plots

    (folder / "results.json").write_text(json.dumps(results, indent=1) + "\n")
    with (folder / "table.txt").open("w") as file:
        print_results(results, Console(file=file, width=110))
    plots.draw(results, folder)


def print_results(results: dict[str, Any], console: Console) -> None:
    """Print the machine, and for each pass a row for each pair of convolutions."""
    if console.width < _WIDTH:
        # The terminal breaks the lines; a cut number would look like another one.
        console = command_line.Output(file=console.file, width=_WIDTH)
    machine = results["machine"]
    console.print(
        f"{results['device']}: {machine['flops_per_second'] / 1e9:,.1f} GFLOP/s in a large matrix"
        f" product, {machine['bytes_per_second'] / 1e9:,.1f} GB/s in a large copy; above"
        f" {machine['ridge']:.1f} FLOPs per byte the first is the limit",
        soft_wrap=True,
    )
    for which in dict.fromkeys(pair["pass"] for pair in results["pairs"]):
        console.print()
        console.print(_table(which, [one for one in results["pairs"] if one["pass"] == which]))
    console.print()
    console.print(
        "params, MACs: how many times fewer; roofline: the speed-up if both reach the machine's"
        " limits; measured: the actual speed-up, and its share of the MACs' ratio; GFLOP/s: without"
        " the taps on the padding",
        soft_wrap=True,
    )


def _table(which: str, pairs: list[dict[str, Any]]) -> Table:
    """Return a row for each pair, in fewer than 80 columns."""
    table = Table(box=box.SIMPLE, show_edge=False, padding=0)
    table.add_column(which, no_wrap=True)
    speeds = [f"{kind}\nGFLOP/s" for kind in ("standard", "separable")]
    for name in ("params", "MACs", "roofline", "measured", "share", *speeds):
        table.add_column(name, justify="right", no_wrap=True)
    for pair in pairs:
        table.add_row(
            pair["name"],
            f"{pair['params_ratio']:.2f}x",
            f"{pair['macs_ratio']:.2f}x",
            f"{pair['roofline_ratio']:.2f}x",
            f"{pair['measured_ratio']:.2f}x",
            f"{pair['measured_ratio'] / pair['macs_ratio']:.0%}",
            f"{pair['standard']['gflops_per_second']:,.1f}",
            f"{pair['separable']['gflops_per_second']:,.1f}",
        )
    return table


if __name__ == "__main__":
    sys.exit(command_line.run(compare))
