"""Keras as an oracle: what its layers report, and what they output when they run."""

from __future__ import annotations

import re
import warnings
from typing import TYPE_CHECKING

from convcost._layers import LoRA, Quantized
from convcost._layers.depthwise import SeparableConvolution
from convcost._layers.multi_head_attention import Projected
from convcost._layers.quantized import stored_in
from convcost._layers.spatial import Spatial
from convcost._layers.transposed import TransposedConvolution
from convcost._models.errors import one_line
from convcost._models.keras.library import import_keras
from convcost._verify.oracles.description import channels_last, steps
from convcost._verify.oracles.keras_calls import (
    arguments_of,
    called,
    dtype_of,
    kind_of,
    store,
)
from convcost._verify.oracles.oracle import NotVisible, Oracle, require_kernel

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from convcost._layers import Layer
    from convcost._verify.types import Counted, Counts, LiveModel, Ones, Outputs, Tensor, Variable

# 1 GiB of float32: the largest tensor of a check.
MAX_ELEMENTS = 2**28
# float32 represents all integers up to here.
_MAX_OUTPUT = 2**24
_INSTALL = 'pip install "convcost[keras]"'


class KerasLayer(Oracle):
    """What a built Keras layer reports: parameters, weights and output shape."""

    name, title, module, install = "keras", "Keras's layers", "keras", _INSTALL

    def count(self, layer: Layer, input_shape: tuple[int, ...]) -> Counts:
        """Count the parameters, and return the shapes of the weights and of the output."""
        with self.device.scope():
            model = build(layer, input_shape)
        found = [(_name(layer, v), tuple(map(int, v.shape))) for v in model.weights]
        if isinstance(layer, (LoRA, Quantized)):
            # Keras lists them as they were made; each has a name of its own.
            order = [weight.name for weight in layer.weights(input_shape)]
            found.sort(key=lambda one: order.index(one[0]) if one[0] in order else len(order))
        return {
            "params": int(model.count_params()),
            "weights": tuple(found),
            **_output_shape(layer, model),
        }


def _name(layer: Layer, variable: Variable) -> str:
    """Return the name of a weight, with that of the projection that holds it."""
    return "/".join(variable.path.split("/")[-2 if isinstance(layer, Projected) else -1 :])


def _output_shape(layer: Layer, model: LiveModel) -> dict[str, Counted]:
    """Return the output shape, or those of several outputs, if Keras says each side."""
    if isinstance(layer, Projected) and layer.arguments()["return_attention_scores"]:
        return {}  # it says that there are as many keys as queries
    made = [tuple(one.shape[1:]) for one in model.outputs]
    dots = any("..." in getattr(layer, "equation", "") for layer in model.layers)
    if dots or any(side is None for one in made for side in one):
        return {}  # it says those that an ellipsis stands for in reverse
    shapes = [tuple(map(int, one)) for one in made]
    return {"output shape": shapes[0] if len(shapes) == 1 else tuple(shapes)}


class RunningLayer(Oracle):
    """The outputs of a Keras layer that runs on ones.

    With ones as weights and as input, and no bias, each multiply-accumulate whose tap lies on the
    input adds 1 to an output, and one whose tap lies on the padding adds 0. So the outputs add up
    to the effective MACs. With zeros as weights and ones as biases they add up to the bias
    additions. Layers run with their channels last: on a CPU TensorFlow has few operations for the
    other format, which only changes the order of the axes.
    """

    name, title, module, install = "run", "running on ones", "keras", _INSTALL

    def count(self, layer: Layer, input_shape: tuple[int, ...]) -> Counts:
        """Run the layer to count effective MACs and bias additions, and get the output shape."""
        require_kernel(layer)
        layer, input_shape, restore = channels_last(layer, input_shape)
        with self.device.scope():
            model = build(layer, input_shape)
            outputs = run_on_ones(model, input_shape, weight=0, bias=1)
            counted: dict[str, Counted] = {
                "output shape": restore(outputs.shape[1:]),
                "bias_adds": int(outputs.sum()),
            }
            if isinstance(layer, SeparableConvolution):
                return counted | _count_steps(layer, input_shape, model)
            return counted | {"effective macs": int(run_on_ones(model, input_shape).sum())}


def _count_steps(
    layer: SeparableConvolution, shape: tuple[int, ...], model: LiveModel
) -> dict[str, Counted]:
    """Run each of the two steps on ones, and then the whole layer.

    Running the whole layer on ones can't count its MACs, because the outputs of the depthwise step
    are not ones. The sum of its outputs is counted to show that the two steps are its own.
    """
    depthwise, pointwise = steps(layer)
    first, between = build(depthwise, shape), depthwise.output_shape(shape)
    second = build(pointwise, between)
    macs = run_on_ones(first, shape).sum() + run_on_ones(second, between).sum()
    return {"effective macs": int(macs), "sum of outputs": int(run_on_ones(model, shape).sum())}


def build(layer: Layer, input_shape: tuple[int, ...]) -> LiveModel:
    """Return a Keras model of the layer, with the padding or cropping that Keras's layer lacks.

    Raises
    ------
    NotVisible
        If Keras has no such layer, or refuses it, or it is too large to run.
    """
    _require_extent(layer, input_shape)
    keras = import_keras()
    inputs = keras.tree.map_shape_structure(
        lambda shape: keras.Input(shape, batch_size=1, dtype="float32"), input_shape
    )
    try:
        with warnings.catch_warnings(action="ignore"):  # of sizes of 1, which are drawn on purpose
            outputs = _apply(stored_in(layer), inputs)
        model: LiveModel = keras.Model(inputs, outputs)
        store(layer, model.layers[-1])
    except (ValueError, NotImplementedError) as error:
        raise NotVisible(f"Keras refuses it: {_first_sentence(error)}") from error
    return model


def _first_sentence(error: Exception) -> str:
    """Return the first sentence of an error, without the values that it lists."""
    sentence, _, _ = one_line(error).partition(". ")
    return sentence


def _require_extent(layer: Layer, input_shape: tuple[int, ...]) -> None:
    """Refuse what is too large to run, before anything is allocated."""
    traffic = layer.traffic(input_shape)
    largest = max(traffic.input, traffic.weights, traffic.intermediate, traffic.output)
    if largest > MAX_ELEMENTS:
        raise NotVisible(
            f"one of its tensors would have {largest:,} elements, more than {MAX_ELEMENTS:,}"
        )


def _apply(layer: Layer, inputs: Tensor) -> Tensor:
    keras = import_keras()
    kind, arguments = kind_of(layer), arguments_of(layer)
    if arguments.pop("groups", 1) != 1:
        if isinstance(layer, TransposedConvolution):
            raise NotVisible("Keras's transposed convolutions have no groups")
        arguments["groups"] = layer.arguments()["groups"]
    if not isinstance(layer, Spatial) or isinstance(layer.padding, str):
        return called(layer, kind(**arguments, dtype=dtype_of(layer)), inputs)
    arguments["padding"] = "valid"
    if isinstance(layer, TransposedConvolution):
        if arguments["output_padding"] is None:
            arguments["output_padding"] = 0
        return _crop(layer, kind(**arguments, dtype="float32")(inputs))
    pad = getattr(keras.layers, f"ZeroPadding{layer.rank}D")
    around = layer.padding[0] if layer.rank == 1 else layer.padding
    padded = pad(around, data_format=layer.data_format, dtype="float32")(inputs)
    return kind(**arguments, dtype="float32")(padded)


def _crop(layer: TransposedConvolution, outputs: Tensor) -> Tensor:
    first = 2 if layer.data_format == "channels_first" else 1
    window = [slice(None)] * len(outputs.shape)
    for axis, (before, after) in enumerate(layer.padding):
        window[first + axis] = slice(before, outputs.shape[first + axis] - after)
    return outputs[tuple(window)]


def run_on_ones(
    model: LiveModel, input_shape: tuple[int, ...], *, weight: int = 1, bias: int = 0
) -> npt.NDArray[np.int64]:
    """Run a model without activation on ones and return its outputs, which are counts.

    Raises
    ------
    ArithmeticError
        If an output is too far from an integer to be a count.
    NotVisible
        If the framework can't run it, or an output is too large for float32 to count exactly.
    """
    import numpy as np

    keras = import_keras()
    model.set_weights(
        [np.full(v.shape, bias if v.name == "bias" else weight, np.float32) for v in model.weights]
    )
    ones = np.ones((1, *input_shape), np.float32)
    try:
        outputs: Outputs = keras.ops.convert_to_numpy(model(ones))
    except _refusals() as error:
        outputs = _run_compiled(model, ones, error)
    if np.abs(outputs).max() >= _MAX_OUTPUT:
        raise NotVisible(f"an output is {_MAX_OUTPUT:,} or more, where float32 stops being exact")
    # A GPU may convolve by a transform that rounds 288 to 287.99997; counts are integers, so the
    # nearest one is meant.
    whole = np.rint(outputs)
    if np.abs(outputs - whole).max() > 0.25:
        raise ArithmeticError(f"an output of {model.name} is not a count: {outputs.ravel()[:4]}")
    return whole.astype(np.int64)


def _run_compiled(model: LiveModel, ones: Ones, refusal: Exception) -> Outputs:
    """Run through XLA, which supports every convolution, what the backend can't run otherwise."""
    model.compile(jit_compile=True)
    try:
        return model.predict(ones, verbose=0)
    except _refusals() as error:
        # TensorFlow's message follows the name of the node that failed.
        said = re.search(r"\}\} (.+?)( \[Op:|$)", str(refusal), re.MULTILINE)
        reason = said[1] if said else _first_sentence(refusal)
        raise NotVisible(f"it does not run here: {reason}") from error


def _refusals() -> tuple[type[Exception], ...]:
    """Return the errors that backends raise for operations they don't have."""
    refusals: list[type[Exception]] = [NotImplementedError, ValueError]
    if import_keras().backend.backend() == "tensorflow":
        import tensorflow as tf

        # oneDNN aborts some transposed convolutions (TensorFlow issue 113188).
        aborted = tf.errors.AbortedError
        refusals += [aborted, tf.errors.InvalidArgumentError, tf.errors.UnimplementedError]
    return tuple(refusals)
