"""Marks of the parts of a sweep that are on the disk, with the sizes and checksums of their files.

A mark is written after its part has reached the disk, so a crash can't leave a mark without its
part. A part that was cut, changed or lost later does not fit its mark, and is made again.
"""

from __future__ import annotations

import hashlib
import json
import os
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

# In the folder of unfinished parts: the marks, and the parts.
DONE, DATA = "done", "data"


def replace(target: Path, write: Callable[[Path], object]) -> None:
    """Write to the disk under a temporary name, then rename."""
    passing = target.with_name(f".{target.name}.{os.getpid()}.tmp")
    try:
        write(passing)
        _sync(passing)
        passing.replace(target)
        sync_folder(target.parent)
    finally:
        passing.unlink(missing_ok=True)


def sync_folder(folder: Path) -> None:
    """Make sure that the names in a folder are on the disk, where the system can do that."""
    with suppress(OSError):  # Windows opens no folders, and some file systems do not sync them
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _sync(path: Path) -> None:
    with path.open("rb+") as file:
        os.fsync(file.fileno())


def mark(folder: Path, name: str, files: Iterable[str]) -> None:
    """Mark a part as finished, once its files are on the disk.

    Parameters
    ----------
    folder
        The folder of unfinished parts.
    name
        The name of the part.
    files
        Its files in `data`. One that does not exist is expected to stay absent: Zarr stores no
        chunk without a number other than 0.
    """
    about: dict[str, object] = {}
    for file in files:
        path = folder / DATA / file
        if path.exists():
            _sync(path)
            sync_folder(path.parent)
        about[file] = _describe(path)
    (folder / DONE).mkdir(exist_ok=True)
    replace(folder / DONE / name, lambda path: path.write_text(json.dumps(about)))


def is_there(folder: Path, name: str) -> bool:
    """Tell whether a part has a mark, and its files still have their sizes."""
    known = _read(folder, name)
    sizes = {file: one[0] if isinstance(one, list) else one for file, one in known.items()}
    return bool(known) and all(_size(folder / DATA / file) == sizes[file] for file in sizes)


def is_finished(folder: Path, name: str) -> bool:
    """Tell whether a part has a mark, and its files are those that were marked."""
    return is_there(folder, name) and all(
        _describe(folder / DATA / file) == known for file, known in _read(folder, name).items()
    )


def _read(folder: Path, name: str) -> dict[str, object]:
    """Return the files of a marked part; empty if there is no mark, or half a mark."""
    try:
        known = json.loads((folder / DONE / name).read_text())
    except (OSError, ValueError):
        return {}
    return known if isinstance(known, dict) else {}


def _describe(path: Path) -> object:
    """Return the size and the checksum of a file, as in JSON; None if it does not exist."""
    try:
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
            return [file.tell(), digest]
    except FileNotFoundError:
        return None


def _size(path: Path) -> int | None:
    try:
        return path.stat().st_size
    except OSError:
        return None
