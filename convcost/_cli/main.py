"""The command line: the costs of convolutions and of whole models, and their verification.

Exit codes: 0 for success, 1 only if a verification found a disagreement, 2 for a usage or
environment error, 130 if interrupted.
"""

import os
import sys
import traceback
from collections.abc import Sequence
from contextlib import suppress

import click

import convcost
from convcost._cli import functions, models, sweeps, verify
from convcost._cli.output import INTERRUPTED, UNWRITABLE, USAGE_OR_ENVIRONMENT


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
    try:
        # Not in click's standalone mode, which exits with 1 when interrupted.
        code = app.main(arguments, prog_name="convcost", standalone_mode=False)
        sys.stdout.flush()
    except click.ClickException as error:
        error.show()
        return USAGE_OR_ENVIRONMENT
    except (click.Abort, KeyboardInterrupt):
        click.echo("convcost: interrupted", err=True)
        return INTERRUPTED
    except SystemExit:
        # click exits with 1 if the reader closed the pipe; here 1 means a disagreement.
        return USAGE_OR_ENVIRONMENT
    except Exception as error:
        if isinstance(error, OSError) and error.errno in UNWRITABLE:
            click.echo(f"Error: the output can't be written: {error.strerror}", err=True)
            _discard_output()
        else:
            # Python exits with 1 after a crash, too: show the traceback, but return another code.
            traceback.print_exc()
        return USAGE_OR_ENVIRONMENT
    return int(code or 0)


def _discard_output() -> None:
    """Send what is left of the output nowhere: Python would try again to write it at its end."""
    with suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
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
    sweeps.sweep,
    verify.verify,
):
    app.add_command(command)
