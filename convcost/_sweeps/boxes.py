"""Boxes of designs, which a search accepts or rejects as a whole.

Costs grow along every axis of a box, once axes along which they shrink are reversed. So two corners
bound the costs of all its designs: a box that fulfils a condition even at its worst is accepted as
a whole, and one that fails it even at its best is rejected. The others are halved.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from convcost._cost.quantities import QUANTITIES
from convcost._exact import arrays
from convcost._sweeps.directions import SHRINKS
from convcost._sweeps.grid import Designs

if TYPE_CHECKING:
    from collections.abc import Iterator

    from convcost._exact.types import Numbers
    from convcost._sweeps.conditions import Condition
    from convcost._sweeps.grid import Grid
    from convcost._sweeps.polynomials import Atom, Bounds, Polynomial
    from convcost._sweeps.types import Categories

# Boxes handled at once: enough for NumPy to be fast, few enough for the CPU's caches.
BATCH = 1 << 15


@dataclass(frozen=True)
class Boxes:
    """Any number of boxes: the indices of the first and last value on each axis.

    Parameters
    ----------
    low, high
        Integers of shape (axes, boxes).
    """

    low: Numbers
    high: Numbers

    def __len__(self) -> int:
        return int(self.low.shape[1])

    def __getitem__(self, chosen: slice | Numbers) -> Boxes:
        if isinstance(chosen, slice):
            return Boxes(self.low[:, chosen], self.high[:, chosen])
        if chosen.dtype == np.bool_:
            chosen = np.flatnonzero(chosen)
        return Boxes(np.take(self.low, chosen, axis=1), np.take(self.high, chosen, axis=1))

    @property
    def is_single(self) -> Numbers:
        """Which of the boxes hold only one design."""
        single: Numbers = np.all(self.low == self.high, axis=0)
        return single

    @staticmethod
    def joined(parts: list[Boxes]) -> Boxes:
        """Return the boxes of several objects as one object."""
        return Boxes(
            np.concatenate([part.low for part in parts], axis=1),
            np.concatenate([part.high for part in parts], axis=1),
        )


class Subspace:
    """The designs of a grid that differ only in their sizes, in boxes.

    Parameters
    ----------
    grid
        All the designs.
    categories
        A value for each categorical axis.
    atoms
        The atoms to compute for each design.
    """

    def __init__(self, grid: Grid, categories: Categories, atoms: set[Atom]) -> None:
        self.grid, self.categories = grid, categories
        self.names = tuple(grid.axes)
        ways = grid.directions(categories)
        # Values are reversed where costs would shrink, so that costs grow along every axis.
        self.values = [
            axis.ascending[::-1] if ways[name] == SHRINKS else axis.ascending
            for name, axis in grid.axes.items()
        ]
        self.logs = [np.log(values.astype(np.float64)) for values in self.values]
        self.loose = [place for place, name in enumerate(self.names) if ways[name] is None]
        self.atoms = sorted(atoms)
        self.has_counts = any(atom.name in QUANTITIES for atom in atoms)

    def roots(self) -> Iterator[Boxes]:
        """Yield the boxes to start with: one per value of each axis without a known direction."""
        last = np.array([len(values) - 1 for values in self.values], dtype=np.int64)
        shape = tuple(len(self.values[place]) for place in self.loose)
        number = int(np.prod(shape, dtype=np.int64))
        for start in range(0, number, BATCH):
            places = np.unravel_index(np.arange(start, min(start + BATCH, number)), shape or (1,))
            low = np.zeros((len(last), len(places[0])), dtype=np.int64)
            high = np.repeat(last[:, None], len(places[0]), axis=1)
            for place, indices in zip(self.loose, places, strict=False):
                low[place] = high[place] = indices
            yield Boxes(low, high)

    def sizes(self, corner: Numbers) -> dict[str, Numbers]:
        """Return the values of the axes at the given indices."""
        return {
            name: values[places]
            for name, values, places in zip(self.names, self.values, corner, strict=True)
        }

    def designs(self, places: Numbers) -> Designs:
        """Return the designs at the given indices."""
        return Designs(places.shape[1], self.sizes(places))

    def _counts(self, corner: Numbers) -> dict[str, Numbers]:
        cost = self.grid.cost(self.categories, self.sizes(corner))
        shape = corner.shape[1:]
        return {name: np.broadcast_to(getattr(cost, name), shape) for name in QUANTITIES}

    def bounds(self, boxes: Boxes) -> Bounds:
        """Return the bounds of the atoms in each box."""
        corners = [self.sizes(boxes.low), self.sizes(boxes.high)]
        if self.has_counts:
            corners[0] |= self._counts(boxes.low)
            corners[1] |= self._counts(boxes.high)
        bounds = {}
        for atom in self.atoms:
            low, high = corners[0][atom.name], corners[1][atom.name]
            if atom.name in self.names:  # perhaps reversed
                low, high = np.minimum(low, high), np.maximum(low, high)
            bounds[atom] = atom.bounds(low, high)
        return bounds

    def at(self, boxes: Boxes, bounds: Bounds, upper: int) -> Bounds:
        """Return the bounds at one corner of each box: those of a single design."""
        corner = boxes.high if upper else boxes.low
        own = self.sizes(corner)
        single = {}
        for atom, sides in bounds.items():
            value = own[atom.name] if atom.name in own else sides[upper]
            single[atom] = atom.bounds(value, value)
        return single

    def decide(self, condition: Condition, bounds: Bounds, number: int) -> tuple[Numbers, Numbers]:
        """Return for each box whether all its designs fulfil a condition, and whether any may."""
        sure, maybe = condition.decide(bounds, self.categories)
        return np.broadcast_to(sure, number), np.broadcast_to(maybe, number)

    def size_of(self, boxes: Boxes) -> int:
        """Return the total number of designs in boxes."""
        sides = boxes.high - boxes.low + 1
        if self.grid.size > arrays.INT64_MAX:
            sides = sides.astype(object)
        return int(np.sum(np.prod(sides, axis=0)))

    def evaluate(
        self, name: str, polynomial: Polynomial, bounds: Bounds, number: int
    ) -> tuple[Numbers, Numbers]:
        """Return the bounds of a polynomial; an OverflowError beyond int64 gives this name."""
        low, high = polynomial.int64_bounds(name, bounds)
        return np.broadcast_to(low, number), np.broadcast_to(high, number)

    def halved(self, boxes: Boxes) -> Boxes:
        """Return the halves of boxes with more than one design, all lower halves first.

        Each is cut along the axis whose values differ by the largest factor.
        """
        factors = np.stack(
            [
                logs[high] - logs[low]
                for logs, low, high in zip(self.logs, boxes.low, boxes.high, strict=True)
            ]
        )
        axis = np.argmax(np.abs(factors), axis=0)
        column = np.arange(len(boxes))
        middle = (boxes.low[axis, column] + boxes.high[axis, column]) >> 1
        high, low = boxes.high.copy(), boxes.low.copy()
        high[axis, column], low[axis, column] = middle, middle + 1
        return Boxes(
            np.concatenate([boxes.low, low], axis=1), np.concatenate([high, boxes.high], axis=1)
        )

    def unpacked(self, boxes: Boxes, limit: int | None = None) -> tuple[Numbers, Numbers]:
        """Return the indices of all designs in boxes, or of the first `limit` designs in each.

        Returns
        -------
        tuple
            Indices, of shape (axes, designs), and the index of each design's box.
        """
        single = boxes.is_single
        places, owners = [boxes.low[:, single]], [np.flatnonzero(single)]
        for box in np.flatnonzero(~single):
            low = boxes.low[:, box]
            sides = boxes.high[:, box] - low + 1
            number = int(np.prod(sides, dtype=object))
            taken = number if limit is None else min(number, limit)
            offsets = np.unravel_index(self._first(taken, sides), tuple(sides))
            places.append(low[:, None] + np.stack(offsets))
            owners.append(np.full(taken, box))
        return np.concatenate(places, axis=1), np.concatenate(owners)

    def _first(self, taken: int, sides: Numbers) -> Numbers:
        """Return the first flat indices, in ascending order of values, in a box of these sides."""
        places = np.stack(np.unravel_index(np.arange(taken), tuple(sides)))
        for axis, values in enumerate(self.values):
            if len(values) > 1 and values[0] > values[-1]:
                places[axis] = sides[axis] - 1 - places[axis]
        return np.asarray(np.ravel_multi_index(tuple(places), tuple(sides)))

    def ranks(self, boxes: Boxes) -> Numbers:
        """Return for each box the ranks, in ascending order of values, of its first design."""
        ranks = []
        for values, low, high in zip(self.values, boxes.low, boxes.high, strict=True):
            turned = len(values) > 1 and values[0] > values[-1]
            ranks.append(len(values) - 1 - high if turned else low)
        return np.array(ranks, dtype=np.int64).reshape(boxes.low.shape)
