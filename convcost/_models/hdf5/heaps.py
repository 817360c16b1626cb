"""Heaps, where HDF5 keeps names, long texts, and what there are many of."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from convcost._models.hdf5.btrees import records
from convcost._models.hdf5.storage import Hdf5Error, number, unpack

if TYPE_CHECKING:
    from convcost._models.hdf5.storage import Storage

# Texts of variable length: at most this many in one collection, by their 16-bit numbers.
_MOST_OBJECTS = 2**16


def local_heap(storage: Storage, address: int) -> bytes:
    """Return the names in a group of the older format, each ended by a zero byte."""
    _, size, place = storage.signed(address, b"HEAP", "B3xQ8xQ")
    return storage.read(place, size)


class GlobalHeap:
    """The texts of variable length in a file.

    Parameters
    ----------
    storage
        The file.
    """

    def __init__(self, storage: Storage) -> None:
        self._storage = storage
        self._places: dict[int, dict[int, tuple[int, int]]] = {}

    def text(self, collection: int, index: int, size: int) -> bytes:
        """Return the text of that size with a number in the collection at an address."""
        if collection not in self._places:
            self._places[collection] = self._objects(collection)
        found = self._places[collection].get(index)
        if found is None:
            raise Hdf5Error(f"the collection of texts at {collection} has no number {index}")
        place, stored = found
        if stored != size:
            raise Hdf5Error(f"the text at {place} has {stored} bytes, and {size} elsewhere")
        return self._storage.read(place, size)

    def _objects(self, collection: int) -> dict[int, tuple[int, int]]:
        """Return the place and the size of each object in a collection."""
        _, size = self._storage.signed(collection, b"GCOL", "B3xQ")
        place, end = collection + 16, collection + size
        found: dict[int, tuple[int, int]] = {}
        while place + 16 <= end and len(found) < _MOST_OBJECTS:
            index, length = self._storage.unpack(place, "H6xQ")
            if index == 0:
                break  # the free space at the end
            found[index] = place + 16, length
            place += 16 + (length + 7) // 8 * 8
        return found


class FractalHeap:
    """A heap of the newer format, which holds the links or attributes of one object.

    Parameters
    ----------
    storage
        The file.
    address
        Where the heap's header stands.
    """

    def __init__(self, storage: Storage, address: int) -> None:
        self._storage = storage
        head = storage.signed(address, b"FRHP", "xHHxI8xQ80x")
        table = storage.unpack(address + 110, "HQQH2xQH")
        self._id_size, filters, largest_managed, self._huge = head
        self._width, self._first, largest_direct, bits, self._root, self._rows = table
        if filters or not self._width or not self._first:
            raise Hdf5Error(f"the heap at {address} is compressed, or has no blocks")
        self._offset_size = (bits + 7) // 8
        self._largest_direct = largest_direct
        # As the C library computes it: the bytes of an offset in a block, or of a length.
        self._length_size = min(
            (largest_direct.bit_length() + 6) // 8, (largest_managed.bit_length() - 1) // 8 + 1
        )

    def read(self, one: bytes) -> bytes:
        """Return the object with an identifier."""
        kind = one[0] >> 4 if one else -1
        if kind == 0:
            offset = number(one, 1, self._offset_size)
            size = number(one, 1 + self._offset_size, self._length_size)
            return self._storage.read(self._place(offset), size)
        if kind == 1:
            key = number(one, 1, min(8, self._id_size - 1))
            if key not in self._huge_objects:
                raise Hdf5Error(f"a heap has no large object {key}")
            return self._storage.read(*self._huge_objects[key])
        if kind == 2:
            size = (one[0] & 15) + 1
            return one[1 : 1 + size]
        raise Hdf5Error("a heap has an object of an unknown kind")

    @cached_property
    def _huge_objects(self) -> dict[int, tuple[int, int]]:
        """The place and the size of each object that has a place of its own."""
        found = (unpack(one, 0, "QQQ") for one in records(self._storage, self._huge))
        return {key: (place, size) for place, size, key in found}

    def _place(self, offset: int) -> int:
        """Return the address of an offset in the heap, which is laid out in blocks."""
        address, rows, start = self._root, self._rows, 0
        while rows:
            row, size = self._row(offset - start)
            if row >= rows:
                raise Hdf5Error(f"a heap has no offset {offset}")
            first = 0 if row == 0 else self._width * size
            column = (offset - start - first) // size
            start += first + column * size
            place = address + 5 + 8 + self._offset_size + 8 * (row * self._width + column)
            self._storage.signed(address, b"FHIB", "B")
            (address,) = self._storage.unpack(place, "Q")
            rows = self._rows_of(size)
        self._storage.signed(address, b"FHDB", "B")
        return address + offset - start

    def _row(self, offset: int) -> tuple[int, int]:
        """Return the row of an offset in a block of blocks, and the size of the row's blocks."""
        row, size = 0, self._first
        total = self._width * size
        while offset >= total:
            row += 1
            size = self._first << (row - 1)
            total += self._width * size
        return row, size

    def _rows_of(self, size: int) -> int:
        """Return the rows in a block of that size; none if it holds objects itself."""
        if size <= self._largest_direct:
            return 0
        return size.bit_length() - (self._first * self._width).bit_length() + 1
