"""Models that tf.keras 2 wrote, against its own counts and shapes, in all of its formats."""

import json
import math

import numpy as np
import pytest
import tensorflow as tf
import tf_keras
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import convcost
from convcost._models.keras.tf_operations import TensorFlowOperation

K = tf_keras.layers


def size(weights):
    return sum(math.prod(one.shape) for one in weights)


def shapes_of(model):
    shapes = model.output_shape
    return [tuple(one[1:]) for one in (shapes if isinstance(shapes, list) else [shapes])]


def written(model, folder):
    """Write a model in the three formats; return the paths, the text first."""
    paths = [folder / f"model.{suffix}" for suffix in ("json", "h5", "keras")]
    paths[0].write_text(model.to_json())
    for path in paths[1:]:
        model.save(path)
    return paths


def assert_as_tf_keras(model, source):
    net = convcost.from_keras(source)
    assert net.params == model.count_params()
    assert net.trainable_params == size(model.trainable_weights)
    assert list(net.output_shapes) == shapes_of(model)
    return net


def inner():
    return tf_keras.Sequential([K.Conv2D(4, 3, input_shape=(8, 8, 3)), K.Flatten()], name="inner")


def nested_once():
    entry = tf_keras.Input((8, 8, 3))
    return tf_keras.Model(entry, K.Dense(1)(inner()(entry)))


def nested_twice():
    entry, part = tf_keras.Input((8, 8, 3)), inner()
    return tf_keras.Model(entry, K.Add()([part(entry), part(entry)]))


def nested_without_a_shape():
    entry, part = tf_keras.Input((8,)), tf_keras.Sequential([K.Dense(4)])
    return tf_keras.Model(entry, K.Dense(2)(part(entry)))


def transfer_learning():
    """The model of TensorFlow's tutorial: augmentation, preprocessing, and a frozen base."""
    base = tf_keras.applications.MobileNetV2(
        weights=None, input_shape=(32, 32, 3), include_top=False
    )
    base.trainable = False
    entry = tf_keras.Input((32, 32, 3))
    x = tf_keras.Sequential([K.RandomFlip("horizontal"), K.RandomRotation(0.2)])(entry)
    x = tf_keras.applications.mobilenet_v2.preprocess_input(x)
    x = K.GlobalAveragePooling2D()(base(x, training=False))
    return tf_keras.Model(entry, K.Dense(1)(K.Dropout(0.2)(x)))


def with_operators():
    entry = tf_keras.Input((8, 8, 3))
    x = K.Conv2D(4, 3, padding="same")(entry)
    y = x * 2.0 + tf.nn.relu(x) - tf.reduce_mean(x, axis=[1, 2], keepdims=True)
    return tf_keras.Model(entry, K.Dense(2)(K.Flatten()(1.0 - y / 255.0)))


@pytest.mark.parametrize(
    "build",
    [nested_once, nested_twice, nested_without_a_shape, transfer_learning, with_operators],
)
def test_models_in_all_formats(build, tmp_path):
    model = build()
    for path in written(model, tmp_path):
        assert_as_tf_keras(model, path)


def test_frozen_layers_of_nested_models(tmp_path):
    model = transfer_learning()
    assert convcost.from_keras(model.to_json()).trainable_params == 1281


IMAGE, OTHER = tf_keras.Input((8, 6)), tf_keras.Input((8, 6))
ONES = np.ones((6, 2), "float32")


@pytest.mark.parametrize(
    "output",
    [
        tf.matmul(IMAGE, OTHER, transpose_b=True),
        tf.matmul(IMAGE, OTHER, transpose_a=True),
        tf.matmul(IMAGE, ONES),
        IMAGE @ tf.transpose(OTHER, [0, 2, 1]),
        tf_keras.backend.batch_dot(IMAGE, tf.transpose(OTHER, [0, 2, 1])),
        tf.reshape(IMAGE, (-1, 48)),
        tf.transpose(IMAGE, [0, 2, 1]),
        tf.concat([IMAGE, OTHER], axis=-1),
        tf.add_n([IMAGE, OTHER]),
        tf.stack([IMAGE, OTHER], axis=1),
        tf.expand_dims(IMAGE, 1),
        tf.squeeze(tf.expand_dims(IMAGE, -1), -1),
        2.0 * IMAGE,
        1 - IMAGE,
        IMAGE**2,
        -IMAGE,
        IMAGE / OTHER,
        tf.where(IMAGE > 0, IMAGE, OTHER),
        IMAGE[:, ::2],
        IMAGE[:, 0],
        IMAGE[:, 1:3, ::2],
        IMAGE[..., 0],
        IMAGE[0],
        IMAGE[:, tf.newaxis],
        tf.tile(IMAGE, [1, 2, 1]),
        tf.pad(IMAGE, [[0, 0], [1, 1], [0, 0]]),
        tf.gather(IMAGE, [0, 2], axis=1),
        tf.image.resize(tf.reshape(IMAGE, (-1, 4, 4, 3)), (8, 8)),
        tf.nn.softmax(IMAGE),
        tf.cast(IMAGE, tf.float16),
        tf.reduce_mean(IMAGE, axis=1),
        tf.reduce_max(IMAGE, axis=[1, 2], keepdims=True),
        tf.argmax(IMAGE, axis=1),
        tf.math.l2_normalize(IMAGE, axis=1),
        tf.norm(IMAGE, axis=-1),
        tf.clip_by_value(IMAGE, 0.0, 1.0),
        tf.repeat(IMAGE, 2, axis=1),
        tf.reverse(IMAGE, [1]),
        tf.split(IMAGE, 2, axis=1),
        tf.split(IMAGE, [1, 3, 4], axis=1),
        tf.unstack(IMAGE, axis=1)[3],
        tf.zeros_like(IMAGE),
    ],
    ids=str,
)
def test_operations_have_the_shapes_of_tensorflow(output):
    model = tf_keras.Model([IMAGE, OTHER], output)
    net = assert_as_tf_keras(model, model.to_json())
    products = [row for row in net if row.macs]
    assert len(products) == ("matmul" in model.to_json())
    assert all(row.macs in (8 * 6 * 8, 6 * 8 * 6, 8 * 6 * 2) for row in products)


def test_a_side_that_a_shape_holds():
    batch, length = tf.shape(IMAGE)[0], tf.shape(IMAGE)[1]
    model = tf_keras.Model(IMAGE, tf.reshape(IMAGE, (batch, length, 2, -1)))
    assert convcost.from_keras(model.to_json()).output_shapes == ((8, 2, 3),)
    model = tf_keras.Model(IMAGE, tf.reshape(IMAGE, (batch, -1)))
    net = convcost.from_keras(model.to_json())
    assert net.output_shapes == ((48,),)
    assert {row.output_shape for row in net if ".v1.shape" in row.name} == {(3,)}


def test_functions_that_are_not_known_are_named():
    model = tf_keras.Model(IMAGE, tf.tensordot(IMAGE, ONES, axes=1))
    with pytest.raises(convcost.UnknownLayerError, match=r"class TFOpLambda of tf\.tensordot has"):
        convcost.from_keras(model.to_json())
    model = tf_keras.Model(IMAGE, tf.gather(IMAGE, [[0], [1]], axis=1, batch_dims=0))
    text = model.to_json().replace('"batch_dims": 0', '"batch_dims": 1')
    with pytest.raises(convcost.ModelError, match="batch_dims must be 0"):
        convcost.from_keras(text)
    with pytest.raises(ValueError, match="function must be a function that is known"):
        TensorFlowOperation("nn.conv2d")
    assert TensorFlowOperation("reshape").fixes_sizes
    assert not TensorFlowOperation("shape").fixes_sizes


def test_a_layer_called_on_a_constant():
    """tf.keras records the value in place of a tensor."""
    text = tf_keras.Model(IMAGE, 1.0 - IMAGE).to_json()
    node = json.loads(text)["config"]["layers"][1]["inbound_nodes"][0]
    assert node[0] == "_CONSTANT_VALUE"
    assert convcost.from_keras(text).output_shapes == ((8, 6),)


@st.composite
def drawn_models(draw):
    """A model of layers, operators and shared nested models."""
    entry = tf_keras.Input((8, 6))
    parts = [
        tf_keras.Sequential([K.Dense(6, input_shape=(8, 6)), K.BatchNormalization()]),
        tf_keras.Sequential([K.Conv1D(6, 3, padding="same")]),
        K.Dense(6),
        K.TimeDistributed(K.Dense(6)),
    ]
    tensors = [entry]
    for _ in range(draw(st.integers(1, 6))):
        x, y = draw(st.sampled_from(tensors)), draw(st.sampled_from(tensors))
        part = draw(st.sampled_from([*parts, *OPERATORS]))
        tensors.append(part(x, y) if part in OPERATORS else part(x))
    for part in parts:
        part.trainable = draw(st.booleans())
    return tf_keras.Model(entry, K.Dense(2)(tensors[-1]))


OPERATORS = [
    lambda x, y: x + y,
    lambda x, y: x * 2.0 - y,
    lambda x, y: tf.nn.relu(x) / (1.0 + y),
    lambda x, y: tf.reshape(tf.reshape(x, (-1, 48)), (-1, 8, 6)),
    lambda x, y: tf.matmul(tf.matmul(x, y, transpose_b=True), y),
    lambda x, y: tf.concat([x[:, :3], y[:, 3:]], axis=1),
    lambda x, y: K.Add()([x, y]),
    lambda x, y: tf.transpose(tf.transpose(x, [0, 2, 1]), [0, 2, 1]),
]


# Each is built by TensorFlow, and written three times.
@settings(
    max_examples=settings.default.max_examples // 8,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    deadline=None,
)
@given(drawn_models())
def test_drawn_models_in_all_formats(tmp_path, model):
    for path in written(model, tmp_path):
        assert_as_tf_keras(model, path)


def test_a_dict_among_the_arguments_of_an_operation():
    config = json.loads(tf_keras.Model(IMAGE, tf.nn.relu(IMAGE)).to_json())
    config["config"]["layers"][1]["inbound_nodes"][0][3]["options"] = {"more": [1, 2]}
    assert convcost.from_keras(config).output_shapes == ((8, 6),)
