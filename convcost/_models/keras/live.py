"""Read live Keras models: from the calls that Keras recorded, or by recording a new call."""

from __future__ import annotations

import inspect
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

import keras
from keras.src.models.functional import Functional

from convcost._layers import Weight, registry
from convcost._layers.normalization import Holder
from convcost._models.errors import ModelError
from convcost._models.graph import (
    Call,
    Entry,
    Graph,
    Ref,
    RegisteredLayer,
    Tensor,
    Unknown,
    input_entry,
    leaves,
    refs,
)
from convcost._models.keras.layers import LayerCache, class_of, distributed
from convcost._models.keras.operation_calls import RULES
from convcost._models.keras.operations import KerasOperation
from convcost._models.keras.origins import is_keras, is_operation
from convcost._models.keras.policies import unusual_weights

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from typing import TypeAlias, TypeGuard

    from convcost._models.graph import Single
    from convcost._models.types import (
        KerasArguments,
        KerasGraph,
        KerasLayer,
        KerasNode,
        KerasTensor,
        KerasVariable,
        ModelShape,
    )

    # A shape for Keras: the batch first, None for open sides.
    Batched: TypeAlias = Sequence[int | None]
    # One for each input of a model, in a list or by name.
    Shapes: TypeAlias = Batched | list[Batched] | dict[str, Batched]
    # Calls of one operation, with their indices among all its calls.
    Nodes: TypeAlias = list[tuple[int, KerasNode]]


def graph_of_model(model: keras.Model, input_shape: ModelShape = None) -> Graph:
    """Return the graph of a live Keras model.

    A subclassed model is called once with symbolic tensors of the input shape, to record what it
    computes; that call builds the model if it was not built.
    """
    reader = _ModelReader()
    if _is_sequential(model) or _is_functional(model):
        return reader.graph(model)
    return reader.recorded(model, _shapes_for(model, input_shape))


def _is_sequential(layer: object) -> TypeGuard[keras.Sequential]:
    # A subclass that overrides `call` may compute anything.
    return isinstance(layer, keras.Sequential) and type(layer).call is keras.Sequential.call


def _is_functional(layer: object) -> TypeGuard[KerasGraph]:
    # A subclass made with inputs and outputs is functional unless it overrides `call`.
    return isinstance(layer, Functional) and type(layer).call is Functional.call


class _ModelReader:
    """Reads one model; layers with equal arguments become one object."""

    def __init__(self) -> None:
        self._make = LayerCache()

    def graph(self, model: KerasGraph | keras.Sequential) -> Graph:
        kind = type(model).__name__
        if not isinstance(model, keras.Sequential):
            return self._functional(model.name, kind, model, bool(model.trainable))
        if getattr(model, "_functional", None) is not None:
            return self._functional(model.name, kind, model._functional, bool(model.trainable))
        return self._unbuilt(model)

    def _functional(self, name: str, kind: str, model: KerasGraph, trainable: bool) -> Graph:
        order = {id(operation): place for place, operation in enumerate(model.operations)}
        graph = self._traced(name, kind, model._inputs_struct, model._outputs_struct, order)
        return replace(graph, trainable=trainable)

    def _unbuilt(self, model: keras.Sequential) -> Graph:
        """Return the chain of layers of a Sequential model that has no input shape yet."""
        names = _Names(layer.name for layer in model.layers)
        first = names.free("input")
        entries = [input_entry(first, None)]
        for layer in model.layers:
            fed = Call.of((Ref(entries[-1].name),))
            entries.append(self._entry(layer, names.of(layer), (fed,), None))
        return Graph(model.name, "Sequential", tuple(entries), Ref(first), Ref(entries[-1].name))

    def _traced(
        self, name: str, kind: str, inputs: object, outputs: object, order: Mapping[int, int]
    ) -> Graph:
        """Return the graph between tensors, tracing each back to the call that made it."""
        given = {id(tensor) for tensor in _tensors(inputs)}
        calls = _calls_between(given, [*_tensors(outputs), *_tensors(inputs)])
        found = sorted(calls.values(), key=lambda nodes: order.get(id(nodes[0][1].operation), 0))
        names = _Names()
        places: dict[tuple[int, int], Ref] = {}
        for nodes in found:
            for place, (index, node) in enumerate(nodes):
                operation = node.operation
                places[id(operation), index] = Ref(names.of(operation), place)

        def ref(tensor: KerasTensor) -> Ref:
            operation, index, output = tensor._keras_history
            made = places[id(operation), index]
            return made._replace(output=output) if output else made

        entries = []
        for nodes in found:
            node = nodes[0][1]
            label = names.of(node.operation)
            if any(id(tensor) in given for tensor in node.output_tensors):
                entries.append(input_entry(label, tuple(node.output_tensors[0].shape[1:])))
                continue
            made = tuple([_call(one.arguments, ref) for _, one in nodes])
            entries.append(self._entry(node.operation, label, made, node))
        return Graph(name, kind, tuple(entries), _replaced(inputs, ref), _replaced(outputs, ref))

    def _entry(
        self, layer: KerasLayer, name: str, calls: tuple[Call, ...], node: KerasNode | None
    ) -> Entry:
        kind = type(layer).__name__
        try:
            made = self._layer(layer, kind, node)
        except ModelError:
            raise
        except (TypeError, ValueError, OverflowError) as error:
            raise ModelError(f"layer {name!r} ({kind}): {error}") from error
        trainable = bool(getattr(layer, "trainable", True))
        return Entry(name, kind, made, trainable, calls, ("live", id(layer)))

    def _layer(self, layer: KerasLayer, kind: str, node: KerasNode | None) -> Single | Graph:
        function = registry.registered(kind) or registry.registered(_saved_as(layer))
        if function is not None:
            return RegisteredLayer(kind, function, layer.get_config())
        module = type(layer).__module__
        if is_operation(module):
            return KerasOperation(kind, _own(layer)) if kind in RULES else _unknown(kind, node)
        if _is_sequential(layer) or _is_functional(layer):
            return self.graph(layer)
        if not is_keras(module):
            return _unknown(kind, node) if node is None else self._expanded(layer, kind, node)
        if isinstance(layer, keras.layers.TimeDistributed):
            inner = type(layer.layer).__name__
            each = distributed(self._layer(layer.layer, inner, None), inner)
            if isinstance(each, Unknown):
                return _unknown(kind, node)._replace(detail=each.detail)
            return each
        config = Attributes(layer)
        unusual = unusual_weights(config)
        if class_of(kind) is None or unusual:
            return _unknown(kind, node)._replace(detail=unusual)
        return self._make(kind, config)

    def _expanded(self, layer: KerasLayer, kind: str, node: KerasNode) -> Graph | Unknown:
        """Return the graph of a user's own layer, or an unknown layer if it can't be recorded."""
        given = {name: value for name, value in node.arguments.kwargs.items() if value is not None}
        given.pop("mask", None)
        if next(_tensors(given), None) is not None:
            return _unknown(kind, node)
        args = keras.tree.map_structure(
            lambda leaf: (
                keras.Input(batch_shape=leaf.shape, dtype=leaf.dtype)
                if isinstance(leaf, keras.KerasTensor)
                else leaf
            ),
            node.arguments.args,
        )
        try:
            return self._record(layer, kind, args, given)
        except ModelError:
            raise
        except Exception:
            # The user's code may raise anything when it is called with symbolic tensors.
            return _unknown(kind, node)

    def _record(
        self, layer: KerasLayer, kind: str, args: tuple[object, ...], kwargs: dict[str, object]
    ) -> Graph:
        """Return the graph that one symbolic call of a layer records, and remove the record."""
        with _calls_kept(layer):
            if "training" in inspect.signature(layer.call).parameters and len(args) < 2:
                kwargs = {"training": False} | kwargs
            outputs = layer.call(*args, **kwargs)
            graph = self._traced(layer.name, kind, args, outputs, {})
            owned = {
                id(weight)
                for nodes in _calls_between(set(), list(_tensors(outputs))).values()
                for weight in getattr(nodes[0][1].operation, "weights", ())
            }
        graph = replace(graph, trainable=bool(layer.trainable))
        return _with_own_weights(graph, [w for w in layer.weights if id(w) not in owned])

    def recorded(self, model: keras.Model, shapes: Shapes) -> Graph:
        """Return the graph of a subclassed model, called with symbolic tensors of these shapes."""
        inputs = _inputs(shapes)
        try:
            if not model.built:
                model(inputs)
            return self._record(model, type(model).__name__, (inputs,), {})
        except ModelError:
            raise
        except Exception as error:
            # The user's code may raise anything when it is called with symbolic tensors.
            raise ModelError(
                f"model {model.name!r} is subclassed, and its symbolic call could not be recorded:"
                f" {type(error).__name__}: {error}"
            ) from error


def _own(operation: KerasLayer) -> dict[str, object]:
    """Return an operation's own arguments; without a data format it follows Keras's setting."""
    config = operation.get_config()
    if config.get("data_format", "") is None:
        given = getattr(operation, "data_format", None)
        config["data_format"] = given or keras.config.image_data_format()
    return config


class _Names:
    """Unique names for the layers of a graph."""

    def __init__(self, taken: Iterable[str] = ()) -> None:
        self._taken = set(taken)
        self._given: dict[int, str] = {}
        self._used: set[str] = set()

    def of(self, layer: KerasLayer) -> str:
        """Return a layer's name, with a number appended if another layer has the same name."""
        given = self._given.get(id(layer))
        if given is not None:
            return given
        name, number = layer.name, 0
        while name in self._used:
            number += 1
            name = f"{layer.name}_{number}"
        self._given[id(layer)] = name
        self._used.add(name)
        return str(name)

    def free(self, name: str) -> str:
        """Return the name, with underscores appended until no layer has it."""
        while name in self._taken or name in self._used:
            name += "_"
        self._used.add(name)
        return name


def _calls_between(stop: set[int], pending: list[KerasTensor]) -> dict[int, Nodes]:
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
        if key in seen:
            continue
        seen.add(key)
        node = operation._inbound_nodes[index]
        calls.setdefault(id(operation), []).append((index, node))
        if id(tensor) not in stop:
            pending += node.input_tensors
    for nodes in calls.values():
        nodes.sort(key=lambda pair: pair[0])
    # They were found from the outputs backwards.
    return dict(reversed(calls.items()))


def _call(arguments: KerasArguments, ref: Callable[[KerasTensor], Ref]) -> Call:
    args = tuple([_replaced(one, ref) for one in arguments.args])
    if not any(value is not None for value in arguments.kwargs.values()):
        return Call.of(args)
    return Call.of(args, {key: _replaced(one, ref) for key, one in arguments.kwargs.items()})


def _tensors(tree: object) -> Iterator[KerasTensor]:
    return leaves(tree, keras.KerasTensor)


def _replaced(tree: object, ref: Callable[[KerasTensor], Ref]) -> object:
    """Return arguments with a `Ref` for each tensor, and a `Tensor` for each constant."""
    if isinstance(tree, keras.KerasTensor):
        return ref(tree)
    if isinstance(tree, (list, tuple)):
        return [_replaced(branch, ref) for branch in tree]
    if isinstance(tree, dict):
        return {key: _replaced(branch, ref) for key, branch in tree.items()}
    if isinstance(tree, (str, bytes)) or not hasattr(tree, "shape"):
        return tree
    return Tensor(tuple(tree.shape))  # a variable, or an array


# Attributes of live layers whose names differ from those in the config.
_ATTRIBUTES = {"mean": "input_mean", "variance": "input_variance"}


class Attributes:
    """A live layer's config, read from its attributes, since `get_config` is slow."""

    def __init__(self, layer: object) -> None:
        self._layer = layer

    def get(self, name: str, default: object = None) -> object:
        """Return an attribute, or the default if it is missing."""
        return getattr(self._layer, _ATTRIBUTES.get(name, name), default)


def _saved_as(layer: object) -> object:
    return keras.saving.get_registered_name(type(layer))


def _unknown(kind: str, node: KerasNode | None) -> Unknown:
    if node is None:
        return Unknown(kind)
    inputs, outputs = (
        tuple(tuple(tensor.shape) for tensor in side)
        for side in (node.input_tensors, node.output_tensors)
    )
    return Unknown(kind, inputs, outputs)


@contextmanager
def _calls_kept(layer: KerasLayer) -> Iterator[None]:
    """Remove the calls that are recorded inside, so that `layer.output` stays the same."""
    layers = list(layer._flatten_layers(include_self=True, recursive=True))
    before = [(one, list(one._inbound_nodes), list(one._outbound_nodes)) for one in layers]
    try:
        yield
    finally:
        for one, inbound, outbound in before:
            one._inbound_nodes[:], one._outbound_nodes[:] = inbound, outbound


def _with_own_weights(graph: Graph, own: list[KerasVariable]) -> Graph:
    """Add an entry for the weights that belong to the layer itself, not to a layer inside it."""
    if not own:
        return graph
    weights = tuple(Weight(one.name, tuple(one.shape), bool(one.trainable)) for one in own)
    name = _Names(entry.name for entry in graph.entries).free("weights")
    first = next(refs(graph.inputs))
    entry = Entry(name, "weights", Holder(weights), True, (Call.of((first,)),), object())
    return replace(graph, entries=(*graph.entries, entry))


def _shapes_for(model: keras.Model, input_shape: ModelShape) -> Shapes:
    """Return the shapes to call a subclassed model with: batch first, None for open sides."""
    if input_shape is None:
        built = getattr(model, "_build_shapes_dict", None) or {}
        if len(built) != 1:
            raise ModelError(
                f"model {model.name!r} is subclassed and was not built: give input_shape"
            )
        shapes: Shapes = next(iter(built.values()))
        return shapes
    if isinstance(input_shape, dict):
        return {name: _batched(shape) for name, shape in input_shape.items()}
    several = [one for one in input_shape if isinstance(one, (tuple, list))]
    if several and len(several) == len(input_shape):
        return [_batched(shape) for shape in several]
    return _batched(input_shape)


def _batched(shape: Iterable[object]) -> Batched:
    # Keras does not take symbols: for Keras the side is open.
    return (None, *(side if isinstance(side, int) else None for side in shape))


def _inputs(shapes: Shapes) -> object:
    if isinstance(shapes, dict):
        return {name: keras.Input(batch_shape=one, name=name) for name, one in shapes.items()}
    if isinstance(shapes, (list, tuple)) and shapes and isinstance(shapes[0], (tuple, list)):
        return [keras.Input(batch_shape=tuple(one)) for one in shapes]
    return keras.Input(batch_shape=tuple(shapes))
