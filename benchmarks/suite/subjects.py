"""The layers and models to count, and their counterparts in PyTorch."""

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

#: The models that both Keras and torchvision have, with torchvision's names.
MODELS = {
    "MobileNetV2": "mobilenet_v2",
    "EfficientNetB0": "efficientnet_b0",
    "ResNet50": "resnet50",
    "VGG16": "vgg16",
}
SIDE = 224


def torch_layer(layer: Layer, shape: Shape, device: str = "cpu") -> tuple[Any, Shape]:
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


def torch_model(name: str) -> tuple[Any, Shape]:
    """Return torchvision's model without trained weights, and its input shape."""
    import torchvision

    return getattr(torchvision.models, MODELS[name])(weights=None).eval(), (1, 3, SIDE, SIDE)


def keras_model(name: str) -> Any:
    """Return Keras's model without trained weights."""
    import keras

    return getattr(keras.applications, name)(weights=None)
