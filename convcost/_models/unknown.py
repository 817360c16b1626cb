"""A layer whose cost is not known: why, and what to do about it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from convcost._exact.types import Factors


class Unknown(NamedTuple):
    """A layer that the library does not know, with the shapes that the model records for it.

    Attributes
    ----------
    kind
        Name of its class.
    inputs, outputs
        The shapes of its inputs and outputs; empty if the model does not record them.
    detail
        What follows the class in the error message: where it comes from, what it holds, or with
        which argument a layer of a known class is not known.
    why
        Why its cost is not known, as a clause, where the class doesn't say it.
    ways
        What to do about it, besides registering the layer or leaving it out.
    known_as
        The name to register it under, where that is not the name of its class.
    shapes
        Returns the shapes of its outputs for those of its inputs, with the batch dimension; None
        instead if its arguments don't say them.
    """

    kind: str
    inputs: tuple[Sequence[int | None], ...] = ()
    outputs: tuple[Sequence[int | None], ...] = ()
    detail: str = ""
    why: str = ""
    ways: tuple[str, ...] = ()
    known_as: str = ""
    shapes: Callable[[list[Factors]], list[Factors]] | None = None

    def inside(self, kind: str, inner: str) -> Unknown:
        """Return what stands for a layer of a class around this one, of the class `inner`."""
        return Unknown(kind, detail=f" around {inner}{self.detail}", why=self.why, ways=self.ways)

    def message(self, name: str, place: str = "") -> str:
        """Return the error message for a layer of this name: what it is, why, and what to do."""
        why = f", as {self.why}" if self.why else ""
        known_as = self.known_as or self.kind
        ways = (*self.ways, f"register it with @convcost.layers.register({known_as!r})")
        return (
            f"layer {name!r} of class {self.kind}{self.detail}{place} has no known cost{why}:"
            f' {", ".join(ways)}, or leave it out with on_unknown="warn"'
        )
