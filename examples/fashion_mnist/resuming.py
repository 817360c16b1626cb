"""Resuming a killed training: saved variables and epochs, and random numbers by epoch."""

import io
import time
from typing import Any

import keras
import numpy as np

from fashion_mnist.batches import Batches
from fashion_mnist.recipes import Recipe
from fashion_mnist.run_folder import RunFolder

_CALLS = 1 << 18  # more than the calls of a layer in one epoch


def dump(model: Any) -> bytes:
    """Return everything that changes from step to step, exactly.

    Not as HDF5: after a full disk, its library crashes the process at exit.
    """
    file = io.BytesIO()
    np.savez(file, *(keras.ops.convert_to_numpy(variable) for variable in _variables(model)))
    return file.getvalue()


def load(model: Any, content: bytes) -> None:
    """Restore what `dump` returned, in a model with the same layers, compiled in the same way.

    Raises
    ------
    ValueError
        If it has a different number of variables.
    """
    model.optimizer.build(model.trainable_variables)
    variables = _variables(model)
    with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
        if len(arrays) != len(variables):
            raise ValueError(
                f"the checkpoint has {len(arrays)} arrays for {len(variables)} variables"
            )
        for variable, name in zip(variables, arrays.files, strict=True):
            variable.assign(arrays[name])


def _variables(model: Any) -> list[Any]:
    return [*model.trainable_variables, *model.optimizer.variables]


def keep_epochs(
    trained: Any, model: Any, batches: Batches, recipe: Recipe, folder: RunFolder
) -> list[Any]:
    """Return the callbacks that save `model` and each epoch of its training."""

    def keep_variables(epoch: int, _: Any) -> None:
        folder.keep_variables(epoch + 1, dump(trained))

    # The order matters: the state for the next epoch is written before the averaged weights are
    # swapped in, and the best model, which finishes the epoch, while they are in place.
    callbacks = [keras.callbacks.LambdaCallback(on_epoch_end=keep_variables)]
    if recipe.averaging is not None:
        callbacks.append(keras.callbacks.SwapEMAWeights(swap_on_epoch=True))
    return [*callbacks, KeepEpoch(model, batches, recipe, folder)]


class KeepEpoch(keras.callbacks.Callback):  # type: ignore[misc]
    """Makes an epoch depend only on the seed and its number, and saves its results."""

    def __init__(self, kept: Any, batches: Batches, recipe: Recipe, folder: RunFolder) -> None:
        super().__init__()
        self.kept = kept
        self.batches = batches
        self.recipe = recipe
        self.folder = folder

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        """Set the epoch's images and dropout masks."""
        self.batches.begin(epoch)
        dropouts = [one for one in self.model.layers if isinstance(one, keras.layers.Dropout)]
        for number, layer in enumerate(dropouts):
            # Each call counts up by one, so the calls of another epoch start far away.
            layer.seed_generator.state.assign([self.batches.seed + number, epoch * _CALLS % 2**32])
        self.started = self.trained = time.perf_counter()

    def on_test_begin(self, logs: Any = None) -> None:
        """Note the time at which training ends and validation starts."""
        self.trained = time.perf_counter()

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Save the epoch, and stop the training if the history says so."""
        row = {
            "epoch": epoch + 1,
            **{name: float(value) for name, value in logs.items()},
            "seconds": round(time.perf_counter() - self.started, 3),
            "training_seconds": round(self.trained - self.started, 3),
        }
        self.folder.keep_epoch(row, self.kept.save)
        self.model.stop_training = self.recipe.is_over(self.folder.losses)
