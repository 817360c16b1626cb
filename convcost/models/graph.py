"""A model as a graph: layers, and which tensors each of them is called with. No shapes yet."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from functools import cached_property
from heapq import heapify, heappop, heappush
from typing import TYPE_CHECKING, Any, NamedTuple

from convcost.models.errors import ModelError

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterator

    from convcost.layers.base import Layer
    from convcost.models.keras.operations import Operation


class Ref(NamedTuple):
    """A tensor: one output of one call of an entry."""

    entry: str
    call: int = 0
    output: int = 0


class Call(NamedTuple):
    """One call of an entry.

    Attributes
    ----------
    refs
        The tensors among its arguments, in Keras's order.
    args, kwargs
        The arguments, with a `Ref` for each tensor.
    """

    refs: tuple[Ref, ...] = ()
    args: tuple[Any, ...] = ()
    kwargs: dict[str, Any] | None = None


def call(args: tuple[Any, ...], kwargs: dict[str, Any] | None = None) -> Call:
    """Return a call with these arguments."""
    found = (*refs(args), *refs(kwargs)) if kwargs else tuple(refs(args))
    return Call(found, args, kwargs)


class Source(NamedTuple):
    """An input of a model: the shape that it declares, None for sides that it leaves open."""

    shape: tuple[int | None, ...] | None


class Unknown(NamedTuple):
    """A layer that the library doesn't know, with the shapes that the model records for it."""

    kind: str
    inputs: tuple[Any, ...] = ()
    outputs: tuple[Any, ...] = ()


class RegisteredLayer(NamedTuple):
    """A layer that somebody registered: the function, and the config that it is called with."""

    name: str
    function: Any
    config: Any


class Entry(NamedTuple):
    """A layer of a model, and its calls.

    Attributes
    ----------
    name
        Its name, which no other entry of the graph has.
    kind
        Name of its class.
    layer
        What it is: a layer, an operation, a graph, an input, or something unknown.
    trainable
        Whether training may change its weights.
    calls
        With what it is called.
    identity
        The same for entries that share their weights, wherever they are.
    """

    name: str
    kind: str
    layer: Layer | Operation | Graph | Source | Unknown | RegisteredLayer
    trainable: bool
    calls: tuple[Call, ...]
    identity: Hashable


@dataclass(frozen=True)
class Graph:
    """Entries with inputs and outputs.

    Parameters
    ----------
    name
        The model's name.
    kind
        Name of its class.
    entries
        The layers, in the order in which the model lists them.
    inputs, outputs
        Tensors, in lists, tuples and dicts as the model has them.
    trainable
        Whether training may change anything in it.
    """

    name: str
    kind: str
    entries: tuple[Entry, ...]
    inputs: Any
    outputs: Any
    trainable: bool = True

    @cached_property
    def order(self) -> list[tuple[Entry, int, Call]]:
        """The calls, each behind those that it needs, otherwise as the entries are listed.

        Raises
        ------
        ModelError
            If calls need each other, or a tensor that no call makes.
        """
        places = {entry.name: place for place, entry in enumerate(self.entries)}
        if len(places) != len(self.entries):
            raise ModelError(f"model {self.name!r} has two layers of the name {self._twice()!r}")
        return _sort(self, places)

    def _twice(self) -> str:
        names = Counter(entry.name for entry in self.entries)
        return names.most_common(1)[0][0]


def leaves(tree: Any, kind: type) -> Iterator[Any]:
    """Yield what is of a kind in nested lists, tuples and dicts, in Keras's order."""
    if isinstance(tree, kind):
        yield tree
    elif isinstance(tree, (list, tuple)):
        for branch in tree:
            yield from leaves(branch, kind)
    elif isinstance(tree, dict):
        for key in sorted(tree, key=str):
            yield from leaves(tree[key], kind)


def refs(tree: Any) -> Iterator[Ref]:
    """Yield the tensors in nested lists, tuples and dicts, in Keras's order."""
    return leaves(tree, Ref)


def _sort(graph: Graph, places: dict[str, int]) -> list[tuple[Entry, int, Call]]:
    missing: dict[tuple[int, int], int] = {}
    needed_by: dict[tuple[int, int], list[tuple[int, int]]] = {}
    for place, entry in enumerate(graph.entries):
        for index, one in enumerate(entry.calls):
            wanted = {_origin(graph, places, ref, entry.name) for ref in one.refs}
            missing[place, index] = len(wanted)
            for origin in wanted:
                needed_by.setdefault(origin, []).append((place, index))
    for ref in (*refs(graph.inputs), *refs(graph.outputs)):
        _origin(graph, places, ref, "its outputs")
    ready = [key for key, number in missing.items() if not number]
    heapify(ready)
    order = []
    while ready:
        place, index = heappop(ready)
        entry = graph.entries[place]
        order.append((entry, index, entry.calls[index]))
        for key in needed_by.get((place, index), ()):
            missing[key] -= 1
            if not missing[key]:
                heappush(ready, key)
    if len(order) < len(missing):
        stuck = min(key for key, number in missing.items() if number)
        name = graph.entries[stuck[0]].name
        raise ModelError(f"model {graph.name!r} goes in a circle: layer {name!r} needs itself")
    return order


def _origin(graph: Graph, places: dict[str, int], ref: Ref, user: str) -> tuple[int, int]:
    """Return the place of the entry that makes a tensor, and which of its calls."""
    place = places.get(ref.entry)
    if place is None or not 0 <= ref.call < len(graph.entries[place].calls):
        raise ModelError(
            f"model {graph.name!r} has no output of call {ref.call} of a layer {ref.entry!r},"
            f" which {user!r} needs"
        )
    return place, ref.call
