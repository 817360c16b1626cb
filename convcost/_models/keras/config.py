"""Read a Keras config, from `model.get_config()` or a file, as data. Nothing in it is run."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from convcost._exact.scalars import shorten
from convcost._layers import registry
from convcost._models.errors import ModelError
from convcost._models.graph import Call, Entry, Graph, Ref, RegisteredLayer, Unknown, input_entry
from convcost._models.keras.formats import settled
from convcost._models.keras.keras1 import orderings_in, translated
from convcost._models.keras.layers import LayerCache, class_of, distributed
from convcost._models.keras.operation_calls import RULES
from convcost._models.keras.operations import KerasOperation
from convcost._models.keras.origins import (
    described,
    is_operation,
    is_own,
    is_own_model,
    registered_name,
)
from convcost._models.keras.policies import unusual_weights
from convcost._models.keras.wrappings import unwrapped

if TYPE_CHECKING:
    from collections.abc import Hashable
    from typing import Any, TypeGuard

    from convcost._layers.base import Layer
    from convcost._models.graph import Recorded, Single

# Deeper than any real model, and far from Python's recursion limit.
_DEEPEST = 40


def graph_of_config(config: object) -> Graph:
    """Return the graph of a model from its config."""
    config = _dict(unwrapped(config), "the config")
    if "class_name" not in config and "layers" in config:
        functional = "input_layers" in config
        config = {"class_name": "Functional" if functional else "Sequential", "config": config}
    kind = _text(config.get("class_name"), "class_name")
    inner = config.get("config")
    if isinstance(inner, list):
        inner = {"layers": inner}  # as the first versions of Keras wrote a Sequential model
    if not isinstance(inner, dict) or "layers" not in inner:
        raise ModelError(
            f"the config of a {kind} lists no layers: only Sequential and Functional models can be"
            " read from their config; give a subclassed one as a live model"
        )
    if not is_own_model(config):
        raise ModelError(
            f"the model is a {kind}{described(config)}, a class that is not Keras's: its config"
            " does not say what its call computes; give it as a live model, or, if it calls its"
            " layers as a Functional model does, give the dict under its 'config'"
        )
    return _ConfigReader(inner).graph(kind, inner, 0)


class _ConfigReader:
    """Reads one config; layers with equal arguments become one object."""

    def __init__(self, config: dict[str, object]) -> None:
        self._make = LayerCache()
        self._config = config

    @cached_property
    def _orderings(self) -> set[str]:
        return orderings_in(self._config)

    def graph(self, kind: str, config: dict[str, object], depth: int) -> Graph:
        if depth > _DEEPEST:
            raise ModelError(f"models are nested more than {_DEEPEST} levels deep")
        name = _text(config.get("name", kind.lower()), "the name of a model")
        parts = [_part(one, name) for one in _list(config["layers"], "layers")]
        if "input_layers" in config:
            return self._functional(name, kind, config, parts, depth)
        return self._sequential(name, kind, config, parts, depth)

    def _functional(
        self, name: str, kind: str, config: dict[str, object], parts: list[_Part], depth: int
    ) -> Graph:
        tensors = _TensorReader(parts)
        calls = [tuple([tensors.call(node) for node in _nodes(part)]) for part in parts]
        entries = [
            self._entry(part, called, depth, tensors.shapes)
            for part, called in zip(parts, calls, strict=True)
        ]
        inputs = tensors.tree(config["input_layers"])
        outputs = tensors.tree(config.get("output_layers"))
        return Graph(name, kind, tuple(entries), inputs, outputs, _is_trainable(config))

    def _sequential(
        self, name: str, kind: str, config: dict[str, object], parts: list[_Part], depth: int
    ) -> Graph:
        entries: list[Entry] = []
        if not parts or not parts[0].is_input:
            shape = _first_shape(config, parts)
            entries.append(input_entry(_free_name("input", parts), shape))
        for part in parts:
            fed = Ref(entries[-1].name) if entries else None
            calls = (Call.of((fed,)),) if fed else (Call(),)
            entries.append(self._entry(part, calls, depth, {}))
        ends = Ref(entries[0].name), Ref(entries[-1].name)
        return Graph(name, kind, tuple(entries), *ends, _is_trainable(config))

    def _entry(
        self, part: _Part, calls: tuple[Call, ...], depth: int, shapes: dict[Ref, object]
    ) -> Entry:
        name, kind, config, layer = part
        if part.is_input:
            return input_entry(name, _input_shape(config, name))
        try:
            made = self._layer(kind, layer, config, depth)
        except ModelError:
            raise
        except (TypeError, ValueError, OverflowError) as error:
            raise ModelError(f"layer {name!r} ({kind}): {error}") from error
        if isinstance(made, Unknown) and calls:
            made = _with_shapes(made, name, calls[0], shapes)
        if isinstance(made, KerasOperation) and calls and calls[0].refs:
            made = settled(made, shapes.get(calls[0].refs[0]), shapes.get(Ref(name)))
        return Entry(name, kind, made, _is_trainable(config), calls, _identity(layer))

    def _layer(
        self, kind: str, layer: dict[str, object], config: dict[str, object], depth: int
    ) -> Single | Graph:
        function = registry.registered(layer.get("registered_name"), kind)
        if function is not None:
            return RegisteredLayer(kind, function, config)
        if not is_own(layer):
            return Unknown(kind, detail=described(layer), known_as=registered_name(layer))
        if is_operation(layer.get("module")):
            return KerasOperation(kind, config) if kind in RULES else Unknown(kind)
        if is_own_model(layer) and "layers" in config:
            return self.graph(kind, config, depth + 1)
        if kind == "TimeDistributed":
            return self._distributed(config, depth)
        today = translated(kind, config, lambda: self._orderings)
        if isinstance(today, Unknown):
            return today
        if class_of(today[0]) is None:
            return Unknown(kind)
        unusual = unusual_weights(config)
        return Unknown(kind, detail=unusual) if unusual else self._make(*today)

    def _distributed(self, config: dict[str, object], depth: int) -> Layer[Any] | Unknown:
        inner = _dict(config.get("layer"), "layer")
        if depth > _DEEPEST:
            raise ModelError(f"layers are nested more than {_DEEPEST} levels deep")
        kind = _text(inner.get("class_name"), "class_name")
        return distributed(self._layer(kind, inner, _inner(inner), depth + 1), kind)


class _Part(NamedTuple):
    """One layer listed in a config."""

    name: str
    kind: str
    config: dict[str, object]
    layer: dict[str, object]

    @property
    def is_input(self) -> bool:
        """Whether it is an input of its model."""
        return self.kind == "InputLayer" and is_own(self.layer)


def _part(value: object, model: str) -> _Part:
    layer = _dict(value, f"a layer of {model!r}")
    config = _inner(layer)
    name = _text(layer.get("name") or config.get("name"), "the name of a layer")
    return _Part(name, _text(layer.get("class_name"), "class_name"), config, layer)


class _TensorReader:
    """The tensors of one functional model, and the shapes recorded with them."""

    def __init__(self, parts: list[_Part]) -> None:
        self.shapes: dict[Ref, object] = {}
        # Call 0 of a nested model is the model itself, so its calls in the outer model start at 1:
        # in everything that Keras 2 writes, and in the inputs and outputs that Keras 3 lists.
        self._shifted = {part.name for part in parts if _counts_itself(part)}

    def call(self, node: object) -> Call:
        """Return the call of a layer that an entry of `inbound_nodes` describes."""
        found: list[Ref] = []
        if isinstance(node, dict):
            if not node:
                return Call()
            args = [self._revive(one, found) for one in _list(node.get("args", []), "args")]
            given = _dict(node.get("kwargs", {}), "kwargs")
            kwargs = {name: self._revive(given[name], found) for name in sorted(given)}
            return Call(tuple(found), tuple(args), kwargs)
        # Keras 2: a list of [layer, call, output, arguments of the call], one for each tensor.
        tensors = _list(node, "inbound_nodes")
        if tensors and isinstance(tensors[0], str):
            tensors = [tensors]
        for one in map(_four, tensors):
            found.append(self._shifted_ref(one[:3]))
        first = found[0] if len(found) == 1 else list(found)
        for one in map(_four, tensors):
            for value in _values(one[3]) if len(one) > 3 else ():
                if isinstance(value, list) and len(value) in (3, 4) and isinstance(value[0], str):
                    found.append(self._shifted_ref(value[:3]))
        return Call(tuple(found), (first,))

    def tree(self, tree: object) -> Ref | list[object] | dict[str, object]:
        """Return the inputs or outputs of the model."""
        if isinstance(tree, list) and len(tree) == 3 and isinstance(tree[0], str):
            return self._shifted_ref(tree)
        if isinstance(tree, (list, tuple)):
            return [self.tree(branch) for branch in tree]
        if isinstance(tree, dict):
            return {key: self.tree(branch) for key, branch in tree.items()}
        raise ModelError(f"the inputs and outputs of a model must be tensors; got {shorten(tree)}")

    def _shifted_ref(self, value: list[object]) -> Ref:
        ref = _ref(value)
        return ref._replace(call=ref.call - 1) if ref.entry in self._shifted else ref

    def _revive(self, value: object, found: list[Ref]) -> object:
        """Return the arguments of a call with a `Ref` for each tensor, and with real slices."""
        if isinstance(value, (list, tuple)):
            return [self._revive(one, found) for one in value]
        if not isinstance(value, dict):
            return value
        kind = value.get("class_name")
        if kind == "__keras_tensor__":
            return self._tensor(_dict(value.get("config"), "the config of a tensor"), found)
        if kind == "__tuple__":
            return self._revive(value.get("items", []), found)
        if kind == "__ellipsis__":
            return Ellipsis
        if kind == "__slice__":
            config = _dict(value.get("config"), "the config of a slice")
            return slice(config.get("start"), config.get("stop"), config.get("step"))
        if kind in ("__tensor__", "__numpy__"):
            return _dict(value.get("config"), f"the config of {kind}").get("value")
        return {key: self._revive(value[key], found) for key in sorted(value)}

    def _tensor(self, config: dict[str, object], found: list[Ref]) -> Ref:
        history = _list(config.get("keras_history"), "keras_history")
        if len(history) != 3:
            raise ModelError(f"keras_history must have three parts; got {shorten(history)}")
        ref = _ref(history)
        self.shapes[ref] = config.get("shape")
        found.append(ref)
        return ref


def _ref(value: list[object]) -> Ref:
    name, call, output = value
    if not isinstance(name, str) or type(call) is not int or type(output) is not int:
        raise ModelError(f"a tensor must be [layer, call, output]; got {shorten(value)}")
    return Ref(name, call, output)


def _counts_itself(part: _Part) -> bool:
    """Tell whether a layer is a nested model whose call 0 is the model itself."""
    if "input_layers" in part.config:
        return True
    inside = part.config.get("layers")
    if "module" in part.layer or not isinstance(inside, list) or not inside:
        return False  # Keras 3's Sequential is not a functional model
    return isinstance(inside[0], dict) and inside[0].get("class_name") == "InputLayer"


def _nodes(part: _Part) -> list[object]:
    nodes = _list(part.layer.get("inbound_nodes", []), f"inbound_nodes of {part.name!r}")
    if not nodes and part.is_input:
        return [{}]  # an input is called without arguments
    return nodes


def _with_shapes(unknown: Unknown, name: str, call: Call, shapes: dict[Ref, object]) -> Unknown:
    """Return an unknown layer with the shapes that the config records for its first call."""
    given = [shapes.get(ref) for ref in call.refs]
    made: list[object] = []
    while (shape := shapes.get(Ref(name, 0, len(made)))) is not None:
        made.append(shape)
    inputs, outputs = tuple(filter(_is_shape, given)), tuple(filter(_is_shape, made))
    if len(inputs) + len(outputs) != len(given) + len(made):
        return unknown
    return unknown._replace(inputs=inputs, outputs=outputs)


def _is_shape(shape: object) -> TypeGuard[Recorded]:
    """Tell whether a shape is known, except for its batch dimension."""
    return (
        isinstance(shape, (list, tuple))
        and bool(shape)
        and all(type(side) is int and side > 0 for side in shape[1:])
    )


def _is_trainable(config: dict[str, object]) -> bool:
    return config.get("trainable", True) not in (False, 0)


def _identity(layer: dict[str, object]) -> Hashable:
    """Return a key that is equal for layers that share their weights, and otherwise unique."""
    shared = layer.get("shared_object_id")
    return ("shared_object_id", shared) if isinstance(shared, int) else object()


def _first_shape(config: dict[str, object], parts: list[_Part]) -> tuple[int | None, ...] | None:
    """Return the shape that a Sequential model without an input layer was built with, or None."""
    first = parts[0].config if parts else {}
    for shape in (config.get("build_input_shape"), first.get("batch_input_shape")):
        if isinstance(shape, (list, tuple)) and shape:
            return _shape(shape, "the input shape")
    return None


def _free_name(name: str, parts: list[_Part]) -> str:
    taken = {part.name for part in parts}
    while name in taken:
        name += "_"
    return name


def _input_shape(config: dict[str, object], name: str) -> tuple[int | None, ...] | None:
    for key in ("batch_shape", "batch_input_shape"):
        if config.get(key) is not None:
            return _shape(config[key], f"{key} of {name!r}")
    if config.get("shape") is not None:
        return _shape([None, *_list(config["shape"], f"shape of {name!r}")], f"shape of {name!r}")
    return None


def _shape(value: object, what: str) -> tuple[int | None, ...]:
    """Return a shape without its batch dimension; open sides are None."""
    given = _list(value, what)
    sides: list[int | None] = []
    for side in given:
        if side is not None and (isinstance(side, bool) or not isinstance(side, int) or side < 1):
            raise ModelError(
                f"{what} must be a list of positive integers or null; got {shorten(given)}"
            )
        sides.append(side)
    if not sides:
        raise ModelError(f"{what} must have the batch as its first axis; got an empty list")
    return tuple(sides[1:])


def _inner(layer: dict[str, object]) -> dict[str, object]:
    return _dict(layer.get("config", {}), "the config of a layer")


def _four(value: object) -> list[object]:
    one = _list(value, "inbound_nodes")
    if len(one) < 3:
        raise ModelError(f"inbound_nodes must name layer, call and output; got {shorten(value)}")
    return one


def _values(kwargs: object) -> list[object]:
    return list(kwargs.values()) if isinstance(kwargs, dict) else []


def _dict(value: object, what: str) -> dict[str, object]:
    if not isinstance(value, dict):
        raise ModelError(f"{what} must be a dict; got {shorten(value)}")
    return value


def _list(value: object, what: str) -> list[object]:
    if not isinstance(value, (list, tuple)):
        raise ModelError(f"{what} must be a list; got {shorten(value)}")
    return list(value)


def _text(value: object, what: str) -> str:
    # Names are printed, so an escape sequence in one would reach the terminal.
    if not isinstance(value, str) or not value or not value.isprintable():
        raise ModelError(f"{what} must be printable text; got {shorten(value)}")
    return value
