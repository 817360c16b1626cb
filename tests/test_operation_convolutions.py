"""`keras.ops.conv` and its relatives in users' own layers cost what the layers of Keras do."""

import keras
import pytest
from keras import layers as kl
from keras import ops

import convcost

CONVOLUTIONS = [
    (kl.Conv1D(4, 3, strides=2, use_bias=False), (9, 6)),
    (kl.Conv2D(4, 3, padding="same", use_bias=False), (9, 7, 6)),
    (kl.Conv2D(4, (3, 2), dilation_rate=2, use_bias=False), (9, 7, 6)),
    (kl.Conv3D(4, 2, use_bias=False), (4, 5, 6, 3)),
    (kl.DepthwiseConv2D(3, depth_multiplier=2, use_bias=False), (9, 7, 6)),
    (kl.SeparableConv1D(4, 3, depth_multiplier=2, use_bias=False), (9, 6)),
    (kl.SeparableConv2D(4, 3, padding="same", use_bias=False), (9, 7, 6)),
    (kl.Conv2DTranspose(4, 3, strides=2, padding="same", use_bias=False), (9, 7, 6)),
    (kl.Conv1DTranspose(4, 3, strides=2, output_padding=1, use_bias=False), (9, 6)),
]


class Convolving(kl.Layer):
    """The operation that a convolutional layer calls, on that layer's weights."""

    def __init__(self, layer, **kwargs):
        super().__init__(**kwargs)
        self.layer = layer

    def build(self, shape):
        self.layer.build(shape)

    def compute_output_shape(self, shape):
        return self.layer.compute_output_shape(shape)

    def call(self, x):
        layer = self.layer
        options = {"strides": layer.strides, "padding": layer.padding}
        options["dilation_rate"] = layer.dilation_rate
        if isinstance(layer, (kl.SeparableConv1D, kl.SeparableConv2D)):
            return ops.separable_conv(x, layer.depthwise_kernel, layer.pointwise_kernel, **options)
        if isinstance(layer, kl.DepthwiseConv2D):
            return ops.depthwise_conv(x, layer.kernel, **options)
        if isinstance(layer, (kl.Conv1DTranspose, kl.Conv2DTranspose)):
            options["output_padding"] = layer.output_padding
            return ops.conv_transpose(x, layer.kernel, **options)
        return ops.conv(x, layer.kernel, **options)


@pytest.mark.parametrize(("layer", "shape"), CONVOLUTIONS)
def test_convolutions_without_a_layer_cost_what_the_layer_does(layer, shape):
    entry = keras.Input(shape)
    layer = type(layer).from_config(layer.get_config())
    expected = convcost.from_keras(keras.Model(entry, layer(entry)))
    layer = type(layer).from_config(layer.get_config())
    net = convcost.from_keras(keras.Model(entry, Convolving(layer)(entry)))
    assert net.params == expected.params
    assert net.macs == expected.macs
    assert net.output_shapes == expected.output_shapes
    products = [row for row in net if row.macs]
    assert sum(row.effective_macs for row in products) == expected.rows[0].effective_macs
