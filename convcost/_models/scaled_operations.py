"""Operations of a model whose widths are changed: what fixes a size in them is refused."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from convcost._layers import Reshape
from convcost._layers.base import Layer
from convcost._layers.reshaping import follows
from convcost._models.graph import Ref, RegisteredLayer, Source, Tensor
from convcost._models.trees import leaves
from convcost._models.unknown import Unknown

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import TypeAlias

    from convcost._exact.types import Factors
    from convcost._layers.steps import Part
    from convcost._layers.types import GivenShape
    from convcost._models.graph import Arguments, Call, Entry, Operation, Single
    from convcost._models.visits import Visit

    # The batch, and the place of a row.
    Key: TypeAlias = tuple[int, int]


class Before:
    """Takes note of what each row is called with, in a walk through the model as it is."""

    def __init__(self) -> None:
        self.shapes: dict[Key, list[Factors]] = {}
        self.arguments: dict[Key, Arguments] = {}

    def __call__(self, entry: Entry, visit: Visit, key: Key, layer: Single) -> Single:
        """Take note, and return the layer."""
        self.shapes[key] = [one.shape or () for one in visit.given]
        if isinstance(layer, (Layer, Source, Unknown, RegisteredLayer)):
            return layer
        return _Noted(layer, self.arguments, key)

    def checked(self, visit: Visit, key: Key, layer: Single) -> Single:
        """Return what is to be counted in place of a layer that is called with other shapes.

        Raises
        ------
        ValueError
            If it is a reshape whose sizes might be others there.
        """
        before = self.shapes.get(key)
        if before is None:
            return layer  # another batch: the same operations were checked with the first one
        if isinstance(layer, Reshape):
            (old,), (new,) = before, [one.shape or () for one in visit.given]
            if old != new and not follows(tuple(layer.target_shape), old[1:], new[1:]):
                raise ValueError(_unsaid(f"its target_shape {layer.target_shape} is fixed"))
        if isinstance(layer, (Layer, Source, Unknown, RegisteredLayer)):
            return layer
        return _Checked(layer, self.arguments[key], _constants(visit.call, visit))


class _Noted(NamedTuple):
    operation: Operation
    arguments: dict[Key, Arguments]
    key: Key

    def apply(
        self, args: tuple[object, ...], kwargs: dict[str, object], batch: int
    ) -> tuple[GivenShape, tuple[Part, ...]]:
        self.arguments[self.key] = args, kwargs
        return self.operation.apply(args, kwargs, batch)


class _Checked(NamedTuple):
    operation: Operation
    before: Arguments
    constant: list[bool]

    def apply(
        self, args: tuple[object, ...], kwargs: dict[str, object], batch: int
    ) -> tuple[GivenShape, tuple[Part, ...]]:
        fixed_by = getattr(self.operation, "fixed_by", None)
        why = fixed_by(self.before, (args, kwargs), self.constant) if fixed_by else ""
        if why:
            raise ValueError(_unsaid(why))
        return self.operation.apply(args, kwargs, batch)


def _constants(call: Call, visit: Visit) -> list[bool]:
    """Tell of each tensor among the arguments whether it depends on no input of the model."""
    found: list[bool] = []
    every: Iterator[Ref | Tensor] = leaves([call.args, call.kwargs], (Ref, Tensor))
    for one in every:
        if isinstance(one, Tensor):
            found.append(True)
            continue
        made = visit.known[one.entry, one.call]
        found.append((made[one.output] if isinstance(made, list) else made).constant)
    return found


def _unsaid(why: str) -> str:
    return (
        f"{why}, and the code does not say what it is at another width: name layers that keep"
        " theirs (keep), or build the model at that width"
    )
