"""Tables as lines of text that fit a terminal: which columns are shown, how wide, and what is cut.

A row takes one line. Digits of numbers are never cut: names are, in the middle, and columns are
left out. Formulas in symbols are cut, and a line below says where.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from convcost._report.cells import Marks, cells, clean, first, fit, marks_of, wrapped

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from convcost._report.table import Column

# What may not be cut: 1,344 or 13.05 % or 1.2e+06. Expressions in symbols may.
_DIGITS = re.compile(r"[\d,.%e+ -]*")
# Narrower than these, neither an expression nor a name says anything.
_EXPRESSION, _SHORTEST = 12, 5
# `Column.leaves` of the arithmetic, which is the first to go.
FORMULA = 9


class Sheet(NamedTuple):
    """What a table prints.

    Attributes
    ----------
    columns
        The columns.
    rows, foot
        The rows and the totals below them, each with a text for each column.
    shares
        For each row its share of the largest one, from 0 to 1; empty for no bars.
    title, notes
        The lines above and below.
    """

    columns: Sequence[Column]
    rows: Sequence[tuple[str, ...]]
    foot: Sequence[tuple[str, ...]]
    shares: Sequence[float]
    title: str
    notes: Sequence[str]

    @property
    def titles(self) -> tuple[str, ...]:
        """The headings of the columns, each in one line."""
        return tuple([column.title.replace("\n", " ") for column in self.columns])


class Printed(NamedTuple):
    """A line of a table in print.

    Attributes
    ----------
    text
        The line.
    role
        `title`, `head`, `rule`, `row`, `zero` for a row without a share, `foot` or `note`.
    bar
        Where a bar for its share begins and ends; (0, 0) without one.
    """

    text: str
    role: str
    bar: tuple[int, int] = (0, 0)


def without_empty(sheet: Sheet) -> Sheet:
    """Return a table without the columns that have no text, which a note names."""
    texts = [*sheet.rows, *sheet.foot]
    kept = [
        place
        for place, column in enumerate(sheet.columns)
        if not column.leaves or not texts or any(row[place] for row in texts)
    ]
    if len(kept) == len(sheet.columns):
        return sheet
    names = [one.name for place, one in enumerate(sheet.columns) if place not in kept]
    rows, foot = (
        [tuple([row[place] for place in kept]) for row in part] for part in (sheet.rows, sheet.foot)
    )
    return sheet._replace(
        columns=[sheet.columns[place] for place in kept],
        rows=rows,
        foot=foot,
        notes=(*sheet.notes, f"empty for groups of layers, and left out: {', '.join(names)}"),
    )


class _Width(NamedTuple):
    """How wide a column is: at its widest cell, and at least; `shown` is what it gets."""

    column: Column
    widest: int
    least: int
    shown: int


def laid_out(sheet: Sheet, width: int | None = None, encoding: str = "utf-8") -> list[Printed]:
    """Return the lines of a table.

    Parameters
    ----------
    sheet
        The table.
    width
        Columns of the terminal; None for as many as the table needs.
    encoding
        What the output is encoded in.
    """
    marks = marks_of(encoding)
    heads = _heads(sheet.columns)
    rows, foot = (
        [tuple([clean(cell, encoding) for cell in row]) for row in part]
        for part in (sheet.rows, sheet.foot)
    )
    widths, gap = _widths(sheet.columns, [*heads, *rows, *foot], width)
    notes = list(sheet.notes)
    hidden = [one.column.name for one in widths if not one.shown]
    if hidden:
        notes.append(f"no room at {width} columns for: {', '.join(hidden)}")
    short = [
        one.column.name
        for place, one in enumerate(widths)
        if one.shown and not one.column.least and _is_cut(one, place, (*rows, *foot))
    ]
    if short:
        where = ", ".join(short)
        notes.append(f"formulas are cut at {width} columns in: {where}; JSON and CSV have all")
    ruled = sum(one.shown for one in widths) + len(gap) * (len(widths) - len(hidden) - 1)
    rule = Printed(marks.rule * ruled, "rule")

    def printed(part: Sequence[tuple[str, ...]], role: str) -> list[Printed]:
        return [Printed(_line(cells, widths, gap, marks), role) for cells in part]

    def text(part: str, role: str) -> Iterator[Printed]:
        return (Printed(line, role) for line in wrapped(clean(part, encoding), width))

    return [
        *text(sheet.title, "title"),
        *printed(heads, "head"),
        rule,
        *_with_bars(printed(rows, "row"), sheet.shares, _bar_place(widths, gap)),
        *((rule, *printed(foot, "foot")) if foot else ()),
        *(line for note in notes for line in text(note, "note")),
    ]


def _heads(columns: Sequence[Column]) -> list[tuple[str, ...]]:
    """Return the headings; a second line stands below the first."""
    lines = [column.title.split("\n") for column in columns]
    most = max(map(len, lines))
    padded = [[""] * (most - len(one)) + one for one in lines]
    return list(zip(*padded, strict=True))


def _widths(
    columns: Sequence[Column], rows: Sequence[tuple[str, ...]], width: int | None
) -> tuple[list[_Width], str]:
    """Return how wide each column is, and what is between two of them."""
    widths = [_width(column, [row[place] for row in rows]) for place, column in enumerate(columns)]
    if width is None:
        return widths, "  "
    # A formula is shown in the room that is left beside all others.
    others = [one for one in widths if one.column.leaves < FORMULA]
    gap = 2 if _sum(others, "widest", 2) <= width else 1
    rest = width - _sum(others, "widest", gap) - gap
    shown = [one for one in widths if one.column.leaves < FORMULA or one.least <= rest]
    while _sum(shown, "least", gap) > width and any(one.column.leaves for one in shown):
        shown.remove(max(shown, key=lambda one: one.column.leaves))
    if _sum(shown, "least", gap) > width:
        shown = [
            one._replace(least=min(one.least, _SHORTEST)) if one.column.least else one
            for one in shown
        ]
    excess = _sum(shown, "widest", gap) - width
    given: dict[str, _Width] = {}
    for one in sorted(shown, key=lambda one: -one.column.leaves):
        taken = max(0, min(excess, one.widest - one.least))
        excess -= taken
        given[one.column.name] = one._replace(shown=one.widest - taken)
    return [given.get(one.column.name, one._replace(shown=0)) for one in widths], " " * gap


def _is_cut(width: _Width, place: int, rows: Sequence[tuple[str, ...]]) -> bool:
    return any(cells(row[place]) > width.shown for row in rows)


def _width(column: Column, texts: list[str]) -> _Width:
    widest = max(map(cells, texts))
    if column.least:
        least = min(widest, column.least)
    else:
        whole = [one for one in texts if _DIGITS.fullmatch(one)]
        least = max(min(widest, _EXPRESSION), max(map(cells, whole), default=0))
        least = max(least, *(cells(one) for one in column.title.split("\n")))
    return _Width(column, widest, least, widest)


def _sum(widths: Sequence[_Width], size: str, gap: int) -> int:
    total: int = sum(getattr(one, size) for one in widths)
    return total + gap * (len(widths) - 1)


def _line(row: tuple[str, ...], widths: list[_Width], gap: str, marks: Marks) -> str:
    return gap.join(
        [
            fit(text, one.shown, marks, right=one.column.number, middle=one.column.middle)
            for text, one in zip(row, widths, strict=True)
            if one.shown
        ]
    ).rstrip()


def _bar_place(widths: list[_Width], gap: str) -> tuple[int, int]:
    """Return where the column with bars begins, and how wide it is; (0, 0) if it is not shown."""
    begin = 0
    for one in widths:
        if one.column.bar:
            return begin, one.shown
        begin += one.shown + (len(gap) if one.shown else 0)
    return 0, 0


def _with_bars(
    lines: list[Printed], shares: Sequence[float], place: tuple[int, int]
) -> list[Printed]:
    begin, width = place
    if not shares:
        return lines
    return [
        _with_bar(line, len(first(line.text, begin)), round(width * share), share)
        for line, share in zip(lines, shares, strict=True)
    ]


def _with_bar(line: Printed, begin: int, length: int, share: float) -> Printed:
    return line._replace(role="row" if share else "zero", bar=(begin, begin + length))
