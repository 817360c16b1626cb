"""`python -m convcost`, and the console script."""

import sys


def main() -> None:
    """Run the command line, or say which package it needs."""
    try:
        from convcost._cli.main import run
    except ImportError as error:
        missing = (error.name or "").partition(".")[0]
        if missing not in ("click", "rich"):
            raise
        print(
            f'convcost: the command line needs {missing}: pip install "convcost[cli]"',
            file=sys.stderr,
        )
        sys.exit(2)
    sys.exit(run())


if __name__ == "__main__":
    main()
