"""Arguments as models and old files really have them: flags, axes, data formats, old names."""

import inspect
import json

import keras
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from keras import layers as kl
from keras import ops
from keras.src.ops import math as math_ops
from keras.src.ops import nn as nn_ops
from keras.src.ops import numpy as numpy_ops

import convcost
from convcost._models.graph import Tensor
from convcost._models.keras.layers import _classes
from convcost._models.keras.operation_calls import RULES
from convcost._models.keras.operations import KerasOperation

FLAGS = [
    (kind, flag)
    for kind, layer in _classes().items()
    for flag, default in layer.defaults().items()
    if isinstance(default, bool)
]
# `renorm` was an argument of Keras 2; a cell is no layer of a model.
TODAY = [
    (kind, flag)
    for kind, flag in FLAGS
    if hasattr(kl, kind)
    and flag in inspect.signature(getattr(kl, kind)).parameters
    and not kind.endswith("Cell")
    and not kind.endswith(("Lookup", "Vectorization"))  # they want other arguments with the flag
]
NEEDED = {
    **{"input_dim": 5, "output_dim": 3},
    **{"units": 3, "filters": 4, "kernel_size": 2, "axes": 1, "groups": 2},
    **{"num_heads": 2, "key_dim": 3, "equation": "abc,cd->abd", "output_shape": 3},
    **{"head_dim": 3, "num_query_heads": 4, "num_key_value_heads": 2},
}


def with_flag(kind, flag, value):
    """Return a Keras model of one layer whose flag has this value."""
    layer = getattr(kl, kind)
    known = inspect.signature(layer).parameters
    given = {name: one for name, one in NEEDED.items() if name in known and name != flag}
    if kind != "GroupNormalization":
        given.pop("groups", None)
    if kind == "RNN":
        given["cell"] = kl.LSTMCell(3)
    if kind.endswith("HeadAttention") or kind == "GroupQueryAttention":
        given.pop("output_shape", None)
        entry = keras.Input((6, 4))
        return keras.Model(entry, layer(**given, **{flag: value})(entry, entry))
    if kind in ("ReversibleEmbedding", "STFTSpectrogram"):
        entry = keras.Input((6,), dtype="int32") if kind[0] == "R" else keras.Input((600, 1))
        return keras.Model(entry, layer(**given, **{flag: value})(entry))
    rank = _classes()[kind].rank
    shape = (6,) * (2 if rank is None else rank) + (4,)
    several = kind in ("AdditiveAttention", "Attention", "Dot")
    starts = [keras.Input(shape) for _ in range(1 + several)]
    made = layer(**given, **{flag: value})
    return keras.Model(starts, made(starts if several else starts[0]))


@pytest.mark.parametrize(("kind", "flag"), TODAY)
@pytest.mark.parametrize("value", [0, 1, 0.0, 1.0, np.True_, np.False_])
def test_a_flag_may_be_0_or_1_as_keras_saves_it(kind, flag, value):
    model = with_flag(kind, flag, value)
    for source in (model, model.to_json()):
        network = convcost.from_keras(source)
        assert network.params == model.count_params()
        outputs = [tuple(one.shape[1:]) for one in keras.tree.flatten(model.outputs)]
        assert list(network.output_shapes) == outputs


@pytest.mark.parametrize("value", [2, -1, 0.5, "yes", None, [1]])
def test_a_flag_is_nothing_else(value):
    dense = {"class_name": "Dense", "config": {"name": "d", "units": 3, "use_bias": value}}
    with pytest.raises(convcost.ModelError, match=r"'d' .*: use_bias must be True or False"):
        convcost.from_keras({"layers": [dense]}, (4,))


@pytest.mark.parametrize(("kind", "flag"), FLAGS)
def test_in_python_a_flag_stays_true_or_false(kind, flag):
    layer = _classes()[kind]
    given = {name: one for name, one in NEEDED.items() if name in layer.argument_names()}
    if kind == "RNN":
        given["cell"] = convcost.layers.LSTMCell(3)
    with pytest.raises(TypeError, match=f"{flag} must be True or False"):
        layer(**{**given, flag: 1})


def test_renorm_of_keras_2_may_be_1():
    norm = {"class_name": "BatchNormalization", "config": {"name": "b", "renorm": 1}}
    expected = convcost.layers.BatchNormalization(renorm=True).cost((4,)).params
    assert convcost.from_keras({"layers": [norm]}, (4,)).params == expected


@pytest.mark.parametrize("value", [False, 0, 0.0])
def test_a_layer_may_be_frozen_by_a_0(value):
    dense = {"class_name": "Dense", "config": {"name": "d", "units": 3, "trainable": value}}
    assert convcost.from_keras({"layers": [dense]}, (4,)).trainable_params == 0
    dense["config"]["trainable"] = 1
    assert convcost.from_keras({"layers": [dense]}, (4,)).trainable_params == 15


# ---- axes ----------------------------------------------------------------------------------------

MODULES = (numpy_ops, nn_ops, math_ops)


def of_keras(kind):
    return next((getattr(module, kind) for module in MODULES if hasattr(module, kind)), None)


MORE = {"Repeat": {"repeats": 2}, "Roll": {"shift": 1}, "Split": {"indices_or_sections": 1}}
WITH_AXIS = [
    kind
    for kind in RULES
    if of_keras(kind)
    and "axis" in inspect.signature(of_keras(kind)).parameters
    # What these take besides the input decides which axes are valid.
    and kind not in ("BatchNorm", "ExpandDims", "LayerNorm", "RMSNorm", "Unique")
]


@given(
    st.sampled_from(WITH_AXIS),
    st.lists(st.integers(2, 5), min_size=1, max_size=4),
    st.none() | st.integers(-4, 3),
    st.booleans(),
)
def test_every_operation_along_an_axis_has_kerass_shape(kind, shape, axis, keepdims):
    own = {"axis": axis, **MORE.get(kind, {})}
    if "keepdims" in inspect.signature(of_keras(kind)).parameters:
        own["keepdims"] = keepdims
    several, indices = kind in ("Concatenate", "Stack"), kind == "Take"
    x = np.ones(shape, "float32")
    args = ([x, x],) if several else (x, np.zeros((2, 2), "int32")) if indices else (x,)
    ours = [[Tensor(x.shape)] * 2] if several else [Tensor(one.shape) for one in args]
    try:
        made = of_keras(kind)(**own)(*args)
    except Exception:  # what Keras refuses is not held against it
        return
    expected = (
        [tuple(one.shape) for one in made] if isinstance(made, (list, tuple)) else tuple(made.shape)
    )
    if kind == "Concatenate" and axis is None:  # convcost refuses it by name
        with pytest.raises(TypeError, match="axis must be an integer"):
            KerasOperation(kind, own).apply(tuple(ours), {})
        return
    assert KerasOperation(kind, own).apply(tuple(ours), {})[0] == expected


@pytest.mark.parametrize(
    "name", ["cumsum", "cumprod", "nancumsum", "nancumprod", "sort", "argsort"]
)
@pytest.mark.parametrize("axis", [None, 1, -1])
def test_an_order_over_all_elements_flattens_them(name, axis):
    entry = keras.Input((5, 6))
    model = keras.Model(entry, getattr(ops, name)(entry, axis=axis))
    for source in (model, model.to_json()):
        network = convcost.from_keras(source)
        # Flattened together with the batch, whose size is 1 here.
        assert list(network)[-1].output_shape == ((30,) if axis is None else (5, 6))
        assert network.output_shapes == (tuple(model.output_shape[1:]),)
        assert network.macs == 0


def test_the_default_axes_are_kerass():
    entry = keras.Input((5, 6))
    flat = {"cumsum": (30,), "cumprod": (30,), "sort": (5, 6), "argsort": (5, 6)}
    for name, shape in flat.items():
        network = convcost.from_keras(keras.Model(entry, getattr(ops, name)(entry)))
        assert list(network)[-1].output_shape == shape
        assert KerasOperation(name.capitalize(), {}).apply((Tensor((1, 5, 6)),), {}) in [
            (shape, ()),
            ((1, *shape), ()),
        ]


# ---- data formats --------------------------------------------------------------------------------


@pytest.fixture(params=["channels_first", "channels_last"])
def data_format(request):
    before = keras.config.image_data_format()
    keras.config.set_image_data_format(request.param)
    yield request.param
    keras.config.set_image_data_format(before)


OPERATIONS = {
    "resize": lambda x: ops.image.resize(x, (5, 7)),
    "max_pool": lambda x: ops.max_pool(x, 2),
    "average_pool": lambda x: ops.average_pool(x, (3, 2), 2, "same"),
}


@pytest.mark.parametrize("name", OPERATIONS)
@pytest.mark.parametrize("shape", [(6, 12, 10), (8, None, 10), (8, 10, None)])
def test_operations_follow_the_setting_of_keras(data_format, name, shape):
    entry = keras.Input(shape)
    made = OPERATIONS[name](entry)
    model = keras.Model(entry, made)
    expected = tuple(made.shape[1:])
    network = convcost.from_keras(model)
    assert all(
        there in (None, here)
        for here, there in zip(network.output_shapes[0], expected, strict=True)
    )
    # The shapes that the file records tell the format, also in a process with another setting.
    text = keras.Model(entry, kl.Identity()(made)).to_json()
    keras.config.set_image_data_format("channels_last")
    assert convcost.from_keras(text).output_shapes == network.output_shapes
    assert list(convcost.from_keras(text))[-1].input_shapes == (network.output_shapes[0],)


def test_an_operation_that_keeps_no_format_is_computed_in_kerass(data_format):
    entry, pool = keras.Input((6, 12, 10)), nn_ops.MaxPool(2)
    network = convcost.from_keras(keras.Model(entry, pool(entry)))
    assert network.output_shapes == (tuple(pool(np.ones((1, 6, 12, 10))).shape[1:]),)


def test_parameters_after_a_resize_are_kerass(data_format):
    entry = keras.Input((6, 12, 10))
    model = keras.Model(entry, kl.Dense(2)(kl.Flatten()(ops.image.resize(entry, (5, 7)))))
    for source in (model, model.to_json()):
        assert convcost.from_keras(source).params == model.count_params()


def test_shapes_that_do_not_decide_leave_the_usual_format():
    entry = keras.Input((5, 7, 3))
    text = keras.Model(entry, kl.Identity()(ops.image.resize(entry, (4, 2)))).to_json()
    read = json.loads(text)
    resized = next(one for one in read["config"]["layers"] if one["class_name"] == "Resize")
    history = read["config"]["layers"][-1]["inbound_nodes"][0]["args"][0]["config"]
    for made in ([None, 9, 9, 9], [None, 4], None, "x"):
        history["shape"] = made
        assert convcost.from_keras(read).output_shapes == ((4, 2, 3),)
    resized["inbound_nodes"][0]["args"][0]["config"]["shape"] = [None, "x"]
    history["shape"] = [None, 4, 2, 3]
    assert convcost.from_keras(read).output_shapes == ((4, 2, 3),)


LAYERS = {
    "kernel_size": 3, "filters": 4, "pool_size": 2, "height": 5, "width": 4, "output_size": 2,
    "size": 2, "padding": 1, "cropping": 1,
}  # fmt: skip


@pytest.mark.parametrize("kind", [
    kind for kind, layer in _classes().items()
    if hasattr(kl, kind) and "data_format" in inspect.signature(getattr(kl, kind)).parameters
    and "data_format" in layer.argument_names()
])  # fmt: skip
def test_layers_follow_the_setting_of_keras(data_format, kind):
    known = inspect.signature(getattr(kl, kind)).parameters
    own = {name: value for name, value in LAYERS.items() if name in known}
    if "Pool" in kind or "Conv" in kind or kind == "STFTSpectrogram":
        own.pop("padding", None)
    shape = (6, 12, 10, 8, 7)[: (_classes()[kind].rank or 2) + 1]
    if kind == "STFTSpectrogram":
        shape = (600, 1) if data_format == "channels_last" else (1, 600)
    entry = keras.Input(shape)
    model = keras.Model(entry, getattr(kl, kind)(**own)(entry))
    text = model.to_json()
    networks = [convcost.from_keras(model)]
    keras.config.set_image_data_format("channels_last")
    for network in [*networks, convcost.from_keras(text)]:
        assert network.params == model.count_params()
        assert network.output_shapes == (model.output_shape[1:],)
