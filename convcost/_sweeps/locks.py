"""The lock of a folder of unfinished parts: one process writes into it at a time.

The operating system holds the lock on an open file, and drops it when the process ends, however
that ends. So a lock file that a killed process left behind locks nothing.
"""

from __future__ import annotations

import errno
import os
from contextlib import contextmanager, suppress
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

LOCK = "lock"
# What the systems say of a file that another process has locked.
_BUSY = (errno.EAGAIN, errno.EACCES, errno.EDEADLK)
# On Windows a locked byte can't be read, so it is one behind the content.
_BYTE = 1 << 20


@contextmanager
def sole_writer(folder: Path, target: Path) -> Iterator[None]:
    """Hold the lock of a folder, which is made if it does not exist, and removed if left empty.

    Raises
    ------
    BlockingIOError
        If another process, or another call in this one, holds it.
    """
    descriptor = _acquire(folder, target)
    try:
        yield
    finally:
        try:
            _clear(folder)
            os.close(descriptor)
        except PermissionError:  # Windows removes no open file
            os.close(descriptor)
            with suppress(OSError):
                _clear(folder)


def _acquire(folder: Path, target: Path) -> int:
    path = folder / LOCK
    while True:
        folder.mkdir(exist_ok=True)
        try:
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
        except FileNotFoundError:
            continue  # another process was just finished, and removed the folder
        if not _lock(descriptor):
            writer = os.read(descriptor, 40).decode(errors="replace")
            os.close(descriptor)
            raise BlockingIOError(
                errno.EAGAIN,
                f"is being written by another process{writer and f' ({writer})'}; wait until it"
                " ends, or give another path",
                str(target),
            )
        if _is_same(path, descriptor):
            os.ftruncate(descriptor, 0)
            os.write(descriptor, f"process {os.getpid()}".encode())
            return descriptor
        os.close(descriptor)  # the file that another process removed when it was finished


def _lock(descriptor: int) -> bool:
    """Lock an open file, unless another process has; True where the file system has no locks."""
    try:
        try:
            fcntl = import_module("fcntl")
        except ImportError:
            msvcrt = import_module("msvcrt")
            os.lseek(descriptor, _BYTE, os.SEEK_SET)
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        else:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        return error.errno not in _BUSY
    finally:
        os.lseek(descriptor, 0, os.SEEK_SET)
    return True


def _is_same(path: Path, descriptor: int) -> bool:
    try:
        return os.path.samestat(path.stat(), os.fstat(descriptor))
    except FileNotFoundError:
        return False


def _clear(folder: Path) -> None:
    """Remove the lock, and its folder if there is nothing else in it."""
    (folder / LOCK).unlink(missing_ok=True)
    with suppress(OSError):
        folder.rmdir()
