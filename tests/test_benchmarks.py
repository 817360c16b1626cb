"""The tables of docs and README show what was measured, and the counts are still the same."""

import doctest
import json

import activations
import click
import fashion_mnist_tables as trained
import promise
import pytest
import report
import results
import run as benchmark_run
import tables
import torch_copies
from click.testing import CliRunner
from suite import counts, subjects

FIGURES = results.Results.read()


@pytest.mark.parametrize("path", sorted(report.pages(FIGURES)), ids=lambda path: path.name)
def test_a_page_says_what_was_measured(path):
    assert path.read_text(encoding="utf-8") == report.pages(FIGURES)[path]


def test_the_page_of_the_pipelines_says_what_was_measured():
    figures = json.loads((report.FOLDER / "pipelines.json").read_text(encoding="utf-8"))
    page = (report.FOLDER / "pipelines.md").read_text(encoding="utf-8")
    assert page == report.pipelines_page(figures)


@pytest.mark.parametrize(
    "benchmark", [promise, torch_copies, activations], ids=lambda it: it.__name__
)
def test_a_table_says_what_was_measured(benchmark):
    figures = json.loads(benchmark.FIGURES.read_text(encoding="utf-8"))
    assert benchmark.TABLE.read_text(encoding="utf-8") == benchmark.page(figures)


MODEL = "the article's model"
PROMISE = json.loads(promise.FIGURES.read_text(encoding="utf-8"))


def test_the_figures_of_the_promise_follow_from_the_times():
    for run in PROMISE["runs"]:
        for which in promise.PASSES:
            layers, model = promise.speed_ups(run, which)
            pairs = [pair for pair in run["pairs"] if pair["pass"] == which]
            ratios = [pair["standard"]["seconds"] / pair["separable"]["seconds"] for pair in pairs]
            assert model == ratios[0]  # of the only pair without steps
            assert layers == sorted(ratios[1:])
            assert [pair["name"] for pair in pairs if "depthwise" not in pair] == [MODEL]


@pytest.mark.parametrize("share", ["seconds", "macs"])
def test_the_depthwise_share_is_that_of_the_two_steps(share):
    other = "macs" if share == "seconds" else "seconds"
    step = {"seconds": 1, "macs": 1}
    three = [{**step, share: first} for first in (1, 3, 9)]
    pairs = [{"name": "", "pass": "forward", "depthwise": one, "pointwise": step} for one in three]
    model = {"name": MODEL, "pass": "forward"}
    shares = promise.depthwise_shares({"pairs": [*pairs, model]}, "forward")
    assert dict(zip(("seconds", "macs"), shares, strict=True)) == {share: 0.75, other: 0.5}


def test_figures_of_a_few_layers_do_not_replace_those_of_all():
    result = CliRunner().invoke(promise.main, ["--quick", "--write"])
    assert result.exit_code == 2
    assert "--quick and --write exclude each other" in result.output


def test_what_is_not_installed_is_said_before_anything_is_measured(monkeypatch):
    monkeypatch.setattr(promise, "find_spec", lambda name: None if name == "torch" else name)
    result = CliRunner().invoke(promise.main, [])
    assert result.exit_code == 2
    assert "not installed: PyTorch" in result.output


@pytest.mark.parametrize("other", [{"device": "gpu"}, {"repeats": 1}])
def test_figures_that_were_measured_otherwise_are_not_mixed(other):
    assert len(promise.kept_runs(PROMISE["where"], ["jax"])) == 12
    with pytest.raises(click.UsageError, match="device or number of repeats"):
        promise.kept_runs({**PROMISE["where"], **other}, ["jax"])


def test_the_plot_of_the_promise_is_drawn(tmp_path):
    promise.plot(PROMISE, tmp_path / "promise.png")
    assert (tmp_path / "promise.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize("path", sorted(trained.pages()), ids=lambda path: path.name)
def test_a_table_of_the_example_says_what_was_trained(path):
    assert path.read_text(encoding="utf-8") == trained.pages()[path]


@pytest.mark.parametrize("counter", ["convcost", "TF profiler", "XLA"])
def test_a_counter_still_says_of_layers_what_the_table_says(counter):
    said = counts.ask("layers", counter)
    assert said == {name: FIGURES.get(report.COUNTED, name, counter) for name in subjects.LAYERS}


@pytest.mark.parametrize("counter", ["convcost", "TF profiler"])
def test_a_counter_still_says_of_a_model_what_the_table_says(counter):
    from suite.peers import COUNTERS

    said = COUNTERS[counter].model("MobileNetV2")()
    assert said == FIGURES.get(report.MODELS, "MobileNetV2", counter)


def test_numbers_of_the_table_that_differ_are_shown_as_they_are():
    layer, shape = subjects.LAYERS["Conv2DTranspose(64, 2, strides=2)"]
    macs = layer.cost(shape).macs
    assert report.verdict(macs, layer, shape) == "nominal"
    assert report.verdict(4 * macs, layer, shape) == f"**{4 * macs:,}**"
    assert report.verdict(None, layer, shape) == "-"


def test_times_and_ratios_are_written_as_their_examples_say():
    assert doctest.testmod(report).failed == 0
    assert doctest.testmod(report).attempted >= 2


def test_figures_of_two_machines_are_not_mixed():
    here = FIGURES.where
    assert benchmark_run._kept(here) == FIGURES.figures
    with pytest.raises(click.UsageError, match=r"or from other versions \(cores differ\)"):
        benchmark_run._kept({**here, "cores": here["cores"] + 1})


def test_a_pipeline_that_never_gets_there_is_said_not_to():
    reached = {"epochs": 4, "seconds": 190.0, "accuracy": 0.9096}
    missed = {"epochs": None, "seconds": None, "accuracy": 0.9022}
    table = report.pipelines_table(
        {
            "images per second": {"article": 400, "fast": 1000},
            "until": {"accuracy": 0.905, "trained": {"article": reached, "fast": missed}},
        }
    )
    article, fast = table.splitlines()[-2:]
    assert "190" in article
    assert "not reached (90.2%)" in fast
    assert "2.5x" in fast


def test_models_of_pytorch_have_the_parameters_of_keras():
    import convcost

    network = convcost.from_keras(subjects.keras_model("ResNet50"))
    assert network.trainable_params == subjects.TRAINED["ResNet50"]


def test_the_table_of_tables_is_as_long_as_the_table():
    text = tables.LIBRARIES["convcost"]()
    row = ["convcost", *map(str, tables.measured(text))]
    page = tables.PATH.read_text(encoding="utf-8").splitlines()
    assert [one for one in page if one.startswith("| convcost")] == [
        one for one in page if [cell.strip() for cell in one.split("|")[1:-1]] == row
    ]
