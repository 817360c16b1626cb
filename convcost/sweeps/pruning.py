"""Answers about whole regions of designs, of which most are never looked at."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from convcost.sweeps import fronts
from convcost.sweeps.boxes import BATCH, Boxes
from convcost.sweeps.conditions import largest_allowed

if TYPE_CHECKING:
    from collections.abc import Callable

    from convcost._typing import Numbers
    from convcost.sweeps.boxes import Region
    from convcost.sweeps.conditions import Condition
    from convcost.sweeps.polynomials import Bounds, Polynomial

    # Told how many designs are dealt with.
    Tell = Callable[[int], None]
    # Of boxes with their bounds, and whether each is in as a whole: which are dealt with.
    Settle = Callable[[Boxes, Bounds, Any], Any]

# Boxes that are halved at once when the best come first: fewer, since the next may be better.
_BEST = 1 << 12
# Boxes that are kept in order.
_TOGETHER = 1 << 20


def _sift(region: Region, condition: Condition, settle: Settle, tell: Tell) -> None:
    """Halve boxes until each is out, or settled."""
    for root in region.roots():
        pending = [root]
        while pending:
            boxes = pending.pop()
            if len(boxes) > BATCH:
                pending.append(boxes[BATCH:])
                boxes = boxes[:BATCH]
            bounds = region.bounds(boxes)
            sure, maybe = region.decide(condition, bounds, len(boxes))
            settled = settle(boxes, bounds, sure)
            left = maybe & ~settled
            tell(region.number(boxes[~left]))
            if np.any(left):
                pending.append(region.halved(boxes[left]))


def count(region: Region, condition: Condition, tell: Tell) -> int:
    """Return how many designs of a region fulfil a condition."""
    total = 0

    def settle(boxes: Boxes, bounds: Bounds, sure: Any) -> Any:
        nonlocal total
        total += region.number(boxes[sure])
        return sure

    _sift(region, condition, settle, tell)
    return total


def histogram(
    region: Region, key: Polynomial, edges: list[int], condition: Condition, tell: Tell
) -> list[int]:
    """Return how many designs of a region have a key from each edge to the next."""
    numbers = [0] * (len(edges) + 1)

    def settle(boxes: Boxes, bounds: Bounds, sure: Any) -> Any:
        low, high = region.evaluate("by", key, bounds, len(boxes))
        bins = np.searchsorted(edges, low, side="right")
        settled = sure & (bins == np.searchsorted(edges, high, side="right"))
        for place in np.unique(bins[settled]):
            numbers[place] += region.number(boxes[settled & (bins == place)])
        return settled

    _sift(region, condition, settle, tell)
    return numbers[1:-1]


def top(region: Region, k: int, key: Polynomial, condition: Condition, tell: Tell) -> Numbers:
    """Return the places of the k designs with the largest key, the best first.

    The boxes that may hold the largest keys are halved first, so most are never halved at all.
    """
    search = _Search(region, k, key, condition, tell)
    for root in region.roots():
        pending = [search.let_in(root)]
        while pending:
            boxes, high = search.wanted(*pending.pop())
            if not len(boxes):
                continue
            order = np.lexsort((*region.ranks(boxes)[::-1], -high))
            first, rest = np.split(order, [max(_BEST, len(order) // 4)])
            halves, values = search.let_in(region.halved(boxes[first]))
            later = boxes[rest], high[rest]
            if len(rest) + len(halves) <= _TOGETHER:
                pending.append((Boxes.joined([halves, later[0]]), np.append(values, later[1])))
            else:  # no more than that is held in order; the rest has to wait
                pending += [later, (halves, values)]
    return search.best.places


class _Search:
    """What is looked for, and what was found so far.

    Parameters
    ----------
    region
        The designs.
    k
        How many are wanted.
    key
        What has to be large.
    condition
        What a design must fulfil.
    tell
        Told how many designs are dealt with.
    """

    def __init__(
        self, region: Region, k: int, key: Polynomial, condition: Condition, tell: Tell
    ) -> None:
        self.region, self.key, self.condition, self.tell = region, key, condition, tell
        self.best = _Best(region, k)
        # No design above that fulfils the condition, whatever the corners of its box have.
        self.cap = min(largest_allowed(condition, key), np.iinfo(np.int64).max)

    def wanted(self, boxes: Boxes, high: Numbers) -> tuple[Boxes, Numbers]:
        """Return the boxes that still may hold a design that belongs to the best."""
        wanted = self.best.is_wanted(boxes, high)
        self.tell(self.region.number(boxes[~wanted]))
        return boxes[wanted], high[wanted]

    def let_in(self, boxes: Boxes) -> tuple[Boxes, Numbers]:
        """Return the boxes that have to be halved, with their largest keys; take the best."""
        bounds = self.region.bounds(boxes)
        sure, maybe = self.region.decide(self.condition, bounds, len(boxes))
        low, high = self.region.evaluate("by", self.key, bounds, len(boxes))
        high = np.minimum(high, self.cap)
        self._raise_the_bar(boxes, bounds)
        # Where all designs have the same key, the foremost of them can be named at once.
        level = sure & (low == high)
        wanted = level & self.best.is_wanted(boxes, high)
        places, owners = self.region.unpacked(boxes[wanted], self.best.k)
        self.best.take(places, high[wanted][owners])
        left = maybe & ~level & self.best.is_wanted(boxes, high)
        self.tell(self.region.number(boxes[~left]))
        return boxes[left], high[left]

    def _raise_the_bar(self, boxes: Boxes, bounds: Bounds) -> None:
        """Look at the corners, which are designs: k of them as good as a key rule out less."""
        reached = np.full(len(boxes), np.iinfo(np.int64).min)
        for upper in (0, 1):
            corner = self.region.at(boxes, bounds, upper)
            allowed, _ = self.region.decide(self.condition, corner, len(boxes))
            value, _ = self.region.evaluate("by", self.key, corner, len(boxes))
            reached = np.where(allowed, np.maximum(reached, value), reached)
        self.best.expect(reached)


class _Best:
    """The k best designs so far: the largest keys, and of equals those with the smaller axes."""

    def __init__(self, region: Region, k: int) -> None:
        self.region, self.k = region, k
        self.places = np.zeros((len(region.values), 0), dtype=np.int64)
        self.keys = np.zeros(0, dtype=np.int64)
        self.bar = np.iinfo(np.int64).min

    def expect(self, reached: Numbers) -> None:
        """Raise the bar to the kth of keys that designs in different boxes have."""
        if len(reached) >= self.k:
            self.bar = max(self.bar, int(np.partition(reached, -self.k)[-self.k]))

    def is_wanted(self, boxes: Boxes, high: Numbers) -> Numbers:
        """Tell which boxes may hold a design that belongs to the best."""
        wanted = np.asarray(high >= self.bar)
        if len(self.keys) == self.k:
            worst = self.region.ranks(self._box(self.places[:, -1:]))[:, 0]
            foremost = _is_before(self.region.ranks(boxes), worst)
            wanted &= (high > self.keys[-1]) | ((high == self.keys[-1]) & foremost)
        return wanted

    def take(self, places: Numbers, keys: Numbers) -> None:
        """Take designs where they are better."""
        if not len(keys):
            return
        self.places = np.concatenate([self.places, places], axis=1)
        self.keys = np.concatenate([self.keys, keys])
        ranks = self.region.ranks(self._box(self.places))
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
    region: Region,
    objectives: list[tuple[Polynomial, int]],
    condition: Condition,
    limit: int,
    tell: Tell,
) -> Numbers:
    """Return the places of designs among which all are that no design is better than.

    Parameters
    ----------
    region
        The designs.
    objectives
        What counts, with 1 where more is better and -1 where less is.
    condition
        What a design must fulfil.
    limit
        The most designs to return.
    tell
        Told how many designs are dealt with.
    """
    archive = fronts.Archive(len(objectives))
    found: list[tuple[Boxes, Numbers]] = []
    for root in region.roots():
        level = [root]
        while level:
            parts = [
                _sift_front(region, objectives, condition, boxes, archive, found, tell)
                for boxes in level
            ]
            level = _regrouped([region.halved(part) for part in parts if len(part)])
    return _front(region, found, limit)


def _sift_front(
    region: Region,
    objectives: list[tuple[Polynomial, int]],
    condition: Condition,
    boxes: Boxes,
    archive: fronts.Archive,
    found: list[tuple[Boxes, Numbers]],
    tell: Tell,
) -> Boxes:
    """Return the boxes that have to be halved; what can't be told apart is found."""
    bounds = region.bounds(boxes)
    sure, maybe = region.decide(condition, bounds, len(boxes))
    best, worst = _oriented(region, objectives, bounds, len(boxes))
    corners = []
    for upper in (0, 1):  # both corners are designs
        corner = region.at(boxes, bounds, upper)
        allowed, _ = region.decide(condition, corner, len(boxes))
        corners.append(_oriented(region, objectives, corner, len(boxes))[0][:, allowed])
    archive.add(np.concatenate(corners, axis=1))
    wanted = maybe & ~archive.beats(best)
    level = wanted & sure & np.all(best == worst, axis=0)
    if np.any(level):
        found.append((boxes[level], best[:, level]))
    left = wanted & ~level
    tell(region.number(boxes[~left]))
    return boxes[left]


def _regrouped(level: list[Boxes]) -> list[Boxes]:
    """Return boxes in groups of the size that is looked at together."""
    if not level:
        return []
    boxes = Boxes.joined(level)
    return [boxes[start : start + BATCH] for start in range(0, len(boxes), BATCH)]


def _front(region: Region, found: list[tuple[Boxes, Numbers]], limit: int) -> Numbers:
    if not found:
        return np.zeros((len(region.values), 0), dtype=np.int64)
    boxes = Boxes.joined([part for part, _ in found])
    boxes = boxes[fronts.is_best(np.concatenate([points for _, points in found], axis=1))]
    number = region.number(boxes)
    if number > limit:
        fronts.refuse_size(number, limit)
    return region.unpacked(boxes)[0]


def _oriented(
    region: Region, objectives: list[tuple[Polynomial, int]], bounds: Bounds, number: int
) -> tuple[Numbers, Numbers]:
    """Return the best and the worst of each objective in boxes, so that more is better."""
    best, worst = [], []
    for polynomial, sense in objectives:
        low, high = region.evaluate("an objective", polynomial, bounds, number)
        best.append(high if sense > 0 else -low)
        worst.append(low if sense > 0 else -high)
    return np.stack(best), np.stack(worst)
