"""`convcost sweep`: what it prints, what it writes, and what it refuses."""

import json
import sys

import pandas as pd
import pytest

import convcost
from conftest import start
from convcost._cli.sweeps import parse_arguments

AXES = {"dk": [3, 5, 7], "m": range(8, 513, 8), "n": range(8, 1025, 8), "df": [7, 14, 28]}
WORDS = ("sweep", "separable", "--dk", "3,5,7", "--m", "8:513:8", "--n", "8:1025:8", "--df",
         "7,14,28")  # fmt: skip
SPACE = convcost.Space(convcost.separable, **AXES)


def test_count(run):
    expected = SPACE.count("macs <= 3e7")
    code, out, _ = run(*WORDS, "--where", "macs <= 3e7", "--count")
    assert (code, out) == (0, f"{expected:,} of 73,728 designs\n")
    code, out, _ = run(*WORDS, "--where", "macs <= 3e7", "--where", "m > 99", "--count", "--json")
    assert json.loads(out)["count"] == SPACE.count("macs <= 3e7 and m > 99")


def test_top(run):
    code, out, _ = run(*WORDS, "--where", "macs <= 3e7", "--top", 3, "--by", "params")
    assert code == 0
    best = SPACE.top(3, "params", "macs <= 3e7")
    assert f"{best.params[0]:,}" in out
    assert "3 designs" in out
    code, out, _ = run(*WORDS, "--top", 3, "--by", "macs + 2*bias_adds", "--smallest", "--json")
    expected = SPACE.top(3, "macs + 2*bias_adds", smallest=True)
    assert json.loads(out) == expected.to_dict("records")


def test_front_into_a_file(run, tmp_path):
    path = tmp_path / "front.parquet"
    words = ("--where", "macs <= 3e7", "--maximize", "params,df", "--minimize", "macs", "-o", path)
    code, out, _ = run(*WORDS, *words)
    front = SPACE.pareto(maximize=["params", "df"], minimize=["macs"], where="macs <= 3e7")
    assert (code, out) == (0, f"{len(front):,} designs in {path}\n")
    pd.testing.assert_frame_equal(pd.read_parquet(path), front)
    code, _, err = run(*WORDS, *words)
    assert code == 2
    assert "already exists; give another file, or --overwrite" in err
    assert run(*WORDS, *words, "--overwrite")[0] == 0


def test_front_as_a_picture(run, tmp_path):
    from matplotlib.image import imread

    path = tmp_path / "front.png"
    words = ("--where", "macs <= 1e6", "--maximize", "params,df", "--minimize", "macs")
    code, out, _ = run(*WORDS, *words, "--plot", path)
    assert code == 0
    assert "309 designs" in out
    assert imread(path).std() > 0.1  # not a blank page
    code, _, err = run(*WORDS, *words, "--plot", path)
    assert code == 2
    assert "front.png: already exists" in "".join(err.split("\n"))
    assert run(*WORDS, *words, "--plot", path, "--overwrite")[0] == 0


def test_all_designs_into_a_folder(run, tmp_path):
    path = tmp_path / "all.csv"
    code, out, _ = run(*WORDS, "--where", "macs <= 3e5", "-o", path, "--json")
    assert code == 0
    assert json.loads(out)["output"] == str(path)
    table = pd.concat(map(pd.read_csv, sorted(path.iterdir())))
    assert len(table) == SPACE.count("macs <= 3e5")


def test_a_layer(run):
    text = (
        "sweep Conv2D --filters=8:65:8 --kernel-size 3 --padding same,valid --use-bias true"
        " --input-shape side,side,c --side 7,14 --c 8:17:8"
    )
    words = text.split()
    code, out, _ = run(*words, "--top", 1, "--by", "macs", "--json")
    assert code == 0
    (best,) = json.loads(out)
    layer = convcost.layers.Conv2D(64, 3, padding="same")
    assert best["macs"] == layer.cost((14, 14, 16)).macs
    assert (best["padding"], best["side"], best["use_bias"]) == ("same", 14, True)
    code, out, _ = run(*words, "--top", 1, "--by", "macs", "--where", "padding == 'valid'")
    assert "valid" in out


def test_on_processes():
    result = start(*WORDS, "--where", "macs <= 3e7", "--count", "--workers", 2)
    assert result.stdout == f"{SPACE.count('macs <= 3e7'):,} of 73,728 designs\n", result.stderr


def test_on_a_cluster(run):
    distributed = pytest.importorskip("distributed")
    with distributed.LocalCluster(
        n_workers=1, threads_per_worker=1, processes=False, dashboard_address=None
    ) as cluster:
        words = ("--where", "macs <= 3e7", "--count", "--scheduler", cluster.scheduler_address)
        code, out, _ = run(*WORDS, *words)
    assert (code, out) == (0, f"{SPACE.count('macs <= 3e7'):,} of 73,728 designs\n")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ((), "give --count, --top, --maximize or --minimize, or --output"),
        (("--count", "--top", "3", "--by", "macs"), "give only one of --count, --top, and"),
        (("--top", "3"), "--top N needs --by, and --by needs --top"),
        (("--by", "macs", "--count"), "--top N needs --by, and --by needs --top"),
        (("--count", "-o", "x.csv"), "leave out --output"),
        (("--count", "--where", "macs <"), "where must be an expression"),
        (("--count", "--where", "import os"), "where must be an expression"),
        (("--count", "--where", "open('x') == 3"), "got open('x')"),
        (("--count", "--dk", "3"), "--dk is given twice"),
        (("--count", "--where", "macs <= 1M M"), "at column 12 macs <= 1M M ^"),
        (("--count", "--x", "3"), "separable has no argument 'x', only dk, m, n, df and bias"),
        (("--count", "--x"), "--x needs values"),
        (("--count", "x"), "expected an option such as --m 8:513:8; got 'x'"),
        (("--count", "--bias", "1:2:3:4"), "--bias must be start:stop"),
        (("--count", "--bias", "a:b"), "--bias must be start:stop"),
        (("--count", "--bias", "1,,2"), "--bias has an empty value before or after a comma"),
        (("--count", "--bias", "8-513"), "--bias takes ranges as start:stop, with the stop exclu"),
        (("--count", "--bias", "1,8..16"), "got '8..16'; did you mean 8:17?"),
        (("--count", "--bias", "1:1000000000000,3"), "--bias takes at most 1,048,576 values of a"),
        (("--count", "--bias", "1:9999999999999999"), "bias must be a range, a list or a one-"),
        (("-o", "x.xlsx"), "ends with .parquet, .csv, .json or .zarr"),
        (("--top", "1", "--by", "macs", "-o", "x.zarr"), "a table has no axes"),
        (("--count", "--plot", "x.png"), "--plot needs designs: give --top"),
        (("-o", "all", "--plot", "x.png"), "--plot needs designs: give --top"),
        (("--top", "1", "--by", "macs", "--plot", "x.doc"), "--plot must end with ."),
        (("--count", "--workers", "1", "--scheduler", "tcp://127.0.0.1:1"), "or --scheduler for"),
    ],
)
def test_what_is_refused_exits_with_2(words, message, run, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    code, out, err = run(*WORDS, *words)
    assert code == 2
    assert message in " ".join(err.split())
    assert out == ""
    assert not list(tmp_path.iterdir())


def test_values_that_are_not_sizes_are_refused_before_anything_is_counted(run):
    text = "sweep separable --dk banana --m apple --n 8 --df 7 --count"
    code, out, err = run(*text.split())
    assert (code, out) == (2, "")
    assert "dk must be a positive integer" in " ".join(err.split())
    assert "got 'banana'" in err
    text = "sweep Conv2D --filters 8 --kernel-size 3 --input-shape 9,9,3 --count"
    for option, message in (("--padding=same,vlaid", "got 'vlaid'"), ("--strides=2.5", "got 2.5"),
                            ("--use-bias=3", "--use-bias must be True or False")):  # fmt: skip
        code, out, err = run(*text.split(), option)
        assert (code, out) == (2, "")
        assert message in " ".join(err.split())


def test_what_is_no_design_is_refused(run):
    code, _, err = run("sweep", "seperable", "--m", "3", "--count")
    assert code == 2
    said = " ".join(err.split())
    assert "'seperable' is not one of standard, depthwise, pointwise, separable, nor a" in said
    assert "did you mean separable?" in said
    assert "did you mean Conv2D?" in run("sweep", "conv2d", "--count")[2]
    assert "did you mean" not in run("sweep", "winograd", "--count")[2]


def test_dask_that_is_missing_is_named_with_its_extra(run, monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    code, _, err = run(*WORDS, "--count", "--workers", 1)
    assert code == 2
    assert '--workers and --scheduler need Dask: pip install "convcost[sweeps]"' in err


def test_arguments():
    assert parse_arguments(["--m", "3"]) == {"m": [3]}
    assert parse_arguments(["--kernel-size", "1:3,7"]) == {"kernel_size": [1, 2, 7]}
    assert parse_arguments(["--input-shape", "(side,side,3)"]) == {
        "input_shape": ("side", "side", 3)
    }


def test_all_designs_without_a_word(run, tmp_path):
    code, out, _ = run("sweep", "depthwise", "--dk", "3", "--m", "1:9", "--df", "7", "-o",
                       tmp_path / "all.parquet")  # fmt: skip
    assert (code, out) == (0, "")
    assert len(pd.read_parquet(tmp_path / "all.parquet")) == 8


def test_processes_of_its_own(run):
    code, out, _ = run(*WORDS, "--count", "--workers", 1)
    assert (code, out) == (0, "73,728 of 73,728 designs\n")


@pytest.mark.parametrize(("option", "name"), [("--output", "front.csv"), ("--plot", "front.png")])
def test_a_missing_folder_is_found_before_anything_is_counted(
    option, name, run, tmp_path, monkeypatch
):
    monkeypatch.setattr(convcost.Space, "top", None)
    path = tmp_path / "nowhere" / name
    code, _, err = run(*WORDS, "--top", "3", "--by", "params", option, str(path))
    assert code == 2
    assert "front" in err
    assert "nowhere is not a folder" in " ".join(err.split())
