"""Recurrent layers against Keras, live and from JSON, against JAX's record, and against loops."""

from dataclasses import replace
from typing import NamedTuple

import keras
import numpy as np
import pytest
from both_forms import hold, hold_to_jax, shapes_of
from hypothesis import given
from hypothesis import strategies as st
from keras import layers as kl
from strategies import examples

import convcost
from convcost import layers
from convcost.symbols import symbol

SMALL = st.integers(1, 4)
FLAGS = st.booleans()
GATES = {"SimpleRNN": 1, "GRU": 3, "LSTM": 4}


class Drawn(NamedTuple):
    """A layer that Keras and this library make from the same arguments.

    `only` are arguments of Keras alone; `looped` are the gates and units of the cells.
    """

    name: str
    given: object
    options: dict
    looped: list
    only: dict

    def theirs(self):
        return getattr(kl, self.name)(made_of(self.given, 0), **self.options, **self.only)

    def ours(self):
        return getattr(layers, self.name)(made_of(self.given, 1), **self.options)


def made_of(given, ours):
    """Return an argument as Keras, or we, take it: cells are made."""
    if isinstance(given, list):
        return [made_of(one, ours) for one in given]
    if isinstance(given, Drawn):
        return given.ours() if ours else given.theirs()
    return given


@st.composite
def cells(draw, units, kinds=tuple(GATES)):
    """A cell, with its gates and units."""
    kind, units = draw(st.sampled_from(kinds)), draw(units)
    options = {"use_bias": draw(FLAGS)}
    if kind == "GRU":
        options["reset_after"] = draw(FLAGS)
    return Drawn(f"{kind}Cell", units, options, [(GATES[kind], units)], {})


@st.composite
def one_way(draw, width=None, **returned):
    """A recurrent layer of this width, with the gates and units of its cells."""
    units = SMALL if width is None else st.just(width)
    returned = returned or {"return_sequences": draw(FLAGS), "return_state": draw(FLAGS)}
    kind = draw(st.sampled_from(["RNN", "stacked", *GATES]))
    if kind == "RNN":
        cell = draw(cells(units))
        return Drawn("RNN", cell, returned, cell.looped, {})
    if kind == "stacked":
        several = [*draw(st.lists(cells(SMALL), max_size=2)), draw(cells(units))]
        looped = [step for one in several for step in one.looped]
        return Drawn("RNN", several, returned, looped, {})
    cell = draw(cells(units, (kind,)))
    unrolled = {"unroll": draw(FLAGS)}
    return Drawn(kind, cell.given, {**cell.options, **returned}, cell.looped, unrolled)


def counted_by_loops(directions, steps, features):
    """Count the MACs of recurrent layers one by one."""
    macs = 0
    for looped in directions:
        for _ in range(steps):
            width = features
            for gates, units in looped:
                for _ in range(gates * units):
                    macs += sum(1 for _ in range(width)) + sum(1 for _ in range(units))
                width = units
    return macs


def assert_same(ours, theirs, directions, shape, batch=None):
    """Hold a layer to Keras, in both forms, and to loops."""
    entry = keras.Input(shape, batch_size=batch)
    row = hold(keras.Model(entry, theirs(entry))).rows[-1]
    assert row.layer == ours
    assert ours.output_shape(shape) == row.output_shape
    assert [one.shape for one in ours.weights(shape)] == shapes_of(theirs.weights)
    assert ours.weights_for(shape) == ours.weights(shape)
    assert ours.cost(shape) == row.cost
    assert row.macs == counted_by_loops(directions, *shape)
    assert ours.cost(shape, training=True).macs == 3 * row.macs
    assert ours.cost(shape, effective=True).macs == row.macs


@examples(40)
@given(one_way(), st.tuples(SMALL, SMALL), st.sampled_from([None, 2]), FLAGS, FLAGS)
def test_one_direction(drawn, shape, batch, trainable, backwards):
    theirs = drawn._replace(only={**drawn.only, "go_backwards": backwards}).theirs()
    theirs.trainable = trainable
    assert_same(drawn.ours(), theirs, [drawn.looped], shape, batch)


@examples(40)
@given(st.data(), FLAGS, st.sampled_from(["concat", "sum", "mul", "ave", None]))
def test_both_directions(data, sequences, merge):
    """Keras says wrong widths for two directions of unequal units, so they are equal here."""
    shape = data.draw(st.tuples(SMALL, SMALL))
    drawn = data.draw(one_way(return_sequences=sequences, return_state=False))
    other = data.draw(
        st.none() | one_way(drawn.looped[-1][1], return_sequences=sequences, return_state=False)
    )
    directions = [drawn.looped, (other or drawn).looped]
    backward = other and other._replace(only={**other.only, "go_backwards": True}).theirs()
    ours = layers.Bidirectional(drawn.ours(), merge, backward_layer=other and other.ours())
    theirs = kl.Bidirectional(drawn.theirs(), merge, backward_layer=backward)
    if other is None:  # Keras makes one
        ours = replace(ours, backward_layer=drawn.ours())
    assert_same(ours, theirs, directions, shape)
    assert replace(ours, backward_layer=None).cost(shape).macs == counted_by_loops(
        [drawn.looped] * 2, *shape
    )


@pytest.mark.parametrize("merge", ["concat", "ave", None])
def test_states_of_both_directions(merge):
    entry = keras.Input((5, 2))
    theirs = kl.Bidirectional(kl.LSTM(3, return_state=True), merge)
    ours = layers.Bidirectional(layers.LSTM(3, return_state=True), merge)
    row = hold(keras.Model(entry, theirs(entry))).rows[-1]
    ends = {"concat": [(6,)], "ave": [(3,)], None: [(3,), (3,)]}[merge]
    assert row.output_shape == ours.output_shape((5, 2)) == (*ends, *[(3,)] * 4)
    plain = layers.Bidirectional(layers.LSTM(3), merge).output_shape((5, 2))
    assert plain == (ends[0] if merge else tuple(ends))


def is_plain_on_jax(drawn):
    """Tell whether Keras on JAX computes just what a layer needs.

    Keras 3.15.1 can't run a list of one cell there, and calls several once more, for nothing.
    """
    return not isinstance(drawn.given, list)


@pytest.mark.usefixtures("jax_process")
@examples(8)
@given(
    one_way(return_sequences=True, return_state=False).filter(is_plain_on_jax),
    st.sampled_from(sorted(GATES)),
    st.tuples(SMALL, SMALL),
)
def test_the_macs_in_the_record_of_jax(drawn, again, shape):
    entry = keras.Input(shape)
    ends = kl.Bidirectional(getattr(kl, again)(3))(drawn.theirs()(entry))
    hold_to_jax(keras.Model(entry, ends))


@pytest.mark.usefixtures("jax_process")
def test_states_as_inputs():
    source, target = keras.Input((5, 3)), keras.Input((4, 2))
    _, *states = kl.LSTM(6, return_state=True)(source)
    x = kl.LSTM(6, return_sequences=True)(target, initial_state=states)
    given_state = keras.Input((3,))
    y = kl.GRU(3)(x, given_state)  # by position
    ends = kl.Bidirectional(kl.GRU(3))(x, initial_state=[given_state, given_state])
    net = hold_to_jax(keras.Model([source, target, given_state], [y, ends]))
    assert [row.input_shapes for row in net if row.kind == "LSTM"] == [
        ((5, 3),),
        ((4, 2), (6,), (6,)),
    ]


def test_states_of_several_cells():
    entry, states = keras.Input((4, 2)), [keras.Input((6,)), keras.Input((6,)), keras.Input((3,))]
    layer = kl.RNN([kl.LSTMCell(6), kl.GRUCell(3)], return_state=True)
    made = layer(entry, initial_state=[states[:2], states[2:]])
    net = hold(keras.Model([entry, *states], keras.tree.flatten(made)))
    assert net.rows[-1].input_shapes == ((4, 2), (6,), (6,), (3,))


@pytest.mark.usefixtures("jax_process")
def test_masks_are_no_inputs_to_compute_with():
    words, mask = keras.Input((6,), dtype="int32"), keras.Input((6,), dtype="bool")
    x = kl.Embedding(20, 4, mask_zero=True)(words)
    plain = keras.Input((6, 4))
    outputs = [
        kl.Bidirectional(kl.LSTM(3, return_sequences=True))(x),
        kl.GRU(5)(plain, mask=mask),
        kl.LSTM(2)(plain, None, mask),  # by position
    ]
    net = hold_to_jax(keras.Model([words, plain, mask], outputs))
    assert {row.input_shapes for row in net if row.kind in ("GRU", "LSTM")} == {((6, 4),)}


def test_stateful_layers():
    entry = keras.Input((4, 3), batch_size=2)
    x = kl.LSTM(5, stateful=True, return_sequences=True)(entry)
    hold(keras.Model(entry, kl.GRU(2, stateful=True)(x)))


def test_a_shared_layer_counts_once():
    one, two = keras.Input((4, 3)), keras.Input((7, 3))
    lstm, ways = kl.LSTM(5), kl.Bidirectional(kl.GRU(2))
    net = hold(keras.Model([one, two], [lstm(one), lstm(two), ways(one), ways(two)]))
    assert [row.reused for row in net if row.kind in ("LSTM", "Bidirectional")] == [
        False,
        True,
        False,
        True,
    ]


@pytest.mark.usefixtures("jax_process")
def test_each_step_of_a_layer_of_sequences():
    entry = keras.Input((3, 5, 2))
    outputs = [
        kl.TimeDistributed(kl.LSTM(4))(entry),
        kl.TimeDistributed(kl.Bidirectional(kl.GRU(4, return_sequences=True)))(entry),
    ]
    net = hold_to_jax(keras.Model(entry, outputs))
    own = layers.TimeDistributed(layers.LSTM(4))
    assert own.cost((3, 5, 2)) == net.rows[0].cost or own.cost((3, 5, 2)) == net.rows[1].cost
    several = layers.TimeDistributed(layers.LSTM(4, return_state=True))
    with pytest.raises(ValueError, match=r"layer must be a layer with one output; got LSTM\(4, re"):
        several.output_shape((3, 5, 2))


def test_frozen_cells():
    entry = keras.Input((4, 3))
    cell = kl.LSTMCell(2)
    cell.trainable = False
    assert hold(keras.Model(entry, kl.RNN(cell)(entry))).trainable_params == 0
    outer = kl.Bidirectional(kl.LSTM(2))
    outer.trainable = False
    assert hold(keras.Model(entry, outer(entry))).trainable_params == 0
    model = keras.Model(entry, kl.RNN([kl.GRUCell(3), cell], name="mixed")(entry))
    assert convcost.from_keras(model).trainable_params == 3 * 3 * (3 + 3 + 2)
    with pytest.raises(convcost.ModelError, match=r"'mixed' \(RNN\): some of the layers in it are"):
        convcost.from_keras(model.to_json())


@given(SMALL, SMALL, st.integers(1, 30))
@pytest.mark.parametrize("kind", [*GATES, "Bidirectional"])
def test_an_open_length_is_a_symbol(kind, units, features, steps):
    t = symbol("t")
    inner = getattr(layers, "LSTM" if kind == "Bidirectional" else kind)(units)
    layer = layers.Bidirectional(inner) if kind == "Bidirectional" else inner
    macs = layer.cost((t, features)).macs
    assert macs.subs(t, steps) == layer.cost((steps, features)).macs
    assert macs.coeff(t, 1) == layer.cost((1, features)).macs


def test_models_of_open_length():
    entry = keras.Input((None,), dtype="int32")
    x = kl.Embedding(50, 8)(entry)
    x = kl.Bidirectional(kl.LSTM(4, return_sequences=True))(x)
    net = convcost.from_keras(keras.Model(entry, kl.Dense(2)(kl.GRU(3)(x))))
    for steps in (1, 2, 9):
        again = keras.Input((steps, 8))
        built = kl.GRU(3)(kl.Bidirectional(kl.LSTM(4, return_sequences=True))(again))
        assert net.at((steps,)).macs == hold(keras.Model(again, kl.Dense(2)(built))).macs


@given(st.lists(SMALL, min_size=1, max_size=3), st.lists(SMALL, min_size=1, max_size=3), SMALL)
@pytest.mark.parametrize("kind", list(GATES))
def test_arrays(kind, units, steps, features):
    made = getattr(layers, kind)(np.array(units)[:, None])
    cost = made.cost((np.array(steps), features))
    for name in ("params", "macs", "bias_adds"):
        found = np.broadcast_to(getattr(cost, name), (len(units), len(steps)))
        assert found.tolist() == [
            [getattr(getattr(layers, kind)(n).cost((t, features)), name) for t in steps]
            for n in units
        ]


def test_a_first_layer_takes_no_gradient_of_its_input():
    layer, shape = layers.LSTM(3), (5, 4)
    whole = layer.training(shape)
    assert whole.weight_gradient.macs == whole.input_gradient.macs == whole.forward.macs
    ends = layer.training(shape, first=True)
    assert ends.input_gradient.macs == 3 * 4 * 3 * 5  # through the states only
    ways = layers.Bidirectional(layer).training(shape, first=True)
    assert ways.input_gradient.macs == 2 * ends.input_gradient.macs


def test_traffic_reads_and_writes_states():
    layer, states = layers.LSTM(3, return_state=True), [(3,), (3,)]
    plain, with_states = layer.traffic((5, 4)), layer.traffic([(5, 4), *states])
    assert (plain.input, plain.output, plain.intermediate) == (5 * 4, 3 * 3, 0)
    assert with_states.input == 5 * 4 + 2 * 3
    assert plain.weights == layer.cost((5, 4)).params
    entry = keras.Input((5, 4))
    net = convcost.from_keras(keras.Model(entry, kl.LSTM(3, return_state=True)(entry)))
    assert net.rows[-1].intensity() == layer.intensity((5, 4))
    assert layer.traffic((5, 4), batch=7).output == 7 * plain.output


def test_cells_are_layers_of_one_step():
    cell = layers.StackedRNNCells([layers.LSTMCell(3), layers.GRUCell(2, reset_after=False)])
    assert cell.output_shape((4,)) == ((2,), (3,), (3,), (2,))
    given_states = [(4,), (3,), (3,), (2,)]
    assert cell.output_shape(given_states) == cell.output_shape((4,))
    once = layers.RNN(cell).cost((1, 4))
    assert cell.cost(given_states) == cell.cost((4,)) == once
    assert [one.shape for one in cell.weights((4,))] == shapes_of(
        keras.Sequential(
            [
                keras.Input((1, 4)),
                kl.RNN([kl.LSTMCell(3), kl.GRUCell(2, reset_after=False)]),
            ]
        ).weights
    )
    assert replace(cell, cells=[layers.LSTMCell(3)]).output_shape((4,)) == ((3,), (3,), (3,))
