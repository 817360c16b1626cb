"""Exit codes, one-line errors, tables and JSON for all commands."""

from __future__ import annotations

import errno
import json
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.console import Console

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from convcost._report.table import Table

# Formats by the suffix of a file.
_SUFFIXES = {".txt": "table", ".json": "json", ".csv": "csv", ".md": "markdown", ".html": "html"}
# The disk that the output goes to is full, or nobody reads it.
UNWRITABLE = (errno.ENOSPC, errno.EPIPE)
DISAGREEMENT, USAGE_OR_ENVIRONMENT, INTERRUPTED = 1, 2, 130

json_option = click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")


@contextmanager
def usage_errors() -> Iterator[None]:
    """Turn errors about a model or an option into one line and exit code 2."""
    try:
        yield
    except (ValueError, TypeError, ImportError, OSError, ArithmeticError) as error:
        if isinstance(error, OSError) and error.errno in UNWRITABLE:
            raise  # of the output, see `run`
        lines = str(error).splitlines()
        # The caret of a syntax error stands below its column.
        has_caret = len(lines) > 1 and lines[-1].strip() == "^"
        message = str(error) if has_caret else " ".join(str(error).split())
        raise click.ClickException(message) from error


def show_table(table: Table, form: str | None, output: str | None) -> None:
    """Print a table, or write it to a file; without a format in that of the file's suffix."""
    form = form or _form_of(table, output)
    if form == "table" and output is None:
        console = Console()
        if not console.is_terminal:
            # A file or a program reads it: print at full width, so that no line wraps.
            widest = Console(width=10_000).measure(table).maximum
            console = Console(width=max(widest, console.width))
        table.print_on(console)
        return
    text = _text(table, form)
    if output is None:
        click.echo(text, nl=not text.endswith("\n"))
    else:
        Path(output).write_text(text if text.endswith("\n") else text + "\n", encoding="utf-8")


def _form_of(table: Table, output: str | None) -> str:
    if output is None:
        return "table"
    known = {
        suffix: form
        for suffix, form in _SUFFIXES.items()
        if form == "table" or hasattr(table, f"to_{form}")
    }
    suffix = Path(output).suffix.lower()
    if suffix not in known:
        raise click.UsageError(
            f"--output must end with {', '.join(known)}, or give --format; got {output!r}"
        )
    return known[suffix]


def _text(table: Table, form: str) -> str:
    if form == "table":
        return str(table)
    if form == "markdown":
        return "\n\n".join((table.to_markdown(), *table.notes))
    made: str = getattr(table, f"to_{form}")()
    return made


def print_json(data: Mapping[str, object], indent: int | None = 2) -> None:
    """Print data as JSON, any collection as a list; refuse counts with too many digits."""
    try:
        click.echo(json.dumps(data, indent=indent, default=list))
    except ValueError as error:  # Python's limit on the digits of an integer
        raise click.ClickException(f"the counts are too long to print: {error}") from error
