"""Reports in every format: their numbers add up, and they state their convention."""

import csv
import io
import json
import pickle
import sys
from fractions import Fraction

import keras
import pandas as pd
import pytest
from keras import layers as kl

import convcost
from convcost._report import Report
from convcost._report.report import CONVENTIONS
from convcost.symbols import symbol


def model():
    x = entry = keras.Input((28, 28, 32), name="image")
    x = kl.SeparableConv2D(32, 3, padding="same", name="block_1_conv")(x)
    x = kl.BatchNormalization(name="block_1_bn")(x)
    x = kl.Conv2D(64, 3, padding="same", name="block_2_conv")(x)
    inner = keras.Sequential([keras.Input((28, 28, 64)), kl.Flatten(name="f")], name="inner")
    return keras.Model(entry, kl.Dense(10, name="head")(inner(x)), name="tiny")


@pytest.fixture(scope="module")
def network():
    return convcost.from_keras(model())


@pytest.fixture(scope="module")
def report(network):
    return convcost.summary(network, effective=True, intensity=True)


def test_every_row_has_the_arithmetic_behind_it(network):
    (first, *_) = convcost.summary(network).lines
    assert first[-1] == "3*3*32 + (1*1*32+1)*32 = 1344"
    macs = convcost.summary(network, formula="macs")
    assert macs.lines[0][-1] == "3*3*32*28*28 + 1*1*32*32*28*28 = 1028608"
    with pytest.raises(ValueError, match="formula must be 'params' or 'macs'; got 'x'"):
        convcost.summary(network, formula="x")


def test_a_repl_shows_the_table(network):
    one = convcost.summary(network)
    assert repr(one) == str(one)
    assert "1,344" in repr(one)
    both = convcost.compare(network, network)
    assert repr(both) == str(both)


def test_the_total_is_the_sum_of_the_rows(network, report):
    total = report.total()
    assert total == network.total()
    assert total.params == sum(row.params for row in network) == model().count_params()
    assert sum(line[5] for line in report.lines) == 1
    assert report.count("macs") == total.macs
    assert report.count("flops") == 2 * total.macs
    assert report.count("tf.profiler") == 2 * total.macs + total.bias_adds
    with pytest.raises(ValueError, match=r"'macs', 'flops' or 'tf.profiler'; got 'FLOPS'"):
        report.count("FLOPS")


def test_columns_on_request(network, report):
    names = [column.name for column in report.columns]
    assert names[6:8] == ["effective_macs", "intensity"]
    by_name = {line[0]: dict(zip(names, line, strict=True)) for line in report.lines}
    layer = convcost.layers.Conv2D(64, 3, padding="same")
    shape = (28, 28, 32)
    row = by_name["block_2_conv"]
    assert row["effective_macs"] == layer.cost(shape, effective=True).macs
    assert row["intensity"] == layer.intensity(shape)
    assert by_name["block_1_bn"]["effective_macs"] == 0
    grouped = report.group("kind")
    assert all(entry.intensity is None for entry in grouped.entries if len(entry.rows) > 1)


def test_sorting_filtering_and_the_first(report):
    sizes = [line[4] for line in report.sort("macs").lines]
    assert sizes == sorted(sizes, reverse=True)
    assert report.sort("name", descending=False).lines[0][0] == "block_1_bn"
    assert report.sort("share").lines[0] == report.sort("macs").lines[0]
    assert report.sort("flops").lines == report.sort("macs").lines
    assert report.sort("intensity").entries[0].intensity is not None
    assert report.sort("effective_macs").lines[0][0] == "block_2_conv"
    assert report.top(2).lines == report.sort("macs").lines[:2]
    assert report.sort("params").top(2).lines == report.sort("params").lines[:2]
    convolutions = report.sort("name").filter(lambda row: row.params > 128)
    assert convolutions.top(1).lines == convolutions.lines[:1] != report.top(1).lines
    assert report.sort("name").group("kind").top(1).lines == report.group("kind").top(1).lines
    only = report.filter(kind="Conv2D")
    assert [line[0] for line in only.lines] == ["block_2_conv"]
    assert only.total().params == 3 * 3 * 32 * 64 + 64
    assert only.lines[0][5] == report.lines[2][5]  # still a share of the whole network
    assert report.filter(kind="Conv3D").lines == []  # a class that this model has no layer of
    with pytest.raises(ValueError, match=r"got 'Conv2d' \(str\); did you mean 'Conv2D'\?"):
        report.filter(kind="Conv2d")
    with pytest.raises(TypeError, match="where must be a function of a row"):
        report.filter("Conv2D")
    assert "total of 1 of 5 layers" in only.notes[0]
    assert only.notes[1] == f"total of all: {report.total()}"
    assert len(report.filter(lambda row: row.params > 1000).lines) == 3
    for wrong, error in ((0, ValueError), (-1, ValueError), (True, TypeError), (1.5, TypeError)):
        with pytest.raises(error, match="number must be a positive integer"):
            report.top(wrong)
        with pytest.raises(error, match="depth must be a positive integer"):
            report.fold(wrong)
    with pytest.raises(ValueError, match=r"by must be one of name, kind.*; got 'size' .str.$"):
        report.sort("size")
    with pytest.raises(ValueError, match=r"got 'flosp' .str.; did you mean 'flops'.$"):
        report.sort("flosp")
    with pytest.raises(ValueError, match="'kind', 'block', 'stage' or a function"):
        report.group("size")
    with pytest.raises(ValueError, match="'kind', 'block', 'stage' or a function"):
        report.group(["kind"])


def test_groups(report):
    kinds = report.group("kind")
    assert [entry.name for entry in kinds.entries][:2] == ["SeparableConv2D", "BatchNormalization"]
    blocks = report.group("block")
    assert [entry.name for entry in blocks.entries] == ["block_1", "block_2", "inner", "head"]
    assert blocks.entries[0].kind == "2 layers"
    assert blocks.entries[0].cost.params == 1344 + 128
    assert blocks.entries[0].formula("params") == ""  # the kind has the number of layers
    assert blocks.total() == report.total()
    own = report.group(lambda row: row.name[0])
    assert [entry.name for entry in own.entries] == ["b", "i", "h"]
    assert own.sort("params").entries[0].name == "h"


def test_it_prints_as_wide_as_the_terminal(report, monkeypatch):
    for width in (80, 200):
        monkeypatch.setenv("COLUMNS", str(width))
        text = str(report)
        assert max(map(len, text.splitlines())) <= width
        for number in ("1,344", "1,028,608", "14,450,688"):
            assert number in text
    assert "tiny: (28, 28, 32)" in text
    assert "FLOPs are 2 * MACs, without the bias additions" in " ".join(text.split())


def test_it_prints_without_rich(report, monkeypatch):
    shown = str(report)
    monkeypatch.setitem(sys.modules, "rich.console", None)
    assert str(report) == shown


def test_csv_and_json(report, tmp_path):
    text = report.to_csv(tmp_path / "r.csv")
    assert (tmp_path / "r.csv").read_text() == text
    rows = list(csv.DictReader(io.StringIO(text)))
    assert rows[0]["name"] == "block_1_conv"
    assert rows[0]["output_shape"] == "(28, 28, 32)"
    assert sum(int(row["params"]) for row in rows) == report.total().params
    data = json.loads(report.to_json(tmp_path / "r.json"))
    assert json.loads((tmp_path / "r.json").read_text()) == data
    assert data["total"]["macs"] == report.total().macs
    assert data["total"]["counts"] == {name: report.count(name) for name in CONVENTIONS}
    assert data["rows"][0]["output_shape"] == [28, 28, 32]
    assert Fraction(data["rows"][0]["share"]["exact"]) == report.lines[0][5]
    assert data["total"]["non_trainable_params"] == 64


@pytest.mark.parametrize("columns", [1, 20, 40, 80])
def test_no_digit_is_lost_on_a_narrow_terminal(report, columns, monkeypatch):
    monkeypatch.setenv("COLUMNS", str(columns))
    for shown in (report, convcost.compare(report.network, report.network)):
        text = str(shown)
        for line in shown.texts():
            for column, value in zip(shown.columns, line, strict=True):
                assert column.leaves or not column.number or value in text


def test_names_are_harmless_in_spreadsheets_and_markdown():
    dense = {"class_name": "Dense", "config": {"units": 3}}
    names = ["=cmd|' /C calc'!A0", "+1", "-1", "@SUM(A1)", "<script>", "[x](y)", "`a`", "a_b"]
    layers = [{**dense, "config": {**dense["config"], "name": name}} for name in names]
    report = convcost.summary({"name": "s", "layers": layers}, (4,))
    cells = [row[0] for row in csv.reader(io.StringIO(report.to_csv()))][1:]
    assert cells == [f"'{name}" if name[0] in "=+-@" else name for name in names]
    shown = [line.split("|")[1].strip() for line in report.to_markdown().splitlines()[6:]]
    assert shown == [r"\<script\>", r"\[x\](y)", r"\`a\`", "a_b", "total"]


def test_a_data_frame(report):
    frame = report.to_pandas()
    assert list(frame.columns) == [column.name for column in report.columns]
    assert frame["params"].sum() == report.total().params
    assert str(frame["params"].dtype) == "int64"
    empty = report.filter(lambda _: False).to_pandas()
    assert len(empty) == 0
    assert list(empty.columns) == list(frame.columns)


def test_a_data_frame_of_numbers_beyond_int64_is_exact():
    dense = {"class_name": "Dense", "config": {"name": "d", "units": 10**30}}
    frame = convcost.summary({"name": "n", "layers": [dense]}, (10,)).to_pandas()
    assert frame["params"][0] == 11 * 10**30


def test_markdown_latex_and_notebooks(report):
    markdown = report.to_markdown()
    assert markdown.splitlines()[0].startswith("| layer")
    assert r"3\*3\*32 + (1\*1\*32+1)\*32 = 1344" in markdown
    assert report.filter(lambda _: False).to_markdown().startswith("| layer")
    dense = {"class_name": "Dense", "config": {"name": "a|b*", "units": 1}}
    row = convcost.summary({"name": "n", "layers": [dense]}, (1,)).to_markdown().splitlines()[2]
    assert row.split("  ")[0] == r"| a\|b\*"
    latex = report.to_latex()
    assert latex.startswith(r"\begin{tabular}{lllrrrrrl}")
    assert r"block\_1\_conv" in latex
    html = report._repr_html_()
    assert '<td style="text-align: right">1,344</td>' in html
    assert '<td style="text-align: left">block_1_conv</td>' in html
    assert '<tfoot><tr><th style="text-align: left">total</th>' in html
    assert html.startswith("<p>tiny: (28, 28, 32)</p><table>")


def test_what_is_missing_is_named(report, monkeypatch):
    for module, call in (
        ("pandas", report.to_pandas),
        ("tabulate", report.to_markdown),
        ("matplotlib", report.plot),
    ):
        with monkeypatch.context() as patch:
            patch.setitem(sys.modules, module, None)
            with pytest.raises(ImportError, match=r'pip install "convcost\[report\]"'):
                call()


def test_the_plot_has_a_bar_for_each_layer(report):
    import matplotlib

    matplotlib.use("agg")
    from matplotlib import pyplot

    figure = report.plot()
    upper, lower, *_ = figure.axes
    assert [bar.get_height() for bar in upper.patches] == [line[4] for line in report.lines]
    assert [bar.get_height() for bar in lower.patches] == [line[3] for line in report.lines]
    assert upper.get_ylabel() == "MACs per layer"
    blocks = report.group("block").plot().axes
    assert [one.get_ylabel() for one in blocks[:2]] == ["MACs per group", "parameters per group"]
    added = figure.axes[2].lines[0].get_ydata()
    assert added[-1] == report.total().macs
    _, axes = pyplot.subplots(2)
    assert report.plot(axes) is axes[0].figure
    pyplot.close("all")


def test_a_notebook_shows_a_plot_once(report, monkeypatch):
    from matplotlib import pyplot

    report.plot()
    assert len(pyplot.get_fignums()) == 1
    pyplot.close("all")
    # There pyplot shows each open figure at the end of a cell, and the cell its result.
    monkeypatch.setattr(pyplot, "get_backend", lambda: "module://matplotlib_inline.backend_inline")
    front = pd.DataFrame({"macs": [1, 2], "params": [2, 1]})
    for figure in (report.plot(), convcost.plot_front(front)):
        assert figure.axes
    assert pyplot.get_fignums() == []


def test_symbolic_reports(network):
    h, w = symbol("h"), symbol("w")
    entry = keras.Input((None, None, 3))
    open_ended = keras.Model(entry, kl.Conv2D(4, 3, padding="same", name="conv")(entry))
    report = convcost.summary(open_ended)
    assert report.total().macs == 108 * h * w
    assert report.count("tf.profiler") == 220 * h * w
    assert report.lines[0][5] is None
    assert "108*h*w" in str(report)
    assert json.loads(report.to_json())["total"]["macs"] == "108*h*w"
    assert "108*h*w" in report.to_csv()
    with pytest.raises(ValueError, match=r"by='macs': its values contain symbols, .* input_shape"):
        report.sort()
    with pytest.raises(TypeError, match="contain symbols; give an input_shape of integers"):
        report.plot()
    with_intensity = Report(convcost.from_keras(open_ended), intensity=True)
    assert "h*w" in str(with_intensity)


def test_a_network_of_nothing_that_multiplies():
    flat = convcost.summary(keras.Sequential([keras.Input((4, 4)), kl.Flatten()]))
    assert flat.lines[0][5] is None
    assert flat.total().macs == 0


def test_summary_takes_networks(network):
    assert convcost.summary(network).total() == network.total()
    half = convcost.summary(convcost.from_keras(kl_only()), (14, 14, 3))
    assert half.network.input_shapes == ((14, 14, 3),)


def kl_only():
    return keras.Sequential([keras.Input((28, 28, 3)), kl.Conv2D(4, 3)])


def test_the_tables_base_says_what_it_lacks():
    from convcost._report.table import Table

    for name in ("columns", "lines", "title", "notes"):
        with pytest.raises(NotImplementedError):
            getattr(Table(), name)


def test_a_very_long_name_is_cut_in_print_and_whole_in_data():
    names = ["x" * 500_000, *(f"dense_{number}" for number in range(50))]
    entry = {"name": "in", "batch_shape": [None, 4]}
    layers = [{"class_name": "InputLayer", "config": entry}]
    layers += [{"class_name": "Dense", "config": {"name": name, "units": 4}} for name in names]
    report = convcost.summary({"class_name": "Sequential", "config": {"layers": layers}})
    # Not 50 rows that are each as long as the longest one.
    assert max(map(len, str(report).splitlines())) <= 80
    for shown in (report.to_text(), report.to_markdown(), report.to_latex(), report._repr_html_()):
        text = shown.replace("\n", "").replace(r"\,", ",")
        assert "(499,000 characters more)" in " ".join(text.split())
        assert len(shown) < 500_000
    frame = report.to_pandas()
    assert frame["name"].tolist() == names
    assert report.as_dict()["rows"][0]["name"] == names[0]
    assert names[0] in report.to_csv()


def test_reports_can_be_pickled(report):
    for made in (
        report,
        report.sort("params").top(2),
        convcost.summary(report.network, units="auto"),
    ):
        again = pickle.loads(pickle.dumps(made))
        assert str(again) == str(made)
        assert again.to_json() == made.to_json()
    of_macs = convcost.summary(report.network, formula="macs", columns=["kernel", "formula"])
    assert str(pickle.loads(pickle.dumps(of_macs))) == str(of_macs)


def test_numbers_beyond_the_largest_float():
    def config(name, units):
        dense = {"class_name": "Dense", "config": {"name": "d", "units": units}}
        return {"name": name, "layers": [dense]}

    huge, tiny = config("huge", 10**400), config("tiny", 3)
    report = convcost.summary(huge, (4,), units="auto")
    for text in (report.to_text(None), report.to_markdown(), report.to_latex(), report.to_csv()):
        assert "d" in text
    assert "2.000e+401" not in report.to_text(None)
    for models in ((tiny, huge), (tiny, huge, tiny)):
        compared = convcost.compare(*models, input_shape=(4,))
        assert "e+399" in compared.to_text(None)
        for line in csv.reader(io.StringIO(compared.to_csv())):
            assert "inf" not in line
        assert json.loads(compared.to_json())
    assert f"{convcost.Cost(Fraction(5, 2), Fraction(50001, 10), 0):.1f}".startswith(
        "5/2 parameters"
    )
