"""Activations of live layers that may have weights, or compute more than one value at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import keras

from convcost._layers.cells import Recurring
from convcost._layers.elementwise import ELEMENTWISE
from convcost._models.graph import Call, Entry, Graph, Ref, input_entry
from convcost._models.keras.code import Code, of_input
from convcost._models.keras.nodes import Names
from convcost._models.keras.origins import is_keras
from convcost._models.unknown import Unknown

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from convcost._layers.base import Layer
    from convcost._models.types import KerasLayer, LayerReader

# Functions of other libraries that people give as activations, which take each value by itself.
_ELSEWHERE = ("tensorflow", "jax", "torch")
_NAMES = """
    celu crelu elu exp gelu glu hard_sigmoid hard_silu hard_swish hard_tanh hardsigmoid hardswish
    hardtanh leaky_relu log_sigmoid log_softmax logsigmoid mish relu relu6 selu sigmoid silu sin
    softmax softplus softsign sparse_plus squareplus swish tanh
"""
_FUNCTIONS = frozenset(_NAMES.split())


def with_activation(
    reader: LayerReader, made: Layer[Any], layer: KerasLayer
) -> Layer[Any] | Graph | Unknown:
    """Return a layer, followed by its activation if that is not an elementwise function."""
    activation = getattr(layer, "activation", None)
    held = _held(reader, activation, layer)
    if isinstance(made, Recurring):
        held = held or _held(reader, getattr(layer, "recurrent_activation", None), layer)
        detail = held and f" with the activation {held.name!r}"
        return Unknown(type(layer).__name__, detail=detail) if detail else made
    if held is None:
        return made
    names = Names([layer.name])
    first, name = names.free("input"), names.free(held.name)
    entries = (
        input_entry(first, None),
        reader.holding(layer, layer.name, made, _call(first)),
        held._replace(name=name, calls=_call(layer.name)),
    )
    return Graph(layer.name, type(layer).__name__, entries, Ref(first), Ref(name))


def _call(name: str) -> tuple[Call, ...]:
    return (Call.of((Ref(name),)),)


def _held(reader: LayerReader, activation: object, layer: KerasLayer) -> Entry | None:
    """Return the entry of an activation, without its calls; None if there is nothing to count."""
    if isinstance(activation, keras.layers.Activation):
        return _held(reader, activation.activation, activation)
    dtype = getattr(layer, "compute_dtype", None)  # an activation may be an operation
    if isinstance(activation, keras.Layer):
        if type(activation).__name__ in ELEMENTWISE and is_keras(type(activation).__module__):
            return None
        made = reader.called_with_one(activation, dtype)
        return reader.holding(activation, activation.name, made, ())
    if not callable(activation) or _is_elementwise(activation):
        return None
    name = getattr(activation, "__name__", type(activation).__name__).strip("<>")
    call = of_input(dtype)
    code = Code(reader, name, name, activation, [call], (), Unknown(name))
    return Entry(name, name, code, True, (), ("live", id(activation)))


def _is_elementwise(function: Callable[..., object]) -> bool:
    module = getattr(function, "__module__", None) or ""
    if module.split(".")[0] in ("keras", "tf_keras"):
        return True
    name = getattr(function, "__name__", "")
    return module.split(".")[0] in _ELSEWHERE and name in _FUNCTIONS
