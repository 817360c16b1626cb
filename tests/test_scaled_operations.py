"""Scaled models whose code has weights, constants and numbers of its own."""

from dataclasses import replace

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from keras import layers as kl
from keras import ops

import convcost
from convcost._models.graph import Call, Entry, Ref, Tensor
from convcost._models.keras.operations import KerasOperation
from convcost._models.keras.tf_operations import TensorFlowOperation
from convcost._models.network import Network
from convcost._models.scaled_operations import Before
from convcost._models.visits import Visit


class Calling(kl.Layer):
    """Calls a function with its input and some weights."""

    def __init__(self, function, *shapes, **kwargs):
        super().__init__(**kwargs)
        self.function = function
        self.own = [self.add_weight(shape=shape) for shape in shapes]

    def call(self, x):
        return self.function(x, *self.own)


def wide(width, function, *shapes, shape=(6, 6, 3)):
    """Return a model of a convolution, a function, and a layer that makes the output."""
    entry = keras.Input(batch_shape=(1, *shape))
    x = kl.Conv2D(width, 3, name="first")(entry)
    x = Calling(function, *shapes)(x) if shapes else function(x)
    return keras.Model(entry, kl.Dense(5, name="last")(x))


_RIGHT = (
    r"not say what it is at another width: name layers that keep|recorded for other input shapes"
    "|the inner sides of a dot product must be equal"
)
REFUSED = {
    "conv": (lambda x, k: ops.conv(x, k), (3, 3, 8, 16)),
    "depthwise_conv": (lambda x, k: ops.depthwise_conv(x, k), (3, 3, 8, 2)),
    "separable_conv": (
        lambda x, k, p: ops.separable_conv(x, k, p),
        (3, 3, 8, 1),
        (1, 1, 8, 4),
    ),
    "conv_transpose": (lambda x, k: ops.conv_transpose(x, k), (3, 3, 16, 8)),
    "conv, computed kernel": (lambda x, k: ops.conv(x, ops.square(k)), (3, 3, 8, 16)),
    "layer_normalization": (lambda x, g, b: ops.layer_normalization(x, g, b), (8,), (8,)),
    "rms_normalization": (lambda x, g: ops.rms_normalization(x, g), (8,)),
    "batch_normalization": (
        lambda x, m, v: ops.batch_normalization(x, m, v, axis=-1),
        (8,),
        (8,),
    ),
    "bias": (lambda x, b: x + b, (8,)),
    "dot": (lambda x, w: ops.dot(x, w), (8, 4)),
    "concatenate": (
        lambda x, w: ops.concatenate([x, ops.broadcast_to(w, (1, 4, 4, 2))], -1),
        (1, 4, 4, 2),
    ),
    "pad": (lambda x: ops.pad(x, [(0, 0), (0, 0), (0, 0), (2, 3)]),),
    "pad, all sides": (lambda x: ops.pad(x, 2),),
    "pad, one pair": (lambda x: ops.pad(x, [(1, 1)]),),
    "take": (lambda x: ops.take(x, [0, 2, 3], axis=-1),),
    "take, axis 3": (lambda x: ops.take(x, ops.convert_to_tensor([0, 1]), axis=3),),
    "slice": (lambda x: x[..., :3],),
    "slice, negative": (lambda x: x[:, :, :, 2:],),
    "index": (lambda x: ops.expand_dims(x[..., 1], -1),),
    "unstack": (lambda x: ops.stack(ops.unstack(x, axis=-1)[:3], -1),),
    "split": (lambda x: ops.split(x, [3], axis=-1)[0],),
    "reshape": (lambda x: ops.reshape(x, (-1, 4, 4, 8)),),
    "reshape, other side": (lambda x: ops.reshape(x, (-1, 4, 4, 2, 4))[..., 0, :],),
    "reshape, rest": (lambda x: ops.reshape(x, (1, -1, 8)),),
    "broadcast_to": (lambda x: ops.broadcast_to(x, (1, 4, 4, 8)),),
    "resize": (lambda x: ops.image.resize(ops.transpose(x, (0, 3, 1, 2)), (7, 7)),),
    "reshape layer": (kl.Reshape((-1, 8)),),
    "array": (lambda x: ops.multiply(x, np.ones((4, 4, 8), "float32")),),
}


@pytest.mark.parametrize("name", sorted(REFUSED))
def test_fixed_sizes_that_meet_scaled_channels_are_refused(name):
    function, *shapes = REFUSED[name]
    model = wide(8, function, *shapes)
    net = convcost.from_keras(model)
    assert net.params == model.count_params()
    for width in (0.5, 2, 0.125):
        with pytest.raises(convcost.ModelError, match=_RIGHT):
            net.scale(width)
    assert net.scale(0.5, keep=["first"]).total() == net.total()
    assert net.scale(1).total() == net.total()


FOLLOWING = {
    "relu": (ops.relu,),
    "mean": (lambda x: x - ops.mean(x, axis=-1, keepdims=True),),
    "square": (lambda x: x * x,),
    "number": (lambda x: 2.0 * x + 1,),
    "scalar weight": (lambda x, w: x * w, (1,)),
    "map": (lambda x, w: x * w, (4, 4, 1)),
    "normalized": (ops.layer_normalization,),
    "transposed weight": (
        lambda x, w: ops.transpose(ops.matmul(ops.transpose(x, (0, 3, 1, 2)), w), (0, 2, 3, 1)),
        (4, 6),
    ),
    "normalized elsewhere": (
        lambda x, g: ops.transpose(
            ops.layer_normalization(ops.transpose(x, (0, 1, 3, 2)), g), (0, 1, 3, 2)
        ),
        (4,),
    ),
    "pad": (lambda x: ops.pad(x, [(0, 0), (1, 1), (2, 0), (0, 0)]),),
    "take": (lambda x: ops.take(x, [0, 2], axis=1),),
    "slice": (lambda x: x[:, 1:3, ..., ::2],),
    "index": (lambda x: x[:, 1, None],),
    "split": (lambda x: ops.split(x, 2, axis=-1)[0],),
    "split, other axis": (lambda x: ops.split(x, [1], axis=1)[0],),
    "unstack": (lambda x: ops.unstack(x, axis=1)[0],),
    "concatenate": (lambda x: ops.concatenate([x, ops.relu(x)], -1),),
    "concatenate, other axis": (lambda x: ops.concatenate([x, x], 1),),
    "stack": (lambda x: ops.stack([x, ops.relu(x)], 1),),
    "flatten": (lambda x: ops.reshape(x, (1, -1)),),
    "squeeze": (lambda x: ops.squeeze(ops.max(x, axis=1, keepdims=True)),),
    "resize": (lambda x: ops.image.resize(x, (7, 7)),),
    "repeat": (lambda x: ops.repeat(x, 2, axis=-1),),
    "tile": (lambda x: ops.tile(x, (1, 1, 1, 2)),),
    "reshape layer": (kl.Reshape((16, -1)),),
    "gram": (lambda x: ops.einsum("bijc,bkjc->bikj", x, x),),
}


@settings(deadline=None)
@given(st.sampled_from(sorted(FOLLOWING)), st.sampled_from([4, 6, 8, 12]), st.sampled_from([2, 4]))
def test_what_follows_the_channels_is_the_model_of_that_width(name, width, factor):
    function, *shapes = FOLLOWING[name]
    net = convcost.from_keras(wide(width, function, *shapes))
    built = wide(width * factor, function, *shapes)
    scaled = net.scale(factor)
    assert scaled.params == built.count_params()
    assert scaled.total() == convcost.from_keras(built).total()


def fixed_by(kind, own, before, after, *constants):
    """Return what fixes a size in an operation on a tensor and constants."""
    rest = [Tensor(one) if isinstance(one, tuple) else one for one in constants]
    flags = [False, *(isinstance(one, tuple) for one in constants)]
    calls = [((Tensor(one), *rest), {}) for one in (before, after)]
    return KerasOperation(kind, own).fixed_by(*calls, flags)


OLD, NEW = (1, 4, 8), (1, 4, 1)


@pytest.mark.parametrize(
    ("kind", "own", "constants", "found"),
    [
        ("Add", {}, [(8,)], "constant of shape (8,)"),
        ("Add", {}, [[[1.0] * 8]], "constant of shape (1, 8)"),
        ("Add", {}, [(4, 1)], ""),
        ("Add", {}, [()], ""),
        ("BatchNorm", {"axis": -1}, [(1,), ()], ""),
        ("BatchNorm", {"axis": -1}, [(8,)], "constant of shape (8,)"),
        ("Matmul", {}, [(3, 1, 1)], "constant of shape (3, 1, 1)"),
        ("Conv", {}, [(3, 8, 4)], "constant of shape (3, 8, 4)"),
        ("Take", {"axis": None}, [(2,)], "its indices are fixed along an axis that is scaled"),
        ("Take", {"axis": 1}, [(2,)], ""),
        ("Pad", {"pad_width": 1}, [], "its pad_width 1 is fixed"),
        ("Pad", {"pad_width": [[0, 0]]}, [], ""),
        ("GetItem", {}, [[Ellipsis, slice(0, None, 2)]], ""),
        ("GetItem", {}, [[slice(None), None, 1]], ""),
        ("GetItem", {}, [[Ellipsis, 1]], "its index 1 is fixed"),
        ("GetItem", {}, [0], ""),
        ("BroadcastTo", {"shape": (5, 4, None)}, [], ""),
        ("BroadcastTo", {"shape": (5, 4, 8)}, [], "its shape (5, 4, 8) is fixed"),
        ("Squeeze", {}, [], "drop an axis that is scaled to 1"),
        ("Squeeze", {"axis": 0}, [], ""),
        ("Resize", {"size": (4, 4)}, [], ""),
        ("Resize", {"size": (4, 4), "data_format": "channels_first"}, [], "its size (4, 4) is"),
        ("Reshape", {"newshape": -1}, [], "its newshape -1 may be another one"),
        ("Reshape", {"newshape": (1, 4, -1, 1)}, [], ""),
        ("Reshape", {"newshape": (None, 4, 2, -1)}, [], "may be another one at other widths"),
        ("Reshape", {"newshape": (2, -1)}, [], "may be another one at other widths"),
        ("Reshape", {"newshape": (1, 8, 4)}, [], "may be another one at other widths"),
        ("Split", {"indices_or_sections": 2, "axis": -1}, [], ""),
        ("Split", {"indices_or_sections": [3], "axis": -1}, [], "its indices are fixed"),
        ("Split", {"indices_or_sections": [3], "axis": 1}, [], ""),
        ("Concatenate", {"axis": None}, [(1, 4, 2)], "constant of shape (1, 4, 2)"),
        ("Concatenate", {"axis": 1}, [(1, 2, 8)], ""),
        ("Relu", {}, [], ""),
    ],
)
def test_what_fixes_a_size(kind, own, constants, found):
    why = fixed_by(kind, own, OLD, NEW, *constants)
    assert found in why if found else why == ""
    assert fixed_by(kind, own, OLD, OLD, *constants) == ""


def test_a_kernel_that_is_scaled_as_well():
    calls = [((Tensor((1, 9, n)), Tensor((3, n, 4))), {}) for n in (8, 4)]
    assert KerasOperation("Conv", {}).fixed_by(*calls, [False, False]) == ""
    named = [((), {"x": Tensor(one), "key": [Ellipsis, 1]}) for one in (OLD, NEW)]
    assert "its index 1 is fixed" in KerasOperation("GetItem", {}).fixed_by(*named, [False])


def test_operations_of_tensorflow():
    calls = [((Tensor(one),), {"shape": [1, 4, 8]}) for one in (OLD, NEW)]
    assert "newshape" in TensorFlowOperation("reshape").fixed_by(*calls, [False])
    calls = [((Tensor(one),), {"shape": [1, 4, one[-1]]}) for one in (OLD, NEW)]
    assert TensorFlowOperation("reshape").fixed_by(*calls, [False]) == ""
    for name in ("shape", "math.add_n"):
        assert TensorFlowOperation(name).fixed_by(*calls, [False]) == ""


class Doubled:
    """An operation of another source, which says nothing of widths."""

    def apply(self, args, kwargs, batch):
        return args[0].shape, ()


def test_operations_of_another_source():
    call = Call.of((Ref("conv"),))
    conv = {"class_name": "Conv2D", "config": {"name": "conv", "filters": 8, "kernel_size": 3}}
    head = {"class_name": "Dense", "config": {"name": "head", "units": 2}}
    net = convcost.from_keras({"name": "net", "layers": [conv, head]}, (8, 8, 3))
    first, made, last = net.graph.entries
    twice = Entry("twice", "Doubled", Doubled(), True, (call,), object())
    last = last._replace(calls=(Call.of((Ref("twice"),)),))
    graph = replace(net.graph, entries=(first, made, twice, last))
    assert Network(graph, (8, 8, 3)).scale(0.5)["head"].params == 4 * 2 + 2


def test_a_batch_that_only_the_scaled_model_is_walked_with():
    """A side that is scaled to a size which stands for an open batch."""
    entry = keras.Input((6, 6, 3))
    x = kl.Conv2D(22, 3, name="first")(entry)
    x = ops.transpose(ops.sum(x, axis=0), (2, 0, 1))
    model = keras.Model(entry, kl.Dense(2, name="last")(x))
    with_eleven = convcost.from_keras(model).scale(0.5)
    x = kl.Conv2D(11, 3)(entry)
    x = ops.transpose(ops.sum(x, axis=0), (2, 0, 1))
    built = keras.Model(entry, kl.Dense(2)(x))
    assert with_eleven.total() == convcost.from_keras(built).total()


class Larger(kl.Layer):
    """Another layer for large inputs."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.small, self.large = (kl.Conv2D(8, side, name=f"c{side}") for side in (1, 3))

    def build(self, shape):
        self.small.build(shape)
        self.large.build(shape)

    def call(self, x):
        return self.large(x) if x.shape[1] > 12 else self.small(x)


def test_a_resolution_at_which_code_calls_other_layers():
    entry = keras.Input((8, 8, 3))
    x = kl.Conv2D(4, 1, name="last")(Larger(name="own")(entry))
    net = convcost.from_keras(keras.Model(entry, x))
    half = net.scale(0.5, 16)
    assert half["own/c3"].layer.filters == 4
    assert half["last"].input_shapes == ((14, 14, 4),)


def test_a_row_that_was_not_there_before_is_counted_as_it_is():
    layer = convcost.layers.Reshape((4, 8))
    assert Before().checked(Visit(Call(), 0, [], (), True), (1, 0), layer) is layer
