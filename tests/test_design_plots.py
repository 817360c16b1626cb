"""Plots of designs: what each axis and color shows, and what is refused."""

from fractions import Fraction

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
import xarray as xr

import convcost

mpl.use("Agg")
AXES = {"dk": range(1, 10), "n": range(1, 65)}
SPACE = convcost.Space(
    convcost.separable, dk=[3, 5], m=range(8, 65, 8), n=range(8, 65, 8), df=[7, 14]
)


@pytest.fixture(autouse=True)
def closed():
    yield
    from matplotlib import pyplot

    pyplot.close("all")


@pytest.fixture
def ratio():
    separable, standard = (
        convcost.sweep(kind, m=64, df=28, **AXES)
        for kind in (convcost.separable, convcost.standard)
    )
    return separable.macs / standard.macs


def test_a_front():
    front = SPACE.pareto(maximize=["params", "df"], minimize=["macs"])
    figure = convcost.plot_front(front, color="df")
    (axes,) = figure.axes
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("MACs", "parameters")
    assert axes.get_title() == f"{len(front):,} designs: parameters against MACs"
    legend = axes.get_legend()
    assert legend.get_title().get_text() == "df"
    assert [text.get_text() for text in legend.get_texts()] == ["7", "14"]
    for line, df in zip(axes.lines, (7, 14), strict=True):
        part = front[front["df"] == df].sort_values("macs")
        assert line.get_xydata().tolist() == part[["macs", "params"]].to_numpy().tolist()
        assert (line.get_linestyle(), line.get_marker()) == ("-", "o")
    assert len({line.get_color() for line in axes.lines}) == 2
    assert convcost.plot_front(front, "n", "m", axes=axes) is figure


def test_only_what_grows_or_falls_is_joined():
    designs = pd.DataFrame({"macs": [1, 3, 2], "params": [5, 1, 2], "m": [1, 2, 3]})
    for y, style in (("params", "-"), ("m", "None")):
        (line,) = convcost.plot_front(designs, y=y).axes[0].lines
        assert line.get_linestyle() == style
        assert line.get_xdata().tolist() == [1, 2, 3]


def test_many_values_have_a_color_bar():
    designs = pd.DataFrame({"macs": range(1, 12), "params": range(1, 12), "m": range(11)})
    axes, bar = convcost.plot_front(designs, color="m").axes
    (points,) = axes.collections
    assert points.get_offsets().tolist() == designs[["macs", "params"]].to_numpy().tolist()
    assert points.get_array().tolist() == designs["m"].tolist()
    assert (bar.get_ylabel(), axes.get_legend()) == ("m", None)
    (axes,) = convcost.plot_front(designs[:10], color="m").axes
    assert len(axes.lines) == 10


def test_a_ratio(ratio):
    figure = convcost.plot_ratio(ratio, level=Fraction(1, 8))
    axes, bar = figure.axes
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("n", "dk")
    assert bar.get_ylabel() == "ratio of MACs"
    assert axes.get_title() == "ratio of MACs at m = 64, df = 28"
    assert convcost.plot_ratio(ratio.rename("saved")).axes[1].get_ylabel() == "saved"
    mesh, line = axes.collections[:2]
    assert mesh.get_array().reshape(ratio.shape).tolist() == ratio.values.tolist()
    # The middle color and the line both stand for the level, where 1/n + 1/dk² is 1/8.
    assert mesh.norm(1 / 8) == pytest.approx(0.5)
    n, dk = np.concatenate([path.vertices for path in line.get_paths()]).T
    assert np.allclose(1 / n + 1 / dk**2, 1 / 8, rtol=0.1)
    assert len(n) > 10


@pytest.mark.parametrize(
    ("given", "labels"),
    [
        ({"x": "dk"}, ("dk", "n")),
        ({"x": "n"}, ("n", "dk")),
        ({"y": "n"}, ("dk", "n")),
        ({"y": "dk"}, ("n", "dk")),
    ],
)
def test_which_way_round(ratio, given, labels):
    axes = convcost.plot_ratio(ratio, **given).axes[0]
    assert (axes.get_xlabel(), axes.get_ylabel()) == labels
    mesh = axes.collections[0].get_array()
    assert mesh.reshape(ratio.transpose(*labels[::-1]).shape).tolist() == (
        ratio.transpose(*labels[::-1]).values.tolist()
    )


def test_what_is_no_answer_of_a_sweep_is_refused():
    with pytest.raises(TypeError, match=r"front must be a data frame, .*got \[1\]"):
        convcost.plot_front([1])
    with pytest.raises(TypeError, match=r"ratio must be a DataArray, .*got 3"):
        convcost.plot_ratio(3)


def test_no_line_where_the_level_is_never_crossed(ratio):
    assert len(convcost.plot_ratio(ratio, level=1000).axes[0].collections) == 1
    row = ratio.isel(dk=[2])
    assert len(convcost.plot_ratio(row, level=float(row.mean())).axes[0].collections) == 1


def test_all_equal():
    even = xr.DataArray(np.ones((2, 3)), dims=("a", "b"), coords={"a": [1, 2], "b": [1, 2, 3]})
    axes = convcost.plot_ratio(even).axes[0]
    assert (axes.get_xlabel(), axes.get_title()) == ("b", "ratio")


@pytest.mark.parametrize(
    ("given", "error", "message"),
    [
        ({"level": 0}, ValueError, "level must be a positive number; got 0"),
        ({"level": float("nan")}, ValueError, "level must be a positive number; got nan"),
        ({"level": True}, TypeError, "level must be a positive number; got True"),
        ({"level": "1"}, TypeError, "level must be a positive number; got '1'"),
        ({"x": "m"}, ValueError, "x must be 'dk' or 'n'; got 'm'"),
        ({"y": "m"}, ValueError, "y must be 'dk' or 'n'; got 'm'"),
        ({"x": "n", "y": "n"}, ValueError, "y must be a different dimension from x; got 'n'"),
    ],
)
def test_what_is_no_ratio_plot(ratio, given, error, message):
    with pytest.raises(error) as caught:
        convcost.plot_ratio(ratio, **given)
    assert message in str(caught.value)


def test_what_is_no_ratio(ratio):
    with pytest.raises(ValueError, match=r"must have two dimensions; got 1 \(n\)"):
        convcost.plot_ratio(ratio.sel(dk=3))
    with pytest.raises(ValueError, match="must be positive everywhere"):
        convcost.plot_ratio(ratio - 1)
    with pytest.raises(ValueError, match="must be positive everywhere"):
        convcost.plot_ratio(ratio.where(ratio.n > 3))


@pytest.mark.parametrize(
    ("given", "error", "message"),
    [
        ({"x": "side"}, ValueError, "x must be one of dk, m, n, df, params"),
        ({"y": "side"}, ValueError, "y must be one of dk"),
        ({"color": "side"}, ValueError, "color must be one of dk"),
        ({"x": "padding"}, TypeError, "x must be a column of numbers, but column 'padding' has"),
    ],
)
def test_what_is_no_front_plot(given, error, message):
    front = SPACE.top(2, by="params").assign(padding=pd.Series(["same", "valid"], dtype=object))
    with pytest.raises(error) as caught:
        convcost.plot_front(front, **given)
    assert message in str(caught.value)
    with pytest.raises(ValueError, match="no designs"):
        convcost.plot_front(front[:0])
