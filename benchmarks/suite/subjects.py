"""The layers and models to count, and their counterparts in PyTorch: the same networks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from convcost import layers

if TYPE_CHECKING:
    from convcost.layers import Layer

Shape = tuple[int, ...]

# Without biases, which some counters add to the MACs.
_LAYERS: list[tuple[Layer, Shape]] = [
    (layers.Conv2D(64, 3, padding=1, use_bias=False), (28, 28, 32)),
    (layers.Conv2D(64, 3, padding=2, strides=2, dilation_rate=2, use_bias=False), (28, 28, 32)),
    (layers.Conv2D(128, 3, padding=1, groups=4, use_bias=False), (14, 14, 64)),
    (layers.DepthwiseConv2D(3, padding=1, use_bias=False), (28, 28, 32)),
    (layers.SeparableConv2D(64, 3, padding=1, use_bias=False), (28, 28, 32)),
    (layers.Conv1D(64, 3, use_bias=False), (100, 32)),
    (layers.Conv3D(16, 3, use_bias=False), (10, 10, 10, 8)),
    (layers.Conv2DTranspose(64, 2, strides=2, use_bias=False), (14, 14, 32)),
    (
        layers.Conv2DTranspose(64, 3, strides=2, padding=1, output_padding=1, use_bias=False),
        (14, 14, 32),
    ),
    (layers.Conv2DTranspose(64, 2, strides=2, groups=4, use_bias=False), (14, 14, 32)),
    (layers.Conv3DTranspose(16, 2, strides=2, use_bias=False), (4, 4, 4, 8)),
    (layers.Dense(128, use_bias=False), (1152,)),
    (layers.LSTM(64, use_bias=False), (100, 32)),
    (layers.MultiHeadAttention(8, 64, use_bias=False), (100, 512)),
]

#: Each layer with its input shape, by its repr.
LAYERS = {
    repr(layer).replace(", use_bias=False", "").replace(", value_dim=64", ""): (layer, shape)
    for layer, shape in _LAYERS
}

SIDE, TOKENS = 224, 128
#: The models that both Keras and a library for PyTorch have, with the latter's names.
MODELS = {
    "MobileNetV2": "mobilenet_v2",
    "EfficientNetB0": "efficientnet_b0",
    "ResNet50": "resnet50",
    "VGG16": "vgg16",
    "BERT-base": "BertModel",
}
#: How many parameters are trained in each: the same in both libraries.
TRAINED = {
    "MobileNetV2": 3_504_872,
    "EfficientNetB0": 5_288_548,
    "ResNet50": 25_583_592,
    "VGG16": 138_357_544,
    "BERT-base": 108_891_648,
}


def torch_layer(layer: Layer, shape: Shape, device: str = "cpu") -> tuple[Any, Any]:
    """Return the PyTorch module for a layer, and an input of one."""
    import torch

    module, size = _module(layer, shape, device)
    return module, torch.zeros(size, device=device)


def _module(layer: Layer, shape: Shape, device: str) -> tuple[Any, Shape]:
    """Return the PyTorch module for a layer, and its input shape with the batch."""
    import torch

    if isinstance(layer, layers.Dense):
        module = torch.nn.Linear(shape[-1], layer.units, bias=False, device=device)
        return module, (1, *shape)
    if isinstance(layer, layers.LSTM):
        options = {"bias": False, "batch_first": True, "device": device}
        return torch.nn.LSTM(shape[-1], layer.units, **options), (1, *shape)
    if isinstance(layer, layers.MultiHeadAttention):
        return _self_attention(shape[-1], layer.num_heads, device), (1, *shape)
    *sides, channels = shape
    rank = len(sides)
    own = layer.arguments()
    around = own["padding"]
    common = {
        "kernel_size": own["kernel_size"],
        "stride": own["strides"],
        "padding": 0 if around == "valid" else tuple(before for before, _ in around),
        "dilation": own["dilation_rate"],
        "bias": False,
        "device": device,
    }
    convolution = getattr(torch.nn, f"Conv{rank}d")
    size = (1, channels, *sides)
    if isinstance(layer, layers.DepthwiseConv2D):
        return convolution(channels, channels, groups=channels, **common), size
    if isinstance(layer, layers.SeparableConv2D):
        depthwise = convolution(channels, channels, groups=channels, **common)
        pointwise = convolution(channels, layer.filters, 1, bias=False, device=device)
        return torch.nn.Sequential(depthwise, pointwise), size
    common["groups"] = own["groups"]
    if "output_padding" in own:
        transposed = getattr(torch.nn, f"ConvTranspose{rank}d")
        common["output_padding"] = own["output_padding"] or 0
        return transposed(channels, own["filters"], **common), size
    return convolution(channels, own["filters"], **common), size


def _self_attention(width: int, heads: int, device: str) -> Any:
    """Return a module that gives one input to PyTorch's attention three times."""
    import torch

    class SelfAttention(torch.nn.Module):  # type: ignore[misc]  # PyTorch may be missing
        def __init__(self) -> None:
            super().__init__()
            options = {"bias": False, "batch_first": True, "device": device}
            self.attention = torch.nn.MultiheadAttention(width, heads, **options)

        def forward(self, inputs: Any) -> Any:
            return self.attention(inputs, inputs, inputs, need_weights=False)[0]

    return SelfAttention()


def torch_model(name: str) -> tuple[Any, Any]:
    """Return the model for PyTorch without trained weights, and an input of one.

    It is the same network as Keras's: biases and strides stand where Keras has them.
    """
    import torch

    if name == "BERT-base":
        module, given = _torch_bert(), torch.zeros((1, TOKENS), dtype=torch.long)
    else:
        import torchvision

        module = getattr(torchvision.models, MODELS[name])(weights=None)
        given = torch.zeros((1, 3, SIDE, SIDE))
    if name == "ResNet50":
        _as_keras_has_it(module)
    assert sum(one.numel() for one in module.parameters()) == TRAINED[name]
    return module.eval(), given


def _as_keras_has_it(network: Any) -> None:
    """Give the stride of a block to its first 1x1 convolution, and a bias to each convolution.

    So has the paper; torchvision has the stride in the 3x3 convolution, and no biases.
    """
    import torch
    from torchvision.models.resnet import Bottleneck

    for block in network.modules():
        if isinstance(block, Bottleneck):
            block.conv1.stride, block.conv2.stride = block.conv2.stride, block.conv1.stride
        elif isinstance(block, torch.nn.Conv2d):
            block.bias = torch.nn.Parameter(torch.zeros(block.out_channels))


def _torch_bert() -> Any:
    """Return the encoder of BERT-base, whose attention consists of plain products."""
    import torch
    from transformers import BertConfig, BertModel

    class Encoder(torch.nn.Module):  # type: ignore[misc]  # PyTorch may be missing
        def __init__(self) -> None:
            super().__init__()
            config = BertConfig(attn_implementation="eager")
            self.bert = BertModel(config, add_pooling_layer=False)

        def forward(self, input_ids: Any) -> Any:
            return self.bert(input_ids=input_ids)[0]

    return Encoder()


def keras_model(name: str) -> Any:
    """Return Keras's model without trained weights."""
    import keras

    if name == "BERT-base":
        return _keras_bert()
    return getattr(keras.applications, name)(weights=None)


def _keras_bert() -> Any:
    """Return the encoder of BERT-base, from Keras's layers."""
    import keras
    from keras import layers as kl

    sizes = {"tokens": 30_522, "positions": 512, "segments": 2}
    inputs = [keras.Input((TOKENS,), dtype="int32", name=name) for name in sizes]
    tables = [kl.Embedding(size, 768) for size in sizes.values()]
    x = kl.add([table(one) for table, one in zip(tables, inputs, strict=True)])
    x = kl.LayerNormalization(epsilon=1e-12)(x)
    for _ in range(12):
        attended = kl.MultiHeadAttention(12, 64)(x, x)
        x = kl.LayerNormalization(epsilon=1e-12)(kl.add([x, attended]))
        inner = kl.Dense(3072, activation="gelu")(x)
        x = kl.LayerNormalization(epsilon=1e-12)(kl.add([x, kl.Dense(768)(inner)]))
    return keras.Model(inputs, x, name="bert_base")
