"""The operations that convolve: `keras.ops.conv` and the like, whose kernel is an input."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from convcost import _layers as layers
from convcost._exact import arithmetic
from convcost._exact.scalars import refuse
from convcost._layers import arguments
from convcost._layers.steps import Convolved, Step
from convcost._models.keras.operation_calls import Computed, OperationCall, rule

if TYPE_CHECKING:
    from collections.abc import Mapping

    from convcost._exact.types import Factors
    from convcost._layers.base import Layer

_KINDS: dict[str, dict[int, type[Layer[Any]]]] = {
    "Conv": {1: layers.Conv1D, 2: layers.Conv2D, 3: layers.Conv3D},
    "DepthwiseConv": {1: layers.DepthwiseConv1D, 2: layers.DepthwiseConv2D},
    "SeparableConv": {1: layers.SeparableConv1D, 2: layers.SeparableConv2D},
    "ConvTranspose": {
        1: layers.Conv1DTranspose,
        2: layers.Conv2DTranspose,
        3: layers.Conv3DTranspose,
    },
}


@rule("Conv")
def _convolved(call: OperationCall) -> Computed:
    shape, kernel = _shapes(call, "kernel")
    channels = _channels(call, shape)
    arguments.check_divides(("the channels of the kernel", kernel[-2]), ("the input's", channels))
    groups = arithmetic.divide_evenly(channels, kernel[-2])
    return _computed(call, "Conv", shape, kernel, filters=kernel[-1], groups=groups)


@rule("DepthwiseConv")
def _depthwise(call: OperationCall) -> Computed:
    shape, kernel = _shapes(call, "kernel")
    return _computed(call, "DepthwiseConv", shape, kernel, depth_multiplier=kernel[-1])


@rule("SeparableConv")
def _separable(call: OperationCall) -> Computed:
    shape, kernel = _shapes(call, "depthwise_kernel")
    filters = call.shape(2, "pointwise_kernel")[-1]
    return _computed(
        call, "SeparableConv", shape, kernel, filters=filters, depth_multiplier=kernel[-1]
    )


@rule("ConvTranspose")
def _transposed(call: OperationCall) -> Computed:
    shape, kernel = _shapes(call, "kernel")
    padding = call.option("output_padding")
    return _computed(
        call, "ConvTranspose", shape, kernel, filters=kernel[-2], output_padding=padding
    )


def _shapes(call: OperationCall, kernel: str) -> tuple[Factors, Factors]:
    """Return the shapes of the input and of the kernel, which have as many axes."""
    shape, sides = call.shape(0, "inputs"), call.shape(1, kernel)
    if len(shape) != len(sides) or len(shape) < 3:
        refuse(ValueError, kernel, sides, f"of as many axes as the input of shape {shape}")
    return shape, sides


def _channels(call: OperationCall, shape: Factors) -> Any:
    return shape[1 if call.option("data_format") == "channels_first" else -1]


def _computed(
    call: OperationCall, kind: str, shape: Factors, kernel: Factors, **own: object
) -> Computed:
    return convolved(kind, shape, kernel[:-2], call.own, **own)


def convolved(
    kind: str, shape: Factors, taps: Factors, given: Mapping[str, object], **own: object
) -> Computed:
    """Return what a layer with these arguments computes, without its weights.

    Parameters
    ----------
    kind
        `Conv`, `DepthwiseConv`, `SeparableConv` or `ConvTranspose`.
    shape
        The shape of the input, with the batch.
    taps
        The sides of the kernel.
    given
        The arguments of the operation, which have the names of those of the layer.
    own
        Arguments of the layer only.
    """
    rank = len(shape) - 2
    if rank not in _KINDS[kind]:
        refuse(ValueError, "inputs", shape, f"of at most {max(_KINDS[kind])} spatial axes")
    options: dict[str, Any] = {  # the layer checks them
        "kernel_size": taps,
        "strides": given.get("strides", 1) or 1,
        "padding": given.get("padding", "valid"),
        "data_format": given.get("data_format"),
        "dilation_rate": given.get("dilation_rate", 1),
        "use_bias": False,
        **own,
    }
    layer = _KINDS[kind][rank](**options)
    output, _ = layer.output_and_cost(shape[1:])
    steps = [step for step in layer.parts(shape[1:], shape[0]) if isinstance(step, Step)]
    return Computed((shape[0], *output), tuple(map(Convolved, steps)))
