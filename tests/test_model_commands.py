"""The command line for whole models."""

import errno
import json
import os
import subprocess
import sys
from pathlib import Path

import click
import keras
import pytest
from keras import layers as kl
from keras_models import opaque

import convcost
from convcost._cli import main
from convcost._cli.output import usage_errors
from convcost._cli.sources import parse_shape


def make():
    x = entry = keras.Input((16, 16, 4), name="image")
    x = kl.Conv2D(8, 3, padding="same", name="conv")(x)
    x = kl.BatchNormalization(name="bn")(x)
    return keras.Model(entry, kl.Dense(3, name="head")(kl.Flatten(name="flat")(x)), name="small")


@pytest.fixture
def files(tmp_path):
    model = make()
    model.save(tmp_path / "model.keras")
    (tmp_path / "model.json").write_text(model.to_json())
    return tmp_path / "model.keras", tmp_path / "model.json"


def test_summary_is_a_table(files, run):
    for path in files:
        code, out, err = run("summary", path)
        assert (code, err) == (0, "")
        assert "(3*3*4+1)*8 = 296" in out
        assert "total: 6,475 parameters, 79,872 MACs (159,744 FLOPs)" in out


def test_summary_sorts_groups_and_leaves_out(files, run):
    _, out, _ = run("summary", files[0], "--sort", "params", "--top", 2, "--format", "csv")
    assert [line.split(",")[0] for line in out.splitlines()] == ["name", "head", "conv"]
    _, out, _ = run("summary", files[0], "--sort", "name", "--format", "csv")
    assert out.splitlines()[1].startswith("bn,")
    _, out, _ = run("summary", files[0], "--group", "kind", "--format", "json")
    assert json.loads(out)["rows"][0]["name"] == "Conv2D"
    _, out, _ = run("summary", files[0], "--fold", 1, "--format", "csv")
    assert len(out.splitlines()) == 5
    _, out, _ = run("summary", files[0], "--effective", "--intensity", "--formula", "macs")
    assert "effective" in out
    assert "3*3*4*8*16*16 = 73728" in out


def test_summary_in_other_forms(files, run, tmp_path):
    _, out, _ = run("summary", files[0], "--format", "json")
    assert json.loads(out)["total"]["params"] == 6475
    _, out, _ = run("summary", files[0], "--format", "markdown")
    assert out.startswith("| layer")
    assert "\n\ntotal: 6,475" in out
    target = tmp_path / "out.html"
    code, out, _ = run("summary", files[0], "--format", "html", "-o", target)
    assert (code, out) == (0, "")
    assert target.read_text().startswith("<!DOCTYPE html>")
    run("summary", files[0], "-o", tmp_path / "out.txt")
    assert "6,475" in (tmp_path / "out.txt").read_text()


def test_the_suffix_of_a_file_says_what_to_write(files, run, tmp_path):
    forms = (
        (".json", "{"),
        (".csv", "name,"),
        (".md", "| l"),
        (".tex", "\\begin"),
        (".html", "<!"),
    )
    for suffix, start in forms:
        code, out, _ = run("summary", files[0], "-o", tmp_path / f"out{suffix}")
        assert (code, out) == (0, "")
        assert (tmp_path / f"out{suffix}").read_text().startswith(start)
    code, _, err = run("summary", files[0], "-o", tmp_path / "out.xlsx")
    assert (code, (tmp_path / "out.xlsx").exists()) == (2, False)
    assert (
        "--output must end with .txt, .json, .csv, .md, .tex, .html, .svg, .pdf, .png, or give"
        " --format; got " in err
    )
    code, _, err = run("compare", files[0], files[0], "-o", tmp_path / "out2.html")
    assert (code, (tmp_path / "out2.html").exists()) == (2, False)
    assert "--output must end with .txt, .json, .csv, .md, .tex, or give --format; got " in err


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full here")
@pytest.mark.parametrize("words", [["standard", 3, 1, 1, 1], ["summary", 0], ["--help"]])
def test_a_full_disk_is_an_error_in_one_line(words, files):
    command = [sys.executable, "-m", "convcost", *map(str, words)]
    command = [files[0] if word == "0" else word for word in command]
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    message = "Error: the output can't be written: No space left on device\n"
    assert (done.returncode, done.stderr) == (2, message)


@pytest.mark.parametrize("error", [errno.ENOSPC, errno.EPIPE])
def test_output_that_cannot_be_written_is_no_usage_error(error):
    with pytest.raises(OSError, match="nowhere"), usage_errors():
        raise OSError(error, "nowhere")


@pytest.mark.parametrize(
    ("number", "code", "message"),
    [
        (errno.ENOSPC, 2, "Error: the output can't be written: No space left on device\n"),
        (errno.EPIPE, 141, ""),
    ],
)
def test_what_cannot_be_written_is_discarded(number, code, message, monkeypatch, capfd):
    def fail(*_, **__):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(click.Group, "main", fail)
    assert main.run(["--help"]) == code
    assert capfd.readouterr().err == message


def test_shapes_are_numbers_or_letters(files, run):
    _, out, _ = run("summary", files[1], "--input-shape", "32,32,4", "--format", "json")
    assert json.loads(out)["input_shapes"] == [[32, 32, 4]]
    _, out, _ = run("summary", files[1], "--input-shape", "h,w,4")
    assert "288*h*w" in out
    code, _, err = run("summary", files[1], "--input-shape", "3-3")
    assert code == 2
    assert err.count("\n") == 1
    assert "or ? for an open side; got '3-3'" in err


def test_compare_and_what_if(files, run):
    code, out, _ = run("compare", *files)
    assert code == 0
    assert "after / before: parameters 1 = 1, MACs 1 = 1" in " ".join(out.split())
    _, out, _ = run("whatif", files[0], "--separable", "--format", "csv")
    assert "conv,Conv2D -> SeparableConv2D,296,76," in out
    _, out, _ = run("whatif", files[0], "--separable", "--block", "--format", "csv")
    assert "DepthwiseConv2D+BatchNormalization+Conv2D" in out
    _, out, _ = run("whatif", files[0], "--standard", "--format", "json")
    assert json.loads(out)["ratio"]["macs"]["exact"] == "1"
    _, out, _ = run("whatif", files[0], "--width", 0.5, "--keep", "bn", "--format", "json")
    assert json.loads(out)["after"]["params"] == 4 * 37 + 16 + 3 * (256 * 4 + 1)
    _, out, _ = run("whatif", files[0], "--resolution", 8, "--format", "json")
    assert json.loads(out)["after"]["macs"] == 73728 // 4 + 3 * 64 * 8


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["summary", "gone.keras"], "gone.keras"),
        (
            ["summary", "Gone"],
            "'Gone' is neither a file nor a model of Keras Applications; a model",
        ),
        (["summary", "mobilenet"], "of Keras Applications; did you mean MobileNet"),
        (["summary", "backend"], "neither a file nor a model"),
        (["compare", "gone.json", "gone.json"], "gone.json"),
        (["whatif", "model"], "give --separable, --standard, --width or --resolution"),
        (["whatif", "model", "--separable", "--standard"], "undo each other; give only one"),
        (["whatif", "model", "--standard", "--block"], "--block goes with --separable: give it"),
        (["summary", "{json}", "--input-shape", "8,8"], "layer 'conv'"),
        (["whatif", "{json}", "--width", "-1"], "width must be a positive number"),
        (["verify", "gone.keras"], "gone.keras"),
        (["verify", "{broken}"], "Keras can't load"),
    ],
)
def test_what_is_wrong_is_told_in_a_line_and_exits_with_2(files, run, tmp_path, words, message):
    broken = tmp_path / "broken.json"
    config = json.loads(files[1].read_text())
    config["config"]["layers"][1]["config"]["activation"] = "nonsense"
    broken.write_text(json.dumps(config))
    words = [word.format(json=files[1], broken=broken) for word in words]
    code, out, err = run(*words)
    assert code == 2
    assert out == ""
    assert message in err
    assert "Traceback" not in err
    assert err.splitlines()[-1].startswith("Error: ")


def test_a_keras_application_by_name(run):
    code, out, _ = run("summary", "MobileNet", "--top", 1, "--format", "json")
    assert code == 0
    assert json.loads(out)["name"] == "mobilenet_1.00_224"


def test_a_layer_that_is_not_known_can_be_left_out(tmp_path, run):
    path = tmp_path / "model.json"
    layer = {"module": "keras.layers", "class_name": "TFSMLayer", "config": {"name": "l"}}
    path.write_text(json.dumps({"name": "m", "layers": [layer]}))
    code, _, err = run("summary", path, "--input-shape", "5,3")
    assert code == 2
    assert "@convcost.layers.register('TFSMLayer')" in err
    code, out, err = run("summary", path, "--input-shape", "5,3", "--on-unknown", "warn")
    assert (code, err) == (
        0,
        "warning: 1 layer is left out of the cost of 'm', as its cost is not known: l\n",
    )
    assert "left out, since their cost is not known: l" in out


def test_verify_of_a_model_draws_no_layers(files, run):
    code, _, err = run("verify", files[0], "--kind", "LSTM")
    assert code == 2
    assert "--kind says which layers are drawn" in err


def test_verify_holds_a_model_to_keras(files, run):
    for source in files:
        code, out, err = run("verify", source)
        assert code == 0
        assert "total: keras: confirmed: params 6,475; trainable 6,459; non-trainable 16" in out
        assert "total: kernels: confirmed: macs 79,872" in out
        assert "total: profiler: confirmed: macs 79,872" in out
        assert "total: jaxpr: confirmed: macs 79,872" in out
        assert "small agrees: 4 layers, 14 quantities" in out
        assert "with Keras in its safe mode" in err
    code, out, _ = run("verify", files[0], "--json")
    assert code == 0
    assert json.loads(out)["agrees"] is True


def test_verify_of_a_model_asks_whom_it_is_told_to(files, run):
    code, out, _ = run("verify", files[0], "--oracle", "profiler", "--oracle", "kernels")
    assert code == 0
    assert out == (
        "total: kernels: confirmed: macs 79,872\n"
        "total: profiler: confirmed: macs 79,872\n"
        "small agrees: 0 layers, 2 quantities\n"
    )
    code, _, err = run("verify", files[0], "--oracle", "xla")
    assert code == 2
    assert "oracle must be one of keras, kernels, profiler, jaxpr; got 'xla'" in err


def test_verify_of_an_application(run):
    code, out, _ = run("verify", "MobileNet", "--input-shape", "64,64,3")
    assert code == 0
    assert "agrees: 90 layers" in out


def test_verify_exits_with_1_where_keras_disagrees(files, run, monkeypatch):
    right = convcost.from_keras
    monkeypatch.setattr(convcost, "from_keras", lambda *source, **how: right(source[0], (8, 8, 4)))
    code, out, _ = run("verify", files[0])
    assert code == 1
    assert "head: keras: contradicted: params: convcost 1,539, oracle 6,147" in out
    assert "small DISAGREES" in out


def test_a_pipe_is_as_wide_as_the_table(files):
    words = [sys.executable, "-m", "convcost", "summary", files[0], "--effective", "--intensity"]
    variables = {name: one for name, one in os.environ.items() if name != "COLUMNS"}
    done = subprocess.run(words, capture_output=True, text=True, check=True, env=variables)
    row = next(line for line in done.stdout.splitlines() if line.strip().startswith("conv"))
    assert row.split()[:2] == ["conv", "Conv2D"]
    assert row.rstrip().endswith("(3*3*4+1)*8 = 296")


def test_on_a_terminal_the_table_fits(files, run, monkeypatch):
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "70")
    code, out, _ = run("summary", files[0])
    assert code == 0
    assert "\x1b[" in out


def test_parse_shape_takes_tuples_as_they_print():
    assert parse_shape("(8, 8, 3)") == (8, 8, 3)
    assert parse_shape("(8,)") == (8,)


def test_output_shapes_of_what_is_left_out(tmp_path, run):
    path = tmp_path / "model.json"
    path.write_text(opaque().to_json())
    options = ["summary", path, "--on-unknown", "warn", "--input-shape", "10,10,3"]
    code, out, err = run(*options, "--output-shape", "mystery=10,10,1", "--format", "json")
    assert code == 0
    assert err.startswith("warning: ")
    rows = json.loads(out)["rows"]
    assert [row["macs"] for row in rows if row["name"] == "mystery"] == [None]
    for wrong, message in (
        ("10,10", "a layer and a shape"),
        ("a=b-c", "--output-shape must be"),
        ("a=1,?", "must name its open sides"),
    ):
        code, _, err = run(*options, "--output-shape", wrong)
        assert code == 2
        assert message in err


def test_a_keras_application_by_its_name():
    assert convcost.summary("MobileNetV2").total().macs == 300_774_272
    with pytest.raises(convcost.ModelError, match="did you mean MobileNetV2"):
        convcost.from_keras("MobilNetV2")


def test_a_keyword_is_not_a_symbol():
    with pytest.raises(ValueError, match="--input-shape must be integers or names"):
        parse_shape("lambda,None,3")
