"""The output shapes of Keras's layers whose cost is not known, from their arguments."""

from __future__ import annotations

from typing import TYPE_CHECKING

from convcost._models.keras.layers import Attributes

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeAlias

    from convcost._exact.types import Factors
    from convcost._models.keras.layers import Config

    # Takes the shapes of the inputs, the batch included; returns those of the outputs.
    Shapes: TypeAlias = Callable[[list[Factors]], list[Factors] | None]

# The number of states that each recurrent layer returns on request.
_STATES = {"CuDNNGRU": 1, "CuDNNLSTM": 2, "GRU": 1, "LSTM": 2, "SimpleRNN": 1}


def output_shapes(kind: str, config: Config) -> Shapes | None:
    """Return the function from a layer's input shapes to its output shapes, or None.

    Examples
    --------
    >>> output_shapes("LSTM", {"units": 4, "return_sequences": True})([(1, 10, 8)])
    [(1, 10, 4)]
    >>> output_shapes("MultiHeadAttention", {})([(1, 10, 8), (1, 12, 8)])
    [(1, 10, 8)]
    """
    if kind in _STATES:
        return _recurrent(config, _STATES[kind], 1)
    if kind == "Bidirectional":
        return _bidirectional(config)
    if kind in ("GroupedQueryAttention", "GroupQueryAttention", "MultiHeadAttention"):
        return None if config.get("output_shape") else _like_first
    if kind in ("AdditiveAttention", "Attention"):
        return _attention
    return None


def _recurrent(config: Config, states: int, directions: int) -> Shapes | None:
    units = config.get("units")
    if type(units) is not int or units < 1:
        return None
    width = units * directions

    def shapes(inputs: list[Factors]) -> list[Factors] | None:
        batch, *steps = inputs[0][:-1]
        if len(steps) != 1:
            return None
        sequence = steps if config.get("return_sequences") else ()
        kept = states * directions if config.get("return_state") else 0
        return [(batch, *sequence, width), *([(batch, units)] * kept)]

    return shapes


def _bidirectional(config: Config) -> Shapes | None:
    inner = config.get("layer") or config.get("forward_layer")
    kind: object = type(inner).__name__
    own: Config = Attributes(inner)
    if isinstance(inner, dict):
        kind, own = inner.get("class_name"), inner.get("config") or {}
    if kind not in _STATES or not isinstance(own, (dict, Attributes)):
        return None
    merged = {"concat": 2, "sum": 1, "mul": 1, "ave": 1}.get(str(config.get("merge_mode")))
    if merged is None or own.get("return_state"):
        return None
    return _recurrent(own, 0, merged)


def _like_first(inputs: list[Factors]) -> list[Factors] | None:
    return [inputs[0]]


def _attention(inputs: list[Factors]) -> list[Factors] | None:
    query, value, *_ = *inputs, ()
    return [(*query[:-1], value[-1])] if query and value else None
