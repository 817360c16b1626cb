"""What of a layer is its width, which a multiplier scales: its filters, its units, its vectors."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from convcost import _layers as kinds
from convcost._layers.cells import Cell
from convcost._layers.multi_head_attention import Projected

if TYPE_CHECKING:
    from typing import Any

    from convcost._exact.types import Count
    from convcost._layers.base import Layer

# The names of the argument, by class; subclasses have that of their base.
_NAMES: dict[type[Layer[Any]], str] = {
    kinds.Conv1D: "filters",
    kinds.Conv2D: "filters",
    kinds.Conv3D: "filters",
    kinds.Conv1DTranspose: "filters",
    kinds.Conv2DTranspose: "filters",
    kinds.Conv3DTranspose: "filters",
    kinds.SeparableConv1D: "filters",
    kinds.SeparableConv2D: "filters",
    kinds.LocallyConnected1D: "filters",
    kinds.LocallyConnected2D: "filters",
    kinds.ConvLSTM1D: "filters",
    kinds.ConvLSTM2D: "filters",
    kinds.ConvLSTM3D: "filters",
    kinds.Dense: "units",
    kinds.SimpleRNN: "units",
    kinds.LSTM: "units",
    kinds.GRU: "units",
    kinds.SimpleRNNCell: "units",
    kinds.LSTMCell: "units",
    kinds.GRUCell: "units",
    kinds.Embedding: "output_dim",
}
# The layers whose width is that of a layer in them, and the name of that.
_AROUND: dict[type, str] = {
    kinds.Bidirectional: "layer",
    kinds.LoRA: "layer",
    kinds.Quantized: "layer",
    kinds.RNN: "cell",
    kinds.SpectralNormalization: "layer",
}


def innermost(layer: object) -> object:
    """Return the layer that has the width: the one that others are around, or the last of a chain.

    Examples
    --------
    >>> innermost(kinds.Bidirectional(kinds.LSTM(8))).units
    8
    """
    while True:
        if isinstance(layer, kinds.Chain):
            layer = layer.layers[-1]
        elif inside := _AROUND.get(type(layer)):
            layer = getattr(layer, inside)
        else:
            return layer


def is_wide(layer: object) -> bool:
    """Tell whether a layer has a width of its own that can be scaled."""
    return bool(_name(innermost(layer))) and not why_not(layer)


def why_not(layer: object) -> str:
    """Return what of a layer fixes the width of its output, though a model may mean to scale it."""
    inner = innermost(layer)
    if isinstance(inner, kinds.EinsumDense):
        return "its output_shape may hold more than a width"
    if isinstance(inner, kinds.ReversibleEmbedding):
        return "its output_dim is a width that it makes, and one that it takes"
    if isinstance(inner, Projected) and getattr(inner, "sides", None) is not None:
        return "its output_shape may hold more than a width"
    if isinstance(layer, kinds.Bidirectional) and layer.backward_layer is not None:
        widths = [width_of(one) for one in (layer.layer, layer.backward_layer)]
        return "" if widths[0] == widths[1] else "its two layers differ in width"
    if isinstance(inner, Cell) and (isinstance(layer, Cell) or not _name(inner)):
        return "its cells have widths of their own, and states that come from outside"
    return ""


def width_of(layer: object) -> Count:
    """Return the number of a layer's filters or units, or the size of its vectors."""
    inner = innermost(layer)
    return getattr(inner, _name(inner), None)


def with_width(layer: Layer[Any], width: Count) -> Layer[Any]:
    """Return a layer of another width, or one around such a layer."""
    if isinstance(layer, kinds.Chain):
        return kinds.Chain((*layer.layers[:-1], with_width(layer.layers[-1], width)))
    name = _AROUND.get(type(layer))
    if name is None:
        return replace(layer, **{_name(layer): width})
    changed = {name: with_width(getattr(layer, name), width)}
    if isinstance(layer, kinds.Bidirectional) and layer.backward_layer is not None:
        changed["backward_layer"] = with_width(layer.backward_layer, width)
    return replace(layer, **changed)


def head_sizes(layer: object) -> dict[str, Count]:
    """Return the sizes of an attention's heads, which scale as widths do, by name."""
    if isinstance(layer, kinds.GroupQueryAttention):
        return {"head_dim": layer.head_dim}
    if isinstance(layer, kinds.MultiHeadAttention):
        return {"key_dim": layer.key_dim, "value_dim": layer.value_dim}
    return {}


def times_joined(layer: object) -> int:
    """Return how many times its width a layer's output is wide."""
    joined = isinstance(layer, kinds.Bidirectional) and layer.merge_mode == "concat"
    return 2 if joined else 1


def _name(layer: object) -> str:
    return next((name for kind, name in _NAMES.items() if isinstance(layer, kind)), "")
