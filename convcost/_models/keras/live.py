"""Read live Keras models: from the calls that Keras recorded, or by recording a new call."""

from __future__ import annotations

import inspect
from dataclasses import replace
from typing import TYPE_CHECKING

import keras
from keras.src.models.functional import Functional

from convcost._layers import Layer, registry
from convcost._layers.multi_head_attention import Projected
from convcost._models.errors import ModelError
from convcost._models.graph import (
    Call,
    Distributed,
    Entry,
    Graph,
    Ref,
    RegisteredLayer,
    Tensor,
    Variable,
    input_entry,
)
from convcost._models.keras.activations import with_activation
from convcost._models.keras.code import Code, of_input, of_node
from convcost._models.keras.control_flow import HANDLERS
from convcost._models.keras.holding import HOLDING, holder
from convcost._models.keras.layers import (
    Attributes,
    LayerCache,
    class_of,
    distributed,
    kind_of,
    own_variables,
)
from convcost._models.keras.masks import taken_from_outside
from convcost._models.keras.model_calls import in_order
from convcost._models.keras.nodes import Names, call_of, calls_between, constant, replaced, tensors
from convcost._models.keras.operation_calls import RULES
from convcost._models.keras.operation_refusals import why_not
from convcost._models.keras.operations import KerasOperation
from convcost._models.keras.origins import is_keras, is_operation
from convcost._models.keras.own_cells import over_own_cells
from convcost._models.keras.policies import is_plain, stored
from convcost._models.keras.subclassed import graph_of_subclassed
from convcost._models.keras.unknown_shapes import output_shapes
from convcost._models.unknown import Unknown

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Mapping, Sequence
    from typing import Any, TypeAlias, TypeGuard

    from convcost._models.graph import Held
    from convcost._models.types import (
        KerasGraph,
        KerasLayer,
        KerasNode,
        KerasTensor,
        KerasVariable,
        ModelShape,
    )

    # The recorded calls of one layer.
    Nodes: TypeAlias = Sequence[KerasNode]


def graph_of_model(model: keras.Model, input_shape: ModelShape = None) -> Graph:
    """Return the graph of a live Keras model.

    The code of a subclassed model, and of layers that are not Keras's, is called with symbolic
    tensors when the shapes of its inputs are known; a subclassed model that is not built is built.
    """
    reader = _ModelReader(model)
    if not (_is_sequential(model) or _is_functional(model)):
        return graph_of_subclassed(reader, model, input_shape, reader.variables)
    return replace(reader.graph(model), variables=reader.variables(), as_built=True)


def _is_sequential(layer: object) -> TypeGuard[keras.Sequential]:
    # A subclass that overrides `call` may compute anything.
    return isinstance(layer, keras.Sequential) and type(layer).call is keras.Sequential.call


def _is_functional(layer: object) -> TypeGuard[KerasGraph]:
    # A subclass made with inputs and outputs is functional unless it overrides `call`.
    return isinstance(layer, Functional) and type(layer).call is Functional.call


class _ModelReader:
    """Reads one model; layers with equal arguments become one object."""

    def __init__(self, model: keras.Model) -> None:
        self._make = LayerCache()
        self.within: bool | None = None
        # Kept as long as its weights are told apart by their addresses.
        self._model = model
        self._tracked: set[Hashable] = set()

    def variables(self) -> tuple[Variable, ...]:
        """Return all weights of the model."""
        return self._variables(self._model.weights)

    def _variables(self, weights: Sequence[KerasVariable]) -> tuple[Variable, ...]:
        return tuple(
            [
                Variable(
                    ("variable", id(one)),
                    one.name,
                    tuple(one.shape),
                    bool(one.trainable),
                    str(one.dtype),
                )
                for one in weights
            ]
        )

    def graph(self, model: KerasGraph | keras.Sequential) -> Graph:
        kind = type(model).__name__
        if not isinstance(model, keras.Sequential):
            return self._functional(model.name, kind, model, bool(model.trainable))
        if getattr(model, "_functional", None) is not None:
            return self._functional(model.name, kind, model._functional, bool(model.trainable))
        return self._chain(model.name, "Sequential", model.layers)

    def _functional(self, name: str, kind: str, model: KerasGraph, trainable: bool) -> Graph:
        order = {id(operation): place for place, operation in enumerate(model.operations)}
        ends = model._inputs_struct, model._outputs_struct
        return replace(self._between(name, kind, *ends, Names(), order), trainable=trainable)

    def _chain(self, name: str, kind: str, layers: Sequence[KerasLayer]) -> Graph:
        """Return a chain of layers: of a pipeline, or a model that has no input shape yet."""
        names = Names(layer.name for layer in layers)
        first = names.free("input")
        entries = [input_entry(first, None)]
        for layer in layers:
            fed = Call.of((Ref(entries[-1].name),))
            entries.append(self._entry(layer, names.of(layer), (fed,), []))
        return Graph(name, kind, tuple(entries), Ref(first), Ref(entries[-1].name))

    def traced(
        self,
        name: str,
        kind: str,
        inputs: object,
        outputs: object,
        assigned: Sequence[KerasTensor] = (),
    ) -> Graph:
        """Return the graph that a traced call recorded, with all that it assigns to weights."""
        return self._between(name, kind, inputs, outputs, Names(numbered=True), {}, assigned)

    def _between(
        self,
        name: str,
        kind: str,
        inputs: object,
        outputs: object,
        names: Names,
        order: Mapping[int, int],
        assigned: Sequence[KerasTensor] = (),
    ) -> Graph:
        """Return the graph between tensors, tracing each back to the call that made it."""
        given = {id(tensor) for tensor in tensors(inputs)}
        calls = calls_between(given, [*assigned, *tensors(outputs), *tensors(inputs)])
        found = sorted(calls.values(), key=lambda nodes: order.get(id(nodes[0][1].operation), 0))
        places: dict[tuple[int, int], Ref] = {}
        for nodes in found:
            for place, (index, node) in enumerate(nodes):
                operation = node.operation
                places[id(operation), index] = Ref(names.of(operation), place)

        def ref(tensor: KerasTensor) -> Ref | Tensor:
            operation, index, output = tensor._keras_history
            if operation is None:
                return constant(tensor)
            made = places[id(operation), index]
            return made._replace(output=output) if output else made

        entries = []
        for nodes in found:
            first = nodes[0][1]
            label = names.of(first.operation)
            if any(id(tensor) in given for tensor in first.output_tensors):
                batch, *sides = first.output_tensors[0].shape or (None,)
                entries.append(input_entry(label, tuple(sides), batch))
                continue
            made = tuple([call_of(one, ref) for _, one in nodes])
            entries.append(self._entry(first.operation, label, made, [one for _, one in nodes]))
        ends = replaced(inputs, ref), replaced(outputs, ref)
        return Graph(name, kind, tuple(entries), *ends)

    def _entry(self, layer: KerasLayer, name: str, calls: tuple[Call, ...], nodes: Nodes) -> Entry:
        kind = kind_of(layer)
        try:
            made = self._held(layer, kind, nodes)
        except ModelError:
            raise
        except (TypeError, ValueError, OverflowError) as error:
            raise ModelError(f"layer {name!r} ({kind}): {error}") from error
        return self.holding(layer, name, made, calls)

    def holding(self, layer: KerasLayer, name: str, made: Held, calls: tuple[Call, ...]) -> Entry:
        """Return the entry of a layer, with the weights that it holds, for what stands for it."""
        kind = kind_of(layer)
        trainable = bool(getattr(layer, "trainable", True))
        inner = layer
        while isinstance(inner, keras.layers.TimeDistributed):
            inner = inner.layer
        calls = tuple([in_order(call, made) for call in calls])
        dtype = getattr(inner, "variable_dtype", None)
        entry = Entry(name, kind, made, trainable, calls, ("live", id(inner)), dtype=dtype)
        if isinstance(made, Distributed):
            made = made.layer
        if isinstance(made, (RegisteredLayer, Unknown)):
            return entry._replace(replaced=self._variables(getattr(layer, "weights", ())))
        if not isinstance(made, Layer):
            return entry
        if not getattr(inner, "built", False):  # an operation such as `keras.activations.relu`
            return entry
        own = self._variables(_own_weights(inner))
        self._check_tracked(name, own)
        if kind_of(inner) in HOLDING and any(one.dtype != dtype for one in own):
            entry = entry._replace(dtype=None)  # the layers in it have policies of their own
        return entry._replace(variables=own)

    def _check_tracked(self, name: str, own: tuple[Variable, ...]) -> None:
        """Raise ModelError for a layer whose weights Keras does not find in the model."""
        if not self._tracked.issuperset(one.identity for one in own):
            self._tracked = {one.identity for one in self.variables()}  # it may be built by now
        if not self._tracked.issuperset(one.identity for one in own):
            raise ModelError(
                f"layer {name!r} is called in the model, but its weights are not among those of the"
                " model: Keras finds no layer that only a function refers to; make it an attribute"
                " of the layer or the model that calls it"
            )

    def _held(self, layer: KerasLayer, kind: str, nodes: Nodes) -> Held:
        function = registry.registered(kind) or registry.registered(_saved_as(layer))
        if function is not None:
            return RegisteredLayer(kind, function, layer.get_config())
        module = type(layer).__module__
        if is_operation(module):
            if kind in HANDLERS:
                calls = [of_node(node) for node in nodes]
                unknown = _unknown(kind, nodes)
                return Code(self, layer.name, kind, _called(layer), calls, (), unknown)
            if kind not in RULES:
                return _unknown(kind, nodes)._replace(detail=why_not(kind))
            return KerasOperation(kind, _own(layer, nodes))
        own = not is_keras(module) or _has_code(layer)
        masked = taken_from_outside(layer, nodes) if own else ""
        if masked:
            ways = ("pass the mask as an argument",)
            return _unknown(kind, nodes)._replace(why=masked, ways=ways)
        if _is_sequential(layer) or _is_functional(layer):
            return self.graph(layer)
        if own:
            return self._code(layer, kind, nodes)
        if isinstance(layer, keras.layers.TimeDistributed):
            return self._distributed(layer.layer, nodes)
        if isinstance(layer, keras.layers.Pipeline):
            return self._chain(layer.name, kind, layer.layers)
        return self._known(layer, kind, nodes)

    def _code(self, layer: KerasLayer, kind: str, nodes: Nodes) -> Held:
        unknown = _unknown(kind, nodes)
        if not nodes:
            return unknown
        calls = [of_node(node) for node in nodes]
        own = self._variables(layer.weights)
        return Code(self, layer.name, kind, layer.call, calls, own, unknown)

    def _distributed(self, layer: KerasLayer, nodes: Nodes) -> Held:
        """Return what stands for `TimeDistributed` of a layer."""
        dtype = nodes[0].input_tensors[0].dtype if nodes else None
        made = distributed(self.called_with_one(layer, dtype), kind_of(layer))
        if isinstance(made, Unknown):
            return _as_of(_unknown("TimeDistributed", nodes), made)
        return made

    def called_with_one(self, layer: KerasLayer, dtype: object) -> Held:
        """Return what stands for a layer that is called with one tensor, without Keras's record."""
        kind = kind_of(layer)
        held = self._held(layer, kind, [])
        if isinstance(held, Unknown) and not is_keras(type(layer).__module__) and layer.built:
            call = of_input(dtype or keras.config.floatx())
            own = self._variables(layer.weights)
            return Code(self, layer.name, kind, layer.call, [call], own, held)
        return held

    def _known(self, layer: KerasLayer, kind: str, nodes: Nodes) -> Held:
        """Return the layer of this library for one of Keras's layers."""
        config = Attributes(layer)
        known = class_of(kind)
        if known is None:
            return _unknown(kind, nodes)._replace(shapes=output_shapes(kind, config))
        if issubclass(known, Projected) and not all(map(_is_plain, layer._flatten_layers())):
            return self._code(layer, kind, nodes)  # each projection as it is
        if kind in HOLDING:
            held = {name: getattr(layer, own) for name, own in HOLDING[kind].items()}
            made = holder(self._make, kind, config, held, self.inside)
            if isinstance(made, Unknown):
                unknown = _as_of(_unknown(kind, nodes), made)
                return over_own_cells(self, layer, nodes, unknown, self._weights_of)
            return made
        made = stored(self._make, kind, config)
        if isinstance(made, Unknown):
            return _unknown(kind, nodes)._replace(
                detail=made.detail, shapes=output_shapes(kind, config)
            )
        return with_activation(self, made, layer)

    def _weights_of(self, layer: KerasLayer) -> tuple[Variable, ...]:
        return self._variables(layer.weights)

    def inside(self, layer: KerasLayer) -> tuple[str, Held]:
        """Return the class of a layer inside another one, and what stands for it."""
        kind = kind_of(layer)
        return kind, self._held(layer, kind, [])


def _called(operation: Any) -> Callable[..., object]:
    """Return a function that calls a loop or a conditional, which is recorded when it is traced."""
    return lambda *args, **kwargs: operation(*args, **kwargs)


def _is_plain(layer: KerasLayer) -> bool:
    return is_plain(Attributes(layer))


def _has_code(layer: KerasLayer) -> bool:
    """Tell whether a layer of Keras computes what a user wrote."""
    return isinstance(layer, (keras.Model, keras.layers.Lambda)) or "call" in vars(layer)


def _own_weights(layer: KerasLayer) -> list[KerasVariable]:
    """Return the weights that a layer holds itself, apart from those of layers inside it.

    Those of cells, and of projections, are its own.
    """
    known = class_of(kind_of(layer))
    if known is not None and known.holds_layers:
        return list(layer.weights)
    return own_variables(layer)


def _own(operation: KerasLayer, nodes: Nodes) -> dict[str, object]:
    """Return an operation's own arguments; without a data format it follows Keras's setting."""
    config = _arguments(operation, nodes)
    if config.get("data_format", "") is None:
        given = getattr(operation, "data_format", None)
        config["data_format"] = given or keras.config.image_data_format()
    return config


def _arguments(operation: KerasLayer, nodes: Nodes) -> dict[str, object]:
    """Return the arguments that an operation was made with.

    Keras makes no config of those that are tensors, as the limits of `Clip` may be.
    """
    try:
        config: dict[str, object] = operation.get_config()
    except NotImplementedError:
        names = inspect.signature(type(operation)).parameters
        given = {name: getattr(operation, name) for name in names if hasattr(operation, name)}
        recorded = [id(one) for node in nodes for one in node.input_tensors]
        if any(id(one) not in recorded for one in tensors(given)):
            raise ValueError(
                "it was made with a tensor that Keras does not record as one of its inputs:"
                " call it in a layer of your own"
            ) from None
        config = {name: one for name, one in given.items() if not hasattr(one, "shape")}
    config.pop("name", None)
    return config


def _saved_as(layer: object) -> object:
    return keras.saving.get_registered_name(type(layer))


def _unknown(kind: str, nodes: Nodes) -> Unknown:
    if not nodes:
        return Unknown(kind)
    inputs, outputs = (
        tuple(tuple(tensor.shape) for tensor in side)
        for side in (nodes[0].input_tensors, nodes[0].output_tensors)
    )
    return Unknown(kind, inputs, outputs)


def _as_of(unknown: Unknown, made: Unknown) -> Unknown:
    return unknown._replace(detail=made.detail, why=made.why, ways=made.ways)
