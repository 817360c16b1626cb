"""Which of many points no other is better than: the Pareto front, exactly.

The sorting is moocore's, which the field of multi-objective optimization keeps up. It computes in
float64, so it is given ranks, which are exact, in place of counts. More is better throughout.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np

if TYPE_CHECKING:
    from convcost._typing import Numbers

# Cells of the table that answers for an archive: a few megabytes.
_CELLS = 1 << 18


def is_best(points: Numbers, *, equals: bool = True) -> Numbers:
    """Tell which points no other is better than in one respect and as good as in all.

    Parameters
    ----------
    points
        Integers of shape (objectives, points).
    equals
        Whether of equal points all count, or the first one.

    Examples
    --------
    >>> is_best(np.array([[1, 2, 2, 0], [5, 4, 4, 4]])).tolist()
    [True, True, True, False]
    """
    import moocore

    if points.shape[1] == 0:
        return np.zeros(0, dtype=bool)
    ranks = [np.unique(row, return_inverse=True)[1] for row in points]
    if len(ranks) == 1:
        best: Numbers = np.asarray(ranks[0] == ranks[0].max())
        return best if equals else best & (np.cumsum(best) == 1)
    columns = np.stack(ranks, axis=1).astype(np.float64)
    mask: Any = moocore.is_nondominated(columns, maximise=True, keep_weakly=equals)
    return np.asarray(mask)


class Archive:
    """The best points so far, and a table that tells what they are better than.

    Parameters
    ----------
    objectives
        How many respects there are.
    """

    def __init__(self, objectives: int) -> None:
        self.points = np.zeros((objectives, 0), dtype=np.int64)
        self._grid: list[Numbers] = []
        self._table: Any = None

    def add(self, points: Numbers) -> None:
        """Take those of more points that belong to the best."""
        if self.points.shape[1]:
            points = points[:, ~self.beats(points)]
        if not points.shape[1]:
            return
        together = np.concatenate([self.points, points], axis=1)
        kept = is_best(together, equals=False)
        if np.any(kept[self.points.shape[1] :]):
            self.points = together[:, kept]
            self._tabulate()

    def beats(self, points: Numbers) -> Numbers:
        """Tell of points whether one of the archive is as good in all respects, and better in one.

        Where it says so, it is so; with many objectives it may miss some.
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
        """For each cell of a grid over all objectives but the last: how far that one reaches."""
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


def refuse_size(number: int, limit: int) -> NoReturn:
    """Raise the error for a front with too many designs."""
    raise ValueError(
        f"the front has {number:,} designs that are best or equal to one that is, more than the"
        f" limit of {limit:,}; give more objectives, a narrower where, or a higher limit"
    )
