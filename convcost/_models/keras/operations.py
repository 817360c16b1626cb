"""Operations that a functional Keras model records: `x + y`, `keras.ops.relu(x)`, `x[:, 0]`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from convcost._exact.scalars import refuse_choice
from convcost._layers.steps import Product

# The other modules of rules are imported for what they add to RULES.
from convcost._models.keras import (  # noqa: F401
    operation_convolutions,
    operation_einsum,
    operation_elements,
    operation_images,
    operation_layouts,
    operation_products,
    operation_shapes,
    operation_slices,
    operation_widths,
)
from convcost._models.keras.operation_calls import RULES, Computed, OperationCall

if TYPE_CHECKING:
    from collections.abc import Sequence

    from convcost._layers.steps import Part
    from convcost._layers.types import GivenShape
    from convcost._models.graph import Arguments


_SIZED = """
    AdaptiveAveragePool AdaptiveMaxPool BroadcastTo CropImages Fold Full GetItem OneHot PadImages
    Rearrange Reshape Resize ScaleAndTranslate Scatter SegmentMax SegmentMin SegmentProd SegmentSum
    Slice Split Tile TopK UnravelIndex
"""


@dataclass(frozen=True)
class KerasOperation:
    """An operation of `keras.ops`, as a functional model records it.

    Parameters
    ----------
    kind
        Name of the Keras class: `Add`, `Relu`, `GetItem`, `Matmul`, ...
    own
        The arguments that the operation was made with, by name.

    Raises
    ------
    ValueError
        If the operation is not known.
    """

    kind: str
    own: dict[str, object]

    def __post_init__(self) -> None:
        if self.kind not in RULES:
            refuse_choice("kind", self.kind, sorted(RULES))

    def apply(
        self, args: tuple[object, ...], kwargs: dict[str, object], batch: int = 1
    ) -> tuple[GivenShape, tuple[Part, ...]]:
        """Return the shape of the output, or a list of shapes, and what is multiplied."""
        made = RULES[self.kind](OperationCall(self.own, args, kwargs, batch))
        if isinstance(made, Product):
            return made.outputs, (made,)
        return (made.output, made.parts) if isinstance(made, Computed) else (made, ())

    def fixed_by(self, before: Arguments, after: Arguments, constant: Sequence[bool]) -> str:
        """Return what fixes a size that follows from the widths of the inputs, or ""."""
        return operation_widths.fixed_by(self.kind, self.own, before, after, constant)

    @property
    def fixes_sizes(self) -> bool:
        """Whether its arguments hold sizes, which may follow from the shapes of its inputs."""
        return self.kind in _SIZED.split()
