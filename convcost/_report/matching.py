"""Which rows of two networks are beside each other: by their names, or by what they are."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from convcost._report.lines import kind_of, line_of, placed
from convcost._report.saved import SavedRow

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterator, Sequence
    from typing import TypeAlias

    from convcost._models.rows import Row

    Keys: TypeAlias = Sequence[Hashable]
    # The place of a row in the first network, and of the one beside it in the second.
    Places: TypeAlias = list[tuple[int, int]]

# Convolutions that replace each other.
_VARIANT = re.compile(r"^(?:Separable|Depthwise)(?=Conv\d)")
# What Keras calls models without a name.
_MODELS = re.compile(r"(?:functional|sequential|model)(?:_\d+)?")
_NUMBER = re.compile(r"(?:_\d+)?(?: \(\d+\))?$")


class Thing(NamedTuple):
    """What a row is, for its match in another network.

    Attributes
    ----------
    name
        Its name, which no other row of its network has.
    kind, family
        Its class, with how its weights are stored; and the same for the classes that replace each
        other, such as Conv2D and SeparableConv2D.
    kernel
        The sides of its kernel; None if it has none, or they are not compared.
    sides, channels
        Its output shape.
    multiplies
        Whether it has MACs.
    is_numbered
        Whether Keras gave the name, so that its number says little.
    """

    name: str
    kind: str
    family: str
    kernel: Hashable
    sides: Hashable
    channels: Hashable
    multiplies: bool
    is_numbered: bool


def matched(left: dict[str, Row], right: dict[str, Row]) -> Places:
    """Return which rows of two networks belong together, in the order of both.

    Names that the user gave come first, then equal kind, kernel and output shape, then a variant of
    the same layer, and last the same sides at another width. Two networks whose rows have the
    same kinds and kernels throughout are one architecture in two sizes, and match row by row.

    Parameters
    ----------
    left, right
        The rows of each by name.
    """
    saved = any(isinstance(row, SavedRow) for rows in (left, right) for row in rows.values())
    first, second = (_things(rows, with_kernels=not saved) for rows in (left, right))
    if [(one.kind, one.kernel) for one in first] == [(one.kind, one.kernel) for one in second]:
        return [(place, place) for place in range(len(first))]
    named = [
        (one, other)
        for one, other in common([*map(_named, first)], [*map(_named, second)])
        if _are_related(first[one], second[other])
    ]
    found = _filled(named, first, second)
    # Names may mislead, where they mean something else in each network.
    without = _filled([], first, second) if named else found
    return without if len(without) > len(found) else found


def _things(rows: dict[str, Row], *, with_kernels: bool) -> list[Thing]:
    place = placed(rows.values())
    return [
        Thing(
            name,
            kind := kind_of(row),
            _family(kind),
            line_of(row).kernel if with_kernels else None,
            *place(row.output_shape),
            row.left_out or row.macs != 0,
            _NUMBER.sub("", row.path[-1]) == _snake(row.kind)
            or any(_MODELS.fullmatch(one) for one in row.path[:-1]),
        )
        for name, row in rows.items()
    ]


@lru_cache
def _family(kind: str) -> str:
    return _VARIANT.sub("", kind)


@lru_cache
def _snake(kind: str) -> str:
    """Return the name that Keras makes of a class."""
    apart = re.sub(r"(.)([A-Z][a-z]+)", r"\1_\2", kind)
    return re.sub(r"([a-z])([A-Z])", r"\1_\2", apart).lower()


def _named(one: Thing) -> Hashable:
    return one if one.is_numbered else one.name


def _are_related(one: Thing, other: Thing) -> bool:
    shapes = [(thing.sides, thing.channels) for thing in (one, other)]
    return one.family == other.family or shapes[0] == shapes[1]


def _filled(places: Places, first: list[Thing], second: list[Thing]) -> Places:
    """Return matches, and between them those of what is less and less alike."""
    # What multiplies comes first: a normalization says little about the layer before it.
    for multiplies in (True, False):
        for level in (_same, _variant, _at_the_same_sides):
            keys = [
                [level(one) if one.multiplies or not multiplies else object() for one in things]
                for things in (first, second)
            ]
            places = list(_between(places, *keys))
    return places


def _same(one: Thing) -> Hashable:
    return one.kind, one.kernel, one.sides, one.channels


def _variant(one: Thing) -> Hashable:
    return one.family, one.kernel, one.sides, one.channels


def _at_the_same_sides(one: Thing) -> Hashable:
    return one.family, one.kernel, one.sides


def _between(places: Places, first: Keys, second: Keys) -> Iterator[tuple[int, int]]:
    """Yield matches, and before each of them the common keys since the one before it."""
    left = right = 0
    for one, other in (*places, (len(first), len(second))):
        if left < one and right < other:
            for before, after in common(first[left:one], second[right:other]):
                yield left + before, right + after
        if one < len(first):
            yield one, other
        left, right = one + 1, other + 1


def common(first: Keys, second: Keys) -> Places:
    """Return the places of a longest common subsequence.

    Examples
    --------
    >>> common("abcd", "xbxd")
    [(1, 1), (3, 3)]

    Notes
    -----
    A bit for each key of the first sequence, and a step for each of the second, as in H. Hyyrö,
    "Bit-parallel LCS-length computation revisited" (AWOCA 2004).
    """
    shared = set(first) & set(second)
    ones = [place for place, key in enumerate(first) if key in shared]
    others = [place for place, key in enumerate(second) if key in shared]
    head = 0
    while head < min(len(ones), len(others)) and first[ones[head]] == second[others[head]]:
        head += 1
    found = list(zip(ones[:head], others[:head], strict=True))
    ones, others = ones[head:], others[head:]
    steps = _steps([first[place] for place in ones], [second[place] for place in others])
    back = []
    column, row = len(ones), len(others)
    while column and row:
        if steps[row] >> (column - 1) & 1:
            column -= 1
            continue
        row -= 1
        if steps[row] >> (column - 1) & 1:
            column -= 1
            back.append((ones[column], others[row]))
    return found + back[::-1]


def _steps(first: Keys, second: Keys) -> list[int]:
    """Return after each step a number whose zeros tell where the common subsequence grows."""
    bits: dict[Hashable, int] = {}
    for place, key in enumerate(first):
        bits[key] = bits.get(key, 0) | 1 << place
    every = (1 << len(first)) - 1
    steps = [every]
    for key in second:
        before = steps[-1]
        there = before & bits.get(key, 0)
        steps.append((before + there | before - there) & every)
    return steps
