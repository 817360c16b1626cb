"""Attention over arrays, in training and in old files; its memory traffic, and messages."""

import re

import jax
import jax.numpy as jnp
import keras
import numpy as np
import pytest
import tf_keras
from keras import layers as kl
from test_tf_keras_files import assert_as_tf_keras, written

import convcost
from convcost import layers
from convcost._verify.oracles.jaxpr import walk

K = tf_keras.layers


def test_files_of_keras_2(tmp_path):
    query, value = tf_keras.Input((5, 6)), tf_keras.Input((7, 6))
    key, valid = tf_keras.Input((7, 6)), tf_keras.Input((5, 7), dtype="bool")
    outputs = [
        K.MultiHeadAttention(2, 3)(query, value),
        K.MultiHeadAttention(2, 3, value_dim=4, output_shape=5)(query, key=key, value=value),
        K.MultiHeadAttention(2, 3)(query=query, value=query, attention_mask=None),
        K.MultiHeadAttention(2, 3)(query, value, attention_mask=valid),
        K.Attention()([query, value]),
        K.Attention(use_scale=True)([query, value, key]),
        K.AdditiveAttention()([query, value]),
        K.EinsumDense("abc,cd->abd", (None, 4), bias_axes="d")(query),
    ]
    model = tf_keras.Model([query, value, key, valid], outputs)
    for path in written(model, tmp_path):
        net = assert_as_tf_keras(model, path)
        found = [row.input_shapes for row in net if row.kind == "MultiHeadAttention"]
        assert sorted(found) == [
            ((5, 6), (5, 6)),
            ((5, 6), (7, 6)),
            ((5, 6), (7, 6)),
            ((5, 6), (7, 6), (7, 6)),
        ]


def test_the_exported_name_of_group_query_attention():
    config = {"name": "made", "head_dim": 2, "num_query_heads": 4, "num_key_value_heads": 2}
    expected = layers.GroupQueryAttention(2, 4, 2)
    for kind in ("GroupedQueryAttention", "GroupQueryAttention"):
        layer = {"module": "keras.layers", "class_name": kind, "config": config}
        net = convcost.from_keras({"name": "one", "layers": [layer]}, (5, 8))
        assert net.rows[-1].layer == expected
        assert net.macs == expected.cost([(5, 8)]).macs


def test_arrays_of_arguments():
    heads, sizes = np.array([[1], [3]]), np.array([2, 5])
    found = layers.MultiHeadAttention(heads, sizes, output_shape=(4, 2)).cost([(6, 8), (7, 8)])
    for name in ("params", "macs", "bias_adds"):
        one_by_one = [
            [
                getattr(
                    layers.MultiHeadAttention(n, k, output_shape=(4, 2)).cost([(6, 8), (7, 8)]),
                    name,
                )
                for k in (2, 5)
            ]
            for n in (1, 3)
        ]
        assert np.broadcast_to(getattr(found, name), (2, 2)).tolist() == one_by_one
    windows = layers.MultiHeadAttention(2, 3, sliding_window=np.array([1, 2, 9]))
    assert windows.cost([(6, 8)], effective=True).macs.tolist() == [
        layers.MultiHeadAttention(2, 3, sliding_window=window).cost([(6, 8)], effective=True).macs
        for window in (1, 2, 9)
    ]
    large = layers.MultiHeadAttention(np.array([2**40, 1]), np.array([2**40, 1]))
    with pytest.raises(OverflowError, match=r"more than the .* that int64 holds"):
        large.cost([(2, 8)])


def test_gradients_are_those_of_jax():
    """Gradients with respect to weights and inputs, or in a first layer the weights alone."""
    t, s, d, h, k, v, o = 5, 7, 6, 2, 3, 4, 8
    sides = dict(zip("tsdhkvo", (t, s, d, h, k, v, o), strict=True))

    def shaped(*letters):
        return [jax.ShapeDtypeStruct([sides[one] for one in term], "float32") for term in letters]

    weights, inputs = shaped("dhk", "dhk", "dhv", "hvo"), shaped("td", "sd", "sd")

    def total(weights, inputs):
        query, key, value = (
            jnp.einsum("td,dhk->thk", x, w) for x, w in zip(inputs, weights[:3], strict=True)
        )
        scores = jax.nn.softmax(jnp.einsum("thk,shk->hts", query, key))
        context = jnp.einsum("hts,shv->thv", scores, value)
        return jnp.einsum("thv,hvo->to", context, weights[3]).sum()

    layer = layers.MultiHeadAttention(h, k, v, output_shape=o)
    shapes = [(t, d), (s, d)]
    for which, first in (((0, 1), False), ((0,), True)):
        jaxpr = jax.make_jaxpr(jax.value_and_grad(total, which))(weights, inputs)
        assert walk(jaxpr.jaxpr).total() == layer.training(shapes, first=first).total.macs


def test_without_weights_a_first_layer_has_no_gradient_of_inputs():
    training = layers.Attention().training([(5, 4)], first=True)
    assert training.input_gradient.macs == 0
    assert layers.Attention(use_scale=True).training([(5, 4)]).input_gradient.macs == 200
    both = layers.AdditiveAttention().training([(5, 4)])
    assert both.weight_gradient.params == 0
    assert both.forward.params == 4


def test_traffic():
    layer = layers.MultiHeadAttention(2, 3, 4, return_attention_scores=True)
    traffic = layer.traffic([(5, 6), (7, 6)])
    assert traffic.input == 5 * 6 + 7 * 6
    # Written, and read again: what is projected, and the outputs of the heads.
    assert traffic.intermediate == 2 * (5 * 2 * 3 + 7 * 2 * 3 + 7 * 2 * 4 + 5 * 2 * 4)
    assert traffic.output == 5 * 6 + 2 * 5 * 7
    assert traffic.weights == layer.cost([(5, 6), (7, 6)]).params
    assert layers.Attention().traffic([(5, 6), (7, 6)]).intermediate == 0
    assert layer.intensity([(5, 6)]) > 0


MHA = layers.MultiHeadAttention(2, 3)
GQA = layers.GroupQueryAttention(4, 4, 2)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: layers.MultiHeadAttention(0, 3), ValueError, "num_heads must be a positive int"),
        (lambda: layers.MultiHeadAttention(2, 3.5), TypeError, "key_dim must be a positive intege"),
        (
            lambda: layers.MultiHeadAttention(2, 3, output_shape=(2, "x")),
            TypeError,
            "output_shape must be a positive integer",
        ),
        (
            lambda: layers.MultiHeadAttention(2, 3, sliding_window=0),
            ValueError,
            "sliding_window must be a positive integer",
        ),
        (
            lambda: layers.MultiHeadAttention(2, 3, attention_axes="x"),
            TypeError,
            "attention_axes must be an integer",
        ),
        (lambda: layers.MultiHeadAttention(2, 3, use_gate=1), TypeError, "use_gate must be True"),
        (
            lambda: layers.MultiHeadAttention(2, 3, attention_axes=(1, -2)).cost([(5, 4)]),
            ValueError,
            "attention_axes must be different axes from 1 to 2, or from -2 to -1; got (1, -2)",
        ),
        (
            lambda: layers.MultiHeadAttention(2, 3, attention_axes=0).cost([(5, 4)]),
            ValueError,
            "attention_axes must be different axes from 1 to 2, or from -2 to -1; got (0,)",
        ),
        (
            lambda: layers.MultiHeadAttention(2, 3, attention_axes=1).cost([(5, 2, 4), (6, 3, 4)]),
            ValueError,
            "queries and keys must have equal sides but in attention_axes; got shapes (5, 2, 4)",
        ),
        (
            lambda: layers.MultiHeadAttention(2, 3, use_causal_mask=True).cost([(5, 2, 4)]),
            ValueError,
            "a mask over several axes, or another one than axis 1, is not known",
        ),
        (lambda: MHA.cost((5, 4)), ValueError, "for MultiHeadAttention, such as [(5, 4)]; got"),
        (
            lambda: MHA.cost([(5, 4)] * 4),
            ValueError,
            "input_shape must be the shapes of query, value and key; got [(5, 4), (5, 4)",
        ),
        (
            lambda: MHA.cost([(5,)]),
            ValueError,
            "input_shape must be shapes (..., features) of query, value and key, for MultiHeadAtte",
        ),
        (
            lambda: MHA.cost([(5, 4), (5, 4, 3)]),
            ValueError,
            "input_shape must be shapes (..., features) of query, value and key, for MultiHeadAtte",
        ),
        (
            lambda: MHA.cost([(5, 4), (6, 4), (7, 4)]),
            ValueError,
            "value and key must be equally long; got shapes (6, 4) and (7, 4)",
        ),
        (
            lambda: MHA.cost([(np.array([5, 6]), 4)]),
            TypeError,
            "MultiHeadAttention takes shapes of integers or symbols, not of arrays",
        ),
        (
            lambda: layers.GroupQueryAttention(4, 3, 2),
            ValueError,
            "num_key_value_heads must divide num_query_heads; got num_key_value_heads=2 and num_qu",
        ),
        (
            lambda: GQA.cost([(2, 5, 4)]),
            ValueError,
            "input_shape must be shapes (steps, features) of query, value and key, for GroupQuery",
        ),
        (
            lambda: layers.Attention(score_mode="dto"),
            ValueError,
            "score_mode must be 'dot' or 'concat'; got 'dto'",
        ),
        (lambda: layers.Attention(use_scale=1), TypeError, "use_scale must be True or False"),
        (lambda: layers.AdditiveAttention(1), TypeError, "use_scale must be True or False; got 1"),
        (
            lambda: layers.Attention(use_causal_mask="yes"),
            TypeError,
            "use_causal_mask must be True or False; got 'yes'",
        ),
        (
            lambda: layers.Attention().cost([(5, 4), (6, 3)]),
            ValueError,
            "query and key must have equal features; got shapes (5, 4) and (6, 3)",
        ),
        (
            lambda: layers.Attention().cost([(2, 5, 4), (3, 6, 4)]),
            ValueError,
            "query and key must differ only in their last two sides; got (2, 5, 4) and (3, 6, 4)",
        ),
    ],
)
def test_messages(call, error, message):
    with pytest.raises(error, match=re.escape(message)):
        call()


@pytest.mark.parametrize("suffix", ["keras", "h5"])
def test_the_weights_in_files_of_keras_3(tmp_path, suffix):
    """Each layer's stored weights are compared with what is counted."""
    entry = keras.Input((5, 6))
    x = kl.Bidirectional(kl.LSTM(3, return_sequences=True))(entry)
    x = kl.MultiHeadAttention(2, 3)(x, x)
    x = kl.RNN([kl.LSTMCell(3), kl.GRUCell(4)], return_sequences=True)(x)
    x = kl.GroupQueryAttention(2, 4, 2)(x, x)
    x = kl.TimeDistributed(kl.GRU(2))(kl.Reshape((5, 2, 2))(x))
    x = kl.AdditiveAttention()([x, x])
    x = kl.ConvLSTM1D(2, 3, padding="same")(kl.Reshape((5, 2, 1))(x))
    model = keras.Model(entry, kl.EinsumDense("abc,cd->abd", (None, 4), bias_axes="d")(x))
    model.save(tmp_path / f"model.{suffix}")
    net = convcost.from_keras(tmp_path / f"model.{suffix}")
    assert net.params == model.count_params()
    assert net.macs == convcost.from_keras(model).macs


def test_the_score_mode_may_be_written_in_capitals():
    shapes = [(5, 8), (7, 8)]
    for word in ("dot", "concat"):
        ours = layers.Attention(score_mode=word)
        assert layers.Attention(score_mode=word.upper()) == ours
        assert layers.Attention(score_mode=word.upper()).cost(shapes) == ours.cost(shapes)
