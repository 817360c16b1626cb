"""Count one call of a layer or an operation: its output and its cost for one input."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, NamedTuple

from convcost._cost.cost import Cost, total
from convcost._exact.kinds import is_expression
from convcost._layers import registry
from convcost._layers.merging import Add
from convcost._models.graph import Ref, SideOf, Tensor
from convcost._models.rows import as_one

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    from convcost._exact.types import Count, Factors
    from convcost._layers.base import Layer
    from convcost._layers.results import Weight
    from convcost._layers.steps import Part
    from convcost._layers.types import GivenShape
    from convcost._models.batch import Share
    from convcost._models.graph import Call, Operation, RegisteredLayer

# Limits against hostile files, which can repeat an axis until memory runs out, or make sides that
# take a minute to multiply.
_MOST_AXES = 64
_MOST_BITS = 4_096
_MOST_TERMS = 500
_MOST_TERMS_IN_ALL = 6_000

NOTHING = Cost(0, 0)
_NOT_ALIKE = (
    "the batch lies in an axis of its input where the layer does not treat each input alike, so"
    " that one input has no cost of its own"
)


class Counted(NamedTuple):
    """The output and the cost of one call, before they go into a row.

    Attributes
    ----------
    output
        The shape of its output with the whole batch, or a list of shapes; None if unknown.
    given
        The shapes of its inputs, with the share of one input in the batch.
    made
        The shape or shapes of its output, likewise.
    cost
        Its cost for one input, as if no weights were shared.
    weights
        Its weights, if it is a layer.
    layer, parts
        As in `Row`.
    """

    output: Factors | list[Factors | None] | None
    given: tuple[Factors | None, ...]
    made: Factors | list[Factors | None] | None
    cost: Cost[Any]
    weights: tuple[Weight, ...]
    layer: Layer[Any] | Operation | None
    parts: tuple[Part, ...] = ()


def count_layer(
    layer: Layer[Any], shapes: Sequence[Factors], share: Share, repeat: Count
) -> Counted:
    """Return the count of a layer that is called with inputs of these shapes, batch included.

    Parameters
    ----------
    layer
        The layer.
    shapes
        The shapes of its inputs.
    share
        What part of the computation belongs to one input of the model.
    repeat
        The number of such calls for each input of the model.
    """
    if not shapes:
        raise ValueError("it is called without an input tensor")
    shapes = _with_equal_batches(layer, shapes)
    batch, given = share.of_inputs(shapes)
    times, own = given[0][0], as_one(_without_batch(layer, given))
    elsewhere = any(one[1:] != shape[1:] for one, shape in zip(given, shapes, strict=True))
    try:
        output, cost = layer.output_and_cost(own, times * repeat, repeat)
    except ValueError as error:
        if elsewhere:
            raise ValueError(_NOT_ALIKE) from error
        raise
    share.require_alike(layer, batch, cost)
    weights = layer.weights_for(own)
    if output and isinstance(output[0], tuple):
        every: list[Factors | None] = [(times * batch, *one) for one in output]
        ones: list[Factors | None] = [(times, *one) for one in output]
        return Counted(every, tuple(given), ones, cost, weights, layer)
    whole: Factors = (times * batch, *output)
    if elsewhere:
        whole = _whole(layer, shapes, cost, batch, repeat)
    return Counted(whole, tuple(given), (times, *output), cost, weights, layer)


def _with_equal_batches(layer: Layer[Any], shapes: Sequence[Factors]) -> Sequence[Factors]:
    """Return the shapes with the batch in each, where a layer broadcasts constants to it."""
    batches = [shape[0] for shape in shapes if type(shape[0]) is not int or shape[0] != 1]
    if batches and isinstance(layer, Add) and all(one == batches[0] for one in batches):
        return [(batches[0], *shape[1:]) for shape in shapes]
    return shapes


def _without_batch(layer: Layer[Any], shapes: Sequence[Factors]) -> GivenShape:
    """Return the shape or shapes that a layer's methods take."""
    own = layer.given([shape[1:] for shape in shapes])
    if isinstance(own, list) and any(shape[0] != shapes[0][0] for shape in shapes):
        raise ValueError("its inputs differ in the elements moved into the batch dimension")
    return own


def _whole(
    layer: Layer[Any], shapes: Sequence[Factors], one: Cost[Any], batch: int, repeat: Count
) -> Factors:
    """Return the output for a whole batch that lies in another axis than the first one.

    Raises
    ------
    ValueError
        If the layer treats the inputs of a batch differently, as by a kernel that slides over them.
    """
    times, own = shapes[0][0], as_one(_without_batch(layer, shapes))
    output, cost = layer.output_and_cost(own, times * repeat, repeat)
    pairs = (
        (cost.params, one.params),
        (cost.macs, batch * one.macs),
        (cost.bias_adds, batch * one.bias_adds),
    )
    if not all(itertools.starmap(_equal, pairs)):
        raise ValueError(_NOT_ALIKE)
    return (times, *output)


def _equal(left: Count, right: Count) -> bool:
    if is_expression(left) or is_expression(right):
        difference = left - right
        return bool(difference.expand() == 0)
    return bool(left == right)


def describe(layer: RegisteredLayer, shapes: Sequence[Factors]) -> Layer[Any]:
    """Return the layer that a user's function describes for inputs of these shapes."""
    own = [shape[1:] for shape in shapes]
    shape = own[0] if len(own) == 1 else own
    return registry.describe(layer.name, layer.function, layer.config, shape)


def count_operation(
    operation: Operation,
    call: Call,
    shape_of: Callable[[Ref], Factors],
    batch: int,
    share: Share,
    repeat: Count,
) -> Counted:
    """Return the count of an operation.

    Parameters
    ----------
    operation, call
        The operation, and the arguments with which it is called.
    shape_of
        Returns the shape of a tensor among them.
    batch
        Size of the batch.
    share
        What part of the computation belongs to one input of the model.
    repeat
        The number of such calls for each input of the model.
    """

    def place(tree: object) -> object:
        if isinstance(tree, Tensor):
            return tree
        if isinstance(tree, Ref):
            return Tensor(shape_of(tree))
        if isinstance(tree, SideOf):
            return shape_of(tree.tensor)[tree.axis]
        if isinstance(tree, (list, tuple)):
            return [place(branch) for branch in tree]
        if isinstance(tree, dict):
            return {key: place(branch) for key, branch in tree.items()}
        return tree

    args = tuple(map(place, call.args))
    kwargs = {key: place(value) for key, value in (call.kwargs or {}).items()}
    output, parts = operation.apply(args, kwargs, batch)
    if isinstance(output, list) and len(output) == 1:
        output = output[0]
    parts = share.of_parts(parts)
    if type(repeat) is not int or repeat != 1:
        parts = tuple([part.repeated(repeat) for part in parts])
    cost = total([part.forward(False) for part in parts]) if parts else NOTHING
    whole: list[Factors | None] = list(output) if isinstance(output, list) else [output]
    made: list[Factors | None] = [None if one is None else share.of_shape(one) for one in whole]
    given = tuple([share.of_shape(shape_of(ref)) for ref in call.refs])
    if not isinstance(output, list):
        return Counted(output, given, made[0], cost, (), operation, parts)
    return Counted(whole, given, made, cost, (), operation, parts)


class Sizes:
    """The sizes in a walk, which refuses those that no model has, but a hostile file may."""

    def __init__(self) -> None:
        self._open: set[Count] = set()
        self._terms = 0

    def check(self, shape: Factors) -> None:
        """Raise ValueError for a shape that takes too long to compute with, by itself or at last.

        Layers with the same open sides are as quick as others, and few models have many sides.
        """
        if len(shape) > _MOST_AXES:
            raise ValueError(f"its output has {len(shape):,} axes, more than {_MOST_AXES}")
        for side in shape:
            if type(side) is int:
                if side.bit_length() > _MOST_BITS:
                    raise ValueError(f"a side of its output has more than {_MOST_BITS:,} bits")
            elif side not in self._open:
                self._open.add(side)
                self._add(side.count_ops())

    def _add(self, terms: int) -> None:
        if terms > _MOST_TERMS:
            raise ValueError(f"a side of its output has more than {_MOST_TERMS} terms")
        self._terms += terms
        if self._terms > _MOST_TERMS_IN_ALL:
            raise ValueError(
                f"{len(self._open):,} different open sides of layers up to here have more than"
                f" {_MOST_TERMS_IN_ALL:,} terms in all: give input_shape in numbers"
            )
