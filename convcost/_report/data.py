"""Values of tables in CSV and in data frames."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any

from convcost._layers.arguments import show

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import ModuleType

    import pandas as pd

# What makes a spreadsheet take a text for a formula (OWASP, "CSV Injection").
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def cell(value: object) -> object:
    """Return a value for CSV: a shape as text, a ratio as a decimal, and no formula."""
    if isinstance(value, (tuple, list)):
        return show(tuple(value))
    if isinstance(value, str) and value.startswith(_FORMULA):
        return f"'{value}"
    return float(value) if isinstance(value, Fraction) else value


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
    series: pd.Series[Any] = pandas.Series(list(values), dtype="int64" if whole else object)
    return series
