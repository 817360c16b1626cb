"""What happens between two batches and between two epochs of a training."""

import math
import signal
import time
from typing import Any

import keras
from fashion_mnist_pipeline import Batches
from fashion_mnist_runs import Row, RunFolder
from fashion_mnist_variables import dump


class DivergedError(Exception):
    """The loss is not a number any more."""


class EpochStart(keras.callbacks.Callback):  # type: ignore[misc]
    """Makes an epoch's images, and what dropout leaves out, a function of seed and epoch."""

    def __init__(self, batches: Batches) -> None:
        super().__init__()
        self.batches = batches

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        """Choose the epoch's images and start its random numbers."""
        self.batches.epoch = epoch
        dropouts = [one for one in self.model.layers if isinstance(one, keras.layers.Dropout)]
        for number, layer in enumerate(dropouts):
            layer.seed_generator.state.assign([self.batches.seed + number, epoch])


class StopEarly(keras.callbacks.EarlyStopping):  # type: ignore[misc]
    """Early stopping that knows the epochs of a training which it goes on with."""

    def __init__(self, patience: int, rows: list[Row]) -> None:
        super().__init__(patience=patience, min_delta=1e-3, mode="min")
        self.rows = rows

    @classmethod
    def would_stop(cls, patience: int, rows: list[Row]) -> bool:
        """Return whether a training with these epochs is over."""
        stop = cls(patience, rows)
        stop.set_model(keras.Model())
        stop.model.stop_training = False
        stop.on_train_begin()
        return bool(stop.model.stop_training)

    def on_train_begin(self, logs: Any = None) -> None:
        """Live through the earlier epochs again."""
        super().on_train_begin(logs)
        for row in self.rows:
            self.on_epoch_end(int(row["epoch"]) - 1, row)


class KeepVariables(keras.callbacks.Callback):  # type: ignore[misc]
    """Writes what the next epoch starts from; comes before the weights are averaged."""

    def __init__(self, folder: RunFolder) -> None:
        super().__init__()
        self.folder = folder

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Write the variables of model and optimizer."""
        self.folder.keep_variables(epoch + 1, dump(self.model))


class KeepEpoch(keras.callbacks.Callback):  # type: ignore[misc]
    """Writes the best model and the history, and so finishes an epoch.

    Parameters
    ----------
    folder
        Where to.
    kept
        The model that is written: that of the article, not the one it was trained in.
    """

    def __init__(self, folder: RunFolder, kept: Any) -> None:
        super().__init__()
        self.folder = folder
        self.kept = kept

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        """Look at the clock."""
        self.started = self.trained = time.perf_counter()

    def on_test_begin(self, logs: Any = None) -> None:
        """Look at the clock."""
        self.trained = time.perf_counter()

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Write the row, and the model if it is the best."""
        row = {
            "epoch": epoch + 1,
            **{name: float(value) for name, value in logs.items()},
            "seconds": round(time.perf_counter() - self.started, 3),
            "training_seconds": round(self.trained - self.started, 3),
        }
        self.folder.keep_epoch(row, self.kept.save)


class StopOnNaN(keras.callbacks.Callback):  # type: ignore[misc]
    """Ends a training whose loss is not a number, and says when it became so."""

    def __init__(self) -> None:
        super().__init__()
        self.epoch = 0

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        """Start to count steps."""
        self.epoch = epoch + 1
        self._finite_steps().assign(0)

    def _finite_steps(self) -> Any:
        return self.model.get_layer("watch").finite_steps

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        """Look at the mean loss of the epoch so far, which stays NaN once it is."""
        loss = float(logs["loss"])
        if not math.isfinite(loss):
            # Several steps may have been taken since the last look. A loss can be infinite where
            # the probabilities are still numbers; then the last of them is all that is known.
            finite, last = int(self._finite_steps()), batch + 1
            step = f"in step {finite + 1}" if finite < last else f"by step {last}"
            raise DivergedError(f"the loss became {loss} {step} of epoch {self.epoch}")


class Interruption(keras.callbacks.Callback):  # type: ignore[misc]
    """Lets Ctrl-C end the training between two batches.

    So it never comes while the checkpoint or the history is being written. A second Ctrl-C is not
    held back.
    """

    def __init__(self) -> None:
        super().__init__()
        self.asked = False

    def on_train_begin(self, logs: Any = None) -> None:
        """Take the signal."""
        signal.signal(signal.SIGINT, self.ask)

    def ask(self, *_: Any) -> None:
        """Remember that the end was asked for."""
        self.asked = True
        signal.signal(signal.SIGINT, signal.default_int_handler)

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        """End if that was asked for."""
        if self.asked:
            raise KeyboardInterrupt

    def on_test_batch_end(self, batch: int, logs: Any = None) -> None:
        """End if that was asked for."""
        self.on_train_batch_end(batch)
