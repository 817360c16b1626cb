"""Budgets: whether a model stays within limits, and no larger than it was."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from convcost._cost import text
from convcost._exact.amounts import read_count, read_share, read_size
from convcost._exact.attributes import unknown_attribute
from convcost._exact.kinds import is_expression
from convcost._exact.scalars import join_names
from convcost._models.errors import ModelError, missing
from convcost._report.cells import clean
from convcost._report.notes import without_type
from convcost._report.summaries import counted

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import TypeAlias, TypedDict

    from convcost._exact.types import Count
    from convcost._models.network import Network
    from convcost._models.types import ModelShape, ModelSource, OnUnknown, OutputShapes
    from convcost._report.saved import SavedNetwork

    Counted: TypeAlias = Network | SavedNetwork
    # A number, or a text with a unit: 300M, 4MiB.
    Amount: TypeAlias = int | float | str
    Share: TypeAlias = Fraction | float | str

    class Budget(TypedDict, total=False):
        """The arguments of `check` after the model and its input shape."""

        max_params: Amount | None
        max_macs: Amount | None
        max_flops: Amount | None
        max_size: Amount | None
        baseline: Network | ModelSource | None
        tolerance: Share
        on_unknown: OnUnknown
        shapes: OutputShapes | None


# Longer numbers print in short.
_SHOWN = 10**24
# What has a limit, and its unit in print.
UNITS = {"params": "parameters", "macs": "MACs", "flops": "FLOPs", "size": "bytes"}


@dataclass(frozen=True)
class Limit:
    """A limit of a budget, and what was measured.

    Attributes
    ----------
    quantity
        `params`, `macs`, `flops` or `size`.
    measured
        What the model has: a count, or bytes.
    limit
        The most that it may have.
    baseline
        What the baseline has, if the limit follows from it.
    tolerance
        The share by which the model may be larger than that.
    """

    quantity: str
    measured: int
    limit: int
    baseline: int | None = None
    tolerance: Fraction = Fraction(0)

    # Hidden from type checkers, which would take any name for an attribute.
    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any:
            return unknown_attribute(self, name)

    @property
    def fits(self) -> bool:
        """Whether the model is within the limit."""
        return self.measured <= self.limit

    @property
    def over(self) -> int:
        """By how much the model is over the limit; 0 if it fits."""
        return max(0, self.measured - self.limit)

    @property
    def allowed(self) -> str:
        """The limit in words."""
        if self.baseline is None:
            return f"at most {_amount(self.quantity, self.limit)}"
        if not self.tolerance:
            return f"at most {_amount(self.quantity, self.limit)} as in the baseline"
        more = f"{_percent(self.tolerance)} more than {_digits(self.baseline)} in the baseline"
        return f"at most {_amount(self.quantity, self.limit)}, {more}"

    @property
    def verdict(self) -> str:
        """By how much the model is over the limit; empty if it fits."""
        if self.fits:
            return ""
        share = f" ({_percent(Fraction(self.over, self.limit))})" if self.limit else ""
        return f"{_digits(self.over)} too many{share}"

    def __str__(self) -> str:
        return "  ".join(self._cells).rstrip()

    @property
    def _cells(self) -> tuple[str, ...]:
        name = "size" if self.quantity == "size" else UNITS[self.quantity]
        behind = f": {self.verdict}" if self.verdict else ""
        said = "ok" if self.fits else "OVER"
        return said, name, _amount(self.quantity, self.measured), f"{self.allowed}{behind}"


@dataclass(frozen=True, repr=False)
class Check:
    """What a check of a budget found; prints as one line for each limit.

    Attributes
    ----------
    name
        The model's name.
    limits
        The limits, each with what was measured.
    notes
        What the check does not say, such as which layers were left out.

    Examples
    --------
    >>> import convcost
    >>> dense = {"class_name": "Dense", "config": {"name": "head", "units": 10}}
    >>> model = {"name": "tiny", "layers": [dense]}
    >>> check = convcost.check(model, (1152,), max_params="10k", max_macs="1M")
    >>> check
    tiny: over budget
      OVER  parameters  11,530  at most 10,000: 1,530 too many (15.3 %)
      ok    MACs        11,520  at most 1,000,000
    >>> check.fits, [limit.over for limit in check.limits]
    (False, [1530, 0])
    """

    name: str
    limits: tuple[Limit, ...]
    notes: tuple[str, ...] = ()

    # Hidden from type checkers, which would take any name for an attribute.
    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any:
            return unknown_attribute(self, name)

    @property
    def fits(self) -> bool:
        """Whether the model is within all limits."""
        return all(limit.fits for limit in self.limits)

    @property
    def title(self) -> str:
        """The model's name, and whether it fits."""
        return f"{self.name}: {'within' if self.fits else 'over'} budget"

    def __repr__(self) -> str:
        lines = text.align([limit._cells for limit in self.limits], right=(2,))
        notes = [f"  note: {clean(note, 'utf-8')}" for note in self.notes]
        return "\n".join([clean(self.title, "utf-8"), *(f"  {line}" for line in lines), *notes])

    def _repr_html_(self) -> str:
        rows = [(*limit._cells[:3], limit.allowed, limit.verdict) for limit in self.limits]
        table = text.table(("", "quantity", "measured", "limit", "over"), rows, right=(2,))
        around = [f"<p>{text.escape(line)}</p>" for line in (self.title, *self.notes)]
        return f"{around[0]}{table}{''.join(around[1:])}"


def check(
    source: Network | ModelSource,
    input_shape: ModelShape = None,
    *,
    max_params: Amount | None = None,
    max_macs: Amount | None = None,
    max_flops: Amount | None = None,
    max_size: Amount | None = None,
    baseline: Network | ModelSource | None = None,
    tolerance: Share = 0,
    on_unknown: OnUnknown = "error",
    shapes: OutputShapes | None = None,
) -> Check:
    """Return whether a model is within a budget.

    Parameters
    ----------
    source, input_shape, on_unknown, shapes
        The model, as `summary` takes it.
    max_params
        The most parameters: an integer, or a text such as `"5M"`.
    max_macs, max_flops
        The most multiply-accumulates, and FLOPs (two for each MAC), for one input.
    max_size
        The most bytes of the parameters, by the types of the weights: `"4MiB"`, `"4MB"`, or an
        integer.
    baseline
        A saved report or a model; neither parameters nor MACs, FLOPs or bytes may be more.
    tolerance
        By which share they may be more all the same: `"1%"`, or 0.01.

    Returns
    -------
    Check
        Each limit with what was measured; `fits` tells whether all hold.

    Raises
    ------
    TypeError, ValueError
        If there is no limit, or one is not a number of its unit.
    ModelError
        If the model can't be read, a formula with open sides would have to be compared with a
        number, or the type of a weight is not known, and with it the bytes.

    Examples
    --------
    >>> import convcost
    >>> convcost.check("docs/gallery/fashion_mnist.json", max_macs="5M", max_size="1MiB").fits
    True
    """
    given = {
        "params": None if max_params is None else read_count("max_params", max_params),
        "macs": None if max_macs is None else read_count("max_macs", max_macs),
        "flops": None if max_flops is None else read_count("max_flops", max_flops),
        "size": None if max_size is None else read_size("max_size", max_size),
    }
    share = read_share("tolerance", tolerance)
    if baseline is None and all(limit is None for limit in given.values()):
        raise ValueError("give a limit: max_params, max_macs, max_flops, max_size or baseline")
    if baseline is None and share:
        raise ValueError("tolerance needs a baseline: the model may be larger by that")
    model = counted(source, input_shape, on_unknown, shapes)
    notes = list(_left_out(model, "the model"))
    limits = [
        Limit(quantity, _measured(model, quantity, f"max_{quantity}"), limit)
        for quantity, limit in given.items()
        if limit is not None
    ]
    if baseline is not None:
        before = _before(baseline, input_shape, on_unknown)
        limits += _against(before, model, share)
        notes += _differences(before, model)
    return Check(model.name, tuple(limits), tuple(notes))


def _before(
    baseline: Network | ModelSource, input_shape: ModelShape, on_unknown: OnUnknown
) -> Counted:
    """Return the baseline; where there is no such file, say how to write it."""
    try:
        return counted(baseline, input_shape, on_unknown, shaped=False)
    except FileNotFoundError as error:
        path = str(baseline)
        if path.isidentifier():  # the name of a model, which may need Keras
            raise
        _, near, names = str(error).partition("; did you mean")
        raise missing(
            f"baseline must be a saved report or a model, and there is no file {path!r}: write it"
            f" with summary(model).to_json({path!r}){near}{names}"
        ) from None
    except (TypeError, ValueError) as error:
        message = str(error)
        if not message.startswith("source must"):
            raise
        raise type(error)(f"baseline{message.removeprefix('source')}") from None


def _against(before: Counted, model: Counted, share: Fraction) -> Iterator[Limit]:
    """Yield a limit for each quantity that is known of both."""
    for quantity in UNITS:
        if quantity == "size" and None in (before.size, model.size):
            continue
        there = _measured(before, quantity, "baseline")
        most = int(there * (1 + share))  # rounded down: counts are whole
        yield Limit(quantity, _measured(model, quantity, "baseline"), most, there, share)


def _differences(before: Counted, model: Counted) -> Iterator[str]:
    """Yield what makes a comparison with a baseline say less."""
    for one in (before, model):
        if one.size is None:
            yield f"bytes are not compared: they need the types, and {without_type(one)}"
            break
    if tuple(before.input_shapes) != tuple(model.input_shapes):
        yield (f"the baseline is for inputs of {_shown(before)}, and the model for {_shown(model)}")
    yield from _left_out(before, "the baseline")


def _left_out(model: Counted, which: str) -> Iterator[str]:
    if model.left_out:
        names = join_names([repr(name) for name in model.left_out])
        yield f"without {names} of {which}, whose cost is not known"


def _shown(model: Counted) -> str:
    return " and ".join(map(str, model.input_shapes))


def _measured(model: Counted, quantity: str, argument: str) -> int:
    value: Count | None = model.size if quantity == "size" else getattr(model.total(), quantity)
    if value is None:
        raise ModelError(
            f"{argument} needs the type of every weight, and {without_type(model)}: give the live"
            " model"
        )
    if is_expression(value):
        sides = join_names(sorted(map(str, value.free_symbols)))
        raise ModelError(
            f"{argument} needs input_shape in numbers: {model.name!r} leaves {sides} open, and its"
            f" {UNITS[quantity]} are the formula {value}"
        )
    return int(value)


def _amount(quantity: str, value: int) -> str:
    return f"{_digits(value)} bytes" if quantity == "size" else _digits(value)


def _digits(value: int) -> str:
    """Return a number with its digits; one that no model has, such as 1e400, in short."""
    return f"{value:,}" if value < _SHOWN else f"{Decimal(value):.3e}"


def _percent(share: Fraction) -> str:
    percent = 100 * share
    # A float holds any percentage below a hundred, but not every one above.
    return f"{_digits(round(percent))} %" if percent >= 100 else f"{float(percent):.3g} %"
