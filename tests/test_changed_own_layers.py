"""Models with users' own layers, changed, scaled, and inside wrappers."""

import copy
import pickle

import keras
import numpy as np
import pytest
from keras import layers as kl
from keras import ops

import convcost


class Convolving(kl.Layer):
    """A convolution with a kernel of its own, without a layer."""

    def build(self, shape):
        self.k = self.add_weight(shape=(3, 3, shape[-1], 8))

    def compute_output_shape(self, shape):
        return (*shape[:-1], 8)

    def call(self, x):
        return ops.conv(x, self.k, padding="same")


def test_changes_of_a_model_with_own_layers():
    entry = keras.Input((10, 10, 4))
    x = kl.Conv2D(4, 3, padding="same", name="first")(entry)
    model = keras.Model(entry, kl.Conv2D(2, 3, name="last")(Convolving(name="own")(x)))
    net = convcost.from_keras(model)
    assert net.macs == 100 * 9 * (4 * 4 + 4 * 8) + 64 * 9 * 8 * 2
    changed = net.with_separable(["first"])
    assert changed["own/conv"].macs == net["own/conv"].macs
    assert changed["first"].params == 9 * 4 + 4 * 4 + 4
    assert changed.params == net.params - net["first"].params + changed["first"].params
    with pytest.raises(convcost.ModelError, match=r"'own' .*recorded for other input shapes"):
        changed.at((20, 20, 4))
    assert net.at((20, 20, 4)).with_separable(["first"])["own/conv"].macs == 400 * 9 * 4 * 8


class Mixer(kl.Layer):
    """Layers inside, and nothing that fixes a size."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.wide, self.narrow = kl.Dense(16, name="wide"), kl.Dense(8, name="narrow")

    def call(self, x):
        return x + self.narrow(ops.relu(self.wide(x)))


class Flattening(Mixer):
    def call(self, x):
        return super().call(ops.reshape(x, (-1, 8)))


def test_the_width_of_own_layers_is_scaled_where_no_size_is_fixed():
    def model(layer):
        entry = keras.Input((5, 8))
        return keras.Model(entry, kl.Dense(3, name="head")(layer(kl.Dense(8)(entry))))

    net = convcost.from_keras(model(Mixer(name="mix")))
    half = net.scale(0.5)
    assert half["mix/wide"].output_shape == (5, 8)
    assert half["mix/narrow"].output_shape == (5, 4)
    flat = convcost.from_keras(model(Flattening(name="flat")))
    with pytest.raises(convcost.ModelError, match=r"'flat' .*recorded for other input shapes"):
        flat.scale(0.5)


def test_time_distributed_models_and_own_layers():
    frame = keras.Sequential([keras.Input((8, 8, 3)), kl.Conv2D(4, 3), kl.Flatten()])
    entry = keras.Input((5, 8, 8, 3))
    model = keras.Model(entry, kl.TimeDistributed(frame)(entry))
    net = convcost.from_keras(model)
    assert net.macs == 5 * 36 * 27 * 4
    assert net.output_shapes == ((5, 144),)
    assert net.params == model.count_params()
    assert net.rows[0].times == 5
    assert net.rows[0].input_shapes == ((5, 8, 8, 3),)
    assert convcost.from_keras(model.to_json()).total() == net.total()
    model = keras.Model(entry, kl.TimeDistributed(Convolving())(entry))
    net = convcost.from_keras(model)
    assert net.macs == 5 * 64 * 9 * 3 * 8
    assert net.params == model.count_params()
    assert net.at((7, 8, 8, 3)).macs == 7 * 64 * 9 * 3 * 8


class Choosing(Mixer):
    """What its branches compute, Keras does not record."""

    def compute_output_shape(self, shape):
        return shape

    def call(self, x):
        return ops.cond(ops.sum(x) > 0, lambda: super(Choosing, self).call(x), lambda: x)


class Five(kl.Layer):
    def compute_output_shape(self, shape):
        return shape

    def call(self, x):
        return 5


class Raising(Five):
    def call(self, x):
        raise RuntimeError("boom\nand more")


@pytest.mark.parametrize(
    ("layer", "message"),
    [
        (
            Five,
            "traced .TypeError: it returns 5, which is not a tensor.",
        ),
        (
            Raising,
            "its call can't be traced .RuntimeError: boom and more; .*py, line",
        ),
    ],
)
def test_calls_that_can_not_be_followed(layer, message):
    entry = keras.Input((5, 8))
    with pytest.raises(convcost.UnknownLayerError, match=message):
        convcost.from_keras(keras.Model(entry, layer()(entry)))


def test_branches_that_cost_differently_are_refused():
    entry = keras.Input((5, 8))
    own = Choosing()
    own.wide.build((None, 5, 8))
    own.narrow.build((None, 5, 16))
    with pytest.raises(convcost.ModelError, match=r"branches differ .* or 0 MACs .*register"):
        convcost.from_keras(keras.Model(entry, own(entry)))


class Constant(kl.Layer):
    """Its output does not depend on its input."""

    def __init__(self, value, **kwargs):
        super().__init__(**kwargs)
        self.value = value

    def compute_output_shape(self, shape):
        return (1, 3)

    def call(self, x):
        return {"array": np.ones((1, 3)), "tensor": ops.ones((1, 3)), "weight": self.w}[self.value]

    def build(self, shape):
        self.w = self.add_weight(shape=(1, 3))


@pytest.mark.parametrize("value", ["array", "tensor", "weight"])
def test_an_output_that_is_constant(value):
    entry = keras.Input((4,))
    net = convcost.from_keras(keras.Model(entry, kl.Dense(2)(Constant(value)(entry))))
    assert net.macs == 3 * 2


class Plus(keras.Model):
    """A functional model with a call of its own."""

    def __init__(self):
        entry = keras.Input((4,))
        super().__init__(entry, kl.Dense(2)(entry))

    def call(self, x, training=None):
        return super().call(x) * 2


def test_a_functional_model_with_a_call_of_its_own():
    model = Plus()
    net = convcost.from_keras(model)
    assert (net.macs, net.params) == (8, model.count_params())


@pytest.mark.parametrize("again", [copy.deepcopy, lambda net: pickle.loads(pickle.dumps(net))])
def test_copies_keep_what_was_recorded(again):
    entry = keras.Input((5, 8))
    net = convcost.from_keras(keras.Model(entry, Mixer()(entry)))
    twin = again(net)
    assert twin.total() == net.total()
    assert twin.at((5, 8)).total() == net.total()
    with pytest.raises(convcost.ModelError, match="can't be run again in a changed or copied"):
        twin.at((7, 8))


def test_a_model_whose_branches_multiply_nothing():
    class Chooses(keras.Model):
        def call(self, x):
            return ops.cond(ops.sum(x) > 0, lambda: x, lambda: 2 * x)

    model = Chooses(name="chooses")
    model.built = True
    assert convcost.from_keras(model, (4,)).macs == 0
