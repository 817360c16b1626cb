"""Replace full convolutions by separable ones, and separable ones by full ones."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from convcost import _layers as kinds
from convcost._models.changes import settled, unwrapped, wrapped
from convcost._models.graph import Distributed, Graph, RegisteredLayer, Traced, refs
from convcost._models.unknown import Unknown

if TYPE_CHECKING:
    from typing import Any, TypeAlias, TypeGuard

    from convcost._layers.base import Layer
    from convcost._models.graph import Entry

    Full: TypeAlias = kinds.Conv1D[Any] | kinds.Conv2D[Any]
    Depthwise: TypeAlias = kinds.DepthwiseConv1D[Any] | kinds.DepthwiseConv2D[Any]
    Separable: TypeAlias = kinds.SeparableConv1D[Any] | kinds.SeparableConv2D[Any]

_SEPARABLE: dict[type[Full], type[Separable]] = {
    kinds.Conv1D: kinds.SeparableConv1D,
    kinds.Conv2D: kinds.SeparableConv2D,
}
_DEPTHWISE: dict[type[Full], type[Depthwise]] = {
    kinds.Conv1D: kinds.DepthwiseConv1D,
    kinds.Conv2D: kinds.DepthwiseConv2D,
}
_FULL: dict[type[Separable], type[Full]] = {made: full for full, made in _SEPARABLE.items()}
_FULL_OF: dict[type[Depthwise], type[Full]] = {made: full for full, made in _DEPTHWISE.items()}
_NAMES = """
    Activation Celu ELU Elu Gelu HardSigmoid HardSilu HardTanh LeakyReLU LeakyRelu PReLU ReLU Relu
    Relu6 Selu Sigmoid Silu Softplus Softsign Tanh
"""
# Layers, and operations of `keras.ops`, by the names of their classes.
ACTIVATIONS = frozenset(_NAMES.split())
# What is allowed between the halves of a separable block; it goes when the halves are merged.
BETWEEN = ACTIVATIONS | {"BatchNormalization", "Dropout"}


def is_full(layer: object) -> TypeGuard[Full]:
    """Tell whether a separable convolution can replace a layer."""
    return (
        isinstance(layer, (kinds.Conv1D, kinds.Conv2D))
        and type(layer) in _SEPARABLE
        and layer.padding != "causal"
        and layer.groups == 1
        and any(side != 1 for side in layer.kernel_size)
    )


def separable_layer(layer: Full, block: bool) -> Layer[Any]:
    """Return the separable convolution, or the MobileNet block, that replaces a layer."""
    placed = _placed(layer)
    if not block:
        return _SEPARABLE[type(layer)](layer.filters, **placed, use_bias=layer.use_bias)
    axis = -1 if layer.data_format == "channels_last" else 1
    depthwise = _DEPTHWISE[type(layer)](**placed, use_bias=False)
    pointwise = type(layer)(
        layer.filters, 1, data_format=layer.data_format, use_bias=layer.use_bias
    )
    return kinds.Chain((depthwise, kinds.BatchNormalization(axis), pointwise))


def standard_graph(graph: Graph) -> Graph:
    """Return a graph with full convolutions in place of separable layers and blocks."""
    return settled(graph, _standard(graph))


def _standard(graph: Graph) -> Graph:
    entries = tuple(map(_standard_entry, graph.entries))
    return _merged(replace(graph, entries=entries, as_built=False))


def _standard_entry(entry: Entry) -> Entry:
    layer, depth = unwrapped(entry.layer)
    if not _is_separable(layer):
        return entry.changed(_standard)
    full = _FULL[type(layer)](layer.filters, **_placed(layer), use_bias=layer.use_bias)
    return wrapped(entry, full, depth)


def _is_separable(layer: object) -> TypeGuard[Separable]:
    return type(layer) in _FULL


def _is_depthwise(layer: object) -> TypeGuard[Depthwise]:
    return type(layer) in _FULL_OF


def _placed(layer: Layer[Any]) -> dict[str, Any]:
    """Return the arguments that decide where the kernel is placed."""
    names = ("kernel_size", "strides", "padding", "data_format", "dilation_rate")
    return {name: getattr(layer, name) for name in names}


def _merged(graph: Graph) -> Graph:
    """Return a graph with each depthwise-pointwise pair merged into one full convolution."""
    users = _users(graph)
    by_name = {entry.name: entry for entry in graph.entries}
    gone: set[str] = set()
    made: dict[str, Entry] = {}
    for entry in graph.entries:
        depthwise = entry.layer
        if not _is_depthwise(depthwise):
            continue
        between, last = _followed(entry, users, by_name)
        if last is None or not _is_pointwise(last.layer, depthwise):
            continue
        gone |= {entry.name, *between}
        full = _together(depthwise, last.layer)
        parts = [by_name[name] for name in (entry.name, *between)]
        # The same layers one after another, elsewhere, are the same full convolution.
        identity = (*(one.identity for one in parts), last.identity, full)
        merged = last._replace(calls=entry.calls).holding(full, identity)
        former = [one.variables or () for one in parts]
        made[last.name] = merged._replace(replaced=sum(former, merged.replaced))
    entries = tuple(
        made.get(entry.name, entry) for entry in graph.entries if entry.name not in gone
    )
    return replace(graph, entries=entries)


def _users(graph: Graph) -> dict[str, list[str]]:
    """Return the names of the layers that each layer feeds; "" stands for the model's output."""
    users: dict[str, list[str]] = {}
    for entry in graph.entries:
        for one in entry.calls:
            for ref in one.refs:
                users.setdefault(ref.entry, []).append(entry.name)
    for ref in refs(graph.outputs):
        users.setdefault(ref.entry, []).append("")
    return users


def _followed(
    entry: Entry, users: dict[str, list[str]], by_name: dict[str, Entry]
) -> tuple[list[str], Entry | None]:
    """Return the `BETWEEN` layers after a layer, and the next entry; None where paths branch."""
    between: list[str] = []
    while len(users.get(entry.name, ())) == 1 and len(entry.calls) == 1:
        following = by_name.get(users[entry.name][0])
        if following is None or len(following.calls) != 1:
            break
        if following.kind not in BETWEEN or _computes(following.layer):
            return between, following
        between.append(following.name)
        entry = following
    return between, None


def _computes(held: object) -> bool:
    """Tell whether code stands behind the name of a class, which may compute anything."""
    return isinstance(held, (Graph, Traced, Distributed, RegisteredLayer, Unknown))


def _is_pointwise(layer: object, depthwise: Depthwise) -> TypeGuard[Full]:
    return (
        isinstance(layer, (kinds.Conv1D, kinds.Conv2D))
        and type(layer) is _FULL_OF[type(depthwise)]
        and depthwise.depth_multiplier == 1
        and all(side == 1 for side in (*layer.kernel_size, *layer.strides))
        and layer.groups == 1
    )


def _together(depthwise: Depthwise, pointwise: Full) -> Full:
    return replace(pointwise, **_placed(depthwise) | {"data_format": pointwise.data_format})
