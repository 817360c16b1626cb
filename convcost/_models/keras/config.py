"""Read a Keras config, from `model.get_config()` or a file, as data. Nothing in it is run."""

from __future__ import annotations

from functools import cached_property, partial
from typing import TYPE_CHECKING

from convcost._exact.scalars import shorten
from convcost._layers import Layer, registry
from convcost._models.errors import ModelError, SavedReportError
from convcost._models.graph import (
    Call,
    Distributed,
    Entry,
    Graph,
    Ref,
    RegisteredLayer,
    input_entry,
)
from convcost._models.keras import directions, tf_operations
from convcost._models.keras.config_calls import Part, TensorReader, nodes_of, part_of
from convcost._models.keras.config_values import check_dict, check_list, check_text, config_of
from convcost._models.keras.formats import settled
from convcost._models.keras.holding import HOLDING, holder, is_trainable, of_unknown
from convcost._models.keras.keras1 import orderings_in, translated
from convcost._models.keras.layers import LayerCache, class_of, distributed
from convcost._models.keras.model_calls import in_order
from convcost._models.keras.operation_calls import RULES
from convcost._models.keras.operation_refusals import why_not
from convcost._models.keras.operations import KerasOperation
from convcost._models.keras.origins import (
    described,
    is_operation,
    is_own,
    is_own_model,
    registered_name,
)
from convcost._models.keras.policies import stored
from convcost._models.keras.unknown_shapes import output_shapes
from convcost._models.keras.versions import is_of_keras_2, with_frozen_weights
from convcost._models.keras.weight_types import weight_type
from convcost._models.keras.wrappings import unwrapped
from convcost._models.unknown import Unknown

if TYPE_CHECKING:
    from collections.abc import Hashable
    from typing import TypeAlias, TypeGuard

    from convcost._models.graph import Held, Recorded

    # A shape without the batch dimension, and the size of the batch.
    Declared: TypeAlias = tuple[tuple[int | None, ...] | None, int | None]

# Deeper than any real model, and far from Python's recursion limit.
_DEEPEST = 40
# A way out where a file does not say what a layer computes.
_LIVE = "give the live model in Python"


def graph_of_config(config: object) -> Graph:
    """Return the graph of a model from its config."""
    if isinstance(config, dict) and "convcost" in config and "class_name" not in config:
        raise SavedReportError(
            "it is a saved report of convcost, which holds the costs of a model but not the model:"
            " give the model",
            config,
        )
    config = check_dict(unwrapped(config), "the config")
    if "class_name" not in config and "layers" in config:
        functional = "input_layers" in config
        config = {"class_name": "Functional" if functional else "Sequential", "config": config}
    kind = check_text(config.get("class_name"), "class_name")
    inner = config.get("config")
    if isinstance(inner, list):
        inner = {"layers": inner}  # as the first versions of Keras wrote a Sequential model
    if not isinstance(inner, dict) or "layers" not in inner:
        raise ModelError(
            f"the config of the {kind} model lists no layers: only Sequential and Functional models"
            " can be read from their config; give a subclassed one as a live model"
        )
    if not is_own_model(config):
        raise ModelError(
            f"the model is of class {kind}{described(config)}, which is not Keras's: its config"
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
    def _is_of_keras_2(self) -> bool:
        return is_of_keras_2(self._config)

    @cached_property
    def _orderings(self) -> set[str]:
        return orderings_in(self._config)

    def graph(self, kind: str, config: dict[str, object], depth: int) -> Graph:
        if depth > _DEEPEST:
            raise ModelError(f"models are nested more than {_DEEPEST} levels deep")
        name = check_text(config.get("name", kind.lower()), "the name of a model")
        listed = check_list(config.get("layers"), f"layers of {name!r}")
        parts = [part_of(one, name) for one in listed]
        if "input_layers" in config:
            return self._functional(name, kind, config, parts, depth)
        return self._sequential(name, kind, config, parts, depth)

    def _functional(
        self, name: str, kind: str, config: dict[str, object], parts: list[Part], depth: int
    ) -> Graph:
        tensors = TensorReader(parts)
        calls = [tuple([tensors.call(node, part) for node in nodes_of(part)]) for part in parts]
        entries = [
            self._entry(part, called, depth, tensors.shapes)
            for part, called in zip(parts, calls, strict=True)
        ]
        inputs = tensors.tree(config["input_layers"])
        outputs = tensors.tree(config.get("output_layers"))
        trainable = is_trainable(kind, config)
        return Graph(name, kind, tuple(entries), inputs, outputs, trainable)

    def _sequential(
        self, name: str, kind: str, config: dict[str, object], parts: list[Part], depth: int
    ) -> Graph:
        entries: list[Entry] = []
        if not parts or not parts[0].is_input:
            entries.append(input_entry(_free_name("input", parts), *_first_shape(config, parts)))
        for part in parts:
            fed = Ref(entries[-1].name) if entries else None
            calls = (Call.of((fed,)),) if fed else (Call(),)
            entries.append(self._entry(part, calls, depth, {}))
        ends = Ref(entries[0].name), Ref(entries[-1].name)
        entries[-len(parts) :] = _with_built_shapes(entries[-len(parts) :], parts)
        return Graph(name, kind, tuple(entries), *ends, is_trainable(kind, config))

    def _entry(
        self, part: Part, calls: tuple[Call, ...], depth: int, shapes: dict[Ref, object]
    ) -> Entry:
        name, kind, config, layer = part
        if part.is_input:
            return input_entry(name, *_input_shape(config, name))
        try:
            made = self._layer(kind, layer, config, depth)
        except ModelError:
            raise
        except (TypeError, ValueError, OverflowError) as error:
            raise ModelError(f"layer {name!r} ({kind}): {error}") from error
        if isinstance(made, Unknown) and calls:
            made = _with_shapes(made, name, calls[0], shapes)
        calls = tuple([in_order(call, made) for call in calls])
        if isinstance(made, KerasOperation) and calls and calls[0].refs:
            made = settled(made, shapes.get(calls[0].refs[0]), shapes.get(Ref(name)))
        # These have the weights of the layer in them.
        wrapped = config.get({"TimeDistributed": "layer", "RNN": "cell"}.get(kind, ""))
        holding = wrapped if isinstance(wrapped, dict) else layer
        flagged = layer if kind in HOLDING else holding
        try:
            own = str(flagged.get("class_name"))
            trainable = is_trainable(own, config_of(flagged), self._is_of_keras_2)
        except ValueError as error:
            raise ModelError(f"layer {name!r} ({kind}): {error}") from error
        dtype = weight_type(layer, self._is_of_keras_2)
        entry = Entry(name, kind, made, trainable, calls, _identity(holding), dtype=dtype)
        # In Keras 2, a wrapper that is frozen has no trainable weights, whatever is in it.
        frozen = kind == "TimeDistributed" and not is_trainable("", config)
        return with_frozen_weights(entry) if frozen and self._is_of_keras_2 else entry

    def _layer(
        self, kind: str, layer: dict[str, object], config: dict[str, object], depth: int
    ) -> Held:
        function = registry.registered(layer.get("registered_name"), kind)
        if function is not None:
            return RegisteredLayer(kind, function, config)
        if not is_own(layer):
            unknown = Unknown(kind, detail=described(layer), ways=(_LIVE,))
            return unknown._replace(known_as=registered_name(layer))
        if is_operation(layer.get("module")) or _is_old_operation(kind, layer, config):
            if kind not in RULES:
                return Unknown(kind, detail=why_not(kind))
            return KerasOperation(kind, config)
        if kind in tf_operations.CLASSES:
            name = str(config.get("function"))
            if tf_operations.is_known(name):
                return tf_operations.TensorFlowOperation(name)
            return Unknown(kind, detail=f" of tf.{name[:80]}")
        if is_own_model(layer) and "layers" in config:
            return self.graph(kind, config, depth + 1)
        return self._known(kind, config, depth)

    def _known(self, kind: str, config: dict[str, object], depth: int) -> Held:
        """Return what stands for a layer of Keras."""
        if kind == "TimeDistributed":
            return self._distributed(config, depth)
        if kind == "Pipeline":
            return self.graph(kind, config, depth + 1)
        today = translated(kind, config, lambda: self._orderings)
        if isinstance(today, Unknown):
            return today
        if class_of(today[0]) is None:
            ways = (_LIVE,) if kind == "Lambda" else ()
            return Unknown(kind, ways=ways, shapes=output_shapes(*today))
        if kind in HOLDING:
            held = {name: config.get(name) for name in HOLDING[kind]}
            made = holder(self._make, *today, held, partial(self._inside, depth=depth))
            if kind == directions.KIND and isinstance(made, Unknown):
                return self._two_directions(config, depth)
            return made
        return stored(self._make, *today)

    def _two_directions(self, config: dict[str, object], depth: int) -> Held:
        """Return the graph of two directions, at least one over cells that are registered."""
        forward = check_dict(config.get("layer"), "layer")
        entries = [input_entry("sequences", None)]
        for side, one in (
            ("forward", forward),
            ("backward", config.get("backward_layer") or forward),
        ):
            kind, held = self._inside(one, depth)
            inner = config_of(check_dict(one, "layer"))
            if not isinstance(held, (Distributed, Layer)):
                return of_unknown(directions.KIND, kind, held)
            if inner.get("return_state"):
                why = "its cell is registered, and it returns its states"
                return Unknown(directions.KIND, detail=f" around {kind}", why=why, ways=(_LIVE,))
            calls, flag = directions.call_of("sequences"), is_trainable(kind, inner)
            entries.append(Entry(side, kind, held, flag, calls, object()))
        mode = config.get("merge_mode", "concat")
        return directions.two_directions(
            str(config.get("name")), entries, ("merge", mode if mode is None else str(mode))
        )

    def _distributed(self, config: dict[str, object], depth: int) -> Held:
        kind, made = self._inside(config.get("layer"), depth)
        return distributed(made, kind)

    def _inside(self, value: object, depth: int) -> tuple[str, Held]:
        """Return the class of a layer inside another one, and what stands for it."""
        inner = check_dict(value, "layer")
        if depth > _DEEPEST:
            raise ModelError(f"layers are nested more than {_DEEPEST} levels deep")
        kind = check_text(inner.get("class_name"), "class_name")
        return kind, self._layer(kind, inner, config_of(inner), depth + 1)


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


def _is_old_operation(kind: str, layer: dict[str, object], config: dict[str, object]) -> bool:
    """Tell whether a layer without a module is an operation, as Keras 3 writes it to `.h5`."""
    known = class_of(kind) is not None and not (kind == "Reshape" and "newshape" in config)
    return layer.get("module") is None and kind in RULES and not known


def _with_built_shapes(entries: list[Entry], parts: list[Part]) -> list[Entry]:
    """Return the entries of a chain, the unknown ones with the shapes that layers were built for.

    Keras 3 saves the input shape of each layer, which is the output shape of the one before.
    """
    built = [_built_shape(part.layer) for part in parts]
    changed = list(entries)
    for place, (entry, own, behind) in enumerate(zip(entries, built, built[1:], strict=False)):
        if isinstance(entry.layer, Unknown) and own is not None and behind is not None:
            known = entry.layer._replace(inputs=(own,), outputs=(behind,))
            changed[place] = entry._replace(layer=known)
    return changed


def _built_shape(layer: dict[str, object]) -> Recorded | None:
    built = layer.get("build_config")
    shape = built.get("input_shape") if isinstance(built, dict) else None
    return shape if _is_shape(shape) else None


def _is_shape(shape: object) -> TypeGuard[Recorded]:
    """Tell whether a shape is known, except for its batch dimension."""
    return (
        isinstance(shape, (list, tuple))
        and bool(shape)
        and all(type(side) is int and side > 0 for side in shape[1:])
    )


def _identity(layer: dict[str, object]) -> Hashable:
    """Return a key that is equal for layers that share their weights, and otherwise unique."""
    shared = layer.get("shared_object_id")
    return ("shared_object_id", shared) if isinstance(shared, int) else object()


def _first_shape(config: dict[str, object], parts: list[Part]) -> Declared:
    """Return the shape that a Sequential model without an input layer was built with."""
    first = parts[0].config if parts else {}
    for shape in (config.get("build_input_shape"), first.get("batch_input_shape")):
        if isinstance(shape, (list, tuple)) and shape:
            return _shape(shape, "the input shape")
    return None, None


def _free_name(name: str, parts: list[Part]) -> str:
    taken = {part.name for part in parts}
    while name in taken:
        name += "_"
    return name


def _input_shape(config: dict[str, object], name: str) -> Declared:
    for key in ("batch_shape", "batch_input_shape"):
        if config.get(key) is not None:
            return _shape(config[key], f"{key} of {name!r}")
    if config.get("shape") is not None:
        return _shape(
            [None, *check_list(config["shape"], f"shape of {name!r}")], f"shape of {name!r}"
        )
    return None, None


def _shape(value: object, what: str) -> Declared:
    """Return a shape without its batch dimension, and the batch; what is open is None."""
    given = check_list(value, what)
    sides: list[int | None] = []
    for side in given:
        if side is not None and (isinstance(side, bool) or not isinstance(side, int) or side < 1):
            raise ModelError(
                f"{what} must be a list of positive integers or null; got {shorten(given)}"
            )
        sides.append(side)
    if not sides:
        raise ModelError(f"{what} must have the batch as its first axis; got an empty list")
    return tuple(sides[1:]), sides[0]
