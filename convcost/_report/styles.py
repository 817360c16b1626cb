"""The colors of a table on a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    import rich.console

    from convcost._report.layout import Printed

_STYLES = {
    "title": "italic",
    "head": "bold",
    "rule": "dim",
    "row": "",
    "zero": "dim",
    "foot": "bold",
    "note": "dim",
}
_BAR = "white on blue"


def styled(lines: Iterable[Printed]) -> rich.console.RenderResult:
    """Yield the lines of a table as rich prints them, with bars behind the shares."""
    from rich.segment import Segment
    from rich.style import Style

    styles = {role: Style.parse(style) for role, style in _STYLES.items()}
    bar, end = Style.parse(_BAR), Segment.line()
    for text, role, (start, stop) in lines:
        style = styles[role]
        if start < stop:
            yield Segment(text[:start], style)
            yield Segment(text[start:stop], bar)
            yield Segment(text[stop:], style)
        else:
            yield Segment(text, style)
        yield end
