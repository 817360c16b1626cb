"""The output shapes of Keras's layers whose cost is not known, from their arguments."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeAlias

    from convcost._exact.types import Factors
    from convcost._models.keras.layers import Config

    # Takes the shapes of the inputs, the batch included; returns those of the outputs.
    Shapes: TypeAlias = Callable[[list[Factors]], list[Factors] | None]


def output_shapes(kind: str, config: Config) -> Shapes | None:
    """Return the function from a layer's input shapes to its output shapes, or None.

    Examples
    --------
    >>> output_shapes("MultiHeadAttention", {})([(1, 10, 8), (1, 12, 8)])
    [(1, 10, 8)]
    """
    if kind in ("GroupedQueryAttention", "GroupQueryAttention", "MultiHeadAttention"):
        return None if config.get("output_shape") else _like_first
    if kind in ("AdditiveAttention", "Attention"):
        return _attention
    return None


def _like_first(inputs: list[Factors]) -> list[Factors] | None:
    return [inputs[0]]


def _attention(inputs: list[Factors]) -> list[Factors] | None:
    query, value, *_ = *inputs, ()
    return [(*query[:-1], value[-1])] if query and value else None
