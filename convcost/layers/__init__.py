"""Layers as values: Keras's names and arguments, exact costs, and nothing to install or run.

Examples
--------
>>> from convcost.layers import Conv2D
>>> layer = Conv2D(64, 3, strides=2, padding="same")
>>> layer.output_shape((28, 28, 32))
(14, 14, 64)
>>> print(layer.cost((28, 28, 32)))
18,496 parameters, 3,612,672 MACs (7,225,344 FLOPs), 12,544 bias additions
>>> layer.cost((28, 28, 32), effective=True).macs
3442688
"""

from convcost.layers.base import Layer, Weight
from convcost.layers.convolution import Conv1D, Conv2D, Conv3D
from convcost.layers.dense import Dense
from convcost.layers.depthwise import (
    DepthwiseConv1D,
    DepthwiseConv2D,
    SeparableConv1D,
    SeparableConv2D,
)
from convcost.layers.memory import Traffic
from convcost.layers.training import Training
from convcost.layers.transposed import Conv1DTranspose, Conv2DTranspose, Conv3DTranspose

__all__ = [
    "Conv1D",
    "Conv1DTranspose",
    "Conv2D",
    "Conv2DTranspose",
    "Conv3D",
    "Conv3DTranspose",
    "Dense",
    "DepthwiseConv1D",
    "DepthwiseConv2D",
    "Layer",
    "SeparableConv1D",
    "SeparableConv2D",
    "Traffic",
    "Training",
    "Weight",
]
