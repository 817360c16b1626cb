"""The bytes of an HDF5 file, read within limits, so that no file can take long or fill memory."""

from __future__ import annotations

import struct
from typing import IO

# Limits of one file, in a second or two of time: the 1,040 layers of NASNetLarge take 50,000 steps.
MOST_STEPS = 250_000
MOST_BYTES = 64 * 2**20
# Of one piece: Keras writes a model's whole config as one, and EfficientNetV2L's is 1 MB.
LARGEST = 16 * 2**20
# The address of what does not exist.
NOWHERE = 2**64 - 1


class Hdf5Error(ValueError):
    """A file that is not valid HDF5; the message says where."""


class Hdf5LimitError(Hdf5Error):
    """A file that takes too long, or too much memory, to read."""


class Storage:
    """The part of a file that holds an HDF5 file, with what may still be read of it.

    Everything that is read comes through here and is paid for, in steps and in bytes. So the limits
    hold for time and memory, also for a file that refers back to itself.

    Parameters
    ----------
    file
        An open file that can be read at any place.
    start, size
        Where the HDF5 file stands in it, in bytes.

    Examples
    --------
    >>> import io
    >>> storage = Storage(io.BytesIO(b"..HEAP...."), 2, 8)
    >>> storage.read(0, 4)
    b'HEAP'
    >>> storage.read(6, 4)
    Traceback (most recent call last):
    ...
    convcost._models.hdf5.storage.Hdf5Error: 4 bytes at 6 are outside of the file
    """

    def __init__(self, file: IO[bytes], start: int, size: int) -> None:
        self._file = file
        self._start = start
        self.size = size
        self._steps = MOST_STEPS
        self._bytes = MOST_BYTES

    def spend(self, size: int) -> None:
        """Pay for one step that takes so many bytes of memory."""
        self._steps -= 1
        self._bytes -= size
        if self._steps < 0 or self._bytes < 0 or size > LARGEST:
            raise Hdf5LimitError("it takes more to read than any model does")

    def read(self, address: int, size: int) -> bytes:
        """Return the bytes at an address, exactly as many as asked for."""
        if address < 0 or size < 0 or address + size > self.size:
            raise Hdf5Error(f"{size} bytes at {address} are outside of the file")
        self.spend(size)
        self._file.seek(self._start + address)
        content = self._file.read(size)
        if len(content) != size:
            raise Hdf5Error(f"it ends within {size} bytes at {address}")
        return content

    def unpack(self, address: int, form: str) -> tuple[int, ...]:
        """Return numbers at an address, in a form of `struct` without its sign for the order."""
        form = f"<{form}"
        return struct.unpack(form, self.read(address, struct.calcsize(form)))

    def signed(self, address: int, signature: bytes, form: str) -> tuple[int, ...]:
        """Return the numbers behind a signature of four letters, which must be there."""
        form = f"<4x{form}"
        content = self.read(address, struct.calcsize(form))
        if content[:4] != signature:
            raise Hdf5Error(f"there is no {signature.decode()} at {address}")
        return struct.unpack(form, content)


def unpack(content: bytes, place: int, form: str) -> tuple[int, ...]:
    r"""Return numbers in bytes that were read, in a form of `struct` without its order's sign.

    Examples
    --------
    >>> unpack(b"....\x02\x00\x01", 4, "HB")
    (2, 1)
    """
    try:
        return struct.unpack_from(f"<{form}", content, place)
    except struct.error:
        raise Hdf5Error(f"a message of {len(content)} bytes ends too early") from None


def number(content: bytes, place: int, size: int) -> int:
    r"""Return a number that takes any count of bytes.

    Examples
    --------
    >>> number(b"\x00\x01\x01", 1, 2)
    257
    """
    found = content[place : place + size]
    if len(found) != size:
        raise Hdf5Error(f"a message of {len(content)} bytes ends too early")
    return int.from_bytes(found, "little")
