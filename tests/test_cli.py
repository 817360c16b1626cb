"""The command line, through its real entry points and in process."""

import json
import sys
from importlib.util import find_spec

import pytest

import convcost
from conftest import SCRIPT, start
from convcost._cli import main as cli
from convcost._cost import formulas


@pytest.mark.parametrize("command", [(str(SCRIPT),), (sys.executable, "-m", "convcost")], ids=str)
def test_entry_points(command):
    result = start("separable", 3, 32, 64, 28, command=command)
    assert result.returncode == 0
    assert "1,831,424" in result.stdout
    assert result.stderr == ""
    assert start("--version", command=command).stdout.split()[-1] == convcost.__version__
    refused = start("separable", 3, 32, 64, 0, command=command)
    assert refused.returncode == 2
    assert "df must be a positive integer" in refused.stderr
    assert "Traceback" not in refused.stderr


@pytest.mark.parametrize("command", [(str(SCRIPT),), (sys.executable, "-m", "convcost")], ids=str)
def test_verify_through_the_entry_points(command):
    words = ("--cases", 16, "--device", "cpu", "--oracle", "keras", "--oracle", "profiler")
    result = start("verify", *words, command=command)
    assert result.returncode == 0, result.stderr
    assert "16 configurations agree, in all " in result.stdout.splitlines()[-1]
    assert "/0 │" in result.stdout
    assert "retracing" not in result.stderr


def test_verify_with_a_broken_formula_exits_with_1(tmp_path):
    code = (
        "import sys\nfrom convcost._cli import main as cli\nfrom convcost._cost import formulas\n"
        "formulas.counts = lambda w, f, p, b: (w * f, w * f * p, b * f * p)\n"
        "sys.exit(cli.run(['verify', '--cases', '16', '--oracle', 'keras']))"
    )
    result = start("-c", code, command=(sys.executable,))
    assert result.returncode == 1
    assert "keras: contradicted: params: convcost " in result.stdout
    assert "DISAGREE" in result.stdout.splitlines()[-1]


@pytest.mark.parametrize("backend", ["jax", "torch"])
def test_verify_on_other_backends(backend):
    if find_spec(backend) is None:  # not imported: PyTorch may crash beside TensorFlow
        pytest.skip(f"{backend} is not installed")
    import os

    environment = {**os.environ, "KERAS_BACKEND": backend}
    kinds = ("--kind", "separable", "--kind", "Conv3D", "--kind", "Conv1DTranspose")
    words = ("verify", "--cases", "6", "--device", "cpu", "--oracle", "run", *kinds)
    result = start(*words, command=(sys.executable, "-m", "convcost"), env=environment)
    assert result.returncode == 0, result.stderr
    assert f"cpu:0, {backend} " in result.stdout


SIZES = {"standard": (3, 32, 64, 28), "depthwise": (3, 32, 28), "pointwise": (32, 64, 28)}
SIZES["separable"] = SIZES["standard"]


@pytest.mark.parametrize("bias", [[], ["--bias"], ["--no-bias"]])
@pytest.mark.parametrize("kind", SIZES)
def test_costs_as_json(kind, bias, run):
    code, out, _ = run(kind, *SIZES[kind], "--json", *bias)
    data = json.loads(out)
    options = {} if not bias else {"bias": bias == ["--bias"]}
    cost = getattr(convcost, kind)(*SIZES[kind], **options)
    assert code == 0
    assert data["kind"] == kind
    for quantity in ("params", "macs", "flops", "bias_adds"):
        assert data[quantity] == getattr(cost, quantity)
        assert data["explain"][quantity] == getattr(cost.explain(), quantity)


def test_separable_is_compared_with_standard(run):
    _, out, _ = run("separable", 3, 32, 64, 28, "--json")
    data = json.loads(out)
    assert data["standard"]["macs"] == 14_450_688
    assert data["ratio"]["macs"] == {"exact": "73/576", "value": 73 / 576}
    _, out, _ = run("separable", 3, 32, 64, 28)
    assert "compared with the standard convolution that it replaces" in out
    assert "73/576 = 0.1267 (7.89 times fewer)" in out


@pytest.mark.parametrize("kind", SIZES)
def test_costs_as_text(kind, run):
    code, out, _ = run(kind, *SIZES[kind])
    cost = getattr(convcost, kind)(*SIZES[kind])
    assert code == 0
    assert f"{cost.params:,}" in out
    for line in cost.explain().as_dict().values():
        assert line in out


def test_ratio(run):
    assert run("ratio", 3, 32, 64)[1].splitlines() == [
        "separable / standard (dk=3, m=32, n=64, bias=True)",
        str(convcost.ratio(3, 32, 64)),
    ]
    data = json.loads(run("ratio", 3, 32, 64, "--no-bias", "--json")[1])
    assert data["params"]["exact"] == str(convcost.ratio(3, 32, 64, bias=False).params)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["standard", 3, 32, 64], "Missing argument 'DF'"),
        (["standard", 3, 32, 64, 28, 5], "unexpected extra argument"),
        (["standard", 3.5, 32, 64, 28], "got '3.5', which is not whole"),
        (["pointwise", 0, 1, 1], "m must be a positive integer"),
        (["ratio", "x", 1, 1], "it must be an integer, which may be written as 1k"),
        (["winograd", 3], "No such command 'winograd'"),
        (["verify", "--cases", 0], "it must be at least 1; got '0'"),
        (["verify", "--device", "tpu"], "'tpu' is not one of"),
        (["verify", "--oracle", "fvcore"], "oracle must be one of keras, run, profiler"),
        (["verify", "--kind", "conv2d"], "kind must be one of standard"),
        (["pointwise", "9" * 4000, "9" * 4000, 1, "--json"], "too long to print"),
    ],
)
def test_usage_errors_exit_with_2(words, message, run):
    code, out, err = run(*words)
    assert (code, out) == (2, "")
    assert message in err


def test_negative_sizes_are_refused(run):
    code, _, err = run("standard", "--", 3, -32, 64, 28)
    assert code == 2
    assert "got -32" in err


def test_huge_sizes_are_exact(run):
    _, out, _ = run("standard", 3, 10**30, 10**30, 7, "--json")
    assert json.loads(out)["macs"] == 9 * 10**60 * 49
    code, out, _ = run("pointwise", "9" * 4000, "9" * 4000, 1)
    assert code == 0
    assert "<integer of 26576 bits>" in out


def test_verify_as_json(run):
    words = ("--cases", 4, "--seed", 7, "--device", "cpu", "--oracle", "keras", "--json")
    code, out, _err = run("verify", *words)
    data = json.loads(out)
    assert code == 0
    assert (data["agrees"], data["cases"], data["seed"], data["device"]) == (True, 4, 7, "cpu:0")
    assert len(data["results"]) == 4


def test_verify_asks_whom_it_is_told_to(run):
    code, out, _ = run("verify", "--cases", 3, "--kind", "Dense", "--oracle", "run", "--json")
    data = json.loads(out)
    assert code == 0
    assert data["oracles"] == ["run"]
    assert data["table"] == {
        "Dense": {"run": {"confirmed": 3, "not visible": 0, "contradicted": 0}}
    }


def test_verify_says_what_was_not_seen_and_who_was_not_asked(run, monkeypatch):
    from convcost.verify import ORACLES

    monkeypatch.setattr(ORACLES["torch"], "is_installed", classmethod(lambda cls: False))
    words = ("--kind", "Conv3DTranspose", "--cases", 4, "--oracle", "profiler", "--oracle", "xla")
    code, out, _ = run("verify", *words)
    assert code == 0
    assert "not visible to profiler (4): TensorFlow registers no FLOPs" in out
    assert 'not installed: torch (PyTorch); it needs pip install "convcost[torch]"' in out
    assert "0/4/0" in out


def test_verify_that_sees_nothing_proves_nothing(run):
    words = ("--kind", "Conv3DTranspose", "--cases", 4, "--oracle", "profiler")
    code, _, err = run("verify", *words)
    assert code == 2
    assert "none of the chosen oracles can see any of the configurations" in err


def test_verify_lists_the_smallest_disagreements(run, monkeypatch):
    monkeypatch.setattr(formulas, "counts", lambda w, f, p, b: (w, f, p))
    words = ("--cases", 8, "--kind", "Dense", "--kind", "Conv2D", "--oracle", "run")
    code, out, _ = run("verify", *words)
    assert code == 1
    assert out.count("DISAGREES") == 2
    code, out, _ = run("verify", *words, "--json")
    assert code == 1
    assert json.loads(out)["disagreements"] > 2


def test_verify_without_a_gpu_or_keras_exits_with_2(run, monkeypatch):
    from convcost._verify import devices

    monkeypatch.setattr(devices, "visible_gpus", lambda name: [])
    code, out, err = run("verify", "--device", "gpu")
    assert (code, out) == (2, "")
    assert "sees no GPU" in err
    assert 'pip install "convcost[gpu]"' in err
    monkeypatch.setitem(sys.modules, "keras", None)
    code, out, err = run("verify")
    assert (code, out) == (2, "")
    assert 'pip install "convcost[keras]"' in err


def test_an_interruption_is_no_disagreement(run, monkeypatch):
    def interrupt(*arguments, **options):
        raise KeyboardInterrupt

    monkeypatch.setattr(convcost.verify, "run", interrupt)
    code, _, err = run("verify")
    assert code == 130
    assert "interrupted" in err


def test_a_crash_is_no_disagreement(run, monkeypatch):
    def crash(*arguments, **options):
        raise RuntimeError("the device is on fire")

    monkeypatch.setattr(convcost.verify, "run", crash)
    code, _, err = run("verify")
    assert code == 2
    assert "RuntimeError: the device is on fire" in err


def test_an_exit_from_click_is_no_disagreement(run, monkeypatch):
    def leave(*arguments, **options):
        sys.exit(1)  # as click and Rich do where the reader closed the pipe

    monkeypatch.setattr(cli.app, "main", leave)
    assert run("verify")[0] == 141


def test_a_reader_that_stops_early_is_no_traceback():
    code = (
        "import subprocess, sys\n"
        f"p = subprocess.Popen([{str(SCRIPT)!r}, 'verify', '--cases', '40', '--oracle', 'keras',"
        " '--json'], stdout=subprocess.PIPE, stderr=subprocess.PIPE)\n"
        "p.stdout.close()\nerr = p.stderr.read().decode()\nsys.exit(err if p.wait() != 141 else 0)"
    )
    result = start("-c", code, command=(sys.executable,))
    assert result.returncode == 0, result.stderr


@pytest.mark.parametrize("command", [[], *([kind] for kind in SIZES), ["ratio"], ["verify"]])
def test_help(command, run):
    code, out, _ = run(*command, "--help")
    assert code == 0
    assert out.startswith("Usage: convcost")
