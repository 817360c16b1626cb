"""The Fashion-MNIST example, end to end as a user runs it, and the cases in which it must fail."""

import csv
import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from example_processes import PROGRAM, start

from conftest import ROOT, wait_for

pytest.importorskip("keras")

import train_fashion_mnist as program
from fashion_mnist.options import TRAINED


def run(*words, cwd=None, **environment):
    variables = {name: value for name, value in os.environ.items() if name != "FASHION_MNIST_DIR"}
    return subprocess.run(
        [*PROGRAM, *map(str, words)],
        capture_output=True,
        text=True,
        timeout=600,
        cwd=cwd,
        env={**variables, "COLUMNS": "140", **environment},
    )


def test_the_real_data_end_to_end(fashion_mnist, tmp_path):
    folder = tmp_path / "run"
    words = ("--limit", 2000, "--epochs", 1, "--batch-size", 32, "--output-dir", folder)
    result = run(*words, FASHION_MNIST_DIR=str(fashion_mnist))
    assert result.returncode == 0, result.stderr
    for formula in (
        "(3*3*1+1)*32 = 320",
        "3*3*32 + (1*1*32+1)*32 = 1344",
        "3*3*32 + (1*1*32+1)*64 = 2400",
        "3*3*64 + (1*1*64+1)*64 = 4736",
        "3*3*64 + (1*1*64+1)*128 = 8896",
        "3*3*128 + (1*1*128+1)*128 = 17664",
        "(1152+1)*128 = 147584",
        "(128+1)*10 = 1290",
        "184,234",
        "2,000 training, 5,000 validation, 10,000 test",
        "Device: ",
    ):
        assert formula in result.stdout
    metrics = json.loads((folder / "metrics.json").read_text())
    assert metrics["params"] == 184_234
    assert metrics["macs"] == 4_065_600
    # 63 steps are enough to get far above the 10% of guessing.
    assert metrics["test_accuracy"] > 0.5
    assert metrics["settings"]["limit"] == 2000
    assert (
        (folder / "history.csv").read_text().startswith("epoch,accuracy,loss,val_accuracy,val_loss")
    )
    for name in ("best.keras", "learning_curves.png", "tensorboard/train"):
        assert (folder / name).exists()


def test_the_standard_model_on_synthetic_images_in_a_fresh_folder(tmp_path):
    words = ("--data", "synthetic", "--model", "standard", "--limit", 64, "--epochs", 1)
    result = run(*words, "--no-normalize", cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    assert "SYNTHETIC" in result.stdout
    assert "Every formula equals Keras's count." in result.stdout
    (folder,) = (tmp_path / "runs").iterdir()
    metrics = json.loads((folder / "metrics.json").read_text())
    assert "SYNTHETIC" in metrics["data"]
    assert metrics["params"] == 435_306


@pytest.mark.parametrize(("kind", "params"), [("separable", 184_234), ("standard", 435_306)])
def test_every_layer_is_explained(kind, params):
    model = program.build_model(kind)
    assert model.count_params() == program.explain(model).params == params


def test_a_wrong_formula_stops_the_program(monkeypatch):
    from convcost._cost import formulas

    monkeypatch.setattr(formulas, "counts", lambda w, f, p, b: (w * f, w * f * p, 0))
    with pytest.raises(program.MismatchError, match=r"the formula says 3\*3\*1\*32 = 288, Keras"):
        program.explain(program.build_model())


@pytest.mark.parametrize(
    ("words", "environment"),
    [
        (["--recipe", "strong", "--teachers", 1, "--precision", "mixed_bfloat16"], {}),
        (["--pipeline", "article", "--steps-per-execution", 2, "--all-images"], {}),
        (["--recipe", "strong", "--teachers", 0, "--parts", 2], {"KERAS_BACKEND": "jax"}),
        (["--recipe", "strong", "--teachers", 1], {"KERAS_BACKEND": "torch"}),
    ],
)
def test_each_way_to_train(words, environment, tmp_path):
    if environment.get("KERAS_BACKEND") == "torch":
        pytest.importorskip("torch")
    folder = tmp_path / "run"
    short = ("--data", "synthetic", "--limit", 130, "--epochs", 1, "--output-dir", folder)
    result = run(*short, *words, **environment)
    assert result.returncode == 0, result.stderr
    assert environment.get("KERAS_BACKEND", "tensorflow") in result.stdout
    metrics = json.loads((folder / "metrics.json").read_text())
    assert (metrics["epochs"], metrics["params"]) == (1, 184_234)


def losses(folder):
    with (folder / "history.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    return [float(row[name]) for row in rows for name in ("loss", "val_loss")]


def test_two_devices_give_what_one_gives(tmp_path):
    """Equal except for the order in which float32 sums are added up."""
    found = {}
    for count in (1, 2):
        folder = tmp_path / f"run-{count}"
        words = ("--data", "synthetic", "--limit", 600, "--epochs", 2, "--batch-size", 40)
        result = run(*words, "--devices", count, "--device", "cpu", "--output-dir", folder)
        assert result.returncode == 0, result.stderr
        found[count] = losses(folder)
    assert "2 x cpu:0" in result.stdout
    # Measured: 4e-7 after the first epoch; such differences grow over 30 steps.
    np.testing.assert_allclose(found[2], found[1], rtol=1e-3)


def test_a_loss_that_is_no_number_stops_the_training(tmp_path):
    folder = tmp_path / "run"
    words = ("--data", "synthetic", "--limit", 256, "--output-dir", folder, "--epochs", 9)
    result = run(*words, "--learning-rate", 1e30, "--batch-size", 64)
    assert result.returncode == 3, result.stderr
    assert re.search(r"the loss became (nan|inf) in step [2-4] of epoch 1", result.stderr)
    assert "A lower --learning-rate may help" in result.stderr
    assert "Traceback" not in result.stderr


def test_a_total_that_differs_is_named():
    import keras

    class Extra(keras.Sequential):
        def count_params(self):
            return super().count_params() + 1

    with pytest.raises(program.MismatchError, match="in total: the formulas say 2, Keras counts 3"):
        program.explain(Extra([keras.Input((1,)), keras.layers.Dense(1)]))


def test_nothing_is_overwritten_without_being_asked(tmp_path):
    folder = tmp_path / "run"
    folder.mkdir()
    (folder / "history.csv").write_text("precious")
    (folder / "notes.txt").write_text("mine")
    words = ("--data", "synthetic", "--limit", 64, "--epochs", 1, "--output-dir", folder)
    refused = run(*words)
    assert refused.returncode == 2
    assert "is not empty" in refused.stderr
    assert (folder / "history.csv").read_text() == "precious"
    assert run(*words, "--overwrite").returncode == 0
    assert (folder / "history.csv").read_text() != "precious"
    assert (folder / "notes.txt").read_text() == "mine"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--data-dir", "/nowhere"], "/nowhere (--data-dir or FASHION_MNIST_DIR) is not a folder"),
        (["--data", "synthetic", "--data-dir", "."], "exclude each other"),
        (["--data", "synthetic", "--limit", 0], "0 is not in the range"),
        (
            ["--data", "synthetic", "--limit", 10**6],
            "--limit must be from 1 to 1,000 training images",
        ),
        (["--epochs", 0], "0 is not in the range"),
        (["--model", "resnet"], "'resnet' is not one of"),
        (["--seed", -1], "-1 is not in the range"),
        (["--data", "synthetic", "--output-dir", PROGRAM[1]], "is a file"),
        (["--recipe", "strong", "--pipeline", "article"], "use --pipeline fast"),
        (["--resume"], "--resume needs the --output-dir"),
        (
            ["--resume", "--output-dir", "/nowhere"],
            "/nowhere does not exist; give the --output-dir",
        ),
        (["--resume", "--overwrite"], "exclude each other"),
        (["--learning-rate", 0], "0 is not in the range"),
        (["--learning-rate", "nan", "--data", "synthetic"], "--learning-rate must be"),
        (["--devices", 0], "0 is not in the range"),
        (["--parts", 65], "65 is not in the range 1<=x<=64"),
        (["--pipeline", "article", "--parts", 2], "--pipeline article has no --parts"),
    ],
)
def test_usage_errors_are_one_clear_sentence(words, message):
    result = run(*words)
    assert result.returncode == 2
    assert message in " ".join(result.stderr.split())
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--limit", "60000"], "--limit must be from 1 to 55,000 training images; got 60,000"),
        (
            ["--device", "cpu", "--devices", "2", "--steps-per-execution", "2"],
            "must be 1 on several",
        ),
        (["--output-dir", str(ROOT)], "is not empty; give another --output-dir"),
        (["--output-dir", str(TRAINED / "seed-1"), "--overwrite"], "come with this program"),
    ],
)
def test_wrong_options_are_named_before_the_data_is_downloaded(words, message, monkeypatch):
    def download(*_, **__):
        raise AssertionError("downloaded")

    monkeypatch.setattr(program, "load", download)
    monkeypatch.setattr(program.devices, "prepare_environment", lambda _: None)
    result = CliRunner().invoke(program.main, words)
    assert message in result.output


def test_a_loop_of_links_is_named(tmp_path):
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    result = run("--data", "synthetic", "--limit", 64, "--output-dir", tmp_path / "loop")
    assert result.returncode == 2
    assert "loop can't hold the 32 MiB that a run writes: " in result.stderr
    assert "Traceback" not in result.stderr


def test_a_damaged_checkpoint_is_named(tmp_path, monkeypatch):
    folder = tmp_path / "run"
    words = ("--data", "synthetic", "--limit", 130, "--epochs", 2, "--output-dir", folder)
    assert run(*words).returncode == 0
    before = losses(folder)
    damaged = folder / "checkpoint" / "epoch-00002.npz"
    damaged.write_bytes(b"")
    result = run("--resume", "--output-dir", folder)
    assert result.returncode == 0, result.stderr
    assert f"{damaged} is empty; the checkpoint before it is used" in result.stderr
    assert "Resuming after epoch 1" in result.stdout
    assert len(losses(folder)) == len(before) == 4


def test_no_part_of_a_batch_is_without_an_image(tmp_path):
    words = ("--data", "synthetic", "--limit", 130, "--epochs", 1, "--output-dir", tmp_path)
    result = run(*words, "--parts", 64, "--batch-size", 64, "--device", "cpu")
    assert result.returncode == 0, result.stderr
    assert "batches in 2 parts" in result.stdout


def test_what_keras_cannot_do_is_refused():
    words = ("--data", "synthetic", "--devices", 2, "--steps-per-execution", 2, "--device", "cpu")
    result = run(*words)
    assert result.returncode == 2
    assert "--steps-per-execution must be 1 on several devices" in result.stderr


@pytest.mark.parametrize("backend", ["tensorflow", "jax"])
def test_batches_that_devices_cannot_share_evenly_are_refused(backend, tmp_path):
    words = ["--data", "synthetic", "--limit", "63", "--batch-size", "32", "--devices", "2"]
    result = run(*words, "--output-dir", tmp_path / "run", KERAS_BACKEND=backend)
    assert result.returncode == 2
    message = "--devices 2 needs batches that 2 divides, but one has 31"
    assert message in " ".join(result.stderr.split())
    assert not (tmp_path / "run").exists()


def test_a_missing_package_is_named_before_anything_is_measured():
    code = (
        "import importlib.util as util\nfind = util.find_spec\n"
        "util.find_spec = lambda name: None if name in ('click', 'matplotlib') else find(name)\n"
        "import command_line"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT / "examples", capture_output=True, text=True
    )
    message = 'Error: the examples need click, matplotlib: pip install ".[examples]"\n'
    assert (result.returncode, result.stderr) == (2, message)


def test_a_backend_that_cannot_train_is_refused(tmp_path):
    words = ("--data", "synthetic", "--limit", 20, "--output-dir", tmp_path / "run")
    result = run(*words, KERAS_BACKEND="numpy")
    assert result.returncode == 2
    message = "Keras can't train on numpy; set KERAS_BACKEND to one of tensorflow, jax, torch"
    assert message in " ".join(result.stderr.split())
    assert not (tmp_path / "run").exists()


def test_the_settings_of_keras_do_not_change_the_model(tmp_path):
    settings = {"image_data_format": "channels_first", "floatx": "float64"}
    (tmp_path / "keras.json").write_text(json.dumps({"backend": "tensorflow", **settings}))
    words = ("--data", "synthetic", "--limit", 64, "--epochs", 1, "--output-dir", tmp_path / "run")
    result = run(*words, KERAS_HOME=tmp_path)
    assert result.returncode == 0, result.stderr
    assert json.loads((tmp_path / "run" / "metrics.json").read_text())["params"] == 184_234


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only on Linux")
def test_an_output_that_is_full_is_not_a_wrong_formula(tmp_path):
    words = ("--data", "synthetic", "--limit", 64, "--epochs", 1, "--output-dir", tmp_path / "run")
    with Path("/dev/full").open("w") as full:
        result = subprocess.run(
            [*PROGRAM, *map(str, words)], stdout=full, stderr=subprocess.PIPE, text=True
        )
    assert result.returncode == 2
    assert "Error: [Errno 28] No space left on device" in result.stderr
    assert "Traceback" not in result.stderr


def test_no_gpu_is_a_clear_error():
    from convcost._verify import devices

    if devices.visible_gpus("tensorflow"):
        pytest.skip("there is a GPU")
    result = run("--data", "synthetic", "--device", "gpu")
    assert result.returncode == 2
    assert "sees no GPU" in result.stderr


def test_an_interruption_keeps_what_there_is(tmp_path):
    folder = tmp_path / "run"
    words = ("--data", "synthetic", "--epochs", "1000", "--output-dir", str(folder))
    process = start(*words)
    try:
        kept = folder / "best.keras", folder / "history.csv"
        wait_for(process, lambda: all(path.exists() for path in kept))
        process.send_signal(signal.SIGINT)
        out, _ = process.communicate(timeout=120)
    finally:
        process.kill()
    assert process.returncode == 130, out
    assert "Interrupted after" in out
    assert "Saved in" in out
    import keras

    assert keras.models.load_model(folder / "best.keras").count_params() == 184_234
    assert len((folder / "history.csv").read_text().splitlines()) >= 2


def test_a_reader_that_leaves_is_not_a_wrong_formula(tmp_path):
    words = " ".join(
        [*PROGRAM, "--data synthetic --limit 64 --epochs 1 --output-dir", str(tmp_path)]
    )
    command = f"set -o pipefail; {words} | head -1; echo ${{PIPESTATUS[0]}}"
    result = subprocess.run(
        ["bash", "-c", command], capture_output=True, text=True, timeout=600, check=False
    )
    assert result.stdout.splitlines()[-1] == "141"
    assert "Traceback" not in result.stderr
