"""Recurrent layers over cells of one's own, live: against Keras's counts and JAX's record."""

import contextlib
import json

import keras
import pytest
from both_forms import hold, walked
from keras import layers as kl

import convcost
from convcost.symbols import symbol


@keras.saving.register_keras_serializable("own_cells")
class Gated(kl.Layer):
    """A cell with weights, a layer in it, and two states."""

    def __init__(self, units, **options):
        super().__init__(**options)
        self.units = units
        self.state_size = [units, 3]
        self.gate = kl.Dense(units)

    def get_config(self):
        return {**super().get_config(), "units": self.units}

    def build(self, shape):
        self.kernel = self.add_weight(shape=(shape[-1], self.units), name="kernel")
        self.gate.build((None, self.units))

    def call(self, inputs, states):
        made = keras.ops.tanh(inputs @ self.kernel + self.gate(states[0]))
        return made, [made, states[1] + 1.0]


class Simple(kl.Layer):
    """A cell with one state, whose first value is a product of weights."""

    def __init__(self, units, **options):
        super().__init__(**options)
        self.state_size = self.output_size = units

    def build(self, shape):
        self.start = self.add_weight(shape=(1, 5), name="start")
        self.spread = self.add_weight(shape=(5, self.state_size), name="spread")
        self.kernel = self.add_weight(shape=(shape[-1], self.state_size), name="kernel")

    def get_initial_state(self, batch_size=None):
        row = self.start @ self.spread
        return keras.ops.repeat(row, batch_size, axis=0)

    def call(self, inputs, states, training=False):
        made = inputs @ self.kernel + states[0]
        if training:
            made = made @ keras.ops.transpose(self.kernel) @ self.kernel
        return made, [made]


def with_layer(layer, *shape, **options):
    entry = keras.Input(shape or (6, 4))
    return keras.Model(entry, layer(entry, **options))


def hold_to_jax(model):
    net = hold(model, saved=False)
    # Another process, where JAX is not the backend of Keras, does not know these classes.
    assert walked(model, net, whole=False) in (None, net.macs)
    return net


@pytest.mark.parametrize("sequences", [True, False])
@pytest.mark.parametrize("state", [True, False])
def test_a_cell_is_counted_for_each_step(sequences, state):
    rnn = kl.RNN(Gated(5), return_sequences=sequences, return_state=state)
    net = hold_to_jax(with_layer(rnn))
    assert net.macs == 6 * (4 * 5 + 5 * 5)


def test_a_first_state_is_made_once():
    net = hold_to_jax(with_layer(kl.RNN(Simple(3))))
    assert net.macs == 6 * 4 * 3 + 5 * 3


def test_what_a_cell_does_in_training_only():
    model = with_layer(kl.RNN(Simple(3)), training=True)
    assert convcost.from_keras(model).macs == 6 * 3 * 4 * 3 + 5 * 3


@pytest.mark.parametrize("cells", [lambda: [kl.LSTMCell(3), Gated(5)], lambda: [Gated(5)]])
@pytest.mark.parametrize("sequences", [True, False])
def test_cells_in_sequence(cells, sequences):
    made = cells()
    net = hold(with_layer(kl.RNN(made, return_sequences=sequences)), saved=False)
    own = Gated(5)
    alone = hold_to_jax(with_layer(kl.RNN(own), 6, 3 if len(made) == 2 else 4)).macs
    before = 6 * 4 * 3 * (4 + 3) if len(made) == 2 else 0
    assert net.macs == alone + before


@pytest.mark.parametrize("mode", ["concat", "sum", "mul", "ave", None])
def test_both_directions(mode):
    rnn = kl.RNN(Gated(5), return_sequences=mode != "sum")
    net = hold_to_jax(with_layer(kl.Bidirectional(rnn, mode)))
    assert net.macs == 2 * 6 * (4 * 5 + 5 * 5)


def test_both_directions_with_states_and_another_layer_backwards():
    forward, backward = (
        kl.RNN(Gated(5), return_state=True),
        kl.RNN(Gated(5), return_state=True, go_backwards=True),
    )
    hold_to_jax(with_layer(kl.Bidirectional(forward, backward_layer=backward)))
    mixed = kl.Bidirectional(kl.RNN(Gated(5)), backward_layer=kl.GRU(5, go_backwards=True))
    hold_to_jax(with_layer(mixed))


def test_states_that_are_given():
    entry, states = keras.Input((6, 4)), [keras.Input((5,)), keras.Input((3,))]
    made = kl.RNN(Gated(5), return_state=True)(entry, initial_state=states)
    net = hold_to_jax(keras.Model([entry, *states], made))
    assert net.macs == 6 * (4 * 5 + 5 * 5)


def test_a_layer_that_is_called_twice():
    rnn, entry = kl.RNN(Gated(4), return_sequences=True), keras.Input((6, 4))
    net = hold_to_jax(keras.Model(entry, rnn(rnn(entry))))
    assert net.macs == 2 * 6 * (4 * 4 + 4 * 4)


def test_called_with_states_and_without():
    rnn, entry = kl.RNN(Gated(4), return_sequences=True, return_state=True), keras.Input((6, 4))
    made, *states = rnn(entry)
    model = keras.Model(entry, rnn(made, initial_state=states))
    with pytest.raises(convcost.UnknownLayerError, match="called with states, and without them"):
        convcost.from_keras(model)


def test_both_directions_with_states_that_are_given():
    entry, states = keras.Input((6, 4)), [keras.Input((n,)) for n in (5, 3, 5, 3)]
    made = kl.Bidirectional(kl.RNN(Gated(5)))(entry, initial_state=states)
    with pytest.raises(
        convcost.UnknownLayerError, match="Bidirectional around RNN has no known cost, as its cells"
    ):
        convcost.from_keras(keras.Model([entry, *states], made))


def test_both_directions_of_which_one_is_not_known():
    odd = kl.GRU(5, go_backwards=True, activation=kl.PReLU())
    model = with_layer(kl.Bidirectional(kl.RNN(Gated(5)), backward_layer=odd))
    with pytest.raises(convcost.UnknownLayerError, match="Bidirectional around GRU with the activ"):
        convcost.from_keras(model)


def test_an_open_length():
    model = with_layer(kl.RNN(Gated(5)), None, 4)
    t = symbol("t")
    assert convcost.from_keras(model, (t, 4)).macs == 45 * t
    assert convcost.from_keras(model, (9, 4)).macs == 45 * 9


def test_masks_change_nothing():
    entry = keras.Input((6,), dtype="int32")
    made = kl.RNN(Gated(5))(kl.Embedding(9, 4, mask_zero=True)(entry))
    assert hold(keras.Model(entry, made), saved=False).macs == 6 * 45


def test_frozen_cells():
    rnn = kl.RNN(Gated(5))
    model = with_layer(rnn, 6, 4)
    rnn.cell.gate.trainable = False
    hold(model, saved=False)


def test_a_cell_that_is_not_a_layer():
    class Plain:
        state_size = 4
        compute_dtype = "float32"

        def call(self, inputs, states):
            return inputs + states[0], [inputs]

    assert hold(with_layer(kl.RNN(Plain())), saved=False).macs == 0


def test_a_cell_that_can_not_be_traced():
    class Opaque(Gated):
        def call(self, inputs, states):
            if self.built and float(keras.ops.sum(inputs)) > 0:
                return inputs, states
            return states[0], states

        def compute_output_spec(self, inputs, states):
            return keras.KerasTensor(states[0].shape), [keras.KerasTensor(s.shape) for s in states]

    model = with_layer(kl.RNN(Opaque(4)))
    with pytest.raises(convcost.UnknownLayerError, match="Opaque"):
        convcost.from_keras(model)


def test_a_model_is_not_changed_and_can_be_changed():
    model = with_layer(kl.RNN(Gated(5)))
    before = [one.name for one in model.weights]
    net = convcost.from_keras(model)
    assert [one.name for one in model.weights] == before
    assert net.at((9, 4)).macs == 9 * 45
    assert net.with_separable().macs == net.macs


@contextlib.contextmanager
def registered_gated():
    """Register `Gated(5)` on 4 channels."""

    @convcost.layers.register("own_cells>Gated")
    def gated(config, input_shape):
        assert input_shape == (4,)
        kernel = convcost.layers.Weight("kernel", (*input_shape, 5))
        gate = [convcost.layers.Weight(*w) for w in (("kernel", (5, 5)), ("bias", (5,)))]
        return convcost.layers.Custom([(5,), (5,), (3,)], [kernel, *gate], macs=45)

    try:
        yield
    finally:
        convcost.layers.unregister("own_cells>Gated")


@pytest.mark.parametrize("merge_mode", ["concat", "sum", "mul", "ave", None, "one way"])
@pytest.mark.parametrize("other", [None, kl.LSTM(5, return_sequences=True, go_backwards=True)])
def test_a_file_is_refused_by_the_name_of_the_cell_unless_it_is_registered(merge_mode, other):
    layer = kl.RNN(Gated(5), return_sequences=True)
    if merge_mode != "one way":
        layer = kl.Bidirectional(layer, merge_mode, backward_layer=other)
    model = with_layer(layer)
    with pytest.raises(convcost.UnknownLayerError, match=r"around Gated.*\('own_cells>Gated'\)"):
        convcost.from_keras(model.to_json())
    with registered_gated():
        for one in (model, model.to_json()):
            net = convcost.from_keras(one)
            back = 0 if merge_mode == "one way" else 45 if other is None else 4 * 5 * (4 + 5)
            assert net.macs == 6 * (45 + back)
            assert net.params == model.count_params()
            assert net.output_shapes == tuple(one.shape[1:] for one in model.outputs)


def test_two_directions_over_a_registered_cell_that_can_not_be_read():
    entry, states = keras.Input((6, 4)), [keras.Input((n,)) for n in (5, 3, 5, 3)]
    both = kl.Bidirectional(kl.RNN(Gated(5)))
    called = keras.Model([entry, *states], both(entry, initial_state=states))
    returning = with_layer(kl.Bidirectional(kl.RNN(Gated(5), return_state=True)))
    wrong = json.loads(with_layer(kl.Bidirectional(kl.RNN(Gated(5)))).to_json())
    wrong["config"]["layers"][1]["config"]["merge_mode"] = "max"
    other = kl.Bidirectional(kl.RNN(Gated(5)), backward_layer=kl.RNN(Simple(5), go_backwards=True))
    with registered_gated():
        for given, message in (
            (returning.to_json(), "its cell is registered, and it returns its states"),
            (
                wrong,
                "merge_mode must be one of .'ave', 'concat', 'mul', 'sum'., or None; got 'max'",
            ),
            (with_layer(other).to_json(), "around RNN around Simple"),
            (called.to_json(), "takes 1 input"),
        ):
            with pytest.raises(ValueError, match=message):
                convcost.from_keras(given)
