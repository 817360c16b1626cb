"""Where in a user's code something is called: the file and the line."""

from __future__ import annotations

import sys
from traceback import walk_tb
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types import FrameType

# Packages whose code a user does not mean: what they call, the user's code calls.
_NOT_THE_USERS = (
    *("convcost", "contextlib", "functools"),
    *("jax", "jaxlib", "keras", "numpy", "optree", "tensorflow", "torch"),
)
# The function of this library that calls a user's code.
_READING = "recorded"


def place_of_call() -> str:
    """Return the file and the line from which Keras is called now, or "" if no user's code does."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None and frame.f_code.co_name != _READING:
        if _package(frame) not in _NOT_THE_USERS:
            return _shown(frame, frame.f_lineno)
        frame = frame.f_back
    return ""


def place_of_error(error: BaseException) -> str:
    """Return the file and the line of a user's code in which an error was raised, or ""."""
    places = [
        _shown(frame, line)
        for frame, line in walk_tb(error.__traceback__)
        if _package(frame) not in _NOT_THE_USERS
    ]
    return places[-1] if places else ""


def is_of_user(frame: FrameType) -> bool:
    """Tell whether a frame runs code that is not Keras's, nor of what Keras computes with."""
    return _package(frame) not in _NOT_THE_USERS


def _package(frame: FrameType) -> str:
    name: str = frame.f_globals.get("__name__") or ""
    return name.partition(".")[0]


def _shown(frame: FrameType, line: int) -> str:
    return f"{frame.f_code.co_filename}, line {line}"
