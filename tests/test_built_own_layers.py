"""Own layers at other sizes than they were built with: as Keras builds them there, or refused."""

import random

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from keras import layers as kl
from keras import ops

import convcost


class Positions(kl.Layer):
    def build(self, shape):
        self.p = self.add_weight(shape=shape[1:])

    def call(self, x):
        return x + self.p[: x.shape[1]]


class Sublayer(kl.Layer):
    def build(self, shape):
        self.inner = kl.Dense(shape[1])

    def call(self, x):
        return self.inner(x)


class Normalized(kl.Layer):
    def build(self, shape):
        self.gamma = self.add_weight(shape=shape[-1:])

    def call(self, x):
        return ops.rms_normalization(x, self.gamma)


class Half(kl.Layer):
    """No weights, but a number."""

    def build(self, shape):
        self.half = shape[1] // 2

    def call(self, x):
        return ops.matmul(x[:, : self.half], ops.ones((x.shape[-1], 3)))


class Table(kl.Layer):
    """An array, and lists and dicts of numbers, and what can't be compared."""

    def build(self, shape):
        self.table = {"rows": [np.arange(shape[1])], "object": object()}

    def call(self, x):
        return ops.matmul(ops.ones((2, len(self.table["rows"][0]))), x)


class Fixed(kl.Layer):
    """What `build` makes, it makes at any size."""

    def __init__(self, units=5, **kwargs):
        super().__init__(**kwargs)
        self.units = units
        self.inner = kl.Dense(units)

    def build(self, shape):
        self.w = self.add_weight(shape=(self.units, 2))
        self.inner.build(shape)

    def call(self, x):
        return ops.matmul(self.inner(x), self.w)


class Models(kl.Layer):
    """Models inside, with layers and operations of no name of their own."""

    def build(self, shape):
        entry = keras.Input((None, shape[-1]))
        wide = kl.Dense(6, activation="relu")(entry)
        self.first = keras.Model(entry, wide + ops.tanh(wide))
        self.last = keras.Sequential([kl.TimeDistributed(kl.Dense(4)), kl.ReLU()])
        self.last.build((None, None, 6))

    def call(self, x):
        return self.last(self.first(x))


class Own(kl.Dense):
    """A layer of Keras with a call of its own."""

    def call(self, x):
        return super().call(x) * 2


class Two(kl.Layer):
    """Two inputs, of which `build` sees both."""

    def build(self, x_shape, y_shape):
        self.w = self.add_weight(shape=(x_shape[-1], y_shape[-1]))

    def call(self, x, y):
        return ops.matmul(x, self.w) + y


class Listed(kl.Layer):
    def build(self, shapes):
        self.w = self.add_weight(shape=(shapes[0][-1], shapes[1][-1]))

    def call(self, xs):
        return ops.matmul(xs[0], self.w) + xs[1]


class Named(kl.Layer):
    def build(self, shapes):
        self.w = self.add_weight(shape=(shapes["x"][-1], shapes["y"][-1]))

    def call(self, xs):
        return ops.matmul(xs["x"], self.w) + xs["y"]


def with_two(layer):
    def call(x):
        pooled = ops.mean(x, axis=1, keepdims=True)
        if isinstance(layer, Two):
            return layer(x, pooled)
        return layer([x, pooled] if isinstance(layer, Listed) else {"x": x, "y": pooled})

    return call


KINDS = {
    one.__name__: one for one in (Positions, Sublayer, Normalized, Half, Table, Fixed, Models)
} | {
    "Own": lambda: Own(4),
    "Two": lambda: with_two(Two()),
    "Listed": lambda: with_two(Listed()),
    "Named": lambda: with_two(Named()),
    "nested": lambda: keras.Sequential([Positions()]),
    "inside": lambda: Around(Positions()),
    "timed": lambda: kl.TimeDistributed(Shaped()),
}


class Around(kl.Layer):
    def __init__(self, inner, **kwargs):
        super().__init__(**kwargs)
        self.inner = inner

    def call(self, x):
        return self.inner(x)


class Shaped(Normalized):
    def compute_output_shape(self, shape):
        return shape


def model(kind, steps, width):
    entry = keras.Input((steps, width))
    return keras.Model(entry, kl.Dense(3)(KINDS[kind]()(entry)))


sizes = st.tuples(st.integers(2, 7), st.integers(2, 5))


@settings(deadline=None)
@given(st.sampled_from(sorted(KINDS)), sizes, sizes)
def test_at_another_size_it_is_the_model_built_there_or_refused(kind, first, second):
    net = convcost.from_keras(model(kind, *first))
    built = model(kind, *second)
    try:
        there = net.at(second)
    except convcost.ModelError:
        assert first != second
        # What depends on neither side is never refused.
        assert kind != "Fixed" or first[1] != second[1]
        assert kind not in ("Normalized", "Own", "Two", "Listed", "Models") or first[1] != second[1]
        return
    assert there.params == built.count_params()
    assert there.total() == convcost.from_keras(built).total()


@settings(deadline=None)
@given(st.sampled_from(["Normalized", "Fixed", "Own", "Two", "Listed", "Named"]), sizes, sizes)
def test_an_open_side_enters_no_weight(kind, first, second):
    net = convcost.from_keras(model(kind, None, first[1]))
    there = (second[0], first[1])
    assert net.at(there).total() == convcost.from_keras(model(kind, *there)).total()


def refused(source, shape, message):
    with pytest.raises(convcost.ModelError, match=message):
        convcost.from_keras(source).at(shape)


def test_the_message_says_what_to_do():
    refused(
        model("Positions", 10, 5),
        (5, 5),
        r"'positions.*called with \(None, 10, 5\), and it makes something else for \(None, 5, 5\):"
        " build the model at that size in Keras, and read it again",
    )


class Unsaved(Positions):
    """Its arguments are not in its config."""

    def __init__(self, start, **kwargs):
        super().__init__(**kwargs)
        self.start = start


class Loose(kl.Layer):
    """A build that Keras did not call."""

    def __init__(self, inner, **kwargs):
        super().__init__(**kwargs)
        self.inner = inner

    def get_config(self):
        return {"inner": self.inner}

    def build(self, sides):
        self.w = self.add_weight(shape=sides[-1:])

    def call(self, x):
        return self.inner(x) * self.w


class Random(kl.Layer):
    def build(self, shape):
        self.w = self.add_weight(shape=(random.randint(1, 10**9) % 7 + 1, shape[-1]))

    def call(self, x):
        return ops.matmul(x, ops.transpose(self.w))


def own(layer, steps=5, width=4):
    entry = keras.Input((steps, width))
    return keras.Model(entry, layer(entry))


def test_where_nothing_tells_what_build_makes():
    refused(own(Loose(kl.ReLU())), (7, 4), "its config holds layers of the model")
    assert convcost.from_keras(own(Unsaved(object()))).at((5, 4)).params == 20


def test_a_layer_that_cannot_be_saved_is_made_again_from_what_it_holds():
    refused(own(Unsaved(object())), (7, 4), "it makes something else for")


class Odd(Two):
    """A build whose arguments have other names than those of call."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        super().build((None, 5, 4), (None, 1, 4))
        self.built = True

    def build(self, x_shape, z_shape):
        pass


def test_a_build_by_hand_with_other_names():
    layer = Odd()
    entry = keras.Input((5, 4))
    built = keras.Model(entry, with_two(layer)(entry))
    layer._build_shapes_dict = {"x_shape": (None, 5, 4), "z_shape": (None, 1, 4)}
    assert convcost.from_keras(built).params == 16
    refused(built, (7, 4), "don't have the names of those of call")


class Trivial(kl.Layer):
    def build(self, shape):
        self.built = True

    def call(self, x):
        return ops.matmul(x, ops.transpose(x, (0, 2, 1)))


class Weightless(kl.Layer):
    def __init__(self, value, **kwargs):
        super().__init__(**kwargs)
        self.value = value

    build = Trivial.build

    def call(self, x):
        return ops.matmul(x, ops.transpose(x, (0, 2, 1)))


@pytest.mark.parametrize("layer", [Trivial, lambda: Weightless(object())])
def test_a_build_that_makes_nothing(layer):
    assert convcost.from_keras(own(layer())).at((7, 6)).macs == 7 * 7 * 6


class Borrowing(kl.Layer):
    """Computes with the weight of a layer in it, which it does not call."""

    def __init__(self, built=True, **kwargs):
        super().__init__(**kwargs)
        self.inner, self.early = kl.LayerNormalization(), built

    def build(self, shape):
        if self.early:
            self.inner.build(shape)

    def call(self, x):
        return ops.rms_normalization(x, self.inner.gamma)


@pytest.mark.parametrize("built", [False, True])
def test_weights_of_layers_inside_that_code_uses(built):
    layer = Borrowing(built)
    if not built:
        layer.inner.build((None, 5, 4))
    net = convcost.from_keras(own(layer))
    with pytest.raises(convcost.ModelError, match="its code uses weights of layers in it"):
        net.at((5, 8))
    if built:
        assert net.at((7, 4)).params == 8


class Whole(keras.Model):
    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.inner = Positions()

    def call(self, x):
        return self.inner(x)


class WholeWithBuild(keras.Model):
    def build(self, shape):
        self.w = self.add_weight(shape=(shape[-1], shape[1]))

    def call(self, x):
        return ops.matmul(x, self.w)


@pytest.mark.parametrize("kind", [Whole, WholeWithBuild])
@pytest.mark.parametrize("batch", [1, None])
def test_whole_models(kind, batch):
    whole = kind(name="whole")
    whole(np.ones((1, 5, 4)) if batch else keras.Input((5, 4)))
    net = convcost.from_keras(whole)
    assert net.params == whole.count_params() == 20
    assert convcost.from_keras(whole, (5, 4)).total() == net.total()
    for read in (lambda: net.at((3, 4)), lambda: convcost.from_keras(whole, (3, 4))):
        with pytest.raises(convcost.ModelError, match="build the model at that size in Keras"):
            read()
    fresh = convcost.from_keras(kind(), (3, 4))
    assert fresh.params == 12


def test_asking_leaves_nothing_behind():
    built = own(Fixed())
    other = own(Sublayer())
    nets = [convcost.from_keras(built), convcost.from_keras(other)]
    before, state = number(kl.Dense(1)), random.getstate()
    assert nets[0].at((7, 4)).params == built.count_params()
    with pytest.raises(convcost.ModelError, match="something else"):
        nets[1].at((7, 4))
    assert random.getstate() == state
    assert number(kl.Dense(1)) == before + 1
    assert [len(one._inbound_nodes) for one in built.layers] == [1, 1]
    refused(own(Random()), (7, 4), "something else")


def number(layer):
    return int(layer.name.rpartition("_")[2])


@pytest.mark.parametrize("kind", ["Two", "Listed", "Named", "Models"])
def test_two_inputs_and_models_at_other_sizes(kind):
    net = convcost.from_keras(model(kind, 5, 4))
    assert net.at((7, 4)).total() == convcost.from_keras(model(kind, 7, 4)).total()
    with pytest.raises(convcost.ModelError, match="build the model at that size in Keras"):
        net.at((5, 6))


def test_a_build_with_shapes_nested_otherwise():
    layer = Listed()
    entry = keras.Input((5, 4))
    built = keras.Model(entry, with_two(layer)(entry))
    layer._build_shapes_dict = {"shapes": (None, 5, 4)}
    refused(built, (7, 4), "nothing tells what it makes at other sizes")
