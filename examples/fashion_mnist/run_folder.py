"""The files of a training: enough to resume it after a kill at any moment.

Only `checkpoint/state.json` says how far a run has got. It is written under a temporary name, and
renamed once everything that it refers to is on the disk. All other files of a run are made from
that state, and made again if the run was killed before.
"""

import csv
import io
import json
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

BEST = "best.keras"
HISTORY = "history.csv"
METRICS = "metrics.json"
CURVES = "learning_curves.png"
TENSORBOARD = "tensorboard"
_FOR_THE_USER = (BEST, HISTORY, METRICS, CURVES)
_CHECKPOINT = "checkpoint"
_STATE = "state.json"
# Two checkpoints of weights, optimizer and averages, two best models, TensorBoard's log.
_NEEDED_BYTES = 32 << 20
_NO_ROOM = f"can't hold the {_NEEDED_BYTES >> 20} MiB that a run writes"

Row = dict[str, float]


class RunError(Exception):
    """The folder can't be used for this run."""


class WriteError(Exception):
    """A file can no longer be written; what was saved before is still there."""


class DivergedError(Exception):
    """The loss is no longer a number."""


class RunFolder:
    """The folder of one training, and how far the training has got."""

    def __init__(self, path: Path, settings: dict[str, Any], rows: list[Row]) -> None:
        self.path = path
        self.settings = settings  # what the training depends on
        self.rows = rows  # the finished epochs: number, losses, accuracies and seconds

    @classmethod
    def create(cls, path: Path, settings: dict[str, Any], *, overwrite: bool) -> "RunFolder":
        """Create the folder, and replace only the files of a run.

        Raises
        ------
        RunError
            If it is not empty and `overwrite` is false, or it can't be written to.
        """
        with _raised_as(RunError, f"{path} {_NO_ROOM}"):
            if path.exists() and any(path.iterdir()):
                if not overwrite:
                    raise RunError(
                        f"{path} is not empty; give another --output-dir, or --overwrite, or"
                        " --resume the training in it"
                    )
                _clear(path)
            (path / _CHECKPOINT).mkdir(parents=True, exist_ok=True)
            _try_out(path / _CHECKPOINT)
        return cls(path, settings, [])

    @classmethod
    def resume(cls, path: Path) -> "RunFolder":
        """Open the folder of an interrupted training, and finish what it was writing.

        Raises
        ------
        RunError
            If it has no finished epoch, or it can't be written to.
        """
        try:
            state = json.loads((path / _CHECKPOINT / _STATE).read_text())
            folder = cls(path, state["settings"], state["rows"])
        except FileNotFoundError as error:
            raise RunError(f"{path} has no finished epoch to --resume from") from error
        except (ValueError, KeyError, TypeError) as error:
            raise RunError(
                f"{path / _CHECKPOINT / _STATE} is not the state of a run: {error}"
            ) from error
        with _raised_as(RunError, f"{path} {_NO_ROOM}"):
            _try_out(path / _CHECKPOINT)
            folder._publish()
        return folder

    @property
    def losses(self) -> list[float]:
        """The validation loss after each finished epoch."""
        return [row["val_loss"] for row in self.rows]

    @property
    def best(self) -> Row:
        """The epoch with the lowest validation loss, the first of several."""
        return min(self.rows, key=lambda row: row["val_loss"])

    @property
    def best_path(self) -> Path:
        """The file of the best epoch's model."""
        return self.path / BEST

    def variables(self) -> bytes:
        """Return the variables saved after the last finished epoch."""
        return self._variables_path().read_bytes()

    def _variables_path(self) -> Path:
        return self._file(int(self.rows[-1]["epoch"]), ".npz")

    def keep_variables(self, epoch: int, content: bytes) -> None:
        """Write the variables that the next epoch starts from."""
        self._write(self._file(epoch, ".npz"), lambda partial: partial.write_bytes(content))

    def keep_epoch(self, row: Row, save_model: Callable[[Path], None]) -> None:
        """Write the model if it is the best so far, and make the epoch count as finished."""
        rows = [*self.rows, row]
        if row["val_loss"] < min(self.losses, default=float("inf")):
            self._write(self._file(int(row["epoch"]), ".keras"), save_model)
        state = json.dumps({"settings": self.settings, "rows": rows}, indent=1)
        self._write_text(self.path / _CHECKPOINT / _STATE, state)
        self.rows = rows
        with _raised_as(WriteError, f"{self.path} can no longer be written"):
            self._publish()

    def write_metrics(self, metrics: dict[str, Any]) -> None:
        """Write the final figures."""
        self._write_text(self.path / METRICS, json.dumps(metrics, indent=2) + "\n")

    def write_curves(self, save: Callable[[Path], Any]) -> None:
        """Write the learning curves."""
        self._write(self.path / CURVES, save)

    def written(self) -> list[str]:
        """Return the names of the files for the user that exist."""
        return [name for name in _FOR_THE_USER if (self.path / name).exists()]

    def describe_end(self, why: str) -> str:
        """Return a sentence on what is left of a training that ended early."""
        kept = ", ".join(self.written()) or "nothing, because no epoch was finished"
        text = f"{why} after {len(self.rows)} whole epochs. Saved in {self.path}: {kept}"
        return f"{text}. --resume continues from there" if self.rows else text

    def _publish(self) -> None:
        """Write the files for the user from the state, and remove outdated files."""
        best = self._file(int(self.best["epoch"]), ".keras")
        _replace(self.best_path, lambda path: shutil.copyfile(best, path))
        table = io.StringIO()
        writer = csv.DictWriter(table, self.rows[0])
        writer.writeheader()
        writer.writerows(self.rows)
        self._write_text(self.path / HISTORY, table.getvalue())
        for file in (self.path / _CHECKPOINT).iterdir():
            if file not in (best, self._variables_path()) and file.name != _STATE:
                file.unlink()

    def _file(self, epoch: int, suffix: str) -> Path:
        return self.path / _CHECKPOINT / f"epoch-{epoch:05}{suffix}"

    def _write_text(self, path: Path, text: str) -> None:
        self._write(path, lambda partial: partial.write_text(text, newline=""))

    def _write(self, path: Path, save: Callable[[Path], Any]) -> None:
        with _raised_as(WriteError, f"{self.path} can no longer be written"):
            _replace(path, save)


def _replace(path: Path, save: Callable[[Path], Any]) -> None:
    """Write a file to the disk under a temporary name, and rename it."""
    partial = path.with_name(f"partial-{path.name}")
    try:
        save(partial)
        with partial.open("rb+") as file:
            os.fsync(file.fileno())
        partial.replace(path)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise


def _try_out(path: Path) -> None:
    """Write and remove as many bytes as a run needs."""
    _replace(path / "trial", lambda partial: partial.write_bytes(bytes(_NEEDED_BYTES)))
    (path / "trial").unlink()


def _clear(path: Path) -> None:
    """Remove only the files that an earlier run wrote."""
    for name in _FOR_THE_USER:
        (path / name).unlink(missing_ok=True)
    for name in (_CHECKPOINT, TENSORBOARD):
        shutil.rmtree(path / name, ignore_errors=True)


@contextmanager
def _raised_as(error_class: type[Exception], what: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise error_class(f"{what}: {error.strerror or error}") from error
