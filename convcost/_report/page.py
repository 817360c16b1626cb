"""A self-contained web page of a report: readable without JavaScript, sortable with it.

The bars are lines of HTML, which follow the width of the window and its colours; a chart of a
library would need its script to be read.
"""

from __future__ import annotations

from fractions import Fraction
from importlib import resources
from typing import TYPE_CHECKING

from convcost._cost.quantities import UNITS
from convcost._cost.text import escape
from convcost._exact.kinds import is_expression
from convcost._report.blocks import blocks
from convcost._report.files import written
from convcost._report.table import count_text, percent_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from convcost._exact.types import Count
    from convcost._models.rows import Row
    from convcost._report.blocks import Block
    from convcost._report.table import Cells, Column, Table

_VIEWPORT = '<meta name="viewport" content="width=device-width, initial-scale=1">'
_HEAD = (
    '<div class="line head"><span>name</span><span></span><span class="number">MACs</span>'
    '<span class="number">share</span><span class="added number">added up</span>'
    '<span class="number">parameters</span></div>'
)
# A model of so few blocks shows what is in them at once.
_FEW = 3


def write(table: Table, rows: Sequence[Row], path: str | Path | None) -> str:
    """Return the page of a table, with the blocks of its layers, and write it to a path if given.

    Parameters
    ----------
    table
        The table.
    rows
        The layers that it shows.
    path
        File to write as well, if any.
    """
    tree = blocks(rows)
    title = escape(table.title)
    notes = "".join(f'<p class="dim">{escape(note)}</p>' for note in table.notes)
    body = f"<h1>{title}</h1>{_totals(tree)}{notes}{_tree(tree)}{_rows(table)}"
    return written(
        f'<!DOCTYPE html><html lang="en"><head><meta charset="utf-8">{_VIEWPORT}'
        f"<title>{title}</title><style>{_asset('page.css')}</style>"
        f'<script>document.documentElement.className = "scripted"</script></head>'
        f"<body>{body}{_scripts()}</body></html>",
        path,
    )


def _asset(name: str) -> str:
    return (resources.files("convcost._report") / "assets" / name).read_text(encoding="utf-8")


def _scripts() -> str:
    names = ("sortable.min.js", "sortable.a11y.min.js", "page.js")
    return "".join(f"<script>{_asset(name)}</script>" for name in names)


def _totals(tree: Sequence[Block]) -> str:
    """Return the totals of the layers that are shown."""
    shown = [
        f"<div><dt>{escape(unit)}</dt><dd>{escape(count_text(_total(tree, quantity)))}</dd></div>"
        for quantity, unit in UNITS.items()
    ]
    return f'<dl class="totals">{"".join(shown)}</dl>'


def _total(tree: Iterable[Block], quantity: str) -> Count:
    values = [getattr(one.cost, quantity) for one in tree]
    return sum(values[1:], values[0]) if values else 0


def _tree(tree: Sequence[Block]) -> str:
    """Return the blocks, each with its bars, and what is in it folded away."""
    if not tree:
        return ""
    macs, params = (_total(tree, quantity) for quantity in ("macs", "params"))
    lines = "".join(_Tree(macs, params).lines(tree, len(tree) <= _FEW))
    return (
        '<section><h2>Blocks</h2><p class="dim">Bars: the share of the '
        '<span class="macs">MACs</span> and of the <span class="params">parameters</span>; the mark'
        " is at the share of the MACs up to here. Layers that cost nothing are left out.</p>"
        f'{_HEAD}<div class="tree">{lines}</div></section>'
    )


class _Tree:
    """Writes the lines of a tree, and adds the MACs up on the way."""

    def __init__(self, macs: Count, params: Count) -> None:
        self._macs, self._params = macs, params
        self._so_far: Count = 0

    def lines(self, tree: Iterable[Block], is_open: bool = False) -> Iterator[str]:
        """Yield a line for each block, and those in it, which are shown at once or folded away."""
        for block in tree:
            before = self._so_far
            inside = "".join(self.lines(block.inside))
            self._so_far = before + block.cost.macs
            line = self._line(block)
            if not inside:
                yield f'<div class="line">{line}</div>'
            else:
                shown = " open" * is_open
                yield f'<details{shown}><summary class="line">{line}</summary>{inside}</details>'

    def _line(self, block: Block) -> str:
        share = _share(block.cost.macs, self._macs)
        added = _share(self._so_far, self._macs)
        bars = _bar("m", share) + _bar("p", _share(block.cost.params, self._params))
        mark = "" if added is None else f'<b style="left:{_percent(added)}"></b>'
        macs, params = count_text(block.cost.macs), count_text(block.cost.params)
        return (
            f'<span class="name">{escape(block.name)}</span>'
            f'<span class="bars" aria-hidden="true">{bars}{mark}</span>'
            f'<span class="number">{escape(macs)}</span>'
            f'<span class="share number">{percent_text(share)}</span>'
            f'<span class="added share number">{percent_text(added)}</span>'
            f'<span class="number params">{escape(params)}</span>'
        )


def _share(part: Count, whole: Count) -> Fraction | None:
    """Return a share of a whole; None if it is symbolic or the whole is 0."""
    if is_expression(part) or is_expression(whole) or whole == 0:
        return None
    return Fraction(int(part), int(whole))


def _percent(share: Fraction) -> str:
    return f"{float(100 * share):.3f}%"


def _bar(name: str, share: Fraction | None) -> str:
    return "" if not share else f'<i class="{name}" style="width:{_percent(share)}"></i>'


def _rows(table: Table) -> str:
    """Return the table, whose numbers sort as numbers."""
    columns = table.columns
    heads = "".join(f"<th{_class(one)}>{escape(one.title)}</th>" for one in columns)
    body = "".join(
        f"<tr>{''.join(_cells(columns, line, shown))}</tr>"
        for line, shown in zip(table.lines, table.texts(), strict=True)
    )
    return (
        '<section><h2>Layers</h2><div id="tools" hidden><input id="search" type="search"'
        ' placeholder="Search" aria-label="Search the layers"><span id="found" class="dim"'
        ' role="status"></span></div><div class="wide"><table id="layers" class="sortable n-last">'
        f"<thead><tr>{heads}</tr></thead><tbody>{body}</tbody></table></div></section>"
    )


def _class(column: Column) -> str:
    if column.number:
        return ' class="number"'
    return ' class="shape"' if column.name == "output_shape" else ""


def _cells(columns: Sequence[Column], line: Cells, shown: Sequence[str]) -> Iterator[str]:
    for column, value, text in zip(columns, line, shown, strict=True):
        number = column.number and value is not None and not is_expression(value)
        order = (
            f' data-sort="{value if isinstance(value, int) else float(value)}"' if number else ""
        )
        yield f"<td{_class(column)}{order}>{escape(text)}</td>"
