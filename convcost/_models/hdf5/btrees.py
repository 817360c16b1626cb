"""B-trees, in which HDF5 finds the links and attributes of an object."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from convcost._models.hdf5.storage import Hdf5Error, number

if TYPE_CHECKING:
    from collections.abc import Iterator

    from convcost._models.hdf5.storage import Storage

# The bytes of a node beside its records: signature, version, kind and checksum.
_AROUND = 10
# Levels of a tree, more than any has.
_DEEPEST = 32


def leaves(storage: Storage, address: int) -> Iterator[int]:
    """Yield the addresses of the leaves of a tree of the older format."""
    pending = [(address, _DEEPEST)]
    while pending:
        one, highest = pending.pop()
        kind, level, used = storage.signed(one, b"TREE", "BBH")
        if kind != 0 or level > highest:
            raise Hdf5Error(f"the tree at {one} is not that of a group")
        # A key stands before each child, and one behind the last.
        children = storage.unpack(one + 24, "8xQ" * used)
        if level == 0:
            yield from children
        else:
            pending += [(child, level - 1) for child in reversed(children)]


class _Sizes(NamedTuple):
    """Sizes in bytes in a tree of the newer format."""

    record: int
    # Of the number of records in a child, and by level, from the leaves up, of that below it.
    number: int
    totals: list[int]


def records(storage: Storage, address: int) -> Iterator[bytes]:
    """Yield the records of a tree of the newer format, in any order."""
    node, record, depth, root, count = storage.signed(address, b"BTHD", "xxIHH2xQH")
    if record == 0 or node <= _AROUND or depth > _DEEPEST:
        raise Hdf5Error(f"the tree at {address} is not that of a group")
    sizes = _sizes(node, record, depth)
    pending = [(root, count, depth)] if count else []
    while pending:
        place, count, level = pending.pop()
        storage.signed(place, b"BTIN" if level else b"BTLF", "B")
        content = storage.read(place + 6, count * record)
        for at in range(0, len(content), record):
            storage.spend(record)
            yield content[at : at + record]
        if level:
            pending += _children(storage, place + 6 + count * record, count + 1, level, sizes)


def _children(
    storage: Storage, place: int, children: int, level: int, sizes: _Sizes
) -> list[tuple[int, int, int]]:
    """Return the address, the number of records and the level of each child of a node."""
    step = 8 + sizes.number + (sizes.totals[level - 1] if level > 1 else 0)
    for _ in range(children):
        storage.spend(step)
    content = storage.read(place, children * step)
    return [
        (number(content, at, 8), number(content, at + 8, sizes.number), level - 1)
        for at in range(0, len(content), step)
    ]


def _sizes(node: int, record: int, depth: int) -> _Sizes:
    most = (node - _AROUND) // record
    count = _bytes(most)
    totals = [count]
    below = most
    for level in range(1, depth):
        pointer = 8 + count + (totals[-1] if level > 1 else 0)
        inside = (node - _AROUND - pointer) // (record + pointer)
        below = (inside + 1) * below + inside
        totals.append(_bytes(below))
    return _Sizes(record, count, totals)


def _bytes(largest: int) -> int:
    """Return the bytes that hold numbers up to a largest one."""
    return (max(largest, 1).bit_length() - 1) // 8 + 1
