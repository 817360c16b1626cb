"""The layers that keep the shape, by Keras's names; all of their arguments are kept."""

from __future__ import annotations

from typing import TYPE_CHECKING

from convcost._layers.elementwise import Elementwise

if TYPE_CHECKING:
    from typing import Any


class Unchanging(Elementwise):
    """A layer without weights whose output has the shape of its input; no MACs.

    Parameters
    ----------
    **kept
        The arguments of Keras's class, none of which changes a count.
    """

    if TYPE_CHECKING:

        def __init__(self, *args: Any, **kept: Any) -> None: ...

    else:

        def __init__(self) -> None:
            self._set(kind=type(self).__name__)


class Activation(Unchanging):
    """A function of each element."""


class ActivityRegularization(Unchanging):
    """A loss in training, from the input."""


class AlphaDropout(Unchanging):
    """Dropout in training that keeps the mean and the variance."""


class AugMix(Unchanging):
    """Mixtures of augmented images in training."""


class AutoContrast(Unchanging):
    """Images with their values stretched to the whole range."""


class ContrastLimitedAdaptiveHistogramEqualization(Unchanging):
    """Images with their histograms equalized in tiles."""


class CutMix(Unchanging):
    """Images with a part of another one in training."""


class Dropout(Unchanging):
    """Elements that are dropped in training."""


class ELU(Unchanging):
    """The exponential linear unit of each element."""


class Equalization(Unchanging):
    """Images with their histograms equalized."""


class GaussianDropout(Unchanging):
    """A random factor for each element in training."""


class GaussianNoise(Unchanging):
    """A random summand for each element in training."""


class Identity(Unchanging):
    """The input as it is."""


class LeakyReLU(Unchanging):
    """The rectified linear unit with a slope below zero."""


class Masking(Unchanging):
    """A mask for steps that hold only one value."""


class MixUp(Unchanging):
    """Mixtures of two images in training."""


class RandAugment(Unchanging):
    """Random augmentations of images in training."""


class RandomBrightness(Unchanging):
    """Random brightness of images in training."""


class RandomColorDegeneration(Unchanging):
    """Random degeneration of colors in training."""


class RandomColorJitter(Unchanging):
    """Random brightness, contrast, saturation and hue in training."""


class RandomContrast(Unchanging):
    """Random contrast of images in training."""


class RandomElasticTransform(Unchanging):
    """Random elastic transformations of images in training."""


class RandomErasing(Unchanging):
    """Random erasing of parts of images in training."""


class RandomFlip(Unchanging):
    """Random flips of images in training."""


class RandomGaussianBlur(Unchanging):
    """Random blur of images in training."""


class RandomGrayscale(Unchanging):
    """Random conversion of images to gray in training."""


class RandomHue(Unchanging):
    """Random hue of images in training."""


class RandomInvert(Unchanging):
    """Random inversion of images in training."""


class RandomPerspective(Unchanging):
    """Random perspectives of images in training."""


class RandomPosterization(Unchanging):
    """Random posterization of images in training."""


class RandomRotation(Unchanging):
    """Random rotations of images in training."""


class RandomSaturation(Unchanging):
    """Random saturation of images in training."""


class RandomSharpness(Unchanging):
    """Random sharpness of images in training."""


class RandomShear(Unchanging):
    """Random shears of images in training."""


class RandomTranslation(Unchanging):
    """Random translations of images in training."""


class RandomZoom(Unchanging):
    """Random zooms into images in training."""


class ReLU(Unchanging):
    """The rectified linear unit of each element."""


class Rescaling(Unchanging):
    """Each element times a scale, plus an offset."""


class Softmax(Unchanging):
    """The softmax along an axis."""


class Solarization(Unchanging):
    """Images with values inverted above a threshold, in training."""


class SpatialDropout1D(Unchanging):
    """Channels of sequences that are dropped in training."""


class SpatialDropout2D(Unchanging):
    """Channels of images that are dropped in training."""


class SpatialDropout3D(Unchanging):
    """Channels of volumes that are dropped in training."""


class UnitNormalization(Unchanging):
    """Vectors that are scaled to a norm of one."""
