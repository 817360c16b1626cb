"""Questions about design spaces without axes, with axes of one value, and with only words."""

import pandas as pd
import pytest
import xarray as xr
from drawn_spaces import COUNTS, enumerate_designs

import convcost
from convcost import layers

CONV = {"filters": 4, "kernel_size": 3, "input_shape": (8, 8, 3)}
SPACES = {
    "no axis": (convcost.depthwise, {"dk": 8, "m": 1, "df": 8}),
    "no axis, no count": (layers.MaxPooling2D, {"pool_size": 2, "input_shape": (8, 8, 3)}),
    "one value": (convcost.separable, {"dk": [3], "m": 4, "n": [5], "df": 6}),
    "one word": (layers.Conv2D, {**CONV, "padding": ["same"]}),
    "words": (layers.Conv2D, {**CONV, "padding": ["same", "valid"], "use_bias": [True, False]}),
    "a value and words": (layers.Conv2D, {**CONV, "filters": [4], "padding": ["valid", "same"]}),
    "values without effect": (layers.MaxPooling2D, {"pool_size": [2, 3], "input_shape": (8, 8, 3)}),
}
EACH = pytest.mark.parametrize("name", SPACES)
METHODS = pytest.mark.parametrize("method", [None, "prune", "all"])
HUGE = 10**10


def space_and_rows(name):
    what, axes = SPACES[name]
    return convcost.Space(what, **axes), enumerate_designs(what, axes)


def conditions(rows):
    most = max(row["macs"] for row in rows)
    return {
        None: rows,
        f"macs != {most}": [row for row in rows if row["macs"] != most],
        f"macs >= {most}": [row for row in rows if row["macs"] >= most],
        "macs < 0": [],
    }


@EACH
@METHODS
def test_each_question_is_answered(name, method):
    space, rows = space_and_rows(name)
    for where, allowed in conditions(rows).items():
        assert space.count(where, method=method) == len(allowed)
        best = sorted(allowed, key=lambda row: -row["macs"])[:2]
        assert space.top(2, "macs", where, method=method).to_dict("records") == best
        least = min((row["macs"] for row in allowed), default=None)
        front = [row for row in allowed if row["macs"] == least]
        found = space.pareto(minimize=["macs"], where=where, method=method)
        assert found.to_dict("records") == front
        numbers = space.histogram("params", [0, 100, 10**6], where, method=method)
        below = sum(row["params"] < 100 for row in allowed)
        assert numbers.tolist() == [below, len(allowed) - below]


@EACH
@pytest.mark.parametrize("where", [None, "macs < 0"])
def test_tables_are_written(name, where, tmp_path):
    space, rows = space_and_rows(name)
    path = space.write(tmp_path / "all.parquet", where)
    found = pd.concat(map(pd.read_parquet, sorted(path.iterdir())), ignore_index=True)
    kept = [{one: str(value) for one, value in row.items()} for row in rows if where is None]
    assert found.astype(str).to_dict("records") == kept


@EACH
@pytest.mark.parametrize("chunks", [None, "auto", 1, {}])
def test_datasets_and_stores(name, chunks, tmp_path):
    space, rows = space_and_rows(name)
    dataset = space.dataset(chunks)
    stored = xr.open_zarr(space.write(tmp_path / "all.zarr"))
    for row in rows:
        for one in COUNTS:
            at = {dim: row[dim] for dim in dataset[one].dims}
            assert int(dataset[one].sel(at)) == int(stored[one].sel(at)) == row[one]


def test_a_function_may_ignore_its_axes():
    space = convcost.Space(lambda m, n: convcost.standard(3, 4, 5, 6), m=[1, 2], n=[3, 4])
    (macs,) = {space.cost({}, {"m": 1, "n": 3}).macs}
    for chunks in (None, 1):
        assert int(space.dataset(chunks).macs) == macs


def test_counts_beyond_int64_are_exact_or_refused():
    space = convcost.Space(convcost.standard, dk=1, m=HUGE, n=HUGE, df=1)
    for method in ("prune", "all"):
        assert space.count(f"macs in (1, {HUGE**2})", method=method) == 1
        assert space.count(f"macs == {HUGE**2}", method=method) == 1
        assert space.count(f"macs < {HUGE**2}", method=method) == 0
        with pytest.raises(OverflowError, match="params reaches"):
            space.top(1, "bias_adds", method=method)
    for chunks in (None, "auto"):
        with pytest.raises(OverflowError, match="params reaches"):
            space.dataset(chunks)


def test_chunks_of_a_space_without_axes_are_refused_by_name():
    space, _ = space_and_rows("no axis")
    with pytest.raises(ValueError, match="no axis of integers"):
        space.dataset({"dk": 2})
    with pytest.raises(ValueError, match="chunks"):
        space.dataset(0)
