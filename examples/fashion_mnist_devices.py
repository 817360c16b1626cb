"""Where a training runs: one device or several, by what each backend of Keras offers.

This is the example's one module with a branch for each backend.
"""

import os
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

from convcost.verify.backend import Device, DeviceError, import_keras, select_device, visible_gpus

PRECISIONS = ("float32", "mixed_bfloat16", "mixed_float16")


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
    """

    device: Device
    count: int
    jit_compile: bool | str

    def scope(self) -> AbstractContextManager[Any]:
        """Return a context manager in which the model is built and trained."""
        if self.count == 1:
            scope: AbstractContextManager[Any] = self.device.scope()
            return scope
        return _distribution(self.device, self.count)

    def __str__(self) -> str:
        return f"{self.count} x {self.device}" if self.count > 1 else str(self.device)


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
    xla: bool | None,
    deterministic: bool,
    precision: str,
    steps_per_execution: int,
) -> Placement:
    """Find the devices, and set what holds for all that runs on them.

    Parameters
    ----------
    device
        `auto`, `cpu` or `gpu`.
    count
        How many devices share each batch. A machine has one CPU; more are virtual ones.
    xla
        Whether to compile with XLA; None for what is faster.
    deterministic
        Whether the same training must give the same numbers, bit by bit.
    precision
        Keras's dtype policy.
    steps_per_execution
        Steps for which the device is not waited for.

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
    if steps_per_execution > 1 and backend == "torch":
        raise DeviceError(
            f"--steps-per-execution {steps_per_execution} needs TensorFlow or JAX; Keras runs on"
            " torch here"
        )
    if backend == "jax" and count > 1:
        import jax

        # Has to be said before JAX starts its first device, whichever that will be.
        jax.config.update("jax_num_cpu_devices", count)
    first = select_device(device)
    _require(first, backend, count)
    if deterministic:
        _make_deterministic(backend)
    keras.config.set_dtype_policy(precision)
    on_cpu = first.name.startswith("cpu")
    if xla is None:
        # XLA makes this model's training ten times slower on a CPU. JAX has nothing else.
        xla = not (on_cpu and backend == "tensorflow")
    return Placement(first, count, ("auto" if backend == "torch" else True) if xla else False)


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
