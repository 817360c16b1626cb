"""Standard and grouped convolutions: Conv1D, Conv2D, Conv3D."""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass
from typing import TYPE_CHECKING

from convcost._exact import K
from convcost._layers.results import Weight
from convcost._layers.spatial import Grouped, per_group

if TYPE_CHECKING:
    from typing import Literal

    from typing_extensions import Unpack

    from convcost._exact.types import Count, Factors
    from convcost._layers.keras_arguments import Kept
    from convcost._layers.steps import Axis
    from convcost._layers.types import DataFormat, Padding, Pads, Side, Sides


@dataclass(frozen=True, eq=False, repr=False)
class Convolution(Grouped[K]):
    """A convolution in which every filter sees the channels of its group.

    Parameters
    ----------
    filters
        Number of output channels; a multiple of `groups`.
    kernel_size
        Kernel size, in taps: one integer, or one per axis.
    strides
        Stride, in elements: one integer, or one per axis. Strides and dilation rates may both be
        above 1, which Keras itself rejects.
    padding
        `valid`, `same`, `causal` (one axis only), an integer for all ends, or a pair (before,
        after) per axis, in elements.
    data_format
        `channels_last` for inputs of shape (steps, channels), (height, width, channels) or
        (depth, height, width, channels); or `channels_first`.
    dilation_rate
        Distance between taps, in elements: one integer, or one per axis.
    groups
        Number of groups that channels and filters are split into.
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
    data_format: DataFormat = "channels_last"
    dilation_rate: Count = 1
    groups: Count = 1
    use_bias: bool = True

    def _axes_and_outputs(self, sides: Factors) -> tuple[tuple[Axis, ...], Factors]:
        axes = self._slide(sides)
        return axes, tuple(axis.positions for axis in axes)

    def _weights(self, shape: Factors) -> tuple[Weight, ...]:
        channels, _ = per_group(self._split(shape)[1], self.groups)
        kernel = Weight("kernel", (*self.kernel_size, *channels, self.filters))
        return (kernel, Weight("bias", (self.filters,))) if self.use_bias else (kernel,)


class Conv1D(Convolution[K]):
    """Convolution along one axis, as `keras.layers.Conv1D`.

    Examples
    --------
    >>> print(Conv1D(64, 3, padding="causal").cost((100, 32)))
    6,208 parameters, 614,400 MACs (1,228,800 FLOPs), 6,400 bias additions
    """

    if TYPE_CHECKING:

        def __init__(
            self,
            filters: Side[K],
            kernel_size: Sides[K],
            strides: Sides[K] = 1,
            padding: Padding[K] | Literal["causal"] = "valid",
            *,
            data_format: DataFormat = "channels_last",
            dilation_rate: Sides[K] = 1,
            groups: Side[K] = 1,
            use_bias: bool = True,
            **kept: Unpack[Kept],
        ) -> None: ...

    rank = 1
    words = ("valid", "same", "causal")


class Conv2D(Convolution[K]):
    """Convolution along two axes, as `keras.layers.Conv2D`.

    Examples
    --------
    >>> layer = Conv2D(64, 3, padding="same")
    >>> layer
    Conv2D(64, 3, padding='same')
    >>> print(layer.cost((28, 28, 32)))
    18,496 parameters, 14,450,688 MACs (28,901,376 FLOPs), 50,176 bias additions
    >>> from convcost.symbols import m, n, symbol
    >>> h, w = symbol("h"), symbol("w")
    >>> Conv2D(n, 3, strides=2, padding="same").cost((h, w, m)).macs
    9*m*n*ceiling(h/2)*ceiling(w/2)
    """

    rank = 2


class Conv3D(Convolution[K]):
    """Convolution along three axes, as `keras.layers.Conv3D`.

    Examples
    --------
    >>> print(Conv3D(8, (3, 3, 1)).cost((10, 10, 10, 4)))
    296 parameters, 184,320 MACs (368,640 FLOPs), 5,120 bias additions
    """

    rank = 3
