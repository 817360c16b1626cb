"""Layers without weights that keep the shape: activations, dropout, augmentation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from convcost._exact.scalars import refuse_choice
from convcost._layers.base import Layer

if TYPE_CHECKING:
    from convcost._exact.types import Factors
    from convcost._layers.steps import Part
    from convcost._layers.types import GivenShape

# What these do to each element (or, in augmentation, to each image) is not a multiply-accumulate
# with weights, and counters that report MACs don't count it.
_NAMES = """
    Activation ActivityRegularization AlphaDropout Dropout ELU GaussianDropout GaussianNoise
    Identity LeakyReLU Masking ReLU Rescaling Softmax SpatialDropout1D SpatialDropout2D
    SpatialDropout3D UnitNormalization
    AugMix AutoContrast ContrastLimitedAdaptiveHistogramEqualization CutMix Equalization MixUp
    RandAugment RandomBrightness RandomColorDegeneration RandomColorJitter RandomContrast
    RandomElasticTransform RandomErasing RandomFlip RandomGaussianBlur RandomGrayscale RandomHue
    RandomInvert RandomPerspective RandomPosterization RandomRotation RandomSaturation
    RandomSharpness RandomShear RandomTranslation RandomZoom Solarization
"""
ELEMENTWISE = frozenset(_NAMES.split())


@dataclass(frozen=True, eq=False, repr=False)
class Elementwise(Layer[int]):
    """A layer without weights whose output has the shape of its input.

    Parameters
    ----------
    kind
        Name of the Keras class: `ReLU`, `Activation`, `Dropout`, `RandomFlip`, ...

    Raises
    ------
    ValueError
        If `kind` is not the name of a layer without weights that keeps shapes as they are.

    Examples
    --------
    >>> Elementwise("ReLU").output_shape((28, 28, 32))
    (28, 28, 32)
    """

    keeps_rank = True

    kind: str

    def __post_init__(self) -> None:
        if not isinstance(self.kind, str) or self.kind not in ELEMENTWISE:
            refuse_choice("kind", self.kind, sorted(ELEMENTWISE))

    def given(self, shapes: list[Factors]) -> GivenShape:
        """Return one shape, or a list of them: of images, and of labels and boxes with them."""
        return shapes[0] if len(shapes) == 1 else shapes

    def _output_shape(self, shape: Factors, steps: tuple[Part, ...]) -> Factors:
        return shape
