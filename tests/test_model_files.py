# ruff: noqa: E501  (tables with one case per line)
"""Untrusted files: nothing in them runs, and their errors are one line."""

import base64
import errno
import json
import marshal
import re
import subprocess
import sys
import zipfile

import pytest

import convcost
from convcost._models import walk
from convcost._models.keras import config, files, library


def layer(kind, name, inbound=(), /, **arguments):
    tensor = [
        {"class_name": "__keras_tensor__", "config": {"shape": [None, 8], "keras_history": [one, 0, 0]}}
        for one in inbound
    ]  # fmt: skip
    args = tensor if len(tensor) < 2 else [tensor]
    return {
        "module": "keras.layers",
        "class_name": kind,
        "config": {"name": name, **arguments},
        "name": name,
        "inbound_nodes": [{"args": args, "kwargs": {}}] if inbound else [],
    }


def functional(*layers, first="in", last=None):
    entry = layer("InputLayer", "in", batch_shape=[None, 8])
    every = [entry, *layers]
    return {
        "class_name": "Functional",
        "config": {
            "name": "model",
            "layers": every,
            "input_layers": [first, 0, 0],
            "output_layers": [last or every[-1]["name"], 0, 0],
        },
    }


def refused(source, message, **options):
    with pytest.raises(convcost.ModelError, match=message) as error:
        convcost.from_keras(source, **options)
    return str(error.value)


def test_a_plain_one_is_read():
    network = convcost.from_keras(functional(layer("Dense", "d", ["in"], units=3)))
    assert network.params == 27


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ({}, "it is an empty JSON object, not the config of a model"),
        ({"class_name": None}, "class_name must be printable text; got None"),
        ({"class_name": "Functional", "config": {}}, "lists no layers"),
        ({"class_name": "Mine", "config": {"units": 3}}, "give a subclassed one as a live model"),
        ({"class_name": "Sequential", "config": {"layers": 3}}, "must be a list; got 3"),
        ({"class_name": "Sequential", "config": {"layers": [3]}}, "a layer of .* must be a dict"),
        ({"class_name": "Sequential", "config": {"layers": []}}, "declares no shape"),
        ("{", "the JSON text: the config is not valid JSON"),
        ('{"a": ' + "[" * 100_000, "nested too deeply"),
        ('{"a": "' + "x" * files.LARGEST + '"}', "larger than 8 MiB"),
        (functional(layer("Dense", "d", ["in"])), r"layer 'd' \(Dense\): .*units"),
        (functional(layer("Dense", "d", ["in"], units=-1)), "units must be a positive integer"),
        (functional(layer("Dense", "d", ["in"], units="3")), "units must be a positive integer"),
        (functional(layer("Dense", "d", ["gone"], units=3)), "'d' of .* to call 0 of a layer 'gone'"),
        (functional(layer("Dense", "d", ["d"], units=3)), "a cycle: layer 'd' depends on itself"),
        (functional(layer("Dense", "d", units=3), last="d"), "refers to call 0 of a layer 'd'"),
        (functional(layer("Dense", "in", ["in"], units=3)), "two layers named 'in'"),
        (functional(layer("Dense", "d", ["in"], units=3), last="x"), "an input or output .* a layer 'x'"),
        (functional(layer("Dense", "d", ["in"], units=3), first="d"), "'d' is an input .* not an input"),
        (functional(layer("Dense", "d", ["in"], units=3), first="x"), "'x' is an input .* not an input"),
        (functional(layer("Flatten", "f", ["in"]), layer("LSTM", "l", ["f"], units=3)), "LSTM"),
        (functional(layer("InputLayer", "other", batch_shape=[None, 3]),
                    layer("Flatten", "f", ["other"])), "'other' is not among the inputs"),
        (functional(layer("InputLayer", "o", batch_shape=[None, "3"])), "a list of positive integers"),
        (functional(layer("InputLayer", "o", batch_shape=[])), "the batch as its first axis"),
        (functional(layer("InputLayer", "o", batch_shape=[None, 0])), "a list of positive integers"),
        (functional(layer("Conv2D", "c", ["in"], filters=3, kernel_size=3)), "'c' .*for Conv2D"),
    ],
)  # fmt: skip
def test_what_makes_no_sense_is_told(source, message):
    error = refused(source, message)
    assert "\n" not in error


def test_parts_of_the_graph_that_make_no_sense_are_told():
    model = functional(layer("Dense", "d", ["in"], units=3))
    inner = model["config"]["layers"][1]
    good = json.dumps(inner["inbound_nodes"])
    for nodes, message in [
        (3, "inbound_nodes of 'd' must be a list"),
        ([3], "inbound_nodes must be a list"),
        ([[3]], "inbound_nodes must be a list"),
        ([[["in"]]], "must name layer, call and output"),
        ([[["in", "0", 0]]], r"a tensor must be \[layer, call, output\]"),
        ([{"args": 3}], "args must be a list"),
        ([{"args": [{"class_name": "__keras_tensor__"}]}], "the config of a tensor must be a dict"),
        (json.loads(good.replace('"in", 0, 0', '"in", 0')), "keras_history must have three parts"),
        (json.loads(good.replace('["in", 0, 0]', "null")), "keras_history must be a list"),
        (json.loads(good.replace('"in", 0, 0', '"in", 0, 1')), "layer 'in' has no output 1"),
        ([], "model .* refers to call 0 of a layer 'd', which does not exist"),
    ]:
        inner["inbound_nodes"] = nodes
        refused(model, message)
    inner["inbound_nodes"] = [{"args": [], "kwargs": {"x": 1}}]
    refused(model, "called without an input tensor")
    inner["inbound_nodes"] = json.loads(good)
    model["config"]["output_layers"] = 3
    refused(model, "must be tensors; got 3")


def test_arguments_of_calls_in_all_their_forms():
    model = functional(layer("GetItem", "g", ["in"]))
    inner = model["config"]["layers"][1]
    inner["module"] = "keras.src.ops.numpy"
    args = inner["inbound_nodes"][0]["args"]
    cut = {"class_name": "__slice__", "config": {"start": None, "stop": 3, "step": None}}
    everything = {"class_name": "__slice__", "config": {}}
    args.append({"class_name": "__tuple__", "items": [everything, cut]})
    assert convcost.from_keras(model).output_shapes == ((3,),)
    args[1] = [{"class_name": "__ellipsis__", "config": {}}, 0]
    assert convcost.from_keras(model).output_shapes == ((),)
    inner["class_name"] = "Add"
    args[1] = {"class_name": "__numpy__", "config": {"value": [[1, 2, 3, 4, 5, 6, 7, 8]]}}
    assert convcost.from_keras(model).output_shapes == ((8,),)
    args[1] = {"class_name": "__tensor__", "config": 3}
    refused(model, "the config of __tensor__ must be a dict")


@pytest.mark.parametrize("kind", ["__ellipsis__", "__numpy__", "__tuple__"])
def test_an_argument_called_class_name_is_only_an_argument(kind):
    product = operation("Einsum", "e", "in", subscripts="bi,bi->b")
    product["inbound_nodes"][0]["kwargs"] = {"class_name": kind, "config": {"value": 5}}
    refused(functional(product), "'e' .*")


def test_old_forms_are_read():
    old = {"class_name": "Sequential", "config": [
        {"class_name": "Dense", "config": {"name": "d", "units": 3, "batch_input_shape": [None, 8]}},
    ]}  # fmt: skip
    assert convcost.from_keras(old).params == 27
    entry = functional(layer("Dense", "d", ["in"], units=3))
    entry["config"]["layers"][0]["config"] = {"name": "in", "shape": [8]}
    assert convcost.from_keras(entry).params == 27
    entry["config"]["layers"][0]["config"] = {"name": "in"}
    refused(entry, "input 'in' declares no shape")


def test_a_keras_2_model_with_a_model_in_it():
    def keras_2(kind, name, inbound, **arguments):
        made = layer(kind, name, **arguments)
        del made["module"]
        return {**made, "inbound_nodes": inbound}

    inside = [
        keras_2("InputLayer", "x", [], batch_input_shape=[None, 8]),
        keras_2("Dense", "d", [[["x", 0, 0, {}]]], units=8),
    ]
    model = functional()
    model["config"]["layers"] += [
        keras_2("Functional", "m", [[["in", 0, 0, {}]], [["m", 1, 0, {}]]],
                layers=inside, input_layers=[["x", 0, 0]], output_layers=[["d", 0, 0]]),
        keras_2("Sequential", "s", [[["m", 2, 0, {}]]], layers=[inside[0], inside[1]]),
        keras_2("Add", "a", [[["m", 1, 0, {}], ["s", 1, 0, {"other": ["m", 2, 0], "x": 3}]]]),
        keras_2("Flatten", "p", [["a", 0, 0]]),
    ]  # fmt: skip
    model["config"]["output_layers"] = ["p", 0, 0]
    network = convcost.from_keras(model)
    assert [row.name for row in network][:3] == ["m/d", "m/d", "s/d"]
    assert network.params == 72 * 2


def test_shared_weights_are_known_by_their_number():
    def dense(name, inbound, number):
        return {**layer("Dense", name, [inbound], units=8), "shared_object_id": number}

    same = functional(dense("a", "in", 1), dense("b", "a", 1))
    other = functional(dense("a", "in", 1), dense("b", "a", 2))
    assert convcost.from_keras(same).params == 72
    assert convcost.from_keras(other).params == 144


def test_models_nested_without_end():
    inner = functional()["config"]
    model = functional(layer("Dense", "d", ["in"], units=3))
    for _ in range(60):
        model = functional({**layer("Functional", "m", ["in"]), "config": model["config"]})
    refused(model, "nested more than 40 levels deep")
    assert inner
    wrapped = layer("Dense", "d", units=3)
    for _ in range(60):
        wrapped = layer("TimeDistributed", "t", layer=wrapped)
    refused(
        functional({**wrapped, "inbound_nodes": layer("x", "y", ["in"])["inbound_nodes"]}), "deep"
    )


def test_models_that_call_each_other_until_the_end_of_time():
    # 30 models, each calling the previous one twice: a billion layers in a few kilobytes.
    model = functional(layer("Dense", "d", ["in"], units=8))
    for _ in range(30):
        twice = {**layer("Functional", "m", ["in"]), "config": model["config"]}
        again = layer("x", "y", ["m"])["inbound_nodes"]
        twice["inbound_nodes"] = [*twice["inbound_nodes"], *again]
        model = functional(twice)
        model["config"]["output_layers"] = ["m", 2, 0]
    refused(model, f"calls more than {walk.MOST_ROWS:,} layers")


def test_a_million_layers_are_refused_for_their_size():
    model = functional(*(layer("Flatten", f"f{i}", ["in"]) for i in range(60_000)))
    with pytest.raises(convcost.ModelError, match="larger than"):
        convcost.from_keras(json.dumps(model))


def zipped(path, content, name="config.json", method=zipfile.ZIP_DEFLATED):
    with zipfile.ZipFile(path, "w", method) as made:
        made.writestr(name, content)
    return path


def test_a_file_that_does_not_exist_is_an_error_with_near_names(tmp_path):
    (tmp_path / "model.keras").touch()
    wrong, near = str(tmp_path / "mdoel.keras"), str(tmp_path / "model.keras")
    far = str(tmp_path / "gone" / "nothing.h5")
    for source, message in [
        (wrong, f"there is no file {wrong!r}; did you mean {near!r}?"),
        (far, f"there is no file {far!r}; source must be a Keras model, "),
    ]:
        with pytest.raises(FileNotFoundError, match=f"^{re.escape(message)}") as caught:
            convcost.summary(source)
        assert caught.value.errno == errno.ENOENT
        assert not str(caught.value).endswith("'")


def test_only_near_names_are_suggested(tmp_path):
    for name in ("unet.keras", "gpt.keras", "model.keras", "model.h5"):
        (tmp_path / name).touch()
    with pytest.raises(FileNotFoundError, match=r"there is no file .*nope\.keras'; source must be"):
        convcost.summary(tmp_path / "nope.keras")
    with pytest.raises(FileNotFoundError) as caught:
        convcost.summary(tmp_path / "model.json")
    found = {str(tmp_path / name) for name in ("model.keras", "model.h5")}
    assert all(repr(name) in str(caught.value) for name in found)


def test_the_name_of_a_model_elsewhere_is_answered_with_how_to_give_it():
    message = (
        "'BertBackbone' is neither a file nor a model of Keras Applications; a model of KerasHub, or"
        " one of your own, is given itself and not by its name"
    )
    with pytest.raises(convcost.ModelError, match=f"^{message}$"):
        convcost.summary("BertBackbone")
    with pytest.raises(convcost.ModelError, match=r"did you mean MobileNetV2\?$"):
        convcost.summary("MobilNetV2")


def test_a_name_that_is_neither_a_file_nor_an_application(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "modl.json").touch()
    message = "'modl' is neither a file nor a model of Keras Applications; did you mean 'modl.json'"
    with pytest.raises(convcost.ModelError, match=re.escape(message)):
        convcost.from_keras("modl")
    (tmp_path / "plain").write_text("{}")
    with pytest.raises(convcost.ModelError, match="plain"):
        convcost.from_keras("plain")

    def missing():
        raise ImportError("this needs Keras and a backend")

    monkeypatch.setattr(library, "import_keras", missing)
    with pytest.raises(FileNotFoundError, match=r"no file 'modl'.*this needs Keras"):
        convcost.from_keras("modl")


def test_a_folder_is_named_as_one(tmp_path):
    with pytest.raises(convcost.ModelError, match=r"is a folder: give a .keras, .h5 or .json file"):
        convcost.summary(tmp_path)
    (tmp_path / "saved_model.pb").touch()
    with pytest.raises(convcost.ModelError, match="a SavedModel, which holds no Keras config"):
        convcost.summary(str(tmp_path))


def test_nothing_in_a_file_runs(tmp_path):
    """Lambda bytecode, a module to import, a class to find: each would create a file if run."""
    canary = tmp_path / "canary"
    module = tmp_path / "evil.py"
    module.write_text(f"open({str(canary)!r}, 'w').write('ran')\nclass Evil: pass\n")
    code = compile(f"open({str(canary)!r}, 'w').write('ran')", "x", "exec")
    text = base64.b64encode(marshal.dumps(code)).decode()
    function = {"class_name": "__lambda__", "config": {"code": text, "defaults": None}}
    layers = [
        layer("Lambda", "l", ["in"], function=function, output_shape=[8]),
        {**layer("Evil", "l", ["in"]), "module": "evil", "registered_name": "evil>Evil"},
        {**layer("Evil", "l", ["in"]), "module": f"{module}", "registered_name": None},
        layer("Dense", "l", ["in"], units=function),
        layer("TFSMLayer", "l", ["in"], filepath=str(tmp_path)),
    ]
    for number, one in enumerate(layers):
        for suffix, write in ((".json", None), (".keras", zipped)):
            path = tmp_path / f"m{number}{suffix}"
            text = json.dumps(functional(one))
            path.write_text(text) if write is None else write(path, text)
            program = (
                f"import sys; sys.path.insert(0, {str(tmp_path)!r})\n"
                "import convcost, warnings; warnings.simplefilter('ignore')\n"
                f"for how in ('error', 'warn'):\n"
                f"    try: print(convcost.summary({str(path)!r}, on_unknown=how))\n"
                "    except convcost.ModelError as error: print(error)\n"
                "print('evil' in sys.modules, 'keras' in sys.modules, 'marshal.loads' in sys.modules)"
            )
            done = subprocess.run(
                [sys.executable, "-c", program], capture_output=True, text=True, check=True
            )
            assert done.stdout.splitlines()[-1] == "False False False"
            assert not canary.exists()


def test_the_canary_would_sing(tmp_path):
    canary = tmp_path / "canary"
    exec(marshal.loads(marshal.dumps(compile(f"open({str(canary)!r}, 'w')", "x", "exec"))))
    assert canary.exists()


def test_names_are_no_escape_sequences():
    wrong = functional(layer("Flatten", "\x1b]0;owned\x07", ["in"]))
    assert "\x1b" not in refused(wrong, "the name of a layer must be printable text")


def test_what_is_told_of_a_config_stays_short():
    error = refused(
        {"class_name": {"x": "y" * 10_000}, "config": {}}, "class_name must be printable text"
    )
    assert len(error) < 300


def test_a_config_may_be_the_inner_dict_of_either_kind():
    model = functional(layer("Dense", "d", ["in"], units=3))
    assert config.graph_of_config(model["config"]).kind == "Functional"
    assert config.graph_of_config({"layers": [layer("Dense", "d", units=3)]}).kind == "Sequential"


def operation(kind, name, inbound, *args, **own):
    made = {**layer(kind, name, [inbound], **own), "module": "keras.src.ops.numpy"}
    made["inbound_nodes"][0]["args"] += args
    return made


def test_what_would_fill_the_memory_or_take_for_ever_is_refused():
    axes = functional(operation("ExpandDims", "e", "in", axis=list(range(1, 100))))
    refused(axes, "'e' .*: its output has 101 axes, more than 64")
    long = functional(
        operation("Tile", "a", "in", repeats=[1, 10**1000]),
        operation("Tile", "b", "a", repeats=[1, 10**1000]),
    )
    refused(long, "'b' .*: a side of its output has more than 4,096 bits")
    # Each side is built from all the sides before it.
    layers, name = [], "in"
    for step in range(30):
        half = operation("GetItem", f"h{step}", name, [everything(), everything(2)])
        both = layer("Concatenate", f"c{step}", [name, f"h{step}"], axis=1)
        layers += [half, both]
        name = f"c{step}"
    grown = functional(*layers)
    grown["config"]["layers"][0]["config"]["batch_shape"] = [None, None]
    refused(grown, "a side of its output has more than 500 terms")


def everything(step=None):
    return {"class_name": "__slice__", "config": {"start": None, "stop": None, "step": step}}


def test_a_way_to_quantize_that_is_not_known_is_refused():
    policy = {"class_name": "QuantizedDTypePolicy", "config": {"mode": "int3"}}
    refused(functional(layer("Dense", "d", ["in"], units=3, dtype=policy)), "'d' of class Dense")


def test_a_model_inside_takes_what_it_takes():
    inner = functional(layer("Dense", "d", ["in"], units=3))["config"]
    two = {**layer("Functional", "m", ["in", "in"]), "config": inner}
    model = functional(two)
    model["config"]["output_layers"] = ["m", 1, 0]
    refused(model, "'m' .*: it takes 1 inputs; got 2")
