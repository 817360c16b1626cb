"""Write design spaces and tables of designs to files, never leaving half a file.

A whole space is written part by part into a folder beside the target, each part first under a
temporary name. A run that resumes after a kill keeps the finished parts; when all are there, the
folder is renamed to the target. So the bytes are those of an uninterrupted run.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from convcost._cost.quantities import QUANTITIES
from convcost._exact.scalars import check_number, refuse
from convcost._sweeps import engines
from convcost._sweeps.blocks import BlockCounter, block_sides
from convcost._sweeps.datasets import make_dataset
from convcost._sweeps.polynomials import Atom

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from os import PathLike
    from typing import TypeAlias

    import pandas as pd
    import xarray as xr
    from distributed import Client

    from convcost._sweeps.conditions import Condition
    from convcost._sweeps.grid import Grid
    from convcost._sweeps.types import Categories, Progress, Where

    # The name of a part, and the function that writes it into a folder.
    Task: TypeAlias = tuple[str, Callable[[Path], None]]

FORMATS = (".parquet", ".csv", ".json", ".zarr")
# In the unfinished folder: what is written, the marks of the finished parts, and the parts.
_ABOUT, _DONE, _DATA = "about.json", "done", "data"


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
    _replace(target, partial(_write, table))
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
        raise FileNotFoundError(f"{target} can't be written: {target.parent} is not a folder")
    part = check_number("part", part, "a positive number of designs")
    condition = grid.condition(where)
    unfinished = target.with_name(f"{target.name}.unfinished")
    about = _about(grid, where, target.suffix, part)
    if os.path.lexists(target):
        if not overwrite:
            if _was_finished(unfinished, about):
                _remove(unfinished)
                return target
            raise FileExistsError(f"{target} already exists; give another path, or overwrite=True")
        _require_written(target)
    _begin(unfinished, about, overwrite)
    if target.suffix == ".zarr":
        if where is not None:
            raise ValueError("a .zarr store holds a whole grid: leave out where, or write a table")
        tasks = _zarr_tasks(grid, unfinished, part)
    else:
        tasks = _table_tasks(grid, condition, unfinished, target.suffix, part)
    missing = [task for task in tasks if not _mark(unfinished, task[0]).exists()]
    done = len(tasks) - len(missing)
    advance = None if progress is None else partial(_advance, progress, done, len(tasks))
    engines.run_calls(_run, [(unfinished, *task) for task in missing], advance, client)
    _finish(unfinished, target)
    return target


def _was_finished(folder: Path, about: Mapping[str, object]) -> bool:
    """Tell whether a run was killed after the last part was finished, but before cleaning up."""
    is_ours = _is_ours(folder) and not (folder / _DATA).exists()
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


def _begin(folder: Path, about: Mapping[str, object], overwrite: bool) -> None:
    if os.path.lexists(folder) and not _is_ours(folder):
        raise FileExistsError(
            f"{folder} is needed for unfinished parts, but holds something else; move it away, or"
            " give another path"
        )
    if folder.exists() and overwrite:
        shutil.rmtree(folder)
    folder.mkdir(parents=True, exist_ok=True)
    known = _read_about(folder)
    if known not in (None, _as_json(about)):
        raise FileExistsError(
            f"{folder} holds parts of another space: {known}; remove it, or give overwrite=True"
        )
    if known is None:
        _replace(folder / _ABOUT, lambda path: path.write_text(json.dumps(about)))
    (folder / _DATA).mkdir(exist_ok=True)
    # Temporary files that a killed run left behind: ours, or Zarr's.
    for pattern in (f".{_ABOUT}.*.tmp", f"{_DATA}/**/*.tmp", f"{_DATA}/**/*.partial"):
        for path in folder.glob(pattern):
            path.unlink()


def _is_ours(folder: Path) -> bool:
    """Tell whether a folder is one of unfinished parts, and holds nothing else."""
    if folder.is_symlink() or not folder.is_dir():
        return False
    names = {path.name for path in folder.iterdir()}
    if _ABOUT in names and not isinstance(_read_about(folder), dict):
        return False
    # A run that was killed at once has left an empty folder, or half a file.
    known = {_ABOUT, _DONE, _DATA} if _ABOUT in names else set()
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
            f"{target} is a folder that was not written from a design space, so it is not"
            " overwritten; remove it, or give another path"
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
    (folder / _DATA).rename(target)
    _remove(folder)


def _remove(folder: Path) -> None:
    """Remove what is left of a folder of unfinished parts, but no file of anybody else."""
    if (folder / _DONE).exists():
        shutil.rmtree(folder / _DONE)
    (folder / _ABOUT).unlink()
    with suppress(OSError):
        folder.rmdir()


def _replace(target: Path, write: Callable[[Path], object]) -> None:
    """Write under a temporary name, then rename."""
    passing = target.with_name(f".{target.name}.{os.getpid()}.tmp")
    try:
        write(passing)
        passing.replace(target)
    finally:
        passing.unlink(missing_ok=True)


def _mark(folder: Path, name: str) -> Path:
    """Return the file that marks a part as finished."""
    return folder / _DONE / name


def _run(folder: Path, name: str, write: Callable[[Path], None]) -> None:
    write(folder / _DATA)
    mark = _mark(folder, name)
    mark.parent.mkdir(exist_ok=True)
    mark.touch()


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
            tasks.append((name, write))
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
    _replace(folder / name, partial(_write, table))


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


def _zarr_tasks(grid: Grid, folder: Path, part: int) -> list[Task]:
    lengths = {name: len(axis) for name, axis in grid.axes.items()}
    sides = dict(zip(lengths, block_sides(tuple(lengths.values()), part), strict=True))
    dataset = make_dataset(grid, sides)
    if not _mark(folder, "grid").exists():
        _run(folder, "grid", partial(_write_grid, dataset))
    tasks: list[Task] = []
    for name, array in dataset.data_vars.items():
        for place in np.ndindex(array.data.numblocks):
            label = f"{name}-{'-'.join(map(str, place))}"
            tasks.append((label, partial(_write_chunk, dataset[[name]], place)))
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
