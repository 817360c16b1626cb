"""Low-rank adaptation: a frozen kernel with two small trainable ones beside it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from convcost._exact import K
from convcost._exact.scalars import refuse
from convcost._exact.sizes import check_integer
from convcost._layers.convolution import Conv1D, Conv2D, Conv3D
from convcost._layers.dense import Dense
from convcost._layers.einsum_dense import EinsumDense
from convcost._layers.embedding import Embedding, ReversibleEmbedding, Vectors
from convcost._layers.quantized import Quantized, Stored
from convcost._layers.results import Weight
from convcost._layers.steps import OfWeights, Product, Step, Weights

if TYPE_CHECKING:
    from convcost._exact.types import Count, Factors
    from convcost._layers.base import Layer
    from convcost._layers.steps import Part
    from convcost._layers.types import Side

_ADAPTED = (Conv1D, Conv2D, Conv3D, Dense, EinsumDense, Embedding, ReversibleEmbedding)


@dataclass(frozen=True, eq=False, repr=False)
class LoRA(Stored[K]):
    """A layer with low-rank adaptation, as after `layer.enable_lora(rank)` in Keras.

    The kernel is frozen. Each call multiplies two small kernels and adds the product to the large
    one, once for all inputs; a quantized layer applies them to each input instead.

    Parameters
    ----------
    layer
        A `Conv1D`, `Conv2D`, `Conv3D`, `Dense`, `EinsumDense`, `Embedding` or
        `ReversibleEmbedding`; or one of the last four as `Quantized` to int8 or int4.
    lora_rank
        Number of columns of the first small kernel, and of rows of the second.

    Raises
    ------
    TypeError, ValueError
        If Keras has no low-rank adaptation for the layer, or `lora_rank` is not a positive integer.

    Notes
    -----
    Hu et al., "LoRA" (arXiv:2106.09685), as in Keras 3.15.

    Examples
    --------
    >>> from convcost.layers import Dense
    >>> layer = LoRA(Dense(10), lora_rank=4)
    >>> layer.explain((64,)).macs
    '64*10 + 4*64*10 = 3200'
    >>> [(weight.name, weight.shape, weight.trainable) for weight in layer.weights((64,))]
    [('kernel', (64, 10), False), ('bias', (10,), True), ('lora_kernel_a', (64, 4), True), ...]
    """

    if TYPE_CHECKING:

        def __init__(self, layer: Layer[K], lora_rank: Side[K]) -> None: ...

    layer: Layer[K]
    lora_rank: Count

    def __post_init__(self) -> None:
        layer, inside = self.layer, self._adapted
        if not isinstance(layer, (*_ADAPTED, Quantized)):
            *names, last = (one.__name__ for one in _ADAPTED)
            refuse(TypeError, "layer", layer, f"{', '.join(names)} or {last} of convcost.layers")
        if isinstance(layer, Quantized) and layer.how.name not in ("int8", "int4"):
            refuse(ValueError, "layer", layer, "a layer quantized to int8 or int4")
        if inside is not layer and isinstance(inside, EinsumDense) and not inside.adds_last_axis:
            # Keras multiplies the last axis of what the first small kernel makes by the second.
            what = "an EinsumDense whose kernel and output end with the same axis, not the input's"
            refuse(ValueError, "layer", layer, what)
        self._set(lora_rank=check_integer("lora_rank", self.lora_rank))

    @property
    def _adapted(self) -> Layer[K]:
        """The layer itself, in whichever form its kernel is stored."""
        return self.layer.layer if isinstance(self.layer, Quantized) else self.layer

    @property
    def computes_once(self) -> bool:
        """Whether it multiplies the small kernels once for all inputs."""
        return not isinstance(self.layer, Quantized) and not self._is_bypassed(self.layer)

    @staticmethod
    def _is_bypassed(layer: Layer[K]) -> bool:
        """Tell whether a product leads back from an embedding with a kernel of its own."""
        return isinstance(layer, ReversibleEmbedding) and layer.reverse and not layer.tie_weights

    def _steps(self, shape: Factors) -> tuple[Part, ...]:
        own = self.layer._steps(shape)
        first, second = self._small(shape)
        unused = (*own, Weights(first.shape), Weights(second.shape))
        if isinstance(self.layer, Quantized):
            inside = self._adapted
            if isinstance(inside, ReversibleEmbedding) and inside.reverse:
                return unused  # Keras leads back with the quantized kernel alone
            return (*own, *self._beside(inside, shape))
        if self._is_bypassed(self.layer):
            return unused
        made = OfWeights(Product((*first.shape[:-1], *second.shape[1:]), (self.lora_rank,)))
        return (*own, made, Weights(first.shape), Weights(second.shape))

    def _beside(self, layer: Layer[K], shape: Factors) -> tuple[Part, ...]:
        """Return the parts that apply the small kernels to the input of a quantized layer."""
        _, second = self._small(shape)
        if isinstance(layer, Vectors):
            looked_up: Layer[K] = Embedding(layer.input_dim, self.lora_rank)
            return (*looked_up._steps(shape), Step((), *_kernel(second), shape, 0, places=shape))
        if isinstance(layer, EinsumDense):
            narrow: Layer[K] = layer.narrowed(self.lora_rank)
        else:
            narrow = Dense(self.lora_rank, use_bias=False)
        places = narrow._output_shape(shape, narrow._steps(shape))[:-1]
        then = Step((), *_kernel(second), places, 0, places=places)
        return (*narrow._steps(shape), then)

    def _weights(self, shape: Factors) -> tuple[Weight, ...]:
        kernel, *others = self.layer._weights(shape)
        return (kernel._replace(trainable=False), *others, *self._small(shape))

    def _small(self, shape: Factors) -> tuple[Weight, Weight]:
        """Return the two small kernels."""
        name, sides, *_ = self._adapted._weights(shape)[0]
        return (
            Weight(f"lora_{name}_a", (*sides[:-1], self.lora_rank), dtype="float32"),
            Weight(f"lora_{name}_b", (self.lora_rank, sides[-1]), dtype="float32"),
        )


def _kernel(weight: Weight) -> tuple[Factors, Factors]:
    """Return the channels and the filters of a kernel that is a matrix."""
    return weight.shape[:1], weight.shape[1:]
