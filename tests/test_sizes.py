"""The bytes of parameters, by the types of the variables: against Keras's own variables."""

import json
from math import prod

import h5py
import keras
import pytest
from keras import layers as kl

import convcost
from convcost.layers import Custom, Weight, register

POLICIES = ["bfloat16", "float64", "mixed_float16"]
ZEROS = {"recurrent_initializer": "zeros"}


def bytes_of(variables):
    """Return the bytes of variables, by their own record of their types."""
    sizes = {"bfloat16": 2, "float16": 2, "float32": 4, "float64": 8, "int8": 1, "int64": 8}
    sizes |= {"int32": 4, "uint8": 1}
    return sum(prod(one.shape) * sizes[one.dtype] for one in variables)


def hold(model):
    """Hold the size of a model, live and by its config, to its variables."""
    expected = bytes_of(model.weights)
    assert convcost.from_keras(model).size == expected
    assert convcost.from_keras(model.to_json()).size == expected
    return expected


@pytest.mark.parametrize("policy", POLICIES)
def test_layers_of_one_policy(policy):
    how = {"dtype": policy}
    given = keras.Input((8, 8, 4))
    x = kl.SeparableConv2D(8, 3, **how)(given)
    x = kl.BatchNormalization(**how)(x)
    x = kl.SpectralNormalization(kl.Conv2D(6, 3, **how), **how)(x)
    x = kl.Reshape((16, 6))(x)
    x = kl.Bidirectional(kl.LSTM(3, return_sequences=True, **ZEROS, **how), **how)(x)
    x = kl.RNN([kl.GRUCell(4, **ZEROS, **how)], return_sequences=True, **how)(x)
    x = kl.MultiHeadAttention(2, 4, **how)(x, x)
    x = kl.TimeDistributed(kl.Dense(4, **how), **how)(x)
    hold(keras.Model(given, kl.LayerNormalization(**how)(x)))


def test_each_layer_has_its_own():
    model = keras.Sequential(
        [
            keras.Input((10,)),
            kl.Dense(8, dtype="float16"),
            kl.Dense(8, dtype="mixed_float16"),
            kl.Dense(8),
        ]
    )
    assert hold(model) == 88 * 2 + 72 * 4 + 72 * 4
    net = convcost.from_keras(model)
    assert [row.size for row in net] == [176, 288, 288]
    assert net.scale(2, keep=()).size == convcost.from_keras(model.to_json()).scale(2).size


def test_shared_weights_are_counted_once():
    given = keras.Input((8,))
    twice = kl.Dense(8, dtype="float16")
    model = keras.Model(given, twice(twice(given)))
    assert hold(model) == 144
    assert [row.size for row in convcost.from_keras(model)] == [144, 0]


@pytest.mark.parametrize("mode", ["int8", "int4", "float8"])
@pytest.mark.parametrize("policy", ["float32", "bfloat16", "mixed_bfloat16"])
def test_quantized(mode, policy):
    model = keras.Sequential(
        [
            keras.Input((7,), dtype="int32"),
            kl.Embedding(11, 6, dtype=policy),
            kl.EinsumDense("abc,cd->abd", (None, 5), bias_axes="d", dtype=policy),
            kl.Dense(9, dtype=policy),
        ]
    )
    for layer in model.layers[mode == "float8" :]:
        layer.quantize(mode)
    hold(model)


def test_calibrated():
    how = keras.dtype_policies.deserialize(
        {"class_name": "GPTQDTypePolicy", "config": {"mode": "gptq/4/2", "source_name": "bfloat16"}}
    )
    layer = kl.Dense(6, dtype=how)
    layer.build((None, 8))
    ours = convcost.layers.Quantized(convcost.layers.Dense(6), "gptq/4/2")
    theirs = {one.name: one.dtype for one in layer.weights if one.name != "kernel"}
    theirs["kernel"] = layer.quantized_kernel.dtype
    found = {one.name: one.dtype or "bfloat16" for one in ours.weights((8,))}
    assert found == theirs


@pytest.mark.parametrize("policy", ["float32", "float16"])
def test_adapted(policy):
    given = keras.Input((7,), dtype="int32")
    x = kl.Embedding(11, 6, dtype=policy)(given)
    x = kl.Conv1D(5, 2, dtype=policy)(x)
    model = keras.Model(given, kl.Dense(4, dtype=policy)(x))
    for layer in model.layers[1:]:
        layer.enable_lora(2)
    hold(model)


def test_a_file_stores_as_many_bytes(tmp_path):
    given = keras.Input((8, 8, 3))
    x = kl.BatchNormalization(dtype="float16")(kl.Conv2D(4, 3, dtype="float16")(given))
    model = keras.Model(given, kl.Dense(3)(x))
    model.save(tmp_path / "model.h5")
    stored = []
    with h5py.File(tmp_path / "model.h5") as file:
        file["model_weights"].visititems(
            lambda _, one: stored.append(one.nbytes) if isinstance(one, h5py.Dataset) else None
        )
    assert convcost.from_keras(tmp_path / "model.h5").size == sum(stored) == hold(model)


def test_keras_2_keeps_batch_normalization_in_float32():
    tf_keras = pytest.importorskip("tf_keras")
    model = tf_keras.Sequential(
        [
            tf_keras.layers.Input((6, 6, 3)),
            tf_keras.layers.Conv2D(4, 3, dtype="float16"),
            tf_keras.layers.BatchNormalization(dtype="float16"),
            tf_keras.layers.BatchNormalization(dtype="float64"),
            tf_keras.layers.Dense(2, dtype="mixed_float16"),
        ]
    )
    expected = sum(prod(one.shape) * one.dtype.size for one in model.weights)
    assert convcost.from_keras(model.to_json()).size == expected


def test_open_sides_leave_the_size_known():
    given = keras.Input((None, None, 3))
    model = keras.Model(given, kl.Conv2D(4, 3, dtype="float16")(given))
    assert hold(model) == 224
    assert "h" in str(convcost.from_keras(model).macs)


def test_weights_of_code():
    class Scale(kl.Layer):
        def build(self, shape):
            self.gain = self.add_weight(shape=(shape[-1],), dtype="float64")

        def call(self, x):
            return x * keras.ops.cast(self.gain, x.dtype)

    given = keras.Input((5,))
    model = keras.Model(given, Scale()(kl.Dense(5, dtype="float16")(given)))
    assert convcost.from_keras(model).size == bytes_of(model.weights) == 60 + 40


def test_other_layers_keep_the_policy():
    given = keras.Input((8, 8, 4))
    model = keras.Model(given, kl.Conv2D(6, 3, dtype="float16")(given))
    for net in (convcost.from_keras(model), convcost.from_keras(model.to_json())):
        assert net.with_separable().size == 2 * net.with_separable().params
        assert net.scale(2).size == 2 * net.scale(2).params


def dense(**config):
    return {"class_name": "Dense", "config": {"name": "head", "units": 5, **config}}


def size_of(*layers, shape=(4,)):
    return convcost.from_keras({"name": "tiny", "layers": list(layers)}, shape).size


def policy(kind, /, **config):
    return {"class_name": kind, "config": config}


@pytest.mark.parametrize(
    ("dtype", "expected"),
    [
        (None, 100),
        ("float16", 50),
        (policy("Policy", name="mixed_float16"), 100),
        (policy("DTypePolicy", name="float64"), 200),
        (policy("DTypePolicyMap", default_policy=None, policy_map={"a": "float32"}), 100),
        (policy("DTypePolicyMap", default_policy=None, policy_map={"a": "float16"}), None),
        ("string", None),
        ("_infer", None),
    ],
)
def test_policies_of_configs(dtype, expected):
    assert size_of(dense(dtype=dtype)) == expected


def test_layers_that_differ_inside():
    def cell(dtype):
        return {
            "class_name": "GRUCell",
            "config": {"units": 3, "reset_after": True, "dtype": dtype},
        }

    def stacked(*dtypes):
        config = {"name": "cells", "cells": [cell(one) for one in dtypes]}
        cells = {"class_name": "StackedRNNCells", "config": config}
        return {"class_name": "RNN", "config": {"name": "rnn", "cell": cells}}

    shape = (6, 4)
    assert size_of(stacked("float16", "float16"), shape=shape) == 2 * (81 + 72)
    assert size_of(stacked("float16", "float32"), shape=shape) is None
    given = keras.Input(shape)
    forward, backward = kl.LSTM(3, **ZEROS), kl.LSTM(3, go_backwards=True, dtype="float16", **ZEROS)
    both = kl.Bidirectional(forward, backward_layer=backward)
    model = keras.Model(given, kl.Dense(2)(both(given)))
    net = convcost.from_keras(model)
    assert net.size == bytes_of(model.weights)
    assert net.scale(2).size is None


def test_the_count_of_a_normalization_depends_on_the_backend():
    model = keras.Sequential([keras.Input((4,)), kl.Normalization()])
    assert convcost.from_keras(model).size == bytes_of(model.weights)
    assert convcost.from_keras(model.to_json()).size is None
    assert convcost.from_keras(json.loads(model.to_json())).params == 9


def test_registered_layers():
    @register("Gain")
    def gain(config, shape):
        return Custom(shape, [Weight("gain", shape[-1:], dtype=config.get("kept_as"))])

    def layer(**config):
        return {"class_name": "Gain", "config": {"name": "gain", **config}}

    try:
        assert size_of(layer()) == 16
        assert size_of(layer(dtype="float16")) == 8
        assert size_of(layer(dtype="float16", kept_as="int8")) == 4
        assert size_of(layer(kept_as="ternary")) is None
        assert size_of(layer(dtype={"class_name": "Mine"})) is None
    finally:
        convcost.layers.unregister("Gain")
