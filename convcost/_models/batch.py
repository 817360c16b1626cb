"""The batch of a model, declared or open, and the share of one input in what it computes."""

from __future__ import annotations

from dataclasses import replace
from math import gcd
from typing import TYPE_CHECKING, Any, NamedTuple

from convcost._layers.base import Layer
from convcost._layers.steps import Convolved, Product, Step, Weights
from convcost._models.errors import ModelError
from convcost._models.graph import Distributed, Graph, RegisteredLayer, Source, Traced, refs
from convcost._models.unknown import Unknown

if TYPE_CHECKING:
    from collections.abc import Sequence

    from convcost._cost.cost import Cost
    from convcost._exact.types import Count, Factors
    from convcost._layers.steps import Part
    from convcost._models.graph import Held

# The sizes that stand for an open batch. Both of a pair must give the same cost for one input: a
# cost that grows with the batch differs. Where a side happens to equal a size of the first pair,
# the second pair tells.
_OPEN = ((11, 13), (17, 19))
PROBED = frozenset(size for pair in _OPEN for size in pair)


def batch_sizes(graph: Graph) -> tuple[tuple[int, ...], ...]:
    """Return the sizes of the batch to count a model with: the declared one, or pairs to compare.

    A batch of 1 will do for layers, which treat each input alike; operations may do anything with
    the batch dimension.
    """
    if not _computes_with_batch(graph):
        return ((1,),)
    inputs = {ref.entry for ref in refs(graph.inputs)}
    declared = {
        entry.layer.batch: entry.name
        for entry in graph.entries
        if entry.name in inputs and isinstance(entry.layer, Source)
    }
    sizes = {size: name for size, name in declared.items() if size is not None}
    if len(sizes) > 1:
        batches = " and ".join(f"{size} ({name!r})" for size, name in sorted(sizes.items()))
        raise ModelError(
            f"the inputs of model {graph.name!r} declare different batches, {batches}: it has no"
            " cost for one input"
        )
    return (tuple(sizes),) if sizes else _OPEN


def _computes_with_batch(held: Held) -> bool:
    if isinstance(held, Graph):
        return any(_computes_with_batch(entry.layer) for entry in held.entries)
    if isinstance(held, Distributed):
        return _computes_with_batch(held.layer)
    if isinstance(held, Layer):
        return held.computes_once
    # What is left are operations, and layers whose code calls them.
    return isinstance(held, Traced) or not isinstance(held, (RegisteredLayer, Source, Unknown))


def for_one(shape: Factors, batch: int) -> Factors | None:
    """Return the share of one input in a tensor: its shape with the batch divided out, or None.

    Examples
    --------
    >>> for_one((8, 28, 28, 3), 8), for_one((32, 49, 3), 8), for_one((5, 8, 3), 8)
    ((1, 28, 28, 3), (4, 49, 3), (5, 1, 3))
    >>> for_one((2, 4, 3), 8), for_one((5, 3), 8)
    ((1, 1, 3), None)
    """
    if batch == 1:
        return shape
    sides = list(shape)
    equal = [place for place, side in enumerate(sides) if type(side) is int and side == batch]
    for place in (0, *equal, *range(len(sides))) if sides else ():
        one = _divided(sides[place], batch)
        if one is not None:
            return (*sides[:place], one, *sides[place + 1 :])
    for place, side in enumerate(sides):
        common = gcd(side, batch) if type(side) is int else 1
        sides[place], batch = side // common if common != 1 else side, batch // common
    return tuple(sides) if batch == 1 else None


def _divided(side: Count, batch: int) -> Count | None:
    """Return a side divided by the batch, or None if it is not a multiple of it."""
    if type(side) is int:
        return None if side % batch else side // batch
    one = (side / batch).expand()
    # A coefficient that is not an integer: the batch does not divide the side.
    whole = all(term.as_coeff_Mul()[0].is_Integer for term in one.as_ordered_terms())
    return one if whole else None


class Share(NamedTuple):
    """What part of a computation belongs to one input of the model.

    Attributes
    ----------
    batch
        The number of inputs for which it is done; 1 for what is computed without any input.
    declared
        Whether the model declares that batch. If it is left open, what does not grow with the batch
        counts for one input in full; that it does not, another size of the batch tells.
    """

    batch: int
    declared: bool

    def of_inputs(self, shapes: Sequence[Factors]) -> tuple[int, list[Factors]]:
        """Return the shapes of a layer's inputs for one input, and what they were divided by."""
        made = [for_one(shape, self.batch) for shape in shapes]
        given = [one for one in made if one is not None]
        if len(given) == len(shapes):
            return self.batch, given
        return 1, list(shapes)

    def _refuse(self) -> None:
        if self.declared:
            raise ValueError(
                f"it is computed once for a batch of {self.batch}, which is not a whole number of"
                " MACs for one input: declare no batch"
            )

    def require_alike(self, layer: Layer[Any], divided: int, cost: Cost[Any]) -> None:
        """Refuse what a layer computes once for all inputs of a batch of several."""
        if self.batch == 1:
            return
        if layer.computes_once and self.declared:
            raise ValueError(
                f"it multiplies weights with each other, once for a batch of {self.batch}, and not"
                " for one input: declare no batch"
            )
        if divided != self.batch and (cost.macs != 0 or cost.bias_adds != 0):
            self._refuse()

    def of_shape(self, shape: Factors) -> Factors:
        """Return the shape of a tensor with the batch divided out, or the tensor for all inputs."""
        return for_one(shape, self.batch) or shape

    def of_parts(self, parts: Sequence[Part]) -> tuple[Part, ...]:
        """Return what an operation computes for one input."""
        made = [_part_for_one(part, self.batch) for part in parts]
        if None in made:
            self._refuse()
        return tuple([one or part for one, part in zip(made, parts, strict=True)])


def _part_for_one(part: Part, batch: int) -> Part | None:
    if isinstance(part, Product):
        return _product_for_one(part, batch)
    if isinstance(part, Convolved):
        step = _step_for_one(part.step, batch)
        return None if step is None else replace(part, step=step)
    if isinstance(part, Step):
        return _step_for_one(part, batch)
    return part if batch == 1 or isinstance(part, Weights) else None


def _product_for_one(product: Product, batch: int) -> Product | None:
    sides = for_one((*product.outputs, *product.inner), batch)
    left = product.effective and _product_for_one(product.effective, batch)
    if sides is None or (product.effective and left is None):
        return None
    ends = len(product.outputs)
    return replace(product, outputs=sides[:ends], inner=sides[ends:], effective=left)


def _step_for_one(step: Step, batch: int) -> Step | None:
    places, outputs = for_one(step.places, batch), for_one(step.outputs, batch)
    if places is None or outputs is None:
        return None
    return replace(step, places=places, outputs=outputs)
