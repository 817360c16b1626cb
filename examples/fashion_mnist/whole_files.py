"""Files that are whole or absent, and how to tell whether one still is what was written."""

import hashlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

# The size of a file in bytes, and its checksum: as a list, since JSON has no tuples.
Sum = list[int | str]


def replace(path: Path, save: Callable[[Path], Any]) -> None:
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


def sum_of(path: Path) -> Sum:
    """Return the size and the checksum of a file."""
    with path.open("rb") as file:
        return [path.stat().st_size, hashlib.file_digest(file, "sha256").hexdigest()]


def damage(path: Path, known: Sum) -> str | None:
    """Return what is wrong with a file that had this size and checksum; None if nothing is."""
    try:
        found = sum_of(path)
    except OSError as error:
        return f"{path} can't be read: {error.strerror}"
    if found == known:
        return None
    if found[0] == 0:
        return f"{path} is empty"
    if found[0] != known[0]:
        return f"{path} has {found[0]:,} bytes instead of {known[0]:,}"
    return f"{path} is not what was written: its SHA-256 is another"
