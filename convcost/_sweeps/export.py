"""Write design spaces and tables of designs to files, never leaving half a file.

A whole space is written part by part into a folder beside the target, each part first under a
temporary name. A run that resumes after a kill keeps the finished parts; when all are there, the
folder is renamed to the target. So the bytes are those of an uninterrupted run.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import re
import shutil
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, NoReturn

import numpy as np

from convcost._cost.quantities import QUANTITIES
from convcost._exact.scalars import check_number, refuse
from convcost._sweeps import engines, marks
from convcost._sweeps.blocks import BlockCounter, block_sides
from convcost._sweeps.datasets import make_dataset
from convcost._sweeps.locks import LOCK, sole_writer
from convcost._sweeps.marks import DATA, DONE
from convcost._sweeps.polynomials import Atom

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from os import PathLike

    import pandas as pd
    import xarray as xr
    from distributed import Client

    from convcost._sweeps.conditions import Condition
    from convcost._sweeps.grid import Grid
    from convcost._sweeps.types import Categories, Progress, Where


class Task(NamedTuple):
    """A part to write.

    Attributes
    ----------
    name
        Its name, which is that of its mark.
    files
        The files that it writes.
    write
        The function that writes them into a folder.
    """

    name: str
    files: tuple[str, ...]
    write: Callable[[Path], None]


FORMATS = (".parquet", ".csv", ".json", ".zarr")
# In the unfinished folder, beside the lock, the marks and the parts: what is written.
_ABOUT = "about.json"
# Temporary files that a killed run leaves behind: ours, or Zarr's.
_PASSING = (f".{_ABOUT}.*.tmp", f"{DONE}/.*.tmp", f"{DATA}/**/*.tmp", f"{DATA}/**/*.partial")
# What Zarr writes beside the arrays.
_ZARR = frozenset((".zattrs", ".zgroup", ".zmetadata"))


def check_path(path: str | PathLike[str]) -> Path:
    """Return the path to write to, or refuse one whose suffix is not a known format."""
    if not isinstance(path, (str, os.PathLike)):
        refuse(TypeError, "path", path, "a string or a path")
    if Path(path).suffix not in FORMATS:
        endings = f"{', '.join(FORMATS[:-1])} or {FORMATS[-1]}"
        refuse(ValueError, "path", str(path), f"a name that ends with {endings}")
    return Path(path)


def check_table_path(path: str | PathLike[str]) -> Path:
    """Return the path to write a table to, or refuse one whose suffix is not a table format."""
    target = check_path(path)
    if target.suffix == ".zarr":
        refuse(ValueError, "path", str(path), "a .parquet, .csv or .json file: a table has no axes")
    return target


def write_table(table: pd.DataFrame, path: str | PathLike[str]) -> Path:
    """Write a table of designs to one file, in the format of its suffix."""
    target = check_table_path(path)
    marks.replace(target, partial(_write, table))
    return target


def write_space(
    grid: Grid,
    path: str | PathLike[str],
    where: Where,
    *,
    progress: Progress | None,
    client: Client | None,
    part: int,
    overwrite: bool,
) -> Path:
    """Answer `convcost.Space.write`."""
    target = check_path(path)
    if not target.absolute().parent.is_dir():
        problem = f"can't be written: {target.parent} is not a folder"
        raise FileNotFoundError(errno.ENOENT, problem, str(target))
    part = check_number("part", part, "a positive number of designs")
    condition = grid.condition(where)
    if target.suffix == ".zarr" and where is not None:
        raise ValueError(
            "where must be left out for a .zarr store, which holds a whole grid; or write a table"
        )
    unfinished = target.with_name(f"{target.name}.unfinished")
    about = _about(grid, where, target.suffix, part)
    if os.path.lexists(target):
        if overwrite:
            _require_written(target)
        elif not _is_ours(unfinished):
            _refuse_to_overwrite(target)
    _require_ours(unfinished)
    with sole_writer(unfinished, target):
        if os.path.lexists(target) and not overwrite:
            if not _was_finished(unfinished, about):
                _refuse_to_overwrite(target)
            _remove(unfinished)
            return target
        _begin(unfinished, about, overwrite)
        if target.suffix == ".zarr":
            tasks = _zarr_tasks(grid, unfinished, part)
        else:
            tasks = _table_tasks(grid, condition, unfinished, target.suffix, part)
        _require_parts(unfinished, tasks)
        missing = [task for task in tasks if not marks.is_finished(unfinished, task.name)]
        done = len(tasks) - len(missing)
        advance = None if progress is None else partial(_advance, progress, done, len(tasks))
        engines.run_calls(_run, [(unfinished, *task) for task in missing], advance, client)
        _require_all(unfinished, tasks)
        _finish(unfinished, target)
    return target


def _refuse_to_overwrite(target: Path) -> NoReturn:
    problem = "already exists; give another path, or overwrite=True"
    raise FileExistsError(errno.EEXIST, problem, str(target))


def _was_finished(folder: Path, about: Mapping[str, object]) -> bool:
    """Tell whether a run was killed after the last part was finished, but before cleaning up."""
    is_ours = _is_ours(folder) and not (folder / DATA).exists()
    return is_ours and _read_about(folder) == _as_json(about)


def _advance(progress: Progress, done: int, number: int, fraction: float) -> None:
    """Report the fraction of all parts done, given the fraction of the missing ones."""
    progress((done + fraction * (number - done)) / number)


def _about(grid: Grid, where: Where, suffix: str, part: int) -> dict[str, object]:
    axes = {name: axis.values.tolist() for name, axis in grid.axes.items()}
    categories = {
        name: [repr(value) for value in axis.values] for name, axis in grid.categorical_axes.items()
    }
    fixed = {name: repr(value) for name, value in grid.fixed.items()}
    text = json.dumps([repr(grid), list(grid.dims), axes, categories, fixed])
    digest = hashlib.sha256(text.encode()).hexdigest()
    return {"space": repr(grid), "sha256": digest, "where": where, "format": suffix, "part": part}


def _require_ours(folder: Path) -> None:
    if os.path.lexists(folder) and not _is_ours(folder):
        raise FileExistsError(
            errno.EEXIST,
            "is needed for unfinished parts, but holds something else; move it away, or give"
            " another path",
            str(folder),
        )


def _begin(folder: Path, about: Mapping[str, object], overwrite: bool) -> None:
    if overwrite:
        for name in (DATA, DONE):
            shutil.rmtree(folder / name, ignore_errors=True)
        (folder / _ABOUT).unlink(missing_ok=True)
    known = _read_about(folder)
    if known not in (None, _as_json(about)):
        raise FileExistsError(
            errno.EEXIST,
            f"holds parts of another space: {known}; remove it, or give overwrite=True",
            str(folder),
        )
    for pattern in (
        f".{_ABOUT}.*.tmp",
        f"{DONE}/.*.tmp",
        f"{DATA}/**/*.tmp",
        f"{DATA}/**/*.partial",
    ):
        for path in folder.glob(pattern):
            path.unlink()
    if known is None:
        marks.replace(folder / _ABOUT, lambda path: path.write_text(json.dumps(about)))
    (folder / DATA).mkdir(exist_ok=True)


def _require_parts(folder: Path, tasks: list[Task]) -> None:
    """Refuse parts among files that this module did not write, which would become part of it."""
    known = {Path(file).parts[0] for task in tasks for file in task.files}
    for path in (folder / DATA).iterdir():
        if path.name not in known:
            raise FileExistsError(
                errno.EEXIST, "is not a part of the design space; move it away", str(path)
            )


def _require_all(folder: Path, tasks: list[Task]) -> None:
    """Refuse to finish without a part that somebody removed or cut while others were written."""
    lost = [task.name for task in tasks if not marks.is_there(folder, task.name)]
    if lost:
        problem = f"lost {len(lost):,} finished parts, such as {lost[0]}; write again to resume"
        raise FileNotFoundError(errno.ENOENT, problem, str(folder))


def _is_ours(folder: Path) -> bool:
    """Tell whether a folder is one of unfinished parts, and holds nothing else."""
    if folder.is_symlink() or not folder.is_dir():
        return False
    names = {path.name for path in folder.iterdir()}
    if _ABOUT in names and not isinstance(_read_about(folder), dict):
        return False
    # A run that was killed at once has left an empty folder, or half a file.
    known = {_ABOUT, DONE, DATA, LOCK} if _ABOUT in names else {LOCK}
    return all(re.fullmatch(rf"\.{_ABOUT}\.\d+\.tmp", name) for name in names - known)


def _require_written(target: Path) -> None:
    """Refuse to replace a folder with files other than those that this module writes."""
    if not target.is_dir():
        return
    names = [path.name for path in target.iterdir()]
    pattern = re.compile(rf"part-\d+{re.escape(target.suffix)}")
    is_written = ".zgroup" in names or all(map(pattern.fullmatch, names))
    if target.is_symlink() or not is_written:
        raise FileExistsError(
            errno.EEXIST,
            "is a folder that was not written from a design space, so it is not overwritten;"
            " remove it, or give another path",
            str(target),
        )


def _read_about(folder: Path) -> object:
    try:
        return json.loads((folder / _ABOUT).read_text())
    except (OSError, ValueError):
        return None


def _as_json(about: Mapping[str, object]) -> object:
    return json.loads(json.dumps(about))


def _finish(folder: Path, target: Path) -> None:
    if target.is_dir():
        shutil.rmtree(target)
    elif target.exists():
        target.unlink()
    (folder / DATA).rename(target)
    marks.sync_folder(target.parent)
    _remove(folder)


def _remove(folder: Path) -> None:
    """Remove what is left of a folder of unfinished parts, but no file of anybody else."""
    if (folder / DONE).exists():
        shutil.rmtree(folder / DONE)
    (folder / _ABOUT).unlink()


def _run(folder: Path, name: str, files: tuple[str, ...], write: Callable[[Path], None]) -> None:
    write(folder / DATA)
    marks.mark(folder, name, files)


def _table_tasks(
    grid: Grid, condition: Condition, folder: Path, suffix: str, part: int
) -> list[Task]:
    atoms = condition.atoms | {Atom(name) for name in QUANTITIES}
    counter = BlockCounter(grid, atoms, part)
    variants = list(grid.variants())
    digits = len(str(counter.number * len(variants) - 1))
    tasks: list[Task] = []
    for place, categories in enumerate(variants):
        for number in range(counter.number):
            name = f"part-{place * counter.number + number:0{digits}}{suffix}"
            write = partial(_write_part, counter, condition, categories, number, name)
            tasks.append(Task(name, (name,), write))
    return tasks


def _write_part(
    counter: BlockCounter,
    condition: Condition,
    categories: Categories,
    number: int,
    name: str,
    folder: Path,
) -> None:
    table = counter.table(categories, number, condition)
    marks.replace(folder / name, partial(_write, table))


def _write(table: pd.DataFrame, path: Path) -> None:
    # A temporary name has a further suffix after that of the format.
    suffix = next(ending for ending in FORMATS if ending in path.suffixes)
    plain = table.astype({name: str for name in table if table[name].dtype == object})
    if suffix == ".parquet":
        plain.to_parquet(path, index=False)
    elif suffix == ".csv":
        plain.to_csv(path, index=False, lineterminator="\n")
    else:
        plain.to_json(path, orient="records", lines=False)


def _zarr_tasks(grid: Grid, unfinished: Path, part: int) -> list[Task]:
    lengths = {name: len(axis) for name, axis in grid.axes.items()}
    sides = dict(zip(lengths, block_sides(tuple(lengths.values()), part), strict=True))
    dataset = make_dataset(grid, sides)
    # The grid itself: what describes it and its arrays, and the values of the axes.
    own = sorted(_ZARR)
    for name in dataset.variables:
        own += [f"{name}/.zarray", f"{name}/.zattrs"]
    own += [f"{name}/0" for name in dataset.coords]
    first = Task("grid", tuple(own), partial(_write_grid, dataset))
    if not marks.is_finished(unfinished, first.name):
        _run(unfinished, *first)
    tasks = [first]
    for name, array in dataset.data_vars.items():
        for place in np.ndindex(array.data.numblocks):
            label = f"{name}-{'-'.join(map(str, place))}"
            file = f"{name}/{'.'.join(map(str, place)) or 0}"
            tasks.append(Task(label, (file,), partial(_write_chunk, dataset[[name]], place)))
    return tasks


def _write_grid(dataset: xr.Dataset, path: Path) -> None:
    # Format 2, whose consolidated metadata every reader understands.
    dataset.to_zarr(path, compute=False, mode="w", zarr_format=2, consolidated=True)


def _write_chunk(dataset: xr.Dataset, place: tuple[int, ...], folder: Path) -> None:
    import dask

    (array,) = dataset.data_vars.values()
    region = {}
    for dim, index in zip(array.dims, place, strict=True):
        chunks = array.chunksizes[dim]
        start = sum(chunks[:index])
        region[str(dim)] = slice(start, start + chunks[index])
    with dask.config.set(scheduler="synchronous"):
        chunk = dataset.isel(region).reset_coords(drop=True)
        chunk = chunk.drop_vars(list(chunk.coords))
        chunk.to_zarr(folder, region=region)
