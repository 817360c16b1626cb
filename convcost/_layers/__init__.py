"""The classes of layers, as values with Keras's names and arguments."""

from convcost._layers.attention import AdditiveAttention, Attention
from convcost._layers.base import Layer
from convcost._layers.bounding_boxes import MaxNumBoundingBoxes
from convcost._layers.cells import (
    GRUCell,
    LSTMCell,
    SimpleRNNCell,
    StackedRNNCells,
)
from convcost._layers.conv_lstm import ConvLSTM1D, ConvLSTM2D, ConvLSTM3D
from convcost._layers.convolution import Conv1D, Conv2D, Conv3D
from convcost._layers.dense import Dense
from convcost._layers.depthwise import (
    DepthwiseConv1D,
    DepthwiseConv2D,
    SeparableConv1D,
    SeparableConv2D,
)
from convcost._layers.einsum_dense import EinsumDense
from convcost._layers.elementwise import Elementwise
from convcost._layers.embedding import Embedding, ReversibleEmbedding
from convcost._layers.encoding import (
    CategoryEncoding,
    Discretization,
    HashedCrossing,
    Hashing,
)
from convcost._layers.locally_connected import LocallyConnected1D, LocallyConnected2D
from convcost._layers.lora import LoRA
from convcost._layers.merging import (
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
from convcost._layers.multi_head_attention import GroupQueryAttention, MultiHeadAttention
from convcost._layers.normalization import (
    BatchNormalization,
    GroupNormalization,
    LayerNormalization,
    LayerScale,
    Normalization,
    PReLU,
    RMSNormalization,
)
from convcost._layers.pooling import (
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
from convcost._layers.quantized import Quantized
from convcost._layers.recurrent import (
    GRU,
    LSTM,
    RNN,
    Bidirectional,
    CuDNNGRU,
    CuDNNLSTM,
    SimpleRNN,
)
from convcost._layers.registry import register, unregister
from convcost._layers.reshaping import Flatten, Permute, RepeatVector, Reshape
from convcost._layers.resizing import (
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
from convcost._layers.results import Traffic, Training, Weight
from convcost._layers.spectral import SpectralNormalization
from convcost._layers.spectrograms import MelSpectrogram, STFTSpectrogram
from convcost._layers.transposed import Conv1DTranspose, Conv2DTranspose, Conv3DTranspose
from convcost._layers.vocabularies import IntegerLookup, StringLookup, TextVectorization
from convcost._layers.wrapping import Chain, Custom, TimeDistributed

__all__ = [
    "GRU",
    "LSTM",
    "RNN",
    "AdaptiveAveragePooling1D",
    "AdaptiveAveragePooling2D",
    "AdaptiveAveragePooling3D",
    "AdaptiveMaxPooling1D",
    "AdaptiveMaxPooling2D",
    "AdaptiveMaxPooling3D",
    "Add",
    "AdditiveAttention",
    "Attention",
    "Average",
    "AveragePooling1D",
    "AveragePooling2D",
    "AveragePooling3D",
    "BatchNormalization",
    "Bidirectional",
    "CategoryEncoding",
    "CenterCrop",
    "Chain",
    "Concatenate",
    "Conv1D",
    "Conv1DTranspose",
    "Conv2D",
    "Conv2DTranspose",
    "Conv3D",
    "Conv3DTranspose",
    "ConvLSTM1D",
    "ConvLSTM2D",
    "ConvLSTM3D",
    "Cropping1D",
    "Cropping2D",
    "Cropping3D",
    "CuDNNGRU",
    "CuDNNLSTM",
    "Custom",
    "CustomScaleLayer",
    "Dense",
    "DepthwiseConv1D",
    "DepthwiseConv2D",
    "Discretization",
    "Dot",
    "EinsumDense",
    "Elementwise",
    "Embedding",
    "Flatten",
    "GRUCell",
    "GlobalAveragePooling1D",
    "GlobalAveragePooling2D",
    "GlobalAveragePooling3D",
    "GlobalMaxPooling1D",
    "GlobalMaxPooling2D",
    "GlobalMaxPooling3D",
    "GroupNormalization",
    "GroupQueryAttention",
    "HashedCrossing",
    "Hashing",
    "IntegerLookup",
    "LSTMCell",
    "Layer",
    "LayerNormalization",
    "LayerScale",
    "LoRA",
    "LocallyConnected1D",
    "LocallyConnected2D",
    "MaxNumBoundingBoxes",
    "MaxPooling1D",
    "MaxPooling2D",
    "MaxPooling3D",
    "Maximum",
    "MelSpectrogram",
    "Minimum",
    "MultiHeadAttention",
    "Multiply",
    "Normalization",
    "PReLU",
    "Permute",
    "Quantized",
    "RMSNormalization",
    "RandomCrop",
    "RepeatVector",
    "Reshape",
    "Resizing",
    "ReversibleEmbedding",
    "STFTSpectrogram",
    "SeparableConv1D",
    "SeparableConv2D",
    "SimpleRNN",
    "SimpleRNNCell",
    "SpectralNormalization",
    "StackedRNNCells",
    "StringLookup",
    "Subtract",
    "TextVectorization",
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
    "unregister",
]
