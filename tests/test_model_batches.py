"""The batch of a live model, declared or open, against Keras and against counting by hand."""

import math

import keras
import pytest
from hypothesis import given
from hypothesis import strategies as st
from keras import layers as kl
from keras import ops

import convcost


def declared(*shape):
    return keras.Input(batch_shape=shape)


def test_elements_moved_out_of_the_declared_batch():
    entry = declared(8, 28, 28, 3)
    model = keras.Model(entry, kl.Dense(10)(ops.reshape(entry, (8, -1))))
    net = convcost.from_keras(model)
    assert net.params == model.count_params()
    assert net.macs == 28 * 28 * 3 * 10


def test_a_shape_that_names_the_batch():
    entry = declared(8, 16)
    wide = ops.broadcast_to(ops.expand_dims(entry, 1), (8, 5, 16))
    net = convcost.from_keras(keras.Model(entry, kl.Dense(4)(wide)))
    assert net.macs == 5 * 16 * 4


def test_the_batch_in_another_axis_is_divided_out():
    entry = declared(8, 6, 3)
    turned = ops.transpose(entry, (1, 0, 2))
    model = keras.Model(entry, kl.Dense(4)(turned))
    net = convcost.from_keras(model)
    assert net.macs * 8 == 6 * 8 * 3 * 4
    assert net.rows[-1].times == 6


@pytest.mark.parametrize("batch", [None, 8])
def test_inputs_that_are_multiplied_with_each_other(batch):
    entry = declared(batch, 16)
    model = keras.Model(entry, ops.matmul(entry, ops.transpose(entry)))
    if batch is None:
        with pytest.raises(convcost.ModelError, match="depends on the size of the batch"):
            convcost.from_keras(model)
    else:
        assert convcost.from_keras(model).macs == 8 * 16 * 8 // 8


@pytest.mark.parametrize("batch", [None, 8])
def test_a_layer_that_slides_over_the_batch(batch):
    entry = declared(batch, 6, 3)
    model = keras.Model(entry, kl.Conv1D(4, 2)(ops.transpose(entry, (1, 0, 2))))
    with pytest.raises(convcost.ModelError, match="one input"):
        convcost.from_keras(model)
    model = keras.Model(entry, kl.Conv1D(4, 1)(ops.transpose(entry, (1, 0, 2))))
    assert convcost.from_keras(model).macs == 6 * 3 * 4


@pytest.mark.parametrize("layer", [kl.Dense(1), None])
def test_a_declared_batch_that_does_not_divide_the_cost(layer):
    entry = declared(8, 5, 3)
    part = entry[:7, :]
    output = ops.matmul(part, ops.ones((3, 2))) if layer is None else layer(part)
    with pytest.raises(convcost.ModelError, match="not a whole number of MACs for one input"):
        convcost.from_keras(keras.Model(entry, output))


def test_a_sum_over_the_batch_is_computed_once():
    entry = keras.Input((5, 16))
    model = keras.Model(entry, kl.Dense(4)(ops.sum(entry, axis=0)))
    assert convcost.from_keras(model).macs == 5 * 16 * 4


def test_inputs_of_different_batches():
    left, right = declared(8, 4), declared(2, 4)
    model = keras.Model([left, right], [ops.reshape(left, (4, 8)), right])
    with pytest.raises(convcost.ModelError, match=r"declare different batches, 2 .* and 8 "):
        convcost.from_keras(model)


def test_one_declared_batch_holds_for_all_inputs():
    left, right = declared(8, 4), keras.Input((4,))
    model = keras.Model([left, right], [ops.reshape(left, (8, 2, 2)), right])
    assert convcost.from_keras(model).output_shapes == ((2, 2), (4,))


def test_a_batch_declared_in_a_file(tmp_path):
    entry = declared(8, 4, 6)
    model = keras.Model(entry, kl.Dense(3)(ops.reshape(entry, (8, 24))))
    net = convcost.from_keras(model.to_json())
    assert net.params == model.count_params()
    assert net.macs == 24 * 3


def test_constants_are_broadcast_to_the_batch():
    entry = keras.Input((5, 4))
    table = keras.Variable(keras.random.normal((1, 5, 4)))
    model = keras.Model(entry, kl.Add()([entry, table * 1.0]))
    assert convcost.from_keras(model).output_shapes == ((5, 4),)


@st.composite
def moves(draw):
    """A batch, open or declared, with a shape, and operations that move its axes around."""
    batch = draw(st.sampled_from([None, 2, 6, 8, 9]))
    shape = draw(st.lists(st.integers(1, 6), min_size=1, max_size=3))
    steps = draw(st.lists(st.tuples(st.sampled_from(OPERATIONS), st.integers(0, 99)), max_size=4))
    return batch, shape, steps, draw(st.integers(1, 5))


def merge(x, number):
    """Merge two neighbouring axes."""
    axis = number % (len(x.shape) - 1)
    sides = list(x.shape)
    if None in sides[axis : axis + 2]:
        return ops.reshape(x, (-1, *sides[axis + 2 :])) if axis == 0 else x
    sides[axis : axis + 2] = [sides[axis] * sides[axis + 1]]
    return ops.reshape(x, [-1 if side is None else side for side in sides])


def turn(x, number):
    axes = list(range(len(x.shape)))
    left, right = number % len(axes), number // 7 % len(axes)
    axes[left], axes[right] = axes[right], axes[left]
    return ops.transpose(x, axes)


def repeat(x, number):
    wide = ops.expand_dims(x, number % (len(x.shape) + 1))
    sizes = [1] * len(wide.shape)
    sizes[number % len(sizes)] = 1 + number % 3
    return ops.tile(wide, sizes)


def split(x, number):
    """Take one of two halves of an even axis."""
    even = [axis for axis, side in enumerate(x.shape) if side and side % 2 == 0]
    return ops.split(x, 2, axis=even[number % len(even)])[number % 2] if even else x


OPERATIONS = [merge, turn, repeat, split]


@given(moves())
def test_drawn_moves_of_the_batch_have_kerass_counts(drawn):
    batch, shape, steps, units = drawn
    x = entry = keras.Input(batch_shape=(batch, *shape))
    for step, number in steps:
        if len(x.shape) > 1:
            x = step(x, number)
    if x.shape[-1] is None or len(x.shape) < 2:
        return  # Keras can't build a layer on an open side
    model = keras.Model(entry, kl.Dense(units)(x))
    try:
        net = convcost.from_keras(model)
    except convcost.ModelError as error:
        reason = str(error)
    else:
        reason = ""
    if reason:
        assert "one input" in reason
        return
    assert net.params == model.count_params()
    # At a batch of its own size the model computes as many outputs as Keras says.
    size = batch or 72
    at = ops.zeros((size, *shape))
    outputs = math.prod(model(at).shape)
    assert net.macs * size == outputs * x.shape[-1]
    if batch is not None:
        assert net.output_shapes == (tuple(model.output_shape[1:]),)


@pytest.mark.parametrize("side", [11, 13, 17, 143])
def test_sides_that_equal_a_size_of_the_batch(side):
    """The sizes with which an open batch is counted may occur as sides."""
    entry = keras.Input((side, 6))
    net = convcost.from_keras(keras.Model(entry, kl.Dense(4)(ops.sum(entry, axis=0))))
    assert net.macs == side * 6 * 4
    assert net.rows[-1].input_shapes == ((side, 6),)
    turned = ops.transpose(entry, (1, 0, 2))
    net = convcost.from_keras(keras.Model(entry, kl.Dense(4)(turned)))
    assert net.macs == side * 6 * 4


def test_a_state_as_long_as_a_size_of_the_batch():
    class States(kl.Layer):
        def __init__(self, **kwargs):
            super().__init__(**kwargs)
            self.dense = kl.Dense(4)

        def build(self, shape):
            self.states = self.add_weight(shape=(11, 6))
            self.dense.build((None, 6))

        def call(self, x):
            first = ops.zeros((ops.shape(x)[0], 6))
            return ops.sum(self.dense(self.states)) + self.dense(first) + ops.sum(x)

    entry = keras.Input((5,))
    assert convcost.from_keras(keras.Model(entry, States()(entry))).macs == 12 * 6 * 4
