"""The shapes of a model's inputs: given in any form, declared, open, symbolic, or refused."""

import keras
import pytest
from keras import layers as kl
from keras_models import Opaque, operations, shared

import convcost
from convcost.symbols import symbol


def test_sequential_models_without_an_input():
    unbuilt = keras.Sequential([kl.Conv2D(4, 3, name="input"), kl.Flatten()], name="unbuilt")
    for source in (unbuilt, unbuilt.to_json()):
        with pytest.raises(convcost.ModelError, match="declares no shape: give input_shape"):
            convcost.from_keras(source)
        assert convcost.from_keras(source, (8, 8, 3)).output_shapes == ((144,),)
    unbuilt.build((None, 8, 8, 3))
    for source in (unbuilt, unbuilt.to_json()):
        assert convcost.from_keras(source).params == unbuilt.count_params()
    with pytest.raises(convcost.UnknownLayerError, match="Opaque"):
        convcost.from_keras(keras.Sequential([Opaque()]), (8,))


def test_open_sides_become_symbols():
    entry = keras.Input((None, None, 3))
    model = keras.Model(entry, kl.Conv2D(4, 3, padding="same")(entry))
    h, w = symbol("h"), symbol("w")
    assert convcost.from_keras(model).macs == 108 * h * w
    assert convcost.from_keras(model, (8, 8, 3)).macs == 108 * 64
    steps = keras.Input((None, 3))
    assert convcost.from_keras(keras.Model(steps, kl.Conv1D(4, 1)(steps))).macs == 12 * symbol("t")


def test_open_sides_of_several_inputs_have_its_name():
    one, two = keras.Input((None, 3), name="one"), keras.Input((None, None, 3), name="two")
    model = keras.Model([one, two], [kl.Conv1D(4, 1)(one), kl.Conv2D(4, 1)(two)])
    total = convcost.from_keras(model).macs
    assert {str(s) for s in total.free_symbols} == {"t_one", "h_two", "w_two"}


def test_what_has_to_hold_of_symbols_is_told():
    entry = keras.Input((None, None, 3))
    x = kl.Conv2D(4, 3, 2, padding="same")(entry)
    y = kl.Conv2D(4, 2, 2)(entry)
    network = convcost.from_keras(keras.Model(entry, kl.Add()([x, y])))
    assert len(network.conditions) == 2
    assert "holds where ceiling(h/2) = floor(h/2)" in convcost.summary(network).notes[-1]
    h, w = symbol("h"), symbol("w")
    assert network.macs.subs({h: 8, w: 6}) == network.at((8, 6, 3)).macs
    with pytest.raises(convcost.ModelError, match="must be equal"):
        network.at((7, 6, 3))


def test_a_reshape_of_symbols_takes_the_model_at_its_word():
    entry = keras.Input((None, 4))
    model = keras.Model(entry, kl.Dense(3)(kl.Reshape((10, 4))(entry)))
    network = convcost.from_keras(model)
    assert network.conditions == ((4 * symbol("t"), 40),)


@pytest.mark.parametrize(
    ("shape", "error", "message"),
    [
        (5, TypeError, "input_shape must be a shape"),
        ((8, 8), convcost.ModelError, "'conv'"),
        ((8, 8.0, 3), TypeError, r"input_shape\[1\] must be a positive integer"),
        ((8, -8, 3), ValueError, r"input_shape\[1\] must be a positive integer"),
        ([(8, 8, 3), (8, 8, 3)], ValueError, r"one shape for each input \(1: image\)"),
        ({"other": (8, 8, 3)}, ValueError, "shapes by the names of the inputs: image"),
        ([(8, 8, 3), 5], TypeError, r"input_shape\[0\]"),
    ],
)
def test_shapes_that_are_refused(shape, error, message):
    with pytest.raises(error, match=message):
        convcost.from_keras(operations(), shape)


def test_shapes_by_name_and_in_order():
    network = convcost.from_keras(shared())
    again = network.at({"small": (4, 4, 3), "big": (16, 16, 3)})
    assert again.input_shapes == ((16, 16, 3), (4, 4, 3))
    assert network.at([(16, 16, 3), (4, 4, 3)]).total() == again.total()
    with pytest.raises(TypeError, match="input_shape of 'small' must be a shape"):
        network.at({"small": 5, "big": (16, 16, 3)})
    with pytest.raises(TypeError, match=r"input_shape of 'small'\[0\] must be a positive integer"):
        network.at({"small": ("4", 4, 3), "big": (16, 16, 3)})


def test_arrays_are_no_shapes_of_networks():
    import numpy as np

    with pytest.raises(TypeError, match="an integer or a SymPy expression"):
        convcost.from_keras(operations(), (np.arange(1, 4), 8, 4))
