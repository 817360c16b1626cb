"""How long layers and models really take, beside the least time that the machine allows."""

import statistics
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import fashion_mnist_models as models
import keras
import numpy as np
from fashion_mnist_devices import Placement
from rich.progress import Progress

import convcost
from convcost import layers
from convcost.hardware import Bound, Machine, Prediction, predict, roofline

Run = Callable[[], Any]
KINDS = ("standard", "separable")
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
# A single call should not be too short for the clock, nor a large layer too long for the user.
_LEAST_SECONDS = 0.05
_WARM_UP = 2


@dataclass(frozen=True)
class Work:
    """Something to be timed, and what the library says of it.

    Parameters
    ----------
    run
        Does it once; what it returns is waited for.
    cost
        Parameters, and MACs for one image.
    bound
        What the machine allows for the batch, whose taps on the padding no kernel computes.
    """

    run: Run
    cost: convcost.Cost
    bound: Bound | Prediction
    batch_size: int

    def report(self, seconds: float) -> dict[str, float]:
        """Return the figures of this work, as JSON has them."""
        bounds = [self.bound] if isinstance(self.bound, Bound) else [b for _, b in self.bound]
        flops = sum(bound.flops for bound in bounds)
        return {
            "params": self.cost.params,
            "macs": self.cost.macs * self.batch_size,
            "effective_macs": flops // 2,
            "flops_per_byte": flops / sum(bound.moved for bound in bounds),
            "seconds": seconds,
            "least_seconds": float(self.bound.seconds),
            "gflops_per_second": flops / seconds / 1e9,
        }


def measure_all(
    where: Placement, *, batch_size: int, repeats: int, quick: bool, progress: Progress
) -> dict[str, Any]:
    """Return the machine's limits, and for each pair of works what was promised and measured.

    Parameters
    ----------
    where
        The device.
    batch_size
        Images of a call.
    repeats
        Timings of which the median counts.
    quick
        Whether to leave out the larger layers.
    progress
        Where to show how far it has come.
    """
    machine = measure_machine(where, repeats)
    pairs = []
    works = list(_pairs(machine, where, batch_size, GRID[:2] if quick else GRID))
    for name, which, make in progress.track(works, description="measuring"):
        pair = {kind: make(kind) for kind in KINDS}
        seconds = _alternate([pair[kind].run for kind in KINDS], repeats)
        reports = {kind: pair[kind].report(one) for kind, one in zip(KINDS, seconds, strict=True)}
        pairs.append({"name": name, "pass": which, **_ratios(reports), **reports})
    return {
        "device": str(where),
        "batch_size": batch_size,
        "repeats": repeats,
        "machine": {
            "flops_per_second": machine.flops_per_second,
            "bytes_per_second": machine.bytes_per_second,
            "ridge": float(machine.ridge),
        },
        "pairs": pairs,
    }


def _ratios(reports: dict[str, dict[str, float]]) -> dict[str, float]:
    """Return how many times more of each the standard convolution takes."""

    def ratio(quantity: str) -> float:
        return reports["standard"][quantity] / reports["separable"][quantity]

    return {
        "params_ratio": ratio("params"),
        "macs_ratio": ratio("macs"),
        "roofline_ratio": ratio("least_seconds"),
        "measured_ratio": ratio("seconds"),
    }


def measure_machine(where: Placement, repeats: int) -> Machine:
    """Return what the device really does: in a large matrix product, and in a large copy."""
    side, elements = (2048, 1 << 25) if "cpu" in where.device.name else (8192, 1 << 28)
    matrix = keras.ops.ones((side, side))
    product = compiled(keras.ops.matmul, matrix, matrix)
    vector = keras.ops.ones((elements,))
    # One element is read and one written; a plain copy might be optimised away.
    copy = compiled(lambda x: x + 1, vector)
    # At their best: a limit is what nothing exceeds, on however noisy a machine.
    multiplied, copied = (min(_rounds([run], 2 * repeats))[0] for run in (product, copy))
    return Machine(str(where), 2 * side**3 / multiplied, 2 * 4 * elements / copied)


def _pairs(
    machine: Machine, where: Placement, batch_size: int, grid: tuple[tuple[int, int, int], ...]
) -> Iterator[tuple[str, str, Callable[[str], Work]]]:
    for which in PASSES:
        training = which == "training"

        def make_model(kind: str, training: bool = training) -> Work:
            return _model(kind, machine, batch_size, training=training)

        yield "the article's model", which, make_model
        for m, n, side in grid:

            def make_layer(
                kind: str, sizes: tuple[int, int, int] = (m, n, side), training: bool = training
            ) -> Work:
                return _layer(kind, sizes, machine, batch_size, training=training)

            yield f"{m} -> {n}, {side}x{side}", which, make_layer


def _layer(
    kind: str, sizes: tuple[int, int, int], machine: Machine, batch_size: int, *, training: bool
) -> Work:
    m, n, side = sizes
    shape = (side, side, m)
    name = "Conv2D" if kind == "standard" else "SeparableConv2D"
    counted = getattr(layers, name)(n, _KERNEL, padding="same")
    built = getattr(keras.layers, name)(n, _KERNEL, padding="same")
    images = _images(batch_size, shape)
    built.build(images.shape)
    run = trained(built, images, by_input=True) if training else compiled(built, images)
    bound = roofline(counted, shape, machine, batch=batch_size, training=training, effective=True)
    return Work(run, counted.cost(shape, training=training), bound, batch_size)


def _model(kind: str, machine: Machine, batch_size: int, *, training: bool) -> Work:
    built = models.build(kind)
    images = _images(batch_size, built.input_shape[1:])
    run = trained(built, images, by_input=False) if training else compiled(built, images)
    network = convcost.from_keras(built)
    nominal = predict(network, machine, training=training)
    cost = convcost.Cost(network.params, sum(bound.flops for _, bound in nominal) // 2)
    bound = predict(network, machine, batch=batch_size, training=training, effective=True)
    return Work(run, cost, bound, batch_size)


def _images(batch_size: int, shape: tuple[int, ...]) -> Any:
    source = np.random.default_rng(0)
    return keras.ops.convert_to_tensor(source.normal(0, 1, (batch_size, *shape)).astype("float32"))


def compiled(function: Callable[..., Any], *inputs: Any) -> Run:
    """Return what computes a function, compiled as the backend does it, and waits for the end."""
    backend = keras.backend.backend()
    if backend == "tensorflow":
        import tensorflow as tf

        graph = tf.function(function, jit_compile=False)
        return lambda: _waited(graph(*inputs))
    if backend == "jax":
        import jax

        jitted = jax.jit(function)
        return lambda: jax.block_until_ready(jitted(*inputs))
    import torch

    def run() -> Any:
        with torch.no_grad():
            return _waited(function(*inputs))

    return run


def trained(layer: Any, images: Any, *, by_input: bool) -> Run:
    """Return what computes the gradients by the weights and, if asked for, by the input."""
    backend = keras.backend.backend()
    if backend == "tensorflow":
        import tensorflow as tf

        def step(images: Any) -> Any:
            with tf.GradientTape() as tape:
                tape.watch(images)
                output = layer(images)
            sources = [*([images] if by_input else []), *map(_value, layer.trainable_variables)]
            return tape.gradient(output, sources)

        return compiled(step, images)
    if backend == "jax":
        import jax

        def differentiated(weights: Any, images: Any) -> Any:
            output, _ = layer.stateless_call(weights, [], images)
            return output.sum()

        gradient = jax.grad(differentiated, argnums=(0, 1) if by_input else 0)
        return compiled(gradient, [v.value for v in layer.trainable_variables], images)
    import torch

    images = images.clone().requires_grad_(by_input)
    sources = [*([images] if by_input else []), *map(_value, layer.trainable_variables)]

    def run() -> Any:
        output = layer(images)
        return _waited(torch.autograd.grad(output.sum(), sources))

    return run


def _value(variable: Any) -> Any:
    return variable.value


def _waited(result: Any) -> Any:
    """Return a result when the device has it."""
    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        tf.test.experimental.sync_devices()
    else:
        import torch

        if torch.cuda.is_available():
            torch.cuda.synchronize()
    return result


def _alternate(runs: list[Run], repeats: int) -> list[float]:
    """Return the median seconds of each, taken in turns: a noisy moment hits all alike."""
    return [statistics.median(one) for one in zip(*_rounds(runs, repeats), strict=True)]


def _rounds(runs: list[Run], repeats: int) -> list[list[float]]:
    """Return the seconds of each, in each round of turns."""
    calls = [_calls(run) for run in runs]
    return [
        [_time(run, count) for run, count in zip(runs, calls, strict=True)] for _ in range(repeats)
    ]


def _calls(run: Run) -> int:
    """Warm up, and return how many calls are long enough for the clock."""
    for _ in range(_WARM_UP):
        run()
    return max(1, int(_LEAST_SECONDS / max(_time(run, 1), 1e-6)))


def _time(run: Run, calls: int) -> float:
    started = time.perf_counter()
    for _ in range(calls):
        run()
    return (time.perf_counter() - started) / calls
