"""What the teachers of a model answer to its training images, and the model that learns it."""

import sys
from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
import numpy.typing as npt

from fashion_mnist.batches import Batches, Change, Plan, draw_plan, mirrored
from fashion_mnist.data import CLASSES, Dataset, Labels
from fashion_mnist.device_images import DeviceImages
from fashion_mnist.fast import on_device, prepare
from fashion_mnist.recipes import Recipe

LOSS = "categorical_crossentropy"  # of answers that are probabilities of all classes
Probabilities = npt.NDArray[np.float32]


class TaughtBatches(Batches):
    """Batches whose targets mix each image's label with the teachers' mean answer to it.

    The teachers answer to the images as they are changed in the first `views` epochs, the second of
    two being the mirror images of the first; both have the mean answer as their target. Later
    epochs take these images again, in another order.
    """

    def __init__(self, panel: Any, labels: Labels, recipe: Recipe, *, seed: int) -> None:
        assert recipe.teaching is not None
        self.panel = panel
        self.teaching = recipe.teaching
        self.large = recipe.validation_batch_size
        # The targets of two views, in the order of their plan, by the number of the first.
        self._known: dict[int, Probabilities] = {}
        super().__init__(
            labels, batch_size=recipe.batch_size, seed=seed, augmentation=recipe.augmentation
        )

    def draw(self, epoch: int) -> tuple[Plan, npt.NDArray[Any]]:
        """Return the plan of an epoch, and what the model should answer to each of its rows."""
        view = epoch % self.teaching.views
        first = view - view % 2
        plan = draw_plan(self.seed, first, len(self.labels), self.augmentation)
        if first not in self._known:
            self._known[first] = self._mixed(plan)
        again = np.random.default_rng((self.seed, view, epoch)).permutation(len(plan))
        shown = plan if view == first else mirrored(plan)
        return shown[again], self._known[first][again]

    def _mixed(self, plan: Plan) -> Probabilities:
        verbose = "auto" if sys.stdout.isatty() else 0
        answer, to_mirror = (
            self.panel.predict(one, batch_size=self.large, verbose=verbose)
            for one in (plan, mirrored(plan))
        )
        answers = (answer + to_mirror) / 2
        share = np.float32(self.teaching.share)
        mixed: Probabilities = share * answers + (1 - share) * one_hot(self.labels[plan[:, 0]])
        return mixed


def one_hot(labels: Labels) -> Probabilities:
    """Return labels as probabilities of all classes."""
    return np.eye(len(CLASSES), dtype=np.float32)[labels]


def make_panel(teachers: Sequence[Any], images: DeviceImages) -> Any:
    """Return a model that gives the mean answer of all teachers to the rows of a plan."""
    inputs = keras.Input((len(Change._fields),), dtype="int32")
    shown = images(inputs)
    for number, teacher in enumerate(teachers, 1):
        teacher.name = f"teacher_{number}"  # the layers of a model need different names
    answers = [teacher(shown) for teacher in teachers]
    return keras.Model(inputs, keras.ops.mean(keras.ops.stack(answers), axis=0), name="teachers")


def feed(
    model: Any, teachers: Sequence[Any], data: Dataset, recipe: Recipe, *, parts: int, seed: int
) -> tuple[Any, Batches, tuple[Any, Any]]:
    """Return the model to train, its batches, and its validation data, as in `fast.feed`."""
    images, validation = on_device(data, recipe)
    trained = prepare(model, images, parts=parts, dropout=recipe.dropout, seed=seed)
    batches = TaughtBatches(make_panel(teachers, images), data.train[1], recipe, seed=seed)
    return trained, batches, (validation, one_hot(data.validation[1]))
