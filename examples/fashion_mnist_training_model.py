"""The model as it is trained: the same layers and weights, applied in another way.

It takes what the pipeline sends, in parts of a batch where that is faster, and looks out for what
is not a number. The model that is kept knows nothing of this.
"""

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import keras
from fashion_mnist_pipeline import Change, DeviceImages


class Parts(keras.layers.Layer):  # type: ignore[misc]
    """A batch cut into parts whose sizes differ by one row at most.

    Parameters
    ----------
    count
        How many parts.
    """

    def __init__(self, count: int) -> None:
        super().__init__(name="parts", trainable=False)
        self.count = count

    def call(self, batch: Any) -> list[Any]:
        """Return the parts, in order."""
        rows = keras.ops.shape(batch)[0]
        bounds = [rows * part // self.count for part in range(self.count + 1)]
        return [batch[start:end] for start, end in pairwise(bounds)]

    def compute_output_shape(self, batch_shape: tuple[Any, ...]) -> list[tuple[Any, ...]]:
        """Return the shape of each part."""
        return [(None, *batch_shape[1:])] * self.count


class Watch(keras.layers.Layer):  # type: ignore[misc]
    """Passes a batch on, and counts the training steps in which all of it are numbers.

    Attributes
    ----------
    finite_steps
        How many such steps there were since the epoch began, as a variable.
    """

    def __init__(self) -> None:
        super().__init__(name="watch", trainable=False, dtype="float32")
        # The mean, since devices that share a batch share the count: it is their steps' number.
        self.finite_steps = self.add_weight(
            (), initializer="zeros", trainable=False, aggregation="mean", name="finite_steps"
        )

    def call(self, batch: Any, training: bool = False) -> Any:
        """Return the batch."""
        if training:
            finite = keras.ops.all(keras.ops.isfinite(batch))
            self.finite_steps.assign_add(keras.ops.cast(finite, "float32"))
        return batch


class ProductOfChannels(keras.layers.Layer):  # type: ignore[misc]
    """A separable convolution whose pointwise half is computed as the matrix product that it is.

    Backends have a convolution of their own for it, of which oneDNN's gradient by the kernel takes
    1.2 to 2 times as long as that of the product.

    Parameters
    ----------
    layer
        The separable layer, built, with channels last; its weights are used.
    """

    def __init__(self, layer: Any) -> None:
        super().__init__(name=f"{layer.name}_product")
        self.layer = layer

    def call(self, inputs: Any) -> Any:
        """Return what the separable layer returns."""
        ops, layer = keras.ops, self.layer
        filtered = ops.depthwise_conv(
            inputs,
            layer.depthwise_kernel,
            strides=layer.strides,
            padding=layer.padding,
            data_format="channels_last",
            dilation_rate=layer.dilation_rate,
        )
        sides, channels = filtered.shape[1:-1], filtered.shape[-1]
        kernel = ops.reshape(layer.pointwise_kernel, (channels, layer.filters))
        rows = ops.matmul(ops.reshape(filtered, (-1, channels)), kernel)
        if layer.use_bias:
            rows = rows + layer.bias
        return ops.reshape(layer.activation(rows), (-1, *sides, layer.filters))

    def compute_output_shape(self, input_shape: tuple[Any, ...]) -> tuple[Any, ...]:
        """Return the separable layer's output shape."""
        shape: tuple[Any, ...] = self.layer.compute_output_shape(input_shape)
        return shape


def prepare(
    model: Any,
    *,
    images: DeviceImages | None = None,
    parts: int = 1,
    products: bool = False,
    dropout: float = 0.0,
    seed: int = 0,
) -> Any:
    """Return a model of the same layers, as it is trained.

    Parameters
    ----------
    model
        The model, a sequence of layers.
    images
        What makes images of the rows of a plan; None where images are sent.
    parts
        In how many parts of a batch the layers are applied, none of which waits for another; no
        batch may have fewer images.
    products
        Whether pointwise convolutions are computed as matrix products.
    dropout
        Share of the elements before each dense layer that training leaves out.
    seed
        Seed of the elements that are left out.
    """
    *before, last = _trained_layers(model, images, dropout, seed, products)
    if images is None:
        inputs = keras.Input(model.input_shape[1:])
    else:
        inputs = keras.Input((len(Change._fields),), dtype="int32")
    outputs = [inputs] if parts == 1 else Parts(parts)(inputs)
    for layer in before:
        outputs = [layer(part) for part in outputs]
    # Before the last layer: a loss that finds a softmax is computed from what that is given.
    whole = outputs[0] if parts == 1 else keras.ops.concatenate(outputs)
    return keras.Model(inputs, Watch()(last(whole)), name=f"{model.name}_training")


def _trained_layers(
    model: Any, images: DeviceImages | None, dropout: float, seed: int, products: bool
) -> Iterator[Any]:
    if images is not None:
        yield images
    for layer in model.layers:
        if dropout and isinstance(layer, keras.layers.Dense):
            yield keras.layers.Dropout(dropout, seed=seed)
        separable = isinstance(layer, keras.layers.SeparableConv2D)
        yield ProductOfChannels(layer) if products and separable else layer
