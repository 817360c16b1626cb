"""Find the Pareto front of many points, exactly.

moocore does the sorting, in float64, so counts that float64 can't hold exactly are passed to it as
ranks. More is better in every objective.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn

import numpy as np

from convcost._sweeps.extras import require

if TYPE_CHECKING:
    from convcost._exact.types import Numbers

# Cells of the table that an archive looks points up in: a few megabytes.
_CELLS = 1 << 18
# How many points may wait before an archive is rebuilt: at most this, plus a share of its size.
_WAITING = 1 << 10
_POINTS_PER_WAITING = 4
# float64 holds every integer up to this one.
_EXACT = 1 << 53


def is_best(points: Numbers, *, equals: bool = True) -> Numbers:
    """Tell which points no other point dominates; without `equals`, keep one of equal points.

    Examples
    --------
    >>> is_best(np.array([[1, 2, 2, 0], [5, 4, 4, 4]])).tolist()
    [True, True, True, False]
    """
    require("moocore")
    import moocore

    if points.shape[1] == 0:
        return np.zeros(0, dtype=bool)
    if len(points) == 1:
        best: Numbers = np.asarray(points[0] == points[0].max())
        return best if equals else best & (np.cumsum(best) == 1)
    columns = np.stack([_exact_floats(row) for row in points], axis=1)
    return np.asarray(moocore.is_nondominated(columns, maximise=True, keep_weakly=equals))


def _exact_floats(row: Numbers) -> Numbers:
    """Return floats in the order of the integers, equal exactly where the integers are."""
    if row.min() < -_EXACT or row.max() > _EXACT:
        row = np.unique(row, return_inverse=True)[1]
    return row.astype(np.float64)


class Archive:
    """The Pareto front so far, and a table to look up what it dominates.

    Parameters
    ----------
    objectives
        Number of objectives.
    """

    def __init__(self, objectives: int) -> None:
        self.points = np.zeros((objectives, 0), dtype=np.int64)
        self._waiting: list[Numbers] = []
        self._grid: list[Numbers] = []
        self._table: Numbers | None = None

    def add(self, points: Numbers) -> None:
        """Add the points that are not dominated, now or together with later ones."""
        self._waiting.append(points[:, ~self.beats(points)])
        waiting = sum(some.shape[1] for some in self._waiting)
        if (
            waiting
            > min(_WAITING, self.points.shape[1]) + self.points.shape[1] // _POINTS_PER_WAITING
        ):
            self.finish()

    def finish(self) -> None:
        """Reduce the points added so far to their front."""
        together = np.concatenate([self.points, *self._waiting], axis=1)
        self.replace(together[:, is_best(together, equals=False)])

    def replace(self, points: Numbers) -> None:
        """Replace all points by these, none of which dominates another."""
        self.points, self._waiting = points, []
        if points.shape[1]:
            self._tabulate()

    def beats(self, points: Numbers) -> Numbers:
        """Tell which points are dominated by a point of the archive.

        A True is certain; with many objectives some dominated points may be missed.
        """
        *others, last = points
        if self._table is None:
            return np.zeros(points.shape[1], dtype=bool)
        inside = np.ones(points.shape[1], dtype=bool)
        better = np.zeros(points.shape[1], dtype=bool)
        places = []
        for grid, row in zip(self._grid, others, strict=True):
            place = np.searchsorted(grid, row, side="left")
            inside &= place < len(grid)
            place = np.minimum(place, len(grid) - 1)
            better |= grid[place] > row
            places.append(place)
        reached = self._table[tuple(places)]
        beaten: Numbers = inside & ((reached > last) | (better & (reached == last)))
        return beaten

    def _tabulate(self) -> None:
        """Tabulate the largest last objective over a grid of all the other objectives."""
        *others, last = self.points
        sides = int(_CELLS ** (1 / max(len(others), 1)))
        self._grid = [_thinned(np.unique(row), sides) for row in others]
        table = np.full([len(grid) for grid in self._grid], np.iinfo(np.int64).min)
        places = tuple(
            np.searchsorted(grid, row, side="right") - 1
            for grid, row in zip(self._grid, others, strict=True)
        )
        known = np.all([place >= 0 for place in places], axis=0) if places else np.True_
        if places:
            np.maximum.at(table, tuple(place[known] for place in places), last[known])
        else:
            table = np.asarray(last.max())
        for axis in range(table.ndim):
            table = np.flip(np.maximum.accumulate(np.flip(table, axis), axis), axis)
        self._table = table


def _thinned(values: Numbers, number: int) -> Numbers:
    if len(values) <= number:
        return values
    return values[np.linspace(0, len(values) - 1, number).astype(np.int64)]


class Front:
    """The Pareto front of many points, each with a label of integers.

    Parameters
    ----------
    objectives
        Number of objectives.
    labels
        Number of integers in each label.
    """

    def __init__(self, objectives: int, labels: int) -> None:
        self.points = np.zeros((objectives, 0), dtype=np.int64)
        self.labels = np.zeros((labels, 0), dtype=np.int64)
        self.archive = Archive(objectives)
        # Sorting is expensive, so points wait to be sorted together.
        self._waiting: list[tuple[Numbers, Numbers]] = []

    def add(self, points: Numbers, labels: Numbers) -> None:
        """Add the points that are not dominated, equal ones included."""
        wanted = ~self.archive.beats(points)
        self._waiting.append((points[:, wanted], labels[:, wanted]))
        if sum(points.shape[1] for points, _ in self._waiting) > self.points.shape[1]:
            self.finish()

    def finish(self) -> None:
        """Reduce the points added so far to their front."""
        if not self._waiting:
            return
        points, labels = zip((self.points, self.labels), *self._waiting, strict=True)
        together = np.concatenate(points, axis=1)
        best = is_best(together)
        self.points = together[:, best]
        self.labels = np.concatenate(labels, axis=1)[:, best]
        self._waiting = []
        self.archive.replace(self.points)


def refuse_size(number: int, limit: int) -> NoReturn:
    """Raise the error for a front with too many designs."""
    raise ValueError(
        f"the front has {number:,} designs, equal ones included, more than the limit of {limit:,};"
        " give more objectives, a narrower where, or a higher limit"
    )
