"""The calls that a config records: each layer's arguments, in the forms of Keras 2 and 3."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from convcost._exact.scalars import shorten
from convcost._models.errors import ModelError
from convcost._models.graph import Call, Ref, SideOf, refs
from convcost._models.keras import tf_operations
from convcost._models.keras.config_values import check_dict, check_list, check_text, config_of
from convcost._models.keras.origins import is_own

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


class Part(NamedTuple):
    """One layer listed in a config."""

    name: str
    kind: str
    config: dict[str, object]
    layer: dict[str, object]

    @property
    def is_input(self) -> bool:
        """Whether it is an input of its model."""
        return self.kind == "InputLayer" and is_own(self.layer)


def part_of(value: object, model: str) -> Part:
    layer = check_dict(value, f"a layer of {model!r}")
    config = config_of(layer)
    name = check_text(layer.get("name") or config.get("name"), "the name of a layer")
    return Part(name, check_text(layer.get("class_name"), "class_name"), config, layer)


class TensorReader:
    """The tensors of one functional model, and the shapes recorded with them."""

    def __init__(self, parts: list[Part]) -> None:
        self.shapes: dict[Ref, object] = {}
        self._names = {part.name for part in parts}
        self._sides = _sides(parts)
        # Call 0 of a nested model is the model itself, so its calls in the outer model start at 1:
        # in everything that Keras 2 writes, and in the inputs and outputs that Keras 3 lists.
        self._shifted = {part.name for part in parts if _counts_itself(part)}

    def call(self, node: object, part: Part) -> Call:
        """Return the call of a layer that an entry of its `inbound_nodes` describes."""
        if not isinstance(node, dict) or is_old(node):
            return self._old_call(node, part)
        found: list[Ref] = []
        if node:
            args = [self._revive(one, found) for one in check_list(node.get("args", []), "args")]
            given = check_dict(node.get("kwargs", {}), "kwargs")
            kwargs = {name: self._revive(given[name], found) for name in sorted(given)}
            return Call(tuple(found), tuple(args), kwargs)
        return Call()

    def _old_call(self, node: object, part: Part) -> Call:
        """Return a call of Keras 2: [layer, call, output, arguments] for each tensor."""
        several = list(_tensors(node))
        if not several:
            raise ModelError(f"a call of layer {part.name!r} names no tensor in its inbound_nodes")
        made = [self._first(one) for one in several]
        first = self._named(node) if isinstance(node, dict) else made[0] if len(made) == 1 else made
        given = [one[3] for one in several if len(one) > 3 and isinstance(one[3], dict)]
        if part.kind in tf_operations.CLASSES:
            own = {name: self._old(value) for name, value in (given[0] if given else {}).items()}
            # An operation that takes a list is saved as if it took several tensors.
            listed = isinstance(node, list) and bool(node) and isinstance(node[0], list)
            return Call.of((made if listed else first,), own)
        others = {name: self._old(value) for one in given for name, value in one.items()}
        return Call((*refs(first), *refs(list(others.values()))), (first,), others)

    def _named(self, node: object) -> object:
        """Return the dict of tensors that a model of Keras 2 is called with."""
        if isinstance(node, dict):
            return {name: self._named(one) for name, one in node.items()}
        made = [self._first(one) for one in _tensors(node)]
        return made[0] if len(made) == 1 else made

    def _first(self, one: list[object]) -> object:
        """Return the first argument of a call of Keras 2: a tensor, or a constant."""
        if one[0] == "_CONSTANT_VALUE":
            return one[2]
        return self._shifted_ref(one[:3])

    def _old(self, value: object) -> object:
        """Return a further argument of a call of Keras 2, with a `Ref` for each tensor."""
        if isinstance(value, dict):
            if value.get("class_name") == "__ellipsis__":
                return Ellipsis
            if value.keys() == {"start", "stop", "step"}:
                return slice(*[self._old(value[end]) for end in ("start", "stop", "step")])
            return {name: self._old(one) for name, one in value.items()}
        if not isinstance(value, list):
            return value
        if len(value) in (3, 4) and isinstance(value[0], str) and value[0] in self._names:
            side = self._sides.get(value[0])
            if side is not None:
                return side._replace(tensor=self._shifted_ref(list(side.tensor)))
            return self._shifted_ref(value[:3])
        return [self._old(one) for one in value]

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
            return self._tensor(check_dict(value.get("config"), "the config of a tensor"), found)
        if kind == "__tuple__":
            return self._revive(value.get("items", []), found)
        if kind == "__ellipsis__":
            return Ellipsis
        if kind == "__slice__":
            config = check_dict(value.get("config"), "the config of a slice")
            return slice(config.get("start"), config.get("stop"), config.get("step"))
        if kind in ("__tensor__", "__numpy__"):
            return check_dict(value.get("config"), f"the config of {kind}").get("value")
        return {key: self._revive(value[key], found) for key in sorted(value)}

    def _tensor(self, config: dict[str, object], found: list[Ref]) -> Ref:
        history = check_list(config.get("keras_history"), "keras_history")
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


def _counts_itself(part: Part) -> bool:
    """Tell whether a layer is a nested model whose call 0 is the model itself."""
    if "input_layers" in part.config:
        return True
    inside = part.config.get("layers")
    nodes = part.layer.get("inbound_nodes")
    if isinstance(nodes, list) and nodes and not is_old(nodes[0]):
        return False  # Keras 3's Sequential is not a functional model
    if not isinstance(inside, list) or not inside:
        return False
    return isinstance(inside[0], dict) and inside[0].get("class_name") == "InputLayer"


def nodes_of(part: Part) -> list[object]:
    nodes = check_list(part.layer.get("inbound_nodes", []), f"inbound_nodes of {part.name!r}")
    if not nodes and part.is_input:
        return [{}]  # an input is called without arguments
    return nodes


def is_old(node: object) -> bool:
    """Tell whether an entry of `inbound_nodes` is in the form of Keras 2, and not of Keras 3."""
    if not isinstance(node, dict):
        return True
    if not node.keys() & {"args", "kwargs"}:
        return bool(node)
    # A model may have inputs with these names.
    return all(isinstance(one, list) and one and isinstance(one[0], str) for one in node.values())


def _tensors(node: object) -> Iterator[list[object]]:
    """Yield the tensors of a call of Keras 2, which may be nested in lists and dicts."""
    if isinstance(node, dict):
        for name in sorted(node, key=str):
            yield from _tensors(node[name])
        return
    one = check_list(node, "inbound_nodes")
    if not one or not isinstance(one[0], str):
        for inner in one:
            yield from _tensors(inner)
        return
    if len(one) < 3:
        raise ModelError(f"inbound_nodes must name layer, call and output; got {shorten(node)}")
    yield one


def _sides(parts: Sequence[Part]) -> dict[str, SideOf]:
    """Return the layers of tf.keras that compute a side of a tensor: `tf.shape(x)[0]`."""
    shapes = {}
    for part in parts:
        function = part.config.get("function")
        nodes = part.layer.get("inbound_nodes")
        if part.kind in tf_operations.CLASSES and isinstance(nodes, list) and len(nodes) == 1:
            shapes[part.name] = str(function).rpartition(".")[2], nodes[0]
    sides = {}
    for name, (function, node) in shapes.items():
        match node:
            case [str(shape), 0, 0, {"slice_spec": int(axis)}] if function == "getitem":
                match shapes.get(shape):
                    case ("shape", [str(tensor), int(call), int(output), *_]):
                        sides[name] = SideOf(Ref(tensor, call, output), axis)
    return sides
