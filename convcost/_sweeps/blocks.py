"""Blocks of neighbouring designs, each counted at once."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING

import numpy as np

from convcost._cost.quantities import QUANTITIES
from convcost._sweeps.conditions import COUNTS, FLOPS
from convcost._sweeps.extras import require
from convcost._sweeps.polynomials import Atom, Polynomial

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pandas as pd

    from convcost._exact.types import Count, Numbers
    from convcost._sweeps.conditions import Condition
    from convcost._sweeps.grid import Grid
    from convcost._sweeps.polynomials import Bounds
    from convcost._sweeps.types import Categories


@dataclass(frozen=True)
class Block:
    """The counts of neighbouring designs that differ only in their sizes.

    Parameters
    ----------
    first
        Index of the first value on each axis.
    shape
        Number of values on each axis.
    whole
        Number of values on each axis of the whole grid.
    bounds
        The atoms of the designs, with equal lower and upper bounds.
    categories
        The value of each categorical axis.
    """

    first: tuple[int, ...]
    shape: tuple[int, ...]
    whole: tuple[int, ...]
    bounds: Bounds
    categories: Categories

    def fulfils(self, condition: Condition) -> Numbers:
        """Tell which designs fulfil a condition."""
        sure, _ = condition.decide(self.bounds, self.categories)
        return np.broadcast_to(sure, self.shape)

    def evaluate(self, name: str, polynomial: Polynomial) -> Numbers:
        """Return the values of a polynomial; an OverflowError beyond int64 gives this name."""
        values, _ = polynomial.int64_bounds(name, self.bounds)
        return np.broadcast_to(values, self.shape)

    def indices(self, inside: Numbers) -> Numbers:
        """Return the flat indices in the whole grid for flat indices in the block."""
        places = np.unravel_index(inside, self.shape)
        return np.asarray(
            np.ravel_multi_index(
                tuple(place + start for place, start in zip(places, self.first, strict=True)),
                self.whole,
            )
        )


class BlockCounter:
    """Counts a grid block by block.

    Parameters
    ----------
    grid
        The designs.
    atoms
        The atoms to compute for each design.
    block
        Maximum number of designs per block.
    """

    def __init__(self, grid: Grid, atoms: set[Atom], block: int) -> None:
        self.grid, self.atoms = grid, sorted(atoms)
        self.shape = block_shape(grid)
        self.sides = block_sides(self.shape, block)
        self.blocks_along = tuple(
            -(-length // side) for length, side in zip(self.shape, self.sides, strict=True)
        )
        self.number = prod(self.blocks_along)

    def blocks(self, categories: Categories, numbers: range) -> Iterator[Block]:
        """Count and yield the blocks with these numbers."""
        for number in numbers:
            yield self._block(categories, number)

    def table(self, categories: Categories, number: int, condition: Condition) -> pd.DataFrame:
        """Return the designs of a block that fulfil a condition, a row for each."""
        require("pandas")
        import pandas as pd

        block = self._block(categories, number)
        inside = np.flatnonzero(block.fulfils(condition))
        places = np.unravel_index(inside, block.shape)
        columns: dict[str, object] = {}
        for name in self.grid.dims:
            if name in categories:
                columns[name] = pd.Series([categories[name]] * len(inside), dtype=object)
        for (name, axis), place, start in zip(
            self.grid.axes.items(), places, block.first, strict=False
        ):
            columns[name] = axis.ascending[start + place]
        for name in QUANTITIES:
            columns[name] = block.evaluate(name, Polynomial.of(Atom(name)))[places]
        columns["flops"] = block.evaluate("flops", FLOPS)[places]
        return pd.DataFrame({name: columns[name] for name in (*self.grid.dims, *COUNTS)})

    def _block(self, categories: Categories, number: int) -> Block:
        places = np.unravel_index(number, self.blocks_along)
        first = tuple(int(place) * side for place, side in zip(places, self.sides, strict=True))
        last = tuple(
            min(start + side, length)
            for start, side, length in zip(first, self.sides, self.shape, strict=True)
        )
        cut = [
            axis.ascending[start:stop]
            for axis, start, stop in zip(self.grid.axes.values(), first, last, strict=False)
        ]
        sizes = dict(zip(self.grid.axes, np.ix_(*cut), strict=True)) if cut else {}
        known: dict[str, Count] = dict(sizes)
        if any(atom.name in QUANTITIES for atom in self.atoms):
            cost = self.grid.cost(categories, sizes)
            known |= {name: getattr(cost, name) for name in QUANTITIES}
        bounds = {atom: atom.bounds(known[atom.name], known[atom.name]) for atom in self.atoms}
        shape = tuple(stop - start for start, stop in zip(first, last, strict=True))
        return Block(first, shape, self.shape, bounds, categories)


def block_shape(grid: Grid) -> tuple[int, ...]:
    """Return the number of values of each axis of sizes."""
    return tuple(len(axis) for axis in grid.axes.values()) or (1,)


def block_sides(shape: tuple[int, ...], block: int) -> tuple[int, ...]:
    """Return the sides of blocks of at most `block` designs, with the last axes whole.

    Examples
    --------
    >>> block_sides((100, 100, 100), 30_000)
    (3, 100, 100)
    """
    sides = []
    room = block
    for length in reversed(shape):
        side = max(1, min(length, room))
        sides.append(side)
        room //= side
    return tuple(reversed(sides))
