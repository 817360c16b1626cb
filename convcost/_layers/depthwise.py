"""Depthwise and separable convolutions, in one and two dimensions."""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass
from typing import TYPE_CHECKING

from convcost._exact import K, arithmetic
from convcost._exact.sizes import check_integer
from convcost._layers.results import Weight
from convcost._layers.spatial import Spatial
from convcost._layers.steps import Axis, Step

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from convcost._exact.types import Count, Factors
    from convcost._layers.keras_arguments import Kept
    from convcost._layers.types import DataFormat, Padding, Pads, Side, Sides


class _Depthwise(Spatial[K]):
    if TYPE_CHECKING:
        depth_multiplier: Count

    def _depthwise_step(self, shape: Factors, bias: int) -> Step:
        sides, m = self._split(shape)
        axes = self._slide(sides)
        # Explanations leave out the usual multiplier of 1.
        multiplier = () if self._is_single() else (self.depth_multiplier,)
        outputs = tuple(axis.positions for axis in axes)
        return Step(axes, (), (m, *multiplier), outputs, bias)

    def _is_single(self) -> bool:
        return type(self.depth_multiplier) is int and self.depth_multiplier == 1

    def _depthwise_channels(self, shape: Factors) -> Count:
        """Return the number of output channels of the depthwise step."""
        m = self._split(shape)[1]
        return arithmetic.multiply("the depthwise channels", m, self.depth_multiplier)


@dataclass(frozen=True, eq=False, repr=False)
class DepthwiseConvolution(_Depthwise[K]):
    """A convolution in which every filter sees one channel.

    Parameters
    ----------
    kernel_size
        Kernel size, in taps: one integer, or one per axis.
    strides
        Stride, in elements: one integer, or one per axis.
    padding
        `valid`, `same`, an integer for all ends, or a pair (before, after) per axis, in elements.
    depth_multiplier
        Number of filters per input channel.
    data_format
        `channels_last` for inputs of shape (steps, channels) or (height, width, channels); or
        `channels_first`.
    dilation_rate
        Distance between taps, in elements: one integer, or one per axis.
    use_bias
        Whether each filter adds a bias.
    """

    if TYPE_CHECKING:

        def __init__(
            self,
            kernel_size: Sides[K],
            strides: Sides[K] = 1,
            padding: Padding[K] = "valid",
            *,
            depth_multiplier: Side[K] = 1,
            data_format: DataFormat = "channels_last",
            dilation_rate: Sides[K] = 1,
            use_bias: bool = True,
            **kept: Unpack[Kept],
        ) -> None: ...

    kernel_size: Count
    strides: Count = 1
    padding: Pads = "valid"
    _: KW_ONLY
    depth_multiplier: Count = 1
    data_format: DataFormat = "channels_last"
    dilation_rate: Count = 1
    use_bias: bool = True

    def __post_init__(self) -> None:
        self._set(depth_multiplier=check_integer("depth_multiplier", self.depth_multiplier))
        super().__post_init__()

    def _steps(self, shape: Factors) -> tuple[Step, ...]:
        return (self._depthwise_step(shape, int(self.use_bias)),)

    def _channels(self, shape: Factors) -> Count:
        return self._depthwise_channels(shape)

    def _weights(self, shape: Factors) -> tuple[Weight, ...]:
        m = self._split(shape)[1]
        kernel = Weight("kernel", (*self.kernel_size, m, self.depth_multiplier))
        return (kernel, Weight("bias", (self._channels(shape),))) if self.use_bias else (kernel,)


class DepthwiseConv1D(DepthwiseConvolution[K]):
    """Depthwise convolution along one axis, as `keras.layers.DepthwiseConv1D`.

    Examples
    --------
    >>> print(DepthwiseConv1D(3).cost((100, 32)))
    128 parameters, 9,408 MACs (18,816 FLOPs), 3,136 bias additions
    """

    rank = 1


class DepthwiseConv2D(DepthwiseConvolution[K]):
    """Depthwise convolution along two axes, as `keras.layers.DepthwiseConv2D`.

    Examples
    --------
    >>> print(DepthwiseConv2D(3, padding="same", depth_multiplier=2).explain((28, 28, 32)))
    params     (3*3+1)*32*2 = 640
    macs       3*3*32*2*28*28 = 451584
    bias_adds  32*2*28*28 = 50176
    flops      2*451584 = 903168
    """

    rank = 2


@dataclass(frozen=True, eq=False, repr=False)
class SeparableConvolution(_Depthwise[K]):
    """A depthwise convolution without bias, followed by a pointwise one.

    Parameters
    ----------
    filters
        Number of output channels.
    kernel_size
        Size of the depthwise kernel, in taps: one integer, or one per axis.
    strides
        Stride of the depthwise step, in elements: one integer, or one per axis.
    padding
        `valid`, `same`, an integer for all ends, or a pair (before, after) per axis, in elements.
    data_format
        `channels_last` for inputs of shape (steps, channels) or (height, width, channels); or
        `channels_first`.
    dilation_rate
        Distance between taps of the depthwise step, in elements: one integer, or one per axis.
    depth_multiplier
        Number of depthwise filters per input channel.
    use_bias
        Whether the pointwise step adds a bias.
    """

    if TYPE_CHECKING:

        def __init__(
            self,
            filters: Side[K],
            kernel_size: Sides[K],
            strides: Sides[K] = 1,
            padding: Padding[K] = "valid",
            *,
            data_format: DataFormat = "channels_last",
            dilation_rate: Sides[K] = 1,
            depth_multiplier: Side[K] = 1,
            use_bias: bool = True,
            **kept: Unpack[Kept],
        ) -> None: ...

    filters: Count
    kernel_size: Count
    strides: Count = 1
    padding: Pads = "valid"
    _: KW_ONLY
    data_format: DataFormat = "channels_last"
    dilation_rate: Count = 1
    depth_multiplier: Count = 1
    use_bias: bool = True

    def __post_init__(self) -> None:
        self._set(
            filters=check_integer("filters", self.filters),
            depth_multiplier=check_integer("depth_multiplier", self.depth_multiplier),
        )
        super().__post_init__()

    def _steps(self, shape: Factors) -> tuple[Step, ...]:
        depthwise = self._depthwise_step(shape, 0)
        sides = depthwise.outputs
        axes = tuple(Axis(1, 1, 1, side, side, "valid") for side in sides)
        # Separate factors show where the pointwise step's channels come from.
        pointwise = Step(axes, depthwise.filters, (self.filters,), sides, int(self.use_bias))
        return depthwise, pointwise

    def _weights(self, shape: Factors) -> tuple[Weight, ...]:
        m = self._split(shape)[1]
        one = (1,) * self.rank
        kernels = (
            Weight("depthwise_kernel", (*self.kernel_size, m, self.depth_multiplier)),
            Weight("pointwise_kernel", (*one, self._depthwise_channels(shape), self.filters)),
        )
        return (*kernels, Weight("bias", (self.filters,))) if self.use_bias else kernels


class SeparableConv1D(SeparableConvolution[K]):
    """Separable convolution along one axis, as `keras.layers.SeparableConv1D`.

    Examples
    --------
    >>> print(SeparableConv1D(64, 3).cost((100, 32)))
    2,208 parameters, 210,112 MACs (420,224 FLOPs), 6,272 bias additions
    """

    rank = 1


class SeparableConv2D(SeparableConvolution[K]):
    """Separable convolution along two axes, as `keras.layers.SeparableConv2D`.

    Examples
    --------
    >>> SeparableConv2D(32, 3, padding="same").explain((28, 28, 32)).params
    '3*3*32 + (1*1*32+1)*32 = 1344'
    """

    rank = 2
