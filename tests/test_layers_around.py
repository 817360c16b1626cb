"""The layers around convolutions, against Keras: output shapes, weights and errors."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from keras_layers import check

from convcost import layers

SIDE = st.integers(1, 9)
FORMATS = st.sampled_from(["channels_last", "channels_first"])


@st.composite
def maps(draw, rank):
    """Draw the shape of a map and its data format."""
    sides = [draw(SIDE) for _ in range(rank)]
    data_format = draw(FORMATS)
    channels = draw(st.integers(1, 5))
    shape = (*sides, channels) if data_format == "channels_last" else (channels, *sides)
    return shape, tuple(sides), data_format


@pytest.mark.parametrize("rank", [1, 2, 3])
@pytest.mark.parametrize("kind", ["Max", "Average"])
@given(data=st.data())
def test_pooling(kind, rank, data):
    shape, sides, data_format = data.draw(maps(rank))
    size = tuple(data.draw(st.integers(1, side)) for side in sides)
    strides = data.draw(st.none() | st.tuples(*[st.integers(1, 4)] * rank))
    padding = data.draw(st.sampled_from(["valid", "same"]))
    check(f"{kind}Pooling{rank}D", shape, size, strides, padding, data_format=data_format)


@pytest.mark.parametrize("rank", [1, 2, 3])
@pytest.mark.parametrize("kind", ["Max", "Average"])
@given(data=st.data())
def test_pooling_of_everything(kind, rank, data):
    shape, _, data_format = data.draw(maps(rank))
    keepdims = data.draw(st.booleans())
    check(f"Global{kind}Pooling{rank}D", shape, data_format=data_format, keepdims=keepdims)


@pytest.mark.parametrize("rank", [1, 2, 3])
@pytest.mark.parametrize("kind", ["Max", "Average"])
@given(data=st.data())
def test_pooling_to_a_size(kind, rank, data):
    shape, sides, data_format = data.draw(maps(rank))
    size = tuple(data.draw(st.integers(1, side)) for side in sides)
    check(f"Adaptive{kind}Pooling{rank}D", shape, size, data_format=data_format)


def pairs(rank, most):
    one = st.integers(0, most)
    written = [one, st.tuples(*[st.tuples(one, one)] * rank)]
    return st.one_of(*written, st.tuples(*[one] * (2 if rank == 1 else rank)))


@pytest.mark.parametrize("rank", [1, 2, 3])
@given(data=st.data())
def test_zero_padding(rank, data):
    shape, _, data_format = data.draw(maps(rank))
    padding = data.draw(pairs(rank, 3))
    if rank == 1 and isinstance(padding, tuple) and isinstance(padding[0], tuple):
        padding = padding[0]  # Keras doesn't take a pair of pairs here
    check(f"ZeroPadding{rank}D", shape, padding, data_format=data_format)


@pytest.mark.parametrize("rank", [1, 2, 3])
@given(data=st.data())
def test_cropping(rank, data):
    sides = [data.draw(st.integers(5, 9)) for _ in range(rank)]
    cropping = data.draw(pairs(rank, 2))
    if rank == 1:
        if isinstance(cropping, tuple) and isinstance(cropping[0], tuple):
            cropping = cropping[0]
        check("Cropping1D", (*sides, 3), cropping)
    else:
        data_format = data.draw(FORMATS)
        shape = (*sides, 3) if data_format == "channels_last" else (3, *sides)
        check(f"Cropping{rank}D", shape, cropping, data_format=data_format)


@pytest.mark.parametrize("rank", [2, 3])
@given(data=st.data())
def test_upsampling(rank, data):
    shape, _, data_format = data.draw(maps(rank))
    size = data.draw(st.integers(1, 3) | st.tuples(*[st.integers(1, 3)] * rank))
    check(f"UpSampling{rank}D", shape, size, data_format=data_format)


def test_upsampling_of_a_sequence():
    check("UpSampling1D", (7, 3), 3)


@pytest.mark.parametrize("name", ["Resizing", "CenterCrop", "RandomCrop"])
@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
def test_sizes_of_images(name, data_format):
    shape = (20, 30, 3) if data_format == "channels_last" else (3, 20, 30)
    check(name, shape, 10, 15, data_format=data_format)


@given(st.integers(0, 3), st.permutations([2, 3, 5]), st.booleans())
def test_reshape(place, sides, leave):
    target = list(sides)
    if leave and place < 3:
        target[place] = -1
    check("Reshape", (5, 6), tuple(target))


@given(st.permutations([1, 2, 3]))
def test_permute(dims):
    check("Permute", (2, 3, 5), tuple(dims))


def test_flatten_and_repeat():
    check("Flatten", (3, 3, 128))
    check("Flatten", (3, 3, 128), data_format="channels_first")
    check("RepeatVector", (32,), 10)


@given(
    axis=st.sampled_from([1, 2, 3, -1, -2]),
    center=st.booleans(),
    scale=st.booleans(),
    renorm=st.booleans(),
)
def test_batch_normalization(axis, center, scale, renorm):
    check("BatchNormalization", (2, 3, 5), axis, center=center, scale=scale, renorm=renorm)


@given(
    axis=st.sampled_from([1, 3, -1, (1, 2), [-1, 1], (2,)]),
    center=st.booleans(),
    scale=st.booleans(),
)
def test_layer_normalization(axis, center, scale):
    check("LayerNormalization", (2, 3, 5), axis, center=center, scale=scale)


def test_layer_normalization_by_the_root_mean_square():
    layer = layers.LayerNormalization(rms_scaling=True, scale=False)
    assert [weight.name for weight in layer.weights((2, 5))] == ["gamma"]


@pytest.mark.parametrize("axis", [-1, 2, (1, 3)])
def test_rms_normalization(axis):
    check("RMSNormalization", (2, 3, 5), axis)


@given(groups=st.sampled_from([1, 2, 4, -1]), center=st.booleans(), scale=st.booleans())
def test_group_normalization(groups, center, scale):
    check("GroupNormalization", (3, 8), groups, center=center, scale=scale)


@pytest.mark.parametrize("axis", [-1, 1, (1, 2), None])
def test_normalization(axis):
    check("Normalization", (2, 3, 5), axis)


def test_normalization_with_given_values_has_no_weights():
    check("Normalization", (3,), axis=-1, mean=0.5, variance=2.0)


@pytest.mark.parametrize("shared", [None, [1], (1, 2), 2, [-1]])
def test_prelu(shared):
    if shared == [-1]:
        assert layers.PReLU(shared_axes=[-1]).cost((2, 3, 5)).params == 6
    else:
        check("PReLU", (2, 3, 5), shared_axes=shared)


def test_layer_scale():
    assert layers.LayerScale(96).weights((7, 7, 96)) == (layers.Weight("gamma", (96,)),)


@pytest.mark.parametrize("name", ["Add", "Multiply", "Average", "Maximum", "Minimum"])
@pytest.mark.parametrize(
    "shapes",
    [((2, 3), (2, 3)), ((2, 3), (2, 3), (2, 3)), ((2, 3), (1, 3)), ((1, 3), (2, 1), (2, 3))],
)
def test_merging(name, shapes):
    check(name, shapes)


def test_subtract_takes_two():
    check("Subtract", ((2, 3), (2, 3)))
    with pytest.raises(ValueError, match="2 shapes"):
        layers.Subtract().output_shape(((2, 3), (2, 3), (2, 3)))


def test_shapes_of_different_ranks_broadcast():
    assert layers.Add().output_shape(((5, 2, 3), (2, 3))) == (5, 2, 3)


@given(st.sampled_from([1, 2, -1, -2]), st.lists(st.integers(1, 4), min_size=1, max_size=4))
def test_concatenate(axis, sides):
    index = axis - 1 if axis > 0 else axis + 2
    shapes = tuple((side, 3) if index == 0 else (3, side) for side in sides)
    check("Concatenate", shapes, axis)


@pytest.mark.parametrize(
    ("axes", "shapes"),
    [
        (2, ((10, 64), (20, 64))),
        (-1, ((10, 64), (20, 64))),
        ((2, 1), ((10, 64), (64, 20))),
        (1, ((64,), (64,))),
    ],
)
def test_dot(axes, shapes):
    layer = check("Dot", shapes, axes)
    # One sum over the common axis per output element.
    output = layer.output_shape(shapes)
    number = 64
    for side in output:
        number *= side
    assert layer.cost(shapes).macs == number
    training = layer.training(shapes)
    assert training.total.macs == 3 * number


def test_dot_normalizes_for_free():
    assert layers.Dot(1, normalize=True).cost(((64,), (64,))).macs == 64


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: layers.Elementwise("LSTM"), ValueError, "kind must be one of .*; got 'LSTM'"),
        (lambda: layers.Elementwise(["ReLU"]), ValueError, "kind must be one of"),
        (lambda: layers.MaxPooling2D(0), ValueError, "pool_size must be a positive integer"),
        (lambda: layers.MaxPooling2D(2.0), TypeError, "pool_size must be .*; got 2.0"),
        (lambda: layers.MaxPooling2D(2, padding="causal"), ValueError, "'valid' or 'same'"),
        (lambda: layers.MaxPooling2D(2, padding=1), TypeError, "'valid' or 'same'"),
        (lambda: layers.ZeroPadding2D(-1), ValueError, "padding must be a non-negative integer"),
        (lambda: layers.ZeroPadding2D((1, 2, 3)), ValueError, "2 of them, or 2 pairs"),
        (lambda: layers.ZeroPadding2D(((1, 2), (1,))), ValueError, r"padding\[1\]"),
        (lambda: layers.Cropping2D(5).output_shape((8, 20, 1)), ValueError, "leave at least one"),
        (lambda: layers.Reshape((2, -1, -1)), ValueError, "one of which may be -1"),
        (lambda: layers.Reshape(5), TypeError, "target_shape must be a tuple"),
        (lambda: layers.Reshape((4, 4)).output_shape((5, 3)), ValueError, r"\(5, 3\); got"),
        (lambda: layers.Reshape((4, -1)).output_shape((5, 3)), ValueError, r"\(5, 3\); got"),
        (lambda: layers.Permute((1, 3)), ValueError, "each axis once"),
        (lambda: layers.Permute(1), TypeError, "a tuple of axes"),
        (
            lambda: layers.Permute((2, 1)).output_shape((1, 2, 3)),
            ValueError,
            "one axis for each side",
        ),
        (lambda: layers.RepeatVector(3).output_shape((4, 4)), ValueError, "for RepeatVector"),
        (lambda: layers.BatchNormalization(0).weights((4, 4)), ValueError, "from 1 to 2"),
        (lambda: layers.BatchNormalization(True), TypeError, "axis must be an integer"),
        (lambda: layers.BatchNormalization(center=1), TypeError, "center must be True or False"),
        (lambda: layers.GroupNormalization(3).weights((4, 4)), ValueError, "groups must divide"),
        (
            lambda: layers.Concatenate(1).output_shape(((1, 2), (1, 3))),
            ValueError,
            "except for axis 1",
        ),
        (
            lambda: layers.Concatenate().output_shape(((1, 2), (1,))),
            ValueError,
            "except for axis 2",
        ),
        (lambda: layers.Add().output_shape(((2, 3), (2, 4))), ValueError, "must be equal"),
        (lambda: layers.Add().output_shape((2, 3)), ValueError, "shapes without the batch"),
        (lambda: layers.Add().output_shape(()), ValueError, "shapes without the batch"),
        (lambda: layers.Dot((1, 2, 3)), ValueError, "one axis, or a pair of axes"),
        (lambda: layers.Dot(1).cost(((2,), (3,))), ValueError, "must have equal lengths"),
        (lambda: layers.TimeDistributed(3), TypeError, "layer must be a layer"),
        (lambda: layers.Chain(3), TypeError, "layers must be a list"),
        (lambda: layers.Chain([3]), TypeError, r"layers\[0\] must be a layer"),
        (lambda: layers.Custom((3,), [(3,)]), TypeError, "each of variables must be"),
        (lambda: layers.Custom((3,), [layers.Weight("w", (0,))]), ValueError, "side 0 of 'w'"),
        (lambda: layers.Custom((3,), macs=-1), ValueError, "macs must be"),
    ],
)
def test_what_is_refused(make, error, message):
    with pytest.raises(error, match=message):
        make()


def test_merging_takes_no_arrays():
    import numpy as np

    with pytest.raises(TypeError, match="not of arrays"):
        layers.Add().output_shape(((np.array([2, 3]), 3), (2, 3)))


def test_a_window_must_fit_and_says_so_in_its_own_words():
    with pytest.raises(ValueError, match=r"as long as pool_size; got .*pool_size=3, strides=3"):
        layers.MaxPooling1D(3).output_shape((2, 4))


def test_traffic_of_several_inputs():
    traffic = layers.Add().traffic(((2, 3), (1, 3)))
    assert (traffic.input, traffic.output) == (9, 6)


@pytest.mark.parametrize(
    "layer",
    [
        layers.BatchNormalization(),
        layers.LayerNormalization(),
        layers.RMSNormalization(),
        layers.GroupNormalization(2),
        layers.Normalization(),
        layers.PReLU(),
    ],
    ids=repr,
)
@pytest.mark.parametrize("dtype", ["int32", "object"])
def test_weights_of_arrays_of_channels_are_counted_for_each(layer, dtype):
    channels = np.array([2, 4, 1000], dtype=dtype)
    found = layer.cost((8, 6, channels))
    assert found.params.tolist() == [layer.cost((8, 6, int(one))).params for one in channels]
    assert found.explain().params
