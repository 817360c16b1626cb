"""Other layers in the place of a model's own: each of them everywhere that it is used."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from convcost._layers import TimeDistributed
from convcost._layers.base import Layer
from convcost._models.errors import ModelError
from convcost._models.graph import Distributed, Graph, Tensor
from convcost._models.recordings import Recordings, entries_of, held_layer
from convcost._models.trees import leaves

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable
    from typing import Any, TypeAlias

    from convcost._models.graph import Entry, Variable

    # Takes the identity of an entry, and its layer; returns the layer to put there, or None.
    Change: TypeAlias = Callable[[Hashable, Layer[Any]], Layer[Any] | None]


def with_changes(graph: Graph, change: Change) -> Graph:
    """Return a graph with other layers, in nested graphs and in recorded calls as well.

    A layer inside of `TimeDistributed` is changed like one outside.
    """

    def changed(inner: Graph) -> Graph:
        return replace(inner, entries=tuple(map(entry_of, inner.entries)), as_built=False)

    def entry_of(entry: Entry) -> Entry:
        layer, depth = unwrapped(entry.layer)
        made = change(entry.identity, layer) if isinstance(layer, Layer) else None
        return entry.changed(changed) if made is None else wrapped(entry, made, depth)

    return settled(graph, changed(graph))


def unwrapped(layer: object) -> tuple[object, int]:
    """Return the layer inside of `TimeDistributed`, and how many of these are around it."""
    depth = 0
    while isinstance(layer, TimeDistributed):
        layer, depth = layer.layer, depth + 1
    return layer, depth


def wrapped(entry: Entry, made: Layer[Any], depth: int) -> Entry:
    """Return an entry with another layer inside of as many `TimeDistributed`."""
    around = made
    for _ in range(depth):
        around = TimeDistributed(around)
    return entry.holding(around, (entry.identity, made))


def settled(before: Graph, after: Graph) -> Graph:
    """Return a changed graph without the weights that only the replaced layers had.

    Raises
    ------
    ModelError
        If another layer, or code, computes with a weight of a replaced layer, too.
    """
    known = {entry.identity for entry in entries_of(before)}
    made = [entry for entry in entries_of(after) if entry.identity not in known]
    former = {one.identity: one for entry in made for one in entry.replaced}
    _require_unshared(before, after, former)
    kept = {one.identity for entry in entries_of(after) for one in entry.variables or ()}
    gone = former.keys() - kept
    new = {entry.identity for entry in made}

    def pruned(graph: Graph) -> Graph:
        entries = tuple([entry_of(entry) for entry in graph.entries])
        return replace(graph, entries=entries, variables=_without(graph.variables, gone))

    def entry_of(entry: Entry) -> Entry:
        if entry.identity in new:
            return entry._replace(replaced=())
        around = entry.layer
        layer = held_layer(entry)
        if isinstance(layer, Recordings):
            layer = replace(layer, variables=_without(layer.variables, gone))
            held = around._replace(layer=layer) if isinstance(around, Distributed) else layer
            entry = entry._replace(layer=held)
        return entry.changed(pruned)

    return pruned(after)


def _require_unshared(before: Graph, after: Graph, former: dict[Hashable, Variable]) -> None:
    """Refuse that a layer is replaced if something else computes with its weights as well."""
    owners: dict[Hashable, dict[Hashable, str]] = {}
    for entry in entries_of(before):
        for one in entry.variables or ():
            owners.setdefault(one.identity, {})[entry.identity] = entry.name
    for identity, variable in former.items():
        if len(owners[identity]) > 1:
            raise _shared(variable, list(owners[identity].values()))
    for entry in entries_of(after):
        for call in entry.calls:
            for tensor in leaves([call.args, call.kwargs], Tensor):
                if tensor.variable in former:
                    raise _shared(former[tensor.variable], [entry.name])


def _without(variables: tuple[Variable, ...], gone: set[Hashable]) -> tuple[Variable, ...]:
    return tuple([one for one in variables if one.identity not in gone])


def _shared(variable: Variable, names: list[str]) -> ModelError:
    users = " and ".join(map(repr, dict.fromkeys(names)))
    return ModelError(
        f"a layer can't be replaced whose weight {variable.name!r} is used past it as well, by"
        f" {users}: name the other layers with where, or build the model that way"
    )
