"""Check Pareto fronts of points against comparing all pairs."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from convcost._sweeps import fronts


@given(st.lists(st.lists(st.integers(0, 6), min_size=3, max_size=3), min_size=1, max_size=40))
def test_fronts_of_points(points):
    columns = np.array(points).T
    for objectives in (1, 2, 3):
        chosen = columns[:objectives]
        expected = [
            not any(
                all(o >= p for o, p in zip(other, point, strict=True))
                and tuple(other) != tuple(point)
                for other in chosen.T
            )
            for point in chosen.T
        ]
        assert fronts.is_best(chosen).tolist() == expected
        unique = {tuple(point) for point, best in zip(chosen.T, expected, strict=True) if best}
        archive = fronts.Archive(objectives)
        for start in range(0, chosen.shape[1], 7):
            archive.add(chosen[:, start : start + 7])
        assert not np.any(archive.beats(chosen) & expected)
        archive.finish()
        assert {tuple(point) for point in archive.points.T} == unique
        assert archive.points.shape[1] == len(unique)
        beaten = archive.beats(chosen)
        assert not np.any(beaten & expected)
        if objectives < 3:
            assert np.all(beaten | expected)


def test_a_coarse_table_misses_but_never_errs(monkeypatch):
    monkeypatch.setattr(fronts, "_CELLS", 16)
    draws = np.random.default_rng(0).integers(0, 50, (3, 400))
    archive = fronts.Archive(3)
    archive.add(draws)
    best = fronts.is_best(draws)
    assert not np.any(archive.beats(draws) & best)
    assert np.any(archive.beats(draws))
    archive.add(draws)
    assert archive.points.shape[1] == len({tuple(point) for point in draws[:, best].T})


def test_fronts_are_exact_where_float64_is_not():
    points = np.array([[2**53, 2**53 + 1, 0], [7, 7, 8]])
    assert float(points[0, 0]) == float(points[0, 1])
    assert fronts.is_best(points).tolist() == [False, True, True]
    assert fronts.is_best(points - 10).tolist() == [False, True, True]


def test_the_best_that_wait_are_found_in_the_end():
    draws = np.random.default_rng(0).integers(0, 10**6, (2, 3000))
    front = fronts.Front(2, labels=1)
    for start in range(0, 3000, 7):
        part = slice(start, start + 7)
        front.add(draws[:, part], np.arange(3000)[None, part])
    front.finish()
    front.finish()
    assert sorted(front.labels[0]) == np.flatnonzero(fronts.is_best(draws)).tolist()
