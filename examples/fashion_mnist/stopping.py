"""What ends a training between two steps: a loss that is not a number, and Ctrl-C."""

import math
import signal
from typing import Any

import keras

from fashion_mnist.run_folder import DivergedError


class StopOnNaN(keras.callbacks.Callback):  # type: ignore[misc]
    """Ends a training whose loss is not a number, and says when it became so."""

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        """Start to count steps."""
        self.epoch = epoch + 1
        # The fast pipeline's model counts them itself.
        self.watch = next((one for one in self.model.layers if one.name == "watch"), None)
        if self.watch is not None:
            self.watch.finite_steps.assign(0)

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        """Look at the mean loss of the epoch so far, which stays NaN once it is."""
        loss = float(logs["loss"])
        if math.isfinite(loss):
            return
        # Several steps may have been taken since the last look. A loss can be infinite where the
        # probabilities are still numbers; then the last step is all that is known.
        last = batch + 1
        if self.model.steps_per_execution == 1:
            finite = last - 1
        else:
            finite = last if self.watch is None else int(self.watch.finite_steps)
        step = f"in step {finite + 1}" if finite < last else f"by step {last}"
        raise DivergedError(f"the loss became {loss} {step} of epoch {self.epoch}")


class Interruption(keras.callbacks.Callback):  # type: ignore[misc]
    """Lets Ctrl-C end the training between two batches.

    So it never comes while the checkpoint or the history is being written. A second Ctrl-C is not
    held back.
    """

    def on_train_begin(self, logs: Any = None) -> None:
        """Take the signal."""
        self.asked = False
        self.before = signal.signal(signal.SIGINT, self.ask)

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

    def on_train_end(self, logs: Any = None) -> None:
        """Give the signal back."""
        signal.signal(signal.SIGINT, self.before)
