"""The exit codes of the examples' commands, for use in scripts."""

import click

INTERRUPTED = 130


def run(command: click.Command) -> int:
    """Run a command line and return its exit code, 2 for a usage error."""
    try:
        return int(command.main(standalone_mode=False) or 0)
    except click.ClickException as error:
        error.show()
        return 2
    except (click.Abort, KeyboardInterrupt):
        click.echo("Interrupted", err=True)
        return INTERRUPTED
