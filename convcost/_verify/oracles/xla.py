"""XLA's cost analysis as an oracle, through JAX: effective MACs, forward and backward."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING

from convcost import _layers as layers
from convcost._layers.spatial import Spatial
from convcost._layers.transposed import TransposedConvolution
from convcost._verify.oracles import description
from convcost._verify.oracles.oracle import StepOracle

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import TypeAlias

    import jax

    from convcost._layers import Layer

    # Takes an image and a kernel, or one of them and a gradient.
    Operation: TypeAlias = Callable[[jax.Array, jax.Array], jax.Array]

FORWARD, BY_WEIGHTS, BY_INPUT = (
    "effective macs",
    "weight gradient macs",
    "input gradient macs",
)


class CostAnalysis(StepOracle):
    """Effective MACs of the forward pass and of both gradients, from XLA's cost analysis.

    XLA counts two FLOPs for each tap on the input. A transposed convolution is the gradient of a
    convolution with respect to its input, and is passed to XLA as such.
    """

    name, title, module = "xla", "XLA", "jax"
    install = 'pip install "convcost[verify]"'

    def count_step(self, layer: Layer, input_shape: tuple[int, ...]) -> dict[str, int]:
        """Count effective MACs of the three passes."""
        if isinstance(layer, layers.Dense):
            rows, channels = prod(input_shape[:-1]), input_shape[-1]
            return _passes(_matmul, (rows, channels), (channels, layer.units), transposed=False)
        assert isinstance(layer, Spatial)
        operation, image, kernel = _convolution(layer, input_shape)
        return _passes(
            operation, image, kernel, transposed=isinstance(layer, TransposedConvolution)
        )


def _matmul(image: jax.Array, kernel: jax.Array) -> jax.Array:
    return image @ kernel


def _convolution(
    layer: Spatial, shape: tuple[int, ...]
) -> tuple[Operation, tuple[int, ...], tuple[int, ...]]:
    """Return a layer's convolution, or the one that it reverses, with image and kernel shapes."""
    import jax

    sides, m = description.sides_and_channels(layer, shape)
    outputs, _ = description.sides_and_channels(layer, layer.output_shape(shape))
    groups, filters = description.groups_and_filters(layer, m)
    images, positions, channels, find_pads = sides, outputs, m, description.pads
    if isinstance(layer, TransposedConvolution):
        images, positions, channels, filters = outputs, sides, filters, m
        find_pads = description.transposed_pads
    padding: str | description.Pairs = find_pads(layer, images, positions)
    in_words = str(layer.padding).upper()
    if in_words in ("SAME", "VALID"):
        # The framework's own padding, if it gives as many positions as the layer has.
        found = jax.lax.padtype_to_pads(
            images, description.dilated_kernel(layer), layer.strides, in_words
        )
        if _positions(images, found, layer) == positions:
            padding = in_words
    letters = "DHW"[-layer.rank :]

    def convolve(image: jax.Array, kernel: jax.Array) -> jax.Array:
        return jax.lax.conv_general_dilated(
            image,
            kernel,
            layer.strides,
            padding,
            rhs_dilation=layer.dilation_rate,
            feature_group_count=groups,
            dimension_numbers=(f"N{letters}C", f"{letters}IO", f"N{letters}C"),
        )

    kernel_shape = (*layer.kernel_size, channels // groups, filters)
    return convolve, (1, *images, channels), kernel_shape


def _positions(
    images: tuple[int, ...], pads: Sequence[tuple[int, int]], layer: Spatial
) -> tuple[int, ...]:
    return tuple(
        (image + sum(around) - kernel) // stride + 1
        for image, around, kernel, stride in zip(
            images, pads, description.dilated_kernel(layer), layer.strides, strict=True
        )
    )


def _passes(
    operation: Operation,
    image_shape: tuple[int, ...],
    kernel_shape: tuple[int, ...],
    *,
    transposed: bool,
) -> dict[str, int]:
    import jax

    image = jax.ShapeDtypeStruct(image_shape, "float32")
    kernel = jax.ShapeDtypeStruct(kernel_shape, "float32")
    output = jax.eval_shape(operation, image, kernel)

    def by_image(kernel: jax.Array, gradient: jax.Array) -> jax.Array:
        return jax.linear_transpose(lambda image: operation(image, kernel), image)(gradient)

    def by_kernel(image: jax.Array, gradient: jax.Array) -> jax.Array:
        return jax.linear_transpose(lambda kernel: operation(image, kernel), kernel)(gradient)

    forward = _macs(operation, image, kernel)
    image_gradient = _macs(by_image, kernel, output)
    kernel_gradient = _macs(by_kernel, image, output)
    if transposed:
        forward, image_gradient = image_gradient, forward
    return {FORWARD: forward, BY_WEIGHTS: kernel_gradient, BY_INPUT: image_gradient}


def _macs(function: Operation, *shapes: jax.ShapeDtypeStruct) -> int:
    import jax

    # XLA reports no FLOPs if no tap lies on the input.
    flops = jax.jit(function).lower(*shapes).cost_analysis().get("flops", 0)
    macs, odd = divmod(int(flops), 2)
    if odd or int(flops) != flops:
        raise ArithmeticError(f"XLA counts {flops} FLOPs, which is not an even number")
    return macs
