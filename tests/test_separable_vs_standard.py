"""The example that measures: its figures follow from each other and from the formulas."""

import json
import os
import subprocess
import sys

import click
import numpy as np
import pytest

import convcost
from conftest import ROOT

pytest.importorskip("keras")

import keras
import separable_vs_standard
from timing import pairs as timing
from timing.passes import trained

from convcost._verify.devices import select_device

PROGRAM = [sys.executable, str(ROOT / "examples" / "separable_vs_standard.py")]


def run(*words, **environment):
    return subprocess.run(
        [*PROGRAM, *map(str, words)],
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
        env={**os.environ, "COLUMNS": "200", **environment},
    )


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    folder = tmp_path_factory.mktemp("results")
    words = ("--quick", "--repeats", 1, "--batch-size", 2, "--json", "--output-dir", folder)
    result = run(*words)
    assert result.returncode == 0, result.stderr
    printed = json.loads(result.stdout)
    assert printed == json.loads((folder / "results.json").read_text())
    for name in ("roofline.png", "speed_up.png"):
        assert (folder / name).read_bytes().startswith(b"\x89PNG")
    return printed


def test_the_promise_is_that_of_the_formulas(results):
    pairs = {(pair["name"], pair["pass"]): pair for pair in results["pairs"]}
    assert len(pairs) == 6
    for m, n, side in timing.GRID[:2]:
        promised = convcost.standard(3, m, n, side) / convcost.separable(3, m, n, side)
        for which, passes in (("forward", 1), ("training", 3)):
            pair = pairs[f"{m} -> {n}, {side}x{side}", which]
            assert pair["params_ratio"] == float(promised.params)
            assert pair["macs_ratio"] == float(promised.macs)
            macs = convcost.standard(3, m, n, side).macs
            assert pair["standard"]["macs"] == 2 * passes * macs
            layer = convcost.layers.Conv2D(n, 3, padding="same")
            effective = layer.cost((side, side, m), effective=True).macs
            assert pair["standard"]["effective_macs"] == 2 * passes * effective
    model = pairs["the article's model", "forward"]
    assert model["standard"]["params"] == 435_306
    assert model["separable"]["params"] == 184_234
    assert model["separable"]["macs"] == 2 * 4_065_600
    # The first layer's input needs no gradient.
    step = pairs["the article's model", "training"]["separable"]["macs"]
    assert step == 2 * (3 * 4_065_600 - 225_792)


def test_figures_follow_from_each_other(results):
    machine = results["machine"]
    assert machine["ridge"] == pytest.approx(
        machine["flops_per_second"] / machine["bytes_per_second"]
    )
    for pair in results["pairs"]:
        slow, quick = pair["standard"], pair["separable"]
        assert pair["measured_ratio"] == slow["seconds"] / quick["seconds"]
        assert pair["roofline_ratio"] == slow["least_seconds"] / quick["least_seconds"]
        for one in (slow, quick):
            assert one["gflops_per_second"] == pytest.approx(
                2 * one["effective_macs"] / one["seconds"] / 1e9
            )
            assert one["effective_macs"] < one["macs"]
            assert one["flops_per_byte"] > 0


def test_the_table_shows_each_pair():
    result = run("--quick", "--repeats", 1, "--batch-size", 1, "--no-onednn")
    assert result.returncode == 0, result.stderr
    assert "GFLOP/s in a large matrix product" in result.stdout
    assert result.stdout.count("32 -> 32, 28x28") == 2
    assert result.stdout.count("the article's model") == 2


def test_a_narrow_terminal_cuts_no_digits():
    wide, narrow = (
        run("--quick", "--repeats", 1, "--batch-size", 1, COLUMNS=str(columns))
        for columns in (200, 40)
    )
    assert max(map(len, wide.stdout.splitlines()[3:15])) < 80
    assert "…" not in narrow.stdout
    assert "32 -> 32, 28x28      6.88x 7.02x" in narrow.stdout


def test_a_backend_that_does_not_train_is_refused():
    result = run("--quick", KERAS_BACKEND="numpy")
    assert result.returncode == 2
    assert "Traceback" not in result.stderr
    assert "numpy" in result.stderr


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--repeats", 0], "0 is not in the range"),
        (["--output-dir", PROGRAM[1]], "is a file"),
        (["--device", "tpu"], "'tpu' is not one of"),
    ],
)
def test_usage_errors_are_one_clear_sentence(words, message):
    result = run(*words)
    assert result.returncode == 2
    assert message in " ".join(result.stderr.split())
    assert "Traceback" not in result.stderr


def test_the_training_pass_computes_the_output_and_both_gradients():
    layer = keras.layers.Conv2D(4, 3, padding="same")
    images = keras.ops.convert_to_tensor(np.ones((2, 5, 5, 3), np.float32))
    layer.build(images.shape)
    # Integers, whose sums are exact in float32: random weights may nearly cancel out.
    kernel = np.arange(3 * 3 * 3 * 4, dtype=np.float32).reshape(3, 3, 3, 4)
    layer.kernel.assign(kernel)
    factors = np.array([1, -2, 3, -4], np.float32)  # of each filter
    upstream = keras.ops.convert_to_tensor(np.broadcast_to(factors, (2, 5, 5, 4)).copy())
    run = trained(layer, images, upstream, by_input=True)
    output, (by_input, by_kernel, by_bias) = as_arrays(run())
    assert np.array_equal(output, as_arrays(layer(images)))
    assert by_input.shape == (2, 5, 5, 3)
    assert by_kernel.shape == (3, 3, 3, 4)
    # Each of the images and positions adds the factor once, at the kernel's centre as for the bias.
    assert by_bias.tolist() == (50 * factors).tolist()
    assert by_kernel[1, 1].tolist() == [(50 * factors).tolist()] * 3
    # Away from the border each tap meets each weight once.
    assert by_input[0, 2, 2].tolist() == (kernel * factors).sum((0, 1, 3)).tolist()


def test_the_training_pass_of_a_softmax_is_that_of_its_jacobian():
    layer = keras.layers.Dense(3, activation="softmax")
    images = keras.ops.convert_to_tensor(np.ones((1, 2), np.float32))
    layer.build(images.shape)
    upstream = np.array([1, 5, -2], np.float32)
    run = trained(layer, images, keras.ops.convert_to_tensor(upstream[None]), by_input=False)
    output, (by_kernel, by_bias) = as_arrays(run())
    jacobian = np.diag(output[0]) - np.outer(output[0], output[0])
    assert np.allclose(by_bias, jacobian @ upstream, rtol=1e-4)
    assert np.allclose(by_kernel, [by_bias] * 2, rtol=1e-6)
    assert np.abs(by_bias).max() > 0.1


def as_arrays(tensors):
    return keras.tree.map_structure(keras.ops.convert_to_numpy, tensors)


def test_results_that_can_not_be_written_are_still_printed(tmp_path):
    (tmp_path / "results.json").mkdir()
    result = run("--quick", "--repeats", 1, "--batch-size", 1, "--output-dir", tmp_path)
    assert result.returncode == 2
    assert "the results can't be written" in " ".join(result.stderr.split())
    assert "64 -> 64, 14x14" in result.stdout


def test_the_machine_is_measured():
    machine = timing.measure_machine(select_device("cpu"), repeats=1)
    assert 1e8 < machine.flops_per_second < 1e14
    assert 1e8 < machine.bytes_per_second < 1e13


def test_the_steps_add_up_to_the_separable_convolution(results):
    for pair in results["pairs"]:
        if pair["name"] == "the article's model":
            assert "depthwise" not in pair
            continue
        for quantity in ("params", "macs", "effective_macs"):
            steps = pair["depthwise"][quantity] + pair["pointwise"][quantity]
            assert steps == pair["separable"][quantity]


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="only on Linux")
def test_a_process_keeps_to_some_of_its_cores():
    words = ("--quick", "--repeats", 1, "--batch-size", 1)
    assert run(*words, "--cores", 1).returncode == 0
    refused = run(*words, "--cores", 10**6)
    assert refused.returncode == 2
    usable = len(os.sched_getaffinity(0))
    assert f"--cores must be from 1 to {usable}" in " ".join(refused.stderr.split())


def test_a_system_that_keeps_no_process_to_some_cores_is_refused(monkeypatch):
    monkeypatch.delattr(os, "sched_setaffinity", raising=False)
    with pytest.raises(click.UsageError, match="--cores needs Linux"):
        separable_vs_standard.restrict(1)
