"""Which weights in a frozen or unfrozen `TimeDistributed` are trainable, in Keras 2 and 3."""

from itertools import product

import keras
import pytest
import tf_keras
from test_tf_keras_files import assert_as_tf_keras, size, written

import convcost
from convcost._models.keras.versions import is_of_keras_2

FLAGS = list(product([False, True], repeat=2))


def dense(library):
    return library.layers.Dense(4)


def chain(library):
    return library.Sequential([library.Input((4,)), dense(library), dense(library)])


def nested(library):
    entry = library.Input((4,))
    return library.Model(entry, dense(library)(chain(library)(entry)))


def models(library, inner, outer, within):
    """Return a Functional and a Sequential model around a wrapper."""
    wrapper = library.layers.TimeDistributed(inner(library))
    entry = library.Input((3, 4))
    functional = library.Model(entry, wrapper(entry))
    wrapper.trainable = outer
    wrapper.layer.trainable = within
    return functional, library.Sequential([library.Input((3, 4)), wrapper])


@pytest.mark.parametrize(("outer", "within"), FLAGS)
@pytest.mark.parametrize("inner", [dense, chain, nested])
def test_files_of_keras_2(inner, outer, within, tmp_path):
    for model in models(tf_keras, inner, outer, within):
        for path in written(model, tmp_path):
            assert_as_tf_keras(model, path)


@pytest.mark.parametrize(("outer", "within"), FLAGS)
@pytest.mark.parametrize("inner", [dense, chain, nested])
def test_keras_3(inner, outer, within):
    for model in models(keras, inner, outer, within):
        loaded = keras.models.model_from_json(model.to_json())
        for source in (model.to_json(), loaded):
            assert convcost.from_keras(source).trainable_params == size(loaded.trainable_weights)


@pytest.mark.parametrize("library", [keras, tf_keras])
def test_the_version_that_wrote_a_config(library):
    for model in models(library, dense, True, True):
        assert is_of_keras_2(model.get_config()) == (library is tf_keras)
    assert not is_of_keras_2({"layers": [{"inbound_nodes": [{}]}, {"inbound_nodes": []}]})
