"""Where a training runs: one device or several, by what each backend of Keras offers.

This is the example's one module with a branch for each backend.
"""

import os
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from typing import Any

from convcost.verify.backend import Device, DeviceError, import_keras, select_device, visible_gpus

PRECISIONS = ("float32", "mixed_bfloat16", "mixed_float16")
# More steps than these hardly save time, but Ctrl-C has to wait for them.
_STEPS = 10
# More would be of few images each, and the graph of the training step larger for nothing.
_MOST_PARTS = 8


@dataclass(frozen=True)
class Placement:
    """The devices of a training.

    Parameters
    ----------
    device
        The first of them.
    count
        How many there are.
    jit_compile
        Whether the model's steps are compiled by XLA; "auto" to let Keras decide.
    parts
        In how many parts of a batch it is trained, side by side.
    steps_per_execution
        Steps that are taken without a look at them.
    """

    device: Device
    count: int
    jit_compile: bool | str
    parts: int
    steps_per_execution: int

    def scope(self) -> AbstractContextManager[Any]:
        """Return a context manager in which the model is built and trained."""
        if self.count == 1:
            scope: AbstractContextManager[Any] = self.device.scope()
            return scope
        return _distribution(self.device, self.count)

    def with_parts_for(self, smallest_batch: int) -> "Placement":
        """Return the placement with no part left without an image of the smallest batch."""
        return replace(self, parts=min(self.parts, smallest_batch))

    def __str__(self) -> str:
        described = f"{self.count} x {self.device}" if self.count > 1 else str(self.device)
        return f"{described}, batches in {self.parts} parts" if self.parts > 1 else described


def prepare_environment(*, fast: bool, deterministic: bool) -> None:
    """Set what has to be set before a backend is imported."""
    if fast:
        # Their depthwise convolutions train twice as fast, but TensorFlow uses them unasked only
        # on processors with instructions for neural networks.
        os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")
    if deterministic:
        flags = os.environ.get("XLA_FLAGS", "")
        os.environ["XLA_FLAGS"] = f"{flags} --xla_gpu_deterministic_ops=true".strip()


def place(
    device: str,
    count: int,
    *,
    fast: bool = False,
    xla: bool | None = None,
    deterministic: bool = False,
    precision: str = "float32",
    steps_per_execution: int | None = None,
    parts: int | None = None,
) -> Placement:
    """Find the devices, and set what holds for all that runs on them.

    Parameters
    ----------
    device
        `auto`, `cpu` or `gpu`.
    count
        How many devices share each batch. A machine has one CPU; more are virtual ones.
    fast
        Whether what is not said is chosen for speed, rather than Keras's default.
    xla
        Whether to compile with XLA; None for what is faster.
    deterministic
        Whether the same training must give the same numbers, bit by bit.
    precision
        Keras's dtype policy.
    steps_per_execution
        Steps that are taken without a look at them.
    parts
        In how many parts of a batch to train, side by side.

    Raises
    ------
    DeviceError
        If there are not that many devices, or the backend can't use them together.
    """
    keras = import_keras()
    backend = keras.backend.backend()
    if count > 1 and backend not in ("tensorflow", "jax"):
        raise DeviceError(
            f"--devices {count} needs TensorFlow or JAX; Keras runs on {backend} here"
        )
    steps = steps_per_execution
    if steps is None:
        steps = _STEPS if fast and backend == "tensorflow" and count == 1 else 1
    if steps > 1 and (backend == "torch" or (backend == "tensorflow" and count > 1)):
        where = "on PyTorch" if backend == "torch" else "on several devices with TensorFlow"
        raise DeviceError(f"--steps-per-execution {steps}: Keras can't do that {where}")
    if backend == "jax" and count > 1:
        import jax

        # Has to be said before JAX starts its first device, whichever that will be.
        jax.config.update("jax_num_cpu_devices", count)
    first = select_device(device)
    _require(first, backend, count)
    if deterministic:
        _make_deterministic(backend)
    keras.config.set_dtype_policy(precision)
    on_tensorflows_cpu = backend == "tensorflow" and first.name.startswith("cpu")
    if xla is None:
        # XLA makes this model's training ten times slower on a CPU. JAX has nothing else.
        xla = not on_tensorflows_cpu
    if parts is None:
        shared = fast and on_tensorflows_cpu and count == 1
        parts = min(_count_cores(), _MOST_PARTS) if shared else 1
    if parts > 1 and on_tensorflows_cpu:
        _share_threads(parts)
    jit_compile = ("auto" if backend == "torch" else True) if xla else False
    return Placement(first, count, jit_compile, parts, steps)


def _share_threads(parts: int) -> None:
    """Give each part of a batch threads of its own.

    An operation that is cut up for all threads has them wait for the slowest of them, at its end.
    """
    import tensorflow as tf

    cores = _count_cores()
    # No more than there are cores: TensorFlow starts as many as it is told to, a million, too.
    side_by_side = min(parts, cores)
    tf.config.threading.set_inter_op_parallelism_threads(side_by_side)
    tf.config.threading.set_intra_op_parallelism_threads(cores // side_by_side)


def _count_cores() -> int:
    """Return how many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _require(first: Device, backend: str, count: int) -> None:
    if first.name.startswith("gpu"):
        seen = len(visible_gpus(backend))
        if seen < count:
            raise DeviceError(f"--devices {count}: {first.backend} sees {seen} GPU(s)")
    elif backend == "tensorflow" and count > 1:
        import tensorflow as tf

        cpu = tf.config.list_physical_devices("CPU")[0]
        virtual = [tf.config.LogicalDeviceConfiguration() for _ in range(count)]
        tf.config.set_logical_device_configuration(cpu, virtual)


def _make_deterministic(backend: str) -> None:
    if backend == "tensorflow":
        import tensorflow as tf

        tf.config.experimental.enable_op_determinism()
    elif backend == "torch":
        import torch

        torch.use_deterministic_algorithms(True)


def _distribution(first: Device, count: int) -> AbstractContextManager[Any]:
    kind = first.name.split(":")[0]
    names = [f"{kind}:{index}" for index in range(count)]
    if import_keras().backend.backend() == "tensorflow":
        import tensorflow as tf

        scope: AbstractContextManager[Any] = tf.distribute.MirroredStrategy(names).scope()
        return scope
    return import_keras().distribution.DataParallel(devices=names).scope()  # type: ignore[no-any-return]
