"""The files of a training: enough to resume it after a kill at any moment.

The newest `checkpoint/epoch-*.json` says how far a run has got. It is written under a temporary
name, and renamed once everything that it refers to is on the disk, with sizes and checksums. All
other files of a run are made from that state, and made again if the run was killed before. The
state before it is kept, too: it is used if a file of the newest one is damaged.
"""

import csv
import hashlib
import io
import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from fashion_mnist.whole_files import Sum, damage, replace, sum_of

BEST = "best.keras"
HISTORY = "history.csv"
METRICS = "metrics.json"
CURVES = "learning_curves.png"
TENSORBOARD = "tensorboard"
EXPORTED = {one: f"model-{one}.tflite" for one in ("float32", "int8")}
_FOR_THE_USER = (BEST, HISTORY, METRICS, CURVES, *EXPORTED.values())
_CHECKPOINT = "checkpoint"
TEACHERS = "teachers"
# Three checkpoints of weights, optimizer and averages, three best models, TensorBoard's log.
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

    def __init__(self, path: Path, settings: dict[str, Any]) -> None:
        self.path = path
        self.settings = settings  # what the training depends on
        self.rows: list[Row] = []  # the finished epochs: number, losses, accuracies and seconds
        self.damages: list[str] = []  # what is wrong with the states that could not be resumed
        self._sums: dict[str, Sum] = {}  # of the checkpoint's files

    @classmethod
    def create(
        cls, path: Path, settings: dict[str, Any], *, overwrite: bool, tried: bool = False
    ) -> "RunFolder":
        """Create the folder, and replace only the files of a run.

        Parameters
        ----------
        path
            The folder.
        settings
            What the training depends on.
        overwrite
            Whether an earlier run's files may be removed.
        tried
            Whether the disk is known to have room for the run.

        Raises
        ------
        RunError
            If it is not empty and `overwrite` is false, or it can't be written to.
        """
        if overwrite:
            with raised_as(RunError, f"the earlier run in {path} can't be removed"):
                _clear(path)
        with raised_as(RunError, f"{path} {_NO_ROOM}"):
            require_free(path, overwrite=overwrite)
            (path / _CHECKPOINT).mkdir(parents=True, exist_ok=True)
            if not tried:
                _try_out(path / _CHECKPOINT)
        return cls(path, settings)

    @classmethod
    def resume(cls, path: Path, *, tried: bool = False) -> "RunFolder":
        """Open the folder of an interrupted training, and finish what it was writing.

        If a file of the last finished epoch is damaged, the epoch before it is the last one.

        Parameters
        ----------
        path
            The folder.
        tried
            Whether the disk is known to have room for the run.

        Raises
        ------
        RunError
            If it has no finished epoch that is whole, or it can't be written to.
        """
        states = sorted(_states(path), reverse=True)
        if not path.exists():
            raise RunError(f"{path} does not exist; give the --output-dir of a run to --resume")
        if not states and (path / METRICS).exists():
            raise RunError(f"{path} holds a finished run without the checkpoint to --resume from")
        if not states:
            raise RunError(
                f"{path} has no finished epoch to --resume from; to begin a training there, leave"
                " --resume out"
            )
        damages: list[str] = []
        for state in states:
            try:
                folder = cls._read(path, state)
            except RunError as error:
                damages.append(str(error))
                continue
            folder.damages = damages
            with raised_as(RunError, f"{path} {_NO_ROOM}"):
                if not tried:
                    _try_out(path / _CHECKPOINT)
                if folder.rows:
                    folder._publish()
            return folder
        raise RunError(f"{path} has no whole checkpoint to --resume from: {'; '.join(damages)}")

    @classmethod
    def _read(cls, path: Path, state: Path) -> "RunFolder":
        """Return the folder at a state, or raise RunError with the damaged file."""
        try:
            known = _parse(state.read_text())
            folder = cls(path, known["settings"])
            folder.rows, folder._sums = known["rows"], known["files"]
            if state != folder._file(len(folder.rows), ".json"):
                raise ValueError(state)
            needed = [path / _CHECKPOINT / name for name in folder._files(folder.rows)[1:]]
            sums = [folder._sums[file.name] for file in needed]
        except (OSError, ValueError, LookupError, TypeError, RecursionError) as error:
            is_empty = state.exists() and not state.stat().st_size
            what = "is empty" if is_empty else "is not the state of a run"
            raise RunError(f"{state} {what}") from error
        for file, known_sum in zip(needed, sums, strict=True):
            problem = damage(file, known_sum)
            if problem and file.suffix == ".keras" and not damage(folder.best_path, known_sum):
                replace(file, lambda partial: shutil.copyfile(folder.best_path, partial))
            elif problem:
                raise RunError(problem)
        return folder

    def begin(self) -> None:
        """Make the run resumable before its first epoch is finished."""
        self._write_state([])

    @property
    def has_begun(self) -> bool:
        """Whether there is something to resume, damaged or not."""
        return bool(_states(self.path))

    @property
    def is_finished(self) -> bool:
        """Whether the final figures are written."""
        return (self.path / METRICS).exists()

    @property
    def losses(self) -> list[float]:
        """The validation loss after each finished epoch."""
        return [row["val_loss"] for row in self.rows]

    @property
    def best(self) -> Row:
        """The epoch with the lowest validation loss, the first of several."""
        return _best(self.rows)

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
        self._keep(self._file(epoch, ".npz"), lambda partial: partial.write_bytes(content))

    def keep_epoch(self, row: Row, save_model: Callable[[Path], None]) -> None:
        """Write the model if it is the best so far, and make the epoch count as finished."""
        epoch = int(row["epoch"])
        rows = [*self.rows, row]
        if row["val_loss"] < min(self.losses, default=float("inf")):
            self._keep(self._file(epoch, ".keras"), save_model)
        self._write_state(rows)
        self.rows = rows
        with raised_as(WriteError, f"{self.path} can no longer be written"):
            self._publish()

    def _write_state(self, rows: list[Row]) -> None:
        state = {"settings": self.settings, "rows": rows, "files": self._sums}
        self._write_text(self._file(len(rows), ".json"), _format(state))

    def _keep(self, path: Path, save: Callable[[Path], Any]) -> None:
        """Write a file of the checkpoint, and note its size and checksum."""
        self._write(path, save)
        self._sums[path.name] = sum_of(path)

    def write_metrics(self, metrics: dict[str, Any]) -> None:
        """Write the final figures."""
        self._write_text(self.path / METRICS, json.dumps(metrics, indent=2) + "\n")

    def write_curves(self, save: Callable[[Path], Any]) -> None:
        """Write the learning curves."""
        self._write(self.path / CURVES, save)

    def write_exported(self, precision: str, save: Callable[[Path], Any]) -> Path:
        """Write the model as it is exported with a precision, and return the path of the file."""
        path = self.path / EXPORTED[precision]
        self._write(path, save)
        return path

    def written(self) -> list[str]:
        """Return the names of the files for the user that exist."""
        return [name for name in _FOR_THE_USER if (self.path / name).exists()]

    def describe_end(self, why: str) -> str:
        """Return a sentence on what is left of a training that ended early."""
        if not self.rows and _states(self.path):
            return (
                f"{why} before the first epoch; what its teachers have learnt is saved in"
                f" {self.path}. --resume continues from there"
            )
        kept = ", ".join(self.written()) or "nothing, because no epoch was finished"
        text = f"{why} after {len(self.rows)} whole epochs. Saved in {self.path}: {kept}"
        return f"{text}. --resume continues from there" if self.rows else text

    def _publish(self) -> None:
        """Write the files for the user from the state, and remove outdated files."""
        best = self._file(int(self.best["epoch"]), ".keras")
        replace(self.best_path, lambda path: shutil.copyfile(best, path))
        table = io.StringIO()
        writer = csv.DictWriter(table, self.rows[0])
        writer.writeheader()
        writer.writerows(self.rows)
        self._write_text(self.path / HISTORY, table.getvalue())
        kept = {*self._files(self.rows), *self._files(self.rows[:-1])}
        for file in _kept_files(self.path):
            if file.name not in kept:
                file.unlink()
        self._sums = {name: one for name, one in self._sums.items() if name in kept}

    def _files(self, rows: list[Row]) -> list[str]:
        """Return the names of the files of a state."""
        if not rows:
            return []
        last, best = int(rows[-1]["epoch"]), int(_best(rows)["epoch"])
        files = (self._file(last, ".json"), self._file(last, ".npz"), self._file(best, ".keras"))
        return [file.name for file in files]

    def _file(self, epoch: int, suffix: str) -> Path:
        return self.path / _CHECKPOINT / f"epoch-{epoch:05}{suffix}"

    def _write_text(self, path: Path, text: str) -> None:
        self._write(path, lambda partial: partial.write_text(text, newline=""))

    def _write(self, path: Path, save: Callable[[Path], Any]) -> None:
        with raised_as(WriteError, f"{self.path} can no longer be written"):
            replace(path, save)


def require_free(path: Path, *, overwrite: bool) -> None:
    """Raise RunError for a folder that is not empty, unless `overwrite` is true."""
    if not overwrite and path.exists() and any(path.iterdir()):
        raise RunError(
            f"{path} is not empty; give another --output-dir, or --overwrite, or --resume the"
            " training in it"
        )


def _parse(text: str) -> dict[str, Any]:
    """Return the state in the text of its file, or raise an error if it is not what was written."""
    found = json.loads(text)
    state: dict[str, Any] = found["state"]
    if found != {"sha256": _sum(state), "state": state}:
        raise ValueError("another SHA-256")
    return state


def _format(state: dict[str, Any]) -> str:
    return json.dumps({"sha256": _sum(state), "state": state}, indent=1)


def _sum(state: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(state).encode()).hexdigest()


def _best(rows: list[Row]) -> Row:
    return min(rows, key=lambda row: row["val_loss"])


def _states(path: Path) -> list[Path]:
    return list((path / _CHECKPOINT).glob("epoch-*.json"))


def _try_out(path: Path) -> None:
    """Write and remove as many bytes as a run needs."""
    replace(path / "trial", lambda partial: partial.write_bytes(bytes(_NEEDED_BYTES)))
    (path / "trial").unlink()


def _kept_files(run: Path) -> list[Path]:
    """Return the files that a run wrote into its checkpoint, partial ones included."""
    folder = run / _CHECKPOINT
    return [*folder.glob("epoch-*"), *folder.glob("partial-*")]


def _clear(path: Path) -> None:
    """Remove only the files that an earlier run wrote, and not those that a link leads to."""
    for name in (_CHECKPOINT, TENSORBOARD, TEACHERS):
        if (path / name).is_symlink():
            (path / name).unlink()
        if (path / name).is_file():
            raise RunError(f"{path / name} is a file; a run has a folder of this name")
    logs = (path / TENSORBOARD).rglob("events.out.tfevents.*")
    for file in (*(path / name for name in _FOR_THE_USER), *_kept_files(path), *logs):
        file.unlink(missing_ok=True)
    for teacher in (path / TEACHERS).glob("*"):
        if teacher.is_symlink():
            teacher.unlink()
        elif teacher.is_dir():
            _clear(teacher)


@contextmanager
def raised_as(error_class: type[Exception], what: str) -> Iterator[None]:
    """Raise an OSError as an error of this module, with a sentence on what failed."""
    try:
        yield
    except OSError as error:
        raise error_class(f"{what}: {error.strerror or error}") from error
