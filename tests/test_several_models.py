"""Several models in one table, with columns of one's own, and a plot."""

import json
import types

import numpy as np
import pandas as pd
import pytest

import convcost
from convcost.symbols import symbol


def tiny(units, name=None):
    dense = {"class_name": "Dense", "config": {"name": "head", "units": units}}
    return {"name": name or f"tiny{units}", "layers": [dense]}


@pytest.fixture
def models():
    return convcost.compare(tiny(10), tiny(5), tiny(20), input_shape=(100,))


def test_each_model_has_a_row_with_its_totals_and_ratios(models):
    table = models.with_column("accuracy", {"tiny20": 0.92, "tiny5": None, "tiny10": 0.91})
    assert [column.name for column in table.columns] == [
        *("model", "input_shape", "params", "macs", "flops", "size"),
        *("params_ratio", "macs_ratio", "accuracy"),
    ]
    assert table.lines == [
        ("tiny10", (100,), 1010, 1000, 2000, 4040, 1, 1, 0.91),
        ("tiny5", (100,), 505, 500, 1000, 2020, 1 / 2, 1 / 2, None),
        ("tiny20", (100,), 2020, 2000, 4000, 8080, 2, 2, 0.92),
    ]
    for line, network in zip(models.lines, models.networks, strict=True):
        assert line[2:6] == (network.params, network.macs, network.total().flops, network.size)
    assert table.title == "3 models"
    assert table.notes[0].startswith("ratios are to tiny10; a MAC is one multiply and one add")
    data = json.loads(models.to_json())
    assert data["rows"][1]["macs_ratio"] == {"exact": "1/2", "value": 0.5}
    assert "tiny20" in str(table)
    assert '<td style="text-align: left">tiny20</td>' in models._repr_html_()


def test_equal_names_are_numbered_and_what_costs_nothing_has_no_ratio():
    nothing = {"name": "tiny5", "layers": [{"class_name": "Flatten", "config": {"name": "f"}}]}
    two = {"name": "two", "input_layers": {"a": ["a", 0, 0], "b": ["b", 0, 0]}}
    layers = [
        {
            "class_name": "InputLayer",
            "name": one,
            "config": {"name": one, "batch_shape": [None, 100]},
            "inbound_nodes": [],
        }
        for one in "ab"
    ]
    two = {**two, "layers": layers, "output_layers": {"a": ["a", 0, 0], "b": ["b", 0, 0]}}
    table = convcost.compare(
        *(convcost.from_keras(one, (100,)) for one in (nothing, tiny(5), tiny(5))), two
    )
    assert table.names == ("tiny5", "tiny5 (2)", "tiny5 (3)", "two")
    assert [line[6:8] for line in table.lines] == [(None, None)] * 4
    assert table.lines[-1][1] == ((100,), (100,))
    assert "(100,), (100,)" in table.to_csv()
    assert table.texts()[-1][1] == "(100,), (100,)"


def test_what_is_left_out_is_said():
    gate = {"module": "shop", "class_name": "Gate", "config": {"name": "gate"}}
    with pytest.warns(UserWarning, match="left out"):
        unknown = convcost.from_keras(
            {"name": "gated", "layers": [gate]}, (4,), on_unknown="warn", shapes={"gate": (4,)}
        )
    table = convcost.compare(convcost.from_keras(tiny(3), (4,)), unknown, unknown)
    assert table.notes[1:] == (
        "left out of gated, since their cost is not known: gate",
        "left out of gated (2), since their cost is not known: gate",
    )


def test_saved_reports_are_models_too(models, tmp_path):
    path = tmp_path / "tiny10.json"
    convcost.summary(models.networks[0]).to_json(path)
    assert convcost.compare(path, *models.networks[1:]).lines == models.lines


def test_what_is_compared_must_be_two_models_or_more():
    with pytest.raises(TypeError, match="compare takes two models or more; got 1"):
        convcost.compare(tiny(3))
    with pytest.raises(TypeError, match="models must be a model; give a shape as input_shape="):
        convcost.compare(tiny(3), tiny(4), (100,))


def test_names_of_ones_own(models):
    named = models.with_names(["full", "half", "double"])
    assert [line[0] for line in named.lines] == ["full", "half", "double"]
    assert models.names == ("tiny10", "tiny5", "tiny20")
    for names, message in (
        ("abc", "names must be a list of names; got 'abc'"),
        ([1, 2, 3], "names must be a list of names"),
        (["a", "b"], "names must be 3 different names"),
        (["a", "b", "a"], "names must be 3 different names"),
    ):
        with pytest.raises((TypeError, ValueError), match=message):
            models.with_names(names)


@pytest.mark.parametrize(
    ("name", "values", "message"),
    [
        (3, [1, 2, 3], "name must be the heading of a column; got 3"),
        ("", [1, 2, 3], "name must be the heading"),
        ("macs", [1, 2, 3], "name must be another name than those of the columns; got 'macs'"),
        ("top1", [1, 2], "values must be 3 values, one for each model"),
        ("top1", {"tiny10": 3}, "values must be a value for each of tiny10, tiny5, tiny20"),
        ("top1", "abc", "values must be a list or a dict"),
        ("top1", 3, "values must be a list or a dict"),
    ],
)
def test_columns_that_are_refused(models, name, values, message):
    with pytest.raises((TypeError, ValueError), match=message):
        models.with_column(name, values)


def test_a_plot_has_a_point_for_each_model(models):
    import matplotlib

    matplotlib.use("agg")
    from matplotlib import pyplot

    table = models.with_column("top-1", [0.91, 0.88, 0.92]).with_column("who", list("abc"))
    figure = table.plot("top-1")
    (axes,) = figure.axes
    (points,) = axes.collections
    assert points.get_offsets().tolist() == [[1000, 0.91], [500, 0.88], [2000, 0.92]]
    assert sorted(one.get_text() for one in axes.texts) == sorted(table.names)
    assert (axes.get_xscale(), axes.get_xlabel(), axes.get_ylabel()) == ("log", "MACs", "top-1")
    assert table.plot("top-1", "size", axes) is figure
    pyplot.close("all")
    with pytest.raises(
        ValueError, match="y must be one of top-1, who added with `with_column`; got"
    ):
        table.plot("top1")
    with pytest.raises(ValueError, match="x must be one of params, macs, flops, size"):
        table.plot("top-1", "mac")
    with pytest.raises(TypeError, match="who must be a column of numbers"):
        table.plot("who")
    open_ended = convcost.compare(*[tiny(one) for one in (1, 2, 3)], input_shape=(symbol("c"),))
    with pytest.raises(TypeError, match="macs must be a column of numbers: give an input_shape"):
        open_ended.with_column("top-1", [1, 2, 3]).plot("top-1")


def test_on_the_shell(tmp_path, monkeypatch, run):
    monkeypatch.chdir(tmp_path)
    for units in (10, 5, 20):
        (tmp_path / f"{units}.json").write_text(json.dumps(tiny(units)))
    shape = ("--input-shape", "100")
    code, out, err = run("compare", "10.json", "5.json", "20.json", *shape)
    assert (code, err) == (0, "")
    assert "3 models" in out
    assert run("compare", "10.json", "5.json", *shape, "-o", "x.tex") == (0, "", "")
    assert (tmp_path / "x.tex").read_text().startswith("\\begin{table}\n")
    code, out, err = run("compare", "10.json", *shape)
    assert (code, out) == (2, "")
    assert "give two models or more to compare" in err


def test_a_page_without_a_path_says_where_it_is(tmp_path, monkeypatch, run):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "model.json").write_text(json.dumps(tiny(10, "a/b: <c>")))
    command = ["summary", "model.json", "--input-shape", "100", "--format", "html"]
    assert run(*command) == (0, "wrote a-b.html\n", "")
    assert (tmp_path / "a-b.html").read_text().startswith("<!DOCTYPE html>")
    code, out, err = run(*command)
    assert (code, out) == (2, "")
    assert "a-b.html exists: give --output to replace it, or another name" in err
    (tmp_path / "model.json").write_text(json.dumps(tiny(10, "..")))
    assert run(*command) == (0, "wrote report.html\n", "")


def test_names_of_models_are_different():
    made = convcost.compare(*[config(name) for name in ("m", "m", "m (2)", "m")], input_shape=(4,))
    assert made.names == ("m", "m (3)", "m (2)", "m (4)")


def config(name):
    return {"name": name, "layers": [{"class_name": "Dense", "config": {"name": "d", "units": 3}}]}


@pytest.mark.parametrize(
    "values",
    [
        types.MappingProxyType({"c": 1, "b": 2, "a": 3}),
        pd.Series({"c": 1, "b": 2, "a": 3}),
        pd.Series([3, 2, 1]),
        np.array([3, 2, 1], np.float32),
    ],
)
def test_a_column_goes_by_the_names_that_it_has(values):
    made = convcost.compare(*map(config, "abc"), input_shape=(4,)).with_column("acc", values)
    column = [line[-1] for line in made.lines]
    assert column == [3, 2, 1]
    assert {type(one) for one in column} <= {int, float}
    assert [row["acc"] for row in json.loads(made.to_json())["rows"]] == column


@pytest.mark.parametrize(
    "values", [{1, 2, 3}, b"abc", "abc", 5, {"a": 1}, {"a": 1, "b": 2, "x": 3}]
)
def test_a_column_of_something_else_is_refused(values):
    models = convcost.compare(*map(config, "abc"), input_shape=(4,))
    with pytest.raises((TypeError, ValueError), match="values must be"):
        models.with_column("acc", values)


@pytest.mark.parametrize("names", [5, None, (one for one in "abc"), ["", "b", "c"]])
def test_names_that_are_none_are_refused(names):
    with pytest.raises(TypeError, match="names must be a list of names"):
        convcost.compare(*map(config, "abc"), input_shape=(4,)).with_names(names)


def test_headings_and_texts_of_ones_own_are_harmless():
    models = convcost.compare(*map(config, "abc"), input_shape=(4,))
    made = models.with_column("=b|c", ["x\ny", "=1", ""])
    assert made.to_csv().splitlines()[0].endswith(",'=b|c")
    head, _, first, *_ = made.to_markdown().splitlines()
    assert head.rstrip(" |").endswith(r"=b\|c")
    assert "x y" in first
