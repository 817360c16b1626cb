"""What a training depends on beside the model and the data, and the strong recipe's numbers."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

_LEAST_IMPROVEMENT = 0.001


@dataclass(frozen=True)
class Augmentation:
    """How training images are changed at random, beside mirroring every other one."""

    shift: int  # pixels by which an image is moved at most, along each axis
    erase: float  # share of the images in which a rectangle is erased
    erased_side: int = 14  # pixels of the longest side that the rectangle can have


@dataclass(frozen=True)
class Recipe:
    """How a model is trained; the defaults leave out what the article does not do."""

    epochs: int  # at most
    batch_size: int
    learning_rate: float  # the highest, where it changes
    patience: int | None = None  # epochs without a lower validation loss before training stops
    warmup: float = 0.0  # share of the steps in which the learning rate rises; then it falls
    weight_decay: float = 0.0  # share of each weight taken off per step and learning rate
    averaging: float | None = None  # share of the old in the moving average of the weights
    dropout: float = 0.0  # before the dense layers
    augmentation: Augmentation | None = None

    def changed_by(self, settings: dict[str, Any]) -> Recipe:
        """Return the recipe with what the user wants otherwise."""
        names = ("epochs", "batch_size", "learning_rate")
        changes = {name: settings[name] for name in names if settings[name] is not None}
        return dataclasses.replace(self, **changes)

    @property
    def validation_batch_size(self) -> int:
        """Images of a step of the validation, which keeps nothing for gradients."""
        return max(self.batch_size, 500)

    def smallest_batch(self, training: int, validation: int) -> int:
        """Return the images of the smallest batch, of so many images to train and validate with."""
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


# Tuned on the validation images alone; docs/fashion-mnist.md has what was tried.
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
