"""Answers about whole boxes of designs, of which most are never looked at."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from convcost.sweeps import fronts
from convcost.sweeps.boxes import BATCH, Boxes
from convcost.sweeps.conditions import largest_allowed

if TYPE_CHECKING:
    from collections.abc import Callable

    from convcost.exact.types import Numbers
    from convcost.sweeps.boxes import Subspace
    from convcost.sweeps.conditions import Condition
    from convcost.sweeps.polynomials import Bounds, Polynomial

    # Called with how many designs are dealt with.
    Advance = Callable[[int], None]
    # Of boxes with their bounds, and whether each is in as a whole: which are dealt with.
    Settle = Callable[[Boxes, Bounds, Any], Any]

# Boxes that are halved at once when the best come first: fewer, since the next may be better.
_BEST = 1 << 12
# Boxes that are kept in order.
_TOGETHER = 1 << 20


def _pop(pending: list[Boxes], number: int) -> Boxes:
    """Take the last boxes off a list, at most so many of them; the others stay."""
    boxes = pending.pop()
    if len(boxes) > number:
        pending.append(boxes[number:])
    return boxes[:number]


def _sift(subspace: Subspace, condition: Condition, settle: Settle, advance: Advance) -> None:
    """Halve boxes until each is out, or settled."""
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
    """Return how many designs of a subspace fulfil a condition."""
    total = 0

    def settle(boxes: Boxes, bounds: Bounds, sure: Any) -> Any:
        nonlocal total
        total += subspace.size_of(boxes[sure])
        return sure

    _sift(subspace, condition, settle, advance)
    return total


def histogram(
    subspace: Subspace, key: Polynomial, edges: list[int], condition: Condition, advance: Advance
) -> list[int]:
    """Return how many designs of a subspace have a key from each edge to the next."""
    numbers = [0] * (len(edges) + 1)

    def settle(boxes: Boxes, bounds: Bounds, sure: Any) -> Any:
        low, high = subspace.evaluate("by", key, bounds, len(boxes))
        bins = np.searchsorted(edges, low, side="right")
        settled = sure & (bins == np.searchsorted(edges, high, side="right"))
        for place in np.unique(bins[settled]):
            numbers[place] += subspace.size_of(boxes[settled & (bins == place)])
        return settled

    _sift(subspace, condition, settle, advance)
    return numbers[1:-1]


def top(
    subspace: Subspace, k: int, key: Polynomial, condition: Condition, advance: Advance
) -> dict[str, Numbers]:
    """Return the sizes of the k designs with the largest key, the best first.

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
            else:  # no more than that is held in order; the rest has to wait
                pending += [later, (halves, values)]
    return subspace.sizes(search.best.places)


class _Search:
    """What is looked for, and what was found so far.

    Parameters
    ----------
    subspace
        The designs.
    k
        How many are wanted.
    key
        What has to be large.
    condition
        What a design must fulfil.
    advance
        Called with how many designs are dealt with.
    """

    def __init__(
        self, subspace: Subspace, k: int, key: Polynomial, condition: Condition, advance: Advance
    ) -> None:
        self.subspace, self.key, self.condition, self.advance = subspace, key, condition, advance
        self.best = _Best(subspace, k)
        # No design above that fulfils the condition, whatever the corners of its box have.
        self.cap = min(largest_allowed(condition, key), np.iinfo(np.int64).max)

    def wanted(self, boxes: Boxes, high: Numbers) -> tuple[Boxes, Numbers]:
        """Return the boxes that still may hold a design that belongs to the best."""
        wanted = self.best.is_wanted(boxes, high)
        self.advance(self.subspace.size_of(boxes[~wanted]))
        return boxes[wanted], high[wanted]

    def let_in(self, boxes: Boxes) -> tuple[Boxes, Numbers]:
        """Return the boxes that have to be halved, with their largest keys; take the best."""
        bounds = self.subspace.bounds(boxes)
        sure, maybe = self.subspace.decide(self.condition, bounds, len(boxes))
        low, high = self.subspace.evaluate("by", self.key, bounds, len(boxes))
        high = np.minimum(high, self.cap)
        self._raise_the_bar(boxes, bounds)
        # Where all designs have the same key, the foremost of them can be named at once.
        level = sure & (low == high)
        wanted = level & self.best.is_wanted(boxes, high)
        places, owners = self.subspace.unpacked(boxes[wanted], self.best.k)
        self.best.take(places, high[wanted][owners])
        left = maybe & ~level & self.best.is_wanted(boxes, high)
        self.advance(self.subspace.size_of(boxes[~left]))
        return boxes[left], high[left]

    def _raise_the_bar(self, boxes: Boxes, bounds: Bounds) -> None:
        """Look at the corners, which are designs: k of them as good as a key rule out less."""
        reached = np.full(len(boxes), np.iinfo(np.int64).min)
        for upper in (0, 1):
            corner = self.subspace.at(boxes, bounds, upper)
            allowed, _ = self.subspace.decide(self.condition, corner, len(boxes))
            value, _ = self.subspace.evaluate("by", self.key, corner, len(boxes))
            reached = np.where(allowed, np.maximum(reached, value), reached)
        self.best.expect(reached)


class _Best:
    """The k best designs so far: the largest keys, and of equals those with the smaller axes."""

    def __init__(self, subspace: Subspace, k: int) -> None:
        self.subspace, self.k = subspace, k
        self.places = np.zeros((len(subspace.values), 0), dtype=np.int64)
        self.keys = np.zeros(0, dtype=np.int64)
        self.bar = np.iinfo(np.int64).min

    def expect(self, reached: Numbers) -> None:
        """Raise the bar to the kth of keys that designs in different boxes have."""
        if len(reached) >= self.k:
            self.bar = max(self.bar, int(np.partition(reached, -self.k)[-self.k]))

    def is_wanted(self, boxes: Boxes, high: Numbers) -> Numbers:
        """Advance which boxes may hold a design that belongs to the best."""
        wanted = np.asarray(high >= self.bar)
        if len(self.keys) == self.k:
            worst = self.subspace.ranks(self._box(self.places[:, -1:]))[:, 0]
            foremost = _is_before(self.subspace.ranks(boxes), worst)
            wanted &= (high > self.keys[-1]) | ((high == self.keys[-1]) & foremost)
        return wanted

    def take(self, places: Numbers, keys: Numbers) -> None:
        """Take designs where they are better."""
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
    """Advance which columns come before another in the order of the axes."""
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
) -> dict[str, Numbers]:
    """Return the sizes of designs among which all are that no design is better than."""
    search = _FrontSearch(subspace, objectives, condition, advance)
    for root in subspace.roots():
        # Boxes of the same size are looked at together, and what one finds rules out others; but
        # no more than memory has room for.
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
    return subspace.sizes(subspace.unpacked(boxes)[0])


class _FrontSearch:
    """The search for the designs that none is better than, for `pareto`."""

    def __init__(
        self,
        subspace: Subspace,
        objectives: list[tuple[Polynomial, int]],
        condition: Condition,
        advance: Advance,
    ) -> None:
        self.subspace, self.objectives = subspace, objectives
        self.condition, self.advance = condition, advance
        # What is known to exist, wherever, and what needs no more halving.
        self.archive = fronts.Archive(len(objectives))
        self.front = fronts.Front(len(objectives), labels=2 * len(subspace.names))

    def sift(self, boxes: Boxes) -> Boxes:
        """Return the boxes that have to be halved; what can't be told apart is found."""
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
        """Let the corners, which are designs, rule out what they are better than."""
        corners = []
        for upper in (0, 1):
            corner = self.subspace.at(boxes, bounds, upper)
            allowed, _ = self.subspace.decide(self.condition, corner, len(boxes))
            points, _ = _oriented(self.subspace, self.objectives, corner, len(boxes))
            corners.append(points[:, allowed])
        self.archive.add(np.concatenate(corners, axis=1))

    def found(self) -> Boxes:
        """Return the boxes whose designs none is better than."""
        self.front.finish()
        return Boxes(*np.split(self.front.labels, 2))


def _oriented(
    subspace: Subspace, objectives: list[tuple[Polynomial, int]], bounds: Bounds, number: int
) -> tuple[Numbers, Numbers]:
    """Return the best and the worst of each objective in boxes, so that more is better."""
    best, worst = [], []
    for polynomial, sense in objectives:
        low, high = subspace.evaluate("an objective", polynomial, bounds, number)
        best.append(high if sense > 0 else -low)
        worst.append(low if sense > 0 else -high)
    return np.stack(best), np.stack(worst)
