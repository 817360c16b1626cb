"""The settings of a training, other than model and data, and those of the strong recipe."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

_LEAST_IMPROVEMENT = 0.001


@dataclass(frozen=True)
class Augmentation:
    """Random changes to training images, besides mirroring half of them."""

    shift: int  # pixels by which an image is shifted at most, along each axis
    erase: float  # share of the images in which a rectangle is erased
    erased_side: int = 14  # pixels of the longest side that the rectangle can have


@dataclass(frozen=True)
class Recipe:
    """How a model is trained; the defaults leave out what the article lacks."""

    epochs: int  # at most
    batch_size: int
    learning_rate: float  # the highest, if it changes
    patience: int | None = None  # epochs without a lower validation loss before training stops
    warmup: float = 0.0  # share of the steps in which the learning rate rises; then it falls
    weight_decay: float = 0.0  # share of each weight subtracted per step and learning rate
    averaging: float | None = None  # momentum of the moving average of the weights
    dropout: float = 0.0  # before the dense layers
    augmentation: Augmentation | None = None

    def changed_by(self, settings: dict[str, Any]) -> Recipe:
        """Return the recipe with the user's own settings."""
        names = ("epochs", "batch_size", "learning_rate")
        changes = {name: settings[name] for name in names if settings[name] is not None}
        return dataclasses.replace(self, **changes)

    @property
    def validation_batch_size(self) -> int:
        """Images per validation step; larger, since no gradients need memory."""
        return max(self.batch_size, 500)

    def smallest_batch(self, training: int, validation: int) -> int:
        """Return the size of the smallest batch, given the numbers of images."""
        return min(
            training % self.batch_size or self.batch_size,
            validation % self.validation_batch_size or self.validation_batch_size,
        )

    def is_over(self, losses: Sequence[float]) -> bool:
        """Return whether training ends after epochs with these validation losses."""
        best, waited = float("inf"), 0
        for loss in losses:
            waited += 1
            if loss < best - _LEAST_IMPROVEMENT:
                best, waited = loss, 0
        return len(losses) >= self.epochs or (self.patience is not None and waited >= self.patience)


# Tuned on the validation images only; docs/fashion-mnist.md lists the attempts.
STRONG = Recipe(
    epochs=40,
    batch_size=128,
    learning_rate=4e-3,
    warmup=0.1,
    weight_decay=0.02,
    averaging=0.998,
    dropout=0.1,
    augmentation=Augmentation(shift=2, erase=0.2),
)
