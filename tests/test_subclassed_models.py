"""Subclassed models and users' own layers: recorded by one symbolic call, or refused."""

import keras
import numpy as np
import pytest
from keras import layers as kl
from keras import ops
from keras_models import Block, Subclassed

import convcost
from convcost._verify.whole_models import check_model
from convcost.symbols import symbol


def test_a_subclassed_model_is_recorded():
    model = Subclassed()
    network = convcost.from_keras(model, (16, 16, 8))
    assert network.params == model.count_params()
    assert network.trainable_params == sum(int(ops.size(w)) for w in model.trainable_weights)
    conv = 3 * 3 * 8 * 8 * 16 * 16
    assert network.macs == 3 * conv + 2048 * 10
    assert network["one/weights"].params == 8 + 6
    assert network["one/weights"].non_trainable_params == 6
    # Recording leaves no trace, and can be repeated without giving the shape.
    assert not model.head._inbound_nodes
    again = convcost.from_keras(model)
    assert again.input_shapes == ((16, 16, 8),)
    assert again.total() == network.total()


def test_a_layer_of_ones_own_in_a_functional_model_is_recorded():
    entry = keras.Input((16, 16, 8))
    model = keras.Model(entry, Block(4, name="block")(entry), name="mixed")
    network = convcost.from_keras(model)
    assert network.params == model.count_params()
    assert [row.path[0] for row in network] == ["block"] * len(network)
    assert model.get_layer("block").output.shape == (None, 16, 16, 4)
    assert check_model(model, network).agrees


class TwoInputs(keras.Model):
    def __init__(self):
        super().__init__()
        self.a, self.b = kl.Dense(3), kl.Dense(3)

    def call(self, inputs):
        left, right = (inputs["x"], inputs["y"]) if isinstance(inputs, dict) else inputs
        return self.a(left) + self.b(right)


@pytest.mark.parametrize("shapes", [[(5,), (7,)], {"x": (5,), "y": (7,)}])
def test_a_subclassed_model_of_several_inputs(shapes):
    model = TwoInputs()
    network = convcost.from_keras(model, shapes)
    assert network.params == model.count_params() == 3 * (5 + 1) + 3 * (7 + 1)


def test_a_subclassed_model_at_symbolic_sides():
    class Plain(keras.Model):
        def __init__(self):
            super().__init__()
            self.conv = kl.Conv2D(4, 3, padding="same")

        def call(self, x):
            return self.conv(x)

    h, w = symbol("h"), symbol("w")
    assert convcost.from_keras(Plain(), (h, w, 3)).macs == 108 * h * w


class Stubborn(keras.Model):
    def call(self, x):
        return ops.convert_to_numpy(x)


def test_a_subclassed_model_that_cannot_be_recorded():
    with pytest.raises(convcost.ModelError, match="subclassed and was not built: give input_shape"):
        convcost.from_keras(Stubborn())
    with pytest.raises(convcost.ModelError, match="could not be recorded"):
        convcost.from_keras(Stubborn(), (3,))


class Scale(kl.Layer):
    def call(self, x, factor, shift=None):
        return x * factor if shift is None else x * factor + shift


def test_arguments_of_layers_of_ones_own():
    entry = keras.Input((4,))
    plain = keras.Model(entry, Scale()(entry, factor=2.0))
    assert convcost.from_keras(plain).output_shapes == ((4,),)
    shifted = keras.Model(entry, Scale(name="scale")(entry, factor=2.0, shift=entry))
    assert convcost.from_keras(shifted).output_shapes == ((4,),)


def test_layers_of_one_name_in_a_subclassed_model():
    class Twins(keras.Model):
        def __init__(self):
            super().__init__()
            self.a, self.b = kl.Dense(3, name="twin"), kl.Dense(3, name="twin")

        def call(self, x):
            return {"a": self.a(x), "b": self.b(x)}

    model = Twins()
    network = convcost.from_keras(model, (4,))
    assert sorted(row.name for row in network) == ["twin", "twin_1"]
    assert network.params == model.count_params()


def test_an_output_from_nowhere():
    class Nowhere(keras.Model):
        def call(self, x):
            return keras.KerasTensor((None, 3))

    model = Nowhere()
    model.built = True
    with pytest.raises(convcost.ModelError, match="does not depend on any of its inputs"):
        convcost.from_keras(model, (4,))


def nothing():
    """A layer that Keras accepts, but whose output would be empty."""
    return kl.Resizing(0, 4, name="wrong")


class Holding(kl.Layer):
    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.inner = nothing()

    def call(self, x):
        return self.inner(x)


class HoldingModel(keras.Model):
    def __init__(self):
        super().__init__()
        self.inner = nothing()

    def call(self, x):
        return self.inner(x)


def test_what_is_wrong_in_a_live_model_names_the_layer():
    entry = keras.Input((8, 8, 3))
    chain = keras.Sequential([keras.Input((8, 8, 3)), nothing()])
    models = [
        chain,
        keras.Model(entry, chain(entry)),
        keras.Model(entry, Holding()(entry)),
        HoldingModel(),
    ]
    for model in models:
        with pytest.raises(convcost.ModelError, match=r"layer 'wrong' .Resizing.: height must be"):
            convcost.from_keras(model, (8, 8, 3))


class Unfinished(keras.Model):
    """A model whose `build` makes no weights, as Keras's does if it can't call the model."""

    def __init__(self, fails=False):
        super().__init__(name="unfinished")
        self.inside = keras.Sequential([kl.Dense(4), kl.Dense(3)])
        self.fails = fails

    def build(self, shape):
        self.built = True

    def call(self, inputs):
        if self.fails:
            raise ValueError("it fails")
        return self.inside(inputs)


def test_a_model_whose_build_left_out_layers_is_built_by_a_call():
    model = Unfinished()
    model.build((None, 5))
    assert model.built
    assert not model.inside.built
    network = convcost.from_keras(model)
    assert (network.params, network.macs) == (model.count_params(), 5 * 4 + 4 * 3)
    failing = Unfinished(fails=True)
    failing.build((None, 5))
    with pytest.raises(convcost.ModelError, match="could not be recorded: ValueError: it fails"):
        convcost.from_keras(failing)


class WithUnused(keras.Model):
    def __init__(self):
        super().__init__()
        self.used, self.unused = kl.Dense(4), kl.Dense(3)

    def call(self, inputs):
        return self.used(inputs)


def test_a_model_with_a_layer_that_it_never_calls_is_not_called_by_reading():
    model = WithUnused()
    model(np.zeros((1, 5), "float32"))
    calls = len(model.used._inbound_nodes)
    assert convcost.from_keras(model).params == 24
    assert len(model.used._inbound_nodes) == calls
    assert not model.unused.built


class Three(kl.Layer):
    """Takes a tensor apart, as JAX and PyTorch do."""

    def build(self, shape):
        self.kernel = self.add_weight(shape=(3, shape[-1], 4))

    def call(self, inputs):
        query, key, value = ops.einsum("btm,pmd->pbtd", inputs, self.kernel)
        return ops.matmul(ops.matmul(query, ops.swapaxes(key, 1, 2)), value)

    def compute_output_shape(self, shape):
        return (*shape[:-1], 4)


def test_a_tensor_may_be_taken_apart():
    layer = Three()
    entry = keras.Input((6, 5))
    network = convcost.from_keras(keras.Model(entry, layer(entry)))
    assert network.macs == 3 * 6 * 5 * 4 + 2 * 6 * 6 * 4

    class Batch(kl.Layer):
        def call(self, inputs):
            first, _ = inputs
            return first

        def compute_output_shape(self, shape):
            return shape[1:]

    with pytest.raises(
        convcost.UnknownLayerError, match=r"class Batch has no known cost, as its call"
    ):
        convcost.from_keras(keras.Model(entry, Batch()(entry)))


def test_the_open_length_of_tokens_is_t():
    tokens = keras.Input((None,), dtype="int32")
    network = convcost.from_keras(keras.Model(tokens, kl.LSTM(3)(kl.Embedding(9, 4)(tokens))))
    assert network.macs == 4 * (4 + 3) * 3 * symbol("t")
