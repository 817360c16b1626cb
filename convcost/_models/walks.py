"""Walk through a whole model with each size of its batch, and require equal costs for one input."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from convcost._models.batch import batch_sizes, for_one
from convcost._models.errors import ModelError
from convcost._models.graph import Source, refs
from convcost._models.walk import Walk

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from convcost._exact.types import Factors
    from convcost._models.graph import Graph, LayerPath
    from convcost._models.recordings import Graphs
    from convcost._models.rows import Row
    from convcost._models.walk import Made, Rewrite


class Walked(NamedTuple):
    """What a model computes for one input.

    Attributes
    ----------
    rows
        A row for each call of each layer.
    outputs
        The name and the shape of each output, without the batch dimension; None if unknown.
    left_out
        Names of the layers that were left out because they are not known.
    traces
        What was recorded of calls, by path.
    constant
        Whether each row computes without any input of the model.
    """

    rows: list[Row]
    outputs: list[tuple[str, Factors | None]]
    left_out: list[str]
    traces: dict[LayerPath, Graphs]
    constant: list[bool]


def walked(
    graph: Graph,
    shapes: Sequence[Factors],
    on_unknown: str = "error",
    rewrite: Rewrite | None = None,
    given: Mapping[str, list[Factors]] | None = None,
) -> Walked:
    """Return what a model computes for one input of these shapes, without the batch dimension.

    `given` has the output shapes of layers that are left out, by name.

    Raises
    ------
    ModelError
        If the cost for one input depends on the size of the batch.
    """
    as_built = graph.as_built and rewrite is None and _declares(graph, shapes)
    batches = batch_sizes(graph)

    def walk_with(batch: int, growing: frozenset[int] = frozenset()) -> Walked:
        walk = Walk(on_unknown, rewrite, batch, len(batches) == 1, as_built, given, growing)
        outputs = [(one.name, _for_one(one, batch)) for one in walk.start(graph, shapes)]
        return Walked(walk.rows, outputs, walk.left_out, walk.traces, walk.constant)

    first, *others = map(walk_with, batches)
    for batch, other in zip(batches[1:], others, strict=True):
        growing = frozenset(_differing(first, other))
        if growing and all(first.constant[place] for place in growing):
            first, other = walk_with(batches[0], growing), walk_with(batch, growing)
        _require_equal(first, other)
        for path, graphs in other.traces.items():
            first.traces.setdefault(path, {}).update(graphs)
    return first


def _declares(graph: Graph, shapes: Sequence[Factors]) -> bool:
    """Tell whether a model declares these shapes as those of its inputs."""
    sources = {
        entry.name: entry.layer.shape for entry in graph.entries if isinstance(entry.layer, Source)
    }
    return [sources.get(ref.entry) for ref in refs(graph.inputs)] == list(shapes)


def _for_one(made: Made, batch: int) -> Factors | None:
    """Return the shape of an output for one input, without the batch dimension."""
    if made.shape is None:
        return None
    one = for_one(made.shape, batch) or made.shape
    return one[1:]


def _require_equal(left: Walked, right: Walked) -> None:
    """Raise ModelError if two sizes of the batch give different costs for one input."""
    for place in _differing(left, right):
        raise ModelError(_depends(left.rows[place]))
    if len(left.rows) != len(right.rows):
        raise ModelError(_depends(left.rows[-1]))


def _differing(left: Walked, right: Walked) -> Iterator[int]:
    """Yield the places of rows that differ between two sizes of the batch."""
    for place, (row, other) in enumerate(zip(left.rows, right.rows, strict=False)):
        if row.path != other.path or _counts(row) != _counts(other):
            yield place


def _counts(row: Row) -> tuple[object, ...]:
    return row.cost.params, row.cost.macs, row.cost.bias_adds


def _depends(row: Row) -> str:
    return (
        f"layer {row.name!r} ({row.kind}): what one input costs depends on the size of the batch,"
        " which the model leaves open; declare it with keras.Input(batch_shape=(8, ...))"
    )
