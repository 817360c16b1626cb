"""Layers with a kernel of their own at each position, against tf.keras 2 and its files."""

import math

import pytest
import tf_keras
from hypothesis import given
from hypothesis import strategies as st

import convcost
from convcost import layers

FORMATS = st.sampled_from(["channels_last", "channels_first"])


@st.composite
def drawn(draw, rank):
    """Draw the arguments of a layer, and the shape of its input."""
    sides = [draw(st.integers(3, 6)) for _ in range(rank)]
    implementation = draw(st.sampled_from([1, 2, 3]))
    options = {
        "filters": draw(st.integers(1, 3)),
        "kernel_size": tuple(draw(st.integers(1, 3)) for _ in range(rank)),
        "strides": tuple(draw(st.integers(1, 3)) for _ in range(rank)),
        "padding": "valid" if implementation == 1 else draw(st.sampled_from(["valid", "same"])),
        "data_format": draw(FORMATS),
        "use_bias": draw(st.booleans()),
        "implementation": implementation,
    }
    first = options["data_format"] == "channels_first"
    channels = draw(st.integers(1, 3))
    return options, (channels, *sides) if first else (*sides, channels)


def check(name, options, shape):
    ours = getattr(layers, name)(**options)
    theirs = getattr(tf_keras.layers, name)(**options)
    theirs.build((None, *shape))
    weights = {one.name: one.shape for one in ours.weights(shape)}
    assert weights.pop("kernel") == tuple(theirs.kernel.shape)
    assert list(weights.values()) == [tuple(one.shape) for one in theirs.weights[1:]]
    assert ours.output_shape(shape) == tuple(theirs.compute_output_shape((None, *shape))[1:])
    cost, effective = ours.cost(shape), ours.cost(shape, effective=True)
    assert cost.params == theirs.count_params()
    # Each weight is used once.
    assert cost.macs == math.prod(theirs.kernel.shape)
    assert effective.macs == used(theirs)
    assert cost.bias_adds == sum(math.prod(one.shape) for one in theirs.weights[1:])
    step = ours.training(shape)
    assert step.weight_gradient.macs == step.input_gradient.macs == cost.macs
    assert ours.training(shape, first=True).input_gradient.macs == 0
    assert ours.traffic(shape).weights == cost.params
    assert ours.traffic(shape).intermediate == 0


def used(theirs):
    """Return how many of the weights the mask of tf.keras leaves."""
    if theirs.implementation != 2:
        return math.prod(theirs.kernel.shape)
    mask = (theirs.kernel_mask != 0).sum()
    return int(mask) * math.prod(theirs.kernel.shape) // math.prod(theirs.kernel_mask.shape)


@given(drawn(1))
def test_one_axis(case):
    options, shape = case
    for name in ("kernel_size", "strides"):
        options[name] = options[name][0]
    check("LocallyConnected1D", options, shape)


@pytest.mark.parametrize("implementation", [2, 3])
def test_kernels_of_even_length_are_centered_where_strides_skip_places(implementation):
    options = {"filters": 2, "kernel_size": 2, "strides": 2, "padding": "same", "use_bias": True}
    check("LocallyConnected1D", {**options, "implementation": implementation}, (4, 3))


@given(drawn(2))
def test_two_axes(case):
    check("LocallyConnected2D", *case)


def test_a_file_of_tf_keras(tmp_path):
    model = tf_keras.Sequential(
        [
            tf_keras.layers.LocallyConnected2D(3, 2, strides=2, input_shape=(8, 8, 2)),
            tf_keras.layers.Reshape((16, 3)),
            tf_keras.layers.LocallyConnected1D(
                2, 3, padding="same", implementation=3, activation="relu"
            ),
        ]
    )
    model.save(tmp_path / "model.h5")
    for source in (tmp_path / "model.h5", model.to_json()):
        net = convcost.from_keras(source)
        assert net.params == model.count_params()
        assert net.output_shapes == (model.output_shape[1:],)


def test_a_file_of_keras_1():
    config = {
        "class_name": "LocallyConnected2D",
        "config": {
            **{"name": "local", "nb_filter": 4, "nb_row": 3, "nb_col": 2, "subsample": [2, 1]},
            **{"border_mode": "valid", "dim_ordering": "tf", "bias": True},
            "batch_input_shape": [None, 9, 9, 3],
        },
    }
    net = convcost.from_keras({"class_name": "Sequential", "config": [config]})
    layer = layers.LocallyConnected2D(4, (3, 2), (2, 1))
    assert net["local"].layer == layer
    assert net.total() == layer.cost((9, 9, 3))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"padding": "same"}, "padding must be 'valid' with implementation 1; got 'same'"),
        ({"implementation": 4}, "implementation must be one of 1, 2, 3; got 4"),
        ({"padding": "full"}, "padding must be 'valid' or 'same'; got 'full'"),
    ],
)
def test_arguments_that_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        layers.LocallyConnected1D(2, 3, **options)


def test_an_input_that_is_too_short():
    with pytest.raises(ValueError, match=r"input_shape\[0\] must be at least as long as kernel_si"):
        layers.LocallyConnected1D(2, 5).cost((4, 3))
