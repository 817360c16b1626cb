"""Callbacks that end a training between two steps: for a loss of NaN, and for Ctrl-C."""

import math
import signal
from typing import Any

import keras

from fashion_mnist.run_folder import DivergedError


class StopOnNaN(keras.callbacks.Callback):  # type: ignore[misc]
    """Ends a training whose loss is not a number, and reports in which step that happened."""

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        """Start counting steps."""
        self.epoch = epoch + 1
        # The fast pipeline's model counts them itself.
        self.watch = next((one for one in self.model.layers if one.name == "watch"), None)
        if self.watch is not None:
            self.watch.finite_steps.assign(0)

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        """Check the mean loss of the epoch so far; once it is NaN, it stays NaN."""
        loss = float(logs["loss"])
        if math.isfinite(loss):
            return
        # Several steps may have run since the last check. A loss can be infinite while the
        # probabilities are still finite; then only the last step is known.
        last = batch + 1
        if self.model.steps_per_execution == 1:
            finite = last - 1
        else:
            finite = last if self.watch is None else int(self.watch.finite_steps)
        step = f"in step {finite + 1}" if finite < last else f"by step {last}"
        raise DivergedError(f"the loss became {loss} {step} of epoch {self.epoch}")

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Check what the validation says of the weights after the last step."""
        loss = float(logs.get("val_loss", 0.0))
        if not math.isfinite(loss):
            raise DivergedError(f"the validation loss became {loss} in epoch {self.epoch}")


class Interruption(keras.callbacks.Callback):  # type: ignore[misc]
    """Makes Ctrl-C end the training between two batches.

    So it never interrupts the writing of the checkpoint or the history. A second Ctrl-C interrupts
    at once.
    """

    def on_train_begin(self, logs: Any = None) -> None:
        """Install the signal handler."""
        self.asked = False
        self.before = signal.signal(signal.SIGINT, self.ask)

    def ask(self, *_: Any) -> None:
        """Note that the user pressed Ctrl-C."""
        self.asked = True
        signal.signal(signal.SIGINT, signal.default_int_handler)

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        """End the training after Ctrl-C."""
        if self.asked:
            raise KeyboardInterrupt

    def on_test_batch_end(self, batch: int, logs: Any = None) -> None:
        """End the validation after Ctrl-C."""
        self.on_train_batch_end(batch)

    def on_train_end(self, logs: Any = None) -> None:
        """Restore the previous signal handler."""
        signal.signal(signal.SIGINT, self.before)
