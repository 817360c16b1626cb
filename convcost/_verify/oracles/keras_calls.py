"""How Keras makes the layers of this library, and calls them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from convcost._layers import Layer, LoRA, Quantized, ReversibleEmbedding, StackedRNNCells
from convcost._layers.attending import Attending
from convcost._layers.cells import Cell, Recurring
from convcost._layers.multi_head_attention import Projected
from convcost._layers.quantized import Stored
from convcost._layers.unchanging import Unchanging
from convcost._models.keras.library import import_keras
from convcost._verify.oracles.oracle import NotVisible

if TYPE_CHECKING:
    from collections.abc import Callable

    from convcost._exact.types import Factors
    from convcost._verify.types import Tensor

# Options of the call in Keras, which are arguments of the layer here.
_OPTIONS = ("return_attention_scores", "reverse", "use_causal_mask")
# What Keras saves, and learns from its own tokens.
_LEARNED = ("vocabulary_size",)
# Layers whose outputs are whole numbers unless they say otherwise.
_WHOLE = ("HashedCrossing", "Hashing")


def kind_of(layer: Layer[Any]) -> Callable[..., Callable[..., Tensor]]:
    """Return Keras's class of a layer, or raise NotVisible if it has none."""
    if isinstance(layer, Unchanging):
        raise NotVisible("it keeps the shape, and nothing that it does is counted")
    kind: Callable[..., Callable[..., Tensor]] | None = getattr(
        import_keras().layers, type(layer).__name__, None
    )
    if kind is None:
        raise NotVisible(f"Keras has no layer {type(layer).__name__}")
    return kind


def arguments_of(layer: Layer[Any]) -> dict[str, Any]:
    """Return a layer's arguments as Keras takes them, with the layers in them made."""
    arguments = layer.arguments()
    if type(layer).__name__ in ("Cropping1D", "UpSampling1D", "ZeroPadding1D"):
        # Keras gives them no data format, and takes their one axis by itself.
        del arguments["data_format"]
        return {name: value[0] for name, value in arguments.items() if isinstance(value, tuple)}
    left_out = (*_OPTIONS, *_LEARNED)
    return {name: _made(one) for name, one in arguments.items() if name not in left_out}


def dtype_of(layer: Layer[Any]) -> str:
    """Return the type of numbers with which Keras makes a layer."""
    name = type(layer).__name__
    return "int32" if name in _WHOLE else "float32"


def _made(value: object) -> object:
    if isinstance(value, Layer):
        return kind_of(value)(**arguments_of(value))
    if isinstance(value, tuple) and value and isinstance(value[0], Layer):
        return [_made(one) for one in value]
    return value


def called(layer: Layer[Any], made: Callable[..., Tensor], inputs: Any) -> Tensor:
    """Call Keras's layer on the inputs."""
    if isinstance(layer, Attending):
        own = layer.arguments()
        options = {name: own[name] for name in _OPTIONS if name in own}
        several = list(inputs) if len(inputs) > 1 else [*inputs, *inputs]
        if isinstance(layer, Projected):
            return made(*several, **options)
        return made(several, **options)
    if isinstance(layer, Recurring) and isinstance(inputs, (list, tuple)):
        raise NotVisible("it is built without states")
    if isinstance(layer, Cell):
        return made(inputs, _states(layer, tuple(inputs.shape[1:])))
    if isinstance(layer, ReversibleEmbedding):
        return made(inputs, reverse=layer.reverse)
    return made(inputs)


def _states(cell: Cell[Any], shape: Factors) -> list[Any]:
    """Return states of zeros, for each of several cells in a list of its own."""
    if not isinstance(cell, StackedRNNCells):
        return [import_keras().ops.zeros((1, *one)) for one in cell.output_shape(shape)[1:]]
    nested = []
    for one in cell.cells:
        nested.append(_states(one, shape))
        shape = one.output_shape(shape)[0]
    return nested


def store(layer: Layer[Any], made: Any) -> None:
    """Quantize and adapt Keras's layer as this one is."""
    if isinstance(layer, Stored):
        store(layer.layer, made)
    if isinstance(layer, LoRA):
        made.enable_lora(layer.lora_rank)
    if isinstance(layer, Quantized):
        mode, block = layer.how.name, layer.how.block
        quantizers = import_keras().quantizers
        sizes = quantizers.Int4QuantizationConfig(block_size=block) if mode == "int4" else None
        made.quantize(mode, config=sizes)
