"""Answers from counting each design, in blocks, by Dask: on all cores, or on a cluster.

A part of the blocks is gone through by one task, which keeps what it has found so far: so most of
what it counts is dropped at once. What the parts have found is merged.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from itertools import pairwise
from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np

from convcost.exact import arithmetic, arrays
from convcost.exact.scalars import refuse
from convcost.sweeps import fronts
from convcost.sweeps.conditions import QUANTITIES, atoms_of
from convcost.sweeps.polynomials import Atom

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from typing import Self

    import pandas as pd

    from convcost.exact.types import Numbers
    from convcost.sweeps.conditions import Condition
    from convcost.sweeps.polynomials import Bounds, Polynomial
    from convcost.sweeps.space import Space

    Found = list[tuple[Mapping[str, Any], Mapping[str, Numbers]]]

# Designs of a block: enough that NumPy's passes outweigh the calls, some 50 MB of memory.
BLOCK = 1 << 20
# Parts to deal out: enough for progress to be seen, and for no core to wait long at the end.
_PARTS = 256
# But for each thread of a cluster several, so that none waits long for the last ones.
_PARTS_PER_THREAD = 4


@dataclass(frozen=True)
class Block:
    """Neighbouring designs with the same words, counted.

    Parameters
    ----------
    first
        For each axis the place of its first value.
    shape
        Values of each axis.
    whole
        Values of each axis in the whole space.
    bounds
        What is known of the designs, the lower bounds being the upper ones.
    words
        The words that they share.
    """

    first: tuple[int, ...]
    shape: tuple[int, ...]
    whole: tuple[int, ...]
    bounds: Bounds
    words: Mapping[str, Any]

    def fulfils(self, condition: Condition) -> Numbers:
        """Tell which designs fulfil a condition."""
        sure, _ = condition.decide(self.bounds, self.words)
        return np.broadcast_to(sure, self.shape)

    def evaluate(self, name: str, polynomial: Polynomial) -> Numbers:
        """Return the values of a polynomial; OverflowError, by that name, beyond int64."""
        if not polynomial.fits(self.bounds):
            raise OverflowError(
                f"{name} may exceed the {arrays.INT64_MAX:,} that int64 holds; choose smaller axes"
            )
        values, _ = polynomial.bounds(self.bounds)
        return np.broadcast_to(np.asarray(values, dtype=np.int64), self.shape)

    def numbers(self, inside: Numbers) -> Numbers:
        """Return where designs, by their place in the block, stand in the whole space."""
        places = np.unravel_index(inside, self.shape)
        return np.asarray(
            np.ravel_multi_index(
                tuple(place + start for place, start in zip(places, self.first, strict=True)),
                self.whole,
            )
        )


class Answer(ABC):
    """What is found in blocks, and merged."""

    @abstractmethod
    def take(self, block: Block) -> None:
        """Take what a block has."""

    @abstractmethod
    def merge(self, other: Self) -> None:
        """Take what another answer has, which is finished."""

    def finish(self) -> None:  # noqa: B027 - most have nothing left to do
        """Be what was asked for, after the last one was taken or merged."""


class Number(Answer):
    """How many designs fulfil a condition."""

    def __init__(self, condition: Condition) -> None:
        self.condition = condition
        self.total = 0

    def take(self, block: Block) -> None:
        """Count those of a block."""
        self.total += int(np.count_nonzero(block.fulfils(self.condition)))

    def merge(self, other: Self) -> None:
        """Add another number."""
        self.total += other.total


class Bins(Answer):
    """How many designs have a key between which edges."""

    def __init__(self, key: Polynomial, edges: list[int], condition: Condition) -> None:
        self.key, self.edges, self.condition = key, edges, condition
        self.totals = np.zeros(len(edges) + 1, dtype=np.int64)

    def take(self, block: Block) -> None:
        """Count those of a block."""
        values = block.evaluate("by", self.key)[block.fulfils(self.condition)]
        bins = np.searchsorted(self.edges, values, side="right")
        self.totals += np.bincount(bins, minlength=len(self.totals))

    def merge(self, other: Self) -> None:
        """Add other numbers."""
        self.totals += other.totals


class Best(Answer):
    """The k designs with the largest key; of equals the foremost."""

    def __init__(self, k: int, key: Polynomial, condition: Condition) -> None:
        self.k, self.key, self.condition = k, key, condition
        self.keys = np.zeros(0, dtype=np.int64)
        self.numbers = np.zeros(0, dtype=np.int64)

    def take(self, block: Block) -> None:
        """Take those of a block that are better."""
        keys = block.evaluate("by", self.key)
        wanted = block.fulfils(self.condition)
        if len(self.keys) == self.k:
            wanted = wanted & (keys >= self.keys[-1])
        inside = np.flatnonzero(wanted)
        values = keys.reshape(-1)[inside] if len(inside) else np.zeros(0, dtype=np.int64)
        if len(inside) > self.k:
            bar = np.partition(values, -self.k)[-self.k]
            above, level = values > bar, np.flatnonzero(values == bar)
            chosen = np.append(np.flatnonzero(above), level[: self.k - np.count_nonzero(above)])
            inside, values = inside[chosen], values[chosen]
        self._take(values, block.numbers(inside))

    def merge(self, other: Self) -> None:
        """Take those of another answer that are better."""
        self._take(other.keys, other.numbers)

    def _take(self, keys: Numbers, numbers: Numbers) -> None:
        keys, numbers = np.append(self.keys, keys), np.append(self.numbers, numbers)
        order = np.lexsort((numbers, -keys))[: self.k]
        self.keys, self.numbers = keys[order], numbers[order]


class Front(Answer):
    """The designs that none is better than."""

    def __init__(
        self, objectives: list[tuple[Polynomial, int]], condition: Condition, limit: int
    ) -> None:
        self.objectives, self.condition, self.limit = objectives, condition, limit
        self.front = fronts.Front(len(objectives), labels=1)

    def take(self, block: Block) -> None:
        """Take those of a block that none so far is better than."""
        inside = np.flatnonzero(block.fulfils(self.condition))
        points = [
            sense * block.evaluate("an objective", polynomial).reshape(-1)[inside]
            for polynomial, sense in self.objectives
        ]
        self.front.add(np.stack(points), block.numbers(inside)[None])
        self._check_size()

    def merge(self, other: Self) -> None:
        """Take those of another answer that none so far is better than."""
        self.front.add(other.front.points, other.front.labels)
        self._check_size()

    def finish(self) -> None:
        """Find the best of all that were taken."""
        self.front.finish()
        self._check_size()

    def _check_size(self) -> None:
        """Refuse too many as soon as they are known, before they take more memory."""
        number = len(self.numbers)
        if number > self.limit:
            fronts.refuse_size(number, self.limit)

    @property
    def numbers(self) -> Numbers:
        """Where the designs stand in the space."""
        return np.asarray(self.front.labels[0])


def count(space: Space, condition: Condition, progress: Any = None, **engine: Any) -> int:
    """Return how many designs fulfil a condition."""
    answers = _answers(space, lambda: Number(condition), condition, (), progress, **engine)
    return sum(answer.total for _, answer in answers)


def histogram(
    space: Space,
    key: Polynomial,
    edges: list[int],
    condition: Condition,
    progress: Any = None,
    **engine: Any,
) -> list[int]:
    """Return how many designs have a key from each edge to the next."""
    answers = _answers(
        space, lambda: Bins(key, edges, condition), condition, (key,), progress, **engine
    )
    return [int(number) for number in sum(answer.totals for _, answer in answers)[1:-1]]


def top(
    space: Space, k: int, key: Polynomial, condition: Condition, progress: Any = None, **engine: Any
) -> Found:
    """Return for each choice of words the k designs with the largest key."""
    answers = _answers(
        space, lambda: Best(k, key, condition), condition, (key,), progress, **engine
    )
    return [(words, _sizes(space, answer.numbers)) for words, answer in answers]


def pareto(
    space: Space,
    objectives: list[tuple[Polynomial, int]],
    condition: Condition,
    limit: int,
    progress: Any = None,
    **engine: Any,
) -> Found:
    """Return for each choice of words the designs that none is better than."""
    polynomials = tuple(polynomial for polynomial, _ in objectives)
    answers = _answers(
        space,
        lambda: Front(objectives, condition, limit),
        condition,
        polynomials,
        progress,
        **engine,
    )
    return [(words, _sizes(space, answer.numbers)) for words, answer in answers]


def _sizes(space: Space, numbers: Numbers) -> dict[str, Numbers]:
    places = np.unravel_index(numbers, _shape(space))
    return {
        name: axis.ascending[place]
        for (name, axis), place in zip(space.axes.items(), places, strict=False)
    }


def _shape(space: Space) -> tuple[int, ...]:
    return tuple(len(axis) for axis in space.axes.values()) or (1,)


def _answers(
    space: Space,
    begin: Callable[[], Any],
    condition: Condition,
    polynomials: tuple[Polynomial, ...],
    progress: Any,
    *,
    client: Any = None,
    block: Any = BLOCK,
) -> list[tuple[Mapping[str, Any], Any]]:
    """Return for each choice of words the answer that all its blocks make."""
    from convcost.sweeps import engines

    if isinstance(block, bool) or not isinstance(block, int) or block < 1:
        refuse(TypeError, "block", block, "a positive number of designs")
    if space.size > arrays.INT64_MAX:
        raise OverflowError(
            f"{space.size:,} designs are too many to count each; choose narrower axes"
        )
    atoms = atoms_of(condition, polynomials)
    variants = list(space.variants())
    counter = BlockCounter(space, atoms, block)
    wanted = max(_PARTS, _PARTS_PER_THREAD * engines.threads(client))
    shares = _shares(counter.number, max(1, wanted // len(variants)))
    parts = [(words, share) for words in variants for share in shares]
    results = engines.run(counter.answer, [(begin(), *part) for part in parts], progress, client)
    merged = [begin() for _ in variants]
    for place, result in enumerate(results):
        merged[place // len(shares)].merge(result)
    for answer in merged:
        answer.finish()
    return list(zip(variants, merged, strict=True))


def _shares(number: int, parts: int) -> list[range]:
    parts = min(number, parts)
    edges = [number * part // parts for part in range(parts + 1)]
    return [range(start, stop) for start, stop in pairwise(edges)]


class BlockCounter:
    """What counts a space block by block.

    Parameters
    ----------
    space
        The design space.
    atoms
        What has to be known of a design.
    block
        Number of designs of a block, at most.
    """

    def __init__(self, space: Space, atoms: set[Atom], block: int) -> None:
        self.space, self.atoms = space, sorted(atoms)
        self.shape = _shape(space)
        self.sides = block_sides(self.shape, block)
        self.blocks = tuple(
            -(-length // side) for length, side in zip(self.shape, self.sides, strict=True)
        )
        self.number = prod(self.blocks)

    def answer(self, answer: Answer, words: Mapping[str, Any], share: range) -> Answer:
        """Let an answer take all blocks of a share."""
        for block in self.counted(words, share):
            answer.take(block)
        answer.finish()
        return answer

    def counted(self, words: Mapping[str, Any], share: range) -> Iterator[Block]:
        """Yield blocks by their numbers, counted."""
        for number in share:
            yield self._block(words, number)

    def table(self, words: Mapping[str, Any], number: int, condition: Condition) -> pd.DataFrame:
        """Return the designs of a block that fulfil a condition, a row for each."""
        import pandas as pd

        block = self._block(words, number)
        inside = np.flatnonzero(block.fulfils(condition))
        places = np.unravel_index(inside, block.shape)
        columns: dict[str, Any] = {}
        for name in self.space.dims:
            if name in words:
                columns[name] = pd.Series([words[name]] * len(inside), dtype=object)
        for (name, axis), place, start in zip(
            self.space.axes.items(), places, block.first, strict=False
        ):
            columns[name] = axis.ascending[start + place]
        known = {name: block.bounds[Atom(name)][0] for name in QUANTITIES}
        known["flops"] = arithmetic.add("flops", known["macs"], known["macs"])
        for name, values in known.items():
            columns[name] = np.broadcast_to(values, block.shape)[places]
        order = [*self.space.dims, *QUANTITIES, "flops"]
        return pd.DataFrame({name: columns[name] for name in order})

    def _block(self, words: Mapping[str, Any], number: int) -> Block:
        places = np.unravel_index(number, self.blocks)
        first = tuple(int(place) * side for place, side in zip(places, self.sides, strict=True))
        last = tuple(
            min(start + side, length)
            for start, side, length in zip(first, self.sides, self.shape, strict=True)
        )
        cut = [
            axis.ascending[start:stop]
            for axis, start, stop in zip(self.space.axes.values(), first, last, strict=False)
        ]
        sizes = dict(zip(self.space.axes, np.ix_(*cut), strict=True)) if cut else {}
        known: dict[str, Any] = dict(sizes)
        if any(atom.name in QUANTITIES for atom in self.atoms):
            cost = self.space.cost(words, sizes)
            known |= {name: getattr(cost, name) for name in QUANTITIES}
        bounds = {atom: atom.bounds(known[atom.name], known[atom.name]) for atom in self.atoms}
        shape = tuple(stop - start for start, stop in zip(first, last, strict=True))
        return Block(first, shape, self.shape, bounds, words)


def block_sides(shape: tuple[int, ...], block: int) -> tuple[int, ...]:
    """Return the sides of blocks of so many designs at most, the last axes whole.

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
