"""The values of a table as spreadsheets and data frames hold them."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any

from convcost._exact.scalars import refuse_choice
from convcost._layers.arguments import show

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import ModuleType

    import pandas as pd

    from convcost._exact.types import Count

# What makes a spreadsheet take a text for a formula (OWASP, "CSV Injection").
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def as_float(value: Count) -> float | None:
    """Return a number as a float; None beyond the largest float."""
    try:
        return float(value)
    except OverflowError:
        return None


def places_of(names: Sequence[str], chosen: Sequence[str] | None) -> list[int]:
    """Return which columns are chosen, in the order of the table; None for all."""
    for name in chosen or ():
        if name not in names:
            refuse_choice("columns", name, names)
    return [place for place, name in enumerate(names) if chosen is None or name in chosen]


def cell(value: object) -> object:
    """Return a value as a cell of a CSV file holds it."""
    if isinstance(value, (tuple, list)):
        return show(tuple(value))
    if isinstance(value, str) and value.startswith(_FORMULA):
        return f"'{value}"
    if isinstance(value, Fraction):
        number = as_float(value)
        return str(value) if number is None else number
    return value


def frame(
    pandas: ModuleType, names: Sequence[str], lines: Sequence[Sequence[object]]
) -> pd.DataFrame:
    """Return a data frame of lines, each with a value for each name."""
    columns = dict(zip(names, zip(*lines, strict=True), strict=True)) if lines else {}
    made: pd.DataFrame = pandas.DataFrame(
        {name: _series(pandas, columns.get(name, ())) for name in names}
    )
    return made


def _series(pandas: ModuleType, values: Sequence[object]) -> pd.Series[Any]:
    whole = values and all(type(value) is int and abs(value) < 2**63 for value in values)
    made: pd.Series[Any] = pandas.Series(list(values), dtype="int64" if whole else object)
    return made
