"""Single layers, and questions about single designs, on the command line."""

import json

import pytest

import convcost
from convcost import layers


def test_a_layer(run):
    code, out, _ = run("layer", "Conv2D", 64, 3, "--strides", 2, "--padding", "same",
                       "--input-shape", "28,28,32")  # fmt: skip
    assert code == 0
    assert out.splitlines() == [
        "Conv2D(64, 3, strides=2, padding='same'): (28, 28, 32) -> (14, 14, 64)",
        "  parameters         18,496   (3*3*32+1)*64 = 18496",
        "  MACs            3,612,672   3*3*32*64*14*14 = 3612672",
        "  FLOPs           7,225,344   2*3612672 = 7225344",
        "  bias additions     12,544   64*14*14 = 12544",
    ]


def test_a_layer_as_json(run):
    words = ("layer", "Conv2D", "1k", "3,5", "--use-bias", "false", "--input-shape", "28x28x3")
    data = json.loads(run(*words, "--effective", "--json")[1])
    cost = layers.Conv2D(1000, (3, 5), use_bias=False).cost((28, 28, 3), effective=True)
    assert (data["params"], data["macs"]) == (cost.params, cost.macs)
    assert (data["input_shape"], data["output_shape"]) == ([28, 28, 3], [26, 24, 1000])
    data = json.loads(run("layer", "Dense", 10, "--input-shape", "n", "--training", "--json")[1])
    assert (data["macs"], data["input_shape"]) == ("30*n", ["n"])


def test_a_layer_of_several_inputs(run):
    words = ("--input-shape", "3,4", "--input-shape", "5,4")
    code, out, _ = run("layer", "Dot", "2", *words)
    assert (code, out.splitlines()[0]) == (0, "Dot(2): (3, 4), (5, 4) -> (3, 5)")
    assert json.loads(run("layer", "Dot", "2", *words, "--json")[1])["input_shape"] == [
        [3, 4],
        [5, 4],
    ]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("conv2d", 3), "'conv2d' is not a layer of convcost.layers; did you mean Conv2D?"),
        (("separable", 3), "'separable' is not a layer of convcost.layers; did you mean"),
        (("Conv2D", 64), "Conv2D needs kernel_size"),
        (("Conv2D", 64, 3, "--stride", 2), "has no argument 'stride'; did you mean 'strides'?"),
        (("Conv2D", "1:5", 3), "a layer takes one value where a sweep takes a range"),
        (("Conv2D", 64, 3, "--strides"), "--strides needs values"),
        (("Conv2D", -64, 3), "filters must be a positive integer"),
    ],
)
def test_wrong_layers(words, message, run):
    code, out, err = run("layer", *words, "--input-shape", "28,28,3")
    assert (code, out) == (2, "")
    assert message in err


def test_solve(run):
    words = ("solve", "separable", "n", "--dk", 3, "--m", 64, "--df", 28)
    assert run(*words, "--macs", "300M") == (0, "n = 5,969\n", "")
    assert run(*words, "--params", "1M", "--at-least")[1] == "n = 15,376\n"
    words = ("solve", "Conv2D", "kernel-size", "--filters", 8, "--input-shape", "28,28,32")
    data = json.loads(run(*words, "--params", "10k", "--json")[1])
    best = convcost.solve(
        layers.Conv2D, "kernel_size", params=10_000, filters=8, input_shape=(28, 28, 32)
    )
    assert data == {"what": "Conv2D", "argument": "kernel_size", "value": best, "params": 10_000}
    assert run("solve", "separable", "n", "--dk", 3)[2].endswith(
        "Error: give a budget: --params, --macs, --flops or --bias-adds\n"
    )
    assert "4MiB" in run("solve", "separable", "n", "--macs", "4MiB")[2]


def test_crossings(run):
    words = ("crossings", "separable dk m n df", "standard dk m n/8 df", "n")
    assert run(*words) == (0, "n = 8*dk**2/(dk**2 - 8)\n", "")
    assert json.loads(run(*words, "--json")[1]) == {
        "symbol": "n",
        "by": "macs",
        "values": ["8*dk**2/(dk**2 - 8)"],
    }
    out = run("crossings", "pointwise m 8 7", "pointwise m 2*n 7", "n", "--by", "params")[1]
    assert out == "n = 4\n"
    out = run("crossings", "separable 3 m n 7", "standard 3 m n 7", "m")[1]
    assert out == "one of them has fewer MACs for every m\n"


@pytest.mark.parametrize(
    ("first", "message"),
    [
        (
            "separabel 3 m n 7",
            "'separabel' is not one of standard, depthwise, pointwise, separable",
        ),
        ("", "'' is not one of standard"),
        ("separable 3 m n^2 7", "a size must be a number or a symbol, such as 64, n, 2*n or n/8"),
        ("separable 3 m", "separable needs n and df"),
        ("separable 3 m n 7 8 9", "takes 4 positional arguments"),
    ],
)
def test_wrong_designs(first, message, run):
    code, _, err = run("crossings", first, "standard 3 m n 7", "n")
    assert code == 2
    assert message in err


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("convcost su", "plain,summary\n"),
        ("convcost layer EinsumD", "plain,EinsumDense\n"),
        ("convcost sweep se", "plain,separable\n"),
        ("convcost summary mod", "file,mod\n"),
        ("convcost check --form", "plain,--format\n"),
    ],
)
def test_completion(words, expected, run, monkeypatch):
    monkeypatch.setenv("_CONVCOST_COMPLETE", "bash_complete")
    monkeypatch.setenv("COMP_WORDS", words)
    monkeypatch.setenv("COMP_CWORD", str(words.count(" ")))
    assert run() == (0, expected, "")


@pytest.mark.parametrize("shell", ["zsh", "fish"])
def test_completion_of_other_shells(shell, run, monkeypatch):
    monkeypatch.setenv("_CONVCOST_COMPLETE", f"{shell}_source")
    code, out, _ = run()
    assert code == 0
    assert f"{shell}_complete" in out
