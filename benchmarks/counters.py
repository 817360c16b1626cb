"""One layer's cost from convcost and from its peers, and effective MACs on short and long axes.

Every ratio compares two things that were measured in this one run.
"""

import os
from collections.abc import Callable
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import pyperf
import torch
from torch.utils.flop_counter import FlopCounterMode

from convcost.layers import Conv2D

SHAPE = (28, 28, 32)
FILTERS, KERNEL = 64, 3


def convcost(effective: bool = False, side: int = 28) -> int:
    """Count with convcost, from the layer's arguments to the number."""
    layer = Conv2D(FILTERS, KERNEL, padding="same")
    macs: int = layer.cost((side, side, 32), effective=effective).macs
    return 2 * macs


def pytorch() -> int:
    """Count with PyTorch's FlopCounterMode, on tensors without data."""
    layer = torch.nn.Conv2d(32, FILTERS, KERNEL, padding=1, device="meta")
    with FlopCounterMode(display=False) as counter:
        layer(torch.empty((1, 32, 28, 28), device="meta"))
    return int(counter.get_total_flops())


def tf_profiler() -> int:
    """Count with the TF profiler, through the graph of a Keras layer without a bias."""
    # After PyTorch: the other way round the compiler in its CUDA builds crashes.
    import tensorflow as tf
    from tensorflow.python.framework.convert_to_constants import (
        convert_variables_to_constants_v2,
    )

    layer = tf.keras.layers.Conv2D(FILTERS, KERNEL, padding="same", use_bias=False)
    function = tf.function(layer).get_concrete_function(tf.TensorSpec((1, *SHAPE)))
    graph = convert_variables_to_constants_v2(function).graph
    options = tf.compat.v1.profiler.ProfileOptionBuilder.float_operation()
    options["output"] = "none"
    profile = tf.compat.v1.profiler.profile(graph, cmd="scope", options=options)
    return int(profile.total_float_ops)


COUNTERS: dict[str, Callable[[], int]] = {
    "convcost": convcost,
    "torch FlopCounterMode (meta)": pytorch,
    "TF profiler": tf_profiler,
}
SIDES = (10, 10**6)


def main() -> None:
    """Check that all count the same, measure them, and print ratios."""
    runner = pyperf.Runner(processes=3, values=3, warmups=1)
    counted = {name: count() for name, count in COUNTERS.items()}
    if len(set(counted.values())) != 1:
        raise SystemExit(f"not the same FLOPs: {counted}")
    benches: dict[Any, pyperf.Benchmark] = {
        name: runner.bench_func(name, count) for name, count in COUNTERS.items()
    }
    for side in SIDES:
        benches[side] = runner.bench_func(f"effective, side {side:,}", convcost, True, side)
    if runner.args.worker:  # pyperf runs this file again in each of its measuring processes
        return
    medians = {name: bench.median() for name, bench in benches.items()}
    for name in list(COUNTERS)[1:]:
        print(f"{name} takes {medians[name] / medians['convcost']:,.0f} times as long as convcost")
    short, long = SIDES
    ratio = medians[long] / medians[short]
    print(f"effective MACs at side {long:,} take {ratio:.2f} times as long as at side {short}")


if __name__ == "__main__":
    main()
