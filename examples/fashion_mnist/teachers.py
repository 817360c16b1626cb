"""The folders of a run's teachers: opened, resumed, copied from another run, and checked."""

import json
import shutil
import zlib
from collections.abc import Iterable
from pathlib import Path
from typing import Any
from zipfile import BadZipFile, ZipFile

from fashion_mnist.run_folder import (
    BEST,
    HISTORY,
    METRICS,
    TEACHERS,
    RunError,
    RunFolder,
    raised_as,
)

FILES = (BEST, HISTORY, METRICS)  # what is copied of a finished teacher


def open_teacher(run: RunFolder, number: int, settings: dict[str, Any]) -> RunFolder:
    """Return the folder of a teacher's training: finished, as far as it has got, or new.

    A finished one has the settings by which it was trained.

    Raises
    ------
    RunError
        If what it has got is damaged, or of a training with other settings.
    """
    path = run.path / TEACHERS / str(number)
    folder = RunFolder(path, settings)
    if folder.is_finished and (_is_whole(folder.best_path) or not folder.has_begun):
        return RunFolder(path, _metrics_of(path)["settings"])
    if not folder.has_begun:
        return RunFolder.create(path, settings, overwrite=True, tried=True)
    way_out = f"; without {path}, that teacher is trained again"
    try:
        resumed = RunFolder.resume(path, tried=True)
    except RunError as error:
        raise RunError(f"{error}{way_out}") from error
    if not resumed.is_finished and resumed.settings != settings:
        raise RunError(f"{path} is the training of another run{way_out}")
    return resumed


def copy(run: RunFolder, teachers: Iterable[Path]) -> None:
    """Copy the finished teachers of another run, numbered from 1."""
    for number, path in enumerate(teachers, 1):
        new = run.path / TEACHERS / str(number)
        with raised_as(RunError, f"{path} can't be copied"):
            new.mkdir(parents=True, exist_ok=True)
            for name in FILES:
                shutil.copyfile(path / name, new / name)


def finished(run: Path) -> dict[Path, dict[str, Any]]:
    """Return the settings of a run's finished teachers, by their folders.

    Raises
    ------
    RunError
        If there are none, a file is missing, or the settings are damaged.
    """
    if not run.exists():
        raise RunError(f"--teachers-of {run} does not exist")
    paths = sorted(path.parent for path in (run / TEACHERS).glob(f"*/{METRICS}"))
    if not paths and any(run.glob(f"*/{METRICS}")):
        raise RunError(f"{run} is a folder of models; give the folder of their run, {run.parent}")
    if not paths:
        raise RunError(
            f"{run} holds no trained teachers, {run / TEACHERS}/1 and so on; the folder of a run of"
            " --recipe strong does"
        )
    found = {path: _metrics_of(path)["settings"] for path in paths}
    for path in paths:
        for name in FILES:
            if not (path / name).exists():
                raise RunError(f"the teacher in {path} has no {name}")
        if not _is_whole(path / BEST):
            raise RunError(f"{path / BEST} is damaged, or not a .keras file")
    return found


def load_best(run: RunFolder, built: Any) -> Any:
    """Return the best epoch's model, which must have the layers of a built one.

    Raises
    ------
    RunError
        If its file can't be read, or holds another model.
    """
    import keras

    way_out = f"; without {run.path}, that teacher is trained again"
    try:
        found = keras.models.load_model(run.best_path)
    except Exception as error:  # what Keras raises for a damaged file depends on the damage
        raise RunError(
            f"{run.best_path} is not a model that Keras can load: {error}{way_out}"
        ) from error
    if _layers(found) != _layers(built):
        raise RunError(
            f"{run.best_path} is another model: its {found.count_params():,} parameters are"
            f" not the {built.count_params():,} in the same layers as here{way_out}"
        )
    return found


def figures(run: RunFolder, count: int) -> list[dict[str, Any]]:
    """Return the seed, epochs and validation figures of the finished teachers, up to a number."""
    paths = [run.path / TEACHERS / str(number) for number in range(1, count + 1)]
    found = [_metrics_of(path) for path in paths if (path / METRICS).exists()]
    names = ("epochs", "validation_loss", "validation_accuracy")
    return [
        {"seed": one["settings"].get("seed"), **{name: one.get(name) for name in names}}
        for one in found
    ]


def _is_whole(archive: Path) -> bool:
    """Return whether a file is a ZIP archive whose checksums are right."""
    try:
        with ZipFile(archive) as opened:
            return opened.testzip() is None
    except (OSError, BadZipFile, EOFError, NotImplementedError, RuntimeError, zlib.error):
        return False


def _metrics_of(run: Path) -> dict[str, Any]:
    """Return a run's figures, with its settings, or raise RunError if they are damaged."""
    try:
        metrics = dict(json.loads((run / METRICS).read_text()))
        return {**metrics, "settings": dict(metrics["settings"])}
    except (OSError, ValueError, LookupError, TypeError, RecursionError) as error:
        raise RunError(f"{run / METRICS} does not hold the figures of a run") from error


def _layers(model: Any) -> list[Any]:
    """Return what a model's layers compute, and the shapes of its weights, without names."""
    layers = [(type(one).__name__, {**one.get_config(), "name": ""}) for one in model.layers]
    return [*layers, [weight.shape for weight in model.weights]]
