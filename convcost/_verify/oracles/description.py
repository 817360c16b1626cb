"""Layers described to the frameworks: the order of their axes, and their padding.

The padding is computed here according to the frameworks' documentation, not by
`convcost._layers.geometry`, which is what is being verified.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from convcost import _layers as layers
from convcost._layers.spatial import Spatial
from convcost._layers.transposed import TransposedConvolution

if TYPE_CHECKING:
    from collections.abc import Callable

    from convcost._layers import Layer
    from convcost._layers.convolution import Convolution
    from convcost._layers.depthwise import DepthwiseConvolution, SeparableConvolution

Pairs = tuple[tuple[int, int], ...]


def steps(layer: SeparableConvolution) -> tuple[Layer, Layer]:
    """Return the depthwise and the pointwise step of a separable layer as separate layers."""
    kinds: dict[int, tuple[type[DepthwiseConvolution], type[Convolution]]] = {
        1: (layers.DepthwiseConv1D, layers.Conv1D),
        2: (layers.DepthwiseConv2D, layers.Conv2D),
    }
    depthwise, pointwise = kinds[layer.rank]
    own = {
        name: value
        for name, value in layer.arguments().items()
        if name in depthwise.argument_names() and name != "use_bias"
    }
    return (
        depthwise(**own, use_bias=False),
        pointwise(layer.filters, 1, data_format=layer.data_format, use_bias=layer.use_bias),
    )


def channels_last(
    layer: Layer, shape: tuple[int, ...]
) -> tuple[Layer, tuple[int, ...], Callable[[tuple[int, ...]], tuple[int, ...]]]:
    """Return the layer and shape with the channels last, and a function that restores a shape."""
    if not isinstance(layer, Spatial) or layer.data_format != "channels_first":
        return layer, shape, tuple
    twin: Layer = type(layer)(**{**layer.arguments(), "data_format": "channels_last"})
    return twin, (*shape[1:], shape[0]), lambda output: (output[-1], *output[:-1])


def sides_and_channels(layer: Spatial, shape: tuple[int, ...]) -> tuple[tuple[int, ...], int]:
    """Return the sides and the channels of a shape."""
    if layer.data_format == "channels_first":
        return shape[1:], shape[0]
    return shape[:-1], shape[-1]


def output_channels_last(layer: Layer, shape: tuple[int, ...]) -> tuple[int, ...]:
    """Return the shape of the output with the channels last."""
    twin, twin_shape, _ = channels_last(layer, shape)
    return twin.output_shape(twin_shape)


def groups_and_filters(layer: Layer, channels: int) -> tuple[int, int]:
    """Return the groups and the filters of a layer's first step."""
    if isinstance(layer, Spatial) and hasattr(layer, "depth_multiplier"):
        return channels, channels * layer.depth_multiplier
    assert isinstance(layer, (layers.Conv1D, layers.Conv2D, layers.Conv3D, TransposedConvolution))
    return layer.groups, layer.filters


def dilated_kernel(layer: Spatial) -> tuple[int, ...]:
    """Return the sides of the dilated kernel, in elements."""
    return tuple(
        1 + (kernel - 1) * dilation
        for kernel, dilation in zip(layer.kernel_size, layer.dilation_rate, strict=True)
    )


def pads(layer: Spatial, images: tuple[int, ...], positions: tuple[int, ...]) -> Pairs:
    """Return each axis's padding (before, after), for the given image sides and positions."""
    return tuple(
        _pads(layer.padding if isinstance(layer.padding, str) else layer.padding[axis], *sizes)
        for axis, sizes in enumerate(
            zip(images, positions, dilated_kernel(layer), layer.strides, strict=True)
        )
    )


def _pads(
    padding: str | tuple[int, int], image: int, positions: int, kernel: int, stride: int
) -> tuple[int, int]:
    if padding == "valid":
        return 0, 0
    if padding == "causal":
        return kernel - 1, 0
    if padding == "same":
        needed = max(_needed(image, positions, kernel, stride), 0)
        return needed // 2, needed - needed // 2
    assert isinstance(padding, tuple)
    return padding


def transposed_pads(layer: Spatial, images: tuple[int, ...], positions: tuple[int, ...]) -> Pairs:
    """Return the padding of the convolution that a transposed layer reverses.

    It has exactly as many positions as the layer has inputs; if the output extends further, the
    padding after it is negative.
    """
    around = pads(layer, images, positions)
    return tuple(
        (before, _needed(*sizes) - before)
        for (before, _), *sizes in zip(
            around, images, positions, dilated_kernel(layer), layer.strides, strict=True
        )
    )


def _needed(image: int, positions: int, kernel: int, stride: int) -> int:
    return (positions - 1) * stride + kernel - image
