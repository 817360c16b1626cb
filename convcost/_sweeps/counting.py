"""Answer questions by counting each design, in blocks, with Dask: on all cores or on a cluster.

Each task goes through a part of the blocks and keeps only its answer so far, so most of what it
counts is dropped at once. The answers of the parts are then merged.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from convcost._exact import arrays
from convcost._exact.scalars import check_number
from convcost._sweeps import fronts
from convcost._sweeps.blocks import BlockCounter, block_shape
from convcost._sweeps.grid import Designs

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Self, TypeVar, Unpack

    from distributed import Client

    from convcost._exact.types import Numbers
    from convcost._sweeps.blocks import Block
    from convcost._sweeps.conditions import Condition
    from convcost._sweeps.grid import Grid
    from convcost._sweeps.polynomials import Atom, Polynomial
    from convcost._sweeps.types import Categories, Engine, Found, Progress

    AnyAnswer = TypeVar("AnyAnswer", bound="Answer")

# Designs per block: enough to outweigh the overhead of calls; about 50 MB of memory.
BLOCK = 1 << 20
# Number of parts: enough to show progress, and to keep all cores busy until the end.
_PARTS = 256
# At least this many per thread of a cluster, so that none waits long for the last ones.
_PARTS_PER_THREAD = 4


class Answer(ABC):
    """An answer that is collected from blocks, and merged with others."""

    @abstractmethod
    def take(self, block: Block) -> None:
        """Add the designs of a block."""

    @abstractmethod
    def merge(self, other: Self) -> None:
        """Add another, finished answer."""

    def finish(self) -> None:  # noqa: B027 - most have nothing left to do
        """Complete the answer after the last block or merge."""


class CountAnswer(Answer):
    """The number of designs that fulfil a condition."""

    def __init__(self, condition: Condition) -> None:
        self.condition = condition
        self.total = 0

    def take(self, block: Block) -> None:
        """Count the designs of a block."""
        self.total += int(np.count_nonzero(block.fulfils(self.condition)))

    def merge(self, other: Self) -> None:
        """Add another count."""
        self.total += other.total


class HistogramAnswer(Answer):
    """The number of designs whose key lies in each bin."""

    def __init__(self, key: Polynomial, edges: list[int], condition: Condition) -> None:
        self.key, self.edges, self.condition = key, edges, condition
        self.totals = np.zeros(len(edges) + 1, dtype=np.int64)

    def take(self, block: Block) -> None:
        """Count the designs of a block."""
        values = block.evaluate("by", self.key)[block.fulfils(self.condition)]
        bins = np.searchsorted(self.edges, values, side="right")
        self.totals += np.bincount(bins, minlength=len(self.totals))

    def merge(self, other: Self) -> None:
        """Add the other counts."""
        self.totals += other.totals


class TopAnswer(Answer):
    """The k designs with the largest key; among equals the first ones."""

    def __init__(self, k: int, key: Polynomial, condition: Condition) -> None:
        self.k, self.key, self.condition = k, key, condition
        self.keys = np.zeros(0, dtype=np.int64)
        self.indices = np.zeros(0, dtype=np.int64)

    def take(self, block: Block) -> None:
        """Keep the better designs of a block."""
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
        self._take(values, block.indices(inside))

    def merge(self, other: Self) -> None:
        """Keep the better designs of another answer."""
        self._take(other.keys, other.indices)

    def _take(self, keys: Numbers, indices: Numbers) -> None:
        keys, indices = np.append(self.keys, keys), np.append(self.indices, indices)
        order = np.lexsort((indices, -keys))[: self.k]
        self.keys, self.indices = keys[order], indices[order]


class ParetoAnswer(Answer):
    """The designs on the Pareto front."""

    def __init__(
        self, objectives: list[tuple[Polynomial, int]], condition: Condition, limit: int
    ) -> None:
        self.objectives, self.condition, self.limit = objectives, condition, limit
        self.front = fronts.Front(len(objectives), labels=1)

    def take(self, block: Block) -> None:
        """Keep the designs of a block that no design so far dominates."""
        inside = np.flatnonzero(block.fulfils(self.condition))
        points = [
            sense * block.evaluate("an objective", polynomial).reshape(-1)[inside]
            for polynomial, sense in self.objectives
        ]
        self.front.add(np.stack(points), block.indices(inside)[None])
        self._check_size()

    def merge(self, other: Self) -> None:
        """Keep the designs of another answer that no design so far dominates."""
        self.front.add(other.front.points, other.front.labels)
        self._check_size()

    def finish(self) -> None:
        """Reduce the designs kept so far to their front."""
        self.front.finish()
        self._check_size()

    def _check_size(self) -> None:
        """Raise an error as soon as there are too many, before they take more memory."""
        number = len(self.indices)
        if number > self.limit:
            fronts.refuse_size(number, self.limit)

    @property
    def indices(self) -> Numbers:
        """Flat indices of the designs in the grid."""
        return np.asarray(self.front.labels[0])


def count(
    grid: Grid,
    condition: Condition,
    atoms: set[Atom],
    progress: Progress | None,
    **engine: Unpack[Engine],
) -> Found[int]:
    """Return for each variant the number of designs that fulfil a condition."""
    answers = _answers(grid, lambda: CountAnswer(condition), atoms, progress, **engine)
    return [(categories, answer.total) for categories, answer in answers]


def histogram(
    grid: Grid,
    key: Polynomial,
    edges: list[int],
    condition: Condition,
    atoms: set[Atom],
    progress: Progress | None,
    **engine: Unpack[Engine],
) -> Found[list[int]]:
    """Return for each variant the number of designs whose key lies in each bin."""
    answers = _answers(
        grid, lambda: HistogramAnswer(key, edges, condition), atoms, progress, **engine
    )
    return [(categories, answer.totals[1:-1].tolist()) for categories, answer in answers]


def top(
    grid: Grid,
    k: int,
    key: Polynomial,
    condition: Condition,
    atoms: set[Atom],
    progress: Progress | None,
    **engine: Unpack[Engine],
) -> Found[Designs]:
    """Return for each variant the k designs with the largest key."""
    answers = _answers(grid, lambda: TopAnswer(k, key, condition), atoms, progress, **engine)
    return [(categories, _designs(grid, answer.indices)) for categories, answer in answers]


def pareto(
    grid: Grid,
    objectives: list[tuple[Polynomial, int]],
    condition: Condition,
    limit: int,
    atoms: set[Atom],
    progress: Progress | None,
    **engine: Unpack[Engine],
) -> Found[Designs]:
    """Return for each variant the designs on the Pareto front."""
    answers = _answers(
        grid, lambda: ParetoAnswer(objectives, condition, limit), atoms, progress, **engine
    )
    return [(categories, _designs(grid, answer.indices)) for categories, answer in answers]


def _designs(grid: Grid, indices: Numbers) -> Designs:
    places = np.unravel_index(indices, block_shape(grid))
    sizes = {
        name: axis.ascending[place]
        for (name, axis), place in zip(grid.axes.items(), places, strict=False)
    }
    return Designs(len(indices), sizes)


def _answers(
    grid: Grid,
    begin: Callable[[], AnyAnswer],
    atoms: set[Atom],
    progress: Progress | None,
    *,
    client: Client | None = None,
    block: int = BLOCK,
) -> Found[AnyAnswer]:
    """Return for each variant the merged answer of all its blocks."""
    from convcost._sweeps import engines

    block = check_number("block", block, "a positive number of designs")
    if grid.size > arrays.INT64_MAX:
        raise OverflowError(
            f"{grid.size:,} designs are too many to count one by one; choose narrower axes"
        )
    variants = list(grid.variants())
    counter = BlockCounter(grid, atoms, block)
    wanted = max(_PARTS, _PARTS_PER_THREAD * engines.threads(client))
    parts = _split(counter.number, max(1, wanted // len(variants)))
    calls = [(counter, begin(), categories, part) for categories in variants for part in parts]
    results = engines.run_calls(_take_all, calls, progress, client)
    merged = [begin() for _ in variants]
    for place, result in enumerate(results):
        merged[place // len(parts)].merge(result)
    for answer in merged:
        answer.finish()
    return list(zip(variants, merged, strict=True))


def _take_all(
    counter: BlockCounter, answer: AnyAnswer, categories: Categories, numbers: range
) -> AnyAnswer:
    """Add the blocks with these numbers to an answer."""
    for block in counter.blocks(categories, numbers):
        answer.take(block)
    answer.finish()
    return answer


def _split(number: int, parts: int) -> list[range]:
    parts = min(number, parts)
    edges = [number * part // parts for part in range(parts + 1)]
    return [range(start, stop) for start, stop in pairwise(edges)]
