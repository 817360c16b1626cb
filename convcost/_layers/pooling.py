"""Pooling over windows, over whole feature maps, or to a given size; no weights, no MACs."""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass
from typing import TYPE_CHECKING

from convcost._exact import K
from convcost._layers import arguments
from convcost._layers.spatial import FeatureMap, Kernel

if TYPE_CHECKING:
    from typing import Literal

    from typing_extensions import Unpack

    from convcost._exact.types import Count, Factors
    from convcost._layers.keras_arguments import Kept
    from convcost._layers.steps import Part
    from convcost._layers.types import DataFormat, Sides


class Weightless(FeatureMap[K]):
    """A layer on feature maps that has no weights and no MACs."""

    def _output_shape(self, shape: Factors, steps: tuple[Part, ...]) -> Factors:
        sides, channels = self._split(shape)
        return self._join(self._pool(sides), channels)

    def _pool(self, sides: Factors) -> Factors:
        """Return the sides of the output."""
        raise NotImplementedError


@dataclass(frozen=True, eq=False, repr=False)
class Pooling(Weightless[K], Kernel[K]):
    """The maximum or the average of each window, as `keras.layers.MaxPooling2D`.

    Parameters
    ----------
    pool_size
        Window size, in elements: one integer, or one per axis.
    strides
        Distance between windows, in elements; None for `pool_size`.
    padding
        `valid` or `same`.
    data_format
        `channels_last` or `channels_first`.

    Examples
    --------
    >>> from convcost.layers import MaxPooling2D
    >>> MaxPooling2D(3, strides=2, padding="same").output_shape((28, 28, 32))
    (14, 14, 32)
    """

    if TYPE_CHECKING:

        def __init__(
            self,
            pool_size: Sides[K] = 2,
            strides: Sides[K] | None = None,
            padding: Literal["valid", "same"] = "valid",
            *,
            data_format: DataFormat = "channels_last",
            **kept: Unpack[Kept],
        ) -> None: ...

    pool_size: Count = 2
    strides: Count = None
    padding: str = "valid"
    _: KW_ONLY
    data_format: DataFormat = "channels_last"

    window = "pool_size"

    def __post_init__(self) -> None:
        size = arguments.per_axis("pool_size", self.pool_size, self.rank)
        strides = size if self.strides is None else self.strides
        self._set(
            pool_size=size,
            strides=arguments.per_axis("strides", strides, self.rank),
            padding=arguments.check_word("padding", self.padding, self.words),
        )
        super().__post_init__()

    def _along(self, axis: int) -> tuple[Count, Count, Count, str | Factors]:
        return self.pool_size[axis], self.strides[axis], 1, self.padding

    def _pool(self, sides: Factors) -> Factors:
        return tuple(axis.positions for axis in self._slide(sides))


class MaxPooling1D(Pooling[K]):
    """The maximum of each window along one axis."""

    rank = 1


class MaxPooling2D(Pooling[K]):
    """The maximum of each window along two axes."""

    rank = 2


class MaxPooling3D(Pooling[K]):
    """The maximum of each window along three axes."""

    rank = 3


class AveragePooling1D(Pooling[K]):
    """The average of each window along one axis."""

    rank = 1


class AveragePooling2D(Pooling[K]):
    """The average of each window along two axes."""

    rank = 2


class AveragePooling3D(Pooling[K]):
    """The average of each window along three axes."""

    rank = 3


@dataclass(frozen=True, eq=False, repr=False)
class GlobalPooling(Weightless[int]):
    """The maximum or the average of a whole feature map, as `keras.layers.GlobalAveragePooling2D`.

    Parameters
    ----------
    data_format
        `channels_last` or `channels_first`.
    keepdims
        Whether to keep the pooled axes, with a side of 1.

    Examples
    --------
    >>> from convcost.layers import GlobalAveragePooling2D
    >>> GlobalAveragePooling2D(keepdims=True).output_shape((7, 7, 1024))
    (1, 1, 1024)
    """

    if TYPE_CHECKING:

        def __init__(
            self,
            *,
            data_format: DataFormat = "channels_last",
            keepdims: bool = False,
            **kept: Unpack[Kept],
        ) -> None: ...

    _: KW_ONLY
    data_format: DataFormat = "channels_last"
    keepdims: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        self._check_flags("keepdims")

    def _pool(self, sides: Factors) -> Factors:
        return (1,) * len(sides) if self.keepdims else ()


class GlobalMaxPooling1D(GlobalPooling):
    """The maximum along one axis."""

    rank = 1


class GlobalMaxPooling2D(GlobalPooling):
    """The maximum along two axes."""

    rank = 2


class GlobalMaxPooling3D(GlobalPooling):
    """The maximum along three axes."""

    rank = 3


class GlobalAveragePooling1D(GlobalPooling):
    """The average along one axis."""

    rank = 1


class GlobalAveragePooling2D(GlobalPooling):
    """The average along two axes."""

    rank = 2


class GlobalAveragePooling3D(GlobalPooling):
    """The average along three axes."""

    rank = 3


@dataclass(frozen=True, eq=False, repr=False)
class AdaptivePooling(Weightless[K]):
    """Pooling to a given size, as `keras.layers.AdaptiveAveragePooling2D`.

    Parameters
    ----------
    output_size
        Output size, in elements: one integer, or one per axis.
    data_format
        `channels_last` or `channels_first`.

    Examples
    --------
    >>> from convcost.layers import AdaptiveMaxPooling2D
    >>> AdaptiveMaxPooling2D(7).output_shape((28, 20, 32))
    (7, 7, 32)
    """

    if TYPE_CHECKING:

        def __init__(
            self,
            output_size: Sides[K],
            *,
            data_format: DataFormat = "channels_last",
            **kept: Unpack[Kept],
        ) -> None: ...

    output_size: Count
    _: KW_ONLY
    data_format: DataFormat = "channels_last"

    def __post_init__(self) -> None:
        super().__post_init__()
        self._set(output_size=arguments.per_axis("output_size", self.output_size, self.rank))

    def _pool(self, sides: Factors) -> Factors:
        size: Factors = self.output_size
        return size


class AdaptiveMaxPooling1D(AdaptivePooling[K]):
    """Maximum pooling along one axis to a given size."""

    rank = 1


class AdaptiveMaxPooling2D(AdaptivePooling[K]):
    """Maximum pooling along two axes to a given size."""

    rank = 2


class AdaptiveMaxPooling3D(AdaptivePooling[K]):
    """Maximum pooling along three axes to a given size."""

    rank = 3


class AdaptiveAveragePooling1D(AdaptivePooling[K]):
    """Average pooling along one axis to a given size."""

    rank = 1


class AdaptiveAveragePooling2D(AdaptivePooling[K]):
    """Average pooling along two axes to a given size."""

    rank = 2


class AdaptiveAveragePooling3D(AdaptivePooling[K]):
    """Average pooling along three axes to a given size."""

    rank = 3
