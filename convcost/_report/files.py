"""Write files so that what was there before is kept until the new content is on the disk."""

from __future__ import annotations

import errno
import os
import stat
from contextlib import suppress
from pathlib import Path
from secrets import token_hex

from convcost._models.errors import missing

# The folder, or what is mounted at the file's place, takes no other file for it.
_IN_PLACE = (errno.EACCES, errno.EPERM, errno.EROFS, errno.EBUSY)


def written(text: str, path: str | Path | None) -> str:
    """Return a text, and write it to a file if one is given."""
    if path is not None:
        require_folder(path)
        # A name may hold half of a surrogate pair, which UTF-8 can't.
        write(text.replace("\n", os.linesep).encode("utf-8", "backslashreplace"), path)
    return text


def require_folder(path: str | Path) -> None:
    """Raise an error if a file can't be written as its folder is not there."""
    parent = Path(path).parent
    if not parent.is_dir():
        raise missing(f"{path} can't be written: {str(parent)!r} is not a folder")


def write(data: bytes, path: str | Path) -> None:
    """Write a file as a whole: beside it first, and then in its place.

    A full disk leaves what was there before. Devices, pipes, and a file that is the output of this
    process are written to as they are; a link stays, and what it leads to is written.

    Raises
    ------
    OSError
        If the file can't be written.
    """
    before = None
    with suppress(FileNotFoundError):
        before = Path(path).stat()
    if before is not None and (not stat.S_ISREG(before.st_mode) or _is_output(before)):
        Path(path).write_bytes(data)
        return
    if before is not None:
        with Path(path).open("ab"):  # raises the error of a file that may not be written
            pass
    try:
        _replace(data, Path(os.path.realpath(path)), before)
    except OSError as error:
        if before is None or error.errno not in _IN_PLACE:
            raise
        Path(path).write_bytes(data)


def _is_output(file: os.stat_result) -> bool:
    """Tell whether a file is the output, or takes the errors, of this process."""
    for descriptor in (1, 2):
        with suppress(OSError):  # closed
            if os.path.samestat(file, os.fstat(descriptor)):
                return True
    return False


def _replace(data: bytes, target: Path, before: os.stat_result | None) -> None:
    beside = target.with_name(f".convcost-{token_hex(8)}")
    try:
        with beside.open("xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        if before is not None:
            _keep_owner(beside, before)
        beside.replace(target)
    except OSError as error:
        raise type(error)(error.errno, error.strerror, str(target)) from error
    finally:
        beside.unlink(missing_ok=True)


def _keep_owner(path: Path, before: os.stat_result) -> None:
    """Give a file the permissions of the one before it, and the owner if that is allowed."""
    with suppress(OSError, AttributeError):
        os.chown(path, before.st_uid, before.st_gid)
    path.chmod(stat.S_IMODE(before.st_mode))
