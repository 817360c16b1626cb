"""The output shapes of Keras's layers whose cost is not known, from their arguments."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeAlias

    from convcost._exact.types import Factors
    from convcost._models.keras.layers import Config

    # Takes the shapes of the inputs, the batch included; returns those of the outputs.
    Shapes: TypeAlias = Callable[[list[Factors]], list[Factors]]


def output_shapes(kind: str, config: Config) -> Shapes | None:
    """Return the function from a layer's input shapes to its output shapes, or None.

    Examples
    --------
    >>> output_shapes("Lambda", {"output_shape": [4, 4]})([(1, 10, 8)])
    [(1, 4, 4)]
    >>> output_shapes("Mystery", {})
    """
    sides = config.get("output_shape") if kind == "Lambda" else None
    if not isinstance(sides, (list, tuple)) or not all(_is_side(side) for side in sides):
        return None
    return lambda inputs: [(inputs[0][0], *sides)]


def _is_side(side: object) -> bool:
    return type(side) is int and side > 0
