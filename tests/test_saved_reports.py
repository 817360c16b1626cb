"""Reports as JSON: what they hold, and what reads back in."""

import copy
import json
from fractions import Fraction

import jsonschema
import keras
import pytest
from keras import layers as kl
from keras_models import opaque

import convcost


def make(width=8, name="tagger"):
    given = keras.Input((16, 16, 3), name="image")
    x = kl.Conv2D(width, 3, dtype="float16", name="conv")(given)
    inner_given = keras.Input((14, 14, width))
    inner = keras.Model(inner_given, kl.Flatten(name="flat")(inner_given), name="inner")
    frozen = kl.Dense(4, trainable=False, name="head")
    return keras.Model(given, frozen(inner(x)), name=name)


@pytest.fixture(scope="module")
def report():
    return convcost.summary(make())


@pytest.fixture
def path(report, tmp_path):
    report.to_json(tmp_path / "saved.json")
    return tmp_path / "saved.json"


@pytest.fixture(scope="module")
def validate(root):
    schema = json.loads((root / "docs/_static/report.schema.json").read_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema).validate


def test_what_is_saved(report, validate):
    data = report.as_dict()
    validate(data)
    assert {key: data[key] for key in ("version", "convcost", "name", "layers")} == {
        "version": 1,
        "convcost": convcost.__version__,
        "name": "tagger",
        "layers": {"shown": 3, "in_model": 3},
    }
    assert data["total"]["size"] == 224 * 2 + 6276 * 4
    conv, _, head = data["rows"]
    assert conv["name"] == "conv"
    assert conv["input_shapes"] == [[16, 16, 3]]
    assert (conv["flops"], conv["bias_adds"], conv["size"]) == (2 * 42336, 1568, 448)
    assert (head["params"], head["trainable_params"]) == (6276, 0)


def test_other_reports_fit_the_schema(report, validate):
    validate(report.group("kind").as_dict())
    validate(report.top(1).as_dict())
    given = keras.Input((None, None, 3))
    open_sides = keras.Model(given, kl.Conv2D(4, 3)(given))
    validate(convcost.summary(open_sides).as_dict())
    with pytest.warns(UserWarning, match="left out"):
        validate(convcost.summary(opaque().to_json(), on_unknown="warn").as_dict())
    states = kl.LSTM(2, return_state=True)(keras.Input((5, 3), name="a"))
    model = keras.Model(states[0]._keras_history.operation.input, states)
    validate(convcost.summary(model).as_dict())
    assert len(convcost.summary(convcost.summary(model).to_json()).entries) == 1


@pytest.mark.parametrize("form", [lambda path: path, lambda path: path.read_text(), json.loads])
def test_a_saved_report_is_a_source(form, report, path):
    source = form(path.read_text() if form is json.loads else path)
    again = convcost.summary(source)
    assert again.total() == report.total()
    assert [line[:5] for line in again.lines] == [line[:5] for line in report.lines]
    assert again.as_dict()["total"] == report.as_dict()["total"]
    assert again.network.macs == report.network.macs
    assert convcost.summary(again.to_json()).to_json() == again.to_json()


def test_a_saved_report_is_compared(path):
    wider = make(9)
    ratio = convcost.compare(path, wider).total
    params = convcost.from_keras(wider).params
    assert ratio.params == Fraction(params, convcost.summary(path).total().params)
    assert convcost.compare(path, path).total.macs == 1
    assert json.loads(convcost.compare(path, path).to_json())["version"] == 1


def test_on_the_command_line(path, run, tmp_path):
    make(9).save(tmp_path / "wider.keras")
    code, out, _ = run("summary", path, "--format", "csv")
    assert code == 0
    assert out.splitlines()[1].startswith('conv,Conv2D,"(14, 14, 8)",224,42336,')
    code, out, _ = run("compare", path, tmp_path / "wider.keras", "--format", "csv")
    assert (code, out.splitlines()[1]) == (
        0,
        "conv,Conv2D,224,252,1.125,42336,47628,1.125",
    )
    code, _, err = run("whatif", path, "--separable")
    assert (code, err) == (
        2,
        f"Error: {path}: it is a saved report of convcost, which holds the costs of a model but not"
        " the model: give the model\n",
    )
    assert run("summary", path, "--input-shape", "8,8,3")[2] == (
        f"Error: {path}: it is a saved report, which has one input shape: leave out --input-shape\n"
    )


def test_what_needs_the_model(path):
    for call in (
        convcost.from_keras,
        lambda source: convcost.hardware.predict(source, "NVIDIA A100 SXM4 80GB"),
    ):
        with pytest.raises((ValueError, TypeError), match=r"saved report|must be"):
            call(path)
    with pytest.raises(convcost.ModelError, match="effective MACs of 'conv' can't be computed"):
        _ = convcost.summary(path, effective=True).lines
    with pytest.raises(convcost.ModelError, match="arithmetic intensity of 'conv' can't"):
        _ = convcost.summary(path, intensity=True).lines
    with pytest.raises(convcost.ModelError, match=r"^it is a saved report.*leave out shapes"):
        convcost.summary(path.read_text(), on_unknown="warn", shapes={"conv": (3,)})


def test_layers_left_out_stay_so(tmp_path):
    with pytest.warns(UserWarning, match="left out"):
        report = convcost.summary(opaque().to_json(), on_unknown="warn")
    again = convcost.summary(report.to_json())
    assert again.network.left_out == report.network.left_out == ("mystery",)
    assert [line[4] for line in again.lines] == [line[4] for line in report.lines]
    assert again.notes[:1] == report.notes[:1]


def edited(report, edit):
    data = copy.deepcopy(report.as_dict())
    edit(data)
    return data


def put(*path, value):
    def edit(data):
        for step in path[:-1]:
            data = data[step]
        data[path[-1]] = value

    return edit


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        (put("version", value=2), "its version is 2, and this convcost reads 1: update it"),
        (put("version", value=True), "its version must be 1; got True"),
        (put("version", value=None), "its version must be 1; got None"),
        (put("name", value="a\x1b[2J"), r"the name of the report must be printable text"),
        (put("name", value=None), "the name of the report must be printable text; got None"),
        (lambda data: data.pop("rows"), "it has no 'rows'"),
        (put("rows", value={}), "rows must be a list; got {}"),
        (put("rows", value=[{}] * 20_001), "it has more than 20,000 rows"),
        (put("rows", 0, value=7), r"rows\[0\] must be an object; got 7"),
        (put("rows", 0, "kind", value=""), r"the kind of rows\[0\] must be printable text"),
        (put("rows", 0, "macs", value=1), r"rows\[0\] must have two FLOPs for each MAC"),
        (put("rows", 0, "macs", value=-1), r"macs of rows\[0\] must be a non-negative integer"),
        (put("rows", 0, "macs", value=10**1000), "must be a non-negative integer; got 1000"),
        (put("rows", 0, "macs", value=1.5), "must be a non-negative integer; got 1.5"),
        (put("rows", 0, "params", value=223), "must have at least as many params as trainable"),
        (put("rows", 0, "params", value=225), "its rows add up to 6,501 params, but its total"),
        (put("rows", 0, "size", value=1), "its rows add up to a size of 25105"),
        (put("rows", 0, "size", value=None), "its rows add up to a size of None"),
        (put("rows", 0, "output_shape", value=[1, "h"]), "save it with an input_shape in numbers"),
        (put("rows", 0, "bias_adds", value="h*w"), "is the formula 'h\\*w'"),
        (put("total", value=[]), r"total must be an object; got \[\]"),
        (put("total", "trainable_params", value=0), "add up to 224 trainable_params, but"),
        (put("layers", "shown", value=1), "it holds only 1 of the 3 layers of 'tagger'"),
        (put("left_out", value=["conv"]), "its rows leave out 0 layers, and left_out 1"),
        (put("rows", 0, "left_out", value=1), "its rows leave out 1 layers, and left_out 0"),
        (put("left_out", value=[3]), r"left_out must be names; got \[3\]"),
        (put("input_shapes", value=[None]), r"input_shapes must be lists of sides; got \[None\]"),
        (put("input_shapes", value=[[0]]), "must be positive integers; got"),
    ],
)
def test_edited_reports_are_refused(edit, message, report):
    with pytest.raises(convcost.ModelError, match=message) as found:
        convcost.summary(edited(report, edit))
    assert str(found.value).startswith("the saved report can't be read: ")


def test_reports_that_do_not_hold_a_model(report, tmp_path):
    with pytest.raises(convcost.ModelError, match="holds only 1 of the 3 layers"):
        convcost.summary(report.top(1).to_json())
    both = convcost.compare(report.network, report.network).as_dict()
    with pytest.raises(convcost.ModelError, match="it is a comparison of models"):
        convcost.summary(both)
    three = convcost.compare(*[report.network] * 3).to_json()
    with pytest.raises(convcost.ModelError, match="it is a comparison of models"):
        convcost.summary(three)
    (tmp_path / "both.json").write_text(json.dumps(both))
    with pytest.raises(convcost.ModelError, match=r"both\.json: the saved report can't be read"):
        convcost.summary(tmp_path / "both.json")
    given = keras.Input((None, None, 3))
    formulas = convcost.summary(keras.Model(given, kl.Conv2D(4, 3)(given)))
    with pytest.raises(convcost.ModelError, match="save it with an input_shape in numbers"):
        convcost.summary(formulas.to_json())
