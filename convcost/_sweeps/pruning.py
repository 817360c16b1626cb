"""Answer questions by whole boxes of designs, most of which are never looked into."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from convcost._sweeps import fronts
from convcost._sweeps.boxes import BATCH, Boxes
from convcost._sweeps.conditions import largest_allowed

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeAlias

    from convcost._exact.types import Numbers
    from convcost._sweeps.boxes import Subspace
    from convcost._sweeps.conditions import Condition
    from convcost._sweeps.grid import Designs
    from convcost._sweeps.polynomials import Bounds, Polynomial

    # Called with the number of designs decided.
    Advance: TypeAlias = Callable[[int], None]
    # Takes boxes, their bounds, and which are accepted as a whole; returns which are settled.
    Settle: TypeAlias = Callable[[Boxes, Bounds, Numbers], Numbers]

# Boxes halved at once in a best-first search: fewer, since their halves may be better.
_BEST = 1 << 12
# Boxes kept in order.
_TOGETHER = 1 << 20


def _pop(pending: list[Boxes], number: int) -> Boxes:
    """Remove and return at most `number` boxes of the last item of a list."""
    boxes = pending.pop()
    if len(boxes) > number:
        pending.append(boxes[number:])
    return boxes[:number]


def _sift(subspace: Subspace, condition: Condition, settle: Settle, advance: Advance) -> None:
    """Halve boxes until each is rejected or settled."""
    for root in subspace.roots():
        pending = [root]
        while pending:
            boxes = _pop(pending, BATCH)
            bounds = subspace.bounds(boxes)
            sure, maybe = subspace.decide(condition, bounds, len(boxes))
            settled = settle(boxes, bounds, sure)
            left = maybe & ~settled
            advance(subspace.size_of(boxes[~left]))
            if np.any(left):
                pending.append(subspace.halved(boxes[left]))


def count(subspace: Subspace, condition: Condition, advance: Advance) -> int:
    """Return the number of designs of a subspace that fulfil a condition."""
    total = 0

    def settle(boxes: Boxes, bounds: Bounds, sure: Numbers) -> Numbers:
        nonlocal total
        total += subspace.size_of(boxes[sure])
        return sure

    _sift(subspace, condition, settle, advance)
    return total


def histogram(
    subspace: Subspace, key: Polynomial, edges: list[int], condition: Condition, advance: Advance
) -> list[int]:
    """Return the number of designs of a subspace whose key lies in each bin."""
    numbers = [0] * (len(edges) + 1)

    def settle(boxes: Boxes, bounds: Bounds, sure: Numbers) -> Numbers:
        low, high = subspace.evaluate("by", key, bounds, len(boxes))
        bins = np.searchsorted(edges, low, side="right")
        settled: Numbers = sure & (bins == np.searchsorted(edges, high, side="right"))
        for place in np.unique(bins[settled]):
            numbers[place] += subspace.size_of(boxes[settled & (bins == place)])
        return settled

    _sift(subspace, condition, settle, advance)
    return numbers[1:-1]


def top(
    subspace: Subspace, k: int, key: Polynomial, condition: Condition, advance: Advance
) -> Designs:
    """Return the k designs with the largest key, best first.

    The boxes that may hold the largest keys are halved first, so most are never halved at all.
    """
    search = _Search(subspace, k, key, condition, advance)
    for root in subspace.roots():
        pending = [search.let_in(root)]
        while pending:
            boxes, high = search.wanted(*pending.pop())
            if not len(boxes):
                continue
            order = np.lexsort((*subspace.ranks(boxes)[::-1], -high))
            first, rest = np.split(order, [max(_BEST, len(order) // 4)])
            halves, values = search.let_in(subspace.halved(boxes[first]))
            later = boxes[rest], high[rest]
            if len(rest) + len(halves) <= _TOGETHER:
                pending.append((Boxes.joined([halves, later[0]]), np.append(values, later[1])))
            else:  # at most this many are kept in order; the rest waits
                pending += [later, (halves, values)]
    return subspace.designs(search.best.places)


class _Search:
    """The state of a `top` search.

    Parameters
    ----------
    subspace
        The designs.
    k
        Number of designs wanted.
    key
        What to maximize.
    condition
        The condition that designs must fulfil.
    advance
        Called with the number of designs decided.
    """

    def __init__(
        self, subspace: Subspace, k: int, key: Polynomial, condition: Condition, advance: Advance
    ) -> None:
        self.subspace, self.key, self.condition, self.advance = subspace, key, condition, advance
        self.best = _Best(subspace, k)
        # No design with a larger key fulfils the condition, whatever the bounds of its box.
        ends = np.iinfo(np.int64)
        self.cap = max(min(largest_allowed(condition, key), int(ends.max)), int(ends.min))

    def wanted(self, boxes: Boxes, high: Numbers) -> tuple[Boxes, Numbers]:
        """Return the boxes that may still hold one of the best designs."""
        wanted = self.best.is_wanted(boxes, high)
        self.advance(self.subspace.size_of(boxes[~wanted]))
        return boxes[wanted], high[wanted]

    def let_in(self, boxes: Boxes) -> tuple[Boxes, Numbers]:
        """Keep the best designs known; return the boxes left to halve, with their largest keys."""
        bounds = self.subspace.bounds(boxes)
        sure, maybe = self.subspace.decide(self.condition, bounds, len(boxes))
        low, high = self.subspace.evaluate("by", self.key, bounds, len(boxes))
        high = np.minimum(high, self.cap)
        self._raise_the_bar(boxes, bounds)
        # Where all designs of a box have the same key, its first ones are the best.
        level = sure & (low == high)
        wanted = level & self.best.is_wanted(boxes, high)
        places, owners = self.subspace.unpacked(boxes[wanted], self.best.k)
        self.best.take(places, high[wanted][owners])
        left = maybe & ~level & self.best.is_wanted(boxes, high)
        self.advance(self.subspace.size_of(boxes[~left]))
        return boxes[left], high[left]

    def _raise_the_bar(self, boxes: Boxes, bounds: Bounds) -> None:
        """Raise the bar to the kth largest key among the corners, which are designs."""
        reached = np.full(len(boxes), np.iinfo(np.int64).min)
        for upper in (0, 1):
            corner = self.subspace.at(boxes, bounds, upper)
            allowed, _ = self.subspace.decide(self.condition, corner, len(boxes))
            value, _ = self.subspace.evaluate("by", self.key, corner, len(boxes))
            reached = np.where(allowed, np.maximum(reached, value), reached)
        self.best.expect(reached)


class _Best:
    """The k best designs so far: the largest keys, and among equals the smaller axes."""

    def __init__(self, subspace: Subspace, k: int) -> None:
        self.subspace, self.k = subspace, k
        self.places = np.zeros((len(subspace.values), 0), dtype=np.int64)
        self.keys = np.zeros(0, dtype=np.int64)
        self.bar = np.iinfo(np.int64).min

    def expect(self, reached: Numbers) -> None:
        """Raise the bar to the kth largest of the keys reached in different boxes."""
        if len(reached) >= self.k:
            self.bar = max(self.bar, int(np.partition(reached, -self.k)[-self.k]))

    def is_wanted(self, boxes: Boxes, high: Numbers) -> Numbers:
        """Tell which boxes may hold one of the best designs."""
        wanted = np.asarray(high >= self.bar)
        if len(self.keys) == self.k:
            worst = self.subspace.ranks(self._box(self.places[:, -1:]))[:, 0]
            foremost = _is_before(self.subspace.ranks(boxes), worst)
            wanted &= (high > self.keys[-1]) | ((high == self.keys[-1]) & foremost)
        return wanted

    def take(self, places: Numbers, keys: Numbers) -> None:
        """Keep the designs that are better than those so far."""
        if not len(keys):
            return
        self.places = np.concatenate([self.places, places], axis=1)
        self.keys = np.concatenate([self.keys, keys])
        ranks = self.subspace.ranks(self._box(self.places))
        order = np.lexsort((*ranks[::-1], -self.keys))[: self.k]
        self.places, self.keys = self.places[:, order], self.keys[order]
        if len(self.keys) == self.k:
            self.bar = max(self.bar, int(self.keys[-1]))

    @staticmethod
    def _box(places: Numbers) -> Boxes:
        return Boxes(places, places)


def _is_before(ranks: Numbers, other: Numbers) -> Numbers:
    """Tell which columns come before another in the order of the axes."""
    before = np.zeros(ranks.shape[1], dtype=bool)
    equal = np.ones(ranks.shape[1], dtype=bool)
    for row, value in zip(ranks, other, strict=True):
        before |= equal & (row < value)
        equal &= row == value
    return before


def pareto(
    subspace: Subspace,
    objectives: list[tuple[Polynomial, int]],
    condition: Condition,
    limit: int,
    advance: Advance,
) -> Designs:
    """Return designs that include the whole Pareto front."""
    search = _FrontSearch(subspace, objectives, condition, advance)
    for root in subspace.roots():
        # Boxes of the same size are handled together, so that each can rule out others, but no
        # more than fit into memory.
        pending = [root]
        while pending:
            boxes = _pop(pending, _TOGETHER)
            parts = [boxes[start : start + BATCH] for start in range(0, len(boxes), BATCH)]
            left = [part for part in map(search.sift, parts) if len(part)]
            if left:
                pending.append(Boxes.joined([subspace.halved(part) for part in left]))
    boxes = search.found()
    number = subspace.size_of(boxes)
    if number > limit:
        fronts.refuse_size(number, limit)
    return subspace.designs(subspace.unpacked(boxes)[0])


class _FrontSearch:
    """The state of a `pareto` search."""

    def __init__(
        self,
        subspace: Subspace,
        objectives: list[tuple[Polynomial, int]],
        condition: Condition,
        advance: Advance,
    ) -> None:
        self.subspace, self.objectives = subspace, objectives
        self.condition, self.advance = condition, advance
        # Points that exist somewhere, and the boxes that need no more halving.
        self.archive = fronts.Archive(len(objectives))
        self.front = fronts.Front(len(objectives), labels=2 * len(subspace.names))

    def sift(self, boxes: Boxes) -> Boxes:
        """Return the boxes left to halve; those whose designs are all equal go to the front."""
        subspace = self.subspace
        bounds = subspace.bounds(boxes)
        sure, maybe = subspace.decide(self.condition, bounds, len(boxes))
        best, worst = _oriented(subspace, self.objectives, bounds, len(boxes))
        self._look_at_corners(boxes, bounds)
        wanted = maybe & ~self.archive.beats(best)
        level = wanted & sure & np.all(best == worst, axis=0)
        if np.any(level):
            found = boxes[level]
            self.front.add(best[:, level], np.concatenate([found.low, found.high]))
        left = wanted & ~level
        self.advance(subspace.size_of(boxes[~left]))
        return boxes[left]

    def _look_at_corners(self, boxes: Boxes, bounds: Bounds) -> None:
        """Add the corners, which are designs, to the archive that rules out others."""
        corners = []
        for upper in (0, 1):
            corner = self.subspace.at(boxes, bounds, upper)
            allowed, _ = self.subspace.decide(self.condition, corner, len(boxes))
            points, _ = _oriented(self.subspace, self.objectives, corner, len(boxes))
            corners.append(points[:, allowed])
        self.archive.add(np.concatenate(corners, axis=1))

    def found(self) -> Boxes:
        """Return the boxes on the front."""
        self.front.finish()
        return Boxes(*np.split(self.front.labels, 2))


def _oriented(
    subspace: Subspace, objectives: list[tuple[Polynomial, int]], bounds: Bounds, number: int
) -> tuple[Numbers, Numbers]:
    """Return the best and the worst value of each objective in boxes, so that more is better."""
    best, worst = [], []
    for polynomial, sense in objectives:
        low, high = subspace.evaluate("an objective", polynomial, bounds, number)
        best.append(high if sense > 0 else -low)
        worst.append(low if sense > 0 else -high)
    return np.stack(best), np.stack(worst)
