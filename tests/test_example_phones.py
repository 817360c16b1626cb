"""The example's model as LiteRT files: what is in them, and what they answer."""

import json
from collections import Counter

import numpy as np
import pytest

pytest.importorskip("keras")
pytest.importorskip("ai_edge_litert")

import keras
import train_fashion_mnist as program
from fashion_mnist import phones
from fashion_mnist.data import Dataset
from fashion_mnist.options import TRAINED
from fashion_mnist.run_folder import RunFolder

from convcost._verify.devices import DeviceError

# Coarse patterns, black and white, to which a trained model gives five different answers; an
# untrained one gives the same to all.
COARSE = np.random.default_rng(5).integers(0, 2, (60, 7, 7))
IMAGES = (2.8 * np.kron(COARSE, np.ones((1, 4, 4)))[..., None] - 0.8).astype("float32")


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    """A finished run that is exported later; its labels are the model's own answers."""
    folder = RunFolder.create(tmp_path_factory.mktemp("run") / "run", {}, overwrite=False)
    model = keras.models.load_model(TRAINED / "seed-1" / "best.keras")
    folder.keep_epoch({"epoch": 1, "val_loss": 0.5}, model.save)
    images = IMAGES, model.predict(IMAGES, verbose=0).argmax(-1)
    assert len(set(images[1])) > 4
    figures = program.export(Dataset(images, images, images, "noise", 0.0, 1.0), folder)
    assert json.dumps(figures)
    return folder, {one["precision"]: phones.Exported(**one) for one in figures}


def stored(path):
    """Return the bytes of the constant tensors of each type that a file's operations read."""
    from ai_edge_litert.interpreter import Interpreter

    run = Interpreter(model_path=str(path))
    run.allocate_tensors()
    operations = run._get_ops_details()
    made = {index for one in operations for index in one["outputs"]}
    read = {index for one in operations for index in one["inputs"]} - made
    read -= {one["index"] for one in run.get_input_details()}
    found = Counter()
    for one in run.get_tensor_details():
        # Scalars belong to SELU, and a vector of two to the flattening; depthwise steps, which have
        # no bias, get one of zeros.
        if one["index"] in read and np.prod(one["shape"]) > 2:
            values = run.get_tensor(one["index"])
            found[one["dtype"].__name__] += values.nbytes * bool(np.any(values))
    return found


def test_the_bytes_of_the_weights_are_those_in_the_files(exported):
    folder, found = exported
    assert stored(folder.path / found["float32"].file) == {"float32": 736_936}
    assert found["float32"].weight_bytes == 4 * 184_234 == 736_936
    in_int8 = stored(folder.path / found["int8"].file)
    biases = 32 + 32 + 64 + 64 + 128 + 128 + 128 + 10
    assert in_int8["int8"] == 184_234 - biases
    assert in_int8["int32"] >= 4 * biases
    assert found["int8"].weight_bytes == 184_234 - biases + 4 * biases


def test_the_files_answer_what_the_model_does(exported):
    folder, found = exported
    assert found["float32"].test_accuracy == 1
    assert found["int8"].test_accuracy > 0.8
    for one in found.values():
        assert one.file_bytes == (folder.path / one.file).stat().st_size > one.weight_bytes
        assert one.standard_file_bytes > one.standard_weight_bytes > 2 * one.weight_bytes
        assert 0 < one.seconds < 1


def test_selu_is_kerass():
    values = np.linspace(-20, 20, 401, dtype="float32")
    ours, theirs = (np.asarray(f(values)) for f in (phones.selu, keras.activations.selu))
    np.testing.assert_allclose(ours, theirs, atol=1e-6)
    assert abs(theirs).max() > 20


def test_int8_keeps_large_values(tmp_path):
    """The converter cuts off a part of what goes through Keras's SELU to another layer."""
    make = keras.layers.Conv2D
    model = keras.Sequential([keras.Input((28, 28, 1)), make(8, 3, activation="selu"), make(4, 3)])
    random = np.random.default_rng(1)
    for layer in model.layers:
        layer.kernel.assign(random.normal(0, 0.7, layer.kernel.shape))
    phones.convert(model, tmp_path / "two.tflite", "int8", IMAGES)
    run = phones.Interpreter(tmp_path / "two.tflite")
    run.classify(IMAGES[0])
    scale, zero = run._output["quantization"]
    found = (run._run.get_tensor(run._output["index"]).astype(float) - zero) * scale
    # In steps of int8: one of each of some operations, and of the input.
    assert abs(found - np.asarray(model(IMAGES[:1]))).max() < 8 * scale


def test_they_are_among_the_files_of_the_run(exported):
    folder, found = exported
    assert folder.written()[2:] == ["model-float32.tflite", "model-int8.tflite"]
    line = str(found["int8"])
    assert line.startswith("model-int8.tflite: test accuracy ")
    assert "(185,992 of them weights)" in line


def test_what_export_needs_is_said_before_the_training(monkeypatch):
    monkeypatch.setattr(phones.keras.backend, "backend", lambda: "jax")
    with pytest.raises(DeviceError, match="--export needs TensorFlow, but Keras runs on jax"):
        phones.require()
    monkeypatch.undo()
    monkeypatch.setattr(phones.importlib.util, "find_spec", lambda _: None)
    with pytest.raises(ImportError, match=r'ai-edge-litert: pip install "\.\[examples\]"'):
        phones.require()
