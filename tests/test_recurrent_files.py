"""Recurrent layers in files of Keras 1 and 2, layers that are refused, and messages."""

import json
import re

import keras
import pytest
import tf_keras
from hypothesis import given
from hypothesis import strategies as st
from keras import layers as kl
from strategies import examples
from test_tf_keras_files import assert_as_tf_keras, written
from tf_keras.src.layers.rnn.cudnn_gru import CuDNNGRU
from tf_keras.src.layers.rnn.cudnn_lstm import CuDNNLSTM

import convcost
from convcost import layers

K = tf_keras.layers
SMALL = st.integers(1, 4)
FLAGS = st.booleans()


def sequential(kind, config, shape=(5, 4)):
    """Return a model of one layer, as Keras 1 and 2 wrote it."""
    config = {"name": "made", "batch_input_shape": [None, *shape], **config}
    return {"class_name": "Sequential", "config": [{"class_name": kind, "config": config}]}


@st.composite
def old_layers(draw):
    """A layer of tf.keras 2 on sequences."""
    options = {"use_bias": draw(FLAGS), "return_sequences": draw(FLAGS)}
    units, kind = draw(SMALL), draw(st.sampled_from(["LSTM", "GRU", "SimpleRNN", "RNN", "CuDNN"]))
    reset = {"reset_after": draw(FLAGS)}
    if kind == "CuDNN":
        del options["use_bias"]
        return draw(st.sampled_from([CuDNNLSTM, CuDNNGRU])), (units,), options, False
    if kind == "RNN":
        del options["use_bias"]
        return K.RNN, (units, reset), options, draw(FLAGS)
    made = {**options, **(reset if kind == "GRU" else {})}
    return getattr(K, kind), (units,), made, draw(FLAGS)


@examples(12)
@given(old_layers(), st.tuples(SMALL, SMALL))
def test_layers_of_keras_2(tmp_path_factory, drawn, shape):
    kind, (units, *reset), options, both_ways = drawn
    if kind is K.RNN:
        units = [K.LSTMCell(units), K.GRUCell(units, **reset[0])]
    layer = kind(units, **options)
    entry = tf_keras.Input(shape)
    made = K.Bidirectional(layer)(entry) if both_ways else layer(entry)
    model = tf_keras.Model(entry, made)
    if kind in (CuDNNLSTM, CuDNNGRU):  # not to be saved without a GPU
        assert_as_tf_keras(model, model.to_json())
        return
    for path in written(model, tmp_path_factory.mktemp("old")):
        assert_as_tf_keras(model, path)


def test_states_between_layers_of_keras_2(tmp_path):
    source, target = tf_keras.Input((5, 3)), tf_keras.Input((4, 3))
    _, *states = K.LSTM(6, return_state=True)(source)
    x = K.LSTM(6, return_sequences=True)(target, initial_state=states)
    model = tf_keras.Model([source, target], K.TimeDistributed(K.Dense(2))(x))
    for path in written(model, tmp_path):
        net = assert_as_tf_keras(model, path)
        assert {len(row.input_shapes) for row in net if row.kind == "LSTM"} == {1, 3}


@pytest.mark.parametrize("kind", ["LSTM", "GRU", "SimpleRNN"])
@given(SMALL, FLAGS)
def test_layers_of_keras_1(kind, units, sequences):
    old = {
        **{"output_dim": units, "input_dim": 4, "return_sequences": sequences, "stateful": False},
        **{"init": "glorot_uniform", "inner_init": "orthogonal", "activation": "tanh"},
        **{"inner_activation": "hard_sigmoid", "dropout_W": 0.0, "dropout_U": 0.0},
    }
    reset = {"reset_after": False} if kind == "GRU" else {}
    today = keras.Sequential(
        [
            keras.Input((5, 4)),
            getattr(kl, kind)(units, return_sequences=sequences, **reset),
        ]
    )
    net = convcost.from_keras(sequential(kind, old))
    assert net.params == today.count_params()
    assert net.output_shapes == (today.output_shape[1:],)


def test_cells_of_keras_2_before_reset_after():
    cell = {"class_name": "GRUCell", "config": {"units": 3, "use_bias": True}}
    net = convcost.from_keras(sequential("RNN", {"cell": cell}))
    assert net.params == 3 * 3 * (4 + 3 + 1)


def test_both_directions_of_one_layer():
    lstm = {"class_name": "LSTM", "config": {"units": 3}}
    net = convcost.from_keras(sequential("Bidirectional", {"layer": lstm, "merge_mode": "sum"}))
    assert net.rows[-1].layer == layers.Bidirectional(layers.LSTM(3), "sum")
    assert net.output_shapes == ((3,),)


def test_time_as_the_first_axis_is_refused():
    model = tf_keras.Sequential([tf_keras.Input((5, 4)), K.LSTM(3, time_major=True, name="odd")])
    with pytest.raises(convcost.UnknownLayerError, match="class LSTM with time_major=True"):
        convcost.from_keras(model.to_json())


@keras.saving.register_keras_serializable("tests")
class Gate(kl.Layer):
    """A cell of a user."""

    state_size = output_size = 3

    def build(self, shape):
        self.kernel = self.add_weight(shape=(shape[-1], 3))

    def call(self, x, states):
        made = keras.ops.tanh(keras.ops.matmul(x, self.kernel) + states[0])
        return made, [made]


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: kl.LSTM(3, activation=kl.PReLU()), "class LSTM with the activation "),
        (lambda: kl.GRU(3, recurrent_activation=kl.PReLU()), "class GRU with the activation "),
        (lambda: kl.RNN(kl.LSTMCell(3, activation=kl.PReLU())), "RNN around LSTMCell with the "),
    ],
)
@pytest.mark.parametrize("form", [lambda model: model, lambda model: model.to_json()])
def test_what_is_inside_is_named_where_it_is_not_known(make, said, form):
    layer = make()
    entry = keras.Input((5, 4))
    model = keras.Model(entry, layer(entry))
    with pytest.raises(convcost.UnknownLayerError, match=re.escape(said)):
        convcost.from_keras(form(model))


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: kl.RNN(Gate()), "RNN around Gate"),
        (lambda: kl.RNN([kl.LSTMCell(3), Gate()]), "RNN around StackedRNNCells around Gate"),
        (lambda: kl.Bidirectional(kl.RNN(Gate())), "Bidirectional around RNN around Gate"),
    ],
)
def test_cells_of_ones_own_are_named_in_a_file(make, said):
    entry = keras.Input((5, 4))
    model = keras.Model(entry, make()(entry))
    with pytest.raises(convcost.UnknownLayerError, match=re.escape(said)):
        convcost.from_keras(model.to_json())
    assert convcost.from_keras(model).params == model.count_params()


def test_cells_nested_without_end_are_refused():
    cell = {"class_name": "LSTMCell", "config": {"units": 2}}
    for _ in range(60):
        cell = {"class_name": "StackedRNNCells", "config": {"cells": [cell]}}
    with pytest.raises(convcost.ModelError, match="nested more than 40 levels deep"):
        convcost.from_keras(sequential("RNN", {"cell": cell}))


@pytest.mark.parametrize("held", [{"class_name": "LSTMCell", "config": 3}, {"class_name": "L"}, 3])
def test_what_a_layer_holds_is_checked(held):
    with pytest.raises(convcost.ModelError):
        convcost.from_keras(sequential("RNN", {"cell": held}))


LSTM = layers.LSTM(4)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: layers.LSTM(0), ValueError, "units must be a positive integer"),
        (lambda: layers.SimpleRNN(3, use_bias=1), TypeError, "use_bias must be True or False"),
        (lambda: layers.GRU(3, reset_after=1), TypeError, "reset_after must be True or False"),
        (lambda: layers.LSTM(3, return_state=2), TypeError, "return_state must be True or False"),
        (lambda: LSTM.cost((5,)), ValueError, "input_shape must be (steps, features) without the"),
        (lambda: LSTM.cost(5), TypeError, "input_shape must be (steps, features) without the"),
        (lambda: LSTM.cost([]), ValueError, "input_shape must be (steps, features) without the"),
        (lambda: layers.LSTMCell(2).cost((3, 4)), ValueError, "input_shape must be (features,)"),
        (
            lambda: LSTM.output_shape([(5, 3), (4,)]),
            ValueError,
            "the states of LSTM must have shapes (4,) and (4,); got (4,)",
        ),
        (
            lambda: LSTM.cost([(5, 3), (4,), (5,)]),
            ValueError,
            "the states of LSTM must have shapes (4,) and (4,); got (4,) and (5,)",
        ),
        (
            lambda: layers.RNN(layers.LSTM(3)),
            TypeError,
            "cell must be a cell of convcost.layers, such as LSTMCell(32); got LSTM(3) (LSTM)",
        ),
        (lambda: layers.RNN([]), TypeError, "cells must be a list of cells; got []"),
        (lambda: layers.StackedRNNCells(3), TypeError, "cells must be a list of cells; got 3"),
        (lambda: layers.RNN([layers.LSTMCell(2), 3]), TypeError, "cells[1] must be a cell of"),
        (
            lambda: layers.Bidirectional(layers.Dense(3)),
            TypeError,
            "layer must be a recurrent layer of convcost.layers, such as LSTM(32); got Dense(3)",
        ),
        (lambda: layers.Bidirectional(LSTM, backward_layer=3), TypeError, "backward_layer must be"),
        (
            lambda: layers.Bidirectional(LSTM, "concta"),
            ValueError,
            "merge_mode must be one of ave, concat, mul, sum; got 'concta' (str); did you mean",
        ),
        (
            lambda: layers.Bidirectional(LSTM, backward_layer=layers.LSTM(4, return_state=True)),
            ValueError,
            "layer and backward_layer must have the same return_state",
        ),
        (
            lambda: layers.Bidirectional(LSTM, "sum", backward_layer=layers.GRU(3)).output_shape(
                (5, 2)
            ),
            ValueError,
            "the outputs of layer and backward_layer can't be merged by 'sum': they have shapes",
        ),
    ],
)
def test_messages(call, error, message):
    with pytest.raises(error, match=re.escape(message)):
        call()


def test_directions_of_unequal_widths():
    ways = layers.Bidirectional(layers.LSTM(3), backward_layer=layers.GRU(4))
    assert ways.output_shape((5, 2)) == (7,)
    cost = layers.LSTM(3).cost((5, 2)) + layers.GRU(4).cost((5, 2))
    assert ways.cost((5, 2)) == cost


def test_a_layer_prints_and_travels_as_its_call():
    layer = layers.Bidirectional(layers.RNN([layers.LSTMCell(2), layers.GRUCell(3)]), "sum")
    assert repr(layer) == (
        "Bidirectional(RNN(StackedRNNCells((LSTMCell(2), GRUCell(3)))), merge_mode='sum')"
    )
    assert eval(repr(layer), vars(layers)) == layer
    assert hash(eval(repr(layer), vars(layers))) == hash(layer)
    assert json.loads(json.dumps(layer.merge_mode)) == "sum"
