"""A model as a graph: layers and operations, and the tensors that each is called with.

Each source of models makes these entries: a layer of `convcost.layers` where there is one, and its
own `Operation` for the rest. Shapes are computed later, in `convcost._models.walk`.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from functools import cached_property
from graphlib import CycleError, TopologicalSorter
from heapq import heapify, heappop, heappush
from typing import TYPE_CHECKING, NamedTuple, Protocol, TypeAlias

from convcost._layers.wrapping import shown_kind
from convcost._models.around import Around
from convcost._models.errors import ModelError
from convcost._models.trees import leaves

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
    from typing import Any

    from convcost._exact.types import Factors
    from convcost._layers.base import Layer
    from convcost._layers.registry import Description
    from convcost._layers.steps import Part
    from convcost._layers.types import GivenShape
    from convcost._models.returns import Returns
    from convcost._models.unknown import Unknown

    # What is counted as one row; a graph has a row for each layer in it.
    Single: TypeAlias = "Layer[Any] | Operation | Source | Unknown | RegisteredLayer"
    # What an entry holds.
    Held: TypeAlias = "Single | Graph | Traced | Distributed"
    # A shape as a model records it, with the batch dimension.
    Recorded: TypeAlias = Sequence[int | None]
    # The arguments of a call, by place and by name.
    Arguments: TypeAlias = tuple[tuple[object, ...], dict[str, object]]

# Names of the models that contain a layer, outermost first, then its own name.
LayerPath: TypeAlias = tuple[str, ...]
# A call in the graph: the index of its entry, and the index among the entry's calls.
CallPlace: TypeAlias = tuple[int, int]


class Ref(NamedTuple):
    """A tensor: one output of one call of an entry."""

    entry: str
    call: int = 0
    output: int = 0


class SideOf(NamedTuple):
    """A side of a tensor, among the arguments of a call: the number itself when it is known."""

    tensor: Ref
    axis: int


class Call(NamedTuple):
    """One call of an entry.

    Attributes
    ----------
    refs
        The tensors among its arguments, in Keras's order.
    args, kwargs
        The arguments, with a `Ref` for each tensor, and a `Tensor` for each constant.
    around
        The loops and branches that it is made in.
    """

    refs: tuple[Ref, ...] = ()
    args: tuple[object, ...] = ()
    kwargs: dict[str, object] | None = None
    around: Around = Around()

    @property
    def needs(self) -> tuple[Ref, ...]:
        """The tensors that must be known before: its arguments, and those that loops go through."""
        lengths = [one.tensor for one in self.around.times if isinstance(one, SideOf)]
        return (*self.refs, *lengths) if lengths else self.refs

    @property
    def inputs(self) -> list[Ref | Tensor]:
        """What the entry computes with: tensors but masks; constants only in a list or alone."""
        given: list[object] = list(self.args)
        for name, value in sorted((self.kwargs or {}).items()):
            if name != "mask" and not name.endswith("_mask"):
                given.append(value)
        found: list[Ref | Tensor] = []
        for value in given:
            kinds = (Ref, Tensor) if type(value) is list else (Ref,)
            found += [one for one in leaves(value, kinds) if isinstance(one, (Ref, Tensor))]
        if not found:
            found += list(leaves(given, Tensor))[:1]
        return found

    def named(self, names: Sequence[str]) -> dict[str, object]:
        """Return the arguments by name, for a call whose arguments have these names in order."""
        return {**dict(zip(names, self.args, strict=False)), **(self.kwargs or {})}

    @classmethod
    def of(cls, args: tuple[object, ...], kwargs: dict[str, object] | None = None) -> Call:
        """Return a call with these arguments."""
        found = (*refs(args), *refs(kwargs)) if kwargs else tuple(refs(args))
        return cls(found, args, kwargs)


class Tensor(NamedTuple):
    """A tensor in the arguments of an operation: its shape, with the batch dimension.

    `variable` is the identity of the weight that it is, if it is one.
    """

    shape: Factors
    variable: Hashable = None


class Operation(Protocol):
    """A computation other than a layer, which reports its own output shapes and arithmetic.

    Shapes include the batch dimension, with its size, and no axis is treated differently. There may
    be a method `fixed_by`: it takes the arguments of a call at two widths, and whether each tensor
    among them depends on no input of the model, and returns what fixes a size that follows from the
    widths, or "".
    """

    def apply(
        self, args: tuple[object, ...], kwargs: dict[str, object], batch: int
    ) -> tuple[GivenShape, tuple[Part, ...]]:
        """Return the output shape of one call, and what it computes.

        Parameters
        ----------
        args, kwargs
            The arguments of the call, with a `Tensor` for each tensor.
        batch
            Size of the batch, for arguments that leave it open.

        Returns
        -------
        tuple
            The shape of the output, or a list of shapes; and what is computed, as `Step`,
            `Product` and `Weights` of `convcost._layers.steps`.

        Raises
        ------
        TypeError, ValueError
            If the operation can't take the arguments.
        """


class Source(NamedTuple):
    """An input of a model.

    Attributes
    ----------
    shape
        The shape that it declares, without the batch dimension, and with None for open sides.
    batch
        The size of the batch that it declares, or None.
    """

    shape: tuple[int | None, ...] | None
    batch: int | None = None


class RegisteredLayer(NamedTuple):
    """A layer that the user registered: the function, and the config to call it with."""

    name: str
    function: Description
    config: Mapping[str, object]


class Traced:
    """A layer whose graph follows from how it is called: from its own code."""

    # All weights that belong to it.
    variables: tuple[Variable, ...] = ()

    def trace(
        self, call: int, shapes: tuple[Factors, ...], training: bool = False
    ) -> Graph | Unknown:
        """Return the graph of one of its calls, for inputs of these shapes, the batch included.

        `training` says how the layer around it is called; the call itself may say otherwise.
        """
        raise NotImplementedError

    def changed(self, change: Callable[[Graph], Graph]) -> Traced:
        """Return the layer with what was recorded of it changed."""
        raise NotImplementedError


class Distributed(NamedTuple):
    """A layer that is called once for each step of the first axis; a cell with its states, too."""

    layer: Graph | Traced | RegisteredLayer
    returns: Returns | None = None


class Variable(NamedTuple):
    """A weight of a live layer; its identity is equal wherever it is used."""

    identity: Hashable
    name: str
    shape: tuple[int, ...]
    trainable: bool
    dtype: str | None = None


class Entry(NamedTuple):
    """A layer of a model, and its calls.

    Attributes
    ----------
    name
        Its name, unique in the graph. What an entry without a name holds, the graph itself lists.
    kind
        Name of its class.
    layer
        A layer, an operation, a graph, an input, or an unknown layer.
    trainable
        Whether training may change its weights.
    calls
        Its calls, with their arguments.
    identity
        Equal for entries that share their weights, also in different graphs.
    variables
        Its own weights, in the order in which its class lists them; None if they are not known.
    replaced
        The weights that another layer in its place had, or that a layer here that is registered
        or not known has.
    dtype
        The type of its weights, where the layer does not fix another one; None if it is not known.
    """

    name: str
    kind: str
    layer: Held
    trainable: bool
    calls: tuple[Call, ...]
    identity: Hashable
    variables: tuple[Variable, ...] | None = None
    replaced: tuple[Variable, ...] = ()
    dtype: str | None = None

    def within(self, path: LayerPath) -> LayerPath:
        """Return the path of the entry in a graph with this path."""
        return (*path, self.name) if self.name else path

    def changed(self, change: Callable[[Graph], Graph]) -> Entry:
        """Return the entry with its graph changed, or each of its recorded graphs."""
        layer = self.layer
        inner = layer.layer if isinstance(layer, Distributed) else layer
        if not isinstance(inner, (Graph, Traced)):
            return self
        made = change(inner) if isinstance(inner, Graph) else inner.changed(change)
        around = layer._replace(layer=made) if isinstance(layer, Distributed) else made
        return self._replace(layer=around)

    def holding(self, layer: Layer[Any], identity: Hashable) -> Entry:
        """Return the entry with another layer in place of its own, which has other weights."""
        former = (*self.replaced, *(self.variables or ()))
        made = self._replace(layer=layer, kind=shown_kind(layer), identity=identity)
        return made._replace(variables=None, replaced=former)


@dataclass(frozen=True)
class Graph:
    """Entries, with the inputs and outputs of the whole graph.

    Parameters
    ----------
    name
        The model's name.
    kind
        Name of its class.
    entries
        The layers, in the order in which the model lists them.
    inputs, outputs
        Tensors, nested in lists, tuples and dicts as in the model.
    trainable
        Whether training may change anything in it.
    variables
        All weights that belong to it; those that no entry uses are counted as well.
    as_built
        Whether its layers are still those for which the weights were made.
    """

    name: str
    kind: str
    entries: tuple[Entry, ...]
    inputs: object
    outputs: object
    trainable: bool = True
    variables: tuple[Variable, ...] = ()
    as_built: bool = False

    @cached_property
    def order(self) -> list[tuple[Entry, int, Call]]:
        """The calls, each after those that it depends on, otherwise in the order of the entries.

        Raises
        ------
        ModelError
            If calls depend on each other, or on a tensor that no call makes.
        """
        places = {entry.name: place for place, entry in enumerate(self.entries)}
        if len(places) != len(self.entries):
            ((twice, _),) = Counter(entry.name for entry in self.entries).most_common(1)
            raise ModelError(f"model {self.name!r} has two layers named {twice!r}")
        needs = {
            (place, index): {self._origin(places, ref, entry.name) for ref in one.needs}
            for place, entry in enumerate(self.entries)
            for index, one in enumerate(entry.calls)
        }
        for ref in (*refs(self.inputs), *refs(self.outputs)):
            self._origin(places, ref, "")
        listed = all(origin < call for call, origins in needs.items() for origin in origins)
        order = needs if listed else self._sorted(needs)
        return [
            (self.entries[place], index, self.entries[place].calls[index]) for place, index in order
        ]

    def _sorted(self, needs: dict[CallPlace, set[CallPlace]]) -> Iterator[CallPlace]:
        """Yield the calls in order: always the first listed one whose inputs have been made."""
        sorter = TopologicalSorter(needs)
        try:
            sorter.prepare()
        except CycleError as error:
            place, _ = min(error.args[1])
            name = self.entries[place].name
            raise ModelError(
                f"model {self.name!r} has a cycle: layer {name!r} depends on itself"
            ) from error
        ready = list(sorter.get_ready())
        heapify(ready)
        while ready:
            first = heappop(ready)
            yield first
            sorter.done(first)
            for freed in sorter.get_ready():
                heappush(ready, freed)

    def _origin(self, places: dict[str, int], ref: Ref, user: str) -> CallPlace:
        """Return the call that makes a tensor."""
        place = places.get(ref.entry)
        if place is None or not 0 <= ref.call < len(self.entries[place].calls):
            needed = f"layer {user!r} of model" if user else "an input or output of model"
            raise ModelError(
                f"{needed} {self.name!r} refers to call {ref.call} of a layer {ref.entry!r}, which"
                " does not exist"
            )
        return place, ref.call


def input_entry(name: str, shape: tuple[int | None, ...] | None, batch: int | None = None) -> Entry:
    """Return the entry for an input with a declared shape, without the batch dimension."""
    return Entry(name, "InputLayer", Source(shape, batch), True, (Call(),), object())


def refs(tree: object) -> Iterator[Ref]:
    """Yield the tensors in nested lists, tuples and dicts, in Keras's order."""
    return leaves(tree, Ref)
