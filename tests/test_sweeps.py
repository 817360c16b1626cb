"""Design spaces: what is pruned, counted by Dask, and gone through one by one must agree."""

from fractions import Fraction
from itertools import pairwise

import dask
import numpy as np
import pandas as pd
import pytest
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st
from strategies import COSTS, FUNCTIONS, examples

import convcost
from convcost.layers import Conv2D, Conv2DTranspose, Dense, DepthwiseConv2D, SeparableConv2D
from convcost.sweeps import boxes, conditions, counting, fronts, pruning
from convcost.sweeps.polynomials import Atom, Polynomial
from convcost.symbols import symbol

METHODS = ("prune", "all")
values = st.lists(st.integers(1, 40), min_size=1, max_size=6, unique=True)
few = st.lists(st.integers(1, 4), min_size=1, max_size=3, unique=True)
# A kernel of 4 with a dilation of 4 reaches over 13.
sides = st.lists(st.integers(13, 40), min_size=1, max_size=4, unique=True)
SHAPE = ("side", "side", "channels")


@st.composite
def function_spaces(draw):
    function, names = FUNCTIONS[draw(st.sampled_from(COSTS))]
    axes = {name: draw(values) for name in draw(st.permutations(names))}
    if draw(st.booleans()):
        axes["bias"] = [False, True]
    return function, axes


@st.composite
def layer_spaces(draw):
    kind = draw(st.sampled_from([Conv2D, SeparableConv2D, DepthwiseConv2D, Conv2DTranspose, Dense]))
    if kind is Dense:
        return kind, {"units": draw(values), "channels": draw(values), "input_shape": ("channels",)}
    axes = {"side": draw(sides), "channels": draw(values), "input_shape": SHAPE}
    if kind is not DepthwiseConv2D:
        axes["filters"] = draw(values)
    axes["kernel_size"] = draw(few)
    if draw(st.booleans()):
        axes["strides"] = draw(few)
    else:
        axes["dilation_rate"] = draw(few)
    axes["padding"] = draw(st.sampled_from(["same", "valid", ["same", "valid"]]))
    if kind is not Conv2DTranspose and draw(st.booleans()):
        axes["effective"] = True
    return kind, {name: axes[name] for name in draw(st.permutations(sorted(axes)))}


spaces = st.one_of(function_spaces(), layer_spaces())


def designs(what, axes):
    """Count each design by itself, in the order of its axes' values; the slow and plain way."""
    named = {name: value for name, value in axes.items() if isinstance(value, list)}
    fixed = {name: value for name, value in axes.items() if name not in named}
    order = {
        name: value if isinstance(value[0], (str, bool)) else sorted(value)
        for name, value in named.items()
    }
    rows = []
    for place in np.ndindex(*(len(value) for value in order.values())):
        design = {name: order[name][i] for name, i in zip(order, place, strict=True)}
        if isinstance(what, type):
            given = {**fixed, **design}
            shape = tuple(design.get(side, side) for side in given.pop("input_shape"))
            for name in ("side", "channels"):
                given.pop(name, None)
            modes = {name: given.pop(name) for name in ("effective",) if name in given}
            cost = what(**given).cost(shape, **modes)
        else:
            cost = what(**fixed, **design)
        counted = {name: getattr(cost, name) for name in ("params", "macs", "bias_adds", "flops")}
        rows.append(design | counted)
    return rows


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


@examples(60)
@given(spaces, st.sampled_from([None, 2, "auto"]))
def test_datasets(case, chunks):
    what, axes = case
    costs = convcost.sweep(what, **axes, chunks=chunks)
    assert set(costs.data_vars) == {"params", "macs", "bias_adds", "flops"}
    rows = designs(what, axes)
    named = [name for name, value in axes.items() if isinstance(value, list)]
    for row in rows[:: max(1, len(rows) // 7)]:
        for name, array in costs.data_vars.items():
            place = {axis: row[axis] for axis in named if axis in array.dims}
            assert int(array.sel(place)) == row[name]
            assert array.dtype == np.int64
            assert (array.chunks is None) == (chunks is None)
    for name in named:
        assert costs.sizes.get(name, len(axes[name])) == len(axes[name])


def test_a_dataset_is_the_fields_own():
    costs = convcost.sweep(convcost.separable, dk=[3, 5], m=range(8, 33, 8), n=[16, 8], df=28)
    assert isinstance(costs, xr.Dataset)
    assert costs.params.dims == ("dk", "m", "n")
    assert costs.bias_adds.dims == ("n",)
    assert costs.n.values.tolist() == [16, 8]
    assert int(costs.df) == 28
    assert costs.macs.attrs == {"units": "multiply-accumulates"}
    frame = costs.to_dataframe()
    assert len(frame) == 16
    assert frame.loc[(3, 8, 16), "params"] == convcost.separable(3, 8, 16, 28).params


def test_nothing_is_counted_before_it_is_asked_for(monkeypatch):
    monkeypatch.setattr("convcost.sweeps.datasets.LAZY_ABOVE", 1000)

    def never(*_, **__):
        raise AssertionError("computed before anybody asked")

    many = range(1, 33)
    with dask.config.set(scheduler=never):
        costs = convcost.sweep(convcost.separable, dk=[3], m=many, n=many, df=many)
    assert costs.macs.chunks is not None
    assert costs.params.dims == ("dk", "m", "n")
    assert int(costs.macs.sum()) == sum(
        convcost.separable(3, m, n, df).macs for m in many for n in many for df in many
    )
    with pytest.raises(ValueError, match="one of the axes of integers: dk, m"):
        convcost.sweep(convcost.separable, dk=[3], m=many, n=3, df=3, chunks={"x": 3})


def test_words_and_tuples_are_axes():
    costs = convcost.sweep(
        Conv2D,
        filters=[8, 16],
        kernel_size=[(3, 3), (1, 7)],
        padding=["same", "valid"],
        use_bias=[True, False],
        input_shape=(14, 14, 8),
    )
    assert costs.macs.dims == ("filters", "kernel_size", "padding", "use_bias")
    picked = costs.sel(filters=8, kernel_size="(1, 7)", padding="valid", use_bias=False)
    layer = Conv2D(8, (1, 7), padding="valid", use_bias=False)
    assert int(picked.macs) == layer.cost((14, 14, 8)).macs
    space = convcost.Space(Conv2D, filters=[8, 16], padding=["same", "valid"], kernel_size=3,
                           input_shape=(14, 14, 8))  # fmt: skip
    assert space.count("padding == 'same' and filters > 8") == 1
    assert space.count("padding != 'same'") == 2
    assert space.count("'valid' == padding or padding in ('same',)") == 4
    assert space.top(1, "macs", "padding == 'valid'").padding.tolist() == ["valid"]


def test_flops_are_twice_the_macs():
    space = convcost.Space(convcost.separable, dk=[3, 5], m=range(1, 9), n=range(1, 9), df=7)
    assert space.count("flops <= 9000") == space.count("macs <= 4500") > 0


def test_two_arguments_may_go_together():
    space = convcost.Space(
        Conv2D, filters="width", groups="width", kernel_size=3, padding="same",
        input_shape=(14, 14, "width"), width=[4, 8, 16],
    )  # fmt: skip
    assert space.directions({}) == {"width": None}
    front = space.top(3, "macs")
    assert front.width.tolist() == [16, 8, 4]
    assert front.macs.tolist() == [9 * w * 14 * 14 for w in (16, 8, 4)]


def test_a_network_at_several_sizes():
    network = convcost.from_keras("docs/gallery/fashion_mnist.json", (32, 32, 1))
    costs = convcost.sweep(network, width=[0.5, 1, 2], resolution=[32, 64])
    for width in (0.5, 1, 2):
        for resolution in (32, 64):
            total = network.scale(width, resolution).total()
            picked = costs.sel(width=width, resolution=resolution)
            assert (int(picked.params), int(picked.macs)) == (total.params, total.macs)
    space = convcost.Space(network, width=[0.5, 1, 2])
    assert space.top(1, "macs").width.tolist() == [2]


def test_any_function_that_returns_a_cost():
    def block(m, n, df):
        return convcost.depthwise(3, m, df) + convcost.pointwise(m, n, df)

    space = convcost.Space(block, m=range(1, 9), n=[8], df=[7, 14])
    assert space.directions({}) == {"m": None, "n": None, "df": None}
    assert space.top(1, "macs").macs[0] == block(8, 8, 14).macs
    with pytest.raises(TypeError, match="what must be a function that returns a Cost"):
        convcost.Space(lambda m: m, m=[1]).count("macs > 1")


def test_large_spaces_are_not_gone_through():
    many = range(1, 8193)
    space = convcost.Space(convcost.separable, dk=range(1, 10), m=many, n=many, df=range(1, 2049))
    assert space.size == 9 * 8192**2 * 2048
    small = convcost.Space(
        convcost.separable, dk=range(1, 10), m=range(1, 101), n=range(1, 101), df=range(1, 33)
    )
    # Within such a budget no argument can be larger than these.
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
    with pytest.raises(OverflowError, match="too many to count each"):
        space.count("macs < 3")


def test_counts_beyond_int64_are_refused():
    space = convcost.Space(convcost.standard, dk=[3], m=[2**31], n=[2**31], df=[1, 7])
    for method in METHODS:
        with pytest.raises(OverflowError, match=r"params reaches 41,505,"):
            space.count("macs > 1", method=method)
    fits = convcost.Space(convcost.standard, dk=[3], m=[2**20, 2**21], n=[2**20], df=[1, 100])
    for method in METHODS:
        # The sum is beyond int64, and decided all the same.
        assert fits.count("macs * macs >= params * params + 1", method=method) == 2
        with pytest.raises(OverflowError, match="by may exceed"):
            fits.top(1, "macs * macs", method=method)


@pytest.mark.parametrize(
    ("where", "error", "message"),
    [
        ("macs <", ValueError, "where must be an expression in params, .*invalid syntax"),
        ("macs", ValueError, 'where must compare something: "macs <= 3e8"; got macs'),
        ("mac <= 3", ValueError, "of params, macs, bias_adds, flops, dk, m, n and df; got mac in"),
        ("macs <= '3'", ValueError, r"got '3' in"),
        ("macs <= True", ValueError, "got True"),
        ("macs <= __import__('os').system('ls')", ValueError, "got __import__"),
        ("macs.real <= 3", ValueError, r"got macs\.real"),
        ("macs is params", ValueError, "got macs is params"),
        ("macs / bias_adds < 3", ValueError, "divide by nothing that may be 0 or less"),
        ("macs / (m - n) < 3", ValueError, "divide by nothing that may be 0 or less; got m - n"),
        ("macs % 3 == 0", ValueError, "use // and % on an axis"),
        ("m % 0 == 0", ValueError, "with a positive integer behind"),
        ("m % 1.5 == 0", ValueError, "with a positive integer behind"),
        ("m ** n < 3", ValueError, "powers that are integers from 0 to 16"),
        ("m ** -1 < 3", ValueError, "powers that are integers"),
        ("((m + n)**16 + (m + df)**16)**16 < 3", ValueError, "shorter"),
        ("macs < 1e400", ValueError, "finite numbers"),
        ("m in 3", ValueError, "name the values in parentheses"),
        ("m in (3, 'x')", ValueError, "got 'x'"),
        ("m << 2 < 3", ValueError, "got m << 2"),
        ("[macs] < 3", ValueError, r"got \[macs\]"),
        (3, TypeError, 'where must be a condition such as "macs <= 3e8"'),
        (["macs < 3", 4], TypeError, "where must be"),
        ("(" * 1000 + "macs" + ")" * 1000 + " < 1", ValueError, "where must be an expression"),
    ],
)
def test_what_is_no_condition_is_refused(where, error, message):
    space = convcost.Space(convcost.separable, dk=[3], m=[1, 2], n=[1, 2], df=[1])
    with pytest.raises(error, match=message):
        space.count(where)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"dk": [3], "m": [1], "n": [1]}, TypeError, "separable takes dk, m, n, df and bias: "),
        ({"dk": 3, "m": 1, "n": 1, "df": 1, "x": [1]}, TypeError, "separable takes dk, m"),
        ({"m": []}, ValueError, r"m must be a range, a list .*got \[\]"),
        ({"m": range(5, 5)}, ValueError, "m must be a range"),
        ({"m": [0, 1]}, ValueError, r"m\[0\] must be a positive integer"),
        ({"m": range(-2, 3)}, ValueError, "m must be a positive integer.*got -2"),
        ({"m": [8, 8]}, ValueError, "m must have each value once; got 8 twice"),
        ({"m": [8, 2.5]}, TypeError, r"m\[1\] must be a positive integer .*got 2.5"),
        ({"m": [8, "x"]}, TypeError, r"m\[1\] must be a positive integer"),
        ({"m": [8, True]}, TypeError, r"m\[1\] must be a positive integer .*got True"),
        ({"m": np.array([[1, 2]])}, ValueError, "one-dimensional"),
        ({"m": np.array([1.0, 2.0])}, TypeError, "m must be .*dtype float64"),
        ({"m": [2**70]}, OverflowError, "m reaches"),
        ({"m": range(1, 2**70, 2**69)}, OverflowError, "m reaches"),
        ({"m": 2.5}, TypeError, "m must be a positive integer"),
    ],
)
def test_what_is_no_axis_is_refused_by_name(arguments, error, message):
    full = arguments if len(arguments) > 1 else {"dk": [3], "n": [1, 2], "df": [1], **arguments}
    with pytest.raises(error, match=message):
        convcost.Space(convcost.separable, **full).count("macs > 0")


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda s: s.top(0, "macs"), ValueError, "k must be a positive integer; got 0"),
        (lambda s: s.top(True, "macs"), TypeError, "k must be a positive integer; got True"),
        (lambda s: s.top(2.0, "macs"), TypeError, "k must be a positive integer"),
        (lambda s: s.top(1, 3), TypeError, 'by must be an expression such as "macs"'),
        (lambda s: s.top(1, "macs / params"), ValueError, "without division by a quantity"),
        (lambda s: s.top(1, "macs / 3"), ValueError, "by must have integers as factors"),
        (lambda s: s.top(1, "macs", method="x"), ValueError, "method must be prune, all or None"),
        (lambda s: s.top(1, "macs", x=3), TypeError, "got x, which is no option"),
        (lambda s: s.top(1, "macs", method="prune", block=3), ValueError, 'for method="all"'),
        (lambda s: s.top(1, "macs", method="all", block=0), TypeError, "block must be"),
        (lambda s: s.pareto(), ValueError, "pareto needs an objective"),
        (lambda s: s.pareto(maximize=3), TypeError, "maximize must be names"),
        (lambda s: s.pareto(maximize="m", limit=0), ValueError, "limit must be"),
        (lambda s: s.pareto(minimize="n", limit=1), ValueError, "the front has 2 designs"),
        (lambda s: s.histogram("m", 3), ValueError, "bins must be two or more ascending"),
        (lambda s: s.histogram("m", [3]), ValueError, "bins must be two or more"),
        (lambda s: s.histogram("m", [3, 3]), ValueError, "bins must be two or more ascending"),
        (lambda s: s.histogram("m", [3, 4.5]), TypeError, "bins must be .*got 4.5"),
        (lambda s: s.dataset(chunks="x"), TypeError, "chunks must be a number"),
        (lambda s: s.dataset(chunks={"m": 0}), ValueError, r"chunks\['m'\] must be"),
        (lambda s: convcost.Space(3), TypeError, "what must be a function such as"),
        (lambda s: convcost.Space(Conv2D, filters=[3]), TypeError, "Conv2D needs an input_shape"),
        (
            lambda s: convcost.Space(Conv2D, filters=[3], kernel_size=3, input_shape=(9, 9, 3),
                                     side=[3]),
            TypeError,
            "side is no argument of Conv2D, and no other argument speaks of it",
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
    told = []
    space = convcost.Space(
        convcost.separable, dk=[3, 5], m=range(1, 65), n=range(1, 65), df=range(1, 17)
    )
    for ask in (
        lambda: space.count("macs <= 1e5", method=method, progress=told.append),
        lambda: space.top(5, "params", "macs <= 1e5", method=method, progress=told.append),
        lambda: space.pareto(maximize="params", minimize="macs", where="macs <= 1e5",
                             method=method, progress=told.append),
    ):  # fmt: skip
        told.clear()
        ask()
        assert told == sorted(told)
        assert told[-1] == 1


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


def test_polynomials_bound_what_they_are():
    m, n = Atom("m"), Atom("n")
    p = Polynomial.of(m) * Polynomial.of(n) - Polynomial.of(n) * Polynomial.constant(3)
    low, high = p.bounds({m: (2, 5), n: (1, 4)})
    inside = [a * b - 3 * b for a in range(2, 6) for b in range(1, 5)]
    assert low <= min(inside)
    assert high >= max(inside)
    assert p.whole() == p
    assert (p - p).value == 0
    # float64 can't tell these apart; the exact numbers can.
    big = Polynomial.of(m) - Polynomial.of(n)
    sides = {m: (np.array([2**62 + 1]),) * 2, n: (np.array([2**62]),) * 2}
    assert big.signs(sides)[0] > 0


def test_blocks_cover_every_design_once():
    space = convcost.Space(convcost.separable, dk=[3, 5], m=range(1, 8), n=range(1, 6), df=[1, 2])
    for block in (1, 3, 10, 50, 1000):
        counter = counting.BlockCounter(space, {Atom("macs")}, block)
        seen = [
            number
            for part in counter.counted({}, range(counter.number))
            for number in part.numbers(np.arange(np.prod(part.shape)))
        ]
        assert sorted(seen) == list(range(space.size))


def test_boxes_stay_together():
    space = convcost.Space(convcost.separable, dk=[3, 5], m=range(1, 8), n=range(1, 6), df=[1, 2])
    region = boxes.Region(space, {}, {Atom("macs")})
    (root,) = region.roots()
    assert region.number(root) == space.size
    halves = region.halved(root)
    assert region.number(halves) == space.size
    assert len(halves) == 2
    places, owners = region.unpacked(halves)
    assert len({tuple(place) for place in places.T}) == space.size
    assert set(owners) == {0, 1}


def test_words_are_decided_for_all_boxes_alike():
    names = conditions.Names((), {"padding": ("same", "valid")})
    condition = conditions.parse_conditions("not padding == 'same'", names)
    assert condition.decide({}, {"padding": "valid"}) == (True, True)
    for wrong, message in (
        ("padding < 'same'", "compare padding by == or !="),
        ("padding == 'causal'", "compare padding with 'same' and 'valid'"),
        ("padding == macs", "with one of its values"),
    ):
        with pytest.raises(ValueError, match=message):
            conditions.parse_conditions(wrong, names)


def test_the_table_is_a_data_frame():
    space = convcost.Space(convcost.separable, dk=[3, 5], m=[8, 16], n=[4], df=[7])
    table = space.top(2, "macs")
    assert isinstance(table, pd.DataFrame)
    assert table.dtypes.astype(str).tolist() == ["int64"] * 8
    assert repr(space) == "Space(separable, dk: 2, m: 2, n: 1, df: 1 = 4 designs)"
    assert space.shape == (2, 2, 1, 1)


def test_the_foremost_of_equals_where_an_axis_is_turned_around():
    # The largest of what doesn't depend on the strides: all strides are equal.
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
    few = space.top(5, "params", "macs <= 60000", method="all", block=100)
    pd.testing.assert_frame_equal(few, space.top(5, "params", "macs <= 60000", method="prune"))


def test_a_condition_caps_what_is_looked_for():
    names = conditions.Names(("m",), {})

    def cap(where, by):
        condition = conditions.parse_conditions(where, names)
        return conditions.largest_allowed(condition, conditions.parse_expression("by", by, names))

    assert cap("macs <= 7 and m > 2", "macs") == 7
    assert cap("2 * macs + m < 7", "2 * macs + m") == 6
    assert cap("macs >= 7", "-macs") == -7
    assert cap("macs > 7", "-2 * macs") == -15
    assert cap("m == 7", "3 * m - 1") == 20
    for where, by in (("macs >= 7", "macs"), ("macs + m <= 7", "macs"), ("m < 3", "macs"),
                      ("not macs > 7", "macs"), ("m < 3", "3"), ("m != 3", "m")):  # fmt: skip
        assert cap(where, by) == float("inf")
    floors = convcost.Space(convcost.separable, dk=[3], m=range(1, 40), n=[4], df=[7])
    for method in METHODS:
        assert floors.count("m // 7 == 3", method=method) == 7
        assert floors.count("m % 7 == 3", method=method) == 6


def test_more_designs_than_int64_numbers():
    many = range(1, 2**16)
    space = convcost.Space(
        Conv2D, filters=many, kernel_size=("a", "b"), a=many, b=many, padding="same",
        input_shape=("c", 7, 7), data_format="channels_first", c=many,
    )  # fmt: skip
    assert space.size > 2**63
    assert space.count("filters <= 2 and c <= 3") == 6 * (2**16 - 1) ** 2


def test_axes_may_be_arrays_of_others_and_words_alone():
    axis = xr.DataArray([8, 16], dims="m")
    space = convcost.Space(convcost.separable, dk=[3], m=axis, n=np.array([4]), df=[7])
    assert space.axes["m"].values.tolist() == [8, 16]
    words = convcost.Space(convcost.separable, dk=3, m=8, n=4, df=7, bias=[True, False])
    for method in (None, "all"):
        assert words.count("params > 0", method=method) == 2
    assert words.top(1, "params").bias.tolist() == [True]
    with pytest.raises(ValueError, match="bias must have each value once; got True twice"):
        convcost.Space(convcost.separable, dk=3, m=8, n=4, df=7, bias=[True, True])
    with pytest.raises(TypeError, match=r"m\[0\] must be .*Fraction"):
        convcost.Space(convcost.separable, dk=[3], m=[Fraction(1, 2), 3], n=[4], df=[7])
    with pytest.raises(TypeError, match=r"m\[0\] must be a positive integer"):
        convcost.Space(convcost.separable, dk=[3], m=[symbol("q"), 3], n=[4], df=[7])


def test_a_network_is_gone_through():
    network = convcost.from_keras("docs/gallery/fashion_mnist.json", (32, 32, 1))
    space = convcost.Space(network, width=[0.5, 1], resolution=[32, 64])
    for method in METHODS:
        assert space.top(1, "macs", method=method).resolution.tolist() == [64]
        assert space.count("resolution <= 32", method=method) == 2
    assert convcost.Space(network, width=2, resolution=[32, 64]).shape == (1, 2)
