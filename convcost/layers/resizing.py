"""Layers that make a map larger or smaller without weights: padding, cropping, upsampling."""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass
from typing import TYPE_CHECKING, Any

from convcost.exact import K, arithmetic
from convcost.exact.sizes import check_integer
from convcost.layers import arguments
from convcost.layers.pooling import Weightless

if TYPE_CHECKING:
    from convcost.exact.types import Count, Factors
    from convcost.layers.types import DataFormat, Ends, Sides


@dataclass(frozen=True, eq=False, repr=False)
class ZeroPadding(Weightless[K]):
    """Zeros around a map, as `keras.layers.ZeroPadding2D`.

    Parameters
    ----------
    padding
        Elements at both ends of all axes, a tuple of one integer for each axis, or one of pairs
        (before, after); in one dimension also (before, after).
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
        ) -> None: ...

    padding: Any = 1
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
    """The inner part of a map, as `keras.layers.Cropping2D`.

    Parameters
    ----------
    cropping
        Elements cut off, written as the padding of `ZeroPadding`.
    data_format
        `channels_last` or `channels_first`.

    Raises
    ------
    TypeError, ValueError
        If an argument is not what it may be, or nothing would be left.

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
        ) -> None: ...

    cropping: Any = 1
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
                    f"cropping must leave something of the input; got cropping={self.cropping} for"
                    f" {self._side_name(axis)}={arguments.show(sides[axis])}"
                )
        return left


class Cropping1D(Cropping[K]):
    """The inner part of one axis."""

    rank = 1


class Cropping2D(Cropping[K]):
    """The inner part of two axes."""

    rank = 2


class Cropping3D(Cropping[K]):
    """The inner part of three axes."""

    rank = 3


@dataclass(frozen=True, eq=False, repr=False)
class UpSampling(Weightless[K]):
    """Each element repeated, or interpolated between, as `keras.layers.UpSampling2D`.

    Parameters
    ----------
    size
        Factor of the sides: one integer, or one for each axis.
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
    """Each element of one axis repeated."""

    rank = 1


class UpSampling2D(UpSampling[K]):
    """Each element of two axes repeated, or interpolated between."""

    rank = 2


class UpSampling3D(UpSampling[K]):
    """Each element of three axes repeated."""

    rank = 3


@dataclass(frozen=True, eq=False, repr=False)
class Resizing(Weightless[K]):
    """An image brought to a size: by resizing, or cropped from the middle or at random.

    Parameters
    ----------
    height, width
        Sides of the output, in elements.
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
            height: int | K,
            width: int | K,
            *,
            data_format: DataFormat = "channels_last",
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
    """The middle of an image, as `keras.layers.CenterCrop`."""


class RandomCrop(Resizing[K]):
    """Any part of an image, as `keras.layers.RandomCrop`."""
