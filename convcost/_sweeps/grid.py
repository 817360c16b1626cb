"""A grid of designs: a function, a layer or a network over every combination of some axes."""

from __future__ import annotations

from itertools import product
from math import prod
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from convcost._sweeps.axes import CategoricalAxis, SizeAxis, is_axis, make_axis
from convcost._sweeps.conditions import COUNTS, Names
from convcost._sweeps.directions import UNKNOWN, overall
from convcost._sweeps.parser import parse_conditions, parse_expression
from convcost._sweeps.subjects import subject_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from convcost._cost.cost import Cost
    from convcost._exact.types import Numbers
    from convcost._sweeps.conditions import Condition
    from convcost._sweeps.directions import Directions
    from convcost._sweeps.polynomials import Polynomial
    from convcost._sweeps.types import Categories, Sizes, Subject, Where


class Designs(NamedTuple):
    """Some designs that differ only in their sizes.

    Attributes
    ----------
    number
        How many there are, which no size tells in a grid without axes of sizes.
    sizes
        For each axis of sizes, the size of each design.
    """

    number: int
    sizes: dict[str, Numbers]


class Grid:
    """The designs over some axes: it takes what `Space` takes, and has no questions."""

    def __init__(self, what: Subject, /, **arguments: object) -> None:
        self._subject = subject_of(what)
        self._subject.check(arguments)
        _check_names(self._subject.name, arguments)
        self._axes = {
            name: make_axis(name, value, categorical=name in self._subject.categorical)
            for name, value in arguments.items()
            if is_axis(value) or self._subject.is_free(name)
        }
        self.fixed = {name: value for name, value in arguments.items() if name not in self._axes}
        self._subject.check_names(self._axes, self.fixed)

    def check_values(self) -> None:
        """Refuse values that the subject does not take, by counting a few designs."""
        self._subject.check_values(self.fixed, self.axes, self.categorical_axes)

    @property
    def axes(self) -> dict[str, SizeAxis]:
        """The axes of sizes, which are integers, in the order given."""
        return {name: axis for name, axis in self._axes.items() if isinstance(axis, SizeAxis)}

    @property
    def categorical_axes(self) -> dict[str, CategoricalAxis]:
        """The other axes, in the order given."""
        return {
            name: axis for name, axis in self._axes.items() if isinstance(axis, CategoricalAxis)
        }

    @property
    def names(self) -> Names:
        """What conditions and expressions may refer to."""
        categories = {name: axis.values for name, axis in self.categorical_axes.items()}
        return Names(tuple(self.axes), categories)

    @property
    def dims(self) -> tuple[str, ...]:
        """The names of all axes, in the order given."""
        return tuple(self._axes)

    @property
    def size(self) -> int:
        """The number of designs."""
        return prod(len(axis) for axis in self._axes.values())

    @property
    def shape(self) -> tuple[int, ...]:
        """The number of values of each axis."""
        return tuple(len(axis) for axis in self._axes.values())

    def __repr__(self) -> str:
        axes = "".join(f", {name}: {len(axis):,}" for name, axis in self._axes.items())
        return f"{type(self).__name__}({self._subject.name}{axes} = {self.size:,} designs)"

    def variants(self) -> Iterator[dict[str, object]]:
        """Yield each combination of the values of the categorical axes."""
        axes = self.categorical_axes
        for values in product(*(axis.values for axis in axes.values())):
            yield dict(zip(axes, values, strict=True))

    def cost(self, categories: Categories, sizes: Sizes) -> Cost:
        """Return the cost of designs.

        Parameters
        ----------
        categories
            A value for each categorical axis.
        sizes
            An integer, or an array of integers, for each axis of sizes; the arrays broadcast.

        Returns
        -------
        Cost
            The cost, of integers or of arrays.
        """
        return self._subject.cost({**self.fixed, **categories}, sizes)

    def directions_of_counts(self, categories: Categories) -> dict[str, Directions]:
        """Return for each axis of sizes whether each count grows or shrinks along it."""
        values = {**self.fixed, **categories}
        return {name: self._directions(name, axis, values) for name, axis in self.axes.items()}

    def multiple(self, axis: str, categories: Categories) -> int:
        """Return what the values of an axis must be multiples of; 0 if that depends on others."""
        return self._subject.multiple(axis, {**self.fixed, **categories}, self._axes)

    def _directions(self, name: str, axis: SizeAxis, values: Categories) -> Directions:
        multiple = self.multiple(name, values)
        if not multiple or np.any(axis.values % multiple):
            return UNKNOWN  # some designs may not be valid, so none is passed over
        return self._subject.directions(name, values, self._axes)

    def directions(self, categories: Categories) -> dict[str, int | None]:
        """Return for each axis of sizes whether costs grow or shrink along it; None if unknown."""
        known = self.directions_of_counts(categories)
        return {name: overall(several) for name, several in known.items()}

    def condition(self, where: Where) -> Condition:
        """Return the condition that a string states."""
        return parse_conditions(where, self.names)

    def expression(self, name: str, text: object) -> Polynomial:
        """Return the polynomial that a string states."""
        return parse_expression(name, text, self.names)


def _check_names(subject: str, arguments: Iterable[str]) -> None:
    """Refuse arguments with the name of a count, which conditions could not tell apart."""
    for name in arguments:
        if name in COUNTS:
            raise ValueError(
                f"{name} is the name of a count, so {subject} can't have an argument {name!r} in"
                f" a design space; give it another name, such as {name}_in"
            )
