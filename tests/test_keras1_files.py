# ruff: noqa: E501  (tables with one case per line)
"""Files of Keras 1, against Keras's own layers with the same arguments in today's names.

The names of the arguments are those that `get_config` of each layer of Keras 1.2.2 writes.
"""

from functools import partial

import keras
import pytest
from hypothesis import given
from hypothesis import strategies as st
from keras import layers as kl

import convcost
from convcost._models.keras.keras1 import translated
from convcost._models.unknown import Unknown

SIDE = st.integers(1, 3)
MODE = st.sampled_from(["valid", "same"])
ORDER = st.sampled_from(["th", "tf"])
FORMATS = {"th": "channels_first", "tf": "channels_last"}


def sides(rank, smallest=1):
    return st.lists(st.integers(smallest, 3), min_size=rank, max_size=rank)


@st.composite
def kernels(draw, kind):
    """Draw a convolution of Keras 1: its class, its config, and what makes Keras's of today."""
    rank = int(kind[-2])
    kernel, strides = draw(sides(rank)), draw(sides(rank))
    filters, bias, mode, order = draw(SIDE), draw(st.booleans()), draw(MODE), draw(ORDER)
    old = {"nb_filter": filters, "border_mode": mode, "bias": bias}
    new = {"filters": filters, "kernel_size": kernel, "padding": mode, "use_bias": bias}
    if rank == 1:
        old |= {"filter_length": kernel[0], "subsample_length": strides[0], "input_dim": 4}
        order = "tf"
    else:
        names = ("nb_row", "nb_col") if rank == 2 else ("kernel_dim1", "kernel_dim2", "kernel_dim3")
        old |= {
            "subsample": strides,
            "dim_ordering": order,
            **dict(zip(names, kernel, strict=True)),
        }
    new |= {"strides": strides, "data_format": FORMATS[order]}
    if kind.startswith("Atrous"):
        rate = draw(SIDE)
        strides[:] = [1] * rank
        old["atrous_rate"] = new["dilation_rate"] = rate
        old |= {"subsample_length": 1} if rank == 1 else {"subsample": [1, 1]}
    today = kl.SeparableConv2D if kind.startswith("Sep") else getattr(kl, f"Conv{rank}D")
    if kind.startswith("Sep"):
        strides[:] = [strides[0]] * 2  # as TensorFlow wants them
        old["depth_multiplier"] = new["depth_multiplier"] = draw(SIDE)
    return kind, old, partial(today, **new), rank, order


@st.composite
def pools(draw, kind):
    rank = int(kind[-2])
    size, strides = draw(sides(rank)), draw(st.none() | sides(rank))
    mode, order = draw(MODE), draw(ORDER)
    if rank == 1:
        stride = strides and strides[0]
        old = {"pool_length": size[0], "stride": stride, "border_mode": mode}
        return kind, old, partial(getattr(kl, kind), size[0], stride, mode), 1, "tf"
    old = {"pool_size": size, "strides": strides, "border_mode": mode, "dim_ordering": order}
    made = partial(getattr(kl, kind), size, strides, mode, data_format=FORMATS[order])
    return kind, old, made, rank, order


@st.composite
def global_pools(draw, kind):
    rank, order = int(kind[-2]), draw(ORDER)
    old = {"dim_ordering": order} if rank > 1 else {}
    order = order if rank > 1 else "tf"
    return kind, old, partial(getattr(kl, kind), data_format=FORMATS[order]), rank, order


@st.composite
def around(draw, kind):
    """Draw a layer that does not state its `dim_ordering`, if it has one."""
    rank = int(kind[-2])
    order = draw(ORDER) if rank > 1 else "tf"
    more = {"data_format": FORMATS[order]} if rank > 1 else {}
    if kind.startswith("Up"):
        size = draw(sides(rank))
        if rank == 1:
            return kind, {"length": size[0]}, partial(kl.UpSampling1D, size[0]), 1, order
        return kind, {"size": size}, partial(getattr(kl, kind), size, **more), rank, order
    pairs = draw(st.lists(st.tuples(SIDE, SIDE), min_size=rank, max_size=rank))
    given_as = pairs[0] if rank == 1 else pairs
    if kind.startswith("Crop"):
        return (
            kind,
            {"cropping": given_as},
            partial(getattr(kl, kind), given_as, **more),
            rank,
            order,
        )
    flat = [side for pair in pairs for side in pair]
    names = ["top_pad", "bottom_pad", "left_pad", "right_pad"][-2 * rank :]
    symmetric = [side for side, _ in pairs]
    forms = [symmetric if rank > 1 else symmetric[0]]
    forms += [flat, dict(zip(names, flat, strict=True))] if rank < 3 else []
    form = draw(st.sampled_from(forms))
    if form is forms[0]:
        given_as = [(side, side) for side in symmetric] if rank > 1 else symmetric[0]
    made = partial(getattr(kl, kind), given_as, **more)
    return kind, {"padding": form}, made, rank, order


LAYERS = st.one_of(
    *[kernels(f"Convolution{rank}D") for rank in (1, 2, 3)],
    *[kernels(f"AtrousConvolution{rank}D") for rank in (1, 2)],
    kernels("SeparableConvolution2D"),
    *[pools(f"{kind}Pooling{rank}D") for kind in ("Max", "Average") for rank in (1, 2, 3)],
    *[
        global_pools(f"Global{kind}Pooling{rank}D")
        for kind in ("Max", "Average")
        for rank in (1, 2, 3)
    ],
    *[
        around(f"{kind}{rank}D")
        for kind in ("ZeroPadding", "Cropping", "UpSampling")
        for rank in (1, 2, 3)
    ],
)
SILENT = ("ZeroPadding", "Cropping", "UpSampling")


def saved(kind, config, shape, *more):
    first = {"class_name": kind, "config": {"name": "a", "batch_input_shape": shape, **config}}
    return {"class_name": "Sequential", "keras_version": "1.2.2", "config": [first, *more]}


def pool(order, name="p"):
    own = {"name": name, "pool_size": [1, 1], "strides": [1, 1], "border_mode": "valid"}
    return {"class_name": "MaxPooling2D", "config": {**own, "dim_ordering": order}}


@given(LAYERS, st.booleans())
def test_every_layer_is_read_as_keras_builds_it_today(drawn, wrapped):
    kind, config, make, rank, order = drawn
    today = make()
    shape = (None, 4, *[9, 10, 11][:rank]) if order == "th" else (None, *[9, 10, 11][:rank], 4)
    today.build(shape)
    expected = tuple(today.compute_output_shape(shape)[1:])
    layer = {"class_name": kind, "config": {"name": "a", **config}}
    if wrapped:
        config, shape = {"layer": layer}, (None, 2, *shape[1:])
        kind, expected = "TimeDistributed", (2, *expected)
    source = saved(kind, config, shape)
    if layer["class_name"].startswith(SILENT):
        source = {"config": {"layers": source["config"], "elsewhere": [{"dim_ordering": order}]}}
        source["class_name"] = "Sequential"
    network = convcost.from_keras(source)
    assert network.params == today.count_params()
    assert network.output_shapes == (expected,)


@pytest.mark.parametrize(
    ("kind", "padding", "expected"),
    [
        ("ZeroPadding1D", [1, 2], (10, 4)),
        ("ZeroPadding1D", {"left_pad": 3}, (10, 4)),
        ("ZeroPadding2D", [1, 2], (9, 9, 4)),
        ("ZeroPadding2D", [1, 2, 3, 4], (10, 12, 4)),
        ("ZeroPadding2D", {"top_pad": 1, "right_pad": 5}, (8, 10, 4)),
        ("ZeroPadding3D", [1, 2, 3], (9, 9, 9, 4)),
    ],
)
def test_paddings_in_the_forms_of_keras_1(kind, padding, expected):
    shape = [None, *[7, 5, 3][: len(expected) - 1], 4]
    network = convcost.from_keras(saved(kind, {"padding": padding}, shape))
    assert network.output_shapes == (expected,)


@given(SIDE, st.booleans(), st.sampled_from(["Dense", "TimeDistributedDense"]))
def test_dense_layers(units, bias, kind):
    today = keras.Sequential([keras.Input((7, 5)), kl.Dense(units, use_bias=bias)])
    old = {"output_dim": units, "bias": bias, "input_dim": 5, "W_regularizer": None}
    network = convcost.from_keras(saved(kind, old, [None, 7, 5]))
    assert network.params == today.count_params()
    assert network.macs == 7 * 5 * units
    assert network.output_shapes == ((7, units),)


@pytest.mark.parametrize("mode", [0, 1, 2])
def test_batch_normalization_has_four_weights_in_every_mode(mode):
    network = convcost.from_keras(
        saved("BatchNormalization", {"mode": mode, "axis": 1}, [None, 3, 8])
    )
    assert (network.params, network.trainable_params) == (12, 6)


MODES = {
    "sum": kl.Add(),
    "mul": kl.Multiply(),
    "ave": kl.Average(),
    "max": kl.Maximum(),
    "concat": kl.Concatenate(axis=1),
}


def merged(**config):
    starts = [
        {"class_name": "InputLayer", "name": name, "inbound_nodes": [],
         "config": {"name": name, "batch_input_shape": [None, 4, 6]}} for name in "ab"
    ]  # fmt: skip
    merge = {
        "class_name": "Merge",
        "name": "m",
        "config": {"name": "m", "mode_type": "raw", "concat_axis": 1, "dot_axes": -1, **config},
        "inbound_nodes": [[["a", 0, 0], ["b", 0, 0]]],
    }
    return {
        "class_name": "Model",
        "config": {
            "name": "both",
            "layers": [*starts, merge],
            "input_layers": [["a", 0, 0], ["b", 0, 0]],
            "output_layers": [["m", 0, 0]],
        },
    }


@pytest.mark.parametrize("mode", MODES)
def test_merges(mode):
    expected = MODES[mode].compute_output_shape([(None, 4, 6)] * 2)
    network = convcost.from_keras(merged(mode=mode))
    assert network.output_shapes == (tuple(expected[1:]),)
    assert network.params == network.macs == 0


@pytest.mark.parametrize(
    "config",
    [
        {"mode": "cos"},
        {"mode": "dot"},
        {"mode": "sum", "mode_type": "lambda"},
        {"mode": "sum", "layers": [{"class_name": "Dense", "config": {}}]},
        {},
    ],
)
def test_a_merge_that_is_not_read_is_refused_by_name(config):
    with pytest.raises(convcost.UnknownLayerError, match="'m' of class Merge with the mode"):
        convcost.from_keras(merged(**config))


@pytest.mark.parametrize(
    ("kind", "config", "message"),
    [
        ("Deconvolution2D", {"nb_filter": 3, "output_shape": [None, 9, 9, 3]}, "with 'nb_filter', an"),
        ("Conv2DTranspose", {"filters": 3, "kernel_size": 3, "border_mode": "same"}, "'border_mode'"),
        ("Convolution2D", {"nb_filter": 3, "nb_row": 3}, "with 'nb_row', an argument of Keras 1"),
        ("Conv2D", {"filters": 3, "nb_filter": 4, "kernel_size": 3}, "with both 'nb_filter' and"),
        ("MaxoutDense", {"output_dim": 3, "nb_feature": 4}, "of class MaxoutDense has no known"),
        ("Highway", {"bias": True}, "of class Highway has no known"),
        ("Convolution2D", {"nb_filter": 3, "nb_row": 3, "nb_col": 3, "border_mode": "full"}, "padding"),
        ("MaxPooling2D", {"border_mode": "valid", "dim_ordering": "default"}, "data_format must be"),
        ("ZeroPadding2D", {"padding": {"top": 1}}, "padding must be"),
    ],
)  # fmt: skip
def test_what_is_not_read_is_refused_by_name(kind, config, message):
    with pytest.raises(convcost.ModelError, match=f"'a' .*{message}"):
        convcost.from_keras(saved(kind, config, [None, 9, 9, 3]))


def test_a_layer_that_does_not_state_its_ordering_takes_that_of_the_file():
    for order, expected in [("th", (3, 11, 11)), ("tf", (5, 11, 9))]:
        source = saved("ZeroPadding2D", {"padding": [1, 1]}, [None, 3, 9, 9], pool(order))
        assert convcost.from_keras(source).output_shapes == (expected,)
    source = saved("UpSampling2D", {"size": [2, 2]}, [None, 3, 9, 9], pool("th"), pool("tf", "q"))
    with pytest.raises(convcost.UnknownLayerError, match="does not state its dim_ordering"):
        convcost.from_keras(source)
    assert isinstance(translated("UpSampling2D", {"size": 2}, lambda: {"default"}), Unknown)
