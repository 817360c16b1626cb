"""The TF profiler as an oracle: the FLOPs registered for TensorFlow's own operations."""

from __future__ import annotations

from typing import TYPE_CHECKING

from convcost import _layers as layers
from convcost._layers.spatial import Spatial
from convcost._layers.transposed import TransposedConvolution
from convcost._verify.oracles import description
from convcost._verify.oracles.oracle import NotVisible, StepOracle
from convcost._verify.oracles.profiled_graphs import SPREAD, profile_graph

if TYPE_CHECKING:
    from collections.abc import Callable

    import tensorflow as tf

    from convcost._layers import Layer

_BIAS = "BiasAdd"


class Profiler(StepOracle):
    """Nominal MACs and bias additions, from the statistics registered with TensorFlow's operations.

    The layer's operations are put into a graph directly: a Keras layer may wrap them in a compiled
    function or split them up, and then the profiler counts nothing or something else.
    """

    name, title, module = "profiler", "TF profiler", "tensorflow"
    install = 'pip install "convcost[keras]"'

    def count_step(self, layer: Layer, input_shape: tuple[int, ...]) -> dict[str, int]:
        """Count nominal MACs and bias additions."""
        reason = why_blind(layer, input_shape)
        if reason:
            raise NotVisible(reason)
        operations = profile(lambda: _operations(layer, input_shape))
        bias_adds = operations.pop(_BIAS, 0)
        return {"macs": sum(operations.values()) // 2, "bias_adds": bias_adds}


def why_blind(layer: Layer, input_shape: tuple[int, ...]) -> str:
    """Return why the statistics of TensorFlow 2.21 miscount a layer; empty if they don't.

    Tests fail when a later TensorFlow lifts one of these limitations.
    """
    if isinstance(layer, layers.Conv3DTranspose):
        return "TensorFlow registers no FLOPs for Conv3DBackpropInputV2"
    if isinstance(layer, layers.Conv3D) and layer.dilation_rate[1] != layer.dilation_rate[2]:
        return "TensorFlow's Conv3D swaps the dilation rates of height and width"
    if isinstance(layer, TransposedConvolution):
        sides, _ = description.sides_and_channels(layer, input_shape)
        outputs, _ = description.sides_and_channels(layer, layer.output_shape(input_shape))
        spread = tuple(s * stride for s, stride in zip(sides, layer.strides, strict=True))
        if outputs != spread:
            return SPREAD
    return ""


def profile(build: Callable[[], object]) -> dict[str, int]:
    """Return the FLOPs of each type of operation in the graph that a function builds."""
    import tensorflow as tf

    graph = tf.Graph()
    with graph.as_default():
        build()
    return profile_graph(graph)


def _operations(layer: Layer, shape: tuple[int, ...]) -> None:
    import tensorflow as tf

    if isinstance(layer, layers.Dense):
        rows = 1
        for side in shape[:-1]:
            rows *= side
        tf.raw_ops.MatMul(a=_input((rows, shape[-1])), b=_input((shape[-1], layer.units)))
    else:
        assert isinstance(layer, Spatial)
        _convolve(layer, shape)
    if layer.arguments()["use_bias"]:
        # On a separate output: that of the operation is still to be cropped or transposed.
        *places, channels = description.output_channels_last(layer, shape)
        tf.raw_ops.BiasAdd(value=_input((1, *places, channels)), bias=_input((channels,)))


def _input(shape: tuple[int, ...]) -> tf.Tensor:
    import tensorflow as tf

    return tf.compat.v1.placeholder(tf.float32, shape)


def _convolve(layer: Spatial, shape: tuple[int, ...]) -> None:
    """Put the layer's convolution into the graph, channels last, a one-dimensional one as 2D."""
    import tensorflow as tf

    sides, m = description.sides_and_channels(layer, shape)
    groups, filters = description.groups_and_filters(layer, m)
    outputs, _ = description.sides_and_channels(layer, layer.output_shape(shape))
    lead = (1,) if layer.rank == 1 else ()
    kernel = (*lead, *layer.kernel_size)
    common = {
        "strides": [1, *lead, *layer.strides, 1],
        "dilations": [1, *lead, *layer.dilation_rate, 1],
        "padding": "VALID",
    }
    if isinstance(layer, TransposedConvolution):
        common["padding"] = "SAME"
        tf.raw_ops.Conv2DBackpropInput(
            input_sizes=[1, *lead, *outputs, filters],
            filter=_input((*kernel, filters // groups, m)),
            out_backprop=_input((1, *lead, *sides, m)),
            **common,
        )
        return
    around = description.pads(layer, sides, outputs)
    padded = tuple(side + sum(pair) for side, pair in zip(sides, around, strict=True))
    image = _input((1, *lead, *padded, m))
    if hasattr(layer, "depth_multiplier"):
        per_channel = _input((*kernel, m, filters // m))
        tf.raw_ops.DepthwiseConv2dNative(input=image, filter=per_channel, **common)
    else:
        forward = tf.raw_ops.Conv3D if layer.rank == 3 else tf.raw_ops.Conv2D
        forward(input=image, filter=_input((*kernel, m // groups, filters)), **common)
