"""Loops and conditionals in networks: open lengths, batches, training, branches, and refusals."""

import keras
import numpy as np
import pytest
from keras import layers as kl
from keras import ops
from test_control_flow import Calling, read

import convcost
from convcost.symbols import symbol

t = symbol("t")


def over_time(x, w, u):
    """A recurrent layer in a `scan`."""

    def step(state, given):
        state = ops.tanh(ops.matmul(given, w) + ops.matmul(state, u))
        return state, state

    start = ops.zeros((ops.shape(x)[0], 5))
    _, states = ops.scan(step, start, ops.transpose(x, (1, 0, 2)))
    return ops.transpose(states, (1, 0, 2))


def test_an_open_length_multiplies_the_body():
    net = read(over_time, (None, 3), (3, 5), (5, 5), output=(None, 5))
    assert net.macs == (3 + 5) * 5 * t
    assert net.output_shapes == ((t, 5),)
    assert net.at((7, 3)).macs == 7 * (3 + 5) * 5 == read(over_time, (7, 3), (3, 5), (5, 5)).macs
    assert sum(row.effective_macs for row in net) == net.macs


def test_a_loop_is_the_recurrent_layer_that_it_is():
    entry = keras.Input((7, 3))
    layer = convcost.from_keras(keras.Model(entry, kl.SimpleRNN(5, use_bias=False)(entry)))
    loop = read(over_time, (7, 3), (3, 5), (5, 5), output=(7, 5))
    assert (loop.macs, loop.params) == (layer.macs, layer.params)


def test_an_open_upper_bound_is_a_side():
    def powers(x, w):
        return ops.fori_loop(0, x.shape[1], lambda i, v: ops.matmul(v, w), x)

    assert read(powers, (None, 3), (3, 3)).macs == t * t * 9


@pytest.mark.parametrize("loop", [ops.map, ops.vectorized_map])
@pytest.mark.parametrize("batch", [None, 4])
def test_a_loop_over_the_inputs_counts_for_one(loop, batch):
    def each(x, w):
        return loop(lambda one: ops.matmul(one, w), x)

    net = read(each, (7, 3), (3, 5), batch=batch, output=(7, 5))
    assert net.macs == 7 * 3 * 5


def test_layers_in_a_loop_over_the_inputs_count_for_one():
    class Each(kl.Layer):
        def __init__(self):
            super().__init__()
            self.dense = kl.Dense(5)

        def build(self, shape):
            self.dense.build(shape[1:])

        def compute_output_shape(self, shape):
            return (*shape[:-1], 5)

        def call(self, x):
            return ops.map(self.dense, x)

    entry = keras.Input((7, 3))
    net = convcost.from_keras(keras.Model(entry, Each()(entry)))
    assert (net.macs, net.params) == (7 * 3 * 5, 3 * 5 + 5)
    (row,) = [row for row in net if row.macs]
    assert row.cost.bias_adds == 7 * 5


def test_each_input_with_all_the_others_depends_on_the_batch():
    def pairs(x):
        every = ops.transpose(ops.reshape(x, (-1, 3)))
        return ops.map(lambda one: ops.matmul(one, every), x)

    with pytest.raises(convcost.ModelError, match="depends on the size of the batch"):
        read(pairs, (7, 3), output=(7, None))
    assert read(pairs, (7, 3), batch=4, output=(7, 28)).macs == 7 * 3 * 4 * 7


def test_a_flag_for_training_reaches_the_body():
    class Flagged(kl.Layer):
        def call(self, x, training=False):
            times = 4 if training else 2
            return ops.fori_loop(0, times, lambda i, v: ops.matmul(v, v), x)

    entry = keras.Input((3, 3))
    layer = Flagged()
    assert convcost.from_keras(keras.Model(entry, layer(entry))).macs == 2 * 27
    assert convcost.from_keras(keras.Model(entry, layer(entry, training=True))).macs == 4 * 27


def test_functional_models_with_loops_are_followed():
    weights = np.ones((3, 5), "float32")
    entry = keras.Input((7, 3))
    made = ops.map(lambda one: ops.matmul(one, weights), entry)
    model = keras.Model(entry, ops.relu(made))
    net = convcost.from_keras(model)
    assert net.macs == 7 * 3 * 5
    assert [row.kind for row in net if row.macs] == ["Matmul"]


def named(one):
    return one


def test_a_file_has_no_function_to_follow():
    entry = keras.Input((7, 3))
    model = keras.Model(entry, ops.map(named, entry))
    with pytest.raises(convcost.UnknownLayerError, match="only followed in a live model"):
        convcost.from_keras(model.to_json())


def test_a_condition_from_the_model_is_followed():
    entry = keras.Input((7, 3))
    made = ops.switch(ops.argmax(entry[0, 0]), [named, ops.relu], entry)
    assert convcost.from_keras(keras.Model(entry, made)).macs == 0


class Either(kl.Layer):
    """Calls one of two layers."""

    def __init__(self, *layers):
        super().__init__(name="either")
        self.both = layers

    def build(self, shape):
        for layer in self.both:
            layer.build(shape)

    def call(self, x):
        return ops.cond(ops.sum(x) > 0, lambda: self.both[0](x), lambda: self.both[1](x))


def test_layers_in_branches_have_weights_but_one_computes():
    entry = keras.Input((7, 3))
    model = keras.Model(entry, Either(kl.Dense(5), kl.Dense(5, name="other"))(entry))
    net = convcost.from_keras(model)
    assert net.macs == 7 * 3 * 5
    assert net.params == model.count_params() == 2 * (3 * 5 + 5)


def test_branches_that_differ_are_refused_with_the_place():
    entry = keras.Input((7, 3))
    model = keras.Model(entry, Either(kl.Dense(5), kl.Dense(5, use_bias=False))(entry))
    message = (
        r"'either' has a conditional whose branches .*networks.py, line \d+\): 105 MACs .*35 bias"
    )
    with pytest.raises(convcost.ModelError, match=message):
        convcost.from_keras(model)


def test_a_scaled_model_scales_no_second_branch():
    entry = keras.Input((7, 3))
    x = Either(kl.Dense(8, name="a"), kl.Dense(8, name="b"))(kl.Dense(4, name="c")(entry))
    net = convcost.from_keras(keras.Model(entry, kl.Dense(2, name="d")(x)))
    with pytest.raises(convcost.ModelError, match="branches differ"):
        net.scale(width=2)


UNKNOWN = {
    "while_loop": lambda x, w: ops.while_loop(
        lambda v: ops.sum(v) < 4, lambda v: ops.matmul(v, w), x
    ),
    "its condition": lambda x, w: ops.while_loop(lambda v: ops.sum(v @ w) < 4, lambda v: v * 2, x),
    "bounds that are tensors": lambda x, w: ops.fori_loop(
        0, ops.cast(ops.sum(x), "int32"), lambda i, v: ops.matmul(v, w), x
    ),
}


@pytest.mark.parametrize("name", UNKNOWN)
def test_a_loop_of_unknown_length_is_refused_with_the_place(name):
    message = r"'own/matmul'.*depends on values.*called in .*test_loops_in_networks.py, line \d+"
    with pytest.raises(convcost.ModelError, match=message):
        read(UNKNOWN[name], (7, 3), (3, 3))


def test_an_open_length_of_an_associative_scan_is_refused():
    class Products(kl.Layer):
        def compute_output_spec(self, x):
            return keras.KerasTensor(x.shape, x.dtype)

        def call(self, x):
            return ops.associative_scan(ops.matmul, x, axis=1)

    entry = keras.Input((None, 3, 3))
    model = keras.Model(entry, Products()(entry))
    with pytest.raises(convcost.UnknownLayerError, match="associative_scan"):
        convcost.from_keras(model)
    assert convcost.from_keras(model, (4, 3, 3)).macs == 4 * 27


def test_what_is_not_known_names_the_place_in_own_code():
    def wrong(x):
        return ops.svd(x)[1]

    with pytest.raises(convcost.UnknownLayerError, match=r"SVD.*\(called in .*networks.py, line"):
        read(wrong, (7, 3), output=(3,))


def test_an_error_in_own_code_names_the_place():
    class Failing(kl.Layer):
        def compute_output_spec(self, x):
            return keras.KerasTensor(x.shape, x.dtype)

        def call(self, x):
            return x.nothing

    entry = keras.Input((7, 3))
    model = keras.Model(entry, Failing()(entry))
    with pytest.raises(convcost.UnknownLayerError, match=r"'nothing'.*networks.py, line \d+\)"):
        convcost.from_keras(model)


def test_a_scan_without_steps_is_refused():
    with pytest.raises((TypeError, ValueError)):
        read(lambda x: ops.scan(lambda c, s: (c, s), x)[0], (7, 3))


def test_a_scan_through_open_sides_of_its_body():
    class Squares(Calling):
        def compute_output_shape(self, shape):
            return (shape[0], shape[2], shape[2])

    entry = keras.Input((None, 3))
    model = keras.Model(entry, Squares(lambda x: ops.map(lambda o: ops.transpose(o) @ o, x))(entry))
    assert convcost.from_keras(model).macs == 9 * t
