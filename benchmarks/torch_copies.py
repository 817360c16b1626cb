"""What Keras's convolutions copy on PyTorch, and how long they take without that.

Run `python benchmarks/torch_copies.py --write` with PyTorch installed; it takes half a minute.
"""

from __future__ import annotations

import os
import sys
from importlib.util import find_spec
from statistics import median
from typing import TYPE_CHECKING, Any

import click
import report
from results import HERE, describe_machine, write_page

if TYPE_CHECKING:
    from collections.abc import Callable

FOLDER = HERE.parent / "docs" / "hardware"
FIGURES, TABLE = FOLDER / "copies.json", FOLDER / "copies.md"
NOTE = "<!-- Written by benchmarks/torch_copies.py from copies.json; change those. -->"
BATCH, SIDE, CHANNELS = 256, 28, 64
STEPS = ("depthwise", "pointwise")
_REPEATS, _PROFILED = 9, 5


def measure(step: str) -> dict[str, Any]:
    """Return the seconds of a step in Keras, and in PyTorch alone, and the share of copies."""
    import keras
    import torch

    sys.path.insert(0, str(HERE.parent / "examples"))
    from timing.clock import time_in_turns

    layer = (
        keras.layers.DepthwiseConv2D(3, padding="same", use_bias=False)
        if step == "depthwise"
        else keras.layers.Conv2D(CHANNELS, 1, use_bias=False)
    )
    noise = keras.random.normal((BATCH, SIDE, SIDE, CHANNELS), seed=0)
    layer.build(noise.shape)
    # The same numbers; PyTorch names the channels second wherever they are in memory.
    images = noise.permute(0, 3, 1, 2)
    assert images.is_contiguous(memory_format=torch.channels_last)
    weights = layer.kernel.value.detach()
    order = (2, 3, 0, 1) if step == "depthwise" else (3, 2, 0, 1)
    weights = weights.permute(order).contiguous(memory_format=torch.channels_last)
    groups = CHANNELS if step == "depthwise" else 1

    def alone() -> Any:
        return torch.nn.functional.conv2d(images, weights, padding="same", groups=groups)

    with torch.no_grad():
        torch.testing.assert_close(alone().permute(0, 2, 3, 1), layer(noise), rtol=1e-4, atol=1e-4)
        seconds = [
            median(times) for times in time_in_turns([lambda: layer(noise), alone], _REPEATS)
        ]
        share = _share_of_copies(lambda: layer(noise))
    return {
        "step": step,
        "keras_seconds": seconds[0],
        "torch_seconds": seconds[1],
        "share_of_copies": share,
    }


def _share_of_copies(run: Callable[[], Any]) -> float:
    """Return the share of copies in the processor time that PyTorch's profiler sees."""
    from torch.profiler import ProfilerActivity, profile

    with profile(activities=[ProfilerActivity.CPU]) as profiler:
        for _ in range(_PROFILED):
            run()
    times = {one.key: one.self_cpu_time_total for one in profiler.key_averages()}
    return float(times["aten::copy_"] / sum(times.values()))


def table(figures: dict[str, Any]) -> str:
    """Return a row for each step."""
    rows = [
        [
            one["step"],
            f"{1000 * one['keras_seconds']:.1f}",
            f"{one['share_of_copies']:.0%}",
            f"{1000 * one['torch_seconds']:.1f}",
            f"{one['keras_seconds'] / one['torch_seconds']:.1f}x",
        ]
        for one in figures["steps"]
    ]
    heading = ["step", "Keras, ms", "of that copies", "PyTorch alone, ms", "faster"]
    return report.table(heading, rows)


def page(figures: dict[str, Any]) -> str:
    """Return the page with the table."""
    return f"{NOTE}\n\n{table(figures)}\n"


@click.command()
@click.option("--write", "written", is_flag=True, help="Write the figures and the table.")
def main(written: bool) -> None:
    """Time a depthwise and a pointwise convolution in Keras on PyTorch, and in PyTorch alone."""
    if not find_spec("torch"):
        raise click.UsageError("PyTorch is not installed: pip install torch")
    os.environ["KERAS_BACKEND"] = "torch"  # before Keras is imported
    import torch

    torch.set_num_threads(1)
    where = describe_machine()
    figures = {"where": where, "steps": [measure(step) for step in STEPS]}
    click.echo(page(figures))
    if written:
        write_page(FIGURES, figures, page(figures))


if __name__ == "__main__":
    main()
