"""Layers that turn numbers into categories: only shapes, no weights or MACs."""

from __future__ import annotations

from collections.abc import Sequence as AnySequence
from dataclasses import KW_ONLY, dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from convcost._exact import K, arithmetic
from convcost._exact.scalars import refuse, refuse_choice
from convcost._exact.sizes import check_integer
from convcost._layers import arguments
from convcost._layers.base import Layer
from convcost._layers.merging import Merging

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Literal

    from typing_extensions import Unpack

    from convcost._exact.types import Count, Factors
    from convcost._layers.keras_arguments import Kept
    from convcost._layers.steps import Part
    from convcost._layers.types import Side

CATEGORIES = ("int", "one_hot", "multi_hot", "count")
# Names that Keras still takes.
_FORMER = {"binary": "multi_hot", "tf-idf": "tf_idf"}


class Encoding(Layer[K]):
    """A layer that returns a category for each element, or an axis with a place for each category.

    With `one_hot`, each element gets the axis, in place of a last side of 1; with `multi_hot`,
    `count` and `tf_idf`, the last axis as a whole does.
    """

    if TYPE_CHECKING:
        output_mode: str

    modes: ClassVar[tuple[str, ...]] = CATEGORIES

    def __post_init__(self) -> None:
        mode = self.output_mode
        mode = _FORMER.get(mode, mode) if isinstance(mode, str) else mode
        if mode not in self.modes:
            refuse_choice("output_mode", mode, self.modes)
        self._set(output_mode=mode)

    def _depth(self) -> Count:
        """Return the number of categories."""
        raise NotImplementedError

    def _output_shape(self, shape: Factors, steps: tuple[Part, ...]) -> Factors:
        if self.output_mode == "int":
            return shape
        last = shape[-1] if shape else None
        keeps = self.output_mode == "one_hot" and not (type(last) is int and last == 1)
        return (*(shape if keeps else shape[:-1]), self._depth())


@dataclass(frozen=True, eq=False, repr=False)
class CategoryEncoding(Encoding[K]):
    """Integers as vectors with a place for each, as `keras.layers.CategoryEncoding`.

    Parameters
    ----------
    num_tokens
        Number of distinct integers.
    output_mode
        `multi_hot`, `one_hot` or `count`.

    Examples
    --------
    >>> CategoryEncoding(10).output_shape((5,))
    (10,)
    >>> CategoryEncoding(10, "one_hot").output_shape((5,))
    (5, 10)
    """

    if TYPE_CHECKING:

        def __init__(
            self,
            num_tokens: Side[K],
            output_mode: Literal["multi_hot", "one_hot", "count"] = "multi_hot",
            **kept: Unpack[Kept],
        ) -> None: ...

    num_tokens: Count
    output_mode: str = "multi_hot"

    modes = CATEGORIES[1:]

    def __post_init__(self) -> None:
        super().__post_init__()
        self._set(num_tokens=check_integer("num_tokens", self.num_tokens))

    def _depth(self) -> Count:
        return self.num_tokens


@dataclass(frozen=True, eq=False, repr=False)
class Discretization(Encoding[K]):
    """Numbers as the bins that they are in, as `keras.layers.Discretization`.

    Parameters
    ----------
    bin_boundaries
        The boundaries between bins, one fewer than there are bins; None if they are learned.
    num_bins
        Number of bins, if their boundaries are learned.
    output_mode
        `int`, `one_hot`, `multi_hot` or `count`.

    Raises
    ------
    TypeError, ValueError
        If not exactly one of `bin_boundaries` and `num_bins` is given.

    Examples
    --------
    >>> Discretization([0.0, 1.0], output_mode="one_hot").output_shape((5,))
    (5, 3)
    """

    if TYPE_CHECKING:

        def __init__(
            self,
            bin_boundaries: Sequence[float] | None = None,
            num_bins: Side[K] | None = None,
            *,
            output_mode: Literal["int", "one_hot", "multi_hot", "count"] = "int",
            **kept: Unpack[Kept],
        ) -> None: ...

    bin_boundaries: tuple[Any, ...] | None = None
    num_bins: Count | None = None
    _: KW_ONLY
    output_mode: str = "int"

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.bin_boundaries is not None:
            if not isinstance(self.bin_boundaries, AnySequence):
                refuse(TypeError, "bin_boundaries", self.bin_boundaries, "a list of numbers")
            self._set(bin_boundaries=tuple(self.bin_boundaries))
        elif self.num_bins is None:
            refuse(TypeError, "num_bins", None, "given where bin_boundaries are not")
        if self.num_bins is not None:
            self._set(num_bins=check_integer("num_bins", self.num_bins))

    def _depth(self) -> Count:
        known = self.bin_boundaries
        return self.num_bins if known is None else len(known) + 1

    def _output_shape(self, shape: Factors, steps: tuple[Part, ...]) -> Factors:
        if self.output_mode in ("multi_hot", "count"):
            return (*shape[1:], self._depth())  # Keras takes the first axis for that of the samples
        return super()._output_shape(shape, steps)


@dataclass(frozen=True, eq=False, repr=False)
class Hashing(Encoding[K]):
    """Numbers or words as the bins that they hash to, as `keras.layers.Hashing`.

    Parameters
    ----------
    num_bins
        Number of bins.
    output_mode
        `int`, `one_hot`, `multi_hot` or `count`.

    Examples
    --------
    >>> Hashing(8).output_shape((5,)), Hashing(8, output_mode="count").output_shape((5,))
    ((5,), (8,))
    """

    if TYPE_CHECKING:

        def __init__(
            self,
            num_bins: Side[K],
            *,
            output_mode: Literal["int", "one_hot", "multi_hot", "count"] = "int",
            **kept: Unpack[Kept],
        ) -> None: ...

    num_bins: Count
    _: KW_ONLY
    output_mode: str = "int"

    def __post_init__(self) -> None:
        super().__post_init__()
        self._set(num_bins=check_integer("num_bins", self.num_bins))

    def _depth(self) -> Count:
        return self.num_bins

    def _output_shape(self, shape: Factors, steps: tuple[Part, ...]) -> Factors:
        return shape if self.output_mode == "int" else (*shape[:-1], self._depth())


@dataclass(frozen=True, eq=False, repr=False)
class HashedCrossing(Merging):
    """Pairs of two categories as the bins that they hash to, as `keras.layers.HashedCrossing`.

    Parameters
    ----------
    num_bins
        Number of bins.
    output_mode
        `int` or `one_hot`.

    Raises
    ------
    TypeError, ValueError
        If there are not two inputs of the same shape.

    Examples
    --------
    >>> HashedCrossing(8, output_mode="one_hot").output_shape([(1,), (1,)])
    (8,)
    """

    inputs = 2

    if TYPE_CHECKING:

        def __init__(
            self, num_bins: int, *, output_mode: str = "int", **kept: Unpack[Kept]
        ) -> None: ...

    num_bins: int
    _: KW_ONLY
    output_mode: str = "int"

    def __post_init__(self) -> None:
        self._set(num_bins=check_integer("num_bins", self.num_bins))
        if self.output_mode not in ("int", "one_hot"):
            refuse_choice("output_mode", self.output_mode, ("int", "one_hot"))

    def _output_shape(self, shape: Factors, steps: tuple[Part, ...]) -> Factors:
        first, second = map(tuple, shape)
        if len(first) != len(second) or not all(map(arithmetic.may_equal, first, second)):
            shown = arguments.show_all([first, second])
            raise ValueError(f"HashedCrossing takes two inputs of the same shape; got {shown}")
        if self.output_mode == "int":
            return first
        return CategoryEncoding(self.num_bins, "one_hot")._output_shape(first, ())
