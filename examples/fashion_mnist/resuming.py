"""What a killed training resumes from: its variables, its epochs, and random numbers by epoch."""

import io
import time
from typing import Any

import keras
import numpy as np

from fashion_mnist.batches import Batches
from fashion_mnist.recipes import Recipe
from fashion_mnist.run_folder import RunFolder


def dump(model: Any) -> bytes:
    """Return everything that changes from step to step, exactly.

    Not as HDF5: its library crashes the process, at its end, after a disk was full.
    """
    file = io.BytesIO()
    np.savez(file, *(keras.ops.convert_to_numpy(variable) for variable in _variables(model)))
    return file.getvalue()


def load(model: Any, content: bytes) -> None:
    """Set what `dump` wrote, in a model of the same layers compiled in the same way.

    Raises
    ------
    ValueError
        If there are other variables in it.
    """
    model.optimizer.build(model.trainable_variables)
    variables = _variables(model)
    with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
        if len(arrays) != len(variables):
            raise ValueError(f"there are {len(arrays)} arrays for {len(variables)} variables")
        for variable, name in zip(variables, arrays.files, strict=True):
            variable.assign(arrays[name])


def _variables(model: Any) -> list[Any]:
    return [*model.trainable_variables, *model.optimizer.variables]


def keep_epochs(
    trained: Any, model: Any, batches: Batches, recipe: Recipe, folder: RunFolder
) -> list[Any]:
    """Return the callbacks that keep `model` and each epoch in which it is trained."""

    def keep_variables(epoch: int, _: Any) -> None:
        folder.keep_variables(epoch + 1, dump(trained))

    # In this order: what the next epoch starts from is written before the weights are averaged,
    # and the best model, which finishes the epoch, while they are.
    callbacks = [keras.callbacks.LambdaCallback(on_epoch_end=keep_variables)]
    if recipe.averaging is not None:
        callbacks.append(keras.callbacks.SwapEMAWeights(swap_on_epoch=True))
    return [*callbacks, KeepEpoch(model, batches, recipe, folder)]


class KeepEpoch(keras.callbacks.Callback):  # type: ignore[misc]
    """Makes an epoch a function of the seed and its number, and keeps what came of it."""

    def __init__(self, kept: Any, batches: Batches, recipe: Recipe, folder: RunFolder) -> None:
        super().__init__()
        self.kept = kept
        self.batches = batches
        self.recipe = recipe
        self.folder = folder

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        """Choose the epoch's images, and what dropout leaves out of them."""
        self.batches.epoch = epoch
        dropouts = [one for one in self.model.layers if isinstance(one, keras.layers.Dropout)]
        for number, layer in enumerate(dropouts):
            layer.seed_generator.state.assign([self.batches.seed + number, epoch])
        self.started = self.trained = time.perf_counter()

    def on_test_begin(self, logs: Any = None) -> None:
        """Look at the clock."""
        self.trained = time.perf_counter()

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Finish the epoch, and the training if the history says that it is over."""
        row = {
            "epoch": epoch + 1,
            **{name: float(value) for name, value in logs.items()},
            "seconds": round(time.perf_counter() - self.started, 3),
            "training_seconds": round(self.trained - self.started, 3),
        }
        self.folder.keep_epoch(row, self.kept.save)
        self.model.stop_training = self.recipe.is_over(self.folder.losses)
