"""Texts in the cells of a terminal: how wide they are, and how they are cut, padded and wrapped."""

from __future__ import annotations

import unicodedata
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

_ELLIPSIS, _RULE = "\N{HORIZONTAL ELLIPSIS}", "\N{BOX DRAWINGS LIGHT HORIZONTAL}"


class Marks(NamedTuple):
    """What stands for what was cut, and what rules are made of."""

    cut: str
    rule: str


@lru_cache
def marks_of(encoding: str) -> Marks:
    """Return the marks that an encoding has.

    Examples
    --------
    >>> marks_of("ascii")
    Marks(cut='...', rule='-')
    """
    return Marks(
        _ELLIPSIS if _has(encoding, _ELLIPSIS) else "...", _RULE if _has(encoding, _RULE) else "-"
    )


def _has(encoding: str, text: str) -> bool:
    return text.encode(encoding, "replace") != b"?"


def cells(text: str) -> int:
    """Return how many columns of a terminal a text takes: two for a wide character.

    Examples
    --------
    >>> cells("conv"), cells("\N{HIRAGANA LETTER A}")
    (4, 2)
    """
    return len(text) if text.isascii() else sum(map(_width, text))


def _width(one: str) -> int:
    if unicodedata.category(one) in ("Mn", "Me", "Cf"):  # accents, joiners
        return 0
    return 2 if unicodedata.east_asian_width(one) in "WF" else 1


def clean(text: str, encoding: str) -> str:
    r"""Return a text in one line of what the encoding has, the rest as escapes.

    Examples
    --------
    >>> print(clean("two\nlines", "utf-8"), clean("\N{HIRAGANA LETTER A}", "ascii"))
    two\nlines \u3042
    """
    if not text.isprintable():
        text = "".join(
            [one if one.isprintable() else one.encode("unicode_escape").decode() for one in text]
        )
    return text if text.isascii() else text.encode(encoding, "backslashreplace").decode(encoding)


def fit(text: str, width: int, marks: Marks, *, right: bool = False, middle: bool = False) -> str:
    """Return a text in exactly as many cells, padded or cut.

    Parameters
    ----------
    text
        The text.
    width
        The number of cells.
    marks
        What stands for what is cut.
    right
        Whether it is aligned to the right.
    middle
        Whether it is cut in the middle, and not at its end.

    Examples
    --------
    >>> fit("conv", 6, marks_of("ascii"), right=True)
    '  conv'
    >>> fit("bidirectional/forward_rnn/cell/matmul", 24, marks_of("ascii"), middle=True)
    'bidirectional/.../matmul'
    >>> fit("block_16_depthwise_BN", 12, marks_of("ascii"), middle=True)
    'block...e_BN'
    """
    long = cells(text)
    if long > width:
        text = _cut(text, width, marks.cut, middle)
        long = cells(text)
    padding = " " * (width - long)
    return padding + text if right else text + padding


def _cut(text: str, width: int, mark: str, middle: bool) -> str:
    kept = width - len(mark)
    if not middle:
        return first(text, kept) + mark
    head, _, rest = text.partition("/")
    # Of a path, the names at both ends.
    while "/" in rest:
        _, _, rest = rest.partition("/")
        if cells(head) + cells(rest) + 2 <= kept:
            return f"{head}/{mark}/{rest}"
    end = kept // 2
    return first(text, kept - end) + mark + first(text[::-1], end)[::-1]


def first(text: str, width: int) -> str:
    """Return as many first characters as fit into so many cells."""
    kept = text[: max(0, width)]
    while cells(kept) > width:
        kept = kept[:-1]
    return kept


def wrapped(text: str, width: int | None) -> Iterator[str]:
    """Yield a text in lines of at most `width` cells, broken between words.

    Examples
    --------
    >>> list(wrapped("a MAC is one multiply", 10))
    ['a MAC is', 'one', 'multiply']
    """
    if width is None or cells(text) <= width:
        yield text
        return
    line = ""
    for word in text.split(" "):
        if line and cells(line) + 1 + cells(word) > width:
            yield line
            line = word
        else:
            line = f"{line} {word}" if line else word
        while cells(line) > width:
            piece = first(line, width) or line[0]
            yield piece
            line = line[len(piece) :]
    if line:
        yield line
