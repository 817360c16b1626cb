"""Pairs of standard and separable convolutions: what the machine allows, and what is measured."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from statistics import median
from typing import Any, TypedDict

import keras
import numpy as np
from fashion_mnist.devices import use_defaults
from rich.progress import Progress
from train_fashion_mnist import build_model

import convcost
from convcost._verify.devices import Device
from convcost.hardware import Bound, Machine, predict, roofline
from timing.clock import Run, time_in_turns
from timing.passes import compiled, trained

KINDS = ("standard", "separable")
STEPS = ("depthwise", "pointwise")  # of a separable convolution
PASSES = ("forward", "training")
# Input channels, filters, and side of the image: of this model, and of larger ones.
GRID = (
    (32, 32, 28),
    (64, 64, 14),
    (128, 128, 7),
    (64, 64, 56),
    (128, 128, 28),
    (256, 256, 14),
    (512, 512, 7),
    (16, 256, 14),
    (256, 16, 14),
)
_KERNEL = 3


Sizes = tuple[int, int, int]


class Options(TypedDict):
    """Settings of a timed run, other than its sizes and the machine."""

    batch: int
    training: bool


@dataclass(frozen=True)
class Work:
    """A computation to time, and what convcost says about it."""

    run: Run
    params: int
    macs: int  # of the whole batch
    bounds: Sequence[Bound]  # without the taps on the padding, which kernels don't compute

    def report(self, seconds: float) -> dict[str, float]:
        """Return the figures of this work for the JSON file."""
        flops = sum(bound.flops for bound in self.bounds)
        return {
            "params": self.params,
            "macs": self.macs,
            "effective_macs": flops // 2,
            "flops_per_byte": flops / sum(bound.moved for bound in self.bounds),
            "seconds": seconds,
            "least_seconds": float(sum(bound.seconds for bound in self.bounds)),
            "gflops_per_second": flops / seconds / 1e9,
        }


def measure_all(
    device: Device, *, batch_size: int, repeats: int, quick: bool, progress: Progress
) -> dict[str, Any]:
    """Return the machine's limits, and the promised and measured figures of each pair.

    Times are the median of the repeats; `quick` leaves out the larger layers.
    """
    use_defaults()
    machine = measure_machine(device, repeats)
    subjects = [None, *(GRID[:2] if quick else GRID)]
    pairs = []
    for which, sizes in progress.track(list(product(PASSES, subjects)), description="measuring"):
        training = which == "training"
        kinds = (*KINDS, *STEPS) if sizes else KINDS
        works = [_work(kind, sizes, machine, batch_size, training) for kind in kinds]
        seconds = map(median, time_in_turns([work.run for work in works], repeats))
        reports = {
            kind: work.report(one) for kind, work, one in zip(kinds, works, seconds, strict=True)
        }
        name = "{0} -> {1}, {2}x{2}".format(*sizes) if sizes else "the article's model"
        ratios = _ratios(*(reports[kind] for kind in KINDS))
        pairs.append({"name": name, "pass": which, **ratios, **reports})
    return {
        "device": str(device),
        "batch_size": batch_size,
        "repeats": repeats,
        "machine": {
            "flops_per_second": machine.flops_per_second,
            "bytes_per_second": machine.bytes_per_second,
            "ridge": float(machine.ridge),
        },
        "pairs": pairs,
    }


def _ratios(standard: dict[str, float], separable: dict[str, float]) -> dict[str, float]:
    """Return the ratios of the standard convolution's figures to the separable one's."""
    names = {"params": "params", "macs": "macs", "roofline": "least_seconds", "measured": "seconds"}
    return {f"{name}_ratio": standard[key] / separable[key] for name, key in names.items()}


def measure_machine(device: Device, repeats: int) -> Machine:
    """Return the speed that the device reaches in a large matrix product and a large copy."""
    side, elements = (2048, 1 << 25) if "cpu" in device.name else (8192, 1 << 28)
    matrix = keras.ops.ones((side, side))
    multiplication = compiled(keras.ops.matmul, matrix, matrix)
    # One element is read and one written; a plain copy might be optimised away.
    copy = compiled(lambda x: x + 1, keras.ops.ones((elements,)))
    # The fastest times: a limit should not be exceeded, even on a noisy machine.
    multiplied, copied = (
        min(time_in_turns([run], 2 * repeats)[0]) for run in (multiplication, copy)
    )
    return Machine(str(device), 2 * side**3 / multiplied, 2 * 4 * elements / copied)


def _work(
    kind: str, sizes: Sizes | None, machine: Machine, batch_size: int, training: bool
) -> Work:
    """Build a layer of these sizes, or the article's model, and predict its costs."""
    options = Options(batch=batch_size, training=training)
    if sizes is None:
        built, shape = build_model(kind), (28, 28, 1)
        network = convcost.from_keras(built)
        params = network.params
        macs = sum(bound.flops for _, bound in predict(network, machine, **options)) // 2
        bounds = [bound for _, bound in predict(network, machine, effective=True, **options)]
    else:
        m, n, side = sizes
        shape = (side, side, m)
        counted, built = (_layer(kind, n, library) for library in (convcost.layers, keras.layers))
        built.build((batch_size, *shape))
        cost = counted.cost(shape, training=training)
        params, macs = cost.params, cost.macs * batch_size
        bounds = [roofline(counted, shape, machine, effective=True, **options)]
    images = _noise((batch_size, *shape))
    if not training:
        return Work(compiled(built, images), params, macs, bounds)
    # As in training, noise: ones might be simplified, and the sum of a softmax is a constant.
    upstream = _noise(built.compute_output_shape(images.shape))
    # The model's own input needs no gradient.
    run = trained(built, images, upstream, by_input=sizes is not None)
    return Work(run, params, macs, bounds)


def _noise(shape: tuple[int, ...]) -> Any:
    noise = np.random.default_rng(0).standard_normal(shape, np.float32)
    return keras.ops.convert_to_tensor(noise)


def _layer(kind: str, filters: int, library: Any) -> Any:
    """Return a layer, of Keras or of convcost."""
    if kind == "standard":
        return library.Conv2D(filters, _KERNEL, padding="same")
    if kind == "separable":
        return library.SeparableConv2D(filters, _KERNEL, padding="same")
    if kind == "depthwise":
        return library.DepthwiseConv2D(_KERNEL, padding="same", use_bias=False)
    return library.Conv2D(filters, 1)
