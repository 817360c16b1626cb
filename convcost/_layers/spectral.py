"""Spectral normalization: a layer whose kernel is divided by its largest singular value."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from convcost._exact import K
from convcost._exact.scalars import refuse
from convcost._exact.sizes import check_integer
from convcost._layers.base import Layer
from convcost._layers.lora import LoRA
from convcost._layers.quantized import Quantized
from convcost._layers.results import Weight
from convcost._layers.steps import Weights

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from convcost._exact.types import Count, Factors
    from convcost._layers.keras_arguments import Kept
    from convcost._layers.steps import Part
    from convcost._layers.types import GivenShape, Side

_NORMALIZED = ("kernel", "embeddings")


@dataclass(frozen=True, eq=False, repr=False)
class SpectralNormalization(Layer[K]):
    """A layer with a normalized kernel, as `keras.layers.SpectralNormalization`.

    It costs what the layer costs, and has one more weight, which is not trained: the vector `u`
    with an element for each element of the kernel's last axis. In training, Keras estimates the
    singular value once for each batch, whatever its size, with (2*power_iterations + 1)*k + n MACs
    for a kernel of k elements whose last axis has n; one input has no share of that, so no count
    has it.

    Parameters
    ----------
    layer
        The layer, which has a kernel or embeddings.
    power_iterations
        Number of iterations of the estimate.

    Raises
    ------
    TypeError, ValueError
        If `layer` is not a layer of this library with a kernel or embeddings, or
        `power_iterations` not a positive integer.

    Examples
    --------
    >>> from convcost.layers import Conv2D
    >>> layer = SpectralNormalization(Conv2D(8, 3))
    >>> layer.explain((28, 28, 3)).params
    '(3*3*3+1)*8 + 8 = 232'
    >>> layer.cost((28, 28, 3)).macs == Conv2D(8, 3).cost((28, 28, 3)).macs
    True
    """

    holds_layers = True

    if TYPE_CHECKING:

        def __init__(
            self, layer: Layer[K], power_iterations: Side[K] = 1, **kept: Unpack[Kept]
        ) -> None: ...

    layer: Layer[K]
    power_iterations: Count = 1

    def __post_init__(self) -> None:
        if not isinstance(self.layer, Layer):
            refuse(TypeError, "layer", self.layer, "a layer of convcost.layers")
        if isinstance(self.layer, (LoRA, Quantized)):
            refuse(TypeError, "layer", self.layer, "a layer that is neither quantized nor adapted")
        self._set(power_iterations=check_integer("power_iterations", self.power_iterations))

    def given(self, shapes: list[Factors]) -> GivenShape:
        """Return what the layer itself takes."""
        return self.layer.given(shapes)

    def _axes(self) -> str:
        return self.layer._axes()

    def _check_rank(self, shape: Factors) -> None:
        self.layer._check_rank(shape)

    def _normalized(self, shape: Factors) -> Weight:
        """Return the kernel or the embeddings for an input of this shape."""
        own = () if self.layer.holds_layers else self.layer._weights(shape)
        found = next((one for one in own if one.name in _NORMALIZED), None)
        if found is None:
            refuse(ValueError, "layer", self.layer, "a layer with a kernel or embeddings")
        return found

    def _steps(self, shape: Factors) -> tuple[Part, ...]:
        self._check_rank(shape)
        steps = self.layer._steps(shape)
        return (*steps, Weights(self._normalized(shape).shape[-1:]))

    def _output_shape(self, shape: Factors, steps: tuple[Part, ...]) -> Factors:
        return self.layer._output_shape(shape, self.layer._steps(shape))

    def _weights(self, shape: Factors) -> tuple[Weight, ...]:
        kernel = self._normalized(shape)
        vector = Weight("vector_u", (1, kernel.shape[-1]), trainable=False)
        others = [one for one in self.layer._weights(shape) if one.name != kernel.name]
        return (kernel, vector, *others)

    def _intermediate(self, steps: tuple[Part, ...]) -> Count:
        return self.layer._intermediate(steps[:-1])

    def _past_first(self, shape: Factors, steps: tuple[Part, ...]) -> tuple[Part, ...]:
        return self.layer._past_first(shape, steps[:-1])
