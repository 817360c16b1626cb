"""Reports on models as JSON: what is saved, and how it is read back and checked."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, NoReturn

from convcost._cost.cost import from_counts
from convcost._exact.scalars import shorten
from convcost._models.errors import ModelError
from convcost._models.rows import Counted, Row, size_of

if TYPE_CHECKING:
    from typing import TypeAlias

    from convcost._exact.types import Count, Factors
    from convcost._report.lines import Line

    Fields: TypeAlias = dict[str, Any]

# Of the schema of saved reports, docs/_static/report.schema.json.
VERSION = 1
UNITS = {
    "params": "parameters: weights, biases included",
    "macs": "multiply-accumulates for one input",
    "flops": "floating-point operations for one input, two for each MAC",
    "bias_adds": "additions of a bias for one input",
    "size": "bytes of the parameters, by the types of the weights",
    "shapes": "elements, without the batch dimension",
}
_COUNTS = ("params", "macs", "flops", "bias_adds")
_NEEDED = ("name", "input_shapes", "left_out", "layers", "rows", "total")
# No model has such counts, but a hostile file may.
_BEYOND = 10**1000
# As many as a model may have.
_MOST_ROWS = 20_000


def header(convention: str) -> Fields:
    """Return what stands at the beginning of every saved report."""
    # The package has the version; it is imported wherever this module is.
    version = sys.modules["convcost"].__version__
    return {"version": VERSION, "convcost": version, "convention": convention, "units": UNITS}


def fields_of(line: Line) -> Fields:
    """Return what a saved report has of a line beside the columns of the table."""
    rows = line.rows
    known = line.left_out < len(rows)
    trainable = sum([row.trainable_params for row in rows])
    return {
        "input_shapes": list(rows[0].input_shapes) if len(rows) == 1 else None,
        "flops": line.cost.flops if known else None,
        "bias_adds": line.cost.bias_adds if known else None,
        "trainable_params": trainable if known else None,
        "size": size_of(rows) if known else None,
        "left_out": line.left_out,
    }


class SavedRow(Row):
    """A row of a saved report: what a layer costs, but not the layer."""

    @property
    def effective_macs(self) -> NoReturn:
        """Refuse: a saved report has no effective MACs."""
        _refuse_layer(self.name, "effective MACs")

    def intensity(self, element_size: int = 4) -> NoReturn:
        """Refuse: a saved report has no arithmetic intensity."""
        _refuse_layer(self.name, "arithmetic intensity")


def _refuse_layer(name: str, what: str) -> NoReturn:
    raise ModelError(
        f"the {what} of {name!r} can't be computed: a saved report holds the costs of a model but"
        " not the model; give the model"
    )


class SavedNetwork(Counted):
    """The costs of a model, from a saved report; in a table it stands for the model.

    Parameters
    ----------
    data
        The parsed JSON.

    Raises
    ------
    ModelError
        If a field is missing, has another type, or contradicts others.
    """

    conditions: tuple[tuple[Count, Count], ...] = ()

    def __init__(self, data: Any) -> None:
        _check_version(data)
        for field in _NEEDED:
            if field not in data:
                _refuse(f"it has no {field!r}")
        self.name: str = _text(data, "name", "the report")
        self.input_shapes: tuple[Factors, ...] = _shapes(data["input_shapes"], "input_shapes")
        self.left_out: tuple[str, ...] = tuple(_list(data["left_out"], "left_out"))
        if not all(isinstance(name, str) and name.isprintable() for name in self.left_out):
            _refuse(f"left_out must be names; got {shorten(list(self.left_out))}")
        found = _dict(data["layers"], "layers")
        shown, every = (_count(found, field, "layers") for field in ("shown", "in_model"))
        if shown != every:
            _refuse(
                f"it holds only {shown:,} of the {every:,} layers of {self.name!r}: save it without"
                " filters, top or groups"
            )
        rows = _list(data["rows"], "rows")
        if len(rows) > _MOST_ROWS:
            _refuse(f"it has more than {_MOST_ROWS:,} rows")
        read = [_row(_dict(one, f"rows[{place}]"), place) for place, one in enumerate(rows)]
        self.rows: tuple[Row, ...] = tuple(read)
        unknown = sum(_count(one, "left_out", f"rows[{place}]") for place, one in enumerate(rows))
        if unknown != len(self.left_out):
            _refuse(f"its rows leave out {unknown:,} layers, and left_out {len(self.left_out):,}")
        self._check_total(_dict(data["total"], "total"))

    def _check_total(self, given: Fields) -> None:
        sums = {field: getattr(self._total, field) for field in _COUNTS}
        sums["trainable_params"] = self.trainable_params
        for field, expected in sums.items():
            there = _count(given, field, "total")
            if there != expected:
                _refuse(f"its rows add up to {expected:,} {field}, but its total says {there:,}")
        if given.get("size") != self.size:
            _refuse(f"its rows add up to a size of {self.size}, but its total has another one")


def _check_version(data: Fields) -> None:
    version = data.get("version")
    if not {"name", "layers", "total"} & data.keys():
        _refuse("it is a comparison of models: save the summary of each")
    if version == VERSION and type(version) is int:
        return
    if type(version) is int and version > VERSION:
        _refuse(f"its version is {shorten(version)}, and this convcost reads {VERSION}: update it")
    _refuse(f"its version must be {VERSION}; got {shorten(version)}")


def _refuse(problem: str) -> NoReturn:
    raise ModelError(f"the saved report can't be read: {problem}")


def _row(data: Fields, place: int) -> Row:
    where = f"rows[{place}]"
    name, kind = _text(data, "name", where), _text(data, "kind", where)
    shapes = data.get("input_shapes")
    given = () if shapes is None else tuple(_shape(one, where) for one in _list(shapes, where))
    counts = [0, 0, 0]
    trainable, unknown = 0, data.get("params") is None
    size: int | None = 0
    if not unknown:
        counts = [_count(data, field, where) for field in ("params", "macs", "bias_adds")]
        if _count(data, "flops", where) != from_counts(counts).flops:
            _refuse(f"{where} must have two FLOPs for each MAC; got {data['flops']:,}")
        trainable = _count(data, "trainable_params", where)
        if trainable > counts[0]:
            _refuse(f"{where} must have at least as many params as trainable_params")
        size = None if data.get("size") is None else _count(data, "size", where)
    return SavedRow(
        tuple(name.split("/")),
        kind,
        None if unknown else _KNOWN,
        (),
        1,
        given,
        _shape(data.get("output_shape"), where),
        from_counts(counts),
        counts[0] - trainable,
        False,
        size=size,
    )


class _Known:
    """Stands for a layer, of which only the costs are known."""


_KNOWN: Any = _Known()


def _shapes(value: object, what: str) -> tuple[Factors, ...]:
    found = [_shape(one, what) for one in _list(value, what)]
    if None in found:
        _refuse(f"{what} must be lists of sides; got {shorten(value)}")
    return tuple([one for one in found if one is not None])


def _shape(value: object, what: str) -> Any:
    """Return a shape, several shapes of one layer, or None if it is not known."""
    if value is None:
        return None
    sides = _list(value, f"a shape of {what}")
    if sides and all(isinstance(one, list) or one is None for one in sides):
        return tuple([_shape(one, what) for one in sides])
    if not all(type(side) is int and side > 0 for side in sides):
        _refuse(
            f"a shape of {what} must be positive integers; got {shorten(sides)}: a report with open"
            " sides holds formulas, so save it with an input_shape in numbers"
        )
    return tuple(sides)


def _checked(value: object, what: str, kind: type, allowed: str) -> Any:
    if not isinstance(value, kind):
        _refuse(f"{what} must be {allowed}; got {shorten(value)}")
    return value


def _list(value: object, what: str) -> list[Any]:
    made: list[Any] = _checked(value, what, list, "a list")
    return made


def _dict(value: object, what: str) -> Fields:
    made: Fields = _checked(value, what, dict, "an object")
    return made


def _text(data: Fields, field: str, where: str) -> str:
    value = data.get(field)
    # Names are printed, so an escape sequence in one would reach the terminal.
    if not isinstance(value, str) or not value or not value.isprintable():
        _refuse(f"the {field} of {where} must be printable text; got {shorten(value)}")
    return value


def _count(data: Fields, field: str, where: str) -> int:
    value = data.get(field)
    if isinstance(value, str):
        _refuse(
            f"{field} of {where} is the formula {shorten(value)}: a report with open sides can't be"
            " compared, so save it with an input_shape in numbers"
        )
    if type(value) is not int or not 0 <= value < _BEYOND:
        _refuse(f"{field} of {where} must be a non-negative integer; got {shorten(value)}")
    return value
