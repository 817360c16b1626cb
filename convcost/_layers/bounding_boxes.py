"""A fixed number of bounding boxes beside each image."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from convcost._exact import K
from convcost._exact.sizes import check_integer
from convcost._layers.base import Layer

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from convcost._exact.types import Count, Factors
    from convcost._layers.keras_arguments import Kept
    from convcost._layers.steps import Part
    from convcost._layers.types import GivenShape, Side


@dataclass(frozen=True, eq=False, repr=False)
class MaxNumBoundingBoxes(Layer[K]):
    """A fixed number of bounding boxes, as `keras.layers.MaxNumBoundingBoxes`; no MACs.

    Images by themselves stay as they are.

    Parameters
    ----------
    max_number
        Number of boxes beside each image.

    Raises
    ------
    TypeError, ValueError
        If `max_number` is not a positive integer.

    Examples
    --------
    >>> MaxNumBoundingBoxes(10).output_shape((224, 224, 3))
    (224, 224, 3)
    """

    keeps_rank = True

    if TYPE_CHECKING:

        def __init__(self, max_number: Side[K], **kept: Unpack[Kept]) -> None: ...

    max_number: Count

    def __post_init__(self) -> None:
        self._set(max_number=check_integer("max_number", self.max_number))

    def given(self, shapes: list[Factors]) -> GivenShape:
        """Return the shape of the images, or a list: of boxes and their labels, and of images."""
        return shapes[0] if len(shapes) == 1 else shapes

    def _output_shape(self, shape: Factors, steps: tuple[Part, ...]) -> Factors:
        boxes = shape[0] if shape else None
        if not isinstance(boxes, (tuple, list)) or len(boxes) != 2:
            return shape
        _, labels, *others = shape
        return ((self.max_number, *boxes[1:]), (self.max_number, *labels[1:]), *others)
