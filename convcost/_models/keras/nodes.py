"""What Keras recorded of calls: its nodes and tensors, as calls and references of a graph."""

from __future__ import annotations

from typing import TYPE_CHECKING

import keras
from keras.src.utils.naming import to_snake_case

from convcost._models.around import Around
from convcost._models.errors import ModelError
from convcost._models.graph import Call, Ref, SideOf, Tensor
from convcost._models.keras.control_flow import around_of
from convcost._models.keras.tracing import node_of
from convcost._models.trees import leaves, with_branches

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from typing import Any, TypeAlias

    from convcost._models.types import KerasLayer, KerasNode, KerasTensor

    # Calls of one operation, with their indices among all its calls.
    Nodes: TypeAlias = list[tuple[int, KerasNode]]


class Names:
    """Unique names for the layers of a graph.

    Parameters
    ----------
    taken
        Names that layers of the graph have.
    numbered
        Whether Keras numbers operations and inputs through, so that their names differ between two
        traces of the same call; they then get the names of their classes.
    """

    def __init__(self, taken: Iterable[str] = (), numbered: bool = False) -> None:
        self._taken = set(taken)
        self._numbered = numbered
        self._given: dict[int, str] = {}
        self._used: set[str] = set()

    def of(self, layer: KerasLayer) -> str:
        """Return a layer's name, with a number appended if another layer has the same name."""
        given = self._given.get(id(layer))
        if given is not None:
            return given
        own = layer.name
        if self._numbered and not getattr(layer, "weights", ()):
            plain = to_snake_case(type(layer).__name__)
            if own.rstrip("0123456789").rstrip("_") == plain:
                own = plain
        name, number = own, 0
        while name in self._used:
            number += 1
            name = f"{own}_{number}"
        self._given[id(layer)] = name
        self._used.add(name)
        return str(name)

    def free(self, name: str) -> str:
        """Return the name, with underscores appended until no layer has it."""
        while name in self._taken or name in self._used:
            name += "_"
        self._used.add(name)
        return name


def calls_between(stop: set[int], pending: list[KerasTensor]) -> dict[int, Nodes]:
    """Return the calls that tensors come from, in order, grouped by the operation called."""
    seen: set[tuple[int, int]] = set()
    calls: dict[int, Nodes] = {}
    while pending:
        tensor = pending.pop()
        history = getattr(tensor, "_keras_history", None)
        if history is None:
            raise ModelError("an output of the model does not depend on any of its inputs")
        operation, index, _ = history
        key = (id(operation), index)
        if operation is None or key in seen:
            continue
        seen.add(key)
        node = node_of(tensor)
        calls.setdefault(id(operation), []).append((index, node))
        if id(tensor) not in stop:
            pending += node.input_tensors
            pending += [one for one in around_of(node).times if isinstance(one, keras.KerasTensor)]
    for nodes in calls.values():
        nodes.sort(key=lambda pair: pair[0])
    # They were found from the outputs backwards.
    return dict(reversed(calls.items()))


def call_of(node: KerasNode, ref: Callable[[KerasTensor], Ref | Tensor]) -> Call:
    """Return a recorded call with a `Ref` for each tensor."""
    arguments, around = node.arguments, around_of(node)
    args = tuple([replaced(one, ref) for one in arguments.args])
    if any(value is not None for value in arguments.kwargs.values()):
        call = Call.of(args, {key: replaced(one, ref) for key, one in arguments.kwargs.items()})
    else:
        call = Call.of(args)
    if around == Around():
        return call
    times = tuple([_time(one, ref) for one in around.times])
    return call._replace(around=around._replace(times=times))


def _time(length: object, ref: Callable[[KerasTensor], Ref | Tensor]) -> object:
    """Return how often a loop runs: a number, None, or the first side of a tensor."""
    if not isinstance(length, keras.KerasTensor):
        return length
    tensor = ref(length)
    return SideOf(tensor, 0) if isinstance(tensor, Ref) else tensor.shape[0]


def tensors(tree: object) -> Iterator[KerasTensor]:
    """Yield the symbolic tensors among arguments, in the order of the references of a call."""
    return leaves(tree, keras.KerasTensor)


def replaced(tree: object, ref: Callable[[KerasTensor], Ref | Tensor]) -> object:
    """Return arguments with a `Ref` for each tensor, and a `Tensor` for each constant."""
    if isinstance(tree, keras.KerasTensor):
        return ref(tree)
    if isinstance(tree, (list, tuple)):
        return [replaced(branch, ref) for branch in tree]
    if isinstance(tree, dict):
        return with_branches(tree, lambda branch: replaced(branch, ref))
    if isinstance(tree, (str, bytes)) or not hasattr(tree, "shape"):
        return tree
    return constant(tree)


def constant(value: Any) -> Tensor:
    """Return what stands for a variable, a symbolic tensor in place of one, or an array."""
    variable = getattr(value, "_variable", value)
    known = ("variable", id(variable)) if isinstance(variable, keras.Variable) else None
    return Tensor(tuple(value.shape), known)
