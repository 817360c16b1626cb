"""The installed Keras: its backend, and the device that a check uses."""

from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from types import ModuleType
from typing import TYPE_CHECKING

from convcost._models.keras.library import import_keras

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

DEVICES = ("auto", "cpu", "gpu")
_GPU_HELP = {
    "tensorflow": 'pip install "convcost[gpu]" (Linux; on Windows inside WSL2)',
    "jax": 'pip install "jax[cuda]"',
    "torch": "install a CUDA build of PyTorch, see https://pytorch.org/get-started",
}


class DeviceError(RuntimeError):
    """The requested device is not available."""

    __module__ = "convcost.verify"  # where users import it from


@dataclass(frozen=True)
class Device:
    """Where a check ran.

    Parameters
    ----------
    name
        Keras's name of the device: `cpu:0`, `gpu:0`.
    backend
        Keras's backend with its version: `tensorflow 2.21.0`.
    """

    name: str
    backend: str

    def scope(self) -> "AbstractContextManager[object]":
        """Return a context manager in which Keras builds and runs on this device."""
        # PyTorch's CPU is "cpu", without a number. With any other name, Keras believes that
        # variables are on another device, copies them at each use, and gets no gradients.
        on_torchs_cpu = self.backend.startswith("torch") and self.name == "cpu:0"
        scope: AbstractContextManager[object] = import_keras().device(
            "cpu" if on_torchs_cpu else self.name
        )
        return scope

    def __str__(self) -> str:
        return f"{self.name}, {self.backend}"


def select_device(device: str) -> Device:
    """Return the device to run on, and let a GPU's memory grow as needed.

    Parameters
    ----------
    device
        `cpu`, `gpu`, or `auto` for a GPU if there is one.

    Returns
    -------
    Device
        The first device of that kind.

    Raises
    ------
    ValueError
        If `device` is none of the three.
    ImportError
        If Keras is not installed.
    DeviceError
        If `device` is `gpu` and the backend sees none.
    """
    if device not in DEVICES:
        raise ValueError(f"device must be one of {', '.join(DEVICES)}; got {device!r}")
    backend = str(import_keras().backend.backend())
    described = f"{backend} {_version(backend)}"
    if device == "cpu":
        return Device("cpu:0", described)
    gpus = visible_gpus(backend)
    if gpus:
        return Device("gpu:0", described)
    if device == "auto":
        return Device("cpu:0", described)
    raise DeviceError(
        f"device is 'gpu', but {described} sees no GPU (it sees: {', '.join(_seen(backend))});"
        f" to use one: {_GPU_HELP.get(backend, 'install its GPU build')}"
    )


def visible_gpus(backend: str) -> list[str]:
    """Return the names of the GPUs that the backend sees, with memory growth set on each."""
    # Keras lists the devices of only two of its three backends, and listing TensorFlow's through
    # Keras would initialize them before memory growth can be set.
    if backend == "tensorflow":
        import tensorflow as tf

        gpus = tf.config.list_physical_devices("GPU")
        for gpu in gpus:
            _grow(tf, gpu)
        return [str(gpu.name) for gpu in gpus]
    if backend == "jax":
        import jax

        try:
            return [str(gpu) for gpu in jax.devices("gpu")]
        except RuntimeError:  # JAX raises it if there is no such platform
            return []
    if backend == "torch":
        import torch

        return [f"cuda:{index}" for index in range(torch.cuda.device_count())]
    return []


def _grow(tf: ModuleType, gpu: object) -> None:
    try:
        tf.config.experimental.set_memory_growth(gpu, True)
    except RuntimeError:
        # The caller's program has already initialized the GPU with its own settings.
        return


def _seen(backend: str) -> list[str]:
    if backend == "tensorflow":
        import tensorflow as tf

        return [str(device.name) for device in tf.config.list_physical_devices()]
    if backend == "jax":
        import jax

        return [str(device) for device in jax.devices()]
    return ["cpu"]


def _version(backend: str) -> str:
    for distribution in (backend, f"{backend}-cpu", f"{backend}_cpu"):
        try:
            return version(distribution)
        except PackageNotFoundError:
            continue
    return "of unknown version"
