"""Exit codes, one-line errors, tables and JSON for all commands."""

from __future__ import annotations

import errno
import json
import os
import re
import warnings
from contextlib import contextmanager, suppress
from functools import wraps
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import click
from rich.console import Console

from convcost._exact.scalars import KINDS
from convcost._report.files import require_folder, write, written

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from matplotlib.figure import Figure

    from convcost._report.table import Table

# Formats by the suffix of a file.
_SUFFIXES = {
    **{".txt": "table", ".json": "json", ".csv": "csv", ".md": "markdown"},
    **{".tex": "latex", ".html": "html"},
}
IMAGES = (".svg", ".pdf", ".png")
# What a file name should not have on any system.
_UNSAFE = re.compile(r"[^\w.-]+")
# Nobody reads the output any more: of pipes, and of sockets.
CLOSED = (errno.EPIPE, errno.ECONNRESET)
# Or the disk that it goes to is full.
UNWRITABLE = (*CLOSED, errno.ENOSPC, errno.EFBIG)
DISAGREEMENT, USAGE_OR_ENVIRONMENT, INTERRUPTED = 1, 2, 130
# As a shell reports a program that the signal SIGPIPE ended.
CLOSED_PIPE = 128 + 13

# Longer messages are cut: a name in a file may have a million characters.
_LONGEST = 2000
_QUOTES = "\"'"
# What a message is about, and a setting that it recommends: `where must ...`, `overwrite=True`.
_SUBJECT = re.compile(
    r"(?:^|(?<=: ))(?P<name>\w+)(?P<index>(\[(\d+|'[^']*')\])*)"
    r"(?= (must|needs|has|takes|reaches|names|are those)\b)"
)
_SETTING = re.compile(r"\b(?P<name>\w+)=(?P<value>True|\"\w+\"|'\w+')")
# The name of an argument within a sentence, which no other word is spelled like; or a list of
# choices, which stays as it is.
_ARGUMENT = re.compile(r"\bone of [^;]*|(?<![\w.'\"(-])[a-z]+(_[a-z]+)+(?![\w='\"(])")
# Arguments of the library whose options are named otherwise.
_ALIASES = {"shapes": "--output-shape", "by": "--sort"}

json_option = click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")


def json_format(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add an option `--json` to a command that takes `--format`: short for `--format json`."""

    @wraps(command)
    def chosen(*values: Any, as_json: bool, form: str | None, **others: Any) -> Any:
        if as_json and form not in (None, "json"):
            raise click.UsageError(f"--json stands for --format json; got --format {form} as well")
        return command(*values, form="json" if as_json else form, **others)

    return click.option("--json", "as_json", is_flag=True, help="Short for --format json.")(chosen)


@contextmanager
def usage_errors() -> Iterator[None]:
    """Turn errors about a model or an option into one line and exit code 2."""
    try:
        yield
    except (ValueError, TypeError, ImportError, OSError, ArithmeticError) as error:
        if isinstance(error, OSError) and error.errno in UNWRITABLE:
            raise  # of the output, see `run`
        raise click.ClickException(message_of(error)) from error


def message_of(error: Exception) -> str:
    """Return the message of an error in one line, with the options as they are typed."""
    message = str(error)
    if isinstance(error, OSError) and error.strerror and error.filename:
        # Our own messages may name the file themselves.
        is_named = str(error.filename) in error.strerror
        message = error.strerror if is_named else f"{error.filename}: {error.strerror}"
    lines = message.splitlines()
    # The caret of a syntax error stands below its column.
    if not (len(lines) > 1 and lines[-1].strip() == "^"):
        message = " ".join(message.split())
    if len(message) > _LONGEST:
        message = f"{message[:_LONGEST]}... ({len(message) - _LONGEST:,} characters more)"
    return with_options(message)


def with_options(message: str) -> str:
    """Return a message about arguments of the library as one about the options for them."""
    context = click.get_current_context(silent=True)
    if context is None:
        return message
    message = message.replace(f" {KINDS}", "")
    given = [one for one in context.command.params if isinstance(one, click.Option)]
    options = {str(option.name): option.opts[0] for option in given}
    # The axes of a sweep are not options of the command, but are given as options; and a message
    # may be about one of the values of `kinds`.
    typed = [word.partition("=")[0] for word in context.args if word.startswith("--")]
    of_command = {one[2:].replace("-", "_"): one for one in options.values()}
    of_command |= {name: one for name, one in _ALIASES.items() if one in options.values()}
    first = options | of_command | {one[2:].replace("-", "_"): one for one in typed}

    def subject(match: re.Match[str]) -> str:
        name, index = match["name"], match["index"]
        return f"{first[name]}{index}" if name in first else match[0]

    def setting(match: re.Match[str]) -> str:
        name, value = match["name"], match["value"]
        option = options.get(name) or of_command.get(name)
        if option is None:
            return match[0]
        return option if value == "True" else f"{option} {value.strip(_QUOTES)}"

    message = _SUBJECT.sub(subject, message)
    message = _SETTING.sub(setting, message.replace("can't sort by=", "can't apply by="))
    return _ARGUMENT.sub(lambda match: of_command.get(match[0], match[0]), message)


@contextmanager
def plain_warnings() -> Iterator[None]:
    """Print each warning as one line on stderr, as errors are, and not with a line of Python."""

    def show(message: Warning | str, *_: object) -> None:
        click.echo(f"warning: {with_options(' '.join(str(message).split()))}", err=True)

    with warnings.catch_warnings():
        warnings.simplefilter("default", UserWarning)
        warnings.showwarning = cast("Any", show)
        yield


def is_same_file(path: str | Path, other: str | Path) -> bool:
    """Tell whether two paths are of one file, also through links; neither need exist."""
    with suppress(OSError, ValueError):
        return Path(path).samefile(other)
    return False


def refuse_same_file(output: str | None, sources: Iterable[str | None]) -> None:
    """Refuse an output that would replace a file that is read for it."""
    for source in sources:
        if output is not None and source is not None and is_same_file(output, source):
            problem = f"is {source} itself, which it would replace; give another file"
            raise click.UsageError(f"--output {output} {problem}")


def show_table(
    table: Table,
    form: str | None,
    output: str | None,
    draw: Callable[[], Figure] | None = None,
) -> None:
    """Print a table, or write it to a file; without a format in that of the file's suffix.

    If there is something to `draw`, suffixes of images get it.
    """
    if draw is not None and form is None and output is not None and _is_image(output):
        require_folder(output)
        image = BytesIO()
        draw().savefig(image, format=Path(output).suffix[1:].lower(), dpi=300)
        write(image.getvalue(), output)
        return
    form = form or _form_of(table, output, () if draw is None else IMAGES)
    if form == "table" and output is None:
        console = Console()
        if console.is_terminal:
            # A number that is wider than the terminal is not cut.
            console.print(table, crop=False)
        else:
            click.echo(table.to_text(_columns()))
        return
    text = _text(table, form)
    if form == "html" and output is None:
        # Nobody reads a page in a terminal.
        output = f"{_UNSAFE.sub('-', table.title.partition(':')[0]).strip('-.') or 'report'}.html"
        if Path(output).exists():
            raise click.UsageError(f"{output} exists: give --output to replace it, or another name")
        click.echo(f"wrote {output}")
    if output is None:
        click.echo(text, nl=not text.endswith("\n"))
    else:
        written(text if text.endswith("\n") else text + "\n", output)


def _columns() -> int | None:
    """Return how wide a table may be for whatever reads it; None for as wide as it needs."""
    given = os.environ.get("COLUMNS", "")
    return int(given) if given.isascii() and given.isdigit() and int(given) > 0 else None


def _is_image(output: str) -> bool:
    return Path(output).suffix.lower() in IMAGES


def _form_of(table: Table, output: str | None, images: Sequence[str]) -> str:
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
            f"--output must end with {', '.join((*known, *images))}, or give --format;"
            f" got {output!r}"
        )
    return known[suffix]


def _text(table: Table, form: str) -> str:
    if form == "table":
        return table.to_text()
    if form == "markdown":
        return "\n\n".join((table.to_markdown(), *table.notes))
    if form == "latex":
        return table.to_latex(caption=True)
    made: str = getattr(table, f"to_{form}")()
    return made


def print_json(data: Mapping[str, object], indent: int | None = 2) -> None:
    """Print data as JSON, any collection as a list; refuse counts with too many digits."""
    try:
        click.echo(json.dumps(data, indent=indent, default=list))
    except ValueError as error:  # Python's limit on the digits of an integer
        raise click.ClickException(f"the counts are too long to print: {error}") from error
