"""Whole models checked against Keras, the TF profiler and JAX, by `convcost._verify`."""

import re
from types import SimpleNamespace

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers as kl
from keras import ops
from keras_models import Opaque, operations, several

import convcost
from convcost._verify.model_layers import live_layers
from convcost._verify.model_totals import graph_of
from convcost._verify.oracles.model_inputs import arranged, inputs_of
from convcost._verify.oracles.oracle import NotVisible
from convcost._verify.oracles.profiled_graphs import blind_spots, profile_graph, profiled_macs
from convcost._verify.whole_models import check_model

# Without the process that JAX runs in.
HERE = ("keras", "kernels", "profiler")


def model_of(shape, call, **options):
    entry = keras.Input(shape, **options)
    return keras.Model(entry, call(entry), name="tried")


def report_of(model, *shape, oracles=HERE):
    return check_model(model, convcost.from_keras(model, *shape), oracles=oracles)


def reasons(report, oracle):
    return [found.reason for _, found in report.findings if found.oracle == oracle and found.reason]


def turned(x):
    return ops.transpose(x, (0, 2, 1))


class Block(kl.Layer):
    """A layer of one's own, with a layer and a weight inside."""

    def __init__(self, **options):
        super().__init__(**options)
        self.inner = kl.Dense(6, name="inner")
        self.same = self.inner

    def build(self, shape):
        self.scale = self.add_weight(shape=(6,), name="scale")

    def call(self, x):
        return self.inner(x) * self.scale


# What has no kernel, has it in a wrapper, or has one that the profiler sees otherwise.
MODELS = {
    "dot": ((7, 4), lambda x: kl.Dot(axes=-1)([x, x])),
    "batch dot": ((7, 4), lambda x: kl.Dot(axes=1)([x, x])),
    "dot of vectors": ((7,), lambda x: kl.Dot(axes=1)([x, kl.Dense(7)(x)])),
    "matmul": ((7, 4), lambda x: ops.matmul(x, turned(x))),
    "matmul with a constant": ((7, 4), lambda x: ops.matmul(x, np.ones((4, 5), "float32"))),
    "ops.dot": ((7, 4), lambda x: ops.dot(x, np.ones((4, 5), "float32"))),
    "einsum": ((7, 4), lambda x: ops.einsum("bij,bkj->bik", x, kl.Dense(4)(x))),
    "einsum, summed": ((7, 4), lambda x: ops.einsum("bij,jk->bk", x, np.ones((4, 5), "float32"))),
    "attention": (
        (7, 4),
        lambda x: ops.matmul(ops.softmax(ops.matmul(kl.Dense(4)(x), turned(x))), x),
    ),
    "moved into the batch": (
        (8, 6),
        lambda x: kl.Dense(5)(ops.reshape(x, (-1, 4, 6))),
    ),
    "time-distributed dense": ((7, 4), lambda x: kl.TimeDistributed(kl.Dense(5))(x)),
    "time-distributed convolution": ((3, 8, 4), lambda x: kl.TimeDistributed(kl.Conv1D(5, 3))(x)),
    "time-distributed pooling": ((3, 8, 4), lambda x: kl.TimeDistributed(kl.MaxPooling1D())(x)),
    "separable": ((7, 7, 3), lambda x: kl.SeparableConv2D(4, 3, dilation_rate=2)(x)),
    "groups": ((7, 7, 4), lambda x: kl.Conv2D(6, 3, groups=2)(x)),
    "groups, dilated": ((7, 7, 4), lambda x: kl.Conv2D(6, 3, groups=2, dilation_rate=2)(x)),
    "causal, dilated": ((7, 3), lambda x: kl.Conv1D(4, 3, dilation_rate=2, padding="causal")(x)),
    "channels first": (
        (3, 9, 8),
        lambda x: kl.SeparableConv2D(4, 3, data_format="channels_first")(x),
    ),
    "bilinear": ((4, 4, 3), lambda x: kl.Conv2D(2, 3)(kl.Resizing(7, 7)(x))),
    "own layer": ((5, 4), lambda x: kl.Dense(3)(Block(name="own")(x))),
}
for rank, kinds in ((1, "Conv DepthwiseConv"), (2, "Conv DepthwiseConv"), (3, "Conv")):
    for kind in kinds.split():
        for side in (8, 7):
            for padding in ("same", "valid"):
                words = {"kernel_size": 3, "padding": padding, "dilation_rate": 2}
                if kind == "Conv":
                    words["filters"] = 4
                layer = getattr(kl, f"{kind}{rank}D")
                MODELS[f"{kind}{rank}D dilated, {padding}, {side}"] = (
                    (*[side] * rank, 2),
                    lambda x, layer=layer, words=words: layer(**words)(x),
                )
    for strides in (1, 2):
        for padding in ("same", "valid"):
            layer = getattr(kl, f"Conv{rank}DTranspose")
            words = {"filters": 4, "kernel_size": 2, "padding": padding, "strides": strides}
            MODELS[f"transposed {rank}D, {padding}, {strides}"] = (
                (*[4] * rank, 3),
                lambda x, layer=layer, words=words: layer(**words)(x),
            )


@pytest.mark.parametrize("name", MODELS)
def test_no_oracle_disagrees_with_a_right_count(name):
    report = report_of(model_of(*MODELS[name]))
    assert report.contradictions == ()
    assert report.agrees


@pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="it counts TensorFlow's graph")
@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("einsum", "registers no FLOPs for Einsum"),
        ("transposed 3D, same, 2", "registers no FLOPs for Conv3DBackpropInputV2"),
        ("transposed 2D, valid, 1", "divides the output's sides by the strides"),
        ("groups", "does not look into loops and compiled functions"),
        ("Conv2D dilated, same, 7", "pads a dilated convolution to a multiple"),
        ("DepthwiseConv1D dilated, valid, 7", "pads a dilated convolution to a multiple"),
    ],
)
def test_the_profilers_blind_spots_are_what_they_were(name, reason):
    model = model_of(*MODELS[name])
    network = convcost.from_keras(model)
    (said,) = reasons(check_model(model, network, oracles=["profiler"]), "profiler")
    assert reason in said
    # Once TensorFlow counts it, it need no longer be a blind spot.
    assert profiled_macs(graph_of(model, inputs_of(model, network))) != network.macs


def test_the_profiler_skips_what_has_no_shape_yet():
    with tf.Graph().as_default() as graph:
        left, right = (tf.compat.v1.placeholder(tf.float32, (None, 3)) for _ in range(2))
        tf.raw_ops.MatMul(a=left, b=right, transpose_b=True)
    assert list(blind_spots(graph)) == [
        "TensorFlow skips an operation if a shape is only known when it runs"
    ]
    assert profile_graph(graph)["MatMul"] == 0


def test_a_transposed_convolution_with_its_channels_first_in_a_graph():
    with tf.Graph().as_default() as graph:
        image, kernel = (
            tf.compat.v1.placeholder(tf.float32, shape) for shape in ((1, 3, 4, 4), (2, 2, 5, 3))
        )
        words = {"strides": [1, 1, 2, 2], "padding": "SAME", "data_format": "NCHW"}
        tf.raw_ops.Conv2DBackpropInput(
            input_sizes=[1, 5, 8, 8], filter=kernel, out_backprop=image, **words
        )
    assert blind_spots(graph) == {}


def test_layers_without_a_kernel_are_named():
    report = report_of(model_of((7, 4), lambda x: kl.Dense(3)(ops.matmul(x, turned(x)))))
    assert "macs of the layers that have kernels 147" in str(report)
    assert ": kernels: not visible: it has no kernel that is applied once at each position" in str(
        report
    )
    named = [data for data in report.as_dict()["findings"] if "matmul" in data["layer"]]
    assert {data["outcome"] for data in named} == {"not visible"}
    alone = report_of(model_of(*MODELS["matmul"]), oracles=["kernels"])
    assert not alone.agrees
    assert alone.contradictions == ()


def test_layers_that_share_a_reason_share_a_line():
    def call(x):
        for _ in range(5):
            x = ops.relu(x)
        return x

    (line,) = [one for one in str(report_of(model_of((3,), call))).split("\n") if "relu" in one]
    assert re.match(r"5 layers \((relu\w*, ){3}\.\.\.\): keras: not visible: ", line)


def test_layers_inside_own_layers_are_checked():
    report = report_of(model_of(*MODELS["own layer"]))
    found = {name: finding for name, finding in report.findings if finding.oracle == "keras"}
    assert [str(one) for one in found["own/inner"].quantities] == [
        "params 30",
        "output shape (5, 6)",
    ]


def test_two_layers_with_one_name_are_not_taken_for_each_other():
    class Twins(kl.Layer):
        def __init__(self):
            super().__init__(name="twins")
            self.left, self.right = kl.Dense(4, name="same"), kl.Dense(4, name="same")

        def call(self, x):
            return self.right(self.left(x))

    model = model_of((4,), lambda x: Twins()(x))
    assert ("twins", "same") not in live_layers(model)
    assert report_of(model).contradictions == ()


def test_an_operation_of_ones_own_has_no_layers_inside():
    class Halve(keras.Operation):
        def call(self, x):
            return x / 2

        def compute_output_spec(self, x):
            return keras.KerasTensor(x.shape)

    model = model_of((4,), lambda x: Halve(name="halve")(x))
    assert live_layers(model)["halve",].name == "halve"


def test_a_weight_is_counted_at_the_first_row_that_has_it():
    shared = kl.Dense(4)
    report = report_of(model_of((3, 4), lambda x: shared(shared(x))))
    assert report.agrees
    params = [finding.quantities[0].oracle for _, finding in report.findings[:2]]
    assert params == [20, 0]


def test_a_wrong_count_is_still_a_contradiction():
    model, wrong = (
        model_of((8, 8, 3), lambda x, side=side: kl.Conv2D(5, side, name="conv")(x))
        for side in (3, 2)
    )
    network = convcost.from_keras(wrong)
    report = check_model(model, network, oracles=HERE)
    assert {finding.oracle for _, finding in report.contradictions} == set(HERE)
    assert str(report).startswith("conv: keras: contradicted: params: convcost 65, oracle 140")


def test_profiles_that_cannot_be_made(monkeypatch):
    def fail(*_):
        raise ValueError("no\x1b[1m groups\x1b[0m")

    network = convcost.from_keras(operations())
    monkeypatch.setattr(tf, "function", fail)
    report = check_model(operations(), network, oracles=HERE)
    assert "profiler: not visible: TensorFlow can't trace it: no groups" in str(report)
    assert report.agrees
    assert report.as_dict()["findings"][0]["layer"] == "conv"


def test_open_sides_are_not_visible():
    model = model_of((None, None, 3), lambda x: kl.Conv2D(2, 3)(x))
    report = report_of(model)
    assert report.agrees
    assert reasons(report, "profiler") == [
        "the input shape has open sides; give all of them to count this model"
    ]
    assert "kernels: confirmed" in str(report_of(model, (8, 8, 3)))


def test_inputs_by_name_in_any_order():
    model = several()
    network = convcost.from_keras(model)
    inputs = inputs_of(model, network)
    assert inputs.shapes == ((6,), (4,))
    assert inputs.pack(lambda shape, _: shape, 2) == {"p": (2, 6), "q": (2, 4)}
    assert report_of(model).agrees


def test_inputs_of_a_subclassed_model():
    inputs = arranged(SimpleNamespace(), [(3,), (4,)])
    assert inputs.pack(lambda shape, dtype: (shape, dtype), 5) == [
        ((5, 3), "float32"),
        ((5, 4), "float32"),
    ]
    assert arranged(SimpleNamespace(), [(3,)]).pack(lambda shape, _: shape, 5) == (5, 3)


def test_layers_left_out_are_not_visible():
    layers = [Opaque(name=name) for name in "ab"]
    model = keras.Sequential([keras.Input((10, 8)), *layers])
    with pytest.warns(UserWarning, match="2 layers are left out"):
        network = convcost.from_keras(model, (10, 8), on_unknown="warn")
    report = check_model(model, network)
    assert report.contradictions == ()
    assert not report.agrees
    assert "total: keras: not visible: convcost leaves out a, b" in str(report)
    assert reasons(report, "jaxpr") == ["convcost leaves out a, b"]
    with pytest.raises(NotVisible, match="convcost leaves out a, b"):
        inputs_of(model, network)


def test_a_layer_that_takes_its_inputs_otherwise_has_no_shape_to_check():
    @keras.saving.register_keras_serializable("verify")
    class Two(kl.Layer):
        def call(self, x, y, z):
            return x + y + z

    @convcost.layers.register("Two")
    def two(config, shapes):
        return convcost.layers.Custom(shapes[0])

    try:
        report = report_of(model_of((3,), lambda x: Two(name="two")(x, x, x)))
    finally:
        convcost.layers.unregister("Two")
    (found,) = [finding for name, finding in report.findings if name == "two"]
    assert [quantity.name for quantity in found.quantities] == ["params"]


def test_an_unknown_oracle_is_refused():
    with pytest.raises(ValueError, match=r"oracle must be one of keras, .* did you mean 'jaxpr'\?"):
        report_of(operations(), oracles=["jaxpt"])


def test_the_totals_are_those_of_a_report():
    network = convcost.from_keras(operations())
    data = check_model(operations(), network, oracles=HERE).as_dict()
    assert data["total"] == convcost.summary(network).as_dict()["total"]


def test_open_sides_are_the_reason_why_kernels_are_not_seen():
    entry = keras.Input((None, None, 3))
    model = keras.Model(entry, keras.layers.Conv2D(4, 3)(entry))
    report = str(check_model(model, convcost.from_keras(model)))
    assert "kernels: not visible: its input has open sides: give input_shape in numbers" in report
