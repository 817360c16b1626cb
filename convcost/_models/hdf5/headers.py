"""Object headers: the messages that say what a group or a data set is."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from convcost._models.hdf5.storage import Hdf5Error, number, unpack

if TYPE_CHECKING:
    from collections.abc import Iterator

    from convcost._models.hdf5.storage import Storage

# Kinds of messages.
DATASPACE = 0x01
LINK_INFO = 0x02
LINK = 0x06
ATTRIBUTE = 0x0C
_CONTINUATION = 0x10
SYMBOL_TABLE = 0x11
ATTRIBUTE_INFO = 0x15

# The flag of a message whose content stands elsewhere, shared with other objects.
_SHARED = 0x02
# Flags of headers.
_ORDERED, _PHASES, _TIMES = 0x04, 0x10, 0x20


class Message(NamedTuple):
    """A message of an object header: its kind, and its content."""

    kind: int
    content: bytes


class _Form(NamedTuple):
    """How the pieces of a header are laid out, with sizes in bytes."""

    signature: bytes
    prefix: str
    skipped: int
    checksum: int


_OLD = _Form(b"", "HHB", 8, 0)
_NEW = _Form(b"OCHK", "BHB", 4, 4)
_NEW_ORDERED = _NEW._replace(skipped=6)


def messages(storage: Storage, address: int) -> Iterator[Message]:
    """Yield the messages of the object whose header is at an address.

    A message that is shared among objects is left out: in files from Keras, no attribute or shape
    is.
    """
    place, size, form = _start(storage, address)
    pieces = [(place, size)]
    for place, size in pieces:
        for message in _in_piece(storage.read(place, size), form):
            storage.spend(0)
            if message.kind == _CONTINUATION:
                pieces.append(_next_piece(storage, message, form))
            else:
                yield message


def _start(storage: Storage, address: int) -> tuple[int, int, _Form]:
    """Return where the first piece of a header stands, its size, and its form."""
    if storage.read(address, 4) != b"OHDR":
        version, size = storage.unpack(address, "B7xI4x")
        if version != 1:
            raise Hdf5Error(f"there is no object header at {address}")
        return address + 16, size, _OLD
    (flags,) = storage.unpack(address + 5, "B")
    place = address + 6 + (16 if flags & _TIMES else 0) + (4 if flags & _PHASES else 0)
    length = 1 << (flags & 3)
    size = number(storage.read(place, length), 0, length)
    return place + length, size, _NEW_ORDERED if flags & _ORDERED else _NEW


def _next_piece(storage: Storage, message: Message, form: _Form) -> tuple[int, int]:
    """Return where a header continues, and the size of its messages there."""
    place, size = unpack(message.content, 0, "QQ")
    start = len(form.signature)
    if storage.read(place, start) != form.signature:
        raise Hdf5Error(f"an object header does not continue at {place}")
    return place + start, size - start - form.checksum


def _in_piece(content: bytes, form: _Form) -> Iterator[Message]:
    place = 0
    # Fewer bytes than a message takes are a gap.
    while place + form.skipped <= len(content):
        kind, size, flags = unpack(content, place, form.prefix)
        place += form.skipped
        if not flags & _SHARED:
            yield Message(kind, content[place : place + size])
        place += size
