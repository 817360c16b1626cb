"""Transposed convolutions: Conv1DTranspose, Conv2DTranspose, Conv3DTranspose."""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass
from typing import TYPE_CHECKING

from convcost._exact import K, arithmetic
from convcost._exact.scalars import COUNT
from convcost._layers import arguments, geometry
from convcost._layers.results import Weight
from convcost._layers.spatial import Grouped, per_group
from convcost._layers.steps import Axis

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from convcost._exact.types import Count, Factors
    from convcost._layers.keras_arguments import Kept
    from convcost._layers.types import DataFormat, Padding, Pads, Side, Sides


def _check_output_padding(output_padding: object, rank: int) -> Factors | None:
    """Return the elements added at the end of each axis, or None."""
    if output_padding is None:
        return None
    return arguments.per_axis("output_padding", output_padding, rank, COUNT)


@dataclass(frozen=True, eq=False, repr=False)
class TransposedConvolution(Grouped[K]):
    """A convolution with input and output exchanged.

    Parameters
    ----------
    filters
        Number of output channels; a multiple of `groups`.
    kernel_size
        Kernel size, in taps: one integer, or one per axis.
    strides
        Distance in the output between the positions of neighbouring inputs, in elements: one
        integer, or one per axis.
    padding
        `valid`, `same`, or, as in PyTorch, the elements cut off the output: an integer for all
        ends, or a pair (before, after) per axis.
    output_padding
        Elements added at the end of each output axis, fewer than `strides` or `dilation_rate`; None
        for Keras's choice, or for 0 with explicit padding.
    data_format
        `channels_last` for inputs of shape (steps, channels), (height, width, channels) or
        (depth, height, width, channels); or `channels_first`.
    dilation_rate
        Distance between taps, in elements: one integer, or one per axis.
    groups
        Number of groups that channels and filters are split into, as in PyTorch; 1 in Keras.
    use_bias
        Whether each filter adds a bias.
    """

    if TYPE_CHECKING:

        def __init__(
            self,
            filters: Side[K],
            kernel_size: Sides[K],
            strides: Sides[K] = 1,
            padding: Padding[K] = "valid",
            *,
            output_padding: Sides[K] | None = None,
            data_format: DataFormat = "channels_last",
            dilation_rate: Sides[K] = 1,
            groups: Side[K] = 1,
            use_bias: bool = True,
            **kept: Unpack[Kept],
        ) -> None: ...

    filters: Count
    kernel_size: Count
    strides: Count = 1
    padding: Pads = "valid"
    _: KW_ONLY
    output_padding: Count = None
    data_format: DataFormat = "channels_last"
    dilation_rate: Count = 1
    groups: Count = 1
    use_bias: bool = True

    def __post_init__(self) -> None:
        super().__post_init__()
        self._set(output_padding=_check_output_padding(self.output_padding, self.rank))

    def _axes_and_outputs(self, sides: Factors) -> tuple[tuple[Axis, ...], Factors]:
        axes = tuple(self._transposed_along(axis, side) for axis, side in enumerate(sides))
        return axes, tuple(axis.size for axis in axes)

    def _transposed_along(self, axis: int, positions: Count) -> Axis:
        kernel, stride, dilation, padding = self._along(axis)
        added = None if self.output_padding is None else self.output_padding[axis]
        self._check_added(axis, added)
        self._require_room(axis, positions)
        extent = geometry.dilated_kernel_size(kernel, dilation)
        if isinstance(padding, str):
            size = geometry.transposed_length(positions, extent, stride, padding, added)
        else:
            end = 0 if added is None else added
            size = geometry.padded_transposed_length(positions, extent, stride, padding, end)
        self._refuse_empty(axis, size, positions, "padding must leave an output")
        return Axis(kernel, stride, dilation, size, positions, padding)

    def _check_added(self, axis: int, added: Count | None) -> None:
        if added is None:
            return
        _, stride, dilation, _ = self._along(axis)
        # More would add rows that no input reaches.
        room = arithmetic.maximum(stride, dilation) - added
        too_much = arithmetic.find_empty("output_padding", room)
        if too_much is not None:
            raise ValueError(
                "output_padding must be less than strides or dilation_rate; got"
                f" output_padding[{axis}]={arguments.show(added)},"
                f" strides[{axis}]={arguments.show(stride)},"
                f" dilation_rate[{axis}]={arguments.show(dilation)}"
            )

    def _weights(self, shape: Factors) -> tuple[Weight, ...]:
        m = self._split(shape)[1]
        (filters,), _ = per_group(self.filters, self.groups)
        kernel = Weight("kernel", (*self.kernel_size, filters, m))
        return (kernel, Weight("bias", (self.filters,))) if self.use_bias else (kernel,)


class Conv1DTranspose(TransposedConvolution[K]):
    """Transposed convolution along one axis, as `keras.layers.Conv1DTranspose`.

    Examples
    --------
    >>> Conv1DTranspose(64, 2, strides=2).output_shape((14, 32))
    (28, 64)
    """

    rank = 1


class Conv2DTranspose(TransposedConvolution[K]):
    """Transposed convolution along two axes, as `keras.layers.Conv2DTranspose`.

    Examples
    --------
    >>> layer = Conv2DTranspose(64, 2, strides=2)
    >>> layer.output_shape((14, 14, 32)), layer.cost((14, 14, 32)).macs
    ((28, 28, 64), 1605632)
    """

    rank = 2


class Conv3DTranspose(TransposedConvolution[K]):
    """Transposed convolution along three axes, as `keras.layers.Conv3DTranspose`.

    Examples
    --------
    >>> Conv3DTranspose(8, 3, strides=2, padding="same").output_shape((7, 7, 7, 4))
    (14, 14, 14, 8)
    """

    rank = 3
