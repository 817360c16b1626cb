"""What a registered function says of the weights of a layer must agree with those in its file."""

import keras
import pytest
from keras import layers as kl

import convcost
from convcost.layers import Custom, Weight


class Scaled(kl.Layer):
    """A layer with a weight for each feature, and one more."""

    def build(self, shape):
        self.scale = self.add_weight(shape=(shape[-1],), name="scale")
        self.shift = self.add_weight(shape=(), name="shift")

    def call(self, inputs):
        return inputs * self.scale + self.shift


@pytest.fixture
def registered():
    """Register costs by the name of a class, and forget them after the test."""
    names = []

    def register(name, params, shape=None):
        names.append(name)

        @convcost.layers.register(name)
        def cost(config, input_shape):
            weights = [Weight("weights", (params,))] if params else []
            return Custom(shape or input_shape, weights, macs=7)

    yield register
    for name in names:
        convcost.layers.unregister(name)


def plain():
    return keras.Sequential([keras.Input((6,)), kl.Dense(5), Scaled(name="own"), kl.Dense(2)])


def distributed():
    return keras.Sequential([keras.Input((3, 6)), kl.TimeDistributed(Scaled(), name="own")])


def nested():
    inner = keras.Sequential([keras.Input((5,)), Scaled(name="own")], name="inner")
    return keras.Sequential([keras.Input((5,)), inner])


CASES = ((plain, 6), (distributed, 7), (nested, 6))


@pytest.mark.parametrize("form", ["keras", "h5"])
@pytest.mark.parametrize(("make", "params"), CASES)
def test_as_many_as_the_file_stores_are_taken(make, params, form, tmp_path, registered):
    model = make()
    model.save(tmp_path / f"model.{form}")
    registered("Scaled", params)
    network = convcost.from_keras(tmp_path / f"model.{form}")
    assert network.params == model.count_params()


@pytest.mark.parametrize("form", ["keras", "h5"])
@pytest.mark.parametrize(("make", "params"), CASES)
@pytest.mark.parametrize("wrong", [0, 1, 99])
def test_others_are_refused(make, params, wrong, form, tmp_path, registered):
    path = tmp_path / f"model.{form}"
    make().save(path)
    registered("Scaled", wrong)
    with pytest.raises(convcost.ModelError) as caught:
        convcost.from_keras(path)
    assert f"{wrong:,} parameters" in str(caught.value)
    assert f"the file stores {params:,}" in str(caught.value)


def test_a_layer_that_is_left_out_is_not_compared(tmp_path):
    plain().save(tmp_path / "model.keras")
    with pytest.warns(UserWarning, match="own"):
        network = convcost.from_keras(tmp_path / "model.keras", on_unknown="warn")
    assert network.params == 7 * 5 + 6 * 2


def test_the_message_says_whose_number_is_wrong(tmp_path, registered):
    model = keras.Sequential([keras.Input((4, 6)), kl.RNN(kl.GRUCell(12), name="rnn")])
    model.save(tmp_path / "model.keras")
    registered("RNN", 171, (12,))
    with pytest.raises(convcost.ModelError) as caught:
        convcost.from_keras(tmp_path / "model.keras")
    assert str(caught.value) == (
        f"{tmp_path / 'model.keras'}: layer 'rnn' (RNN) has 171 parameters by the function that is"
        " registered for it, but the file stores 720: correct the function"
    )
