"""The formulas against counts that others make: Keras, the running layer, the TF profiler, XLA."""

from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import BIASES, COSTS, call, sizes

import convcost

keras = pytest.importorskip("keras")
DRAWN = sizes(st.integers(1, 7), st.integers(1, 40), st.integers(1, 12))
KINDS = st.sampled_from(COSTS)


def make_layer(kind, drawn, bias):
    """Return a layer as a user would write it, with `same` padding, and its output shape."""
    dk, m, n, df = drawn.values()
    layer = {
        "standard": lambda: keras.layers.Conv2D(n, dk, padding="same", use_bias=bias),
        "depthwise": lambda: keras.layers.DepthwiseConv2D(dk, padding="same", use_bias=bias),
        "pointwise": lambda: keras.layers.Conv2D(n, 1, use_bias=bias),
        "separable": lambda: keras.layers.SeparableConv2D(n, dk, padding="same", use_bias=bias),
    }[kind]()
    layer.build((None, df, df, m))
    return layer, layer.compute_output_shape((None, df, df, m))


@given(kind=KINDS, drawn=DRAWN, bias=BIASES)
def test_params_and_sides_equal_keras(kind, drawn, bias):
    layer, shape = make_layer(kind, drawn, bias)
    cost = call(kind, drawn, bias=bias)
    assert cost.params == layer.count_params()
    assert shape[1:3] == (drawn["df"], drawn["df"])
    channels = shape[3] * drawn["df"] ** 2
    assert cost.bias_adds == (channels if bias else 0)


@given(drawn=DRAWN, bias=BIASES)
def test_ratio_of_params_equals_keras(drawn, bias):
    separable, _ = make_layer("separable", drawn, bias)
    standard, _ = make_layer("standard", drawn, bias)
    ratio = call("ratio", drawn, bias=bias)
    assert ratio.params == Fraction(separable.count_params(), standard.count_params())


def profiled_flops(layer, shape):
    """Return what the TF profiler's registered statistics give for one layer."""
    import tensorflow as tf
    from tensorflow.python.framework.convert_to_constants import (
        convert_variables_to_constants_v2,
    )

    function = tf.function(layer).get_concrete_function(tf.TensorSpec(shape, tf.float32))
    graph = convert_variables_to_constants_v2(function).graph
    options = tf.compat.v1.profiler.ProfileOptionBuilder.float_operation()
    options["output"] = "none"
    profile = tf.compat.v1.profiler.profile(graph, cmd="scope", options=options)
    return profile.total_float_ops


@pytest.mark.skipif(
    keras.backend.backend() != "tensorflow", reason="the TF profiler reads TF graphs"
)
@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("kind", COSTS)
@pytest.mark.parametrize(
    "drawn", [(3, 32, 64, 28), (1, 1, 1, 1), (5, 3, 7, 4), (2, 16, 1, 9)], ids=str
)
def test_flops_equal_the_tf_profiler(kind, drawn, bias):
    drawn = dict(zip(("dk", "m", "n", "df"), drawn, strict=True))
    layer, _ = make_layer(kind, drawn, bias)
    cost = call(kind, drawn, bias=bias)
    shape = (1, drawn["df"], drawn["df"], drawn["m"])
    # The profiler counts bias additions as FLOPs; convcost keeps them apart.
    assert profiled_flops(layer, shape) == cost.flops + cost.bias_adds


def xla_flops(weights, input_side, padding, groups=1):
    """Return what XLA's cost analysis gives for one convolution, without a bias."""
    jax = pytest.importorskip("jax")

    def convolve(image, kernel):
        return jax.lax.conv_general_dilated(
            image,
            kernel,
            (1, 1),
            padding,
            feature_group_count=groups,
            dimension_numbers=("NHWC", "HWIO", "NHWC"),
        )

    channels = weights[2] * groups
    image = jax.ShapeDtypeStruct((1, input_side, input_side, channels), "float32")
    kernel = jax.ShapeDtypeStruct(weights, "float32")
    return int(jax.jit(convolve).lower(image, kernel).cost_analysis()["flops"])


@settings(max_examples=15)
@given(drawn=sizes(st.integers(1, 5), st.integers(1, 24), st.integers(1, 8)))
def test_macs_equal_xla(drawn):
    # XLA counts the taps inside the input; with valid padding those are all.
    dk, m, n, df = drawn.values()
    side = df + dk - 1
    standard = xla_flops((dk, dk, m, n), side, "VALID")
    depthwise = xla_flops((dk, dk, 1, m), side, "VALID", groups=m)
    pointwise = xla_flops((1, 1, m, n), df, "VALID")
    assert standard == convcost.standard(dk, m, n, df).flops
    assert depthwise == convcost.depthwise(dk, m, df).flops
    assert depthwise + pointwise == convcost.separable(dk, m, n, df).flops


def test_xla_leaves_out_the_taps_on_the_padding():
    # The figure in docs/counting.md.
    assert xla_flops((3, 3, 32, 64), 28, "SAME") == 27_541_504
