"""An HDF5 file as named objects: groups, and data sets with shapes."""

from __future__ import annotations

from functools import cached_property
from typing import IO, TYPE_CHECKING

from convcost._models.hdf5 import attributes
from convcost._models.hdf5.groups import links
from convcost._models.hdf5.headers import DATASPACE, messages
from convcost._models.hdf5.heaps import GlobalHeap
from convcost._models.hdf5.storage import Hdf5Error, Storage

if TYPE_CHECKING:
    from collections.abc import Iterator

    from convcost._models.hdf5.headers import Message

SIGNATURE = b"\x89HDF\r\n\x1a\n"
# Addresses and lengths have eight bytes each, as in all files of the C library for 64 bits.
_WIDTH = 8


class Hdf5Object:
    """A group or a data set.

    Parameters
    ----------
    storage, heap
        The file, and the long texts in it.
    address
        Where the object's header stands.
    """

    def __init__(self, storage: Storage, heap: GlobalHeap, address: int) -> None:
        self._storage = storage
        self._heap = heap
        self._address = address
        self._groups: dict[str, Hdf5Object | None] = {}

    @cached_property
    def _messages(self) -> list[Message]:
        return list(messages(self._storage, self._address))

    @cached_property
    def _attributes(self) -> dict[bytes, bytes]:
        return attributes.stored(self._storage, self._messages)

    @cached_property
    def _links(self) -> dict[str, int]:
        return links(self._storage, self._messages)

    def parts(self) -> Iterator[tuple[str, Hdf5Object]]:
        """Yield the objects in a group with their names; a data set has none."""
        for name, address in self._links.items():
            yield name, Hdf5Object(self._storage, self._heap, address)

    def at(self, path: str) -> Hdf5Object | None:
        """Return the object of a name, or of several with slashes; None if there is none."""
        names = [name for name in path.split("/") if name]
        one: Hdf5Object | None = self if names else None
        for name in names[:-1]:
            one = one and one._group(name)
        return one and one._part(names[-1])

    def _group(self, name: str) -> Hdf5Object | None:
        """Return a group that is looked into again: the next name is often in the same one."""
        if name not in self._groups:
            self._groups[name] = self._part(name)
        return self._groups[name]

    def _part(self, name: str) -> Hdf5Object | None:
        address = self._links.get(name)
        return None if address is None else Hdf5Object(self._storage, self._heap, address)

    @property
    def shape(self) -> tuple[int, ...] | None:
        """The shape of a data set; None for a group, and for a data set without values."""
        for message in self._messages:
            if message.kind == DATASPACE:
                return attributes.shape_of(message.content)
        return None

    @property
    def count(self) -> int:
        """The number of values in a data set; 0 for a group."""
        return attributes.elements(self.shape)

    def texts(self, name: str) -> list[bytes] | None:
        """Return the texts in an attribute; None if there is no such attribute with texts."""
        content = self._attributes.get(name.encode())
        found = None if content is None else attributes.attribute(content)
        return None if found is None else attributes.texts(found, self._heap)


def opened(file: IO[bytes], start: int, size: int) -> Hdf5Object:
    """Return the group that holds all others in the HDF5 file that stands in an open file.

    Parameters
    ----------
    file
        A file that can be read at any place. It must stay open.
    start, size
        Where the HDF5 file stands in it, in bytes.

    Raises
    ------
    Hdf5Error
        If it is broken, or larger than the limits. So can all methods of the objects in it.
    """
    storage = Storage(file, start, size)
    return Hdf5Object(storage, GlobalHeap(storage), _root(storage))


def _root(storage: Storage) -> int:
    """Return the address of the group that holds all others."""
    if storage.read(0, len(SIGNATURE)) != SIGNATURE:
        raise Hdf5Error("it does not start as an HDF5 file does")
    (version,) = storage.unpack(8, "B")
    if version in (0, 1):
        place = 24 + 4 * version
        offsets, lengths = storage.unpack(13, "BB")
        base, end, address = storage.unpack(place, "Q8xQ16xQ")
    elif version in (2, 3):
        offsets, lengths, base, end, address = storage.unpack(9, "BBxQ8xQQ")
    else:
        raise Hdf5Error(f"it is HDF5 of version {version}")
    if (offsets, lengths, base) != (_WIDTH, _WIDTH, 0):
        raise Hdf5Error("its addresses are not those of a file from Keras")
    if end > storage.size:
        raise Hdf5Error(f"it has {storage.size:,} bytes of {end:,}: it was cut off")
    return address
