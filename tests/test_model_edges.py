"""What is rare in models: odd own layers, shapes and names, and arguments that say too little."""

import json
import sys

import keras
import numpy as np
import pytest
from keras import layers as kl
from keras import ops

import convcost
from convcost._layers.steps import Step
from convcost._models.batch import Share, for_one
from convcost._models.keras.open_sides import concrete
from convcost.symbols import symbol

T = symbol("t")


def test_the_share_of_one_input_in_symbolic_shapes():
    assert for_one((11 * T, 6), 11) == (T, 6)
    assert for_one((T, 6), 11) is None
    assert for_one((), 11) is None


def test_a_convolution_that_the_batch_does_not_divide():
    step = Step((), (3,), (4,), (5,), bias=0, places=(5,))
    assert Share(11, declared=False).of_parts([step]) == (step,)
    with pytest.raises(ValueError, match="declare no batch"):
        Share(11, declared=True).of_parts([step])


def test_a_layer_that_skips_inputs_of_the_batch():
    entry = keras.Input(batch_shape=(8, 6, 3))
    layer = kl.Conv1D(4, 1, strides=2)
    model = keras.Model(entry, layer(ops.transpose(entry, (1, 0, 2))))
    with pytest.raises(convcost.ModelError, match="does not treat each input alike"):
        convcost.from_keras(model)


def test_an_open_side_beside_a_batch_in_another_axis():
    entry = keras.Input((None, 3))
    model = keras.Model(entry, kl.Dense(4)(ops.transpose(entry, (1, 0, 2))))
    assert convcost.from_keras(model).macs == 12 * T


def test_sides_that_a_sample_can_not_tell_apart():
    import sympy

    with pytest.raises(ValueError, match="give input_shape"):
        concrete([(1, T, sympy.Max(T, 5))])
    many = [symbol(f"s{place}") for place in range(9)]
    with pytest.raises(ValueError, match="more than 8 sides are open"):
        concrete([tuple(many)])
    assert concrete([(1, 2)]) is None


class Asking(kl.Layer):
    """Its code does something else where a side is open."""

    def __init__(self, mode, **kwargs):
        super().__init__(**kwargs)
        self.mode = mode

    def compute_output_shape(self, shape):
        return shape

    def call(self, x):
        side = x.shape[1]
        if self.mode == "kind":
            return ops.relu(x) if side is None else ops.tanh(x)
        if self.mode == "length":
            return ops.relu(x) if side is None else ops.relu(ops.relu(x))
        if self.mode == "type":
            return ops.roll(x, None if side is None else side // 2)
        if self.mode == "value":
            return ops.roll(x, 1 if side is None else 2)
        if self.mode == "several":
            return ops.concatenate([x] if side is None else [x, x], axis=-1)
        return x + np.ones((1, 1, 6), "float32")


@pytest.mark.parametrize("mode", ["kind", "length", "type", "value", "several"])
def test_code_that_treats_open_sides_differently_is_refused(mode):
    entry = keras.Input((None, 6))
    model = keras.Model(entry, Asking(mode, name="asking")(entry))
    with pytest.raises(convcost.ModelError, match=r"'asking' .*give input_shape"):
        convcost.from_keras(model)
    assert convcost.from_keras(model, (4, 6)).input_shapes == ((4, 6),)


def test_constants_beside_open_sides():
    entry = keras.Input((None, 6))
    model = keras.Model(entry, Asking("plain")(entry))
    assert convcost.from_keras(model).output_shapes == ((T, 6),)


class Reading(kl.Layer):
    """Reads its weights in each way in which Keras allows it."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.project = kl.Dense(6)

    def build(self, shape):
        self.w = self.add_weight(shape=(6, 6))
        self.kept = self.add_weight(shape=(6, 6), trainable=False)
        self.project.build((6, 6))

    def call(self, x):
        self.kept.assign(self.w)
        return ops.matmul(ops.matmul(x, self.w.value), self.project(inputs=self.w))


def test_values_of_weights_may_be_passed_to_operations():
    entry = keras.Input((5, 6))
    net = convcost.from_keras(keras.Model(entry, Reading()(entry)))
    assert net.macs == 2 * 5 * 36 + 6 * 36


class Doubling(kl.Layer):
    """Computes as often as the batch is long."""

    def compute_output_shape(self, shape):
        return shape

    def call(self, x):
        for _ in range(x.shape[0]):
            x = x * 2.0
        return x


def test_as_many_rows_as_inputs_in_the_batch():
    entry = keras.Input((5,))
    model = keras.Model(entry, Doubling()(entry))
    with pytest.raises(convcost.ModelError, match="depends on the size of the batch"):
        convcost.from_keras(model)


class Nesting(kl.Layer):
    """Own layers inside own layers, and inside a wrapper."""

    def __init__(self, inner, **kwargs):
        super().__init__(**kwargs)
        self.inner = inner
        self.each = kl.TimeDistributed(inner)

    def compute_output_shape(self, shape):
        return shape

    def call(self, x):
        return self.each(x) + self.inner(x)


class Plain(kl.Layer):
    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.dense = kl.Dense(8)

    def build(self, shape):
        self.dense.build(shape)

    def compute_output_shape(self, shape):
        return (*shape[:-1], 8)

    def call(self, x):
        return self.dense(x)


def test_nested_own_layers_are_scaled():
    entry = keras.Input((5, 8))
    x = Nesting(Plain())(kl.Dense(8)(entry))
    net = convcost.from_keras(keras.Model(entry, kl.Dense(3)(x)))
    assert net.macs == 5 * (64 + 2 * 64 + 24)
    assert net.scale(0.5).macs < net.macs


def test_a_subclassed_model_with_a_wrapped_model():
    class Frames(keras.Model):
        def __init__(self):
            super().__init__()
            inner = keras.Sequential([keras.Input((4,)), kl.Dense(3)])
            self.each, self.broken = kl.TimeDistributed(inner), False

        def call(self, x, y=None):
            if self.broken:
                raise RuntimeError("broken")
            return self.each(x)

    model = Frames()
    net = convcost.from_keras(model, (5, 4))
    assert net.macs == 5 * 12
    model.broken = True
    with pytest.raises(convcost.ModelError, match="could not be recorded: RuntimeError: broken"):
        convcost.from_keras(model)


class Valued(kl.Layer):
    """A layer whose code computes with values, which no symbolic tensor has."""

    def call(self, x):
        return x[..., :2] * float(x[0, 0, 0])

    def compute_output_shape(self, shape):
        return (*shape[:-1], 2)


def test_an_unknown_layer_inside_a_wrapped_model():
    norm = Valued(name="norm")
    inner = keras.Sequential([keras.Input((4, 3)), norm, kl.Dense(5)])
    entry = keras.Input((7, 4, 3))
    model = keras.Model(entry, kl.TimeDistributed(inner)(entry))
    with pytest.warns(UserWarning, match="norm"):
        net = convcost.from_keras(model, on_unknown="warn")
    assert net.macs == 7 * 4 * 2 * 5
    unknown = keras.Sequential([keras.Input((4, 3)), norm])
    source = json.loads(keras.Model(entry, kl.TimeDistributed(unknown)(entry)).to_json())
    with pytest.warns(UserWarning, match="norm"):
        net = convcost.from_keras(source, [(7, 2, 3)], on_unknown="warn")
    assert net.output_shapes == (None,)


def test_operations_that_are_not_known():
    entry = keras.Input((5, 5))
    with pytest.raises(convcost.UnknownLayerError, match=r"class Inv \(which .*\) has no"):
        convcost.from_keras(keras.Model(entry, ops.inv(entry)))


def test_a_layer_named_as_the_input_that_is_added():
    model = keras.Sequential([kl.Dense(3, name="input")])
    assert convcost.from_keras(model, (4,)).macs == 12
    config = {"class_name": "Dense", "config": {"name": "input", "units": 3}}
    assert convcost.from_keras({"name": "s", "layers": [config]}, (4,)).macs == 12


class Prepending(kl.Layer):
    """Merges its input with a weight, and with an array, by layers of Keras."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.join, self.add = kl.Concatenate(axis=1), kl.Add()

    def build(self, shape):
        self.tokens = self.add_weight(shape=(1, 2, shape[-1]))

    def call(self, x):
        tokens = ops.broadcast_to(self.tokens, (ops.shape(x)[0], 2, x.shape[-1]))
        return self.add([self.join([x, tokens]), np.ones((1, 1, x.shape[-1]), "float32")])


def test_layers_that_merge_tensors_with_constants():
    entry = keras.Input((5, 6))
    model = keras.Model(entry, kl.Dense(3)(Prepending()(entry)))
    assert convcost.from_keras(model).macs == 7 * 6 * 3


class Losing(kl.Layer):
    """Adds losses, of its own and by a regularizer of a layer inside."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.dense = kl.Dense(3, activity_regularizer="l2", kernel_regularizer="l2")

    def build(self, shape):
        self.dense.build(shape)
        self.w = self.add_weight(shape=(3, 5))

    def call(self, x):
        x = self.dense(x)
        self.add_loss(ops.mean(ops.matmul(x, self.w)))
        return x


def test_losses_are_counted_and_kept():
    entry = keras.Input((4,))
    model = keras.Model(entry, Losing()(entry))
    model(np.ones((2, 4)))
    before = [float(one) for one in model.losses]
    net = convcost.from_keras(model)
    assert [float(one) for one in model.losses] == before
    assert len(before) == 3
    assert net.macs == 4 * 3 + 3 * 5
    assert net.params == model.count_params()


class Cutting(kl.Layer):
    """Computes with a part of the batch only."""

    def __init__(self, number, **kwargs):
        super().__init__(**kwargs)
        self.number = number

    def build(self, shape):
        self.w = self.add_weight(shape=(shape[-1], 4))

    def compute_output_shape(self, shape):
        return (*shape[:-1], 4)

    def call(self, x):
        return ops.matmul(x[: self.number], self.w)


def test_a_part_of_an_open_batch():
    entry = keras.Input((6,))
    assert convcost.from_keras(keras.Model(entry, Cutting(1)(entry))).macs == 24
    with pytest.raises(convcost.ModelError, match="depends on the size of the batch"):
        convcost.from_keras(keras.Model(entry, Cutting(8)(entry)))
    entry = keras.Input(batch_shape=(8, 6))
    assert convcost.from_keras(keras.Model(entry, Cutting(8)(entry))).macs == 24


class Either(kl.Layer):
    """Calls one of two layers, depending on a side that may be open."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.small, self.large = kl.Dense(3), kl.Dense(3)

    def build(self, shape):
        self.small.build((None, 6))
        self.large.build((None, 6))

    def compute_output_shape(self, shape):
        return (*shape[:-1], 3)

    def call(self, x):
        return (self.large if (x.shape[1] or 0) > 50 else self.small)(x)


def test_layers_that_depend_on_an_open_side_are_refused():
    entry = keras.Input((None, 6))
    with pytest.raises(convcost.ModelError, match="give input_shape"):
        convcost.from_keras(keras.Model(entry, Either()(entry)))


def test_operations_in_h5_files_of_keras_3(tmp_path):
    entry = keras.Input((4, 6))
    flat = ops.reshape(entry, (-1, 24))
    model = keras.Model(entry, kl.Dense(3)(ops.relu(flat) + ops.mean(flat, -1, keepdims=True)))
    model.save(tmp_path / "model.h5")
    net = convcost.from_keras(tmp_path / "model.h5")
    assert (net.params, net.macs) == (model.count_params(), 72)


def test_open_sides_without_sympy(monkeypatch):
    entry = keras.Input((None, 6))
    model = keras.Model(entry, kl.Dense(3)(entry))
    monkeypatch.setitem(sys.modules, "convcost.symbols", None)
    with pytest.raises(ImportError, match="leaves sides of its input open: give input_shape"):
        convcost.from_keras(model)


@pytest.mark.parametrize(
    ("start", "what"),
    [
        (b"\x89PNG\r\n", "a PNG image"),
        (b"\xff\xd8\xff\xe0", "a JPEG image"),
        (b"GIF89a", "a GIF image"),
        (b"%PDF-1.7", "a PDF document"),
    ],
)
def test_pictures_are_named(start, what, tmp_path):
    path = tmp_path / "model.keras"
    path.write_bytes(start + bytes(100))
    with pytest.raises(convcost.ModelError, match=f"{what}, not a model"):
        convcost.from_keras(path)


@pytest.mark.parametrize("layer", [kl.Add(), kl.Dropout(0.5), kl.TimeDistributed(kl.Dense(2))])
def test_a_layer_of_a_scalar(layer):
    entry = keras.Input((4, 3))
    config = keras.Model(entry, ops.sum(entry)).get_config()
    name = config["layers"][-1]["config"]["name"]
    node = {"args": [{"class_name": "__keras_tensor__", "config": {"keras_history": [name, 0, 0]}}]}
    saved = {"class_name": type(layer).__name__, "config": layer.get_config(), "name": "last"}
    config["layers"].append({**saved, "inbound_nodes": [node]})
    config["output_layers"] = ["last", 0, 0]
    with pytest.raises(convcost.ModelError, match=r"'last' .*a scalar"):
        convcost.from_keras(config)
