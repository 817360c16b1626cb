"""Whole models checked against Keras and the TF profiler, by `convcost._verify.whole_models`."""

import keras
import pytest
from keras_models import operations

import convcost
from convcost._verify import whole_models
from convcost._verify.whole_models import check_model


def test_profiles_that_cannot_be_made(monkeypatch):
    network = convcost.from_keras(operations())

    def fail(error):
        def raise_it(*_):
            raise error

        return raise_it

    monkeypatch.setattr(whole_models, "profiled_macs", fail(ImportError()))
    assert "profiler: not visible: it needs TensorFlow" in str(check_model(operations(), network))
    monkeypatch.setattr(whole_models, "profiled_macs", fail(ValueError("no groups")))
    report = check_model(operations(), network)
    assert "can't trace it: no groups" in str(report)
    assert report.agrees
    assert report.as_dict()["findings"][0]["layer"] == "conv"
    monkeypatch.undo()
    monkeypatch.setattr(keras.backend, "backend", lambda: "jax")
    with pytest.raises(ImportError, match="only sees models on the TensorFlow backend"):
        whole_models.profiled_macs(operations(), ((8, 8, 4),))


def test_a_layer_whose_input_is_not_known_has_no_shape_to_check():
    layers = [keras.layers.LSTM(4, return_sequences=True, name=name) for name in "ab"]
    model = keras.Sequential([keras.Input((10, 8)), *layers])
    with pytest.warns(UserWarning, match="2 layers are left out"):
        network = convcost.from_keras(model, (20, 8), on_unknown="warn")
    findings = dict(check_model(model, network).findings)
    assert [quantity.name for quantity in findings["b"].quantities] == ["params"]


def test_the_totals_are_those_of_a_report():
    network = convcost.from_keras(operations())
    data = check_model(operations(), network).as_dict()
    assert data["total"] == convcost.summary(network).as_dict()["total"]
