"""Code that asks what an open side is does one thing for one length, and is refused."""

import keras
import pytest
from keras import layers as kl
from keras import ops

import convcost
from convcost._models.keras.open_numbers import OpenNumber
from convcost.symbols import symbol


class Asking(kl.Layer):
    """Multiplies once or twice, as what it asks says."""

    def __init__(self, asked):
        super().__init__()
        self.inner, self.asked = kl.Dense(4, use_bias=False), asked

    def build(self, shape):
        self.inner.build((None, 4))

    def compute_output_shape(self, shape):
        return shape  # or TensorFlow runs the code with sizes that it can't compare

    def call(self, x):
        return self.inner(x) if self.asked(self, x) else self.inner(self.inner(x))


ASKED = {
    "equal": lambda _, x: x.shape[1] == 3,
    "of ops.shape": lambda _, x: ops.shape(x)[1] == 1,
    "among": lambda _, x: x.shape[1] in (1, 2, 3),
    "a shape": lambda _, x: tuple(x.shape[1:]) == (3, 4),
    "another side": lambda _, x: x.shape[1] != x.shape[2],
    "looked up": lambda _, x: {1: True}.get(x.shape[1], False),
    "of a weight": lambda self, x: ops.shape(x)[1] != self.inner.kernel.shape[0],
    "longer": lambda _, x: x.shape[1] is None or (isinstance(x.shape[1], int) and x.shape[1] > 2),
    "of what it made": lambda self, x: self.inner(x).shape[1] == 3,
    "odd": lambda _, x: x.shape[1] is not None and x.shape[1] % 2 == 1,
    "half": lambda _, x: x.shape[1] is not None and 1 + x.shape[1] // 2 <= 4.0,
}


@pytest.mark.parametrize("name", ASKED)
def test_code_that_asks_for_an_open_length_is_refused_and_counted_at_each(name):
    entry = keras.Input((None, 4))
    model = keras.Model(entry, Asking(ASKED[name])(entry))
    with pytest.raises(convcost.UnknownLayerError, match=r"open side .*: give input_shape in num"):
        convcost.from_keras(model)
    found = [convcost.from_keras(model, (length, 4)).macs for length in (3, 11)]
    assert set(found) <= {3 * 16, 2 * 3 * 16, 11 * 16, 2 * 11 * 16}


def test_code_may_ask_for_sides_that_are_known_or_compare_open_ones():
    t = symbol("t")
    for asked in (
        lambda _, x: x.shape[-1] == 4,
        lambda self, x: x.shape[1] == self.inner(x).shape[1],
        lambda _, x: x.shape[1] != "four",
    ):
        entry = keras.Input((None, 4))
        network = convcost.from_keras(keras.Model(entry, Asking(asked)(entry)))
        assert network.macs == 16 * t


def test_code_may_pass_open_sides_on():
    class Heads(kl.Layer):
        def call(self, x):
            length = ops.shape(x)[1]
            parts = ops.reshape(x, (-1, length, 2, 2))
            return ops.reshape(ops.matmul(parts, ops.ones((2, 2))), (-1, length, 4))

    entry = keras.Input((None, 4))
    network = convcost.from_keras(keras.Model(entry, Heads()(entry)))
    assert network.macs == 8 * symbol("t")


def test_an_order_of_products_that_changes_with_the_batch_is_refused():
    entry = keras.Input((8,))
    made = ops.einsum("ad,e,eb->aeb", entry, ops.ones((3,)), ops.ones((3, 8)))
    with pytest.raises(convcost.ModelError, match="backends differ"):
        convcost.from_keras(keras.Model(entry, made))


def test_a_frame_of_odd_length_pads_less():
    for length, stride, bins in [(31, 1, 3), (3, 5, 2), (1, 1, 1), (32, 7, 4)]:
        steps = 3 * stride + 37
        layer = convcost.layers.MelSpectrogram(
            fft_length=length, sequence_stride=stride, num_mel_bins=bins
        )
        theirs = kl.MelSpectrogram(fft_length=length, sequence_stride=stride, num_mel_bins=bins)
        made = theirs(ops.ones((1, steps)))
        assert layer.output_shape((steps,)) == tuple(made.shape[1:])


def test_branches_that_differ_with_an_open_side_are_shown():
    class Choosing(kl.Layer):
        def build(self, shape):
            self.w = self.add_weight(shape=(2, 2))

        def call(self, x):
            return ops.cond(ops.sum(x) > 0, lambda: ops.matmul(x, self.w), lambda: x)

        def compute_output_spec(self, x):
            return keras.KerasTensor(x.shape)

    entry = keras.Input((None, 2))
    with pytest.raises(convcost.ModelError, match=r"4\*t MACs"):
        convcost.from_keras(keras.Model(entry, Choosing()(entry)))


def test_keras_itself_may_look_up_what_stands_for_an_open_side():
    inside = {"__name__": "keras.src.anywhere", "side": OpenNumber(1009)}
    assert eval("{1009: 'found'}[side]", inside) == "found"
    with pytest.raises(TypeError, match="looks an open side"):
        hash(inside["side"])


def test_code_that_takes_another_layer_where_a_side_is_open_is_refused():
    class Two(kl.Layer):
        def __init__(self):
            super().__init__()
            self.a, self.b = kl.Dense(4), kl.Dense(4)

        def build(self, shape):
            self.a.build((None, 4))
            self.b.build((None, 4))

        def call(self, x):
            return self.a(x) if x.shape[1] is None else self.b(x)

    entry = keras.Input((None, 4))
    with pytest.raises(convcost.ModelError, match="computes with an open side"):
        convcost.from_keras(keras.Model(entry, Two()(entry)))
