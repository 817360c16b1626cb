"""`python -m convcost`, and the console script."""

import sys


def main() -> None:
    """Run the command line, or say which package it needs."""
    try:
        code = _run()
    except KeyboardInterrupt:  # while it is imported; later it is told by the command line itself
        print("convcost: interrupted", file=sys.stderr)
        code = 130
    sys.exit(code)


def _run() -> int:
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
        return 2
    return run()


if __name__ == "__main__":
    main()
