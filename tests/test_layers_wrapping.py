"""Layers that wrap layers, custom layers, and layers that keep shapes, against Keras."""

import math

import keras
import pytest
from keras_layers import check

from convcost import layers
from convcost._layers import elementwise


@pytest.mark.parametrize(
    "inner",
    [
        ("Conv2D", (8, 3), (6, 6, 3)),
        ("Dense", (8,), (5,)),
        ("SeparableConv1D", (8, 3), (6, 3)),
        ("BatchNormalization", (), (5,)),
    ],
)
def test_time_distributed(inner):
    name, args, shape = inner
    own = getattr(layers, name)(*args)
    ours = layers.TimeDistributed(own)
    theirs = keras.layers.TimeDistributed(getattr(keras.layers, name)(*args))
    theirs.build((None, 7, *shape))
    assert ours.output_shape((7, *shape)) == theirs.compute_output_shape((None, 7, *shape))[1:]
    cost = ours.cost((7, *shape))
    assert cost.params == theirs.count_params()
    assert cost.macs == 7 * own.cost(shape).macs
    assert cost.bias_adds == 7 * own.cost(shape).bias_adds
    assert ours.cost((7, *shape), effective=True).macs == 7 * own.cost(shape, effective=True).macs
    assert ours.weights((7, *shape)) == own.weights(shape)
    assert ours.traffic((7, *shape)).weights == own.traffic(shape).weights


def test_embedding():
    check("Embedding", (10,), 100, 16)
    assert layers.Embedding(100, 16).training((10,)).total.macs == 0


def test_elementwise():
    for kind in sorted(elementwise.ELEMENTWISE):
        assert hasattr(keras.layers, kind)
        layer = layers.Elementwise(kind)
        assert layer.output_shape((4, 4, 3)) == (4, 4, 3)
        assert layer.weights((4, 4, 3)) == ()
        assert layer.cost((4, 4, 3)).params == 0
        assert layer.intensity((4, 4, 3)) == 0


def test_elementwise_layers_are_listed_where_one_is_not_known():
    known = ", ".join(sorted(elementwise.ELEMENTWISE))
    with pytest.raises(ValueError, match=f"^kind must be one of {known}; got 'LSTM'"):
        layers.Elementwise("LSTM")


SHAPE_KEPT = sorted(
    elementwise.ELEMENTWISE - {"SpatialDropout1D", "SpatialDropout3D", "MixUp", "CutMix"}
)


@pytest.mark.parametrize("kind", SHAPE_KEPT)
def test_elementwise_layers_keep_the_shape_in_keras(kind):
    needed = {
        "Activation": ("relu",),
        "RandomContrast": (0.1,),
        "RandomBrightness": (0.1,),
        "RandomRotation": (0.1,),
        "RandomZoom": (0.1,),
        "RandomTranslation": (0.1, 0.1),
        "Rescaling": (0.1,),
        "Dropout": (0.1,),
        "SpatialDropout2D": (0.1,),
        "AlphaDropout": (0.1,),
        "GaussianDropout": (0.1,),
        "GaussianNoise": (0.1,),
        "RandomColorDegeneration": (0.1,),
        "RandomColorJitter": ((0.0, 255.0), 0.1, 0.1, 0.1, 0.1),
        "RandomHue": (0.1,),
        "RandomPosterization": (4,),
        "RandomSaturation": (0.1,),
        "RandomSharpness": (0.1,),
        "RandomErasing": (),
    }
    layer = getattr(keras.layers, kind)(*needed.get(kind, ()))
    assert tuple(layer.compute_output_shape((None, 8, 8, 3))) == (None, 8, 8, 3)
    assert layer.count_params() == 0 if layer.built else True


def test_a_chain_is_its_layers():
    parts = [layers.Conv2D(8, 3), layers.BatchNormalization(), layers.Flatten(), layers.Dense(10)]
    chain = layers.Chain(parts)
    model = keras.Sequential(
        [
            keras.Input((8, 8, 3)),
            keras.layers.Conv2D(8, 3),
            keras.layers.BatchNormalization(),
            keras.layers.Flatten(),
            keras.layers.Dense(10),
        ]
    )
    assert chain.output_shape((8, 8, 3)) == model.output_shape[1:]
    assert chain.cost((8, 8, 3)).params == model.count_params()
    assert [w.shape for w in chain.weights((8, 8, 3))] == [tuple(w.shape) for w in model.weights]
    frozen = [one for one in chain.weights((8, 8, 3)) if not one.trainable]
    assert sum(math.prod(one.shape) for one in frozen) == 16


def test_a_custom_layer_costs_what_its_author_says():
    weights = [layers.Weight("gamma", (32,)), layers.Weight("count", (), trainable=False)]
    layer = layers.Custom((28, 28, 32), weights, macs=100, bias_adds=7)
    cost = layer.cost((1,))
    assert (cost.params, cost.macs, cost.bias_adds) == (33, 100, 7)
    assert [one.trainable for one in layer.weights((1,))].count(False) == 1
    assert layer.output_shape((5, 5)) == (28, 28, 32)
    assert layer.weights((5, 5)) == tuple(weights)
    total = layer.training((1,)).total
    assert (total.params, total.macs, total.bias_adds) == (33, 300, 14)
    several = layers.TimeDistributed(layer).cost((3, 1))
    assert (several.params, several.macs, several.bias_adds) == (33, 300, 21)


def test_nothing_is_written_between_weights_that_are_only_held():
    chain = layers.Chain([layers.BatchNormalization(), layers.Conv2D(8, 3)])
    traffic = chain.traffic((6, 6, 3))
    assert (traffic.input, traffic.weights, traffic.output) == (108, 12 + 224, 128)
    assert traffic.intermediate == 0


def test_a_class_in_place_of_a_layer_is_named():
    with pytest.raises(TypeError, match=r"must be a layer of convcost.layers; got Dense \(type\)"):
        layers.TimeDistributed(layers.Dense)
