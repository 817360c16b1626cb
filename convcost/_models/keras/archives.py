"""Read the members of a `.keras` file, a zip archive, without trusting what it declares."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from typing import IO, TYPE_CHECKING

from convcost._models.errors import ModelError
from convcost._models.keras.wrong_files import described_archive

if TYPE_CHECKING:
    from pathlib import Path

CONFIG = "config.json"
WEIGHTS = "model.weights.h5"

# The most that is read of an archive's list of members: Keras writes three and what assets there
# are, and a list takes ten times its size in memory.
_LONGEST_LIST = 2 * 2**20
# The most of compressed weights; Keras does not compress them.
_MOST_WEIGHTS = 32 * 2**20
# The others can't be unpacked piece by piece, within limits.
_UNPACKED = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
# What zipfile raises for bytes that are not a complete archive, or for one with a password.
_BROKEN = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    EOFError,
    OSError,
    NotImplementedError,
    RuntimeError,
    ValueError,
    OverflowError,
)


class Archive:
    """A `.keras` file.

    Parameters
    ----------
    file
        The open file.
    path
        Its name, for errors.

    Raises
    ------
    ModelError
        If it is not an archive with a config.
    """

    def __init__(self, file: IO[bytes], path: Path) -> None:
        self._file = file
        self._path = path
        spared = _Sparing(file)
        try:
            self._zip = zipfile.ZipFile(spared)
            names = self._zip.namelist()
        except _BROKEN as error:
            raise self._broken(error) from error
        spared.most = None
        if CONFIG not in names:
            what = described_archive(names)
            if what is not None:
                raise ModelError(f"{path} is {what}")
            raise ModelError(f"{path}: it has no {CONFIG}: is it a .keras file?")

    def read(self, name: str, most: int) -> bytes:
        """Return the bytes of a member, but at most one more than so many."""
        try:
            member = self._zip.getinfo(name)
            if member.compress_type not in _UNPACKED:
                raise ModelError(f"{self._path}: {name} is compressed as Keras never does")
            with self._zip.open(member) as opened:
                # An archive may declare a false length, so count the bytes that are really read.
                return opened.read(most + 1)
        except ModelError:
            raise
        except _BROKEN as error:
            raise self._broken(error) from error

    def weights(self) -> tuple[IO[bytes], int, int] | None:
        """Return the file with the weights, where they start in it, and their size in bytes.

        Returns
        -------
        tuple or None
            None if there are no weights, or if they are compressed, and large.
        """
        if WEIGHTS not in self._zip.namelist():
            return None
        member = self._zip.getinfo(WEIGHTS)
        if member.compress_type == zipfile.ZIP_STORED:
            self._file.seek(member.header_offset)
            head = self._file.read(30)
            if len(head) == 30 and head.startswith(b"PK\3\4"):
                name, extra = struct.unpack_from("<HH", head, 26)
                return self._file, member.header_offset + 30 + name + extra, member.file_size
        content = self.read(WEIGHTS, _MOST_WEIGHTS)
        if len(content) > _MOST_WEIGHTS:
            return None
        return io.BytesIO(content), 0, len(content)

    def _broken(self, error: Exception) -> ModelError:
        return ModelError(
            f"{self._path}: the file is broken or encrypted: {error}; save or copy it again"
        )


class _Sparing(io.BufferedIOBase):
    """A file of which only so many bytes are read at once, as zipfile reads a list of members."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self.most: int | None = _LONGEST_LIST

    def read(self, size: int | None = -1, /) -> bytes:
        """Return the next bytes."""
        if self.most is not None and size is not None and size > self.most:
            raise ValueError(f"its list of members is longer than {self.most:,} bytes")
        return self._file.read(-1 if size is None else size)

    def seek(self, offset: int, whence: int = 0, /) -> int:
        """Go to a place in the file."""
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        """Return the place in the file."""
        return self._file.tell()

    def seekable(self) -> bool:
        """Tell that the file has places to go to."""
        return True
