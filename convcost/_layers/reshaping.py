"""Layers that rearrange the elements of one input."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NoReturn

from convcost._exact import K, arithmetic
from convcost._exact.arithmetic import elements
from convcost._exact.scalars import refuse
from convcost._exact.sizes import check_integer
from convcost._layers import arguments
from convcost._layers.base import Layer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from typing_extensions import Unpack

    from convcost._exact.types import Count, Factors
    from convcost._layers.keras_arguments import Kept
    from convcost._layers.steps import Part
    from convcost._layers.types import DataFormat, Side


def fill(name: str, target: Factors, shape: Factors) -> Factors:
    """Return a target shape with its -1, if any, replaced by the inferred side.

    Examples
    --------
    >>> fill("target_shape", (-1, 64), (7, 7, 128))
    (98, 64)
    """
    whole, known = elements(*shape), elements(*(side for side in target if not _is_rest(side)))
    if any(map(_is_rest, target)):
        if not arithmetic.divides(known, whole):
            _refuse_target(name, target, shape)
        return tuple(
            arithmetic.divide_evenly(whole, known) if _is_rest(side) else side for side in target
        )
    if arithmetic.may_equal(whole, known):
        return target
    _refuse_target(name, target, shape)


def follows(target: Factors, before: Factors, after: Factors) -> bool:
    """Tell whether a target shape only takes together the axes whose lengths have changed.

    Examples
    --------
    >>> follows((49, -1), (7, 7, 64), (7, 7, 32)), follows((-1, 64), (7, 7, 64), (7, 7, 32))
    (True, False)
    """
    if -1 not in target:
        return False
    place = list(target).index(-1)
    known = elements(*target[:place])
    counts = [elements(*before[:axes]) for axes in range(len(before) + 1)]
    axes = next((axes for axes, count in enumerate(counts) if count == known), None)
    alone = all(side == 1 for side in target[place + 1 :])
    return alone and axes is not None and before[:axes] == after[:axes]


def _is_rest(side: Count) -> bool:
    """Tell whether a side is -1, which stands for the rest of the elements."""
    return type(side) is int and side == -1


def _refuse_target(name: str, target: Factors, shape: Factors) -> NoReturn:
    allowed = f"a shape with the same number of elements as the input's {arguments.show(shape)}"
    refuse(ValueError, name, target, allowed)


@dataclass(frozen=True, eq=False, repr=False)
class Reshape(Layer[K]):
    """The same elements in another shape, as `keras.layers.Reshape`.

    Parameters
    ----------
    target_shape
        Output shape without the batch dimension; one side may be -1, to be inferred.

    Raises
    ------
    TypeError, ValueError
        If a side is neither a positive integer nor -1, or the number of elements differs.

    Examples
    --------
    >>> Reshape((-1, 64)).output_shape((7, 7, 128))
    (98, 64)
    """

    if TYPE_CHECKING:

        def __init__(self, target_shape: Sequence[Side[K]], **kept: Unpack[Kept]) -> None: ...

    target_shape: Sequence[Side[K]]

    def __post_init__(self) -> None:
        self._set(target_shape=check_target("target_shape", self.target_shape))

    def _output_shape(self, shape: Factors, steps: tuple[Part, ...]) -> Factors:
        return fill("target_shape", tuple(self.target_shape), shape)


def check_target(name: str, target: object) -> Factors:
    """Return a checked target shape; one side may be -1."""
    if not isinstance(target, (tuple, list)):
        refuse(TypeError, name, target, "a tuple of sides, one of which may be -1")
    sides = tuple(
        side if _is_rest(side) else check_integer(f"{name}[{index}]", side)
        for index, side in enumerate(target)
    )
    if sum(map(_is_rest, sides)) > 1:
        refuse(ValueError, name, target, "a tuple of sides, one of which may be -1")
    return sides


@dataclass(frozen=True, eq=False, repr=False)
class Flatten(Layer[int]):
    """All elements on one axis, as `keras.layers.Flatten`.

    Parameters
    ----------
    data_format
        `channels_last` or `channels_first`; does not affect the output shape.

    Examples
    --------
    >>> Flatten().output_shape((3, 3, 128))
    (1152,)
    """

    if TYPE_CHECKING:

        def __init__(
            self, data_format: DataFormat = "channels_last", **kept: Unpack[Kept]
        ) -> None: ...

    data_format: DataFormat = "channels_last"

    def __post_init__(self) -> None:
        self._set(data_format=arguments.check_data_format(self.data_format))

    def _output_shape(self, shape: Factors, steps: tuple[Part, ...]) -> Factors:
        return (elements(*shape),)


@dataclass(frozen=True, eq=False, repr=False)
class Permute(Layer[int]):
    """The axes in another order, as `keras.layers.Permute`.

    Parameters
    ----------
    dims
        The input's axes in their new order, counted from 1.

    Raises
    ------
    TypeError, ValueError
        If `dims` is not a permutation of the input's axes.

    Examples
    --------
    >>> Permute((3, 1, 2)).output_shape((28, 20, 3))
    (3, 28, 20)
    """

    if TYPE_CHECKING:

        def __init__(self, dims: Sequence[int], **kept: Unpack[Kept]) -> None: ...

    dims: Sequence[int]

    def __post_init__(self) -> None:
        if not isinstance(self.dims, (tuple, list)):
            refuse(TypeError, "dims", self.dims, "a tuple of axes, counted from 1")
        dims = tuple(arguments.check_axis(f"dims[{i}]", axis) for i, axis in enumerate(self.dims))
        if sorted(dims) != list(range(1, len(dims) + 1)):
            refuse(ValueError, "dims", self.dims, "each axis once, counted from 1")
        self._set(dims=dims)

    def _output_shape(self, shape: Factors, steps: tuple[Part, ...]) -> Factors:
        if len(shape) != len(self.dims):
            allowed = f"one axis for each side of the input's {arguments.show(shape)}"
            refuse(ValueError, "dims", self.dims, allowed)
        return tuple(shape[axis - 1] for axis in self.dims)


@dataclass(frozen=True, eq=False, repr=False)
class RepeatVector(Layer[K]):
    """A vector repeated `n` times, as `keras.layers.RepeatVector`.

    Parameters
    ----------
    n
        Number of repetitions.

    Raises
    ------
    TypeError, ValueError
        If `n` is not a positive integer.

    Examples
    --------
    >>> RepeatVector(10).output_shape((32,))
    (10, 32)
    """

    if TYPE_CHECKING:

        def __init__(self, n: Side[K], **kept: Unpack[Kept]) -> None: ...

    n: Count

    rank = 0

    def __post_init__(self) -> None:
        self._set(n=check_integer("n", self.n))

    def _axes(self) -> str:
        return "(channels,)"

    def _output_shape(self, shape: Factors, steps: tuple[Part, ...]) -> Factors:
        return (self.n, *shape)
