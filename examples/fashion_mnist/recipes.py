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
class Teaching:
    """How a model learns the answers of models that were trained before it.

    All have the same architecture (born-again networks, Furlanello et al. 2018,
    arxiv.org/abs/1805.04770), and all see the same changed image, which is what makes it work
    (Beyer et al. 2021, arxiv.org/abs/2106.05237).
    """

    teachers: int
    recipe: Recipe  # by which each teacher is trained
    share: float  # of the teachers' mean answer in what the model learns; the rest is the label
    views: int  # sets of changed images that the teachers answer; then they come again; even


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
    teaching: Teaching | None = None

    def changed_by(self, settings: dict[str, Any]) -> Recipe:
        """Return the recipe with the user's own settings, which hold for its teachers, too.

        Without teachers, it is the recipe by which they would be trained.
        """
        teaching = self.teaching
        if teaching is not None and settings["teachers"] == 0:
            return teaching.recipe.changed_by(settings)
        names = ("epochs", "batch_size", "learning_rate")
        changes = {name: settings[name] for name in names if settings[name] is not None}
        if teaching is not None:
            # A trial of few epochs does not wait for teachers of many.
            epochs = min(teaching.recipe.epochs, settings["epochs"] or teaching.recipe.epochs)
            changes["teaching"] = dataclasses.replace(
                teaching,
                teachers=settings["teachers"] or teaching.teachers,
                recipe=teaching.recipe.changed_by({**settings, "epochs": epochs}),
            )
        return dataclasses.replace(self, **changes)

    @property
    def validation_batch_size(self) -> int:
        """Images per step without training; larger, since no gradients need memory."""
        return max(self.batch_size, 500)

    def batch_sizes(self, training: int, validation: int) -> set[int]:
        """Return the sizes of the batches, given the numbers of images."""
        return _batch_sizes(training, self.batch_size) | _batch_sizes(
            validation, self.validation_batch_size
        )

    def is_over(self, losses: Sequence[float]) -> bool:
        """Return whether training ends after epochs with these validation losses."""
        best, waited = float("inf"), 0
        for loss in losses:
            waited += 1
            if loss < best - _LEAST_IMPROVEMENT:
                best, waited = loss, 0
        return len(losses) >= self.epochs or (self.patience is not None and waited >= self.patience)


def _batch_sizes(images: int, most: int) -> set[int]:
    return {min(images, most), images % most or most}


# Both were tuned on the validation images only; docs/fashion-mnist.md lists the attempts.
TEACHER = Recipe(
    epochs=30,
    batch_size=128,
    learning_rate=4e-3,
    warmup=0.1,
    weight_decay=0.02,
    averaging=0.998,
    dropout=0.1,
    augmentation=Augmentation(shift=2, erase=0.2),
)
# A taught model overfits less, so that it is trained for longer, and needs no dropout.
STRONG = dataclasses.replace(
    TEACHER,
    epochs=60,
    dropout=0.0,
    teaching=Teaching(teachers=3, recipe=TEACHER, share=0.9, views=12),
)
