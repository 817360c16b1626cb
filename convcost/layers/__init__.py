"""Layers as immutable values: Keras's names and arguments, exact costs, no framework needed.

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

from convcost.layers.base import Layer
from convcost.layers.convolution import Conv1D, Conv2D, Conv3D
from convcost.layers.dense import Dense
from convcost.layers.depthwise import (
    DepthwiseConv1D,
    DepthwiseConv2D,
    SeparableConv1D,
    SeparableConv2D,
)
from convcost.layers.elementwise import Elementwise
from convcost.layers.merging import (
    Add,
    Average,
    Concatenate,
    CustomScaleLayer,
    Dot,
    Maximum,
    Minimum,
    Multiply,
    Subtract,
)
from convcost.layers.normalization import (
    BatchNormalization,
    GroupNormalization,
    LayerNormalization,
    LayerScale,
    Normalization,
    PReLU,
    RMSNormalization,
)
from convcost.layers.pooling import (
    AdaptiveAveragePooling1D,
    AdaptiveAveragePooling2D,
    AdaptiveAveragePooling3D,
    AdaptiveMaxPooling1D,
    AdaptiveMaxPooling2D,
    AdaptiveMaxPooling3D,
    AveragePooling1D,
    AveragePooling2D,
    AveragePooling3D,
    GlobalAveragePooling1D,
    GlobalAveragePooling2D,
    GlobalAveragePooling3D,
    GlobalMaxPooling1D,
    GlobalMaxPooling2D,
    GlobalMaxPooling3D,
    MaxPooling1D,
    MaxPooling2D,
    MaxPooling3D,
)
from convcost.layers.registry import register
from convcost.layers.reshaping import Flatten, Permute, RepeatVector, Reshape
from convcost.layers.resizing import (
    CenterCrop,
    Cropping1D,
    Cropping2D,
    Cropping3D,
    RandomCrop,
    Resizing,
    UpSampling1D,
    UpSampling2D,
    UpSampling3D,
    ZeroPadding1D,
    ZeroPadding2D,
    ZeroPadding3D,
)
from convcost.layers.results import Traffic, Training, Weight
from convcost.layers.transposed import Conv1DTranspose, Conv2DTranspose, Conv3DTranspose
from convcost.layers.wrapping import Chain, Custom, Embedding, TimeDistributed

__all__ = [
    "AdaptiveAveragePooling1D",
    "AdaptiveAveragePooling2D",
    "AdaptiveAveragePooling3D",
    "AdaptiveMaxPooling1D",
    "AdaptiveMaxPooling2D",
    "AdaptiveMaxPooling3D",
    "Add",
    "Average",
    "AveragePooling1D",
    "AveragePooling2D",
    "AveragePooling3D",
    "BatchNormalization",
    "CenterCrop",
    "Chain",
    "Concatenate",
    "Conv1D",
    "Conv1DTranspose",
    "Conv2D",
    "Conv2DTranspose",
    "Conv3D",
    "Conv3DTranspose",
    "Cropping1D",
    "Cropping2D",
    "Cropping3D",
    "Custom",
    "CustomScaleLayer",
    "Dense",
    "DepthwiseConv1D",
    "DepthwiseConv2D",
    "Dot",
    "Elementwise",
    "Embedding",
    "Flatten",
    "GlobalAveragePooling1D",
    "GlobalAveragePooling2D",
    "GlobalAveragePooling3D",
    "GlobalMaxPooling1D",
    "GlobalMaxPooling2D",
    "GlobalMaxPooling3D",
    "GroupNormalization",
    "Layer",
    "LayerNormalization",
    "LayerScale",
    "MaxPooling1D",
    "MaxPooling2D",
    "MaxPooling3D",
    "Maximum",
    "Minimum",
    "Multiply",
    "Normalization",
    "PReLU",
    "Permute",
    "RMSNormalization",
    "RandomCrop",
    "RepeatVector",
    "Reshape",
    "Resizing",
    "SeparableConv1D",
    "SeparableConv2D",
    "Subtract",
    "TimeDistributed",
    "Traffic",
    "Training",
    "UpSampling1D",
    "UpSampling2D",
    "UpSampling3D",
    "Weight",
    "ZeroPadding1D",
    "ZeroPadding2D",
    "ZeroPadding3D",
    "register",
]
