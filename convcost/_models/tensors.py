"""Tensors in a walk through a graph: their shapes, and which of them an entry computes with."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from convcost._layers.base import Layer
from convcost._models.errors import ModelError
from convcost._models.graph import Ref, Tensor, Traced
from convcost._models.trees import leaves

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import TypeAlias

    from convcost._exact.types import Factors
    from convcost._models.graph import Call, Entry

    # What the calls of a graph made so far: a tensor each, or a list of them.
    Known: TypeAlias = dict[tuple[str, int], "Made | list[Made]"]


class Made(NamedTuple):
    """A tensor.

    Attributes
    ----------
    shape
        Its shape with the batch dimension; None if unknown.
    name
        Name of the layer or input that makes it.
    constant
        Whether it does not depend on any input of the model.
    """

    shape: Factors | None
    name: str
    constant: bool = False


def taken(entry: Entry, call: Call) -> Sequence[Ref | Tensor]:
    """Return the tensors that an entry computes with."""
    layer = entry.layer
    if isinstance(layer, Traced):
        return call.refs  # code takes its masks, too
    if not isinstance(layer, Layer) or not layer.computes_with:
        return call.inputs
    arguments = call.named(layer.call_arguments)
    given = [arguments.get(name) for name in layer.computes_with]
    return list(leaves(given, (Ref, Tensor)))


def given_by(known: Known, one: Ref | Tensor) -> Made:
    """Return a tensor: a call with several outputs has a list of them."""
    if isinstance(one, Tensor):
        return Made(one.shape, "", True)
    made = known[one.entry, one.call]
    several = made if isinstance(made, list) else [made]
    if not 0 <= one.output < len(several):
        raise ModelError(f"layer {one.entry!r} has no output {one.output}")
    return several[one.output]


def outputs_of(known: Known, one: Ref | Tensor) -> list[Made]:
    """Return an output of a graph, or all outputs of an entry without a name."""
    made = known[one.entry, one.call] if isinstance(one, Ref) and not one.entry else None
    return made if isinstance(made, list) else [given_by(known, one)]


def shape_of(known: Known, ref: Ref) -> Factors:
    return required([given_by(known, ref)])[0]


def required(given: Sequence[Made]) -> list[Factors]:
    """Return the shapes of tensors, or raise ValueError if one is not known."""
    shapes = [made.shape for made in given if made.shape is not None]
    if len(shapes) != len(given):
        raise ValueError("it needs the shape of an input that the model does not record")
    return shapes
