"""Weights of models under `TimeDistributed`: as many as the file stores, or refused by name."""

import keras
import pytest
from keras import layers as kl
from test_stored_weights import configured, rewritten, saved

import convcost


def inner():
    return keras.Sequential([keras.Input((4,)), kl.Dense(3, name="first"), kl.Dense(4)], name="in")


def model_of(*wrapped):
    entry = keras.Input((5, 4))
    made = [kl.TimeDistributed(one)(entry) for one in wrapped]
    return keras.Model(entry, kl.Add()(made) if len(made) > 1 else made[0])


def test_what_keras_writes_is_read(tmp_path):
    model = model_of(inner(), inner())
    for path in saved(model, tmp_path):
        assert convcost.from_keras(path).params == model.count_params()


def test_another_config_is_refused_by_the_name_of_the_layer(tmp_path):
    path = saved(model_of(inner()), tmp_path)[0]
    wrong = configured(path, lambda text: text.replace('"units": 3', '"units": 7'))
    name = r"'time_distributed\w*/first' \(Dense\) has 35 .* stores 15"
    with pytest.raises(convcost.ModelError, match=name):
        convcost.from_keras(wrong)


def test_a_file_without_the_weights_of_the_model_is_refused(tmp_path):
    def drop(file):
        (name,) = [one for one in file["layers"] if one.startswith("time_distributed")]
        del file["layers"][name]["layer"]
        file["layers"][name].require_group("vars").create_dataset("0", (9,))

    path = rewritten(saved(model_of(inner()), tmp_path)[0], drop)
    with pytest.raises(convcost.ModelError, match=r"has 31 parameters .* stores 9"):
        convcost.from_keras(path)


def test_a_shared_model_is_refused_where_the_file_does_not_say_so(tmp_path):
    shared = inner()
    keras_3, legacy = saved(model_of(shared, shared), tmp_path)
    with pytest.raises(convcost.ModelError, match=r"has 62 parameters .* stores 31"):
        convcost.from_keras(keras_3)
    assert convcost.from_keras(model_of(shared, shared)).params == shared.count_params()
    # An .h5 file has the weights at both places, as what Keras loads from it.
    loaded = keras.models.load_model(legacy)
    assert convcost.from_keras(legacy).params == loaded.count_params()
