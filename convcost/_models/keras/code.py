"""A live layer whose own code says what it computes: each of its calls is traced as it is made."""

from __future__ import annotations

import inspect
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

import keras
from keras.src.utils.naming import to_snake_case

from convcost._exact.scalars import shorten
from convcost._models.errors import ModelError
from convcost._models.graph import Graph, Tensor, Traced, Unknown, leaves
from convcost._models.keras.nodes import tensors
from convcost._models.keras.open_sides import concrete, resolved
from convcost._models.keras.origins import is_operation
from convcost._models.keras.rebuilding import agrees, unsettled
from convcost._models.keras.tracing import recorded
from convcost._models.recordings import Recordings

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterator, Sequence
    from typing import Any

    from convcost._exact.types import Factors
    from convcost._models.graph import Variable
    from convcost._models.recordings import Graphs
    from convcost._models.types import KerasLayer, KerasNode, Reader


# Operations that call functions: what is computed in these, Keras does not record.
_CONTROL_FLOW = (
    "AssociativeScan",
    "Cond",
    "CustomGradient",
    "ForiLoop",
    "Map",
    "Scan",
    "Switch",
    "VectorizedMap",
    "WhileLoop",
)


class CallArguments(NamedTuple):
    """The arguments of one call of a layer, with symbolic tensors."""

    args: tuple[object, ...]
    kwargs: dict[str, object]


class Code(Traced):
    """A function of Keras tensors, with the arguments of each of its calls in a model.

    Parameters
    ----------
    reader
        Makes graphs of what it computes.
    name, kind
        Name of the layer, and of its class.
    function
        The function, usually the `call` of a layer.
    calls
        The arguments of each call.
    variables
        The weights that belong to the layer.
    unknown
        What stands for the layer if its code can't be run with symbolic tensors.
    """

    def __init__(
        self,
        reader: Reader,
        name: str,
        kind: str,
        function: Callable[..., object],
        calls: Sequence[CallArguments],
        variables: tuple[Variable, ...],
        unknown: Unknown,
    ) -> None:
        self._reader = reader
        self._name = name
        self._kind = kind
        self._function = function
        self._calls = calls
        self._unknown = unknown
        self._layer = getattr(function, "__self__", None)
        # Whether it is called within a call of another layer, at the sizes of the model's own.
        self._within = reader.within
        self.variables = variables
        self._known: Graphs = {}

    def __reduce__(self) -> tuple[type[Recordings], tuple[object, ...]]:
        """Copy and pickle what was recorded: the code stays with the live layer."""
        return Recordings, (self._kind, dict(self._known), self.variables)

    def trace(self, call: int, shapes: tuple[Factors, ...]) -> Graph | Unknown:
        """Return the graph of a call; sides that are expressions are open for Keras."""
        found = self._known.get((call, shapes))
        if found is None:
            found = self._known[call, shapes] = self._resolved(self._calls[call], shapes)
        return found

    def _resolved(self, arguments: CallArguments, shapes: tuple[Factors, ...]) -> Graph | Unknown:
        known = concrete(shapes)
        graph = self._traced(arguments, shapes)
        if known is None or isinstance(graph, Unknown):
            return graph
        sample = self._traced(arguments, known.shapes)
        return sample if isinstance(sample, Unknown) else resolved(graph, sample, known.sides)

    def _traced(self, arguments: CallArguments, shapes: Sequence[Factors]) -> Graph | Unknown:
        left = iter(shapes)
        args = tuple([_with_inputs(one, left) for one in arguments.args])
        kwargs = {
            name: _with_inputs(arguments.kwargs[name], left) for name in sorted(arguments.kwargs)
        }
        as_built = self._is_as_built(arguments, shapes) or (
            len(shapes) == 1 and agrees(self._layer, args, kwargs)
        )
        stale = set() if as_built else unsettled(self._layer, args, kwargs)
        try:
            with recorded(self._function, args, kwargs) as call:
                hidden = _not_followed(call.called)
                if hidden:
                    return self._unknown._replace(detail=f" whose call uses keras.ops.{hidden}")
                if not any(hasattr(one, "shape") for one in keras.tree.flatten(call.outputs)):
                    raise TypeError(f"it returns {shorten(call.outputs)}, which is not a tensor")
                with _within(self._reader, as_built):
                    graph = self._reader.traced(
                        self._name, self._kind, [args, kwargs], call.outputs, call.assigned
                    )
        except ModelError:
            raise
        except Exception as error:
            # The user's code may raise anything when it is called with symbolic tensors.
            return self._failed(error)
        _require_settled(graph, stale)
        return replace(graph, variables=self.variables)

    def _is_as_built(self, arguments: CallArguments, shapes: Sequence[Factors]) -> bool:
        """Tell whether these are the sizes of the call in the model."""
        if self._within is not None:
            return self._within
        known = [one.shape for one in tensors([arguments.args, arguments.kwargs])]
        return all(map(_fits, known, shapes))

    def _failed(self, error: Exception) -> Unknown:
        why = f"{type(error).__name__}: {error}".splitlines()[0]
        return self._unknown._replace(detail=f" whose call can't be traced ({shorten(why)})")


@contextmanager
def _within(reader: Reader, as_built: bool) -> Iterator[None]:
    before, reader.within = reader.within, as_built
    try:
        yield
    finally:
        reader.within = before


def _fits(recorded: Sequence[int | None], shape: Factors) -> bool:
    pairs = zip(recorded, shape, strict=False)
    return len(recorded) == len(shape) and all(old is None or old == new for old, new in pairs)


def _require_settled(graph: Graph, stale: set[Hashable]) -> None:
    """Refuse a call that uses weights that might have other shapes at its sizes."""
    calls = [call for entry in graph.entries for call in entry.calls]
    used = {one.variable for call in calls for one in leaves([call.args, call.kwargs], Tensor)}
    if used & stale:
        raise ValueError(
            "its code uses weights of layers in it, which might have other shapes at other sizes:"
            " build the model at that size in Keras, and read it again"
        )


def _not_followed(called: Sequence[KerasLayer]) -> str:
    """Return the name of an operation that runs functions of its own, such as `cond`; or ""."""
    for operation in called:
        kind = type(operation).__name__
        if is_operation(type(operation).__module__) and kind in _CONTROL_FLOW:
            return str(to_snake_case(kind))
    return ""


def _with_inputs(tree: object, shapes: Iterator[Factors]) -> object:
    """Return arguments with new symbolic tensors of these shapes in place of theirs."""
    if isinstance(tree, keras.KerasTensor):
        sides = [side if isinstance(side, int) else None for side in next(shapes)]
        return keras.Input(batch_shape=sides, dtype=tree.dtype)
    if isinstance(tree, (list, tuple)):
        made = [_with_inputs(branch, shapes) for branch in tree]
        return made if isinstance(tree, list) else _as_tuple(tree, made)
    if isinstance(tree, dict):
        changed = {key: _with_inputs(tree[key], shapes) for key in sorted(tree, key=str)}
        return {key: changed[key] for key in tree}
    return tree


def _as_tuple(tree: tuple[object, ...], made: list[object]) -> tuple[object, ...]:
    as_named: type[Any] = type(tree)
    return as_named(*made) if hasattr(tree, "_fields") else tuple(made)


def of_node(node: KerasNode, function: Callable[..., object]) -> CallArguments:
    """Return the arguments of a recorded call."""
    kwargs = {name: value for name, value in node.arguments.kwargs.items() if value is not None}
    return with_training(CallArguments(tuple(node.arguments.args), kwargs), function)


def of_input(dtype: object, function: Callable[..., object]) -> CallArguments:
    """Return the arguments of a call with one tensor."""
    return with_training(CallArguments((keras.KerasTensor((None,), dtype),), {}), function)


def with_training(arguments: CallArguments, function: Callable[..., object]) -> CallArguments:
    """Return arguments for a call that is not for training, unless they say so."""
    names = list(inspect.signature(function).parameters)[len(arguments.args) :]
    if "training" not in names or "training" in arguments.kwargs:
        return arguments
    return arguments._replace(kwargs={"training": False} | arguments.kwargs)
