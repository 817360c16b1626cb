"""ConvLSTM1D, 2D and 3D against Keras, live and from JSON, JAX's record, and brute force."""

import re

import keras
import numpy as np
import pytest
from both_forms import hold, hold_to_jax, shapes_of
from brute_force_layers import slide
from hypothesis import given
from hypothesis import strategies as st
from keras import layers as kl
from strategies import examples

from convcost import layers
from convcost.symbols import symbol

SMALL = st.integers(1, 3)
FLAGS = st.booleans()


@st.composite
def drawn(draw):
    """Return the rank, arguments of both libraries, and a shape that they take."""
    rank = draw(SMALL)
    first = draw(FLAGS)
    kernel = draw(st.tuples(*[SMALL] * rank))
    options = {
        "padding": draw(st.sampled_from(["same", "valid"])),
        "data_format": "channels_first" if first else "channels_last",
        "use_bias": draw(FLAGS),
        "return_sequences": draw(FLAGS),
        "return_state": draw(FLAGS),
    }
    # Keras takes one of them.
    which = draw(st.sampled_from(["strides", "dilation_rate"]))
    options[which] = draw(SMALL if which == "dilation_rate" else st.tuples(*[SMALL] * rank))
    sides = draw(st.tuples(*[st.integers(7, 8) if rank < 3 else st.just(7)] * rank))
    steps, channels, filters = draw(SMALL), draw(SMALL), draw(SMALL)
    shape = (steps, channels, *sides) if first else (steps, *sides, channels)
    return rank, (filters, kernel), options, shape


def counted_by_brute_force(rank, filters, kernel, options, shape):
    """Lay kernels over rows: four gates each for the input, and for the state."""
    first = options["data_format"] == "channels_first"
    steps, sides = shape[0], shape[2:] if first else shape[1:-1]
    channels = shape[1] if first else shape[-1]
    strides = options.get("strides", (1,) * rank)
    dilation = options.get("dilation_rate", 1)
    of_input, of_state = channels, filters
    for axis, side in enumerate(sides):
        found = slide(side, kernel[axis], strides[axis], dilation, options["padding"])
        state = slide(len(found), kernel[axis], 1, 1, "same")
        of_input *= sum(map(len, found))
        of_state *= sum(map(len, state))
    return steps * 4 * filters * (of_input + of_state)


@examples(30)
@given(drawn(), FLAGS)
def test_layers_as_in_keras(made, trainable):
    rank, args, options, shape = made
    theirs = getattr(kl, f"ConvLSTM{rank}D")(*args, **options)
    theirs.trainable = trainable
    ours = getattr(layers, f"ConvLSTM{rank}D")(*args, **options)
    entry = keras.Input(shape)
    row = hold(keras.Model(entry, theirs(entry))).rows[-1]
    assert row.layer == ours
    assert row.output_shape == ours.output_shape(shape)
    assert row.cost == ours.cost(shape)
    assert [one.shape for one in ours.weights(shape)] == shapes_of(theirs.weights)
    assert [one.name for one in ours.weights(shape)] == [one.name for one in theirs.weights]
    assert row.macs == counted_by_brute_force(rank, *args, options, shape)
    assert ours.training(shape).total.macs == 3 * row.macs


@pytest.mark.usefixtures("jax_process")
def test_the_macs_in_the_record_of_jax():
    entry, state = keras.Input((3, 8, 7, 2)), keras.Input((4, 4, 3))
    x = kl.ConvLSTM2D(3, 3, 2, "same", return_sequences=True)(entry)
    again = kl.ConvLSTM2D(3, 3, padding="same")(x, initial_state=[state, state])
    ways = kl.Bidirectional(kl.ConvLSTM1D(2, 3))(again)
    net = hold_to_jax(keras.Model([entry, state], ways))
    assert sum(row.kind == "ConvLSTM2D" for row in net) == 2


def test_effective_macs_leave_out_the_taps_on_the_padding():
    layer = layers.ConvLSTM2D(4, 3, padding="same")
    inside = sum(len([tap for tap in at if tap is not None]) for at in slide(5, 3, 1, 1, "same"))
    effective = layer.cost((2, 5, 5, 3), effective=True).macs
    assert effective == 2 * 4 * 4 * (3 + 4) * inside**2
    assert effective < layer.cost((2, 5, 5, 3)).macs


def test_open_sides_and_arrays():
    t, h = symbol("t"), symbol("h")
    layer = layers.ConvLSTM2D(4, 3, padding="same", return_sequences=True)
    assert layer.output_shape((t, h, h, 3)) == (t, h, h, 4)
    cost = layer.cost((t, h, h, 3))
    assert cost.macs == 3 * 3 * 4 * 4 * (3 + 4) * t * h**2
    sides = np.array([5, 9])
    found = layers.ConvLSTM2D(np.array([[1], [2]]), 3).cost((2, sides, sides, 3)).macs
    assert found.tolist() == [
        [layers.ConvLSTM2D(n, 3).cost((2, side, side, 3)).macs for side in (5, 9)] for n in (1, 2)
    ]


def test_a_first_layer_and_its_traffic():
    layer, shape = layers.ConvLSTM1D(4, 3, padding="same"), (2, 6, 5)
    training = layer.training(shape, first=True)
    assert training.input_gradient.macs == 2 * 6 * 3 * 4 * 4 * 4  # through the state
    traffic = layer.traffic(shape)
    assert (traffic.input, traffic.intermediate, traffic.output) == (2 * 6 * 5, 0, 6 * 4)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: layers.ConvLSTM1D(3, 3, padding="causal"), "padding must be 'valid' or 'same'; g"),
        (lambda: layers.ConvLSTM1D(3, 3, padding="smae"), "padding must be 'valid' or 'same'; got"),
        (
            lambda: layers.ConvLSTM2D(3, 3).cost((5, 8, 2, 3)),
            "input_shape[2] must be at least as long as kernel_size; got input_shape[2]=2",
        ),
        (
            lambda: layers.ConvLSTM1D(3, 3, data_format="channels_first").cost((5, 3, 2)),
            "input_shape[2] must be at least as long as kernel_size; got input_shape[2]=2",
        ),
        (
            lambda: layers.ConvLSTM2D(3, 3).cost((8, 8, 3)),
            "input_shape must be (time, height, width, channels) without the batch, for ConvLSTM2D",
        ),
        (
            lambda: layers.ConvLSTM1D(3, 3).cost([(5, 8, 3), (6, 3), (5, 3)]),
            "the states of ConvLSTM1D must have shapes (6, 3) and (6, 3); got (6, 3) and (5, 3)",
        ),
        (
            lambda: layers.Bidirectional(
                layers.ConvLSTM1D(3, 3, return_sequences=True),
                backward_layer=layers.LSTM(3, return_sequences=True),
            ).output_shape((5, 8, 3)),
            "input_shape must be (steps, features) without the batch, for LSTM",
        ),
    ],
)
def test_messages(call, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        call()


def test_explicit_padding_as_in_convolutions():
    layer = layers.ConvLSTM1D(4, 3, padding=((1, 0),))
    assert layer.output_shape((2, 6, 5)) == (5, 4)
    assert repr(layer) == "ConvLSTM1D(4, 3, padding=((1, 0),))"
