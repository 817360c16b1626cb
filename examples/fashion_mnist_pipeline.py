"""How the training images reach the model: the article's way, or gathered on the device.

Either way the order of an epoch, and how each image is changed in it, are a function of the seed
and the number of the epoch. So a training that was cut off goes on with the images it would have
had.
"""

from collections.abc import Iterator
from itertools import pairwise
from typing import Any, NamedTuple

import keras
import numpy as np
import numpy.typing as npt
from fashion_mnist_data import CLASSES, SIDE, Dataset, Images, Labels
from fashion_mnist_recipes import Augmentation

Plan = npt.NDArray[np.int32]


class Change(NamedTuple):
    """The columns of a plan: which image, and how it is changed."""

    image: Any
    flip: Any
    down: Any
    right: Any
    erased_top: Any
    erased_bottom: Any
    erased_left: Any
    erased_right: Any


def unchanged(images: npt.NDArray[np.int32]) -> Plan:
    """Return the plan that takes these images as they are."""
    plan = np.zeros((len(images), len(Change._fields)), np.int32)
    plan[:, 0] = images
    return plan


def draw_plan(seed: int, epoch: int, count: int, augmentation: Augmentation) -> Plan:
    """Return the images of an epoch in random order, each with its changes.

    Parameters
    ----------
    seed, epoch
        What the plan is a function of, beside the augmentation.
    count
        Number of images.
    augmentation
        What may be changed.
    """
    source = np.random.default_rng((seed, epoch))
    plan = Change(*unchanged(source.permutation(count).astype(np.int32)).T)
    plan.flip[:] = source.integers(0, 2, count) * augmentation.flip
    for moved in (plan.down, plan.right):
        moved[:] = source.integers(-augmentation.shift, augmentation.shift + 1, count)
    erased = source.random(count) < augmentation.erase
    for start, end in (
        (plan.erased_top, plan.erased_bottom),
        (plan.erased_left, plan.erased_right),
    ):
        side = source.integers(3, augmentation.erased_side + 1, count)
        start[:] = source.integers(1 - side, SIDE, count) * erased
        end[:] = np.where(erased, start + side, 0)
    return np.ascontiguousarray(np.stack(plan, axis=1))


class Batches(keras.utils.PyDataset):  # type: ignore[misc]
    """The batches of one epoch after the other; whoever trains sets `epoch` before each.

    Parameters
    ----------
    labels
        Class numbers of the images, in the order of the data set.
    batch_size
        Images of a batch; the last one has what is left.
    seed
        Seed of the order and of the changes.
    augmentation
        How images are changed; None to leave them.
    images
        The images, to be sent to the device batch by batch; None where they lie there already, so
        that a batch is the plan's rows.
    one_hot
        Whether labels are sent as rows with a one, for losses that need it.
    """

    def __init__(
        self,
        labels: Labels,
        *,
        batch_size: int,
        seed: int,
        augmentation: Augmentation | None = None,
        images: Images | None = None,
        one_hot: bool = False,
    ) -> None:
        super().__init__()
        self.labels = encode(labels, one_hot)
        self.batch_size = batch_size
        self.seed = seed
        self.augmentation = augmentation or Augmentation()
        self.images = images
        self._plan: tuple[int, Plan] | None = None
        self.epoch = 0

    def __len__(self) -> int:
        return -(-len(self.labels) // self.batch_size)

    def __getitem__(self, index: int) -> tuple[Any, Any]:
        rows = self.plan()[index * self.batch_size : (index + 1) * self.batch_size]
        chosen = rows[:, 0]
        return (rows if self.images is None else self.images[chosen]), self.labels[chosen]

    def plan(self) -> Plan:
        """Return the plan of the current epoch."""
        if self._plan is None or self._plan[0] != self.epoch:
            drawn = draw_plan(self.seed, self.epoch, len(self.labels), self.augmentation)
            self._plan = self.epoch, drawn
        return self._plan[1]


def encode(labels: Labels, one_hot: bool) -> npt.NDArray[Any]:
    """Return the class numbers, or a row with a one for each."""
    return np.eye(CLASSES, dtype=np.float32)[labels] if one_hot else labels


class DeviceImages(keras.layers.Layer):  # type: ignore[misc]
    """Images that lie on the device, gathered and changed there by the rows of a plan.

    An image goes to the device once, rather than in every epoch, and its changes are computed where
    the model is.

    Parameters
    ----------
    images
        Images of shape (count, 28, 28, 1).
    """

    def __init__(self, images: Images, *, augmented: bool) -> None:
        super().__init__(name="images", trainable=False)
        self.augmented = augmented
        self.background = float(images.min())
        self.pixels = self.add_weight(
            images.shape, lambda *_, **__: images, dtype="float32", trainable=False, name="pixels"
        )

    def call(self, plan: Any) -> Any:
        """Return the images that the rows of a plan say."""
        ops = keras.ops
        if not self.augmented:
            return ops.take(self.pixels, plan[:, 0], axis=0)
        change = Change(*(plan[:, column : column + 1] for column in range(plan.shape[1])))
        side = ops.expand_dims(ops.arange(SIDE, dtype="int32"), 0)
        y, x = side - change.down, side - change.right
        shown = _grid(ops.logical_and, (y >= 0) & (y < SIDE), (x >= 0) & (x < SIDE))
        erased = _grid(
            ops.logical_and,
            (side >= change.erased_top) & (side < change.erased_bottom),
            (side >= change.erased_left) & (side < change.erased_right),
        )
        # The image is mirrored first and moved then.
        x = ops.where(change.flip == 1, SIDE - 1 - x, x)
        row = change.image * SIDE + ops.clip(y, 0, SIDE - 1)
        where = _grid(ops.add, row * SIDE, ops.clip(x, 0, SIDE - 1))
        pixels = ops.take(ops.reshape(self.pixels, (-1,)), where, axis=0)
        pixels = ops.where(shown & ~erased, pixels, self.background)
        return ops.expand_dims(pixels, -1)

    def compute_output_shape(self, plan_shape: tuple[Any, ...]) -> tuple[Any, ...]:
        """Return the shape of a batch of images."""
        return (plan_shape[0], SIDE, SIDE, 1)


def _grid(combine: Any, rows: Any, columns: Any) -> Any:
    """Combine a value for each row of the images with one for each column."""
    return combine(keras.ops.expand_dims(rows, 2), keras.ops.expand_dims(columns, 1))


def gather(dataset: Dataset, *, augmented: bool) -> tuple[DeviceImages, Plan]:
    """Return the images to train on and to validate with, and the plan of the latter."""
    count = len(dataset.train[0])
    images = np.concatenate([dataset.train[0], dataset.validation[0]])
    validation = unchanged(np.arange(count, len(images), dtype=np.int32))
    return DeviceImages(images, augmented=augmented), validation


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

    Parameters
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
