"""How the training images reach the model: the article's way, or gathered on the device.

Either way the order of an epoch, and how each image is changed in it, are a function of the seed
and the number of the epoch. So a training that was cut off goes on with the images it would have
had.
"""

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
