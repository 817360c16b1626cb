"""The command line: the costs of convolutions and of whole models, and their verification.

Exit codes: 0 for success, 1 if a verification found a disagreement or a model is over budget, 2 for
a usage or environment error, 130 if interrupted, 141 if the reader of the output closed the pipe,
as `head` does.
"""

from __future__ import annotations

import io
import os
import sys
import traceback
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

import click

import convcost
from convcost._cli import check, designs, functions, models, sweeps, verify
from convcost._cli.output import (
    CLOSED,
    CLOSED_PIPE,
    INTERRUPTED,
    UNWRITABLE,
    USAGE_OR_ENVIRONMENT,
    plain_warnings,
)
from convcost._cli.sources import SPACED, spaced

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import TypeAlias

    Resolved: TypeAlias = tuple[str | None, click.Command | None, list[str]]


def run(arguments: Sequence[str] | None = None) -> int:
    """Run a command line and return its exit code.

    Parameters
    ----------
    arguments
        The arguments after `convcost`; by default those of this process.

    Returns
    -------
    int
        The exit code.
    """
    # Before anything imports TensorFlow: it logs that there is no GPU as if that were an error.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    with _writable_output():
        try:
            return _run(arguments)
        except OSError as error:  # of the streams: `_run` has reported all others
            return _report_unwritable(error)


def _run(arguments: Sequence[str] | None) -> int:
    try:
        if sys.stdout is None:
            raise click.ClickException("there is no standard output to write to")
        # Not in click's standalone mode, which exits with 1 when interrupted.
        with plain_warnings():
            code = app.main(arguments, prog_name="convcost", standalone_mode=False)
        sys.stdout.flush()
    except click.ClickException as error:
        error.show()
        return USAGE_OR_ENVIRONMENT
    except (click.Abort, KeyboardInterrupt):
        click.echo("convcost: interrupted", err=True)
        return INTERRUPTED
    except SystemExit as error:  # from click or Rich, if the reader closed the pipe
        if os.environ.get("_CONVCOST_COMPLETE"):  # or after what the shell asked to complete
            return int(error.code or 0)
        _discard(sys.stdout)
        return CLOSED_PIPE
    except Exception as error:
        if isinstance(error, OSError) and error.errno in UNWRITABLE:
            raise
        # Python exits with 1 after a crash, too: show the traceback, but return another code.
        traceback.print_exc()
        return USAGE_OR_ENVIRONMENT
    return int(code or 0)


def _report_unwritable(error: OSError) -> int:
    """Return the exit code for a disk that is full, or a pipe that nobody reads any more."""
    _discard(sys.stdout)
    if error.errno in CLOSED:
        return CLOSED_PIPE
    try:
        click.echo(f"Error: the output can't be written: {error.strerror}", err=True)
    except OSError:  # the errors go to the same disk
        _discard(sys.stderr)
    return USAGE_OR_ENVIRONMENT


def _discard(stream: TextIO) -> None:
    """Send what is left in a stream nowhere: Python would try again to write it at its end."""
    with suppress(OSError, ValueError, AttributeError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)


@contextmanager
def _writable_output() -> Iterator[None]:
    """Let the streams write characters that their encoding lacks as escapes, as Python's stderr."""
    streams = [one for one in (sys.stdout, sys.stderr) if isinstance(one, io.TextIOWrapper)]
    before = [stream.errors for stream in streams]
    for stream in streams:
        stream.reconfigure(errors="backslashreplace")
    try:
        yield
    finally:
        for stream, errors in zip(streams, before, strict=True):
            with suppress(OSError, ValueError):  # closed, or no longer writable
                stream.reconfigure(errors=errors)


class _Commands(click.Group):
    """Commands with whole sentences in their list, which say how to count a model given as one."""

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        about = {name: self.commands[name].help or "" for name in self.list_commands(ctx)}
        with formatter.section("Commands"):
            formatter.write_dl(
                [
                    (name, " ".join(text.partition("\n\n")[0].split()).removesuffix("."))
                    for name, text in about.items()
                ]
            )

    def resolve_command(self, context: click.Context, arguments: list[str]) -> Resolved:
        """Return the command that is meant, or raise the error of click."""
        try:
            name, command, rest = super().resolve_command(context, arguments)
        except click.UsageError as error:
            first = arguments[0]
            if not (Path(first).exists() or first.endswith((".keras", ".h5", ".json"))):
                raise
            message = f"{error.message} To count a model: convcost summary {first}"
            raise click.UsageError(message, context) from None
        # Numbers after a shape may be the values of a layer.
        context.meta[SPACED] = spaced(rest)
        if context.meta[SPACED] and command is not designs.layer:
            raise click.UsageError(context.meta[SPACED], context)
        return name, command, rest


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(convcost.__version__, prog_name="convcost")
def app() -> None:
    """Show exactly what a convolution or a whole model costs, and verify it against Keras.

    DK is the side of the kernel, M the number of input channels, N the number of output channels,
    and DF the side of the output feature map.
    """


for command in (
    *functions.COMMANDS,
    models.summary,
    models.compare,
    models.whatif,
    check.check,
    sweeps.sweep,
    designs.layer,
    designs.solve,
    designs.crossings,
    verify.verify,
):
    app.add_command(command)
