"""The designs that a search of a space returned, as a table."""

from __future__ import annotations

from typing import TYPE_CHECKING

from convcost._cost.quantities import UNITS
from convcost._report.table import Column, Table, count_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from convcost._report.table import Cells


class Designs(Table):
    """A row for each design: its arguments and its counts.

    Parameters
    ----------
    frame
        What `Space.top` or `Space.pareto` returned.
    title
        Heading of the table.
    """

    def __init__(self, frame: pd.DataFrame, title: str) -> None:
        self._frame, self._title = frame, title

    @property
    def columns(self) -> tuple[Column, ...]:
        """The axes, then the quantities."""
        return tuple(
            Column(name, UNITS.get(name, name), _text, self._frame[name].dtype != object)
            for name in map(str, self._frame.columns)
        )

    @property
    def lines(self) -> Sequence[Cells]:
        """The designs, in the order of the data frame."""
        columns = [self._frame[name].tolist() for name in self._frame]
        return list(zip(*columns, strict=True))

    @property
    def title(self) -> str:
        """The heading."""
        return self._title

    @property
    def notes(self) -> tuple[str, ...]:
        """The number of designs."""
        number = len(self._frame)
        return (f"{number:,} design{'s' * (number != 1)}",)


def _text(value: object) -> str:
    return count_text(value) if isinstance(value, int) and value is not True else str(value)
