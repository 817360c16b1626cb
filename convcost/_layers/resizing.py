"""Layers that resize a feature map without weights: padding, cropping, upsampling."""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass
from typing import TYPE_CHECKING

from convcost._exact import K, arithmetic
from convcost._exact.sizes import check_integer
from convcost._layers import arguments
from convcost._layers.pooling import Weightless

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from convcost._exact.types import Count, Factors
    from convcost._layers.keras_arguments import Kept
    from convcost._layers.types import DataFormat, Ends, Side, Sides


@dataclass(frozen=True, eq=False, repr=False)
class ZeroPadding(Weightless[K]):
    """Zeros around a feature map, as `keras.layers.ZeroPadding2D`.

    Parameters
    ----------
    padding
        Elements to add: one integer for all ends, one integer per axis, or a pair (before,
        after) per axis; for a single axis also (before, after).
    data_format
        `channels_last` or `channels_first`.

    Examples
    --------
    >>> from convcost.layers import ZeroPadding2D
    >>> ZeroPadding2D(((0, 1), (0, 1))).output_shape((112, 112, 96))
    (113, 113, 96)
    """

    if TYPE_CHECKING:

        def __init__(
            self,
            padding: Ends[K] = 1,
            *,
            data_format: DataFormat = "channels_last",
            **kept: Unpack[Kept],
        ) -> None: ...

    padding: tuple[Factors, ...] = 1  # type: ignore[assignment]  # the checks make pairs of it
    _: KW_ONLY
    data_format: DataFormat = "channels_last"

    def __post_init__(self) -> None:
        super().__post_init__()
        self._set(padding=arguments.check_pairs("padding", self.padding, self.rank))

    def _pool(self, sides: Factors) -> Factors:
        return tuple(
            side + before + after for side, (before, after) in zip(sides, self.padding, strict=True)
        )


class ZeroPadding1D(ZeroPadding[K]):
    """Zeros at the ends of one axis."""

    rank = 1


class ZeroPadding2D(ZeroPadding[K]):
    """Zeros around two axes."""

    rank = 2


class ZeroPadding3D(ZeroPadding[K]):
    """Zeros around three axes."""

    rank = 3


@dataclass(frozen=True, eq=False, repr=False)
class Cropping(Weightless[K]):
    """The inner part of a feature map, as `keras.layers.Cropping2D`.

    Parameters
    ----------
    cropping
        Elements to cut off: one integer for all ends, one integer per axis, or a pair (before,
        after) per axis; for a single axis also (before, after).
    data_format
        `channels_last` or `channels_first`.

    Raises
    ------
    TypeError, ValueError
        If an argument is invalid, or nothing would be left of an axis.

    Examples
    --------
    >>> from convcost.layers import Cropping2D
    >>> Cropping2D(((1, 0), (1, 0))).output_shape((28, 28, 32))
    (27, 27, 32)
    """

    if TYPE_CHECKING:

        def __init__(
            self,
            cropping: Ends[K] = 1,
            *,
            data_format: DataFormat = "channels_last",
            **kept: Unpack[Kept],
        ) -> None: ...

    cropping: tuple[Factors, ...] = 1  # type: ignore[assignment]  # the checks make pairs of it
    _: KW_ONLY
    data_format: DataFormat = "channels_last"

    def __post_init__(self) -> None:
        super().__post_init__()
        self._set(cropping=arguments.check_pairs("cropping", self.cropping, self.rank))

    def _pool(self, sides: Factors) -> Factors:
        left = tuple(
            side - before - after
            for side, (before, after) in zip(sides, self.cropping, strict=True)
        )
        for axis, side in enumerate(left):
            if arithmetic.find_empty("side", side) is not None:
                raise ValueError(
                    "cropping must leave at least one element of each axis; got"
                    f" cropping={self.cropping} for"
                    f" {self._side_name(axis)}={arguments.show(sides[axis])}"
                )
        return left


class Cropping1D(Cropping[K]):
    """The inner part of one axis."""

    rank = 1


@dataclass(frozen=True, eq=False, repr=False)
class Cropping2D(Cropping[K]):
    """The inner part of two axes; by default, as in Keras, all of it."""

    rank = 2

    if TYPE_CHECKING:

        def __init__(
            self,
            cropping: Ends[K] = 0,
            *,
            data_format: DataFormat = "channels_last",
            **kept: Unpack[Kept],
        ) -> None: ...

    # Editors offer only the arguments that stand in the class itself.
    cropping: tuple[Factors, ...] = 0  # type: ignore[assignment]  # the checks make pairs of it
    _: KW_ONLY
    data_format: DataFormat = "channels_last"


class Cropping3D(Cropping[K]):
    """The inner part of three axes."""

    rank = 3


@dataclass(frozen=True, eq=False, repr=False)
class UpSampling(Weightless[K]):
    """Upsampling by repetition or interpolation, as `keras.layers.UpSampling2D`.

    Parameters
    ----------
    size
        Upsampling factor: one integer, or one per axis.
    data_format
        `channels_last` or `channels_first`.

    Examples
    --------
    >>> from convcost.layers import UpSampling2D
    >>> UpSampling2D(2).output_shape((14, 14, 32))
    (28, 28, 32)
    """

    if TYPE_CHECKING:

        def __init__(
            self,
            size: Sides[K] = 2,
            *,
            data_format: DataFormat = "channels_last",
            **kept: Unpack[Kept],
        ) -> None: ...

    size: Count = 2
    _: KW_ONLY
    data_format: DataFormat = "channels_last"

    def __post_init__(self) -> None:
        super().__post_init__()
        self._set(size=arguments.per_axis("size", self.size, self.rank))

    def _pool(self, sides: Factors) -> Factors:
        return tuple(map(lambda side, factor: side * factor, sides, self.size))


class UpSampling1D(UpSampling[K]):
    """Upsampling along one axis by repetition."""

    rank = 1


class UpSampling2D(UpSampling[K]):
    """Upsampling along two axes by repetition or interpolation."""

    rank = 2


class UpSampling3D(UpSampling[K]):
    """Upsampling along three axes by repetition."""

    rank = 3


@dataclass(frozen=True, eq=False, repr=False)
class Resizing(Weightless[K]):
    """An image resized to a given size, as `keras.layers.Resizing`.

    Parameters
    ----------
    height, width
        Output size, in elements.
    data_format
        `channels_last` or `channels_first`.

    Examples
    --------
    >>> Resizing(224, 224).output_shape((640, 480, 3))
    (224, 224, 3)
    """

    if TYPE_CHECKING:

        def __init__(
            self,
            height: Side[K],
            width: Side[K],
            *,
            data_format: DataFormat = "channels_last",
            **kept: Unpack[Kept],
        ) -> None: ...

    height: Count
    width: Count
    _: KW_ONLY
    data_format: DataFormat = "channels_last"

    rank = 2

    def __post_init__(self) -> None:
        super().__post_init__()
        self._set(
            height=check_integer("height", self.height), width=check_integer("width", self.width)
        )

    def _pool(self, sides: Factors) -> Factors:
        return self.height, self.width


class CenterCrop(Resizing[K]):
    """An image cropped to its middle, as `keras.layers.CenterCrop`."""


class RandomCrop(Resizing[K]):
    """An image cropped at random, as `keras.layers.RandomCrop`."""
