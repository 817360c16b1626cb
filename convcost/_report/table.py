"""A table that prints, and converts to data frames, CSV, JSON, Markdown, LaTeX and HTML."""

from __future__ import annotations

import csv
import io
import json
import sys
from fractions import Fraction
from math import isfinite
from shutil import get_terminal_size
from typing import TYPE_CHECKING, Any, NamedTuple

from convcost._cost import text
from convcost._cost.text import decimals
from convcost._exact import arithmetic
from convcost._exact.attributes import unknown_attribute
from convcost._exact.kinds import is_expression
from convcost._exact.scalars import check_number
from convcost._layers.arguments import show
from convcost._report import latex
from convcost._report.files import written
from convcost._report.layout import Sheet, laid_out, without_empty
from convcost._report.styles import styled
from convcost._report.values import as_float, cell, frame, places_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path
    from types import ModuleType
    from typing import TypeAlias

    import pandas as pd
    import rich.console

    from convcost._exact.types import Count

    # A row, with one value for each column: text, a number, a shape, or None.
    Cells: TypeAlias = tuple[Any, ...]
    # What JSON can hold.
    Plain: TypeAlias = "int | float | str | list[Plain] | dict[str, Plain] | None"

# Longer texts are cut in print: tables pad each row to the length of the longest one.
_LONGEST = 2000
# What Markdown would take for markup or HTML; in a table a bar starts the next cell.
_MARKUP = str.maketrans({one: f"\\{one}" for one in "\\`*|<>[]~"} | {"\n": " ", "\r": " "})


class Column(NamedTuple):
    """A column: its name in data, its heading in print, and how its values are printed.

    Attributes
    ----------
    name
        Name in data frames, CSV and JSON.
    title
        Heading in print, of one line or two.
    text
        Function that formats a value for print.
    number
        Whether it is aligned to the right.
    least
        To how many characters its texts may be cut in print; 0 if they have digits that may not.
    leaves
        How soon it is left out where there is no room for it: the largest first, 0 never.
    middle
        Whether its texts are cut in the middle, and not at their end.
    bar
        Whether a bar behind each value shows it on a terminal.
    """

    name: str
    title: str
    text: Callable[[Any], str]
    number: bool = False
    least: int = 0
    leaves: int = 0
    middle: bool = False
    bar: bool = False


def count_text(value: Count | None) -> str:
    """Format a count with thousands separators; None as an empty string."""
    return "" if value is None else arithmetic.text(value)


def shape_text(value: object) -> str:
    """Format a shape; one that is not known as an empty string."""
    return "" if value is None else show(value)


def cut(shown: str) -> str:
    """Return a text for print; a very long one is cut, and says so.

    Examples
    --------
    >>> cut("conv"), len(cut("x" * 1_000_000)), cut("x" * 1_000_000)[-31:]
    ('conv', 1030, 'x ... (999,000 characters more)')
    """
    if len(shown) <= _LONGEST:
        return shown
    kept = _LONGEST // 2
    return f"{shown[:kept]} ... ({len(shown) - kept:,} characters more)"


def percent_text(value: Count | None) -> str:
    """Format a share of a total in percent; a symbolic one as it is."""
    if value is None:
        return ""
    return str(value) if is_expression(value) else f"{decimals(100 * value, '.2f')} %"


def decimal_text(value: Count | None) -> str:
    """Format a quotient with four significant digits; a symbolic one as it is."""
    if value is None:
        return ""
    return str(value) if is_expression(value) else decimals(value, ".4g")


class Table:
    """Base class of tables: subclasses give the rows and columns.

    Data frames, Markdown and LaTeX need optional packages; if one is missing, an ImportError names
    the extra to install.
    """

    # Hidden from type checkers, which would take any name for an attribute.
    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any:
            return unknown_attribute(self, name)

    @property
    def columns(self) -> tuple[Column, ...]:
        """The columns, from left to right."""
        raise NotImplementedError

    @property
    def lines(self) -> Sequence[Cells]:
        """The rows, each with one value for each column."""
        raise NotImplementedError

    @property
    def printed(self) -> Sequence[Cells]:
        """The rows in print, which may have subtotals among them."""
        return self.lines

    @property
    def foot(self) -> Sequence[Mapping[str, Any]]:
        """The totals below the rows, by the names of columns; they are not in data."""
        return ()

    @property
    def leaves_empty(self) -> bool:
        """Whether columns without a text are left out in print."""
        return False

    @property
    def title(self) -> str:
        """What the table shows."""
        raise NotImplementedError

    @property
    def notes(self) -> tuple[str, ...]:
        """Lines below the table, such as totals with their convention."""
        raise NotImplementedError

    def as_dict(self) -> dict[str, Any]:
        """Return everything as plain data: what `to_json` writes."""
        names = [column.name for column in self.columns]
        return {
            "title": self.title,
            "rows": [dict(zip(names, map(plain, line), strict=True)) for line in self.lines],
        }

    def to_json(self, path: str | Path | None = None) -> str:
        """Return the table as JSON, and write it to a file if one is given.

        Parameters
        ----------
        path
            File to write as well, if any.

        Returns
        -------
        str
            JSON with exact integers; ratios have `exact` and `value`, expressions are text.
        """
        return written(json.dumps(self.as_dict(), indent=2), path)

    def to_csv(self, path: str | Path | None = None) -> str:
        """Return the table as CSV, and write it to a file if one is given.

        Parameters
        ----------
        path
            File to write as well, if any.

        Returns
        -------
        str
            A line of column names, then a line for each row. A text that a spreadsheet would take
            for a formula, such as a layer named `=cmd`, has an apostrophe before it.
        """
        file = io.StringIO()
        writer = csv.writer(file, lineterminator="\n")
        names = [column.name for column in self.columns]
        writer.writerows([cell(value) for value in line] for line in (names, *self.lines))
        return written(file.getvalue(), path)

    def to_pandas(self) -> pd.DataFrame:
        """Return the table as a data frame.

        Returns
        -------
        pandas.DataFrame
            The columns of the table, with exact integers (as objects if they don't fit into int64)
            and ratios as `Fraction`.
        """
        names = [column.name for column in self.columns]
        return frame(import_optional("pandas"), names, self.lines)

    def to_markdown(self) -> str:
        """Return the table as GitHub Markdown."""
        tabulate = import_optional("tabulate").tabulate
        sheet = self._sheet(self.lines)
        lines = (sheet.titles, *sheet.rows, *sheet.foot)
        titles, *texts = [[text.translate(_MARKUP) for text in line] for line in lines]
        align = ["right" if column.number else "left" for column in sheet.columns]
        how = {"tablefmt": "github", "colalign": align if texts else None}
        return str(tabulate(texts, titles, disable_numparse=True, **how))

    def to_latex(
        self,
        path: str | Path | None = None,
        *,
        caption: str | bool | None = None,
        label: str | None = None,
        columns: Sequence[str] | None = None,
    ) -> str:
        r"""Return the table as LaTeX with booktabs rules, and write it to a file if one is given.

        The document needs `\\usepackage{booktabs}`, and for more than 40 rows
        `\\usepackage{longtable}`.

        Parameters
        ----------
        path
            File to write as well, if any.
        caption
            What stands above the table; True for its title and notes, which name the convention.
        label
            A name to refer to the table, such as `tab:costs`.
        columns
            Names of the columns to write, where all are too wide for a page.

        Returns
        -------
        str
            A `tabular`; in a `table` if there is a caption or a label; a `longtable` for more than
            40 rows.
        """
        sheet = self._sheet(self.lines)
        if caption is True:
            notes = [one[:1].upper() + one[1:] for one in self.notes]
            caption = ". ".join((self.title, *notes)) + "."
        places = places_of([column.name for column in sheet.columns], columns)
        numbers = [sheet.columns[place].number for place in places]
        parts = [[sheet.titles], sheet.rows, sheet.foot]
        (titles,), rows, foot = ([[row[one] for one in places] for row in part] for part in parts)
        made = latex.table(titles, rows, foot, numbers, caption or None, label)
        return written(made, path)

    def _repr_html_(self) -> str:
        sheet = self.sheet()
        right = tuple(place for place, column in enumerate(sheet.columns) if column.number)
        made = text.table(sheet.titles, [*map(_fixed, sheet.rows)], right, sheet.foot)
        below = "".join(f"<p>{text.escape(note)}</p>" for note in sheet.notes)
        return f"<p>{text.escape(sheet.title)}</p>{made}{below}"

    def titles(self) -> tuple[str, ...]:
        """Return the headings of the columns in print, each in one line."""
        return tuple([column.title.replace("\n", " ") for column in self.columns])

    def texts(self) -> list[tuple[str, ...]]:
        """Return the rows with their values formatted for print, long ones cut."""
        return _texts(self.columns, self.lines)

    def to_text(self, width: int | None = None) -> str:
        """Return the table as text, with a line for each row.

        Parameters
        ----------
        width
            The most columns of a line; names are cut and columns left out to keep it, but no digit
            is. By default as many as the table needs.

        Raises
        ------
        TypeError, ValueError
            If `width` is not a positive integer.
        """
        if width is not None:
            width = check_number("width", width)
        return self._text(width)

    def _text(self, width: int | None) -> str:
        # None if something collects what is written, as a notebook or a doctest does.
        encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
        return "\n".join([line.text for line in laid_out(self.sheet(), width, encoding)])

    def sheet(self) -> Sheet:
        """Return what is printed: the rows, the totals below them, and the lines around."""
        return self._sheet(self.printed)

    def _sheet(self, lines: Sequence[Cells]) -> Sheet:
        columns = self.columns
        rows = _texts(columns, lines)
        foot = [
            tuple([cut(one.text(line[one.name])) if one.name in line else "" for one in columns])
            for line in self.foot
        ]
        notes = tuple(map(cut, self.notes))
        sheet = Sheet(columns, rows, foot, _bars(columns, lines), cut(self.title), notes)
        return without_empty(sheet) if self.leaves_empty else sheet

    def __rich_console__(
        self, console: rich.console.Console, options: rich.console.ConsoleOptions
    ) -> rich.console.RenderResult:
        return styled(laid_out(self.sheet(), options.max_width, options.encoding))

    def __repr__(self) -> str:
        return str(self)  # a REPL shows the table

    def __str__(self) -> str:
        return self._text(get_terminal_size().columns)


def _texts(columns: Sequence[Column], lines: Sequence[Cells]) -> list[tuple[str, ...]]:
    formats = [column.text for column in columns]
    return [
        tuple([cut(text(value)) for text, value in zip(formats, line, strict=True)])
        for line in lines
    ]


def _fixed(row: tuple[str, ...]) -> tuple[str, ...]:
    """Return a row for HTML, which would drop the spaces that indent a name."""
    return tuple([cell.replace("  ", "\N{NO-BREAK SPACE}" * 2) for cell in row])


def _bars(columns: Sequence[Column], lines: Sequence[Cells]) -> list[float]:
    """Return how long the bar of each row is, from 0 to 1; nothing if no column has bars."""
    shares = [line[place] for place, one in enumerate(columns) if one.bar for line in lines]
    if any(share is None or is_expression(share) for share in shares):
        return []
    largest = float(max(shares, default=0)) or 1.0
    return [float(share) / largest for share in shares]


def plain(value: object) -> Plain:
    """Return a value in a form that JSON can hold."""
    if value is None or isinstance(value, (int, str)):
        return value
    if isinstance(value, float) and isfinite(value):  # JSON has no others
        return value
    if isinstance(value, Fraction):
        return {"exact": str(value), "value": as_float(value)}
    if isinstance(value, (tuple, list)):
        return [plain(one) for one in value]
    return str(value)


def import_optional(name: str) -> ModuleType:
    """Return a module, or raise an ImportError that names the extra to install."""
    from importlib import import_module

    package = name.partition(".")[0]
    try:
        import_module(package)
        return import_module(name)
    except ImportError as error:
        raise ImportError(f'this needs {package}: pip install "convcost[report]"') from error
