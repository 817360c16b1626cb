"""The links of a group: the names in it, and where the objects with these names are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from convcost._models.hdf5.btrees import leaves, records
from convcost._models.hdf5.headers import LINK, LINK_INFO, SYMBOL_TABLE
from convcost._models.hdf5.heaps import FractalHeap, local_heap
from convcost._models.hdf5.storage import NOWHERE, Hdf5Error, number, unpack

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from convcost._models.hdf5.headers import Message
    from convcost._models.hdf5.storage import Storage

# An entry for a name in the older format: the name's place, the object's address, what kind it is.
_SYMBOL = 40
# Flags of a link: a kind other than that of an object's address, an order, a character set.
_KIND, _ORDERED, _CHARACTERS = 0x08, 0x04, 0x10
# Bytes of the hash that stands before the identifier of a link.
_HASH = 4


def links(storage: Storage, messages: Iterable[Message]) -> dict[str, int]:
    """Return the addresses of the objects in a group, by name.

    Links that lead elsewhere, to another name or into another file, are not followed.
    """
    found: dict[str, int] = {}
    for message in messages:
        if message.kind == LINK:
            found.update(_link(message.content))
        elif message.kind == SYMBOL_TABLE:
            found.update(_symbols(storage, *unpack(message.content, 0, "QQ")))
        elif message.kind == LINK_INFO:
            found.update(_many(storage, message.content))
    return found


def _link(content: bytes) -> Iterator[tuple[str, int]]:
    _, flags = unpack(content, 0, "BB")
    place = 2
    kind = 0
    if flags & _KIND:
        kind = number(content, place, 1)
        place += 1
    place += (8 if flags & _ORDERED else 0) + (1 if flags & _CHARACTERS else 0)
    length = 1 << (flags & 3)
    end = place + length + number(content, place, length)
    if kind == 0:
        yield _text(content[place + length : end]), number(content, end, 8)


def _symbols(storage: Storage, tree: int, heap: int) -> Iterator[tuple[str, int]]:
    names = local_heap(storage, heap)
    for leaf in leaves(storage, tree):
        (count,) = storage.signed(leaf, b"SNOD", "2xH")
        content = storage.read(leaf + 8, count * _SYMBOL)
        for at in range(0, len(content), _SYMBOL):
            name, address = unpack(content, at, "QQ")
            end = names.find(0, name)
            if end < 0:
                raise Hdf5Error(f"a name in the group at {heap} has no end")
            storage.spend(end - name)
            if address != NOWHERE:
                yield _text(names[name:end]), address


def _many(storage: Storage, content: bytes) -> Iterator[tuple[str, int]]:
    """Yield the links that stand in a heap, since there are many."""
    _, flags = unpack(content, 0, "BB")
    heap, tree = unpack(content, 10 if flags & 1 else 2, "QQ")
    if heap == NOWHERE:
        return
    stored = FractalHeap(storage, heap)
    for record in records(storage, tree):
        yield from _link(stored.read(record[_HASH:]))


def _text(name: bytes) -> str:
    return name.decode("utf-8", errors="replace")
