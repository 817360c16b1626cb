"""The columns of a report on a network, and what each says of a line."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from convcost._cost.text import prefixed, scaled
from convcost._exact.scalars import refuse, refuse_choice
from convcost._report.layout import FORMULA
from convcost._report.table import Column, count_text, decimal_text, percent_text, shape_text

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Literal, TypeAlias

    from convcost._exact.types import Count
    from convcost._report.lines import Line

    Units: TypeAlias = Literal["exact", "auto"]
    Formula: TypeAlias = Literal["params", "macs"]


class Shown(NamedTuple):
    """A column of a report.

    Attributes
    ----------
    column
        How it prints.
    value
        Its value for a line, given the MACs of the whole model.
    adds_up
        Whether it has a total.
    """

    column: Column
    value: Callable[[Line, Count], Any]
    adds_up: bool = False

    def __reduce__(self) -> tuple[Callable[[Column], Shown], tuple[Column]]:
        return _shown_again, (self.column,)


def _text(
    name: str, title: str, least: int, leaves: int, value: Callable[[Line], Any], *, middle: bool
) -> Shown:
    column = Column(name, title, str, least=least, leaves=leaves, middle=middle)
    return Shown(column, lambda line, _: value(line))


def _shape(name: str, title: str, value: Callable[[Line], Any]) -> Shown:
    return Shown(Column(name, title, shape_text, least=20, leaves=7), lambda line, _: value(line))


def _count(name: str, title: str, leaves: int, value: Callable[[Line], Any]) -> Shown:
    column = Column(name, title, count_text, True, leaves=leaves)
    return Shown(column, lambda line, _: value(line), True)


_NAME = _text("name", "layer", 16, 0, lambda line: line.name, middle=True)
_SHARE = Column("share", "share", percent_text, True, leaves=8, bar=True)
_INTENSITY = Column("intensity", "FLOPs/byte", decimal_text, True, leaves=3)
_HEADS = {"params": "params =", "macs": "MACs ="}
_EVERY = (
    _text("kind", "kind", 15, 6, lambda line: line.shown_kind, middle=False),
    _text("connected_to", "connected to", 16, 8, lambda line: line.connected_to, middle=True),
    _shape("input_shape", "input shape", lambda line: line.input_shape),
    _shape("output_shape", "output shape", lambda line: line.output_shape),
    _shape("kernel", "kernel", lambda line: line.kernel),
    _count("params", "params", 0, lambda line: line.known("params")),
    _count("trainable_params", "trainable", 4, lambda line: line.trainable_params),
    _count("size", "bytes", 4, lambda line: line.size),
    _count("macs", "MACs", 0, lambda line: line.known("macs")),
    Shown(_SHARE, lambda line, whole: line.fraction(whole), True),
    _count("effective_macs", "effective\nMACs", 2, lambda line: line.effective_macs),
    _count("flops", "FLOPs", 4, lambda line: line.known("flops")),
    _count("bias_adds", "bias\nadditions", 4, lambda line: line.known("bias_adds")),
    Shown(_INTENSITY, lambda line, _: line.intensity),
)
_BY_NAME = {one.column.name: one for one in _EVERY}
# What can be asked for beside the name of a layer, from left to right.
COLUMNS = (*_BY_NAME, "formula")
_USUAL = ("kind", "output_shape", "params", "macs", "share")


def shown(
    columns: Sequence[str] | None = None,
    extra: Sequence[str] = (),
    formula: Formula = "params",
    units: Units = "exact",
) -> list[Shown]:
    """Return the columns of a report, from left to right.

    Parameters
    ----------
    columns
        The names of those beside the name of a layer; None for the usual ones.
    extra
        Names of further columns.
    formula
        Which arithmetic to show, if any.
    units
        How counts print: `exact`, or `auto` with the prefixes of the SI.
    """
    if formula not in tuple(_HEADS):
        refuse(ValueError, "formula", formula, "'params' or 'macs'")
    check_units(units)
    names = (*_USUAL, *extra, "formula") if columns is None else (*_checked(columns), *extra)
    if formula != "params" and "formula" not in names:
        raise ValueError(
            f"formula={formula!r} has no column: add 'formula' to the columns, or leave it out"
        )
    known = _BY_NAME | {"formula": _formula(formula)}
    made = [_NAME, *(known[name] for name in dict.fromkeys(names) if name != "name")]
    return [one._replace(column=in_units(one.column, units)) for one in made]


def _formula(formula: Formula) -> Shown:
    title = Column("formula", _HEADS[formula], str, least=20, leaves=FORMULA)
    return Shown(title, lambda line, _: line.formula(formula))


def _shown_again(column: Column) -> Shown:
    """Return a column that was pickled: the functions for its values are here."""
    if column.name == "formula":
        return _formula("params" if column.title == _HEADS["params"] else "macs")
    return (_NAME if column.name == "name" else _BY_NAME[column.name])._replace(column=column)


def _checked(columns: Sequence[str]) -> list[str]:
    given = [columns] if isinstance(columns, str) else columns
    if not isinstance(given, (list, tuple)):
        refuse(TypeError, "columns", columns, "a list of names, such as ['kernel', 'params']")
    for name in given:
        if name not in ("name", *COLUMNS):
            refuse_choice("columns", name, COLUMNS)
    return [*given]


def check_units(units: Units) -> Units:
    """Return how counts print, or refuse what is neither `exact` nor `auto`."""
    if units not in ("exact", "auto"):
        refuse(ValueError, "units", units, "'exact' or 'auto'")
    return units


def in_units(column: Column, units: Units) -> Column:
    """Return a column whose counts print as asked for."""
    if units == "exact" or column.text is not count_text:
        return column
    return column._replace(text=bytes_text if column.name == "size" else scaled_text)


def scaled_text(value: Count | None) -> str:
    """Format a count with the prefix of its unit; None as an empty string."""
    return "" if value is None else scaled(value)


def bytes_text(value: Count | None) -> str:
    """Format a number of bytes with the prefix of its unit; None as an empty string.

    Examples
    --------
    >>> bytes_text(14_155_936), bytes_text(800)
    ('13.50 MiB', '800 bytes')
    >>> bytes_text(1024**2 - 1)
    '1.00 MiB'
    """
    if type(value) is not int or value < _KIB:
        return "" if value is None else f"{count_text(value)} bytes"
    return f"{prefixed(value, _KIB, 'KMGTPEZY', ',.2f')}iB"


_KIB = 1024
