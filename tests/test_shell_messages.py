"""Messages on the shell: of several inputs, in its own words, and warnings in one line."""

import json

import keras
import pytest
from keras import layers as kl
from keras import ops

import convcost
from convcost._cli.sources import parse_shapes


@pytest.fixture
def two(tmp_path):
    """A model of two inputs with open sides, as a file."""
    left = keras.Input((None, None, 3), name="left")
    right = keras.Input((None,), name="right")
    pooled = kl.GlobalAveragePooling2D()(kl.Conv2D(4, 3, name="conv")(left))
    words = kl.GlobalAveragePooling1D()(kl.Embedding(10, 5)(right))
    model = keras.Model([left, right], kl.Concatenate()([pooled, words]), name="two")
    model.save(tmp_path / "two.keras")
    return tmp_path / "two.keras"


@pytest.fixture
def cholesky(tmp_path):
    """A model with an operation that is not counted, as a file."""
    keras.backend.clear_session()
    entry = keras.Input((4, 4))
    output = ops.linalg.cholesky(kl.Dense(4, name="dense")(entry))
    keras.Model(entry, output, name="net").save(tmp_path / "net.keras")
    return tmp_path / "net.keras"


BY_ORDER = ("--input-shape", "28,28,3", "--input-shape", "7")
BY_NAME = ("--input-shape", "right=7", "--input-shape", "left=28x28x3")


@pytest.mark.parametrize("shapes", [BY_ORDER, BY_NAME], ids=["order", "name"])
def test_each_input_of_a_model_has_a_shape(two, run, shapes):
    code, out, err = run("summary", two, *shapes, "--format", "json")
    assert (code, err) == (0, "")
    rows = {row["name"]: row["macs"] for row in json.loads(out)["rows"]}
    assert rows["conv"] == 26 * 26 * 3 * 3 * 3 * 4
    assert run("compare", two, two, *shapes)[0] == 0
    assert run("whatif", two, "--separable", *shapes)[0] == 0
    assert run("check", two, "--max-macs", rows["conv"], *shapes)[0] == 0
    code, out, _ = run("verify", two, *shapes, "--oracle", "keras", "--oracle", "kernels")
    assert code == 0
    assert "total: kernels: confirmed: macs 73,008" in out


@pytest.mark.parametrize(
    ("shapes", "message"),
    [
        (
            ("28,28,3",),
            "must be one shape for each input (2: left, right), in this order or by name; got"
            " (28, 28, 3) (tuple)",
        ),
        (
            ("left=28,28,3", "7"),
            "must have the name of each input, as in image=224,224,3, or of none; got"
            " 'left=28,28,3', '7'",
        ),
        (("left=28,28,3", "left=7"), "must be given once for each input; got 'left' twice"),
        (
            ("left=28,28,3", "rigt=7"),
            "must be shapes by the names of the inputs: left, right; got {'left': (28, 28, 3),"
            " 'rigt': (7,)} (dict)",
        ),
    ],
)
def test_shapes_that_do_not_fit_the_inputs(two, run, shapes, message):
    options = [word for shape in shapes for word in ("--input-shape", shape)]
    assert run("summary", two, *options) == (2, "", f"Error: --input-shape {message}\n")


def test_shapes_of_no_name():
    assert parse_shapes([]) is None
    with pytest.raises(ValueError, match="must have the name of each input"):
        parse_shapes(["=5"])


def test_a_budget_has_the_shapes_of_several_inputs(two, run, monkeypatch):
    monkeypatch.chdir(two.parent)
    text = '[models.two]\nsource = "two.keras"\nmax-macs = 73008\n'
    for shapes in ('["28x28x3", "7"]', '{left = "28x28x3", right = [7]}', "[[28, 28, 3], [7]]"):
        (two.parent / "convcost.toml").write_text(f"{text}input-shape = {shapes}\n")
        assert run("check")[0] == 0


def test_messages_name_the_options(cholesky, two, run):
    why = (
        f"{cholesky}: layer 'cholesky' of class Cholesky (which solves or factorizes matrices: how"
        " many MACs that takes, no convention says) has no known cost: register it with"
        " @convcost.layers.register('Cholesky'), or leave it out with --on-unknown warn"
    )
    assert run("summary", cholesky) == (2, "", f"Error: {why}\n")
    shape = ("--output-shape", "tk=3")
    assert run("summary", cholesky, *shape)[2] == (
        "Error: --output-shape needs --on-unknown warn: it has the output shapes of layers left"
        " out\n"
    )
    _, _, err = run("summary", cholesky, *shape, "--on-unknown", "warn")
    assert "--output-shape names 'tk', which is not a layer that is left out" in err
    assert run("summary", two, "--sort", "macs")[2] == (
        "Error: can't apply --sort macs: its values contain symbols, so their order is unknown;"
        " give an --input-shape of integers\n"
    )


def test_in_python_they_name_the_arguments(cholesky):
    with pytest.raises(convcost.ModelError, match=r'leave it out with on_unknown="warn"$'):
        convcost.from_keras(cholesky)
    with pytest.raises(ValueError, match="shapes needs on_unknown='warn': it has the"):
        convcost.from_keras(cholesky, shapes={"tk": (3,)})


def test_what_is_left_out_is_verified_without_it(cholesky, run):
    code, out, err = run("verify", cholesky, "--on-unknown", "warn")
    assert code == 0
    assert "warning: 1 layer is left out of the cost of 'net', as its cost is not known: cho" in err
    lines = out.splitlines()
    for oracle in ("keras", "profiler", "jaxpr"):
        assert f"total: {oracle}: not visible: convcost leaves out cholesky" in lines
    assert "total: kernels: confirmed: macs 64" in lines
    assert "net agrees: 2 layers, 3 quantities" in lines
    code, _, err = run("verify", cholesky)
    assert code == 2
    assert err.endswith("leave it out with --on-unknown warn\n")


def test_a_report_names_the_options_as_well(two, run):
    _, out, _ = run("verify", two, "--oracle", "kernels")
    assert "conv: kernels: not visible: its input has open sides: give --input-shape in num" in out


def test_why_keras_cannot_load_a_file(tmp_path, run):
    model = keras.Sequential([keras.Input((5,)), kl.Dropout(0.5, name="drop")])
    path = tmp_path / "model.json"
    path.write_text(model.to_json().replace('"rate": 0.5', '"rate": 7'))
    code, _, err = run("verify", path)
    assert code == 2
    assert err.splitlines()[-1].startswith(
        f"Error: Keras can't load {path}: Invalid value received"
    )


def test_values_that_are_named_like_options_stay_as_they_are(run):
    model = "docs/gallery/fashion_mnist.json"
    code, out, err = run("summary", model, "--columns", "macs,foo")
    assert (code, out) == (2, "")
    assert err.startswith("Error: --columns must be one of kind, connected_to, input_shape, ")
