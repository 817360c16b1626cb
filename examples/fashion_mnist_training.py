"""One training: the model fed, fitted, kept epoch by epoch, and evaluated once at the end."""

import signal
import statistics
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import fashion_mnist_callbacks as callbacks
import keras
from fashion_mnist_data import Dataset
from fashion_mnist_devices import Placement
from fashion_mnist_pipeline import Batches, encode, gather
from fashion_mnist_recipes import LOSS, Recipe, compile_model
from fashion_mnist_runs import TENSORBOARD, RunFolder
from fashion_mnist_training_model import prepare
from fashion_mnist_variables import load


@dataclass(frozen=True)
class Training:
    """A model and all that its training depends on.

    Parameters
    ----------
    model
        The model that is kept.
    dataset
        The images.
    recipe
        How it is trained.
    placement
        Where it is trained.
    seed
        Seed of the order of the images and of all that is random.
    gather
        Whether the images lie on the device, rather than being sent there batch by batch.
    """

    model: Any
    dataset: Dataset
    recipe: Recipe
    placement: Placement
    seed: int
    gather: bool

    def run(self, folder: RunFolder) -> None:
        """Train from where the folder's run has come to, and keep each epoch in it.

        Raises
        ------
        KeyboardInterrupt
            If Ctrl-C was pressed; what was kept is there.
        DivergedError
            If the loss is not a number any more.
        WriteError
            If nothing more can be written.
        """
        recipe, one_hot = self.recipe, self.recipe.label_smoothing > 0
        fed, validation_images = self._fed()
        batches = Batches(
            self.dataset.train[1],
            batch_size=recipe.batch_size,
            seed=self.seed,
            augmentation=recipe.augmentation,
            images=None if self.gather else self.dataset.train[0],
            one_hot=one_hot,
        )
        compile_model(
            fed,
            recipe,
            last_layer=self.model.layers[-1].name,
            steps_per_epoch=len(batches),
            steps_per_execution=self.placement.steps_per_execution,
            jit_compile=self.placement.jit_compile,
        )
        if folder.rows:
            load(fed, folder.variables())
        if self._is_over(folder):
            return
        with _restored_signal():
            fed.fit(
                batches,
                shuffle=False,  # the order is the batches' own
                validation_data=(validation_images, encode(self.dataset.validation[1], one_hot)),
                validation_batch_size=recipe.validation_batch_size,
                initial_epoch=len(folder.rows),
                epochs=recipe.epochs,
                callbacks=self._callbacks(batches, folder),
                verbose="auto" if sys.stdout.isatty() else 2,
            )

    def _fed(self) -> tuple[Any, Any]:
        jit_compile = self.placement.jit_compile
        self.model.compile("adam", LOSS, metrics=["accuracy"], jit_compile=jit_compile)
        self.model.optimizer.build(self.model.trainable_variables)
        images: Any = None
        validation: Any = self.dataset.validation[0]
        if self.gather:
            augmented = self.recipe.augmentation is not None
            images, validation = gather(self.dataset, augmented=augmented)
        fed = prepare(
            self.model,
            images=images,
            parts=self.placement.parts,
            products=self.gather,
            dropout=self.recipe.dropout,
            seed=self.seed,
        )
        return fed, validation

    def _is_over(self, folder: RunFolder) -> bool:
        return len(folder.rows) >= self.recipe.epochs or (
            self.recipe.patience is not None
            and callbacks.StopEarly.would_stop(self.recipe.patience, folder.rows)
        )

    def _callbacks(self, batches: Batches, folder: RunFolder) -> list[Any]:
        recipe = self.recipe
        # In this order: what the next epoch starts from is written before the weights are averaged,
        # and the best model, which finishes the epoch, while they are.
        chosen: list[Any] = [callbacks.EpochStart(batches), callbacks.KeepVariables(folder)]
        if recipe.averaging is not None:
            chosen.append(keras.callbacks.SwapEMAWeights(swap_on_epoch=True))
        chosen.append(callbacks.KeepEpoch(folder, self.model))
        if recipe.patience is not None:
            chosen.append(callbacks.StopEarly(recipe.patience, list(folder.rows)))
        if keras.backend.backend() != "jax":  # Keras's callback needs TensorFlow or PyTorch
            chosen.append(keras.callbacks.TensorBoard(folder.path / TENSORBOARD, write_graph=False))
        return [*chosen, callbacks.StopOnNaN(), callbacks.Interruption()]

    def evaluate(self, folder: RunFolder) -> dict[str, Any]:
        """Return how the best checkpoint does on the test images, and how the training went."""
        # The file, not the model in memory: what is reported is what was kept.
        best = keras.models.load_model(folder.best_path)
        images, labels = self.dataset.test
        loss, accuracy = best.evaluate(images, labels, batch_size=500, verbose=0)
        seconds = statistics.median(row["training_seconds"] for row in folder.rows)
        return {
            "test_loss": float(loss),
            "test_accuracy": float(accuracy),
            "best_epoch": int(folder.best["epoch"]),
            "validation_loss": folder.best["val_loss"],
            "validation_accuracy": folder.best["val_accuracy"],
            "epochs": len(folder.rows),
            "seconds_per_epoch": statistics.median(row["seconds"] for row in folder.rows),
            "samples_per_second": len(self.dataset.train[0]) / seconds,
            "data": self.dataset.source,
            "mean": self.dataset.mean,
            "deviation": self.dataset.deviation,
            "device": str(self.placement),
            "settings": folder.settings,
        }


@contextmanager
def _restored_signal() -> Iterator[None]:
    before = signal.getsignal(signal.SIGINT)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def plot(rows: list[dict[str, float]], path: Path) -> None:
    """Draw loss and accuracy, on training and validation images, epoch by epoch."""
    from matplotlib.figure import Figure
    from matplotlib.ticker import MaxNLocator

    figure = Figure(figsize=(8, 5), layout="constrained")
    axes = figure.subplots()
    epochs = [row["epoch"] for row in rows]
    for name, label, color, style in (
        ("loss", "training loss", "tab:orange", "--"),
        ("val_loss", "validation loss", "tab:orange", "-"),
        ("accuracy", "training accuracy", "tab:blue", "--"),
        ("val_accuracy", "validation accuracy", "tab:blue", "-"),
    ):
        axes.plot(epochs, [row[name] for row in rows], style, color=color, label=label, marker=".")
    axes.set(ylim=(0, 1), xlabel="epoch", title="Fashion-MNIST")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.grid(alpha=0.3)
    axes.legend(loc="center right")
    figure.savefig(path, dpi=150)
