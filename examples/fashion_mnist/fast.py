"""The fast pipeline: a model's own layers and weights, trained in a faster way.

The saved model does not depend on it.
"""

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import keras
import numpy as np

from fashion_mnist.batches import Batches, Change, Plan, unchanged
from fashion_mnist.data import Dataset
from fashion_mnist.device_images import DeviceImages
from fashion_mnist.recipes import Recipe


class Parts(keras.layers.Layer):  # type: ignore[misc]
    """Splits a batch into `count` parts whose sizes differ by at most one row."""

    def __init__(self, count: int) -> None:
        super().__init__(name="parts", trainable=False)
        self.count = count

    def call(self, batch: Any) -> list[Any]:
        """Return the parts, in order."""
        rows = keras.ops.shape(batch)[0]
        bounds = [rows * part // self.count for part in range(self.count + 1)]
        return [batch[start:end] for start, end in pairwise(bounds)]


class Watch(keras.layers.Layer):  # type: ignore[misc]
    """Passes a batch through, and counts the training steps in which it is finite.

    If a call runs several steps, the count tells in which of them the loss became NaN.
    """

    def __init__(self) -> None:
        super().__init__(name="watch", trainable=False, dtype="float32")
        # The mean, because devices that share a batch each count the same steps.
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
    """A built separable layer whose pointwise step is computed as the matrix product that it is.

    Backends compute it as a convolution; with oneDNN, the gradient of that with respect to the
    kernel takes 1.2 to 2 times as long as the gradient of the product.
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

    def compute_output_shape(self, input_shape: Any) -> Any:
        """Return the separable layer's output shape."""
        return self.layer.compute_output_shape(input_shape)


def feed(
    model: Any, data: Dataset, recipe: Recipe, *, parts: int, seed: int
) -> tuple[Any, Batches, tuple[Any, Any]]:
    """Return the model to train, its batches, and its validation data."""
    images, validation = on_device(data, recipe)
    trained = prepare(model, images, parts=parts, dropout=recipe.dropout, seed=seed)
    batches = Batches(
        data.train[1], batch_size=recipe.batch_size, seed=seed, augmentation=recipe.augmentation
    )
    return trained, batches, (validation, data.validation[1])


def on_device(data: Dataset, recipe: Recipe) -> tuple[DeviceImages, Plan]:
    """Return the images of a training on the device, and the plan of the validation images."""
    count = len(data.train[0])
    pixels = np.concatenate([data.train[0], data.validation[0]])
    images = DeviceImages(pixels, augmented=recipe.augmentation is not None)
    return images, unchanged(np.arange(count, len(pixels)))


def prepare(
    model: Any, images: DeviceImages, *, parts: int = 1, dropout: float = 0.0, seed: int = 0
) -> Any:
    """Return a model with the same layers and weights whose input is the rows of a plan.

    Each batch goes through the layers in `parts` parts, none of which waits for another.
    """
    inputs = keras.Input((len(Change._fields),), dtype="int32")
    *before, last = _trained_layers(model, dropout, seed)
    outputs = [inputs] if parts == 1 else Parts(parts)(inputs)
    for layer in (images, *before):
        outputs = [layer(part) for part in outputs]
    # Before the last layer: Keras computes a loss after a softmax from the input of the softmax.
    whole = outputs[0] if parts == 1 else keras.ops.concatenate(outputs)
    return keras.Model(inputs, Watch()(last(whole)), name=f"{model.name}_training")


def _trained_layers(model: Any, dropout: float, seed: int) -> Iterator[Any]:
    for layer in model.layers:
        if dropout and isinstance(layer, keras.layers.Dense):
            yield keras.layers.Dropout(dropout, seed=seed)
        is_separable = isinstance(layer, keras.layers.SeparableConv2D)
        yield ProductOfChannels(layer) if is_separable else layer
