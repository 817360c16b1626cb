"""Where a training runs: one device or several, as each Keras backend supports it.

This is the only module of the example with a branch for each backend.
"""

import os
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

from convcost._models.keras.library import import_keras
from convcost._verify.devices import Device, DeviceError, select_device, visible_gpus

PRECISIONS = ("float32", "mixed_bfloat16", "mixed_float16")
# More steps hardly save time, but Ctrl-C has to wait for them.
_STEPS = 10
# More parts would have few images each, and make the graph of the training step larger for nothing.
_MOST_PARTS = 8
BACKENDS = ("tensorflow", "jax", "torch")  # which can train

Settings = dict[str, Any]


@dataclass(frozen=True)
class Placement:
    """The devices of a training, and how they are used."""

    device: Device  # the first of them
    count: int
    jit_compile: bool | str  # with XLA, as in Keras's `compile`
    parts: int  # of each batch, computed in parallel
    steps_per_execution: int  # per call from Python

    def scope(self) -> AbstractContextManager[Any]:
        """Return a context manager in which the model is built and trained."""
        scope: AbstractContextManager[Any] = (
            self.device.scope() if self.count == 1 else _distribution(self.device, self.count)
        )
        return scope

    def __str__(self) -> str:
        described = f"{self.count} x {self.device}" if self.count > 1 else str(self.device)
        return f"{described}, batches in {self.parts} parts" if self.parts > 1 else described


def prepare_environment(settings: Settings) -> None:
    """Set the environment variables that a backend reads when it is imported."""
    if settings["pipeline"] == "fast":
        # oneDNN's depthwise convolutions train twice as fast, but by default TensorFlow uses them
        # only on processors with instructions for neural networks.
        os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")
    if settings["deterministic"]:
        flags = os.environ.get("XLA_FLAGS", "")
        os.environ["XLA_FLAGS"] = f"{flags} --xla_gpu_deterministic_ops=true".strip()


def use_defaults() -> None:
    """Set the order of axes and the type of numbers, which a user's keras.json may have changed."""
    config = import_keras().config
    config.set_image_data_format("channels_last")
    config.set_floatx("float32")


def place(device: str, settings: Settings, batch_sizes: set[int]) -> Placement:
    """Select the devices, and make the global settings for them.

    A machine has one CPU; several that share a batch are virtual. Each part of the smallest batch
    must have an image, because TensorFlow's convolutions refuse empty batches. Several devices
    share a batch only evenly.

    Raises
    ------
    DeviceError
        If there are too few devices, or the backend can't train, or can't use several together, or
        not for batches of these sizes.
    """
    keras = import_keras()
    backend, count = keras.backend.backend(), settings["count"]
    if backend not in BACKENDS:
        raise DeviceError(
            f"Keras can't train on {backend}; set KERAS_BACKEND to one of {', '.join(BACKENDS)}"
        )
    use_defaults()
    if count > 1 and backend not in ("tensorflow", "jax"):
        raise DeviceError(
            f"--devices {count} needs TensorFlow or JAX, but Keras runs on {backend}; set"
            " KERAS_BACKEND"
        )
    steps = _choose_steps(backend, settings)
    uneven = [size for size in batch_sizes if size % count]
    if uneven:
        raise DeviceError(
            f"--devices {count} needs batches that {count} divides, but one has {uneven[0]} images;"
            " take another --devices, --batch-size or --limit"
        )
    if backend == "jax" and count > 1:
        import jax

        # Must be set before JAX initializes any device.
        jax.config.update("jax_num_cpu_devices", count)
    first = select_device(device)
    _require(first, backend, count)
    if settings["deterministic"]:
        _make_deterministic(backend)
    keras.config.set_dtype_policy(settings["precision"])
    on_tensorflows_cpu = backend == "tensorflow" and first.name.startswith("cpu")
    parts = settings["parts"]
    if parts is None:
        shared = on_tensorflows_cpu and count == 1 and settings["pipeline"] == "fast"
        parts = min(_count_cores(), _MOST_PARTS) if shared else 1
    parts = min(parts, *batch_sizes)
    if parts > 1 and on_tensorflows_cpu:
        _share_threads(parts)
    # XLA makes this model's training ten times slower on a CPU. JAX always uses it.
    jit_compile = "auto" if backend == "torch" else not on_tensorflows_cpu
    return Placement(first, count, jit_compile, parts, steps)


def _choose_steps(backend: str, settings: Settings) -> int:
    one_at_a_time = backend == "torch" or (backend == "tensorflow" and settings["count"] > 1)
    steps: int | None = settings["steps_per_execution"]
    if steps is None:
        fast = settings["pipeline"] == "fast" and backend == "tensorflow"
        return _STEPS if fast and not one_at_a_time else 1
    if steps > 1 and one_at_a_time:
        where = "on PyTorch" if backend == "torch" else "on several devices with TensorFlow"
        raise DeviceError(
            f"--steps-per-execution must be 1 {where}, where Keras supports no more; got {steps}"
        )
    return steps


def _share_threads(parts: int) -> None:
    """Give each part of a batch its own threads.

    If an operation is split among all threads, they all wait for the slowest one at its end.
    """
    import tensorflow as tf

    cores = _count_cores()
    # No more than there are cores: TensorFlow starts any number of threads, even a million.
    side_by_side = min(parts, cores)
    tf.config.threading.set_inter_op_parallelism_threads(side_by_side)
    tf.config.threading.set_intra_op_parallelism_threads(cores // side_by_side)


def _count_cores() -> int:
    """Return the number of cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _require(first: Device, backend: str, count: int) -> None:
    if first.name.startswith("gpu"):
        seen = len(visible_gpus(backend))
        if seen < count:
            raise DeviceError(f"--devices is {count}, but {first.backend} sees {seen} GPU(s)")
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


def _distribution(first: Device, count: int) -> Any:
    kind = first.name.split(":")[0]
    names = [f"{kind}:{index}" for index in range(count)]
    keras = import_keras()
    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        return tf.distribute.MirroredStrategy(names).scope()
    return keras.distribution.DataParallel(devices=names).scope()
