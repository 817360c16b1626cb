"""The stages of a network, by the sides of their outputs: in a table, and in a figure."""

import json
from xml.etree import ElementTree

import matplotlib
import pytest

import convcost
from convcost.symbols import symbol

matplotlib.use("agg")

from matplotlib import pyplot


def config(*layers, name="tiny"):
    made = [{"class_name": kind, "config": {"name": title, **more}} for kind, title, more in layers]
    return {"name": name, "layers": made}


def conv(title, filters, **more):
    return "Conv2D", title, {"filters": filters, "kernel_size": 3, "padding": "same", **more}


TINY = config(
    conv("stem", 8, strides=2),
    ("BatchNormalization", "norm", {}),
    ("ZeroPadding2D", "pad", {"padding": 1}),
    conv("block_1_conv", 16, strides=2, padding="valid"),
    ("ReLU", "relu", {}),
    conv("block_2_conv", 16),
    ("GlobalAveragePooling2D", "pool", {}),
    ("Dense", "$head$", {"units": 10}),
    name="a_model_with_a_name_that_is_rather_long",
)


@pytest.fixture(scope="module")
def report():
    return convcost.summary(TINY, (28, 28, 3))


@pytest.fixture(autouse=True)
def _closed():
    yield
    pyplot.close("all")


def test_a_row_for_each_output_size(report):
    stages = report.group("stage")
    assert [line[:2] for line in stages.lines] == [
        ("14 x 14", "3 layers"),
        ("7 x 7", "3 layers"),
        ("vector", "2 layers"),
    ]
    assert stages.total() == report.total()
    assert [entry.cost.macs for entry in stages.entries] == [
        3 * 3 * 3 * 8 * 14 * 14,
        3 * 3 * 8 * 16 * 7 * 7 + 3 * 3 * 16 * 16 * 7 * 7,
        160,
    ]


def test_stages_of_other_models():
    first = config(
        conv("conv", 8, data_format="channels_first"),
        ("BatchNormalization", "norm", {"axis": 1}),
        ("Flatten", "flat", {}),
    )
    stages = convcost.summary(first, (3, 9, 7)).group("stage")
    assert [line[0] for line in stages.lines] == ["9 x 7", "vector"]
    states = config(("LSTM", "lstm", {"units": 4, "return_sequences": True, "return_state": True}))
    assert convcost.summary(states, (5, 3)).group("stage").lines[0][0] == "5"
    h = symbol("h")
    open_ended = convcost.summary(config(conv("conv", 8)), (h, 9, 3))
    assert open_ended.group("stage").lines[0][0] == "h x 9"
    with pytest.raises(TypeError, match="macs can't be plotted, because they contain symbols"):
        open_ended.plot(by="stage")
    gate = {"module": "shop", "class_name": "Gate", "config": {"name": "gate"}}
    with pytest.warns(UserWarning, match="left out"):
        unknown = convcost.summary({"name": "g", "layers": [gate]}, (4,), on_unknown="warn")
    assert unknown.group("stage").lines[0][0] == "unknown"


def test_a_figure_for_a_paper(report):
    figure = report.plot(by="stage")
    (axes,) = figure.axes
    assert figure.get_figwidth() == 3.15
    assert [one.get_text() for one in axes.get_yticklabels()] == [
        "14 \N{MULTIPLICATION SIGN} 14",
        "7 \N{MULTIPLICATION SIGN} 7",
        "vector",
    ]
    assert (
        figure.legends[0].get_title().get_text()
        == "a_model_with_a_n…_is_rather_long by output size"
    )
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("share of the model in %", "output size")
    assert [one.get_text() for one in figure.legends[0].get_texts()] == [
        "MACs: 211.8 k",
        "parameters: 3.9 k",
    ]
    assert [one.get_text() for one in axes.texts] == [
        *("42.3 k", "169.3 k", "160"),
        *("256", "3.5 k", "170"),
    ]
    widths = [bar.get_width() for bar in axes.patches]
    assert sum(widths[:3]) == pytest.approx(100)
    assert sum(widths[3:]) == pytest.approx(100)
    # The first is above the others, and one color is dark where the other is light.
    assert axes.yaxis_inverted()
    dark, light = (sum(axes.containers[place][0].get_facecolor()[:3]) / 3 for place in (0, 1))
    assert light - dark > 0.3
    figure.draw_without_rendering()
    inside = figure.get_window_extent()
    for text in (*axes.texts, *figure.legends, *axes.get_yticklabels()):
        found = text.get_window_extent()
        assert inside.x0 <= found.x0
        assert found.x1 <= inside.x1


def test_other_groups_and_axes(report):
    _, axes = pyplot.subplots()
    assert report.plot(axes, by="block") is axes.figure
    assert axes.get_title() == "a_model_with_a_n…_is_rather_long by block"
    assert len(axes.get_legend().get_texts()) == 2
    assert [one.get_text() for one in axes.get_yticklabels()] == [
        *("stem", "norm", "block_1", "block_2", r"\$head\$"),
    ]
    own = report.plot(by=lambda row: row.name[0]).axes[0]
    assert own.get_ylabel() == "group"
    assert report.plot(by="kind").axes[0].get_ylabel() == "class of layers"
    norms = convcost.summary(config(("BatchNormalization", "norm", {})), (4,))
    assert [bar.get_width() for bar in norms.plot(by="kind").axes[0].patches] == [0, 100]
    with pytest.raises(ValueError, match="by must be 'kind', 'block', 'stage' or a function"):
        report.plot(by="stages")


def test_a_figure_on_the_shell(tmp_path, monkeypatch, run):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "tiny.json").write_text(json.dumps(TINY))
    command = ("summary", "tiny.json", "--input-shape", "28,28,3")
    _, out, _ = run(*command, "--group", "stage", "--format", "csv")
    assert out.splitlines()[1].startswith("14 x 14,3 layers,")
    assert run(*command, "--group", "stage", "-o", "stages.svg") == (0, "", "")
    assert ElementTree.parse("stages.svg").getroot().get("width") == "226.8pt"
    assert run(*command, "-o", "layers.png") == (0, "", "")
    assert (tmp_path / "layers.png").read_bytes().startswith(b"\x89PNG")
    _, _, err = run("compare", *["tiny.json"] * 2, *command[2:], "-o", "x.svg")
    assert "--output must end with .txt, .json, .csv, .md, .tex, or give --format" in err
    code, _, err = run(*command, "-o", "gone/x.pdf")
    assert (code, err) == (2, "Error: gone/x.pdf can't be written: 'gone' is not a folder\n")
