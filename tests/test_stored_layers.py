"""Corners of quantized and adapted layers: short names, other directions, policies by path."""

import keras
import pytest
from both_forms import size
from keras import layers as kl

import convcost
from convcost._models.keras import live
from convcost.layers import Dense, LoRA, Quantized, ReversibleEmbedding, TimeDistributed


def test_int4_is_in_blocks_of_128_as_in_keras():
    assert Quantized(Dense(4), "int4") == Quantized(Dense(4), "int4/128")
    assert repr(Quantized(Dense(4), "int4")) == "Quantized(Dense(4), 'int4/128')"


def test_an_embedding_of_its_own_back_has_scales_of_its_own():
    layer = Quantized(ReversibleEmbedding(7, 5, tie_weights=False), "int4/2")
    back = [weight for weight in layer.weights((3,)) if weight.name.startswith("reverse")]
    assert [weight.shape for weight in back] == [(3, 7), (3, 7), (3, 7)]
    whole = Quantized(ReversibleEmbedding(7, 5, tie_weights=False), "int8").weights((3,))
    assert [one.shape for one in whole if one.name.startswith("reverse")] == [(5, 7), (7,)]


def test_what_leads_back_uses_no_small_kernels_once_it_is_quantized():
    reverse = ReversibleEmbedding(7, 5, reverse=True)
    assert LoRA(Quantized(reverse, "int8"), 2).cost((3, 5)).macs == 3 * 5 * 7
    assert LoRA(reverse, 2).cost((3, 5)).macs == 3 * 5 * 7 + 7 * 2 * 5


def test_one_step_multiplies_the_small_kernels_once():
    adapted = LoRA(Dense(7), 2)
    assert TimeDistributed(adapted).cost((1, 9)).macs == adapted.cost((9,)).macs


def test_a_policy_by_path_is_that_of_the_layer():
    policies = keras.dtype_policies.DTypePolicyMap()
    policies["d"] = keras.dtype_policies.get("int8_from_float32")
    entry = keras.Input((9,))
    model = keras.Model(entry, kl.Dense(4, name="d", dtype=policies)(entry))
    network = convcost.from_keras(model)
    assert network["d"].layer == Quantized(Dense(4), "int8")
    assert network.params == model.count_params() == size(model.weights)


def test_what_keras_can_not_compute_is_refused():
    entry, layer = keras.Input((9,)), kl.Dense(4)
    model = keras.Model(entry, layer(entry))
    layer.quantize("float8")
    layer.enable_lora(2)
    with pytest.raises(convcost.UnknownLayerError, match="quantized to 'float8'"):
        convcost.from_keras(model)


def test_a_class_of_keras_that_is_not_known_is_refused_by_name(monkeypatch):
    monkeypatch.setattr(live, "class_of", lambda kind: None)
    entry = keras.Input((9,))
    with pytest.raises(convcost.UnknownLayerError, match="of class Dense has no known cost"):
        convcost.from_keras(keras.Model(entry, kl.Dense(4)(entry)))
