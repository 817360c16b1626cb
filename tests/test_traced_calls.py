"""Calls of users' own layers: each traced as it is made, at the sizes that it has."""

import keras
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from keras import layers as kl
from keras import ops
from strategies import examples

import convcost
from convcost.symbols import symbol


class TwoWays(kl.Layer):
    """An embedding, which multiplies by its table the other way round."""

    def build(self, shape):
        self.table = self.add_weight(shape=(50, 8))

    def call(self, x, reverse=False):
        if reverse:
            return ops.matmul(x, ops.transpose(self.table))
        return ops.take(self.table, x, axis=0)


def test_another_flag_is_another_call():
    entry, both = keras.Input((5,), dtype="int32"), TwoWays()
    model = keras.Model(entry, both(kl.Dense(8)(both(entry)), reverse=True))
    net = convcost.from_keras(model)
    assert net.macs == 5 * 8 * 8 + 5 * 8 * 50
    assert net.output_shapes == ((5, 50),)
    assert net.params == model.count_params()


class Attention(kl.Layer):
    """Self-attention whose code reads the length of the sequence."""

    def __init__(self, heads=4, **kwargs):
        super().__init__(**kwargs)
        self.heads = heads

    def call(self, x):
        length, width = ops.shape(x)[1], x.shape[-1]
        parted = ops.reshape(x, (-1, length, self.heads, width // self.heads))
        heads = ops.transpose(parted, (0, 2, 1, 3))
        scores = ops.matmul(heads, ops.transpose(heads, (0, 1, 3, 2)))
        return ops.matmul(ops.softmax(scores), heads)


def attending(length, heads=4):
    entry = keras.Input((length, 64))
    return keras.Model(entry, Attention(heads)(entry))


@examples(50)
@given(st.integers(1, 200), st.integers(1, 200), st.sampled_from([1, 2, 4, 8]))
def test_at_another_length_it_is_the_model_built_at_that_length(first, second, heads):
    net = convcost.from_keras(attending(first, heads))
    assert net.macs == 2 * first**2 * 64
    assert net.at((second, 64)).macs == convcost.from_keras(attending(second, heads)).macs
    assert net.at((second, 64)).macs == 2 * second**2 * 64


def test_an_open_length_is_a_symbol():
    net = convcost.from_keras(attending(None))
    assert net.macs == 2 * 64 * symbol("t") ** 2
    assert net.at((50, 64)).macs == 2 * 50**2 * 64
    assert net.output_shapes == ((4, symbol("t"), 16),)


class Crop(kl.Layer):
    """Cut an image to the sides of another."""

    def call(self, x, reference):
        sides = ops.shape(reference)
        return x[:, : sides[1], : sides[2]]


def cropping(side):
    entry = keras.Input((side, side, 3))
    small = kl.Conv2D(4, 3, strides=2, padding="same")(entry)
    cut = Crop()(kl.UpSampling2D()(small), reference=entry)
    return keras.Model(entry, kl.Conv2D(4, 3, padding="same")(cut))


@examples(40)
@given(st.integers(1, 60))
def test_an_open_end_of_a_slice_is_that_of_the_other_tensor(side):
    net = convcost.from_keras(cropping(None))
    built = convcost.from_keras(cropping(side))
    assert net.at((side, side, 3)).macs == built.macs
    h, w = symbol("h"), symbol("w")
    assert net.macs.subs({h: side, w: side}) == built.macs


class Halved(kl.Layer):
    """Its code computes with the length, so that an open one can't be recorded."""

    def compute_output_shape(self, shape):
        return (shape[0], None, 12)

    def call(self, x):
        length = 8 if x.shape[1] is None else x.shape[1]
        return ops.reshape(x, (-1, length // 2, 2 * x.shape[-1]))


def test_arithmetic_on_an_open_side_is_refused():
    entry = keras.Input((None, 6))
    model = keras.Model(entry, Halved(name="halved")(entry))
    with pytest.raises(convcost.ModelError, match="'halved'"):
        convcost.from_keras(model)
    assert convcost.from_keras(model, (8, 6)).output_shapes == ((4, 12),)


class Latents(kl.Layer):
    """Cross-attention with latents, which no input is needed to project."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.project = kl.Dense(6)

    def build(self, shape):
        self.latents = self.add_weight(shape=(10, 6))
        self.project.build((10, 6))

    def call(self, x):
        return ops.matmul(x, ops.transpose(self.project(self.latents)))


class Gram(kl.Layer):
    def build(self, shape):
        self.w = self.add_weight(shape=(5, shape[-1]))

    def call(self, x):
        return x @ ops.matmul(ops.transpose(self.w), self.w)


class Loop(kl.Layer):
    """A recurrence in a loop, whose first state is zeros."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.cell = kl.Dense(6)

    def build(self, shape):
        self.cell.build((None, 6))

    def call(self, x):
        state = ops.zeros((1, 6))
        for _ in range(3):
            state = ops.tanh(self.cell(state))
        return x + state


class OnArrays(kl.Layer):
    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.inner = kl.Dense(2)

    def build(self, shape):
        self.inner.build((None, 2))

    def call(self, x):
        return x * ops.sum(self.inner(np.ones((1, 2), "float32")))


@pytest.mark.parametrize(
    ("layer", "macs"),
    [
        (Latents, 10 * 6 * 6 + 5 * 6 * 10),
        (Gram, 6 * 5 * 6 + 5 * 6 * 6),
        (Loop, 3 * 6 * 6),
        (OnArrays, 2 * 2),
    ],
)
def test_what_is_computed_without_any_input_counts(layer, macs):
    entry = keras.Input((5, 6))
    model = keras.Model(entry, layer()(entry))
    net = convcost.from_keras(model)
    assert net.macs == macs
    assert net.params == model.count_params()


class Operators(kl.Layer):
    """Weights on both sides of every operator."""

    def build(self, shape):
        self.g = self.add_weight(shape=(6,))
        self.w = self.add_weight(shape=(6, 6))

    def call(self, x):
        x = self.g + x - self.g * x / self.g + (1.0 - self.g) - (x - self.g)
        x = abs(-self.g) * x + self.g**2 + 2**self.g + self.g // 2 + 7 // self.g + self.g % 3
        x = x + 5 % self.g + 1 / self.g + self.w[0] + (2 * self.g + 1)
        return (self.w @ ops.transpose(x, (0, 2, 1)))[:, :, 0] @ self.w


def test_operators_of_weights_are_recorded():
    entry = keras.Input((5, 6))
    model = keras.Model(entry, Operators()(entry))
    net = convcost.from_keras(model)
    assert net.macs == 6 * 6 * 5 + 6 * 6
    assert net.output_shapes == ((6,),)
    assert net.params == model.count_params() == 6 + 36


class Changing(kl.Layer):
    """Assigns to its weights, draws random numbers, and adds a loss, whenever it is called."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.inner = kl.Conv2D(4, 3)
        self.seeds = keras.random.SeedGenerator(7)

    def build(self, shape):
        self.inner.build(shape)
        self.calls = self.add_weight(shape=(), trainable=False, initializer="zeros")

    def call(self, x):
        self.calls.assign_add(1.0)
        self.calls.assign_sub(self.calls)
        self.calls.assign(ops.ones(()))
        self.inner.kernel.assign(self.inner.kernel * 0.0)
        return self.inner(x) + keras.random.normal((1,), seed=self.seeds)


class ChangingModel(keras.Model):
    def __init__(self):
        super().__init__()
        self.inner = Changing()

    def call(self, x):
        return self.inner(x)


@pytest.mark.parametrize("whole", [False, True])
def test_reading_changes_nothing(whole):
    if whole:
        model = ChangingModel()
        model(np.ones((1, 8, 8, 3)))
    else:
        entry = keras.Input((8, 8, 3))
        model = keras.Model(entry, kl.Dropout(0.5)(Changing()(entry)))
    model.trainable_variables[0].assign(np.ones(model.trainable_variables[0].shape))
    before = [np.array(one) for one in model.variables]
    layers = list(model._flatten_layers())
    calls = [(len(one._inbound_nodes), len(one._outbound_nodes)) for one in layers]
    net = convcost.from_keras(model, (8, 8, 3))
    net.at((10, 10, 3))
    assert all(
        np.array_equal(one, np.array(now)) for one, now in zip(before, model.variables, strict=True)
    )
    assert [(len(one._inbound_nodes), len(one._outbound_nodes)) for one in layers] == calls
    assert not model.losses
    assert net.params == model.count_params()


class Power(kl.Layer):
    """A power iteration, whose result only a later call uses."""

    def build(self, shape):
        self.w = self.add_weight(shape=(4, 6))
        self.u = self.add_weight(shape=(1, 4), trainable=False)

    def call(self, x):
        self.u.assign(ops.matmul(ops.matmul(self.u, self.w), ops.transpose(self.w)))
        return ops.matmul(x, ops.transpose(self.w))


def test_what_is_assigned_to_a_weight_is_computed():
    entry = keras.Input((5, 6))
    net = convcost.from_keras(keras.Model(entry, Power()(entry)))
    assert net.macs == 5 * 6 * 4 + 2 * 4 * 6


class Raw(kl.Layer):
    """Reads the values of its weights, past Keras's operations."""

    def build(self, shape):
        self.w = self.add_weight(shape=(6, 6))

    def compute_output_shape(self, shape):
        return shape

    def call(self, x):
        return x * float(self.w[0, 0])


def test_values_of_weights_are_refused():
    entry = keras.Input((5, 6))
    model = keras.Model(entry, Raw(name="raw")(entry))
    with pytest.raises(convcost.UnknownLayerError, match="'raw' of class Raw has no known"):
        convcost.from_keras(model)
    with pytest.warns(UserWarning, match="raw"):
        net = convcost.from_keras(model, on_unknown="warn")
    assert net.left_out == ("raw",)
    assert net.params == 0


class Both(keras.Model):
    """A model that computes more if it is called with a keyword."""

    def __init__(self):
        super().__init__()
        self.a, self.b = kl.Dense(3), kl.Dense(4)

    def call(self, x, y=None):
        return self.a(x) if y is None else ops.concatenate([self.a(x), self.b(y)], -1)


def test_a_model_called_with_keywords():
    model = Both()
    model(np.ones((1, 6)), y=np.ones((1, 7)))
    with pytest.raises(
        convcost.ModelError, match=r"does not reach all .* and its call takes y, to"
    ):
        convcost.from_keras(model)
    net = convcost.from_keras(model, {"x": (6,), "y": (7,)})
    assert net.macs == 6 * 3 + 7 * 4
    assert net.output_shapes == ((7,),)


class Scaled(kl.Layer):
    def call(self, x, scale=None, options=None):
        for one in (options or {}).get("more", ()):
            x = x + one
        return x if scale is None else x * scale


def test_tensors_in_keywords_and_nests():
    entry = keras.Input((4, 6))
    pooled = kl.GlobalAveragePooling1D(keepdims=True)(entry)
    scaled = Scaled()(entry, scale=pooled, options={"more": (pooled, pooled)})
    net = convcost.from_keras(keras.Model(entry, kl.Dense(3)(scaled)))
    assert net.macs == 4 * 6 * 3
    assert net.at((9, 6)).macs == 9 * 6 * 3


class Windows(kl.Layer):
    def call(self, x):
        _, h, w, c = x.shape
        y = ops.reshape(x, (-1, h * w, c))
        return ops.matmul(y, ops.transpose(y, (0, 2, 1)))


class Windowed(keras.Model):
    def __init__(self):
        super().__init__()
        self.inner = Windows()

    def call(self, x):
        return self.inner(x)


def test_a_subclassed_model_is_traced_again_at_other_sizes():
    model = Windowed()
    model(np.ones((1, 8, 8, 3)))
    net = convcost.from_keras(model)
    assert net.macs == 64 * 64 * 3
    assert net.at((16, 16, 3)).macs == 256 * 256 * 3


class Unrolled(kl.Layer):
    """A recurrence whose first state is zeros for each input of the batch."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.cell, self.wide = kl.Dense(4), kl.Dense(4)

    def build(self, shape):
        self.cell.build((None, 4))
        self.wide.build(shape[::2])

    def call(self, x):
        state, states = ops.zeros((ops.shape(x)[0], 4)), []
        for step in range(x.shape[1]):
            state = ops.tanh(self.wide(x[:, step]) + self.cell(state))
            states.append(state)
        return ops.stack(states, axis=1)


@pytest.mark.parametrize("batch", [None, 3])
def test_a_first_state_for_each_input_of_the_batch(batch):
    entry = keras.Input(batch_shape=(batch, 5, 6))
    model = keras.Model(entry, Unrolled()(entry))
    net = convcost.from_keras(model)
    assert net.macs == 5 * (6 * 4 + 4 * 4)
    assert net.params == model.count_params()


def test_a_pipeline_is_its_layers():
    entry = keras.Input((8, 8, 3))
    steps = kl.Pipeline([kl.Rescaling(1 / 255), kl.RandomFlip(), kl.CenterCrop(6, 6)])
    model = keras.Model(entry, kl.Conv2D(2, 3)(steps(entry)))
    for source in (model, model.to_json()):
        assert convcost.from_keras(source).macs == 4 * 4 * 27 * 2
