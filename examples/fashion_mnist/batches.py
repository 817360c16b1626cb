"""The batches of an epoch, sent as images, or as a plan from which the device makes them.

The order of an epoch and the changes to each image depend only on the seed and the number of the
epoch, so a resumed training sees the same images.
"""

from typing import Any, NamedTuple

import keras
import numpy as np
import numpy.typing as npt

from fashion_mnist.data import SIDE, Images, Labels
from fashion_mnist.recipes import Augmentation

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


def unchanged(images: npt.NDArray[Any]) -> Plan:
    """Return the plan that leaves these images as they are."""
    plan = np.zeros((len(images), len(Change._fields)), np.int32)
    plan[:, 0] = images
    return plan


def draw_plan(seed: int, epoch: int, count: int, augmentation: Augmentation | None) -> Plan:
    """Return the images of an epoch in random order, each with its changes."""
    source = np.random.default_rng((seed, epoch))
    plan = unchanged(source.permutation(count))
    if augmentation is None:
        return plan
    change = Change(*plan.T)
    change.flip[:] = source.integers(0, 2, count)
    for moved in (change.down, change.right):
        moved[:] = source.integers(-augmentation.shift, augmentation.shift + 1, count)
    erased = source.random(count) < augmentation.erase
    for start, end in (
        (change.erased_top, change.erased_bottom),
        (change.erased_left, change.erased_right),
    ):
        side = source.integers(3, augmentation.erased_side + 1, count)
        start[:] = source.integers(1 - side, SIDE, count) * erased
        end[:] = np.where(erased, start + side, 0)
    return plan


def mirrored(plan: Plan) -> Plan:
    """Return the plan of the mirror images of what a plan shows."""
    mirror = plan.copy()
    old, new = Change(*plan.T), Change(*mirror.T)
    new.flip[:] = 1 - old.flip
    new.right[:] = -old.right
    new.erased_left[:] = SIDE - old.erased_right
    new.erased_right[:] = SIDE - old.erased_left
    return mirror


class Batches(keras.utils.PyDataset):  # type: ignore[misc]
    """The batches of one epoch after another; the caller begins each, also the first.

    Without images (then they are on the device) a batch consists of rows of the plan.
    """

    def __init__(
        self,
        labels: Labels,
        *,
        batch_size: int,
        seed: int,
        images: Images | None = None,
        augmentation: Augmentation | None = None,
    ) -> None:
        super().__init__()
        self.labels = labels
        self.batch_size = batch_size
        self.seed = seed
        self.images = images
        self.augmentation = augmentation

    def __len__(self) -> int:
        return -(-len(self.labels) // self.batch_size)

    def __getitem__(self, index: int) -> tuple[Any, Any]:
        which = slice(index * self.batch_size, (index + 1) * self.batch_size)
        rows = self._plan[which]
        return (rows if self.images is None else self.images[rows[:, 0]]), self._targets[which]

    def begin(self, epoch: int) -> None:
        """Draw the images of an epoch, counted from 0, and their changes."""
        self._plan, self._targets = self.draw(epoch)

    def draw(self, epoch: int) -> tuple[Plan, npt.NDArray[Any]]:
        """Return the plan of an epoch, and what the model should answer to each of its rows."""
        plan = draw_plan(self.seed, epoch, len(self.labels), self.augmentation)
        return plan, self.labels[plan[:, 0]]
