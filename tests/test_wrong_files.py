# ruff: noqa: E501  (tables with one case per line)
"""Files that are not Keras models, and configs inside of something else: one sentence each."""

import gzip
import io
import json
import os
import pickle
import zipfile

import keras
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import convcost

MODEL = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3)]).to_json()


def archive(*names):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as made:
        for name in names:
            made.writestr(name, "content")
    return stream.getvalue()


def arrays(save, *given):
    stream = io.BytesIO()
    save(stream, *given)
    return stream.getvalue()


FILES = {
    "empty.keras": (b"", "is an empty file"),
    "m.keras": (b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 12345\n", "is a Git LFS pointer, not the model itself: run git lfs pull"),
    "m.h5": (b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 12345\n", "is a Git LFS pointer"),
    "m.tflite": (b"\x1c\0\0\0TFL3\x14\0\x20\0", "is a TensorFlow Lite model"),
    "lite": (b"\x1c\0\0\0TFL3\x14\0\x20\0", "is a TensorFlow Lite model"),
    "m.onnx": (b"\x08\x07\x12\x07pytorch\x1a\x032.1", "is an ONNX model"),
    "onnx": (b"\x08\x08\x12\x07pytorch", "is an ONNX model"),
    "other.onnx": (b"\x3a\x05graph", "is an ONNX model"),
    "m.pt": (archive("archive/data.pkl", "archive/data/0"), "is a PyTorch file"),
    "torch.zip": (archive("m/code/m.py", "m/data.pkl"), "is a PyTorch file"),
    "m.pth": (b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19.", "is a PyTorch file"),
    "state.pth": (pickle.dumps({"weight": [1.0]}), "is a PyTorch file"),
    "m.pb": (b"\n\x13\n\x01x\x12\x0bPlaceholder", "is a TensorFlow graph, which holds no Keras layers"),
    "saved_model.pb": (b"\x08\x01\x12\xb5\x03", "is part of a SavedModel: a TensorFlow graph"),
    "m.pkl": (pickle.dumps({"a": 1}), "is a pickle: convcost runs no code"),
    "history": (pickle.dumps([1, 2], protocol=4), "is a pickle"),
    "text.pickle": (pickle.dumps([1, 2], protocol=0), "is a pickle"),
    "m.yaml": (b"backend: tensorflow\nclass_name: Sequential\n", "is YAML, which Keras no longer writes"),
    "yaml.json": (b"# saved\n---\nclass_name: Functional\n", "is YAML"),
    "tags.yml": (b"!!python/tuple [1]\n", "is YAML"),
    "page.h5": (b"\n<!DOCTYPE html>\n<html>", "is an HTML page, not a model"),
    "page.keras": (b"\xef\xbb\xbf<HTML lang='en'>", "is an HTML page"),
    "wide.html": ("<html>".encode("utf-16"), "is an HTML page"),
    "m.xml": (b"<?xml version='1.0'?><net>", "is XML"),
    "m.safetensors": ((40).to_bytes(8, "little") + b'{"a": {"dtype": "F32"}}', "is a safetensors file, which holds weights"),
    "w.npy": (arrays(np.save, np.ones(3)), "is a file of NumPy arrays, which holds weights"),
    "w.npz": (arrays(np.savez, np.ones(3)), "is a file of NumPy arrays"),
    "checkpoint": (b'model_checkpoint_path: "ckpt-1"\n', "is part of a TensorFlow checkpoint"),
    "ckpt-1.index": (b"\0\0\0\x1e", "is part of a TensorFlow checkpoint"),
    "m.json.gz": (gzip.compress(b"{}"), "is compressed with gzip: unpack it"),
    "m.tar": (b"m.keras".ljust(257, b"\0") + b"ustar\x0000", "is a tar archive: unpack it"),
    "saved.zip": (archive("m/saved_model.pb", "m/variables"), "is a zip archive of a SavedModel"),
    "m.zip": (archive("notes.txt", "m.h5"), "is a zip archive with 'm.h5' in it: unpack it"),
    "half.keras": (archive("metadata.json", "model.weights.h5"), "it has no config.json"),
    "notes.txt": (b"My model has 10 layers", "the config is not valid JSON"),
    "graph.json": (b'{"format": "graph-model", "modelTopology": {"node": []}}', "it is a graph model of TensorFlow.js"),
    "node.json": (b'{"modelTopology": {"node": [{"name": "x"}], "library": {}}}', "it is a graph model of TensorFlow.js"),
    "tfjs.json": (b'{"modelTopology": null, "weightsManifest": []}', "holds weights but no model"),
    "manifest.json": (b'[{"paths": ["group1"], "weights": []}]', "it is a weights manifest of TensorFlow.js"),
    "m.ipynb": (b'{"cells": [], "nbformat": 4}', "it is a Jupyter notebook"),
    "metadata.json": (b'{"keras_version": "3.0.0", "date_saved": "2024"}', "it holds the version of Keras, but no model"),
    "labels.json": (b'{"0": "cat", "1": "dog"}', "it has neither 'class_name' nor 'layers', but '0', '1'"),
    "list.json": (b"[1, 2]", "the config must be a dict; got [1, 2]"),
    "text.json": (b'"no json"', "the config is the text 'no json', which is not valid JSON"),
    "number.json": (b"3", "the config must be a dict; got 3"),
    "deep.json": (json.dumps("[" * 5000).encode(), "which is not valid JSON"),
}  # fmt: skip


@pytest.mark.parametrize("name", FILES)
def test_a_wrong_file_is_told_what_it_is_in_one_line(tmp_path, name):
    content, message = FILES[name]
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(convcost.ModelError) as error:
        convcost.from_keras(path)
    assert message in str(error.value)
    assert str(error.value).startswith(str(path))
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("name", ["empty.keras", "m.keras", "m.onnx", "graph.json", "m.pt"])
def test_the_command_line_says_so_with_exit_code_2(tmp_path, name, run):
    content, message = FILES[name]
    path = tmp_path / name
    path.write_bytes(content)
    code, _, error = run("summary", path)
    assert code == 2
    assert message in error
    assert error.count("\n") == 1
    assert name in error
    assert "Traceback" not in error


@pytest.mark.parametrize(
    ("inside", "message"),
    [
        ("saved_model.pb", "is a folder (a SavedModel, which holds no Keras config): give a .keras,"),
        ("config.json", "is a folder (an unpacked .keras file, whose config.json can be read): give"),
        ("model.json", "is a folder (a TensorFlow.js model, whose model.json can be read): give"),
        ("checkpoint", "is a folder (a TensorFlow checkpoint, which holds no Keras config): give"),
        ("other", "is a folder: give a .keras, .h5 or .json file"),
    ],
)  # fmt: skip
def test_a_folder_is_told_what_it_is(tmp_path, inside, message):
    (tmp_path / inside).touch()
    with pytest.raises(convcost.ModelError) as error:
        convcost.from_keras(tmp_path)
    assert f"{tmp_path} {message}" in str(error.value)


def test_what_tensorflow_writes_is_known(tmp_path):
    tf = pytest.importorskip("tensorflow")
    module = tf.Module()
    module.double = tf.function(lambda x: 2 * x, input_signature=[tf.TensorSpec([3])])
    tf.saved_model.save(module, str(tmp_path / "saved"))
    for path in (tmp_path / "saved", tmp_path / "saved" / "saved_model.pb"):
        with pytest.raises(convcost.ModelError, match="a SavedModel"):
            convcost.from_keras(path)
    tf.train.Checkpoint(v=tf.Variable(1.0)).save(str(tmp_path / "ckpt"))
    for name in ("checkpoint", "ckpt-1.index"):
        with pytest.raises(convcost.ModelError, match="is part of a TensorFlow checkpoint"):
            convcost.from_keras(tmp_path / name)


STARTS = [
    b"",
    b"PK\x03\x04",
    b"\x89HDF\r\n\x1a\n",
    b"\xff\xfe",
    b"\x80\x04",
    b"\x08\x07",
    b'"{',
    b"---\n",
    b"{",
]


@given(
    st.sampled_from(STARTS), st.binary(max_size=300), st.sampled_from([".keras", ".pb", ".pt", ""])
)
def test_any_bytes_end_in_one_line(tmp_path_factory, start, rest, suffix):
    path = tmp_path_factory.mktemp("bytes") / f"model{suffix}"
    path.write_bytes(start + rest)
    with pytest.raises(convcost.ModelError) as error:
        convcost.from_keras(path)
    assert str(error.value).startswith(str(path))
    assert len(str(error.value).splitlines()) == 1


@pytest.mark.parametrize("suffix", [".pb", ".pt", ".onnx", ".yaml", ".tflite", ".txt", ""])
@pytest.mark.parametrize("code", ["utf-8", "utf-8-sig", "utf-16"])
def test_the_content_of_a_file_counts_more_than_its_name(tmp_path, suffix, code):
    path = tmp_path / f"model{suffix}"
    path.write_text(MODEL, encoding=code)
    assert convcost.from_keras(path).params == 15


def test_weights_alone(tmp_path):
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3)])
    model.save_weights(tmp_path / "m.weights.h5")
    with pytest.raises(convcost.ModelError, match="holds weights but no model configuration; give"):
        convcost.from_keras(tmp_path / "m.weights.h5")


def test_a_layer_that_is_wrong_is_named_with_its_file(tmp_path):
    path = tmp_path / "m.json"
    path.write_text(MODEL.replace('"units": 3', '"units": -3'))
    with pytest.raises(convcost.ModelError, match=r"m\.json: layer 'dense.*units must be"):
        convcost.from_keras(path)
    path.write_text(
        MODEL.replace('"registered_name": null', '"registered_name": "shop>Sequential"')
    )
    with pytest.raises(convcost.ModelError, match=r"m\.json: the model is of class Sequential"):
        convcost.from_keras(path)


# ---- a config inside of something else -------------------------------------------------------------


WRAPPINGS = {
    "model_config": lambda config: {"keras_version": "2.4.0", "backend": "x", "model_config": config},
    "topology": lambda config: {"format": "layers-model", "modelTopology": config, "weightsManifest": []},
    "text": json.dumps,
}  # fmt: skip


@given(st.lists(st.sampled_from(sorted(WRAPPINGS)), max_size=6), st.booleans(), st.booleans())
def test_a_config_is_found_inside_of_what_is_around_it(names, inner, text):
    config = json.loads(MODEL)
    if inner:
        config["config"] = json.dumps(config["config"])
    for name in names:
        config = WRAPPINGS[name](config)
    source = json.dumps(config) if text or not isinstance(config, dict) else config
    if not str(source).startswith(("{", '"{')):
        source = json.loads(source)  # more than twice JSON in JSON comes from a file alone
        source = {"model_config": source}
    assert convcost.from_keras(source).params == 15


def test_a_config_may_hold_its_layers_as_text():
    config = json.loads(MODEL)
    config["config"] = json.dumps(config["config"])
    assert convcost.from_keras(config).params == 15
    config["config"] = "{"
    with pytest.raises(
        convcost.ModelError, match=r"the config is the text '\{', which is not valid"
    ):
        convcost.from_keras(config)


def test_json_in_json_of_a_file(tmp_path):
    path = tmp_path / "m.json"
    for times in range(5):
        text = MODEL
        for _ in range(times):
            text = json.dumps(text)
        path.write_text(text)
        assert convcost.from_keras(path).params == 15
    for _ in range(7):
        text = json.dumps(text)
    path.write_text(text)
    with pytest.raises(convcost.ModelError, match=r"m\.json: the config must be a dict; got"):
        convcost.from_keras(path)


def test_a_functional_model_as_tensorflow_js_itself_writes_it():
    tensors = {"in": [], "conv": [[["in", 0, 0, {}]]], "flat": [[["conv", 0, 0, {}]]]}
    configs = {
        "in": ("InputLayer", {"batch_input_shape": [None, 8, 8, 3], "dtype": "float32"}),
        "conv": (
            "Conv2D",
            {"filters": 4, "kernel_size": [3, 3], "use_bias": True, "padding": "valid"},
        ),
        "flat": ("Flatten", {}),
    }
    layers = [
        {
            "class_name": kind,
            "name": name,
            "config": {"name": name, **own},
            "inbound_nodes": tensors[name],
        }
        for name, (kind, own) in configs.items()
    ]
    inner = {
        "name": "m",
        "layers": layers,
        "input_layers": [["in", 0, 0]],
        "output_layers": [["flat", 0, 0]],
    }
    topology = {
        "class_name": "Model",
        "config": inner,
        "keras_version": "tfjs-layers 4.22.0",
        "backend": "tensor_flow.js",
    }
    network = convcost.from_keras(
        {
            "modelTopology": topology,
            "format": "layers-model",
            "generatedBy": "TensorFlow.js tfjs-layers v4.22.0",
        }
    )
    entry = keras.Input((8, 8, 3))
    model = keras.Model(entry, keras.layers.Flatten()(keras.layers.Conv2D(4, 3)(entry)))
    assert network.params == model.count_params()
    assert network.output_shapes == (model.output_shape[1:],)


def test_what_is_no_file_is_named(tmp_path, monkeypatch, run):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    loop = tmp_path / "loop"
    loop.symlink_to(loop)
    for source, message in [
        (pipe, "pipe is a pipe, which can be read only once: give a .keras, .h5 or .json file"),
        ("/dev/zero", "/dev/zero is not a file: give a .keras, .h5 or .json file"),
        ("https://example.org/m.keras", "is a URL: download the file, and give its path"),
        ("s3://bucket/m.h5", "is a URL: download the file, and give its path"),
        (loop, "is a loop of symbolic links"),
        ("m\0.h5", r"source must be .*; got 'm\\x00.h5'"),
        ("y" * 300 + ".h5", "source must be"),
        ("y/" * 3000, "source must be"),
        ("~nobody-has-this-name/m.h5", "there is no file '~nobody-has-this-name/m.h5'"),
    ]:
        with pytest.raises((ValueError, OSError), match=message) as error:
            convcost.from_keras(source)
        assert str(error.value).isprintable()
        code, out, err = run("summary", source)
        assert (code, out) == (2, "")
        assert err.startswith("Error: ")
        assert err.count("\n") == 1
    (tmp_path / "m.json").write_text(MODEL)
    monkeypatch.setenv("HOME", str(tmp_path))
    assert convcost.from_keras("~/m.json").params == 15
