"""Which weights of a model were counted before, and which of the others are trainable."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from convcost._cost.cost import total
from convcost._exact import arithmetic
from convcost._exact.arithmetic import elements, may_equal
from convcost._layers.arguments import show
from convcost._layers.steps import Weights
from convcost._models.dtypes import size_of

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable
    from typing import Any

    from convcost._cost.cost import Cost
    from convcost._exact.types import Count
    from convcost._layers.results import Weight
    from convcost._layers.types import GivenShape
    from convcost._models.graph import Entry, Tensor, Variable


class New(NamedTuple):
    """What a call costs, with the weights that no earlier call has.

    Attributes
    ----------
    cost
        The cost; parameters are those of the new weights.
    frozen
        Number of these that training does not change.
    size
        Their bytes; None if the type of one of them is not known.
    reused
        Whether all weights of the layer were counted before.
    """

    cost: Cost[Any]
    frozen: Count
    size: Count | None
    reused: bool


class WeightsSeen:
    """The weights that a walk through a model has counted.

    Parameters
    ----------
    as_built
        Whether the inputs have the shapes with which the layers were built.
    """

    def __init__(self, as_built: bool) -> None:
        self._seen: set[Hashable] = set()
        # The shapes that weights were counted or used with, by the identity of a weight, or of a
        # layer whose weights are not known.
        self._shapes: dict[Hashable, tuple[GivenShape, ...]] = {}
        self._as_built = as_built

    def copy(self) -> WeightsSeen:
        """Return weights that were seen, which does not see what this one sees afterwards."""
        made = WeightsSeen(self._as_built)
        made._seen, made._shapes = set(self._seen), dict(self._shapes)
        return made

    def unseen(self, variables: tuple[Variable, ...]) -> tuple[Variable, ...]:
        """Return those of a model's variables that no layer has used so far."""
        return tuple([one for one in variables if one.identity not in self._seen])

    def new(
        self, entry: Entry, cost: Cost[Any], weights: tuple[Weight, ...], trainable: bool
    ) -> New:
        """Return a cost without the weights that were counted before, and what is new."""
        self._seen.update(one.identity for one in entry.replaced)
        if entry.variables is None:
            self._require_equal(entry.identity, *[weight.shape for weight in weights])
            if entry.identity in self._seen:
                return New(cost.reused(), 0, 0, True)
            self._seen.add(entry.identity)
            size = size_of([(one.shape, one.dtype or entry.dtype) for one in weights])
            if not (trainable and entry.trainable):
                return New(cost, cost.params, size, False)
            return New(cost, _sum([one for one in weights if not one.trainable]), size, False)
        pairs = self._paired(entry.variables, weights)
        for one, weight in pairs:
            self._require_equal(one.identity, weight.shape)
        new = [(one, weight) for one, weight in pairs if one.identity not in self._seen]
        self._seen.update(one.identity for one, _ in new)
        size = size_of([(weight.shape, one.dtype) for one, weight in new])
        frozen = _sum([weight for one, weight in new if not (trainable and one.trainable)])
        if len(new) == len(pairs):
            reused = not pairs and entry.identity in self._seen
            self._seen.add(entry.identity)
            return New(cost, frozen, size, reused)
        added = [Weights(weight.shape).forward(False) for _, weight in new]
        return New(total([cost.reused(), *added]), frozen, size, not new)

    def use(self, tensors: Iterable[Tensor]) -> None:
        """Take note of tensors that an operation is called with, some of which are weights.

        Raises
        ------
        ValueError
            If a layer counts one of the weights with another number of elements.
        """
        for one in tensors:
            if one.variable is not None:
                self._require_equal(one.variable, one.shape)

    def _require_equal(self, identity: Hashable, *shapes: GivenShape) -> None:
        """Refuse weights that don't have as many elements wherever they are used."""
        known = self._shapes.setdefault(identity, shapes)
        for left, right in zip(known, shapes, strict=False):
            if left != right and not may_equal(elements(*left), elements(*right)):
                raise ValueError(
                    f"its weights are used elsewhere, too, where they have another shape:"
                    f" {show(left)} there and {show(right)} here; build the model that way, and"
                    " read it again"
                )

    def _paired(
        self, variables: tuple[Variable, ...], weights: tuple[Weight, ...]
    ) -> list[tuple[Variable, Weight]]:
        """Return the variables of a layer, each with the weight of its class that it is.

        Raises
        ------
        ValueError
            If they differ in number, or in size in a model as it was built.
        """
        variables = _in_order(variables, [one.name for one in weights])
        sizes = [elements(*one.shape) for one in variables]
        counted = [elements(*one.shape) for one in weights]
        known = self._as_built and all(type(size) is int for size in counted)
        if len(sizes) != len(counted) or (known and sizes != counted):
            held = ", ".join(f"{one.name} {show(one.shape)}" for one in variables) or "none"
            right = ", ".join(f"{one.name} {show(one.shape)}" for one in weights) or "none"
            raise ValueError(
                f"it holds other weights than a layer of its class: {held}; its class has {right}"
            )
        return list(zip(variables, weights, strict=True))


def _in_order(variables: tuple[Variable, ...], names: list[str]) -> tuple[Variable, ...]:
    """Return variables in the order of their names, if each has one of these for itself."""
    own = {one.name: one for one in variables}
    if len(own) < len(variables) or own.keys() != set(names):
        return variables
    return tuple([own[name] for name in names])


def _sum(weights: list[Weight]) -> Count:
    return arithmetic.total("params", [elements(*one.shape) for one in weights]) if weights else 0
