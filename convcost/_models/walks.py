"""Walk through a whole model with each size of its batch, and require equal costs for one input."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from convcost._models.batch import batch_sizes, for_one
from convcost._models.errors import ModelError
from convcost._models.graph import Source, refs
from convcost._models.walk import Walk

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from convcost._exact.types import Factors
    from convcost._models.graph import Graph, LayerPath
    from convcost._models.recordings import Graphs
    from convcost._models.rows import Row
    from convcost._models.tensors import Made
    from convcost._models.walk import Rewrite


class DependsOnBatchError(ModelError):
    """The cost for one input depends on the size of the batch, which the model leaves open."""

    __module__ = "convcost"


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
    undivided
        Whether something is computed from the inputs, but not for each of an open batch.
    """

    rows: list[Row]
    outputs: list[tuple[str, Factors | None]]
    left_out: list[str]
    traces: dict[LayerPath, Graphs]
    constant: list[bool]
    undivided: bool


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
    found: list[Walked] = []
    failed: DependsOnBatchError | None = None
    for sizes in batch_sizes(graph):
        walk = partial(_walk, graph, shapes, on_unknown, rewrite, given, as_built, len(sizes) == 1)
        try:
            made, alike = _agreed(walk, sizes)
        except DependsOnBatchError as error:
            failed = error
            continue
        if alike:
            return made
        if found:
            _add_traces(found[0], made)
        found.append(made)
    if failed is not None and not found:
        raise failed
    return found[0]


def _walk(
    graph: Graph,
    shapes: Sequence[Factors],
    on_unknown: str,
    rewrite: Rewrite | None,
    given: Mapping[str, list[Factors]] | None,
    as_built: bool,
    declared: bool,
    batch: int,
    growing: frozenset[int] = frozenset(),
) -> Walked:
    walk = Walk(on_unknown, rewrite, batch, declared, as_built, given, growing)
    # With a declared batch the outputs are those of the model; with an open one, of one input.
    divisor = 1 if declared else batch
    outputs = [(one.name, _for_one(one, divisor)) for one in walk.start(graph, shapes)]
    traced, constant = walk.traces, walk.constant
    return Walked(walk.rows, outputs, walk.left_out, traced, constant, walk.undivided)


def _agreed(walk: Callable[..., Walked], sizes: tuple[int, ...]) -> tuple[Walked, bool]:
    """Return what a walk with each size of the batch gives, and whether another pair tells no more.

    Raises
    ------
    DependsOnBatchError
        If the costs for one input differ.
    """
    first, *others = map(walk, sizes)
    alike = True
    for batch, other in zip(sizes[1:], others, strict=True):
        growing = frozenset(_differing(first, other))
        if growing and all(first.constant[place] for place in growing):
            first, other = walk(sizes[0], growing), walk(batch, growing)
        _require_equal(first, other)
        shapes = [_shapes(row) for row in first.rows], [_shapes(row) for row in other.rows]
        alike = alike and _are_alike(*shapes, sizes[0], batch)
        _add_traces(first, other)
        if first.undivided:
            # Such as a sum over the batch; but eight inputs of a batch are not eight of one.
            _require_equal(first, walk(1, growing))
    return first, alike


def _add_traces(walked: Walked, other: Walked) -> None:
    for path, graphs in other.traces.items():
        walked.traces.setdefault(path, {}).update(graphs)


def _are_alike(one: object, other: object, batch: int, larger: int) -> bool:
    """Tell whether shapes are equal, or differ in sides that grow with the batch and nothing else.

    Where a side that happens to equal a size of the batch was taken for it, they differ otherwise.
    """
    if isinstance(one, (list, tuple)) and isinstance(other, (list, tuple)):
        return len(one) == len(other) and all(
            _are_alike(left, right, batch, larger) for left, right in zip(one, other, strict=True)
        )
    return one == other or (
        type(one) is int and type(other) is int and one * larger == other * batch
    )


def _shapes(row: Row) -> tuple[object, ...]:
    return row.times, row.input_shapes, row.output_shape


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
        raise DependsOnBatchError(_depends(left.rows[place]))
    if len(left.rows) != len(right.rows):
        raise DependsOnBatchError(_depends(left.rows[-1]))


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
