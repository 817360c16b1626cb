"""The images on the device, where batches are gathered and augmented."""

from typing import Any

import keras

from fashion_mnist.batches import Change
from fashion_mnist.data import SIDE, Images


class DeviceImages(keras.layers.Layer):  # type: ignore[misc]
    """Images on the device, gathered and augmented there according to the rows of a plan.

    An image is copied to the device once, rather than in every epoch, and is augmented where the
    model runs.
    """

    def __init__(self, images: Images, *, augmented: bool) -> None:
        super().__init__(name="images", trainable=False)
        self.augmented = augmented
        self.background = float(images.min())
        self.pixels = self.add_weight(
            images.shape, lambda *_, **__: images, dtype="float32", trainable=False, name="pixels"
        )

    def call(self, plan: Any) -> Any:
        """Return the images for the rows of a plan."""
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
        # The image is mirrored first, then shifted.
        x = ops.where(change.flip == 1, SIDE - 1 - x, x)
        row = change.image * SIDE + ops.clip(y, 0, SIDE - 1)
        where = _grid(ops.add, row * SIDE, ops.clip(x, 0, SIDE - 1))
        pixels = ops.take(ops.reshape(self.pixels, (-1,)), where, axis=0)
        pixels = ops.where(shown & ~erased, pixels, self.background)
        return ops.expand_dims(pixels, -1)

    def compute_output_shape(self, plan_shape: Any) -> Any:
        """Return the shape of a batch of images."""
        return (plan_shape[0], SIDE, SIDE, 1)


def _grid(combine: Any, rows: Any, columns: Any) -> Any:
    """Combine a value for each row of the images with one for each column."""
    return combine(keras.ops.expand_dims(rows, 2), keras.ops.expand_dims(columns, 1))
