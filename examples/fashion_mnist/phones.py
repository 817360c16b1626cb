"""The trained model as LiteRT files, as phones run it: their sizes, accuracies and times.

LiteRT is the new name of TensorFlow Lite.
"""

import contextlib
import importlib.util
import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

import keras
import numpy as np
from timing.clock import time_in_turns

from convcost._verify.devices import DeviceError
from fashion_mnist.data import SIDE, Dataset, Images
from fashion_mnist.run_folder import EXPORTED

_CALIBRATION_IMAGES = 500
_REPEATS = 15
_BYTES = {"float32": 4, "int8": 1}
# Of SELU (Klambauer et al. 2017, arxiv.org/abs/1706.02515).
_ALPHA, _SCALE = 1.6732632423543772, 1.0507009873554805
_BYTES_OF_A_BIAS = 4  # int32 beside int8 weights


@dataclass(frozen=True)
class Exported:
    """One file, and the file of the same model with standard convolutions for comparison.

    The time is that of one image on one thread.
    """

    file: str
    precision: str
    weight_bytes: int  # what the weights need; the rest of the file is the graph and its scales
    file_bytes: int
    test_accuracy: float
    seconds: float
    standard_weight_bytes: int
    standard_file_bytes: int
    standard_seconds: float

    def __str__(self) -> str:
        return (
            f"{self.file}: test accuracy {self.test_accuracy:.4f}, {self.file_bytes:,} bytes"
            f" ({self.weight_bytes:,} of them weights), {1e6 * self.seconds:.0f} us per image;"
            f" with standard convolutions {self.standard_file_bytes:,} bytes,"
            f" {1e6 * self.standard_seconds:.0f} us"
        )


def require() -> None:
    """Check that this program can write LiteRT files, and run them.

    Raises
    ------
    DeviceError
        If Keras runs on a backend that can't write them.
    ImportError
        If what runs them is not installed.
    """
    backend = keras.backend.backend()
    if backend != "tensorflow":
        raise DeviceError(f"--export needs TensorFlow, but Keras runs on {backend}")
    if importlib.util.find_spec("ai_edge_litert") is None:
        raise ImportError('--export needs ai-edge-litert: pip install ".[examples]"')


def weight_bytes(model: Any, precision: str) -> int:
    """Return the bytes of a model's parameters; biases stay int32 where weights are int8."""
    biases = sum(int(np.prod(one.shape)) for one in model.weights if one.name == "bias")
    per_bias = max(_BYTES[precision], _BYTES_OF_A_BIAS)
    return _BYTES[precision] * (int(model.count_params()) - biases) + per_bias * biases


def selu(x: Any) -> Any:
    """Return the same as Keras's SELU, from steps that int8 computes well.

    Keras's chooses between two branches, and TensorFlow's converter gives a choice, and its input,
    the range of one branch: the larger values of the other are cut off. Here, every step has a
    range of its own, and the exponential is at most 1.
    """
    positive = keras.ops.relu(x)
    negative = keras.ops.exp(x - positive) - 1
    return _SCALE * positive + _SCALE * _ALPHA * negative


def with_selu(model: Any) -> Any:
    """Return a copy of a model with the SELU above in place of Keras's."""

    def copied(layer: Any) -> Any:
        copy = type(layer).from_config(layer.get_config())
        if getattr(layer, "activation", None) is keras.activations.selu:
            copy.activation = selu
        return copy

    copy = keras.models.clone_model(model, clone_function=copied)
    copy.set_weights(model.get_weights())
    return copy


def convert(model: Any, path: Path, precision: str, samples: Images) -> None:
    """Write a model as a LiteRT file for one image at a time.

    Parameters
    ----------
    model
        The Keras model.
    path
        The file to write.
    precision
        float32, or int8 for weights, images and whatever is computed in between.
    samples
        Images from which the ranges of int8 are measured.
    """
    import tensorflow as tf

    # Variables as resources can't be calibrated.
    options: dict[str, Any] = {"experimental_enable_resource_variables": False}
    if precision == "int8":
        options |= {
            "optimizations": [tf.lite.Optimize.DEFAULT],
            "representative_dataset": lambda: ([image[None]] for image in samples),
            "target_spec": {"supported_ops": [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]},
            "inference_input_type": tf.int8,
            "inference_output_type": tf.int8,
        }
    one = keras.InputSpec(shape=(1, SIDE, SIDE, 1), dtype="float32")
    with TemporaryDirectory() as folder, contextlib.redirect_stdout(io.StringIO()):
        written = Path(folder) / path.with_suffix(".tflite").name
        with_selu(model).export(
            written, format="litert", verbose=False, input_signature=[one], **options
        )
        path.write_bytes(written.read_bytes())


class Interpreter:
    """A LiteRT file that is run on one thread."""

    def __init__(self, path: Path) -> None:
        from ai_edge_litert.interpreter import Interpreter as LiteRT

        self._run = LiteRT(model_content=path.read_bytes(), num_threads=1)
        self._run.allocate_tensors()
        (self._input,), (self._output,) = (
            self._run.get_input_details(),
            self._run.get_output_details(),
        )

    def __call__(self) -> None:
        """Run the model on the image that was set last."""
        self._run.invoke()

    def classify(self, image: Images) -> int:
        """Return the class of an image."""
        self._run.set_tensor(self._input["index"], self._quantized(image[None]))
        self()
        return int(np.argmax(self._run.get_tensor(self._output["index"])))

    def _quantized(self, images: Images) -> Any:
        scale, zero = self._input["quantization"]
        if not scale:
            return images
        limits = np.iinfo(self._input["dtype"])
        numbers = np.rint(images / scale) + zero
        return np.clip(numbers, limits.min, limits.max).astype(self._input["dtype"])


def export(
    model: Any, standard: Any, data: Dataset, write: Callable[[str, Callable[[Path], Any]], Path]
) -> Iterator[Exported]:
    """Write the model's files, and yield the figures of each.

    Parameters
    ----------
    model
        The trained model.
    standard
        The same with standard convolutions, whose size and time are compared. Its weights need not
        be trained: neither depends on them.
    data
        Images for calibrating (of the training) and for testing.
    write
        Writes the file for a precision with a function, and returns its path.
    """
    samples = data.train[0][:_CALIBRATION_IMAGES]
    images, labels = data.test
    for precision in EXPORTED:
        save = partial(convert, model, precision=precision, samples=samples)
        path = write(precision, save)
        with TemporaryDirectory() as elsewhere:
            twin = Path(elsewhere) / path.name
            convert(standard, twin, precision, samples)
            sizes = path.stat().st_size, twin.stat().st_size
            runs = [Interpreter(one) for one in (path, twin)]
        found = np.array([runs[0].classify(image) for image in images])
        seconds = [median(times) for times in time_in_turns(list(runs), _REPEATS)]
        yield Exported(
            file=path.name,
            precision=precision,
            weight_bytes=weight_bytes(model, precision),
            file_bytes=sizes[0],
            test_accuracy=float(np.mean(found == labels)),
            seconds=seconds[0],
            standard_weight_bytes=weight_bytes(standard, precision),
            standard_file_bytes=sizes[1],
            standard_seconds=seconds[1],
        )
