"""Check what-ifs against Keras models built that way, and against the paper."""

from fractions import Fraction

import keras
import numpy as np
import pytest
from keras import layers as kl

import convcost
from convcost._models.scaling import rounded
from convcost.symbols import symbol


@pytest.fixture(scope="module")
def mobilenet():
    return convcost.from_keras(keras.applications.MobileNet(weights=None))


@pytest.fixture(scope="module")
def mobilenet_v2():
    return convcost.from_keras(keras.applications.MobileNetV2(weights=None))


def sums(network):
    return network.params, network.non_trainable_params, network.macs


def test_mobilenet_with_full_convolutions_is_that_of_its_paper(mobilenet):
    full = mobilenet.with_standard()
    # Howard et al., table 4: 4866 million mult-adds and 29.3 million parameters.
    assert round(full.macs / 10**6) == 4867
    assert round(full.params / 10**6, 1) == 29.3
    assert round(mobilenet.macs / 10**6) == 569
    assert round(mobilenet.params / 10**6, 1) == 4.3
    assert full["conv_pw_1"].kind == "Conv2D"
    assert full["conv_pw_1"].layer.kernel_size == (3, 3)
    with pytest.raises(KeyError, match="has no layer 'conv_dw_1_bn'; did you mean"):
        full["conv_dw_1_bn"]


@pytest.mark.parametrize("width", [0.25, 0.5, 0.75, 1.0, 0.3, 1.3])
@pytest.mark.parametrize("resolution", [128, 192])
def test_mobilenet_is_scaled_as_keras_does(mobilenet, width, resolution):
    model = keras.applications.MobileNet((resolution, resolution, 3), alpha=width, weights=None)
    assert sums(mobilenet.scale(width, resolution)) == sums(convcost.from_keras(model))


@pytest.mark.parametrize("width", [0.35, 0.5, 0.75, 1.0, 1.3, 1.4, 0.28, 0.56])
@pytest.mark.parametrize("resolution", [96, 224])
def test_mobilenet_v2_is_scaled_as_keras_does(mobilenet_v2, width, resolution):
    model = keras.applications.MobileNetV2((resolution, resolution, 3), alpha=width, weights=None)
    keep = ["Conv_1"] if width <= 1 else []
    scaled = mobilenet_v2.scale(width, resolution, divisor=8, keep=keep)
    assert sums(scaled) == sums(convcost.from_keras(model))


@pytest.mark.parametrize("name", ["EfficientNetB0", "MobileNetV3Small", "ConvNeXtTiny", "ResNet50"])
def test_layers_that_are_added_or_multiplied_stay_as_wide_as_each_other(name):
    network = convcost.from_keras(getattr(keras.applications, name)(weights=None), (64, 64, 3))
    half = network.scale(Fraction(1, 2), divisor=8)
    assert half.output_shapes == network.output_shapes
    assert 0.2 < half.params / network.params < 0.45
    assert network.scale(1, 32).input_shapes == ((32, 32, 3),)


def small():
    x = entry = keras.Input((16, 16, 4), name="image")
    x = kl.Conv2D(8, 3, padding="same", name="full")(x)
    x = kl.BatchNormalization(name="bn")(x)
    x = kl.Conv2D(8, 1, name="pointwise")(x)
    x = kl.Conv2D(8, 3, groups=2, name="grouped")(x)
    x = kl.Conv2D(16, 3, 2, dilation_rate=1, use_bias=False, name="strided")(x)
    return keras.Model(entry, kl.Dense(3, name="head")(kl.Flatten(name="flat")(x)), name="small")


def separable_small(block):
    x = entry = keras.Input((16, 16, 4), name="image")

    def conv(x, filters, strides, padding, bias):
        if not block:
            return kl.SeparableConv2D(filters, 3, strides, padding, use_bias=bias)(x)
        x = kl.DepthwiseConv2D(3, strides, padding, use_bias=False)(x)
        return kl.Conv2D(filters, 1, use_bias=bias)(kl.BatchNormalization()(x))

    x = conv(x, 8, 1, "same", True)
    x = kl.Conv2D(8, 1)(kl.BatchNormalization()(x))
    x = kl.Conv2D(8, 3, groups=2)(x)
    x = conv(x, 16, 2, "valid", False)
    return keras.Model(entry, kl.Dense(3)(kl.Flatten()(x)))


@pytest.mark.parametrize("form", ["layer", "block"])
def test_separable_convolutions_are_those_of_keras(form):
    network = convcost.from_keras(small())
    model = separable_small(form == "block")
    changed = network.with_separable(form=form)
    assert sums(changed) == sums(convcost.from_keras(model))
    assert changed.params == model.count_params()
    kinds = {row.name: row.kind for row in changed}
    expected = {
        "layer": "SeparableConv2D",
        "block": "DepthwiseConv2D+BatchNormalization+Conv2D",
    }[form]
    assert kinds["full"] == kinds["strided"] == expected
    assert kinds["pointwise"] == kinds["grouped"] == "Conv2D"


def test_separable_and_back_is_what_it_was():
    network = convcost.from_keras(small())
    again = network.with_separable().with_standard()
    assert sums(again) == sums(network)
    assert [row.layer for row in again] == [row.layer for row in network]


def test_where_says_which_layers():
    network = convcost.from_keras(small())
    for where in ("full", ["full"], lambda row: row.name == "full"):
        changed = network.with_separable(where)
        assert changed["full"].kind == "SeparableConv2D"
        assert changed["strided"].kind == "Conv2D"
    with pytest.raises(ValueError, match=r"where must be a layer .* full, strided; got 'grouped'"):
        network.with_separable(["grouped"])
    with pytest.raises(ValueError, match="'layer' or 'block'; got 'x'"):
        network.with_separable(form="x")


def test_models_inside_are_changed_too():
    inner = keras.Sequential([keras.Input((8, 8, 4)), kl.Conv2D(4, 3, name="conv")], name="inner")
    entry = keras.Input((8, 8, 4))
    network = convcost.from_keras(keras.Model(entry, inner(entry)))
    changed = network.with_separable()
    assert changed["inner/conv"].kind == "SeparableConv2D"
    assert changed.with_standard()["inner/conv"].layer == network["inner/conv"].layer
    assert network.scale(0.5)["inner/conv"].layer.filters == 4  # it makes the output


def test_one_dimension_is_changed_too_but_for_causal_padding():
    entry = keras.Input((16, 4))
    x = kl.Conv1D(8, 3, name="plain")(entry)
    x = kl.Conv1D(8, 3, padding="causal", name="causal")(x)
    changed = convcost.from_keras(keras.Model(entry, x)).with_separable()
    assert changed["plain"].kind == "SeparableConv1D"
    assert changed["causal"].kind == "Conv1D"


def test_a_depthwise_convolution_that_others_use_stays():
    entry = keras.Input((8, 8, 4))
    x = kl.DepthwiseConv2D(3, padding="same", name="dw")(entry)
    y = kl.Conv2D(8, 1, name="pw")(x)
    two = keras.Model(entry, [y, x])
    assert convcost.from_keras(two).with_standard()["dw"].kind == "DepthwiseConv2D"
    alone = keras.Model(entry, kl.DepthwiseConv2D(3, name="dw")(entry))
    assert convcost.from_keras(alone).with_standard()["dw"].kind == "DepthwiseConv2D"
    z = kl.DepthwiseConv2D(3, depth_multiplier=2, name="dw")(entry)
    many = keras.Model(entry, kl.Conv2D(8, 1, name="pw")(z))
    assert convcost.from_keras(many).with_standard()["dw"].kind == "DepthwiseConv2D"
    wide = keras.Model(entry, kl.Conv2D(8, 3, name="pw")(kl.DepthwiseConv2D(3, name="dw")(entry)))
    assert convcost.from_keras(wide).with_standard()["dw"].kind == "DepthwiseConv2D"
    flat = keras.Model(entry, kl.Flatten()(kl.DepthwiseConv2D(3, name="dw")(entry)))
    assert convcost.from_keras(flat).with_standard()["dw"].kind == "DepthwiseConv2D"
    conv = kl.Conv2D(4, 1, name="pw")
    twice = keras.Model(entry, conv(conv(kl.DepthwiseConv2D(3, name="dw")(entry))))
    assert convcost.from_keras(twice).with_standard()["dw"].kind == "DepthwiseConv2D"


def test_every_kind_of_layer_with_a_width_is_scaled():
    entry = keras.Input((8, 8, 4))
    x = kl.Conv2D(8, 1, name="conv")(entry)
    x = kl.Conv2D(8, 3, groups=8, name="channelwise")(x)
    x = kl.Conv2DTranspose(8, 2, 2, name="transposed")(x)
    x = kl.SeparableConv2D(8, 3, name="separable")(x)
    x = kl.Reshape((100, 8), name="reshape")(x)
    shared = kl.Dense(8, name="dense")
    x = kl.Dense(2, name="head")(kl.GlobalAveragePooling1D(name="pool")(shared(shared(x))))
    network = convcost.from_keras(keras.Model(entry, x))
    with pytest.raises(convcost.ModelError, match="'reshape'"):
        network.scale(0.5)
    kept = ["transposed", "separable", "dense"]
    half = network.scale(0.5, keep=kept)
    assert half["conv"].layer.filters == 4
    assert half["channelwise"].layer.groups == half["channelwise"].layer.filters == 4
    assert half["head"].layer == network["head"].layer
    assert half["separable"].input_shapes == network["separable"].input_shapes
    assert half.params < network.params


def test_what_is_added_to_the_input_is_as_wide_as_that():
    entry = keras.Input((8, 8, 4))
    conv = kl.Conv2D(4, 3, padding="same", name="conv")
    x = kl.Add()([entry, conv(entry)])
    x = kl.Conv2D(8, 1, name="wide")(kl.ReLU()(conv(x)))
    network = convcost.from_keras(keras.Model(entry, [kl.Dense(2, name="head")(x), x]))
    half = network.scale(0.5)
    assert half["conv"].layer.filters == 4
    assert half["wide"].layer.filters == 8  # an output, too


def test_an_expansion_that_feeds_several_is_scaled_as_any_other():
    entry = keras.Input((8, 8, 8))
    x = kl.Conv2D(8, 1, name="bottleneck")(entry)
    y = kl.Conv2D(24, 1, name="expand")(x)
    one = kl.DepthwiseConv2D(3, name="one")(y)
    both = kl.Concatenate(name="both")([one, kl.DepthwiseConv2D(3, name="two")(y)])
    shared = kl.Conv2D(6, 1, name="shared")
    z = kl.Add(name="sum")([shared(both), shared(both)])
    network = convcost.from_keras(keras.Model(entry, kl.Dense(2, name="head")(z)))
    half = network.scale(0.3)
    assert half["bottleneck"].layer.filters == 2
    assert half["expand"].layer.filters == 7  # 0.3*24; three times 2 would be 6
    assert half["shared"].layer.filters == 1


def test_what_comes_together_again_is_followed_once():
    entry = keras.Input((8, 8, 4))
    x = kl.Conv2D(8, 1, name="conv")(entry)
    left, right = kl.ReLU(name="left")(x), kl.ReLU(name="right")(x)
    y = kl.Concatenate(name="both")([left, right])
    y = kl.Add(name="sum")([kl.Conv2D(16, 1, name="last")(y), y])
    z = kl.Average(name="mean")([kl.Add(name="twice")([left, right]), x])
    network = convcost.from_keras(keras.Model(entry, [kl.Dense(2, name="head")(y), z]))
    with pytest.raises(convcost.ModelError, match="'sum'"):
        network.scale(0.5)  # no common width is sought across a concatenation
    assert network.scale(0.5, keep=["last"])["conv"].layer.filters == 8  # it makes an output


def test_a_model_with_channels_first_is_scaled():
    entry = keras.Input((3, 16, 16))
    x = kl.Conv2D(8, 3, data_format="channels_first", name="conv")(entry)
    x = kl.Conv2D(8, 3, data_format="channels_first", name="last")(x)
    network = convcost.from_keras(keras.Model(entry, x))
    half = network.scale(0.5, 8)
    assert half.input_shapes == ((3, 8, 8),)
    assert half["conv"].output_shape == (4, 6, 6)


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"width": 0}, ValueError, "width must be a positive number"),
        ({"width": float("nan")}, ValueError, "width must be a positive number"),
        ({"width": True}, TypeError, "width must be a positive number"),
        ({"width": "0.5"}, TypeError, "width must be a positive number"),
        ({"divisor": 0}, ValueError, "divisor must be a positive integer"),
        ({"resolution": 0}, ValueError, "resolution must be a positive integer"),
        ({"width": 0.5, "keep": "gone"}, ValueError, "keep must be the name of a layer of 'small'"),
    ],
)
def test_what_is_refused(options, error, message):
    with pytest.raises(error, match=message):
        convcost.from_keras(small()).scale(**options)


def test_a_vector_has_no_resolution():
    network = convcost.from_keras(keras.Sequential([keras.Input((8,)), kl.Dense(3)]))
    message = r"None for an input of shape \(8,\), which has no spatial sides"
    with pytest.raises(ValueError, match=message):
        network.scale(resolution=4)


@pytest.mark.parametrize("width", [8.0, 11.9, 12.0, 17.9, 26.8, 100.3])
def test_rounding_is_that_of_keras(width):
    from keras.src.applications.mobilenet_v2 import _make_divisible

    assert rounded(width, 8) == _make_divisible(width, 8)


def test_comparisons(mobilenet):
    full = mobilenet.with_standard()
    comparison = convcost.compare(full, mobilenet)
    lines = {line[0]: line for line in comparison.lines}
    name, kind, before, after, ratio, *_ = lines["conv_pw_1"]
    assert (name, kind, before, after) == ("conv_pw_1", "Conv2D", 9 * 32 * 64, 32 * 64)
    assert ratio == Fraction(1, 9)
    assert lines["conv_dw_1"][2] is None
    assert list(lines).index("conv_dw_1") < list(lines).index("conv_pw_1")
    assert comparison.total == mobilenet.total() / full.total()
    assert comparison.title == "mobilenet_1.00_224: before and after"
    data = comparison.as_dict()
    assert data["before"]["macs"] == full.macs
    assert data["ratio"]["macs"]["exact"] == str(comparison.total.macs)
    separable = convcost.compare(mobilenet, mobilenet.with_separable())
    assert "conv1,Conv2D -> SeparableConv2D,864," in separable.to_csv()


def test_comparisons_of_anything_that_can_be_read():
    network = convcost.from_keras(small())
    model = small()
    assert convcost.compare(model, network).total.macs == 1
    bigger = convcost.compare(model.to_json(), network, input_shape=(32, 32, 4))
    assert bigger.before.input_shapes == bigger.after.input_shapes == ((32, 32, 4),)
    h = symbol("h")
    symbolic = convcost.compare(network, network.with_separable(), input_shape=(h, h, 4))
    assert symbolic.as_dict()["ratio"]["macs"]["value"] is None
    assert "h" in str(symbolic)


def test_a_layer_called_twice_is_compared_twice():
    entry = keras.Input((8,))
    dense = kl.Dense(8, name="dense")
    model = keras.Model(entry, dense(dense(entry)))
    names = [line[0] for line in convcost.compare(model, model).lines]
    assert names == ["dense", "dense (2)"]


@pytest.mark.parametrize(
    ("given", "error", "message"),
    [
        ({"keep": 3}, TypeError, r"keep must be a list of layer names; got 3"),
        ({"divisor": np.array([1, 2])}, TypeError, "divisor must be a positive integer; got arr"),
        ({"divisor": 0}, ValueError, "divisor must be a positive integer; got 0"),
    ],
)
def test_what_a_scale_can_not_be(given, error, message):
    conv = {"class_name": "Conv2D", "config": {"name": "c", "filters": 8, "kernel_size": 3}}
    net = convcost.from_keras({"name": "t", "layers": [conv]}, (8, 8, 3))
    with pytest.raises(error, match=message):
        net.scale(0.5, **given)
