"""The FLOPs that the TF profiler finds in a graph, and what it counts wrongly or not at all."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    import tensorflow as tf

# The operations that convolutions and dense layers run, and whose FLOPs are added up.
COUNTED = frozenset(
    {
        "Conv2D",
        "Conv2DBackpropInput",
        "Conv3D",
        "DepthwiseConv2dNative",
        "MatMul",
        "BatchMatMulV2",
        "BatchMatMulV3",  # of the integers that int8 weights are
    }
)
# The operations that multiply and add up, and for which TensorFlow 2.21 registers no FLOPs.
UNREGISTERED = frozenset({"Conv3DBackpropInputV2", "Einsum", "XlaDot", "XlaDotV2", "XlaEinsum"})
SPREAD = (
    "TensorFlow divides the output's sides by the strides to get a transposed convolution's"
    " positions, which is wrong here"
)


def profile_graph(graph: tf.Graph) -> dict[str, int]:
    """Return the FLOPs of each type of operation in a graph."""
    import tensorflow as tf

    options = tf.compat.v1.profiler.ProfileOptionBuilder.float_operation()
    options["output"] = "none"
    counted = tf.compat.v1.profiler.profile(graph, cmd="op", options=options)
    flops = dict(_walk(counted))
    return {operation.type: flops.get(operation.type, 0) for operation in graph.get_operations()}


def profiled_macs(graph: tf.Graph) -> int:
    """Return the MACs that the profiler counts in convolutions and matrix products of a graph."""
    return sum(flops for kind, flops in profile_graph(graph).items() if kind in COUNTED) // 2


def _walk(node: object) -> Iterator[tuple[str, int]]:
    """Yield every type of operation with its own FLOPs; each node is nested in the previous one."""
    for child in getattr(node, "children", ()):
        yield child.name, int(child.float_ops)
        yield from _walk(child)


def blind_spots(graph: tf.Graph) -> Counter[str]:
    """Return why the profiler miscounts operations of a graph, and how many for each reason.

    Each reason is a limitation of TensorFlow 2.21, and has a test that fails when it is lifted.
    """
    found: Counter[str] = Counter()
    for operation in graph.get_operations():
        reason = _why_blind(operation)
        if reason:
            found[reason] += 1
    inside = [
        node.op
        for function in graph.as_graph_def().library.function
        for node in function.node_def
        if node.op in COUNTED | UNREGISTERED
    ]
    if inside:
        found["it does not look into loops and compiled functions"] = len(inside)
    return found


def _why_blind(operation: tf.Operation) -> str:
    kind = operation.type
    if kind in UNREGISTERED:
        return f"TensorFlow registers no FLOPs for {kind}"
    if kind not in COUNTED | {"BatchToSpaceND"}:
        return ""
    tensors = [*operation.inputs, *operation.outputs]
    if not all(tensor.shape.is_fully_defined() for tensor in tensors):
        return "TensorFlow skips an operation if a shape is only known when it runs"
    if kind == "BatchToSpaceND" and _size(operation.inputs[0]) != _size(operation.outputs[0]):
        return "TensorFlow pads a dilated convolution to a multiple of its dilation rate"
    if kind == "Conv2DBackpropInput" and not _is_spread(operation):
        return SPREAD
    return ""


def _is_spread(operation: tf.Operation) -> bool:
    """Return whether the output's sides are those of the input times the strides."""
    sides, outputs = operation.inputs[2].shape, operation.outputs[0].shape
    strides = operation.get_attr("strides")
    last = 1 if operation.get_attr("data_format") == b"NCHW" else 3
    return all(
        side * stride == output
        for axis, (side, stride, output) in enumerate(zip(sides, strides, outputs, strict=True))
        if axis not in (0, last)
    )


def _size(tensor: tf.Tensor) -> int:
    size: int = tensor.shape.num_elements()
    return size
