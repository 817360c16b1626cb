"""A table that prints, and converts to data frames, CSV, JSON, Markdown, LaTeX and HTML."""

from __future__ import annotations

import csv
import io
import json
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from convcost._cost import text
from convcost._exact import arithmetic
from convcost._exact.kinds import is_expression
from convcost._layers.arguments import show
from convcost._report import latex

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from types import ModuleType
    from typing import TypeAlias

    import pandas as pd
    import rich.console
    import rich.table

    from convcost._exact.types import Count

    # A row, with one value for each column: text, a number, a shape, or None.
    Cells: TypeAlias = tuple[Any, ...]
    # What JSON can hold.
    Plain: TypeAlias = "int | float | str | list[Plain] | dict[str, Plain] | None"

# Longer numbers may be broken across lines when a table is printed.
_WHOLE = 25
# The least width of a column whose values may wrap.
_NARROW = 3
# Longer texts are cut in print: tables pad each row to the length of the longest one.
_LONGEST = 2000
# What makes a spreadsheet take a text for a formula (OWASP, "CSV Injection").
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
# What Markdown would take for markup or HTML; in a table a bar starts the next cell.
_MARKUP = str.maketrans({one: f"\\{one}" for one in "\\`*|<>[]~"})


class Column(NamedTuple):
    """A column: its name in data, its heading in print, and how its values are printed.

    Attributes
    ----------
    name
        Name in data frames, CSV and JSON.
    title
        Heading in print.
    text
        Function that formats a value for print.
    number
        Whether it is aligned to the right.
    """

    name: str
    title: str
    text: Callable[[Any], str]
    number: bool = False


def count_text(value: Count | None) -> str:
    """Format a count with thousands separators; None as an empty string."""
    return "" if value is None else arithmetic.text(value)


def shape_text(value: object) -> str:
    """Format a shape."""
    return "?" if value is None else show(value)


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
    return str(value) if is_expression(value) else f"{float(100 * value):.2f} %"


def decimal_text(value: Count | None) -> str:
    """Format a quotient with four significant digits; a symbolic one as it is."""
    if value is None:
        return ""
    return str(value) if is_expression(value) else f"{float(value):.4g}"


class Table:
    """Base class of tables: subclasses give the rows and columns.

    Data frames, Markdown and LaTeX need optional packages; if one is missing, an ImportError names
    the extra to install.
    """

    @property
    def columns(self) -> tuple[Column, ...]:
        """The columns, from left to right."""
        raise NotImplementedError

    @property
    def lines(self) -> Sequence[Cells]:
        """The rows, each with one value for each column."""
        raise NotImplementedError

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
        writer.writerow(column.name for column in self.columns)
        writer.writerows([_cell(value) for value in line] for line in self.lines)
        return written(file.getvalue(), path)

    def to_pandas(self) -> pd.DataFrame:
        """Return the table as a data frame.

        Returns
        -------
        pandas.DataFrame
            The columns of the table, with exact integers (as objects if they don't fit into int64)
            and ratios as `Fraction`.
        """
        pandas = import_optional("pandas")
        names = [column.name for column in self.columns]
        columns = dict(zip(names, zip(*self.lines, strict=True), strict=True)) if self.lines else {}
        frame: pd.DataFrame = pandas.DataFrame(
            {name: _series(pandas, columns.get(name, ())) for name in names}
        )
        return frame

    def to_markdown(self) -> str:
        """Return the table as GitHub Markdown."""
        tabulate = import_optional("tabulate").tabulate
        texts = [[text.translate(_MARKUP) for text in line] for line in self.texts()]
        align = ["right" if column.number else "left" for column in self.columns]
        made: str = tabulate(
            texts,
            self.titles(),
            tablefmt="github",
            colalign=align if texts else None,
            disable_numparse=True,
        )
        return made

    def to_latex(
        self,
        path: str | Path | None = None,
        *,
        caption: str | bool | None = None,
        label: str | None = None,
    ) -> str:
        r"""Return the table as LaTeX with booktabs rules, and write it to a file if one is given.

        The document needs `\\usepackage{booktabs}`.

        Parameters
        ----------
        path
            File to write as well, if any.
        caption
            What stands above the table; True for its title and notes, which name the convention.
        label
            A name to refer to the table, such as `tab:costs`.

        Returns
        -------
        str
            A `tabular`; in a `table` if there is a caption or a label.
        """
        if caption is True:
            caption = ". ".join((self.title, *self.notes)) + "."
        numbers = [column.number for column in self.columns]
        made = latex.table(self.titles(), self.texts(), numbers, caption or None, label)
        return written(made, path)

    def _repr_html_(self) -> str:
        notes = "".join(f"<p>{text.escape(note)}</p>" for note in (self.title, *self.notes))
        return f"{notes}{text.table(self.titles(), list(self.texts()))}"

    def titles(self) -> tuple[str, ...]:
        """Return the headings of the columns in print."""
        return tuple(column.title for column in self.columns)

    def texts(self) -> list[tuple[str, ...]]:
        """Return the rows with their values formatted for print, long ones cut."""
        return [
            tuple(
                [cut(column.text(value)) for column, value in zip(self.columns, line, strict=True)]
            )
            for line in self.lines
        ]

    def __rich__(self) -> rich.table.Table:
        from rich.box import SIMPLE_HEAD
        from rich.table import Table as RichTable
        from rich.text import Text

        table = RichTable(
            title=Text(self.title),
            title_justify="left",
            caption=Text("\n".join(self.notes)),
            caption_justify="left",
            box=SIMPLE_HEAD,
            padding=(0, 1, 0, 0),
        )
        texts = self.texts()
        for column, digits in zip(self.columns, self._digits(texts), strict=True):
            table.add_column(
                column.title,
                justify="right" if column.number else "left",
                # Numbers stay on one line; names, formulas and expressions may wrap.
                no_wrap=digits > 0,
                overflow="fold",
                min_width=digits or _NARROW,
            )
        for line in texts:
            table.add_row(*map(Text, line))
        return table

    def _digits(self, texts: list[tuple[str, ...]]) -> list[int]:
        """Return the width of each column whose values must stay whole; 0 if they may wrap."""
        longest = (
            max(map(len, (column.title, *(line[place] for line in texts)))) if column.number else 0
            for place, column in enumerate(self.columns)
        )
        return [width if width <= _WHOLE else 0 for width in longest]

    def print_on(self, console: rich.console.Console) -> None:
        """Print the table; a console that would cut digits off becomes wider, and lines wrap."""
        table = self.__rich__()
        # Beside each column there are its padding and a divider, and the edge on the left.
        least = 1 + sum((column.min_width or 0) + 2 for column in table.columns)
        console.width = max(console.width, least)
        console.print(table)

    def __repr__(self) -> str:
        return str(self)  # a REPL shows the table

    def __str__(self) -> str:
        try:
            from rich.console import Console
        except ImportError:
            return self._columns()
        file = io.StringIO()
        self.print_on(Console(file=file))
        return file.getvalue().rstrip("\n")

    def _columns(self) -> str:
        right = tuple(place for place, column in enumerate(self.columns) if column.number)
        lines = text.align([self.titles(), *self.texts()], right)
        return "\n".join((self.title, *lines, *self.notes))


def plain(value: object) -> Plain:
    """Return a value in a form that JSON can hold."""
    if value is None or isinstance(value, (int, str)):
        return value
    if isinstance(value, Fraction):
        return {"exact": str(value), "value": float(value)}
    if isinstance(value, (tuple, list)):
        return [plain(one) for one in value]
    return str(value)


def _cell(value: object) -> object:
    if isinstance(value, (tuple, list)):
        return show(tuple(value))
    if isinstance(value, str) and value.startswith(_FORMULA):
        return f"'{value}"
    return float(value) if isinstance(value, Fraction) else value


def _series(pandas: ModuleType, values: Sequence[object]) -> pd.Series[Any]:
    whole = values and all(type(value) is int and abs(value) < 2**63 for value in values)
    series: pd.Series[Any] = pandas.Series(list(values), dtype="int64" if whole else object)
    return series


def written(text: str, path: str | Path | None) -> str:
    """Return a text, and write it to a file if one is given."""
    if path is not None:
        # A name may hold half of a surrogate pair, which UTF-8 can't.
        Path(path).write_text(text, encoding="utf-8", errors="backslashreplace")
    return text


def import_optional(name: str) -> ModuleType:
    """Return a module, or raise an ImportError that names the extra to install."""
    from importlib import import_module

    package = name.partition(".")[0]
    try:
        import_module(package)
        return import_module(name)
    except ImportError as error:
        raise ImportError(f'this needs {package}: pip install "convcost[report]"') from error
