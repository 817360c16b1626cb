"""Embeddings that lead back to their inputs: their weights in both directions, tied or not."""

import keras
import pytest
from both_forms import hold_to_jax
from keras import layers as kl

from convcost import layers
from convcost.symbols import symbol


@pytest.mark.parametrize("tie_weights", [True, False])
@pytest.mark.parametrize("order", ["there and back", "back alone", "there alone"])
def test_a_language_model(tie_weights, order):
    embedding = kl.ReversibleEmbedding(20, 6, tie_weights=tie_weights)
    if order == "back alone":
        entry = made = keras.Input((5, 6))
    else:
        entry = keras.Input((5,), dtype="int32")
        made = embedding(entry)
    if order != "there alone":
        made = embedding(kl.Dense(6)(made), reverse=True)
    net = hold_to_jax(keras.Model(entry, made))
    assert sum(row.params for row in net if row.kind == "ReversibleEmbedding") == (
        20 * 6 * (1 if tie_weights else 2)
    )


@pytest.mark.parametrize("reverse", [True, False])
def test_alone(reverse):
    shape = (5, 6) if reverse else (5,)
    tied = layers.ReversibleEmbedding(20, 6, reverse=reverse)
    free = layers.ReversibleEmbedding(20, 6, False, reverse=reverse)
    assert free.cost(shape).params == 2 * tied.cost(shape).params == 2 * 20 * 6
    assert free.cost(shape).macs == tied.cost(shape).macs == (5 * 20 * 6 if reverse else 0)
    assert [one.name for one in free.weights(shape)] == ["embeddings", "reverse_embeddings"]
    assert free.traffic(shape).intermediate == 0
    assert tied.called({"reverse": reverse}) is tied
    assert tied.called({"reverse": not reverse}).reverse is not reverse
    assert tied.called({}) is tied


def test_symbols():
    n, t = symbol("n"), symbol("t")
    assert layers.ReversibleEmbedding(n, 6, reverse=True).cost((t, 6)).macs == 6 * n * t


@pytest.mark.parametrize("shape", [(5, 7), ()])
def test_vectors_of_another_length(shape):
    with pytest.raises(ValueError, match=r"input_shape must be (vectors of length 6|\(\.\.\.\))"):
        layers.ReversibleEmbedding(20, 6, reverse=True).cost(shape)
