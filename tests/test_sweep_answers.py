"""Answers about design spaces: pruning, counting with Dask and brute force must agree."""

from itertools import pairwise

import dask
import numpy as np
import pandas as pd
import pytest
from design_spaces import METHODS, designs, spaces
from hypothesis import given
from hypothesis import strategies as st
from strategies import examples

import convcost
from convcost._sweeps import counting, pruning
from convcost.layers import Conv2D


@st.composite
def questions(draw):
    what, axes = draw(spaces)
    rows = designs(what, axes)
    names = [name for name, value in axes.items() if isinstance(value, list)]
    names = [name for name in names if not isinstance(axes[name][0], (str, bool))]

    def near(quantity):
        return draw(st.sampled_from(rows))[quantity] + draw(st.integers(-1, 1))

    x, y = near("macs"), near("params")
    axis = draw(st.sampled_from(names))
    k, r = draw(st.integers(1, 7)), draw(st.integers(0, 6))
    a, b = draw(st.integers(1, 9)), draw(st.integers(-9, 9))
    text, holds = draw(
        st.sampled_from(
            [
                (None, lambda d: True),
                (f"macs <= {x}", lambda d: d["macs"] <= x),
                (f"flops > {2 * x}", lambda d: d["flops"] > 2 * x),
                (f"macs != {x} and params >= {y}", lambda d: d["macs"] != x and d["params"] >= y),
                (f"{y} <= params < {3 * y}", lambda d: y <= d["params"] < 3 * y),
                (f"params == {y} or macs < {x}", lambda d: d["params"] == y or d["macs"] < x),
                (f"not macs < {x}", lambda d: not d["macs"] < x),
                (f"macs / params <= {a}.5", lambda d: 2 * d["macs"] <= (2 * a + 1) * d["params"]),
                (f"{axis} % {k} == {r}", lambda d: d[axis] % k == r),
                (f"{axis} // {k} >= {r}", lambda d: d[axis] // k >= r),
                (f"{axis} in ({a}, {k})", lambda d: d[axis] in (a, k)),
                (f"{axis} not in [{a}]", lambda d: d[axis] != a),
                (
                    f"{a}*macs - {b}*params**2 + bias_adds <= {x} - {axis}",
                    lambda d: a * d["macs"] - b * d["params"] ** 2 + d["bias_adds"] <= x - d[axis],
                ),
                ([f"macs >= {x}", f"params <= {y}"], lambda d: d["macs"] >= x and d["params"] <= y),
            ]
        )
    )
    by = draw(st.sampled_from(["params", "macs", "bias_adds", axis, f"macs - {a}*params"]))
    return what, axes, rows, text, holds, by, a


def key_of(by, a):
    return lambda d: d["macs"] - a * d["params"] if "-" in by else d[by]


def as_rows(table):
    return table.to_dict("records")


@examples(60)
@given(questions(), st.sampled_from(METHODS), st.integers(1, 12), st.booleans())
def test_pruning_and_counting_agree_with_going_through_all(question, method, k, smallest):
    what, axes, rows, text, holds, by, a = question
    space = convcost.Space(what, **axes)
    assert space.size == len(rows)
    allowed = [row for row in rows if holds(row)]
    assert space.count(text, method=method) == len(allowed)
    key = key_of(by, a)
    expected = sorted(allowed, key=key if smallest else lambda row: -key(row))[:k]
    assert as_rows(space.top(k, by, text, smallest=smallest, method=method)) == expected
    edges = sorted({key(row) for row in rows} | {0})
    if len(edges) > 1:
        counted = space.histogram(by, edges, text, method=method)
        expected = [sum(low <= key(row) < high for row in allowed) for low, high in pairwise(edges)]
        assert counted.tolist() == expected
        assert counted.index[0].left == edges[0]


def is_worse(row, other, maximize, minimize):
    gains = [other[name] - row[name] for name in maximize]
    gains += [row[name] - other[name] for name in minimize]
    return min(gains) >= 0 and max(gains) > 0


@examples(60)
@given(questions(), st.sampled_from(METHODS), st.data())
def test_pareto_fronts(question, method, data):
    what, axes, rows, text, holds, by, _ = question
    allowed = [row for row in rows if holds(row)]
    by = "macs" if "-" in by else by
    names = data.draw(st.permutations(sorted({"params", "macs", "bias_adds", by})))
    cut = data.draw(st.integers(0, len(names)))
    maximize, minimize = names[:cut], names[cut : data.draw(st.integers(max(cut, 1), len(names)))]
    front = convcost.Space(what, **axes).pareto(
        maximize=maximize, minimize=minimize, where=text, method=method
    )
    expected = [
        row
        for row in allowed
        if not any(is_worse(row, other, maximize, minimize) for other in allowed)
    ]
    assert as_rows(front) == expected


def test_large_spaces_are_not_gone_through():
    many = range(1, 8193)
    space = convcost.Space(convcost.separable, dk=range(1, 10), m=many, n=many, df=range(1, 2049))
    assert space.size == 9 * 8192**2 * 2048
    small = convcost.Space(
        convcost.separable, dk=range(1, 10), m=range(1, 101), n=range(1, 101), df=range(1, 33)
    )
    # Within this budget no argument can be larger than these.
    assert space.count("macs <= 100") == small.count("macs <= 100", method="all")
    best = space.top(1, "params", "macs <= 3e8").iloc[0]
    assert (best.m, best.n) == (8192, 8192)


def test_spaces_larger_than_int64_can_number():
    many = range(1, 2**16)
    space = convcost.Space(
        lambda a, b, c, d: convcost.standard(1, a, b, 1) + convcost.standard(1, c, d, 1),
        a=many, b=many, c=many, d=many,
    )  # fmt: skip
    assert space.size == (2**16 - 1) ** 4
    with pytest.raises(OverflowError, match="too many to count one by one"):
        space.count("macs < 3")


def test_counts_beyond_int64_are_refused():
    space = convcost.Space(convcost.standard, dk=[3], m=[2**31], n=[2**31], df=[1, 7])
    for method in METHODS:
        with pytest.raises(OverflowError, match=r"params reaches 41,505,"):
            space.count("macs > 1", method=method)
    fits = convcost.Space(convcost.standard, dk=[3], m=[2**20, 2**21], n=[2**20], df=[1, 100])
    for method in METHODS:
        # The sum is beyond int64, but is still decided.
        assert fits.count("macs * macs >= params * params + 1", method=method) == 2
        with pytest.raises(OverflowError, match="by may exceed"):
            fits.top(1, "macs * macs", method=method)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda s: s.top(0, "macs"), ValueError, "k must be a positive integer; got 0"),
        (lambda s: s.top(True, "macs"), TypeError, "k must be a positive integer; got True"),
        (lambda s: s.top(2.0, "macs"), TypeError, "k must be a positive integer"),
        (lambda s: s.top(1, 3), TypeError, 'by must be an expression such as "macs"'),
        (lambda s: s.top(1, "macs / params"), ValueError, "without division by a quantity"),
        (lambda s: s.top(1, "macs / 3"), ValueError, "by must have integer coefficients"),
        (lambda s: s.top(1, "macs", method="x"), ValueError, "must be 'prune', 'all' or None; got"),
        (lambda s: s.top(1, "macs", x=3), TypeError, "unexpected keyword argument 'x'"),
        (lambda s: s.top(1, "macs", method="prune", block=3), ValueError, 'needs method="all"'),
        (lambda s: s.top(1, "macs", method="all", block=0), ValueError, "block must be"),
        (lambda s: s.pareto(), ValueError, 'an objective: maximize=.* or minimize='),
        (lambda s: s.pareto(maximize=3), TypeError, "maximize must be names"),
        (lambda s: s.pareto(maximize="m", limit=0), ValueError, "limit must be"),
        (lambda s: s.pareto(minimize="n", limit=1), ValueError, "the front has 2 designs"),
        (lambda s: s.histogram("m", 3), ValueError, "bins must be two or more ascending"),
        (lambda s: s.histogram("m", [3]), ValueError, "bins must be two or more"),
        (lambda s: s.histogram("m", [3, 3]), ValueError, "bins must be two or more ascending"),
        (lambda s: s.histogram("m", [3, 4.5]), TypeError, "bins must be .*got 4.5"),
        (lambda s: s.dataset(chunks="x"), TypeError, "chunks must be a number"),
        (lambda s: s.dataset(chunks={"m": 0}), ValueError, r"chunks\['m'\] must be"),
        (lambda s: s.dataset(chunks={"m": 1.5}), TypeError, r"chunks\['m'\] must be"),
        (lambda s: convcost.Space(3), TypeError, "what must be a function such as"),
        (lambda s: convcost.Space(Conv2D, filters=[3]), TypeError, "an input_shape, such as"),
        (
            lambda s: convcost.Space(Conv2D, filters=[3], kernel_size=3, input_shape=(9, 9, 3),
                                     side=[3]),
            TypeError,
            "Conv2D has no argument 'side', and no other argument refers to it",
        ),
        (
            lambda s: convcost.Space(
                convcost.from_keras("docs/gallery/fashion_mnist.json"), depth=[1]
            ),
            TypeError,
            "Network.scale takes width, resolution, divisor and keep; got depth",
        ),
    ],
)  # fmt: skip
def test_what_is_no_question_is_refused(call, error, message):
    space = convcost.Space(convcost.separable, dk=[3], m=[1, 2], n=[4], df=[1])
    with pytest.raises(error, match=message):
        call(space)


def test_nothing_found():
    space = convcost.Space(convcost.separable, dk=[3], m=[1, 2], n=[4], df=[1])
    for method in METHODS:
        empty = space.top(3, "macs", "macs > 1e9", method=method)
        assert list(empty.columns) == ["dk", "m", "n", "df", "params", "macs", "bias_adds", "flops"]
        assert empty.empty
        assert empty.macs.dtype == np.int64
        assert space.pareto(maximize=["m"], where="macs > 1e9", method=method).empty


@pytest.mark.parametrize("method", METHODS)
def test_progress_goes_from_nothing_to_all(method):
    fractions = []
    space = convcost.Space(
        convcost.separable, dk=[3, 5], m=range(1, 65), n=range(1, 65), df=range(1, 17)
    )
    for ask in (
        lambda: space.count("macs <= 1e5", method=method, progress=fractions.append),
        lambda: space.top(5, "params", "macs <= 1e5", method=method, progress=fractions.append),
        lambda: space.pareto(maximize="params", minimize="macs", where="macs <= 1e5",
                             method=method, progress=fractions.append),
    ):  # fmt: skip
        fractions.clear()
        ask()
        assert fractions == sorted(fractions)
        assert fractions[-1] == 1


def test_the_table_is_a_data_frame():
    space = convcost.Space(convcost.separable, dk=[3, 5], m=[8, 16], n=[4], df=[7])
    table = space.top(2, "macs")
    assert isinstance(table, pd.DataFrame)
    assert table.dtypes.astype(str).tolist() == ["int64"] * 8
    assert repr(space) == "Space(separable, dk: 2, m: 2, n: 1, df: 1 = 4 designs)"
    assert space.shape == (2, 2, 1, 1)


def test_the_foremost_of_equals_where_an_axis_is_turned_around():
    # The count does not depend on the strides, so all strides are equally large.
    space = convcost.Space(
        Conv2D, filters=[4, 8], kernel_size=3, padding="same", strides=[1, 2, 3, 4],
        input_shape=("side", "side", 3), side=[12, 24],
    )  # fmt: skip
    for method in METHODS:
        assert space.top(3, "params", method=method).strides.tolist() == [1, 1, 2]


def test_ties_are_kept_in_order_however_many_boxes_are_held(monkeypatch):
    space = convcost.Space(convcost.separable, dk=[3, 5], m=range(1, 65), n=range(1, 65), df=[7, 9])
    expected = space.top(40, "params", "macs <= 60000", method="all")
    monkeypatch.setattr(pruning, "_TOGETHER", 64)
    monkeypatch.setattr(pruning, "_BEST", 8)
    monkeypatch.setattr(pruning, "BATCH", 16)
    pd.testing.assert_frame_equal(space.top(40, "params", "macs <= 60000"), expected)
    assert space.count("macs <= 60000") == space.count("macs <= 60000", method="all")
    front = space.pareto(maximize=["params"], minimize=["macs"])
    pd.testing.assert_frame_equal(
        front, space.pareto(maximize=["params"], minimize=["macs"], method="all")
    )
    with pytest.raises(ValueError, match="more than the limit of 3"):
        space.pareto(maximize=["params"], minimize=["macs"], limit=3)


def test_the_best_of_many_blocks(monkeypatch):
    monkeypatch.setattr(counting, "_PARTS", 2)
    space = convcost.Space(convcost.separable, dk=[3, 5], m=range(1, 65), n=range(1, 65), df=[7, 9])
    with dask.config.set(scheduler="synchronous"):
        few = space.top(5, "params", "macs <= 60000", method="all", block=100)
    pd.testing.assert_frame_equal(few, space.top(5, "params", "macs <= 60000", method="prune"))


def test_more_designs_than_int64_numbers():
    many = range(1, 2**16)
    space = convcost.Space(
        Conv2D, filters=many, kernel_size=("a", "b"), a=many, b=many, padding="same",
        input_shape=("c", 7, 7), data_format="channels_first", c=many,
    )  # fmt: skip
    assert space.size > 2**63
    assert space.count("filters <= 2 and c <= 3") == 6 * (2**16 - 1) ** 2


def test_a_front_that_is_too_large_is_refused_while_designs_are_counted():
    space = convcost.Space(convcost.separable, dk=3, m=range(1, 9), n=range(1, 9), df=7)
    with (
        dask.config.set(scheduler="synchronous"),
        pytest.raises(ValueError, match="more than the limit of 3"),
    ):
        space.pareto(maximize=["params"], minimize=["macs"], limit=3, method="all")
