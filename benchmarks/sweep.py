"""A million Conv2D designs as arrays, against the loop over scalars, in one run."""

import random
import time
from collections.abc import Sequence
from statistics import median
from typing import Any

import click
import numpy as np
from rich.console import Console
from rich.progress import track

from convcost.cost import Cost
from convcost.layers import Conv2D

# 125 * 100 * 10 * 8 designs: sides, input channels, kernels and strides.
SIDES = np.arange(7, 507, 4)
CHANNELS = np.arange(8, 808, 8)
KERNELS = np.arange(1, 11)
STRIDES = np.arange(1, 9)
QUANTITIES = ("params", "macs", "bias_adds")


@click.command()
@click.option("--sample", default=10_000, show_default=True, help="Designs to count one by one.")
@click.option(
    "--repeats", default=5, show_default=True, help="Runs of the arrays; the median counts."
)
@click.option("--seed", default=0, show_default=True, help="What to draw the sample with.")
def main(sample: int, repeats: int, seed: int) -> None:
    """Count a million designs as arrays, a sample of them one by one, and compare."""
    axes = np.ix_(SIDES, CHANNELS, KERNELS, STRIDES)
    # Full arrays, not an open grid: nothing is saved by what the designs have in common.
    columns = [np.ascontiguousarray(column).ravel() for column in np.broadcast_arrays(*axes)]
    designs = columns[0].size
    source = random.Random(seed)
    chosen = [source.randrange(designs) for _ in range(sample)]
    for effective in (False, True):
        together = median(_time_arrays(columns, effective) for _ in range(repeats))
        cost = _cost(columns, effective)
        start = time.perf_counter()
        singly = [_cost([int(column[i]) for column in columns], effective) for i in chosen]
        one = (time.perf_counter() - start) / sample
        for index, single in track(
            list(zip(chosen, singly, strict=True)),
            "Comparing",
            console=Console(stderr=True),
            transient=True,
        ):
            for quantity in QUANTITIES:
                column = np.broadcast_to(getattr(cost, quantity), (designs,))
                if column[index] != getattr(single, quantity):
                    raise click.ClickException(f"design {index} differs in {quantity}")
        ratio = one / (together / designs)
        click.echo(
            f"{'effective' if effective else 'nominal'}: {designs:,} designs as arrays equal"
            f" {sample:,} single ones and take 1/{ratio:,.0f} of their time per design"
        )


def _cost(design: Sequence[Any], effective: bool) -> Cost:
    side, channels, kernel, stride = design
    layer = Conv2D(64, kernel, strides=stride, padding="same")
    return layer.cost((side, side, channels), effective=effective)


def _time_arrays(columns: Sequence[Any], effective: bool) -> float:
    start = time.perf_counter()
    _cost(columns, effective)
    return time.perf_counter() - start


if __name__ == "__main__":
    main()
