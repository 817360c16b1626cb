"""Replace full convolutions by separable ones, and separable ones by full ones."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from convcost import _layers as kinds
from convcost._models.graph import Graph, refs

if TYPE_CHECKING:
    from convcost._layers.base import Layer
    from convcost._models.graph import Entry

_SEPARABLE = {kinds.Conv1D: kinds.SeparableConv1D, kinds.Conv2D: kinds.SeparableConv2D}
_FULL = {kinds.SeparableConv1D: kinds.Conv1D, kinds.SeparableConv2D: kinds.Conv2D}
_DEPTHWISE = {kinds.Conv1D: kinds.DepthwiseConv1D, kinds.Conv2D: kinds.DepthwiseConv2D}
_FULL_OF = {depthwise: full for full, depthwise in _DEPTHWISE.items()}
# Layers allowed between the halves of a separable block; they go when the halves are merged.
BETWEEN = ("Activation", "BatchNormalization", "Dropout", "ELU", "LeakyReLU", "PReLU", "ReLU")


def is_full(layer: Any) -> bool:
    """Tell whether a separable convolution can replace a layer."""
    return (
        type(layer) in _SEPARABLE
        and layer.padding != "causal"
        and layer.groups == 1
        and any(side != 1 for side in layer.kernel_size)
    )


def separable_layer(layer: Any, block: bool) -> Layer:
    """Return the separable convolution, or the MobileNet block, that replaces a layer."""
    placed = _placed(layer)
    if not block:
        made: Layer = _SEPARABLE[type(layer)](layer.filters, **placed, use_bias=layer.use_bias)
        return made
    axis = -1 if layer.data_format == "channels_last" else 1
    depthwise = _DEPTHWISE[type(layer)](**placed, use_bias=False)
    pointwise = type(layer)(
        layer.filters, 1, data_format=layer.data_format, use_bias=layer.use_bias
    )
    return kinds.Chain((depthwise, kinds.BatchNormalization(axis), pointwise))


def standard_graph(graph: Graph) -> Graph:
    """Return a graph with full convolutions in place of separable layers and blocks."""
    entries = tuple(map(_standard_entry, graph.entries))
    return _merged(replace(graph, entries=entries))


def _standard_entry(entry: Entry) -> Entry:
    layer: Any = entry.layer
    if isinstance(layer, Graph):
        return entry._replace(layer=standard_graph(layer))
    if type(layer) not in _FULL:
        return entry
    full = _FULL[type(layer)](layer.filters, **_placed(layer), use_bias=layer.use_bias)
    return entry._replace(layer=full, kind=type(full).__name__)


def _placed(layer: object) -> dict[str, Any]:
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
        if type(entry.layer) not in tuple(_FULL_OF):
            continue
        between, last = _followed(entry, users, by_name)
        if last is None or not _is_pointwise(last.layer, entry.layer):
            continue
        gone |= {entry.name, *between}
        made[last.name] = last._replace(
            layer=_together(entry.layer, last.layer),
            kind=type(last.layer).__name__,
            calls=entry.calls,
        )
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
        if following.kind not in BETWEEN:
            return between, following
        between.append(following.name)
        entry = following
    return between, None


def _is_pointwise(layer: Any, depthwise: Any) -> bool:
    return (
        type(layer) is _FULL_OF[type(depthwise)]
        and depthwise.depth_multiplier == 1
        and all(side == 1 for side in (*layer.kernel_size, *layer.strides))
        and layer.groups == 1
    )


def _together(depthwise: Any, pointwise: Any) -> Layer:
    made: Layer = replace(pointwise, **_placed(depthwise) | {"data_format": pointwise.data_format})
    return made
