"""Layers with a normalized kernel: the weights and costs of the layer, and one more vector."""

import keras
import pytest
from both_forms import hold, size
from keras import layers as kl

import convcost
from convcost import layers


def test_the_weights_are_those_of_keras():
    for ours, theirs, shape in (
        (layers.Dense(4), kl.Dense(4), (7,)),
        (layers.Conv2DTranspose(4, 3), kl.Conv2DTranspose(4, 3), (8, 8, 3)),
        (layers.Embedding(9, 4), kl.Embedding(9, 4), (5,)),
    ):
        around = kl.SpectralNormalization(theirs)
        around.build((None, *shape))
        made = layers.SpectralNormalization(ours)
        expected = [(one.name, tuple(one.shape), one.trainable) for one in around.weights]
        assert [tuple(one)[:3] for one in made.weights(shape)] == expected
        assert made.cost(shape).params == around.count_params()
        assert made.output_shape(shape) == ours.output_shape(shape)
        for options in ({}, {"training": True}, {"training": True, "first": True}):
            cost, own = made.cost(shape, **options), ours.cost(shape, **options)
            assert (cost.macs, cost.bias_adds) == (own.macs, own.bias_adds)
        assert made.traffic(shape).weights == cost.params


def test_a_separable_step_inside_keeps_its_feature_map():
    made = layers.SpectralNormalization(layers.Conv2D(4, 3))
    assert made.traffic((8, 8, 3)).intermediate == 0


def test_two_steps_of_a_layer_are_not_normalized():
    for inner in (layers.SeparableConv2D(4, 3), layers.BatchNormalization()):
        with pytest.raises(ValueError, match="layer must be a layer with a kernel or embeddings"):
            layers.SpectralNormalization(inner).cost((8, 8, 3))
    with pytest.raises(ValueError, match="layer must be a layer with a kernel or embeddings"):
        layers.SpectralNormalization(layers.LSTM(4)).cost((8, 3))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((3,), "layer must be a layer of convcost.layers; got 3"),
        ((layers.LoRA(layers.Dense(3), 2),), "layer must be a layer that is neither quantized nor"),
        ((layers.Dense(3), 0), "power_iterations must be a positive integer .*got 0"),
    ],
)
def test_arguments_that_are_refused(arguments, message):
    with pytest.raises((TypeError, ValueError), match=message):
        layers.SpectralNormalization(*arguments)


@pytest.mark.parametrize("frozen", ["no", "around", "inside"])
def test_frozen_weights(frozen):
    inner = kl.Conv2D(4, 3, name="inner")
    around = kl.SpectralNormalization(inner, name="around")
    entry = keras.Input((8, 8, 3))
    model = keras.Model(entry, around(entry))
    if frozen != "no":
        {"around": around, "inside": inner}[frozen].trainable = False
    live = convcost.from_keras(model)
    assert live.trainable_params == size(model.trainable_weights)
    assert live.params == model.count_params()


def test_a_layer_that_is_shared_with_one_that_is_normalized():
    inner = kl.Dense(4)
    entry = keras.Input((4,))
    model = keras.Model(entry, kl.SpectralNormalization(inner)(inner(entry)))
    assert convcost.from_keras(model).params == model.count_params()


def test_a_model_with_an_activation_with_weights():
    entry = keras.Input((8, 8, 3))
    around = kl.SpectralNormalization(kl.Conv2D(4, 3, activation=keras.activations.gelu))
    hold(keras.Model(entry, around(entry)))


def test_an_own_layer_inside_is_refused_by_name():
    class Own(kl.Dense):
        pass

    entry = keras.Input((4,))
    model = keras.Model(entry, kl.SpectralNormalization(Own(3))(entry))
    with pytest.raises(convcost.UnknownLayerError, match="SpectralNormalization around Own"):
        convcost.from_keras(model)


@pytest.mark.parametrize("suffix", ["keras", "h5"])
@pytest.mark.parametrize(
    ("make", "shape"),
    [
        (lambda: kl.SpectralNormalization(kl.Dense(3)), (4,)),
        (lambda: kl.SpectralNormalization(kl.Conv2DTranspose(3, 2)), (4, 4, 2)),
        (lambda: kl.SpectralNormalization(kl.Embedding(9, 4)), (5,)),
        (lambda: kl.TimeDistributed(kl.SpectralNormalization(kl.Dense(2))), (3, 4)),
        (lambda: keras.Sequential([kl.SpectralNormalization(kl.Dense(2))]), (4,)),
    ],
)
def test_files_that_store_a_kernel_twice(tmp_path, make, shape, suffix):
    entry = keras.Input(shape)
    model = keras.Model(entry, make()(entry))
    model.save(tmp_path / f"model.{suffix}")
    assert convcost.from_keras(tmp_path / f"model.{suffix}").params == model.count_params()
