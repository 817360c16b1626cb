"""Processes that count: a framework that can't be used in this process answers in its own."""

from __future__ import annotations

import atexit
import contextlib
import os
import subprocess
from functools import cache


def ask(command: tuple[str, ...], question: str, backend: str = "") -> str:
    """Return the answer of a process to one line; it is started at the first question.

    Parameters
    ----------
    command
        The process, which answers each line of its input with one of its output.
    question
        One line, without its end.
    backend
        The backend of Keras in that process; by default as in this one.

    Returns
    -------
    str
        One line, with its end; empty if the process has ended.
    """
    process = start(command, backend)
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        process.stdin.write(question + "\n")
        process.stdin.flush()
        return process.stdout.readline()
    except BrokenPipeError:  # it had already ended
        return ""


@cache
def start(command: tuple[str, ...], backend: str = "") -> subprocess.Popen[str]:
    """Start the process that answers questions, once; it ends with this one."""
    # In its own session: Ctrl-C interrupts only this process, which ends the other one.
    process = subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        start_new_session=True,
        env={**os.environ, "KERAS_BACKEND": backend} if backend else None,
    )
    atexit.register(stop, process)
    return process


def stop(process: subprocess.Popen[str]) -> None:
    """Close a process's input, which ends it, and wait for that."""
    with contextlib.suppress(BrokenPipeError):
        process.communicate()
