"""Convolutions whose kernel differs from place to place, which Keras had up to version 2."""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass
from typing import TYPE_CHECKING

from convcost._exact import K, arithmetic
from convcost._exact.scalars import refuse, refuse_choice
from convcost._exact.sizes import check_integer
from convcost._layers import arguments
from convcost._layers.results import Weight
from convcost._layers.spatial import Kernel
from convcost._layers.steps import Biases, Product, Weights

if TYPE_CHECKING:
    from typing import Literal

    from typing_extensions import Unpack

    from convcost._exact.types import Count, Factors
    from convcost._layers.keras_arguments import Kept
    from convcost._layers.steps import Axis, Part
    from convcost._layers.types import DataFormat, Side, Sides

# What Keras does: a product at each place, with a masked dense matrix, or with a sparse matrix.
_LOCAL, _DENSE, _SPARSE = 1, 2, 3


@dataclass(frozen=True, eq=False, repr=False)
class LocallyConnected(Kernel[K]):
    """A convolution with a kernel of its own at each position, as in Keras 1 and 2.

    Each output is a sum of products with weights that no other output has. Implementation 2
    multiplies the whole input by a matrix that has a weight for each pair of an input and an output
    element, and is masked: these are its parameters and its MACs, and `effective=True` counts the
    ones that the mask leaves. Implementation 3 has only the weights whose taps are inside.

    Parameters
    ----------
    filters
        Number of output channels.
    kernel_size
        Kernel size, in taps: one integer, or one per axis.
    strides
        Stride, in elements: one integer, or one per axis.
    padding
        `valid`, or, with implementation 2 or 3, `same`.
    data_format
        `channels_last` or `channels_first`.
    use_bias
        Whether each output adds a bias of its own.
    implementation
        1, 2 or 3.

    Raises
    ------
    TypeError, ValueError
        If an argument is invalid, or `padding` is `same` with implementation 1.
    """

    if TYPE_CHECKING:

        def __init__(
            self,
            filters: Side[K],
            kernel_size: Sides[K],
            strides: Sides[K] = 1,
            padding: Literal["valid", "same"] = "valid",
            *,
            data_format: DataFormat = "channels_last",
            use_bias: bool = True,
            implementation: Literal[1, 2, 3] = 1,
            **kept: Unpack[Kept],
        ) -> None: ...

    filters: Count
    kernel_size: Count
    strides: Count = 1
    padding: str = "valid"
    _: KW_ONLY
    data_format: DataFormat = "channels_last"
    use_bias: bool = True
    implementation: int = 1

    def __post_init__(self) -> None:
        self._set(
            filters=check_integer("filters", self.filters),
            kernel_size=arguments.per_axis("kernel_size", self.kernel_size, self.rank),
            strides=arguments.per_axis("strides", self.strides, self.rank),
            padding=arguments.check_word("padding", self.padding, self.words),
        )
        super().__post_init__()
        self._check_flags("use_bias")
        if self.implementation not in (_LOCAL, _DENSE, _SPARSE):
            refuse_choice("implementation", self.implementation, ("1", "2", "3"))
        if self.padding == "same" and self.implementation == _LOCAL:
            refuse(ValueError, "padding", self.padding, "'valid' with implementation 1")

    def _along(self, axis: int) -> tuple[Count, Count, Count, str | Factors]:
        return self.kernel_size[axis], self.strides[axis], 1, self.padding

    def _slid(self, shape: Factors) -> tuple[tuple[Axis, ...], Factors]:
        """Return the axes, and the sides of the output."""
        axes = self._slide(self._split(shape)[0])
        return axes, tuple(axis.positions for axis in axes)

    def _pairs(self, axes: tuple[Axis, ...]) -> Factors:
        """Return the number of pairs of a tap and a position along each axis, inside the input."""
        if self.padding == "same":
            # Each kernel is centered on its place, also where the strides skip some of them.
            pads = [arithmetic.floor_divide(axis.kernel, 2) for axis in axes]
            axes = tuple(
                one._replace(padding=(pad, pad)) for one, pad in zip(axes, pads, strict=True)
            )
        return tuple(axis.taps_inside() for axis in axes)

    def _steps(self, shape: Factors) -> tuple[Part, ...]:
        axes, outputs = self._slid(shape)
        sides, m = self._split(shape)
        made = (*outputs, self.filters)
        if self.implementation == _LOCAL:
            product = Product(made, (*self.kernel_size, m))
            weights = Weights((*self.kernel_size, m, *made))
        elif self.implementation == _DENSE:
            left = Product((*self._pairs(axes), self.filters), (m,))
            product, weights = Product(made, (*sides, m), left), Weights((*sides, m, *made))
        else:
            product = Product((*self._pairs(axes), self.filters), (m,))
            weights = Weights((*self._pairs(axes), m, self.filters))
        biases = (Biases(made, made),) if self.use_bias else ()
        return (weights, product, *biases)

    def _output_shape(self, shape: Factors, steps: tuple[Part, ...]) -> Factors:
        return self._join(self._slid(shape)[1], self.filters)

    def _weights(self, shape: Factors) -> tuple[Weight, ...]:
        axes, outputs = self._slid(shape)
        sides, m = self._split(shape)
        if self.implementation == _LOCAL:
            made, taps = arithmetic.elements(*outputs), arithmetic.elements(*self.kernel_size, m)
            kernel = Weight("kernel", (made, taps, self.filters))
        elif self.implementation == _DENSE:
            kernel = Weight("kernel", (*self._join(sides, m), *self._join(outputs, self.filters)))
        else:
            number = arithmetic.elements(*self._pairs(axes), m, self.filters)
            kernel = Weight("kernel", (number,))
        return (kernel, Weight("bias", (*outputs, self.filters))) if self.use_bias else (kernel,)

    def _past_first(self, shape: Factors, steps: tuple[Part, ...]) -> tuple[Part, ...]:
        return ()

    def _intermediate(self, steps: tuple[Part, ...]) -> Count:
        return 0


class LocallyConnected1D(LocallyConnected[K]):
    """A kernel of its own at each position of one axis.

    Examples
    --------
    >>> layer = LocallyConnected1D(8, 3)
    >>> layer.explain((10, 4)).params, layer.explain((10, 4)).macs
    ('3*4*8*8 + 8*8 = 832', '3*4*8*8 = 768')
    """

    rank = 1


class LocallyConnected2D(LocallyConnected[K]):
    """A kernel of its own at each position of two axes.

    Examples
    --------
    >>> LocallyConnected2D(8, 3).cost((10, 10, 4)).params
    18944
    """

    rank = 2
