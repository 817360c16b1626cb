"""What mypy, pyright and jedi see of the library: a user's program, checked line by line."""

import json
import re
import shutil
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

import jedi
import pytest

import convcost

PROGRAM = Path(__file__).parent / "typing" / "program.py"
# Of its own, so that no configuration of this project speaks for the user.
_MYPY = ("-m", "mypy", "--strict", "--show-error-codes", "--no-error-summary", "--config-file=")
_PYRIGHT = ("-m", "pyright", "--outputjson")

Found = dict[int, set[str]]


def _expected(checker: int) -> Found:
    """Return the errors that the program's comments name, by line."""
    expected: Found = {}
    for number, line in enumerate(PROGRAM.read_text().splitlines(), 1):
        comment = re.search(r"  # ([a-z-]+), ([A-Za-z ]+)$", line)
        if comment:
            expected[number] = set(comment[1 + checker].split())
    return expected


def _run(*command: str, folder: Path) -> str:
    shutil.copy(PROGRAM, folder)
    done = subprocess.run(
        [sys.executable, *command, PROGRAM.name],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1, done.stdout + done.stderr  # errors were found, and nothing failed
    return done.stdout


def test_mypy_says_what_the_program_expects(tmp_path: Path) -> None:
    found: Found = defaultdict(set)
    for line in _run(*_MYPY, folder=tmp_path).splitlines():
        error = re.match(r"program\.py:(\d+): error: .*\[([a-z-]+)\]$", line)
        if error:
            found[int(error[1])].add(error[2])
        else:
            assert ": note: " in line, line
    assert found == _expected(0)


def test_pyright_says_what_the_program_expects(tmp_path: Path) -> None:
    found: Found = defaultdict(set)
    for error in json.loads(_run(*_PYRIGHT, folder=tmp_path))["generalDiagnostics"]:
        if error["severity"] == "error":
            found[error["range"]["start"]["line"] + 1].add(error["rule"])
    assert found == _expected(1)
