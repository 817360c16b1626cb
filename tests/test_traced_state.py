"""Reading a live model leaves it as it was, and other threads undisturbed."""

import random
import sys
import threading
from collections import OrderedDict

import keras
import numpy as np
import pytest
from keras import layers as kl
from keras import ops

import convcost
from convcost._models.keras.unchanged import unchanged


class Remembering(kl.Layer):
    """Stores what it computes, in attributes and in containers of every kind."""

    def __init__(self, **options):
        super().__init__(**options)
        self.inner = kl.Dense(3)
        self.last = None
        self.cache = {0: "kept"}
        self.ordered = OrderedDict(b=1, a=2)
        self.listed = ["kept", [1]]
        self.names = {"kept"}

    def build(self, shape):
        self.inner.build(shape)

    def call(self, x):
        y = self.inner(x)
        self.last = y
        self.other = y
        self.cache[x.shape[1]] = y
        self.cache[0] = y
        self.ordered["b"] = y
        self.listed.append(y)
        self.listed[1].append(y)
        self.names.add(str(y.shape))
        return y


def state(layer):
    names = ("last", "cache", "ordered", "listed", "names")
    return {name: repr(getattr(layer, name)) for name in names}


def test_attributes_stay_as_they_were():
    layer = Remembering()
    entry = keras.Input((10, 4))
    model = keras.Model(entry, layer(entry))
    model(np.ones((1, 10, 4), "float32"))
    del layer.other
    before = state(layer)
    net = convcost.from_keras(model)
    net.at((6, 4))
    assert state(layer) == before
    assert not hasattr(layer, "other")
    assert list(layer.ordered) == ["b", "a"]
    layer(np.ones((1, 6, 4), "float32"))  # and nothing symbolic is left in its cache


class Choosing(kl.Layer):
    """Has a second layer for long inputs."""

    def __init__(self, **options):
        super().__init__(**options)
        self.first, self.second = kl.Dense(4), kl.Dense(4)

    def build(self, shape):
        self.first.build(shape)

    def call(self, x):
        x = self.first(x)
        return self.second(x) if x.shape[1] > 12 else x


def test_no_layer_is_built():
    entry = keras.Input((10, 4))
    model = keras.Model(entry, Choosing(name="choosing")(entry))
    second = model.get_layer("choosing").second
    net = convcost.from_keras(model)
    with pytest.raises(convcost.UnknownLayerError, match="makes the weights of layer 'dense"):
        net.at((20, 4))
    assert not second.built
    assert model.count_params() == net.params == 20
    assert len(model.weights) == 2
    # The way out that the message names.
    longer = keras.Input((20, 4))
    built = keras.Model(longer, model.get_layer("choosing")(longer))
    assert built.count_params() == convcost.from_keras(built).params == 40
    assert len(second.weights) == 2


def test_random_numbers_of_python_stay_as_they_were():
    class Noisy(kl.Layer):
        def call(self, x):
            return x + keras.random.normal(x.shape[1:])

    entry = keras.Input((4,))
    model = keras.Model(entry, Noisy()(entry))
    before = random.getstate()
    convcost.from_keras(model)
    assert random.getstate() == before


def test_what_is_no_layer_is_left_alone():
    with unchanged(lambda x: x):
        pass


class Twice(kl.Layer):
    def __init__(self, **options):
        super().__init__(**options)
        self.inner = kl.Dense(8)

    def build(self, shape):
        self.inner.build(shape)

    def call(self, x):
        return self.inner(self.inner(x))


@pytest.fixture
def often():
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    yield
    sys.setswitchinterval(interval)


def in_threads(*functions):
    """Run functions at the same time; return the errors."""
    errors = []

    def run(function):
        try:
            function()
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=run, args=(function,)) for function in functions]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return errors


def test_threads_may_read_the_same_model(often):
    entry = keras.Input((5, 8))
    layer = Twice()
    model = keras.Model(entry, layer(layer(entry)))

    def read():
        for _ in range(12):
            net = convcost.from_keras(model)
            assert (net.params, net.macs) == (72, 4 * 5 * 64)

    assert in_threads(read, read, read) == []


def test_threads_may_build_models_meanwhile(often):
    entry = keras.Input((5, 8))
    layer = Twice()
    model = keras.Model(entry, layer(entry))
    built = []

    def read():
        for _ in range(25):
            convcost.from_keras(model)

    def build():
        for _ in range(25):
            again = keras.Input((5, 8))
            built.append(keras.Model(again, layer.inner(layer(again))))

    assert in_threads(read, build) == []
    for one in built:
        assert convcost.from_keras(one).macs == 3 * 5 * 64
        assert one.from_config(one.get_config(), {"Twice": Twice}).outputs[0].shape == (None, 5, 8)


def test_a_weight_named_as_a_seed_is_a_weight():
    class Named(kl.Layer):
        def build(self, shape):
            self.w = self.add_weight(shape=(6, 6), name="seed_generator_state")

        def call(self, x):
            return x @ ops.matmul(self.w, self.w)

    entry = keras.Input((6,))
    assert convcost.from_keras(keras.Model(entry, Named()(entry))).macs == 36 + 6**3


def test_a_layer_that_only_a_function_refers_to_is_refused():
    hidden = kl.Dense(3, name="hidden")
    hidden.build((None, 8))
    entry = keras.Input((10, 8))
    model = keras.Model(entry, kl.Lambda(lambda x: hidden(x))(entry))
    assert model.count_params() == 0
    with pytest.raises(convcost.ModelError, match="'hidden' is called in the model, but its weig"):
        convcost.from_keras(model)


def test_a_compiled_function_is_refused_even_if_it_was_recorded_before():
    tensorflow = pytest.importorskip("tensorflow")
    if keras.backend.backend() != "tensorflow":
        pytest.skip("its functions take tensors of TensorFlow")

    class Compiled(kl.Layer):
        def build(self, shape):
            self.w = self.add_weight(shape=(8, 8))

        @tensorflow.function
        def squared(self):
            return ops.matmul(self.w, self.w)

        def call(self, x):
            return x @ self.squared()

    entry = keras.Input((10, 8))
    model = keras.Model(entry, Compiled()(entry))
    model(np.ones((1, 10, 8), "float32"))
    with pytest.raises(convcost.UnknownLayerError, match=r"calls the tf\.function 'squared'"):
        convcost.from_keras(model)
    model(np.ones((1, 10, 8), "float32"))


def test_an_array_that_build_stores():
    class Stored(kl.Layer):
        def build(self, shape):
            self.numbers = np.arange(shape[1])

        def call(self, x):
            return ops.matmul(ops.ones((2, len(self.numbers))), x)

    entry = keras.Input((10, 4))
    net = convcost.from_keras(keras.Model(entry, Stored()(entry)))
    assert net.at((10, 4)).macs == net.macs == 2 * 10 * 4
    with pytest.raises(convcost.ModelError, match="build the model at that size in Keras"):
        net.at((6, 4))
