"""Weights are counted once, wherever they are used, and are trainable as Keras says."""

import keras
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from keras import layers as kl
from keras import ops
from strategies import examples

import convcost


def size(weights):
    return sum(int(np.prod(one.shape)) for one in weights)


def assert_as_keras(model, input_shape=None):
    net = convcost.from_keras(model, input_shape)
    assert net.params == model.count_params()
    assert net.trainable_params == size(model.trainable_weights)
    return net


def test_one_layer_inside_and_outside_of_wrappers():
    dense, entry = kl.Dense(10), keras.Input((7, 5))
    first, second = kl.TimeDistributed(dense), kl.TimeDistributed(dense)
    model = keras.Model(entry, first(entry) + dense(entry) + second(entry))
    net = assert_as_keras(model)
    assert net.macs == 3 * 7 * 5 * 10
    assert [row.reused for row in net if row.macs] == [False, True, True]


class Tied(kl.Layer):
    """An output layer with the weights of an embedding."""

    def __init__(self, embedding, **kwargs):
        super().__init__(**kwargs)
        self.embedding = embedding

    def call(self, x):
        return ops.matmul(x, ops.transpose(self.embedding.embeddings))


@pytest.mark.parametrize("first", [False, True])
def test_a_tied_embedding(first):
    embedding, entry = kl.Embedding(100, 8), keras.Input((5,), dtype="int32")
    if first:
        embedding.build()
        other = keras.Input((5, 8))
        outputs = [Tied(embedding)(other), embedding(entry)]
        model = keras.Model([other, entry], outputs)
    else:
        model = keras.Model(entry, Tied(embedding)(embedding(entry)))
    net = assert_as_keras(model)
    assert net.macs == 5 * 8 * 100
    assert net.params == 800


def test_one_variable_in_two_layers():
    left, right, entry = kl.Dense(5), kl.Dense(5, use_bias=True), keras.Input((5,))
    middle = left(entry)
    model = keras.Model(entry, right(middle))
    right._trainable_variables[:] = [left.kernel, right.bias]
    net = convcost.from_keras(model)
    assert net.params == size({id(one): one for one in model.weights}.values()) == 25 + 5 + 5
    assert not net.rows[-1].reused
    assert net.macs == 2 * 25


def test_activations_with_weights():
    entry = keras.Input((8, 8, 3))
    prelu = kl.PReLU(name="slope")
    prelu.build((None, 6, 6, 8))
    x = kl.Conv2D(8, 3, activation=prelu, name="conv")(entry)
    dense = kl.Dense(8)
    dense.build((None, 6, 6, 8))
    x = kl.Conv2D(8, 3, padding="same", activation=dense)(x)
    x = kl.Activation(kl.ReLU())(kl.Dense(4, activation=kl.LeakyReLU())(x))
    x = kl.Dense(4, activation=kl.Activation("relu"))(x)
    net = assert_as_keras(keras.Model(entry, x))
    assert net["conv/slope"].params == 6 * 6 * 8
    assert net.macs == 36 * (27 * 8 + 9 * 64 + 8 * 8 + 8 * 4 + 4 * 4)


def test_activations_that_multiply():
    matrix, entry = np.ones((6, 6), "float32"), keras.Input((5, 6))
    model = keras.Model(entry, kl.Activation(lambda x: ops.matmul(x, matrix))(entry))
    assert convcost.from_keras(model).macs == 5 * 6 * 6
    model = keras.Model(entry, kl.Dense(6, activation=lambda x: ops.tanh(x) * x)(entry))
    assert convcost.from_keras(model).macs == 5 * 6 * 6


def test_activations_of_other_libraries():
    import tensorflow as tf

    entry = keras.Input((5, 6))
    model = keras.Model(entry, kl.Dense(6, activation=tf.nn.relu)(entry))
    assert convcost.from_keras(model).macs == 5 * 6 * 6
    model = keras.Model(entry, kl.Dense(6, activation=lambda x: tf.matmul(x, x[0]))(entry))
    with pytest.raises(
        convcost.UnknownLayerError,
        match="lambda has no known cost, as",
    ):
        convcost.from_keras(model)


def test_a_lambda_layer_is_traced():
    entry = keras.Input((5, 6))
    gram = kl.Lambda(lambda x: ops.matmul(x, ops.transpose(x, (0, 2, 1))))
    model = keras.Model(entry, gram(entry))
    assert convcost.from_keras(model).macs == 5 * 6 * 5


def test_layers_attached_outside_the_graph():
    entry = keras.Input((6,))
    model = keras.Model(entry, kl.Dense(3, name="weights")(entry))
    model.extra = kl.Dense(5)
    model.extra.build((None, 7))
    net = assert_as_keras(model)
    assert net["weights_"].params == 7 * 5 + 5
    assert net.macs == 18


def test_a_layer_that_holds_more_than_its_class_is_refused():
    entry = keras.Input((6,))
    dense = kl.Dense(3, name="odd")
    model = keras.Model(entry, dense(entry))
    dense._trainable_variables.append(keras.Variable(np.ones((2, 2)), name="more"))
    with pytest.raises(convcost.ModelError, match=r"'odd' .*holds other weights .*more \(2, 2\)"):
        convcost.from_keras(model)


def test_a_registered_layer_has_the_weights_that_it_is_said_to_have():
    @keras.saving.register_keras_serializable("own")
    class Gate(kl.Layer):
        def build(self, shape):
            self.w = self.add_weight(shape=(shape[-1],))

        def call(self, x):
            return x * self.w

    @convcost.layers.register("Gate")
    def describe(config, shape):
        weights = (convcost.layers.Weight("w", (shape[-1],)),)
        return convcost.layers.Custom(shape, weights)

    try:
        entry = keras.Input((4, 6))
        model = keras.Model(entry, kl.TimeDistributed(Shaped(Gate))(entry))
        assert convcost.from_keras(keras.Model(entry, Gate()(entry))).params == 6
        assert model.count_params() == 6
    finally:
        convcost.layers.unregister("Gate")


def Shaped(kind):  # noqa: N802
    class Gate(kind):
        def compute_output_shape(self, shape):
            return shape

    return Gate()


@st.composite
def frozen_models(draw):
    """A model in which layers, models and single variables are frozen, and thawed again."""
    entry = keras.Input((5, 6))
    inner = keras.Sequential([kl.Dense(6), kl.BatchNormalization(), kl.Dense(6)])
    wrapped = kl.TimeDistributed(kl.Dense(6, trainable=draw(st.booleans())))
    x = wrapped(inner(entry))
    outer = keras.Model(entry, kl.LayerNormalization()(kl.Dense(4)(x)))
    for part in (inner, wrapped, outer.layers[-2], inner.layers[0], inner.layers[1], wrapped.layer):
        change = draw(st.sampled_from([None, True, False]))
        if change is not None:
            part.trainable = change
    for variable in draw(st.lists(st.sampled_from(outer.weights), max_size=3)):
        variable.trainable = draw(st.booleans())
    if draw(st.booleans()):
        outer.trainable = draw(st.booleans())
    return outer


@examples(60)
@given(frozen_models())
def test_drawn_frozen_models_are_trainable_as_keras_says(model):
    assert_as_keras(model)


@examples(60)
@given(st.lists(st.tuples(st.integers(0, 3), st.booleans()), max_size=6))
def test_what_a_file_says_is_trainable_is_what_keras_reads_from_it(changes):
    entry = keras.Input((5, 6))
    inner = keras.Sequential([kl.Dense(6), kl.Dense(6)])
    wrapped = kl.TimeDistributed(kl.Dense(6))
    model = keras.Model(entry, wrapped(inner(entry)))
    parts = (inner, wrapped, inner.layers[0], wrapped.layer)
    for part, flag in changes:
        parts[part].trainable = flag
    again = keras.models.model_from_json(model.to_json())
    net = convcost.from_keras(model.to_json())
    assert net.trainable_params == size(again.trainable_weights)


def test_a_layer_shared_in_a_file_is_counted_once():
    dense, entry = kl.Dense(10), keras.Input((7, 5))
    model = keras.Model(entry, kl.TimeDistributed(dense)(entry) + kl.TimeDistributed(dense)(entry))
    again = keras.models.model_from_json(model.to_json())
    assert convcost.from_keras(model.to_json()).params == again.count_params()


def test_a_layer_named_input_before_its_activation():
    entry = keras.Input((4, 6))
    slope = kl.PReLU(name="input_")
    slope.build((None, 4, 5))
    model = keras.Model(entry, kl.Dense(5, activation=slope, name="input")(entry))
    net = assert_as_keras(model)
    assert [row.params for row in net] == [35, 20]
