"""Code of own layers as libraries write it, which Keras's symbolic tensors alone do not run."""

import jax.numpy as jnp
import keras
import numpy as np
import pytest
from keras import layers as kl
from keras import ops

import convcost

SIZE = 6


class Own(keras.Layer):
    """A layer with a function in place of its code, and a weight."""

    def __init__(self, function, **given):
        super().__init__(**given)
        self.function = function
        self.weight = self.add_weight(shape=(SIZE,), name="weight")

    def call(self, x):
        return self.function(self, x)


def read(layer, *shape, batch=None):
    """Read a model of one layer; its parameters are Keras's."""
    entry = keras.Input(shape, batch, name="x")
    model = keras.Model(entry, layer(entry))
    network = convcost.from_keras(model)
    assert network.params == model.count_params()
    return network


@pytest.mark.parametrize(
    "function",
    [
        lambda own, x: x[None][0],
        lambda own, x: x[...],
        lambda own, x: ops.matmul(x, ops.transpose(x)) if ops.ndim(x) == 3 else x,
        lambda own, x: ops.where(x == 0, 1.0, x),
        lambda own, x: x if x == None else ops.where(x == own.weight, 1.0, x),  # noqa: E711
        lambda own, x: x * ops.cast(ops.arange(SIZE, dtype="float32") < x, "float32"),
        lambda own, x: x * ops.cast(ops.arange(SIZE, dtype="float32") == x, "float32"),
        lambda own, x: x * ops.cast(ops.arange(6.0) < ops.arange(6.0), "float32"),
        lambda own, x: jnp.arange(SIZE) * x,
        lambda own, x: x + ops.convert_to_tensor(own.weight),
        lambda own, x: x + ops.convert_to_tensor(np.ones(SIZE, "float32")),
        lambda own, x: ops.convert_to_tensor(x),
        lambda own, x: ops.clip(x, -own.weight, ops.abs(own.weight)),
        lambda own, x: ops.stack([x, x + own.weight])[0],
        lambda own, x: x + ops.concatenate([own.weight[:2], own.weight[2:]]),
        lambda own, x: x + ops.concatenate([own.weight])[:SIZE],
        lambda own, x: ops.concatenate([x[:, :0], x, x[:, SIZE:]], axis=1),
        lambda own, x: keras.activations.relu(x, negative_slope=0.1),
    ],
)
def test_what_runs_in_keras_is_read(function):
    layer = Own(function)
    assert layer(np.ones((2, SIZE), "float32")).shape == (2, SIZE)
    network = read(layer, SIZE)
    assert network.output_shapes == ((SIZE,),)
    assert network.macs == 0
    assert keras.KerasTensor.__eq__ is object.__eq__  # as it was


class Projected(keras.Layer):
    """A layer inside another one, with a product; it says what it returns in its own way."""

    def __init__(self, returned=lambda y: y, **given):
        super().__init__(**given)
        self.dense = kl.Dense(SIZE)
        self.returned = returned

    def build(self, shape):
        self.dense.build(shape)

    def call(self, x, training=False):
        return self.returned(self.dense(x))


class TakesNoFlag(Projected):
    def compute_output_spec(self, x):
        return keras.KerasTensor(x.shape, x.dtype)


class SaysOne(Projected):
    def compute_output_shape(self, shape):
        return shape


class Around(keras.Layer):
    def __init__(self, inner, function, **given):
        super().__init__(**given)
        self.inner = inner
        self.function = function

    def build(self, shape):
        self.inner.build(shape)

    def call(self, x, training=False):
        return self.function(self.inner(x, training=training))

    def compute_output_shape(self, shape):
        return shape


def first(pair):
    one, _ = pair
    return one


@pytest.mark.parametrize(
    ("inner", "function"),
    [
        (TakesNoFlag(), lambda y: y),
        (SaysOne(lambda y: (y, y)), first),
        (Projected(lambda y: (y, None, 3, "text")), lambda y: y[0]),
        (Projected(lambda y: {"one": y, "none": None}), lambda y: y["one"]),
    ],
)
def test_a_layer_returns_what_its_code_returns(inner, function):
    """Its `compute_output_spec` may be wrong: Keras doesn't ask for it when the code runs."""
    layer = Around(inner, function)
    layer.build((None, SIZE))
    assert layer(np.ones((2, SIZE), "float32")).shape == (2, SIZE)
    assert read(layer, SIZE).macs == SIZE * SIZE


def test_what_a_layer_inside_assigns_and_loses_is_counted_once():
    class Stateful(Projected):
        def build(self, shape):
            super().build(shape)
            self.state = self.add_weight(shape=(SIZE, SIZE), trainable=False, name="state")

        def call(self, x, training=False):
            self.state.assign(ops.matmul(self.state, self.state))
            self.add_loss(ops.sum(ops.matmul(self.state, self.state)))
            return super().call(x)

    layer = Around(Stateful(), lambda y: y)
    layer.build((None, SIZE))
    assert read(layer, SIZE, batch=1).macs == SIZE**2 + 2 * SIZE**3


class Backend(keras.Layer):
    """A layer whose code is not Keras's, so that it can't be traced."""

    def call(self, x):
        return ops.convert_to_tensor(np.asarray(x))

    def compute_output_shape(self, shape):
        return shape


def test_code_that_cannot_be_traced_is_named_where_it_stands():
    with pytest.raises(convcost.UnknownLayerError, match="layer 'around/backend' of class Backend"):
        read(Around(Backend(name="backend"), lambda y: y, name="around"), SIZE)


def test_code_that_no_method_describes_is_reported_as_it_fails():
    class Wrong(Backend):
        def call(self, x, training=False):
            raise RuntimeError("boom")

        def compute_output_shape(self, shape):
            raise ValueError("no shape")

    around = Around(Wrong(), lambda y: y)
    with pytest.raises(convcost.UnknownLayerError, match="RuntimeError"):
        read(around, SIZE)


class Attending(keras.Layer):
    """Reads the length of what EinsumDense made, which was built for any length."""

    def __init__(self, **given):
        super().__init__(**given)
        self.query = kl.EinsumDense("btd,dhk->bthk", (None, 2, 3))

    def build(self, shape):
        self.query.build((None, None, SIZE))

    def call(self, x):
        query = self.query(x)
        return ops.einsum("bthk,bshk->bhts", query, query) + ops.arange(
            query.shape[1], dtype="float32"
        )

    def compute_output_shape(self, shape):
        return (shape[0], 2, shape[1], shape[1])


def test_a_layer_built_for_any_length_has_the_length_of_its_input():
    entry = keras.Input((None, SIZE), name="x")
    model = keras.Model(entry, Attending()(entry))
    network = convcost.from_keras(model, (5, SIZE))
    assert network.output_shapes == ((2, 5, 5),)
    assert network.macs == 5 * SIZE * 6 + 2 * 5 * 5 * 3


class OneArgument(keras.Layer):
    def __init__(self, inner, **given):
        super().__init__(**given)
        self.inner = inner

    def build(self, shape):
        self.inner.build(shape)

    def call(self, x):
        return self.inner(x)

    def compute_output_shape(self, shape):
        return self.inner.compute_output_shape(shape)


def test_the_length_of_an_open_input_stays_open():
    entry = keras.Input((None, SIZE), name="x")
    layer = OneArgument(kl.EinsumDense("btd,de->bte", (None, 4)))
    network = convcost.from_keras(keras.Model(entry, layer(entry)))
    (symbol,) = network.macs.free_symbols
    assert network.macs == 4 * SIZE * symbol


def test_what_the_limits_of_clip_are_computed_from_is_counted():
    class Limited(keras.Layer):
        def __init__(self, **given):
            super().__init__(**given)
            self.limit = kl.Dense(SIZE)

        def build(self, shape):
            self.limit.build(shape)

        def call(self, x):
            return ops.clip(x, -1.0, self.limit(x))

    assert read(Limited(), SIZE).macs == SIZE * SIZE


def test_limits_of_clip_that_keras_does_not_record_are_refused():
    entry = keras.Input((SIZE,), name="x")
    model = keras.Model(entry, ops.clip(entry, -1.0, kl.Dense(SIZE)(entry)))
    with pytest.raises(convcost.ModelError, match="does not record as one of its inputs"):
        convcost.from_keras(model)


def test_constant_limits_of_clip_change_nothing():
    entry = keras.Input((SIZE,), name="x")
    model = keras.Model(entry, ops.clip(entry, np.zeros(SIZE, "float32"), 1.0))
    assert convcost.from_keras(model).output_shapes == ((SIZE,),)


@pytest.mark.parametrize("activation", [keras.activations.relu, keras.activations.elu])
def test_an_activation_that_is_called_is_read_in_both_forms(activation):
    entry = keras.Input((SIZE,), name="x")
    model = keras.Model(entry, activation(kl.Dense(3)(entry)))
    live, saved = convcost.from_keras(model), convcost.from_keras(model.to_json())
    assert live.total() == saved.total()
    assert live.macs == 3 * SIZE


def test_a_loop_over_an_open_side_is_refused():
    class Loop(keras.Layer):
        def call(self, x):
            return sum(ops.transpose(x, (1, 0, 2)))

        def compute_output_shape(self, shape):
            return (shape[0], shape[2])

    entry = keras.Input((None, 3), name="x")
    model = keras.Model(entry, Loop()(entry))
    assert convcost.from_keras(model, (4, 3)).output_shapes == ((3,),)
    with pytest.raises(convcost.UnknownLayerError, match="Iterating over a symbolic"):
        convcost.from_keras(model)


class NoConfig(keras.Layer):
    """A layer with a weight, and an argument that Keras can't save."""

    def __init__(self, side, **given):
        super().__init__(**given)
        self.side = side
        self.initializer = keras.initializers.Ones()

    def build(self, shape):
        self.scale = self.add_weight(shape=(self.side(shape),), initializer=self.initializer)

    def call(self, x):
        return x * self.scale if self.scale.shape[0] == x.shape[-1] else x * self.scale[:, None]


def read_at(layer, length):
    """Read a model of a layer that was built for a length of 4."""
    entry = keras.Input((4, SIZE), name="x")
    model = keras.Model(entry, layer(entry))
    with pytest.raises(NotImplementedError):
        layer.get_config()
    return convcost.from_keras(model, (length, SIZE))


def test_a_layer_without_a_config_is_made_again_from_its_attributes():
    """At another length it would have the weight that it has, unless that is as long."""
    assert read_at(NoConfig(lambda shape: shape[-1]), 7).params == SIZE
    assert read_at(NoConfig(lambda shape: shape[1]), 4).params == 4
    with pytest.raises(convcost.ModelError, match="it makes something else for"):
        read_at(NoConfig(lambda shape: shape[1]), 7)


def test_a_layer_without_a_config_that_holds_layers_is_refused_at_another_length():
    class Holding(NoConfig):
        def __init__(self, side, **given):
            super().__init__(side, **given)
            self.inner = kl.ReLU()

    assert read_at(Holding(lambda shape: shape[-1]), 4).params == SIZE
    with pytest.raises(convcost.ModelError, match="nothing tells what it makes at other sizes"):
        read_at(Holding(lambda shape: shape[-1]), 7)
