"""The types of options that are numbers: `1k`, `300M` and `3e8` stand for integers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from convcost._exact.amounts import read_count

if TYPE_CHECKING:
    _Type = click.ParamType[int]
else:  # an old click has no types for its types
    _Type = click.ParamType


class Whole(_Type):
    """An integer, which may have a unit, from the least one that an option takes."""

    name = "integer"

    def __init__(self, least: int | None = 1) -> None:
        self._least = least

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> int:
        """Return the number that a text stands for, or raise the error of an option."""
        if isinstance(value, int):
            return value
        text = str(value).strip()
        # Only a seed may be negative; the library itself refuses other numbers, by their names.
        negative = self._least is None and text.startswith("-")
        try:
            number = read_count("it", text.removeprefix("-") if negative else text)
        except ValueError as error:
            self.fail(str(error), param, ctx)
        number = -number if negative else number
        if self._least is not None and number < self._least:
            self.fail(f"it must be at least {self._least}; got {text!r}", param, ctx)
        return number


WHOLE, POSITIVE = Whole(None), Whole()
