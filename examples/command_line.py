"""What the examples' commands need, and their exit codes, for use in scripts."""

import os
import sys
from importlib.util import find_spec
from pathlib import Path

_USAGE_OR_ENVIRONMENT = 2
# Before anything is imported that may be missing, and before anything is measured or trained.
if missing := [name for name in ("click", "rich", "keras", "matplotlib") if not find_spec(name)]:
    print(
        f'Error: the examples need {", ".join(missing)}: pip install ".[examples]"', file=sys.stderr
    )
    sys.exit(_USAGE_OR_ENVIRONMENT)

import click  # noqa: E402
from rich.console import Console  # noqa: E402

INTERRUPTED = 130
_CLOSED_PIPE = 141  # as a shell reports a program that the signal SIGPIPE ended


class Output(Console):
    """A console that reports a closed pipe as any other file does."""

    def on_broken_pipe(self) -> None:
        """Raise the error, where Rich ends the program as if a check had failed."""
        raise BrokenPipeError


def run(command: click.Command) -> int:
    """Run a command line and return its exit code, 2 for a usage error."""
    try:
        # Not its main(), which ends the program with exit code 1 for a closed pipe.
        with command.make_context(Path(sys.argv[0]).name, sys.argv[1:]) as context:
            return int(command.invoke(context) or 0)
    except click.exceptions.Exit as end:
        return end.exit_code
    except click.ClickException as error:
        error.show()
        return _USAGE_OR_ENVIRONMENT
    except (click.Abort, KeyboardInterrupt):
        click.echo("Interrupted", err=True)
        return INTERRUPTED
    except BrokenPipeError:
        _discard_output()
        return _CLOSED_PIPE
    except (OSError, MemoryError) as error:
        _discard_output()
        click.echo(f"Error: {error}", err=True)
        return _USAGE_OR_ENVIRONMENT


def _discard_output() -> None:
    """Let what is left to print go nowhere, or Python would complain at its end."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
