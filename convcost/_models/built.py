"""Compare the parameters that were counted with the weights of a live model that is built."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from convcost._exact.arithmetic import elements
from convcost._exact.kinds import is_expression
from convcost._exact.scalars import join_names
from convcost._layers.arguments import show
from convcost._layers.base import Layer
from convcost._models.errors import ModelError
from convcost._models.graph import RegisteredLayer
from convcost._models.recordings import entries_of, held_layer, with_recordings
from convcost._models.rows import as_one

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterator

    from convcost._exact.types import Count
    from convcost._models.graph import Entry, Variable
    from convcost._models.network import Network
    from convcost._models.rows import Row


class _Difference(NamedTuple):
    """What was counted, and what is built."""

    subject: str
    counted: Count
    built: int


def check_built(network: Network, whole: bool) -> None:
    """Refuse a network whose layers have other parameters than the weights of the live model.

    Parameters
    ----------
    network
        The model at the input shape that was given.
    whole
        Whether all layers of the model are built, so that it has all its weights.

    Raises
    ------
    ModelError
        If they differ; the message names the first such layer, and both numbers.
    """
    entries = list(entries_of(with_recordings(network.graph, network._traces)))
    difference = next(_layers(network, entries), None)
    if difference is None and whole and not _has_others(network, entries):
        difference = _total(network)
    if difference is not None:
        shapes = join_names([show(shape) for shape in network.input_shapes])
        raise ModelError(
            f"{difference.subject} is built with {difference.built:,} parameters, and with input of"
            f" {shapes} it would have {_number(difference.counted)}: leave out input_shape, build"
            " the model at that shape, or give its config, model.to_json(), which is counted as if"
            " built anew"
        )


def _number(count: Count) -> str:
    return str(count) if is_expression(count) else f"{count:,}"


def _layers(network: Network, entries: list[Entry]) -> Iterator[_Difference]:
    """Yield the layers whose weights are known and are others."""
    held: dict[Hashable, tuple[Variable, ...]] = {
        entry.identity: entry.variables for entry in entries if entry.variables is not None
    }
    for row in network.rows:
        variables = held.get(row.identity)
        if variables is None or not isinstance(row.layer, Layer):
            continue
        counted = _counted(row)
        built = sum([elements(*one.shape) for one in variables])
        if counted != built:
            yield _Difference(f"layer {row.name!r} ({row.kind})", counted, built)


def _counted(row: Row) -> Count:
    assert isinstance(row.layer, Layer)
    return sum([elements(*one.shape) for one in row.layer.weights_for(as_one(row.shape))])


def _total(network: Network) -> _Difference | None:
    built = sum([elements(*one.shape) for one in network.graph.variables])
    if network.params == built:
        return None
    return _Difference(f"the model {network.name!r}", network.params, built)


def _has_others(network: Network, entries: list[Entry]) -> bool:
    """Tell whether there are layers whose parameters are not counted from their own weights."""
    return bool(network.left_out) or any(
        isinstance(held_layer(one), RegisteredLayer) for one in entries
    )
