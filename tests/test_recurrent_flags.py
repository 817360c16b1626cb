"""Which weights of layers that hold layers are trainable: as Keras says, live and from files."""

import itertools
import json

import keras
import numpy as np
import pytest
from keras import layers as kl

import convcost

KINDS = {
    "both": lambda kl: kl.Bidirectional(kl.LSTM(2)),
    "cell": lambda kl: kl.RNN(kl.GRUCell(2)),
    "cells": lambda kl: kl.RNN([kl.GRUCell(2), kl.LSTMCell(3)]),
    "both of a cell": lambda kl: kl.Bidirectional(kl.RNN(kl.GRUCell(2))),
    "layer": lambda kl: kl.LSTM(2),
    "projected": lambda kl: kl.MultiHeadAttention(1, 2),
}


def held(layer):
    """Yield a layer, and those that it holds."""
    yield layer
    for name in ("forward_layer", "backward_layer", "cell"):
        if name in vars(layer):
            yield from held(getattr(layer, name))
    for cell in vars(layer).get("cells", ()):
        yield from held(cell)


def drawn(library, make):
    """Yield models with a layer of each combination of flags, four of them at most."""
    number = min(4, sum(1 for _ in held(make(library.layers))))
    for flags in itertools.product([True, False], repeat=number):
        entry = library.Input((4, 3))
        layer = make(library.layers)
        made = layer(entry, entry) if "num_heads" in layer.get_config() else layer(entry)
        for one, flag in zip(held(layer), flags, strict=False):
            one.trainable = flag
        yield library.Model(entry, made)


def trainable(model):
    return sum(int(np.prod(tuple(one.shape))) for one in model.trainable_weights)


def from_config(library, model, refused):
    """Check what is read from a model's JSON against the model that Keras reads from it."""
    try:
        net = convcost.from_keras(json.loads(model.to_json()))
    except convcost.ModelError as error:
        refused.append(str(error))
        return
    assert net.trainable_params == trainable(library.models.model_from_json(model.to_json()))


@pytest.mark.parametrize("kind", KINDS)
def test_flags_are_those_of_keras(kind):
    refused = []
    for model in drawn(keras, KINDS[kind]):
        assert convcost.from_keras(model).trainable_params == trainable(model)
        from_config(keras, model, refused)
    assert len(refused) <= 8
    assert all("some of the layers in it are trainable" in one for one in refused)


@pytest.mark.parametrize("kind", KINDS)
def test_flags_are_those_of_keras_2(kind):
    library = pytest.importorskip("tf_keras")
    refused = []
    for model in drawn(library, KINDS[kind]):
        from_config(library, model, refused)
    assert len(refused) <= 4
    assert all("some of the layers in it are trainable" in one for one in refused)


def test_a_layer_that_is_shared_is_frozen_once():
    cell = kl.LSTMCell(2)
    entry = keras.Input((4, 3))
    outputs = [kl.RNN(cell)(entry), kl.RNN(cell)(entry)]
    model = keras.Model(entry, outputs)
    cell.trainable = False
    net = convcost.from_keras(model)
    assert (net.params, net.trainable_params) == (model.count_params(), 0)
