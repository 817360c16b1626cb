"""The types of options: integers such as `1k`, `300M` and `3e8`, factors, and words."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from convcost._exact.amounts import is_count, read_count
from convcost._exact.scalars import did_you_mean

if TYPE_CHECKING:
    from typing import Any

    _Type = click.ParamType[int]
    _Real = click.ParamType[float]
    _Words = click.Choice[str]
else:  # an old click has no types for its types
    _Type = _Real = click.ParamType
    _Words = click.Choice


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
        negative = text.startswith("-") and is_count(text[1:])
        try:
            number = read_count("it", text.removeprefix("-") if negative else text)
        except ValueError as error:
            self.fail(str(error), param, ctx)
        number = -number if negative else number
        if self._least is not None and number < self._least:
            self.fail(f"it must be at least {self._least}; got {text!r}", param, ctx)
        return number


class Factor(_Real):
    """A factor, such as 0.75."""

    name = "float"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """Return the number that a text stands for, or raise the error of an option."""
        try:
            return float(str(value))
        except ValueError:
            self.fail(f"it must be a number such as 0.75; got {str(value)!r}", param, ctx)


class Words(_Words):
    """One of some words; an error suggests the nearest one to a typo."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the word that is meant, or raise the error of an option."""
        try:
            return super().convert(value, param, ctx)
        except click.BadParameter as error:
            hint = did_you_mean(value, self.choices)
            message = f"{error.message.removesuffix('.')}{hint}"
            raise click.BadParameter(message, ctx, param) from None


WHOLE, POSITIVE, FACTOR = Whole(None), Whole(), Factor()
