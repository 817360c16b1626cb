"""Calls of Keras operations, and the rules that evaluate them: one for each kind."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, NoReturn

from convcost._exact.scalars import refuse
from convcost._exact.sizes import check_integer
from convcost._layers import arguments
from convcost._models.graph import Tensor

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeAlias, TypeVar

    from convcost._exact.types import Count, Factors
    from convcost._layers.steps import Part, Product
    from convcost._layers.types import GivenShape

    # Takes a call; returns the shape of its output, a list of shapes, or what it computes.
    Rule: TypeAlias = Callable[["OperationCall"], "GivenShape | Product | Computed"]
    Rules = TypeVar("Rules", bound=Rule)


# More tensors than this from one operation are a mistake, or an attempt to exhaust memory.
MANY = 10_000

# By the names of Keras's classes.
RULES: dict[str, Rule] = {}


def rule(names: str) -> Callable[[Rules], Rules]:
    """Register a function as the rule for the named operations, separated by white space."""

    def add(function: Rules) -> Rules:
        RULES.update(dict.fromkeys(names.split(), function))
        return function

    return add


class Computed(NamedTuple):
    """The shape of an output, and what is computed for it."""

    output: GivenShape
    parts: tuple[Part, ...]


class OperationCall(NamedTuple):
    """A call of an operation: the operation's own arguments, those of the call, and the batch."""

    own: dict[str, object]
    args: tuple[object, ...]
    kwargs: dict[str, object]
    batch: int = 1

    def input(self, index: int, name: str) -> object:
        """Return an argument of the call, by place or by name."""
        if index < len(self.args):
            return self.args[index]
        if name in self.kwargs:
            return self.kwargs[name]
        raise ValueError(f"{name} must be given")

    def shape(self, index: int = 0, name: str = "x") -> Factors:
        """Return the shape of an argument of the call."""
        return shape_of(name, self.input(index, name))

    def option(self, name: str, default: object = None) -> object:
        """Return one of the operation's own arguments."""
        return self.own.get(name, default)

    def size(self, name: str, default: int | None = None) -> Count:
        """Return one of the operation's own arguments that is a positive integer."""
        return check_integer(name, self.option(name, default))

    def sizes(self, name: str) -> list[object]:
        """Return one of the operation's own arguments that lists a size for each axis.

        Keras records None for the size of a batch or of a side that is open. In the first axis it
        is that of the batch; which side another one is, nothing tells.
        """
        value = self.option(name)
        sizes = list(value) if isinstance(value, (list, tuple)) else [value]
        if sizes and sizes[0] is None:
            sizes[0] = self.batch
        return sizes

    def open_side(self, name: str) -> NoReturn:
        """Refuse a size that is not known."""
        raise ValueError(
            f"its {name} is {self.option(name)}, where None stands for an open side of some tensor,"
            " and nothing tells which: give the model shapes without open sides"
        )


def shape_of(name: str, value: object) -> Factors:
    """Return the shape of a tensor, a number, or a constant in nested lists."""
    if isinstance(value, Tensor):
        return value.shape
    sides: list[int] = []
    while isinstance(value, (list, tuple)):
        sides.append(len(value))
        if not value:
            break
        value = value[0]
    if isinstance(value, (dict, str)):
        refuse(TypeError, name, value, "a tensor, a number, or nested lists of numbers")
    return tuple(sides)


def axes_of(name: str, axes: object, rank: int) -> list[int]:
    """Return one axis, or several, counted from the first."""
    return [axis_of(name, one, rank) for one in listed(axes)]


def axis_of(name: str, axis: object, rank: int) -> int:
    """Return an axis, counted from the first; a negative one counts from the last."""
    axis = arguments.check_axis(name, axis)
    if not -rank <= axis < rank:
        refuse(ValueError, name, axis, f"an axis from {-rank} to {rank - 1}")
    return int(axis % rank)


def listed(value: object) -> list[object]:
    """Return the elements of a list or a tuple, or one value in a list."""
    return list(value) if isinstance(value, (list, tuple)) else [value]
