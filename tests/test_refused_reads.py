"""Reads that would build a layer of the user's model, and reads that are refused."""

import keras
import pytest
from keras import layers as kl
from keras import ops

import convcost


class Positions(kl.Layer):
    def build(self, shape):
        self.p = self.add_weight(shape=shape[1:])

    def call(self, x):
        return x + self.p


class Whole(keras.Model):
    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.inner = Positions()

    def call(self, x):
        return self.inner(x)


class Branching(kl.Layer):
    """A layer inside that only long inputs reach."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.a, self.b = kl.Dense(8), kl.Dense(8, name="late")

    def call(self, x):
        x = self.a(x)
        return self.b(x) if x.shape[1] > 12 else x


def test_a_call_at_another_size_builds_nothing():
    entry = keras.Input((10, 8))
    built = keras.Model(entry, Branching()(entry))
    net = convcost.from_keras(built)
    assert net.params == built.count_params() == 8 * 8 + 8
    with pytest.raises(convcost.ModelError, match=r"'late': call it once .* so that all of it is"):
        net.at((20, 8))
    assert built.count_params() == 8 * 8 + 8
    assert not built.layers[-1].b.built
    built.layers[-1](keras.Input((20, 8)))
    net = convcost.from_keras(built).at((20, 8))
    assert net.params == built.count_params() == 2 * (8 * 8 + 8)
    assert net.macs == 2 * 20 * 8 * 8


class Failing(keras.Model):
    """Builds some of its layers before it fails, or before convcost refuses it."""

    def __init__(self, fails):
        super().__init__(name="failing")
        self.first, self.fails = kl.Dense(3), fails
        self.inner = Positions()

    def call(self, x):
        x = self.inner(self.first(x))
        if self.fails:
            raise RuntimeError("boom")
        return ops.fft((x, x))[0]


@pytest.mark.parametrize(("fails", "message"), [(True, "boom"), (False, "a Fourier transform")])
def test_a_refused_read_leaves_a_model_as_it_was(fails, message):
    whole = Failing(fails)
    names = [set(vars(one)) for one in (whole, whole.first, whole.inner)]
    with pytest.raises(convcost.ModelError, match=message):
        convcost.from_keras(whole, (5, 4))
    assert [set(vars(one)) for one in (whole, whole.first, whole.inner)] == names
    assert not any(one.built for one in (whole, whole.first, whole.inner))
    assert not whole.weights
    whole.first.build((None, 7, 6))
    whole.inner.build((None, 7, 3))
    assert sum(one.count_params() for one in whole.layers) == 6 * 3 + 3 + 7 * 3


def test_a_model_that_is_read_is_built():
    whole = Whole()
    assert convcost.from_keras(whole, (5, 4)).params == whole.count_params() == 20
