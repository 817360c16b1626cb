"""Keras's arguments that can't change a cost: accepted, checked, kept, and not compared."""

import ast
import inspect
import pickle

import keras
import keras_arguments
import numpy as np
import pytest
from layer_settings import settings

import convcost
from convcost import layers
from convcost._layers import keras_arguments as table
from convcost._layers.kept import _ACTIVATIONS
from convcost.symbols import m

KINDS = keras_arguments.kinds()


def test_the_names_are_those_of_keras():
    assert keras_arguments.text() == table._TEXT
    source = keras_arguments.FILE.read_text(encoding="utf-8")
    assert source.endswith(keras_arguments.kept())
    made = keras.layers.Dense(3, **dict.fromkeys(table.EVERY[2:3], "float32"), name="x")
    assert made.name == "x"
    for name, value in {"activity_regularizer": None, "autocast": True, "trainable": True}.items():
        keras.layers.Dense(3, **{name: value})
    keras.layers.Dense(3, input_shape=(4,))


@pytest.mark.parametrize("name", KINDS)
def test_arguments_that_are_positional_in_both_are_in_keras_order(name):
    order = keras_arguments.orders()[name]
    parameters = list(inspect.signature(KINDS[name].__init__).parameters.values())[1:]
    own = [one.name for one in parameters if one.kind is one.POSITIONAL_OR_KEYWORD]
    if order and name != "PReLU":  # its axes come behind what it keeps
        assert own == order[: len(own)]


@pytest.mark.parametrize("name", [one for one in KINDS if hasattr(keras.layers, one)])
def test_layers_are_made_as_in_keras(name):
    # The source of every setting that Keras confirms, with the classes of convcost.
    names = {**vars(layers), "keras": keras}
    for one in settings(name):
        made = eval(one.layer, dict(names))
        call = ast.parse(one.layer, mode="eval").body
        given = {word.arg for word in call.keywords}
        assert set(made.kept) >= given - set(made.argument_names())
        assert type(made).__name__ == name


@pytest.mark.parametrize("name", [one for one in KINDS if hasattr(keras.layers, one)])
def test_a_layer_is_the_one_in_the_model(name):
    names = {**vars(layers), "keras": keras}
    # The last one has several options.
    for one in settings(name)[-1:]:
        if any(word in one.call for word in ("reverse", "causal", "TimeDist", "bounding_boxes")):
            continue
        made = eval(one.layer, dict(names))
        net = convcost.from_keras(one.model())
        output, cost = made.output_and_cost(made.given(list(one.shapes)))
        assert (net.params, net.macs) == (cost.params, cost.macs)
        several = output and isinstance(output[0], tuple)
        assert net.output_shapes == (output if several else (output,))


def test_what_is_kept():
    given = {"activation": "relu", "kernel_initializer": "he_normal", "name": "first"}
    layer = layers.Conv2D(64, 3, **given)
    assert layer.kept == given
    assert repr(layer) == "Conv2D(64, 3)"
    assert layer == layers.Conv2D(64, 3)
    assert hash(layer) == hash(layers.Conv2D(64, 3))
    assert "activation" not in layer.arguments()
    assert pickle.loads(pickle.dumps(layer)).kept == given
    assert layers.Conv2D(64, 3).kept == {}
    several = layers.Conv2D(np.array([3, 4]), 3, name="several")
    assert several.cost((9, 9, m)).params.tolist() == [27 * m + 3, 36 * m + 4]
    assert several._with(several.arguments()).kept == {"name": "several"}


def test_arguments_by_place_are_in_keras_order():
    assert layers.Dense(10, "softmax", False) == layers.Dense(10, use_bias=False)
    assert layers.Dense(10, "softmax").kept == {"activation": "softmax"}
    assert layers.Conv2D(8, 3, 1, "same", None, 1, 2).groups == 2
    assert layers.EinsumDense("ab,bc->ac", 3, "relu", "c").bias_axes == "c"
    assert layers.PReLU("zeros", None, None, [1]) == layers.PReLU(shared_axes=[1])
    assert layers.Dropout(0.5).kept == {"rate": 0.5}
    assert layers.LayerScale(3, name="scale").kept == {"name": "scale"}


def test_values_with_a_choice():
    assert layers.UpSampling2D(2, interpolation="bilinear").kept == {"interpolation": "bilinear"}
    assert layers.LSTM(3, unroll=True, dtype="float16", dropout=0.2).kept["unroll"] is True
    assert layers.Dense(3, lora_rank=None, name=None).kept == {"lora_rank": None, "name": None}


def test_a_class_of_ones_own_keeps_what_its_family_keeps():
    class Wide(layers.Conv2D):
        """A convolution."""

    assert Wide(8, 3, activation="relu").kept == {"activation": "relu"}


@pytest.mark.parametrize("activation", [None, "linear", "gelu", keras.activations.relu])
def test_activations(activation):
    assert layers.Dense(3, activation=activation).kept == {"activation": activation}


def test_all_activations_of_keras_are_known():
    names = {one for one in dir(keras.activations) if not one.startswith("_")}
    helpers = {"deserialize", "get", "serialize"}
    assert set(_ACTIVATIONS) == names - helpers - {"glu"}  # which halves the last axis


def test_editors_see_all_arguments():
    seen = inspect.signature(layers.Dense).parameters
    assert set(seen) >= set(inspect.signature(keras.layers.Dense).parameters) - {"kwargs"}
    assert list(seen)[:2] == ["units", "use_bias"]
    assert list(inspect.signature(layers.Chain).parameters) == ["layers"]
    assert "kept" not in inspect.signature(layers.EinsumDense).parameters


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (
            lambda: layers.Conv2D(64, 3, activaton="relu"),
            TypeError,
            "Conv2D has no argument 'activaton'; did you mean 'activation'",
        ),
        (lambda: layers.Chain([], 3), TypeError, "takes 2 positional arguments but 3 were given"),
        (lambda: layers.Chain([], nam="x"), TypeError, "Chain has no argument 'nam'$"),
        (lambda: layers.ReLU(max_valu=6), TypeError, "ReLU has no argument 'max_valu'; did you me"),
        (
            lambda: layers.Dense(3, activation="sofmax"),
            ValueError,
            "activation must be one of .*; got 'sofmax' .*; did you mean 'softmax'",
        ),
        (
            lambda: layers.LSTM(3, recurrent_activation=layers.PReLU()),
            TypeError,
            r"recurrent_activation must be the name of an activation, .*as in Chain\(\[layer, acti",
        ),
        (lambda: layers.Dense(3, activation="glu"), ValueError, "activation must be one of celu"),
        (lambda: layers.Dense(3, lora_rank=2), ValueError, r"lora_rank must be None; LoRA\(layer"),
        (
            lambda: layers.Dense(3, dtype="int8_from_float32"),
            ValueError,
            r"dtype must be a type of numbers; Quantized\(layer, mode\)",
        ),
        (lambda: layers.LSTM(3, dropout=1.5), ValueError, "dropout must be a number from 0 to 1"),
        (lambda: layers.LSTM(3, dropout="x"), ValueError, "dropout must be a number from 0 to 1"),
        (
            lambda: layers.LSTM(3, unroll="yes"),
            TypeError,
            "unroll must be True or False; got 'yes'",
        ),
        (lambda: layers.Dense(3, name=3), TypeError, "name must be a string; got 3"),
        (
            lambda: layers.UpSampling2D(2, interpolation="bilinar"),
            ValueError,
            "interpolation must be one of .*did you mean 'bilinear'",
        ),
        (
            lambda: layers.Dense(3, "relu", units=3),
            TypeError,
            "Dense got its argument 'units' twice",
        ),
        (lambda: layers.Flatten("channels_last", 3), TypeError, "Flatten takes 1 arguments by pla"),
        (lambda: layers.Dense(), TypeError, "Dense needs units"),
    ],
)
def test_what_is_refused(make, error, message):
    with pytest.raises(error, match=message):
        make()
