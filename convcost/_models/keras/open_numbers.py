"""Numbers that stand for open sides: code may compute with them, but not ask what they are.

A side that is open may be of any length. Code that compares it with a number would do one thing for
the number that stands for it, and another for other lengths.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from convcost._models.keras.places import is_of_user

if TYPE_CHECKING:
    from collections.abc import Callable

_COMPARISONS = ("__eq__", "__ne__", "__lt__", "__le__", "__gt__", "__ge__")
_ARITHMETIC = ("__add__", "__sub__", "__mul__", "__floordiv__", "__mod__")
_REFLECTED = tuple(f"__r{name[2:]}" for name in _ARITHMETIC)


class OpenNumber(int):
    """A number that stands for an open side, or was computed from one."""

    def __hash__(self) -> int:
        if is_of_user(sys._getframe(1)):
            raise TypeError("it looks an open side of its input up")
        return int.__hash__(self)


def _compared(name: str) -> Callable[[OpenNumber, object], object]:
    original: Any = getattr(int, name)

    def method(self: OpenNumber, other: object) -> object:
        known = isinstance(other, (int, float)) and not isinstance(other, OpenNumber)
        if known and is_of_user(sys._getframe(1)):
            raise TypeError(f"it compares an open side of its input with {other}")
        return original(self, other)

    return method


def _computed(name: str) -> Callable[[OpenNumber, object], object]:
    original: Any = getattr(int, name)

    def method(self: OpenNumber, other: object) -> object:
        made = original(self, other)
        return OpenNumber(made) if type(made) is int else made

    return method


for _name in _COMPARISONS:
    setattr(OpenNumber, _name, _compared(_name))
for _name in (*_ARITHMETIC, *_REFLECTED):
    setattr(OpenNumber, _name, _computed(_name))
