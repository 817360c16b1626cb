"""Layers that merge several inputs into one: sums, products, concatenations, dot products."""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass
from typing import TYPE_CHECKING, ClassVar

from convcost._exact import arithmetic
from convcost._exact.scalars import refuse
from convcost._layers import arguments
from convcost._layers.base import Layer
from convcost._layers.steps import Product

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Self

    from typing_extensions import Unpack

    from convcost._exact.types import Count, Factors, InputShape
    from convcost._layers.keras_arguments import Kept
    from convcost._layers.steps import Part
    from convcost._layers.types import Axes, GivenShape


class Merging(Layer[int]):
    """A layer with several inputs; its `input_shape` is a tuple of their shapes."""

    # Required number of inputs; None for one or more.
    inputs: ClassVar[int | None] = None

    def given(self, shapes: list[Factors]) -> GivenShape:
        """Return the list of shapes, even for a single input."""
        return shapes

    def _check_rank(self, shape: Factors) -> None:
        self._several(shape)

    def _several(self, shape: object) -> Sequence[Factors]:
        """Return the shapes of the inputs, or raise an error if there are too few or too many."""
        if (
            not isinstance(shape, (tuple, list))
            or not all(map(_is_shape, shape))
            or not shape
            or self.inputs not in (None, len(shape))
        ):
            number = "one or more" if self.inputs is None else f"{self.inputs}"
            allowed = f"{number} shapes without the batch, for {type(self).__name__}"
            if isinstance(shape, (tuple, list)) and shape and not any(map(_is_shape, shape)):
                allowed += f", such as [{tuple(shape)}]"
            refuse(ValueError, "input_shape", shape, allowed)
        return shape

    def _align(self, input_shape: InputShape) -> tuple[Self, tuple[Factors, ...]]:
        return self, arguments.check_shapes(self._several(input_shape), type(self).__name__)


def broadcast(shapes: Sequence[Factors]) -> Factors:
    """Return the shape that several shapes broadcast to; sides of 1 stretch.

    Examples
    --------
    >>> broadcast(((7, 7, 960), (1, 1, 960)))
    (7, 7, 960)
    """
    rank = max(map(len, shapes))
    padded = [(1,) * (rank - len(shape)) + tuple(shape) for shape in shapes]
    return tuple(_together(sides, shapes) for sides in zip(*padded, strict=True))


def _together(sides: tuple[Count, ...], shapes: Sequence[Factors]) -> Count:
    longest: Count = 1
    for side in sides:
        if type(longest) is int and longest == 1:
            longest = side
        elif type(side) is int and side == 1:
            continue
        elif not arithmetic.may_equal(longest, side):
            raise ValueError(
                "input shapes must be equal, or 1 where they differ; got"
                f" {arguments.show_all(shapes)}"
            )
        elif type(side) is int:
            longest = side  # prefer a number to an expression that must equal it
    return longest


def _is_shape(value: object) -> bool:
    return isinstance(value, (tuple, list))


@dataclass(frozen=True, eq=False, repr=False)
class Add(Merging):
    """The sum of the inputs, as `keras.layers.Add`.

    Examples
    --------
    >>> Add().output_shape(((28, 28, 32), (28, 28, 32)))
    (28, 28, 32)
    """

    def _output_shape(self, shape: Factors, steps: tuple[Part, ...]) -> Factors:
        return broadcast(shape)


class Subtract(Add):
    """The difference of two inputs."""

    inputs = 2


class Multiply(Add):
    """The product of the inputs, element by element."""


class Average(Add):
    """The average of the inputs."""


class Maximum(Add):
    """The largest of the inputs, element by element."""


class Minimum(Add):
    """The smallest of the inputs, element by element."""


class CustomScaleLayer(Add):
    """The first input plus the second times a constant, as in Keras's InceptionResNetV2."""

    inputs = 2


@dataclass(frozen=True, eq=False, repr=False)
class Concatenate(Merging):
    """The inputs concatenated along an axis, as `keras.layers.Concatenate`.

    Parameters
    ----------
    axis
        The axis; the batch is axis 0.

    Raises
    ------
    TypeError, ValueError
        If `axis` is not an integer, or not an axis of the inputs.

    Examples
    --------
    >>> Concatenate().output_shape(((28, 28, 32), (28, 28, 64)))
    (28, 28, 96)
    """

    if TYPE_CHECKING:

        def __init__(self, axis: int = -1, **kept: Unpack[Kept]) -> None: ...

    axis: int = -1

    def __post_init__(self) -> None:
        self._set(axis=arguments.check_axis("axis", self.axis))

    def _output_shape(self, shape: Factors, steps: tuple[Part, ...]) -> Factors:
        return concatenate(shape, arguments.place("axis", self.axis, shape[0]))


def concatenate(shapes: Sequence[Factors], index: int) -> Factors:
    """Return the shape of inputs concatenated along an axis."""
    first = shapes[0]
    joined: Count = 0
    for shape in shapes:
        if len(shape) != len(first) or not all(
            axis == index or arithmetic.may_equal(side, first[axis])
            for axis, side in enumerate(shape)
        ):
            raise ValueError(
                f"input shapes must be equal except for axis {index + 1}; got"
                f" {arguments.show_all(shapes)}"
            )
        joined = joined + shape[index]
    return (*first[:index], joined, *first[index + 1 :])


@dataclass(frozen=True, eq=False, repr=False)
class Dot(Merging):
    """The product of two inputs, summed over one axis of each, as `keras.layers.Dot`.

    Parameters
    ----------
    axes
        One axis for both inputs, or a pair of axes, one per input; the batch is axis 0.
    normalize
        Whether to normalize the inputs to length 1 first; this is not counted as MACs.

    Raises
    ------
    TypeError, ValueError
        If `axes` are not integers, or not axes of the inputs.

    Examples
    --------
    >>> dot = Dot(axes=2)
    >>> dot.output_shape(((10, 64), (20, 64)))
    (10, 20)
    >>> dot.explain(((10, 64), (20, 64))).macs
    '64*10*20 = 12800'
    """

    if TYPE_CHECKING:

        def __init__(
            self, axes: Axes, *, normalize: bool = False, **kept: Unpack[Kept]
        ) -> None: ...

    axes: Axes
    _: KW_ONLY
    normalize: bool = False

    inputs = 2

    def __post_init__(self) -> None:
        axes = self.axes if isinstance(self.axes, (tuple, list)) else (self.axes, self.axes)
        if len(axes) != 2:
            refuse(ValueError, "axes", self.axes, "one axis, or a pair of axes")
        self._set(
            axes=tuple(arguments.check_axis(f"axes[{i}]", axis) for i, axis in enumerate(axes)),
        )
        self._check_flags("normalize")

    def _steps(self, shape: Factors) -> tuple[Part, ...]:
        left, right = (
            arguments.place(f"axes[{i}]", axis, one)
            for i, (axis, one) in enumerate(
                zip(arguments.axis_tuple(self.axes), shape, strict=True)
            )
        )
        first, second = shape
        if not arithmetic.may_equal(first[left], second[right]):
            raise ValueError(
                f"the axes {self.axes} must have equal lengths; got shapes"
                f" {arguments.show_all(shape)}"
            )
        outputs = (*first[:left], *first[left + 1 :], *second[:right], *second[right + 1 :])
        return (Product(outputs, (first[left],)),)

    def _output_shape(self, shape: Factors, steps: tuple[Part, ...]) -> Factors:
        return steps[0].outputs or (1,)
