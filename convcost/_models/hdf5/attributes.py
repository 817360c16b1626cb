"""The attributes of an object that are texts, and the shapes of data sets."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from convcost._models.hdf5.btrees import records
from convcost._models.hdf5.headers import ATTRIBUTE, ATTRIBUTE_INFO
from convcost._models.hdf5.heaps import FractalHeap
from convcost._models.hdf5.storage import NOWHERE, Hdf5Error, unpack

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from convcost._models.hdf5.headers import Message
    from convcost._models.hdf5.heaps import GlobalHeap
    from convcost._models.hdf5.storage import Storage

# Classes of values, and the kind of a variable one that is text.
_TEXT, _VARIABLE = 3, 9
_IS_TEXT = 1
# Bytes of the identifier that a record of an attribute starts with, and of a text in a heap.
_IDENTIFIER = 8
_REFERENCE = 16
# Flags of an attribute whose class or shape is that of another object, which texts' are not.
_ELSEWHERE = 3
# The kind of a shape, in the newer form, that there are no values.
_NULL = 2


class Attribute(NamedTuple):
    """An attribute, with its values as bytes.

    Attributes
    ----------
    kind, detail, size
        The class of a value, the first byte of its details, and its size in bytes.
    shape
        The shape of the values; None if there are none.
    values
        The values, one after the other.
    """

    kind: int
    detail: int
    size: int
    shape: tuple[int, ...] | None
    values: bytes


def stored(storage: Storage, messages: Iterable[Message]) -> dict[bytes, bytes]:
    """Return the attributes of an object as they are stored, by name."""
    found: dict[bytes, bytes] = {}
    for content in _contents(storage, messages):
        storage.spend(0)
        found[_name(content)[0]] = content
    return found


def attribute(content: bytes) -> Attribute | None:
    """Return an attribute from what is stored of it; None if its class is that of another object.

    No texts are stored so.
    """
    _, padding, place = _name(content)
    version, flags, _, kind_size, shape_size = unpack(content, 0, "BBHHH")
    if version > 1 and flags & _ELSEWHERE:
        return None
    kind, detail, size = unpack(content, place, "BBxxI")
    place += _padded(kind_size, padding)
    shape = shape_of(content[place : place + shape_size])
    return Attribute(
        kind & 15, detail, size, shape, content[place + _padded(shape_size, padding) :]
    )


def texts(attribute: Attribute, heap: GlobalHeap) -> list[bytes] | None:
    """Return the values of an attribute that are texts; None if they are anything else."""
    count = elements(attribute.shape)
    if count == 0:
        return []  # h5py writes an empty list as one of numbers
    if attribute.kind == _TEXT:
        step = attribute.size
        _require(attribute, count * max(step, 1))
        values = attribute.values
        return [values[at * step : (at + 1) * step].rstrip(b"\0") for at in range(count)]
    if attribute.kind != _VARIABLE or attribute.detail & 15 != _IS_TEXT:
        return None
    _require(attribute, count * _REFERENCE)
    found = (unpack(attribute.values, at * _REFERENCE, "IQI") for at in range(count))
    return [
        heap.text(collection, index, size) if index else b"" for size, collection, index in found
    ]


def _require(attribute: Attribute, size: int) -> None:
    if size > len(attribute.values):
        raise Hdf5Error("an attribute has fewer values than its shape says")


def shape_of(content: bytes) -> tuple[int, ...] | None:
    """Return the shape that a message gives; None if there are no values.

    Examples
    --------
    >>> import struct
    >>> shape_of(struct.pack("<BBBB2Q", 2, 2, 0, 1, 3, 8)), shape_of(bytes([2, 0, 0, 2]))
    ((3, 8), None)
    """
    version, rank, _, kind = unpack(content, 0, "BBBB")
    if version not in (1, 2):
        raise Hdf5Error(f"a shape is of version {version}")
    if version == 2 and kind == _NULL:
        return None
    return unpack(content, 8 if version == 1 else 4, "Q" * rank)


def elements(shape: tuple[int, ...] | None) -> int:
    """Return the number of values in a shape.

    Examples
    --------
    >>> elements((3, 8)), elements(()), elements(None)
    (24, 1, 0)
    """
    count = 0 if shape is None else 1
    for side in shape or ():
        count *= side
    return count


def _contents(storage: Storage, messages: Iterable[Message]) -> Iterator[bytes]:
    """Yield the attributes of an object, as they are stored."""
    for message in messages:
        if message.kind == ATTRIBUTE:
            yield message.content
        elif message.kind == ATTRIBUTE_INFO:
            _, flags = unpack(message.content, 0, "BB")
            heap, tree = unpack(message.content, 4 if flags & 1 else 2, "QQ")
            if heap != NOWHERE:
                objects = FractalHeap(storage, heap)
                for record in records(storage, tree):
                    yield objects.read(record[:_IDENTIFIER])


def _name(content: bytes) -> tuple[bytes, int, int]:
    """Return the name of an attribute, the bytes that sizes are rounded to, and where it ends."""
    version, _, length = unpack(content, 0, "BBH")
    if version not in (1, 2, 3):
        raise Hdf5Error(f"an attribute is of version {version}")
    padding = 8 if version == 1 else 1
    start = 9 if version == 3 else 8
    return content[start : start + length].rstrip(b"\0"), padding, start + _padded(length, padding)


def _padded(size: int, padding: int) -> int:
    return -(-size // padding) * padding
