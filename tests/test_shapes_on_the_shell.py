"""Shapes, ranges and counts that are mistyped on the shell, and near names of arguments."""

import pytest

import convcost
from convcost import layers
from convcost.testing import assert_budget

SPACES = "--input-shape must be one word, 28,28,32 or 28x28x32; got 28 28 32\n"
SPACED = ("--input-shape", "28", "28", "32")
SHAPED = ("--kernel-size", "3", "--input-shape", "28,28,3")


@pytest.mark.parametrize(
    "words",
    [
        ("summary", "net.h5"),
        ("compare", "net.h5", "net.h5"),
        ("solve", "Conv2D", "filters", "--macs", "10M", "--kernel-size", "3"),
        ("sweep", "Conv2D", "--count", "--filters", "3,4", "--kernel-size", "3"),
        ("layer", "Conv2D", "64", "3"),
    ],
)
def test_a_shape_with_spaces(words, run):
    code, out, err = run(*words, *SPACED)
    assert (code, out) == (2, "")
    assert err.endswith(f"Error: {SPACES}")


def test_values_of_a_layer_after_its_shape(run):
    code, out, _ = run("layer", "Embedding", "--input-shape", "28", "100", "6")
    assert (code, out.splitlines()[0]) == (0, "Embedding(100, 6): (28,) -> (28, 6)")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (
            ("layer", "MultiHeadAttention", "2", "4", "--input-shape", "10,8"),
            "MultiHeadAttention needs the shape of each input: give the option once for each, as in"
            " --input-shape 10,8 --input-shape 10,8",
        ),
        (
            ("solve", "Conv2D", "filters", "--macs", "10M", "--kernel-size", "3"),
            "Conv2D needs an input shape, such as --input-shape 28,28,32",
        ),
        (
            ("sweep", "Conv2D", "--count", "--filters", "3,4", "--kernel-size", "3"),
            "Conv2D needs an input shape, such as --input-shape side,side,32 --side 14,28",
        ),
        (
            ("sweep", "separable", "--dk", "3", "--m", "512:8:8", "--n", "8", "--count"),
            "--m must have one value or more; got '512:8:8', an empty range",
        ),
        (("summary", "x.h5", "--top", "-1"), "'--top': it must be at least 1; got '-1'"),
        (("solve", "separable", "n", "--macs", "-5"), "'--macs': it must be at least 0; got '-5'"),
        (("solve", "Conv2D", "filtres", "--macs", "9k", *SHAPED), "did you mean 'filters'?"),
        (("sweep", "Conv2D", "--count", "--filtres", "3,4", *SHAPED), "did you mean 'filters'?"),
    ],
)
def test_what_the_shell_is_told(words, message, run):
    code, out, err = run(*words)
    assert (code, out) == (2, "")
    assert err.endswith(f"{message}\n")


@pytest.fixture(scope="module")
def network():
    dense = {"class_name": "Dense", "config": {"name": "head", "units": 8}}
    return convcost.from_keras({"name": "tiny", "layers": [dense]}, (5,))


def test_in_python(network):
    with pytest.raises(ValueError, match=r"^m must have one .*; got range\(512, 8, 8\), which is"):
        convcost.Space(convcost.separable, dk=3, m=range(512, 8, 8), n=8, df=7)
    with pytest.raises(TypeError, match=r"^Conv2D has no .* and first; did you mean 'filters'\?$"):
        convcost.solve(layers.Conv2D, "filtres", macs=9, kernel_size=3, input_shape=(9, 9, 3))
    with pytest.raises(TypeError, match=r"; got widht; did you mean 'width'\?$"):
        convcost.Space(network, widht=[1, 2])
    with pytest.raises(TypeError, match=r"^assert_budget has no argument 'max_mac', .*'max_macs'"):
        assert_budget(network, max_mac=3)
    table = convcost.compare(network, network, network)
    with pytest.raises(ValueError, match=r"^y must be .*: add one with with_column\('accuracy', v"):
        table.plot("accuracy")
    with pytest.raises(ValueError, match="y must be one of size2 added with `with_column`"):
        table.with_column("size2", [1, 2, 3]).plot("accuracy")
