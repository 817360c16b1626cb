"""How the examples' commands end: with an exit code that scripts can trust."""

import click

INTERRUPTED = 130


def run(command: click.Command) -> int:
    """Run a command line and return its exit code, 2 where it was used wrongly."""
    try:
        return int(command.main(standalone_mode=False) or 0)
    except click.ClickException as error:
        error.show()
        return 2
    except (click.Abort, KeyboardInterrupt):
        click.echo("Interrupted", err=True)
        return INTERRUPTED
