"""Files of quantized and adapted layers, and `convcost verify` of models with them."""

import keras
import pytest
from keras import layers as kl
from test_quantized import quantize

import convcost
from convcost import verify


def model_of(mode, rank):
    entry = keras.Input((5, 16))
    inner, last = kl.Dense(12), kl.EinsumDense("abc,cd->abd", (None, 7))
    x = kl.TimeDistributed(kl.Dense(16))(inner(entry))
    model = keras.Model(entry, last(x))
    for layer in (inner, last):
        if mode:
            quantize(layer, mode)
        if rank:
            layer.enable_lora(rank)
    return model


@pytest.mark.usefixtures("jax_process")
@pytest.mark.parametrize("rank", [None, 3])
@pytest.mark.parametrize("mode", [None, "int8", "int4"])
def test_files_and_verification_of_stored_layers(mode, rank, tmp_path):
    model = model_of(mode, rank)
    for suffix in (".keras", ".h5"):
        path = tmp_path / f"model{suffix}"
        model.save(path)
        # In `.keras`, Keras adds the small kernels to the large one, but keeps the rank.
        assert convcost.from_keras(path).params == model.count_params()
    found = verify.check_model(model, convcost.from_keras(model))
    assert found.agrees
    assert "profiler: confirmed: macs" in str(found)


def test_adapted_steps_in_a_file(tmp_path):
    entry, inner = keras.Input((5, 9)), kl.Dense(7)
    model = keras.Model(entry, kl.TimeDistributed(inner)(entry))
    inner.enable_lora(2)
    model.save(tmp_path / "model.keras")
    assert convcost.from_keras(tmp_path / "model.keras").params == model.count_params()


@pytest.mark.usefixtures("jax_process")
def test_an_embedding_that_leads_back_is_confirmed():
    tokens, shared = keras.Input((12,), dtype="int32"), kl.ReversibleEmbedding(100, 16)
    x = kl.LayerNormalization()(shared(tokens))
    model = keras.Model(tokens, shared(x, reverse=True))
    for mode in (None, "int8"):
        if mode:
            quantize(shared, mode)
        assert verify.check_model(model, convcost.from_keras(model)).agrees


@pytest.mark.usefixtures("jax_process")
def test_a_config_that_says_nothing_of_layers_inside_is_not_compared():
    entry = keras.Input((10, 16))
    model = keras.Model(entry, kl.MultiHeadAttention(2, 8)(entry, entry))
    for one in model.layers[-1]._flatten_layers():
        if isinstance(one, kl.EinsumDense):
            one.enable_lora(2)
    found = verify.check_model(model, convcost.from_keras(model), oracles=["jaxpr"])
    assert "which says nothing of how layers in it store their weights" in str(found)


def test_a_lookup_of_constants_costs_nothing_in_any_batch():
    class Positions(kl.Layer):
        def __init__(self):
            super().__init__()
            self.table = kl.Embedding(6, 8)

        def call(self, x):
            return x + self.table(keras.ops.arange(6))

    entry = keras.Input(batch_shape=(4, 6, 8))
    model = keras.Model(entry, Positions()(entry))
    network = convcost.from_keras(model)
    assert (network.params, network.macs) == (model.count_params(), 0)


def test_what_check_model_takes():
    entry = keras.Input((9,))
    model = keras.Model(entry, kl.Dense(4)(entry))
    network = convcost.from_keras(model)
    with pytest.raises(TypeError, match=r"network must be what convcost\.from_keras returns"):
        verify.check_model(model, convcost.summary(model))
    with pytest.raises(TypeError, match=r"oracles must be a list of names, \['jaxpr'\]"):
        verify.check_model(model, network, oracles="jaxpr")
