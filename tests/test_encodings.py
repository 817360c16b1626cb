"""Layers of categories and texts, against Keras: which place an output has for what."""

import keras
import numpy as np
import pytest
from keras import layers as kl

import convcost
from convcost import layers
from convcost.symbols import symbol

DATA = ["a b", "b c d"]


def text_model(layer, *behind, shape=(1,)):
    return keras.Sequential([keras.Input(shape, dtype="string"), layer, *behind])


@pytest.mark.parametrize("mode", ["multi_hot", "count", "tf_idf"])
def test_what_a_layer_has_learned(mode):
    layer = kl.TextVectorization(output_mode=mode, name="texts")
    layer.adapt(DATA)
    model = text_model(layer, kl.Dense(3))
    expected = model.count_params()
    for source in (model, model.to_json()):
        net = convcost.from_keras(source)
        assert net.params == expected == (layer.vocabulary_size() + 1) * 3
    words = kl.StringLookup(output_mode="multi_hot")
    words.adapt(["a", "b", "b"])
    model = text_model(words, kl.Dense(3))
    for source in (model, model.to_json()):
        assert convcost.from_keras(source).params == model.count_params()


def test_a_text_classifier():
    layer = kl.TextVectorization(50, output_sequence_length=9)
    layer.adapt(DATA)
    model = text_model(layer, kl.Embedding(50, 4), kl.GlobalAveragePooling1D(), kl.Dense(1))
    for source in (model, model.to_json()):
        net = convcost.from_keras(source)
        assert (net.params, net.output_shapes) == (model.count_params(), ((1,),))
        assert next(iter(net)).output_shape == (9,)


@pytest.mark.parametrize(
    ("layer", "message"),
    [
        (lambda: kl.TextVectorization(name="texts"), "output_sequence_length must be given"),
        (
            lambda: kl.TextVectorization(output_mode="one_hot", vocabulary=["a"]),
            "output_mode='one_hot' has a vector for each word",
        ),
        (lambda: kl.StringLookup(output_mode="count"), "neither vocabulary nor vocabulary_size"),
    ],
)
def test_shapes_that_depend_on_the_data(layer, message):
    model = text_model(layer())
    for source in (model, model.to_json()):
        with pytest.raises(convcost.ModelError, match=message):
            convcost.from_keras(source)


def test_boundaries_that_were_learned():
    layer = kl.Discretization(num_bins=4, output_mode="one_hot")
    layer.adapt(np.arange(20.0))
    model = keras.Sequential([keras.Input((5,)), layer])
    for source in (model, model.to_json()):
        assert convcost.from_keras(source).output_shapes == (tuple(model.output_shape[1:]),)


def test_boxes_beside_images():
    images, boxes, labels = (keras.Input(one) for one in ((8, 8, 3), (7, 4), (7,)))
    given = {"images": images, "bounding_boxes": {"boxes": boxes, "labels": labels}}
    made = kl.MaxNumBoundingBoxes(5)(given)
    net = convcost.from_keras(keras.Model([images, boxes, labels], made["bounding_boxes"]))
    assert net.output_shapes == ((5, 4), (5,))


def test_symbols():
    n = symbol("n")
    assert layers.CategoryEncoding(n).output_shape((5,)) == (n,)
    assert layers.Hashing(n, output_mode="one_hot").output_shape((n, 1)) == (n, n)
    assert layers.CategoryEncoding(n, "one_hot").output_shape((n, 1)) == (n, n)


def test_vectors_as_long_as_the_vocabulary_may_become():
    layer = layers.StringLookup(9, output_mode="count", pad_to_max_tokens=True)
    assert layer.output_shape((5,)) == (9,)


def test_former_names_of_modes():
    assert layers.CategoryEncoding(3, "binary").output_mode == "multi_hot"
    assert layers.StringLookup(output_mode="tf-idf").output_mode == "tf_idf"


def test_special_tokens_of_a_vocabulary_have_their_places_already():
    for words in (["a", "b"], ["[UNK]", "a", "b"]):
        options = {"vocabulary": words, "mask_token": "", "output_mode": "count"}
        theirs = kl.StringLookup(**options)
        made = layers.StringLookup(**options)
        assert made.output_shape((5,)) == (theirs.vocabulary_size(),) == (3,)
    assert layers.StringLookup(vocabulary="words.txt").output_shape((5,)) == (5,)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: layers.CategoryEncoding(3, "int"), "output_mode must be one of one_hot, multi_h"),
        (lambda: layers.CategoryEncoding(0), "num_tokens must be a positive integer .*got 0"),
        (lambda: layers.Discretization(), "num_bins must be given where bin_boundaries are not"),
        (lambda: layers.Discretization(3.0), "bin_boundaries must be a list of numbers; got 3.0"),
        (lambda: layers.Hashing(3, output_mode=3), "output_mode must be one of int, .*; got 3"),
        (lambda: layers.HashedCrossing(3, output_mode="count"), "one of int, one_hot; got 'count'"),
        (lambda: layers.StringLookup(vocabulary=3), "vocabulary must be a list of tokens; got 3"),
        (lambda: layers.StringLookup(pad_to_max_tokens=True), "max_tokens must be a positive int"),
        (lambda: layers.TextVectorization(0), "max_tokens must be a positive integer .*got 0"),
        (
            lambda: layers.TextVectorization(output_sequence_length=0).output_shape((1,)),
            "output_sequence_length must be a positive integer .*got 0",
        ),
        (
            lambda: layers.HashedCrossing(3).output_shape([(2,), (3,)]),
            r"two inputs of the same shape; got \(2,\) and \(3,\)",
        ),
        (lambda: layers.MaxNumBoundingBoxes(0), "max_number must be a positive integer .*got 0"),
    ],
)
def test_what_is_refused(make, message):
    with pytest.raises((TypeError, ValueError), match=message):
        make()
