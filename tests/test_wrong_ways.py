"""Mistakes of a first day, and what the message says of them."""

import subprocess
import sys

import keras
import pytest
from keras import layers as kl

import convcost
from convcost import layers
from convcost.symbols import symbol


def network(*sides):
    return convcost.from_keras(keras.Sequential([keras.Input(sides), kl.Conv2D(4, 3)]))


def build(given):
    model = keras.Sequential([keras.Input((28, None, 3)), kl.Conv2D(4, 3)])
    return convcost.from_keras(model, given)


CASES = [
    (
        lambda: layers.EinsumDense("abc,cd->abe", (None, 4)).cost((5, 3)),
        "equation must be one whose output has axes of its input and kernel only, unlike 'e'; got"
        " 'abc,cd->abe' (str)",
    ),
    (
        lambda: layers.EinsumDense("abc,cd->abd", (None,)).cost((5, 3)),
        "output_shape must be a side for each axis behind the batch: b, d; got (None,) (tuple)",
    ),
    (
        lambda: layers.TimeDistributed(layers.Dense(4)).cost((10,)),
        "input_shape must be (steps, ...) without the batch, an input of Dense for each step; got"
        " (10,) (tuple)",
    ),
    (
        lambda: layers.Quantized(3, "int8"),
        "layer must be Dense, EinsumDense, Embedding or ReversibleEmbedding of convcost.layers; got"
        " 3 (int)",
    ),
    (
        lambda: build((1, 28, 28, 3)),
        "input_shape must be without the batch, (28, 28, 3); got (1, 28, 28, 3) (tuple)",
    ),
    (
        lambda: build(("t", 28, 3)),
        "input_shape[0] must be an integer, None where it is open, or"
        " convcost.symbols.symbol('t'); got 't' (str)",
    ),
    (
        lambda: layers.ConvLSTM2D(4, 5).cost((3, 8, 4, 2)),
        "input_shape[2] must be at least as long as kernel_size; got input_shape[2]=4,"
        " kernel_size=5, strides=1, dilation_rate=1, padding='valid', so the output along"
        " input_shape[2] would be empty",
    ),
    (
        lambda: layers.Lstm,
        "module 'convcost.layers' has no attribute 'Lstm'; did you mean 'LSTM' or 'LSTMCell'?",
    ),
    (lambda: layers.__nothing__, "module 'convcost.layers' has no attribute '__nothing__'"),
]


@pytest.mark.parametrize(("mistake", "message"), CASES)
def test_the_message_says_what_would_be_right(mistake, message):
    with pytest.raises((AttributeError, TypeError, ValueError)) as caught:
        mistake()
    assert str(caught.value) == message


def test_a_further_side_is_no_batch_if_the_others_differ():
    with pytest.raises(convcost.ModelError, match="layer 'conv"):
        build((1, 30, 28, 3))


def test_an_open_side_is_filled_in_by_its_symbol():
    net = network(None, 28, 3)
    assert net.macs.subs(symbol("h"), 28) == network(28, 28, 3).macs
    assert net.at((28, 28, 3)).macs == network(28, 28, 3).macs


def test_without_sympy_the_ways_are_alternatives():
    program = """
import sys
sys.modules["sympy"] = None
import convcost
text = '{"name": "m", "layers": [{"class_name": "Dense", "config": {"name": "d", "units": 3, \
"batch_input_shape": [null, null, 4]}}]}'
try:
    convcost.from_keras(text)
except ImportError as error:
    print(error, error.__cause__)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.stdout.strip() == (
        "the model leaves sides of its input open: give input_shape in numbers, or install SymPy,"
        ' which counts with symbols: pip install "convcost[symbolic]" None'
    ), done.stderr
