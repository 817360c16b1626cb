"""Masks that reach the code of a layer with its input, though its call does not take them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import keras
from keras.src.backend import get_keras_mask
from keras.src.ops.node import KerasHistory

from convcost._models.keras.origins import is_keras

if TYPE_CHECKING:
    from collections.abc import Iterable

    from convcost._models.types import KerasLayer, KerasNode, KerasTensor


def mask_from_outside(shape: tuple[int | None, ...]) -> Any:
    """Return the mask of an input of code that is traced; no operation makes it."""
    mask = keras.KerasTensor(shape, "bool")
    mask._keras_history = KerasHistory(None, 0, 0)
    mask._convcost_mask = True
    return mask


def taken_from_outside(layer: KerasLayer, nodes: Iterable[KerasNode]) -> str:
    """Return why what a layer computes with a mask from outside is not known; empty if it is."""
    tensors = [tensor for node in nodes for tensor in node.input_tensors]
    if any(hasattr(tensor, "_convcost_mask") for tensor in tensors):
        return _why(layer)
    if isinstance(layer, keras.Model) and any(map(_is_masked, tensors)):
        return next(map(_why, filter(_takes_mask, layer._flatten_layers(include_self=False))), "")
    return ""


def _why(layer: KerasLayer) -> str:
    return f"layer {layer.name!r} takes the mask of an input from outside of what calls it"


def _is_masked(tensor: KerasTensor) -> bool:
    return get_keras_mask(tensor) is not None


def _takes_mask(layer: KerasLayer) -> bool:
    return not is_keras(type(layer).__module__) and bool(layer._call_has_mask_arg)
