"""Embeddings: a vector looked up for each input, and the product that leads back to the inputs."""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass
from typing import TYPE_CHECKING, ClassVar

from convcost._exact import K, arithmetic
from convcost._exact.scalars import refuse
from convcost._exact.sizes import check_integer
from convcost._layers.base import Layer
from convcost._layers.results import Weight
from convcost._layers.steps import Step, Weights

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Self

    from typing_extensions import Unpack

    from convcost._exact.types import Count, Factors
    from convcost._layers.keras_arguments import Kept
    from convcost._layers.steps import Part
    from convcost._layers.types import Side


class Vectors(Layer[K]):
    """A layer with a vector for each input value."""

    if TYPE_CHECKING:
        input_dim: Count
        output_dim: Count

    def __post_init__(self) -> None:
        self._set(
            input_dim=check_integer("input_dim", self.input_dim),
            output_dim=check_integer("output_dim", self.output_dim),
        )

    def _steps(self, shape: Factors) -> tuple[Part, ...]:
        return (Weights((self.input_dim, self.output_dim)),)

    def _output_shape(self, shape: Factors, steps: tuple[Part, ...]) -> Factors:
        return (*shape, self.output_dim)

    def _weights(self, shape: Factors) -> tuple[Weight, ...]:
        return (Weight("embeddings", (self.input_dim, self.output_dim)),)


@dataclass(frozen=True, eq=False, repr=False)
class Embedding(Vectors[K]):
    """A vector looked up for each input element, as `keras.layers.Embedding`; no MACs.

    Parameters
    ----------
    input_dim
        Number of distinct input values.
    output_dim
        Length of the vectors.

    Raises
    ------
    TypeError, ValueError
        If they are not positive integers.

    Examples
    --------
    >>> Embedding(1000, 64).explain((10,)).params
    '1000*64 = 64000'
    """

    if TYPE_CHECKING:

        def __init__(
            self, input_dim: Side[K], output_dim: Side[K], **kept: Unpack[Kept]
        ) -> None: ...

    input_dim: Count
    output_dim: Count


@dataclass(frozen=True, eq=False, repr=False)
class ReversibleEmbedding(Vectors[K]):
    """An embedding that also leads back, as `keras.layers.ReversibleEmbedding`.

    With `reverse`, an argument of Keras's call, a product leads from vectors to a score of each
    input value: one MAC for each element of a vector and each value. Casts and the soft cap of the
    scores have no MACs.

    Parameters
    ----------
    input_dim
        Number of distinct input values.
    output_dim
        Length of the vectors.
    tie_weights
        Whether the product uses the weights of the embedding, and has none of its own.
    reverse
        Whether the layer leads back from vectors to values.

    Raises
    ------
    TypeError, ValueError
        If the dimensions are not positive integers, or the vectors have another length.

    Examples
    --------
    >>> layer = ReversibleEmbedding(1000, 64, reverse=True)
    >>> layer.output_shape((10, 64))
    (10, 1000)
    >>> print(layer.explain((10, 64)))
    params     64*1000 = 64000
    macs       64*1000*10 = 640000
    bias_adds  0
    flops      2*640000 = 1280000
    """

    call_arguments: ClassVar[tuple[str, ...]] = ("inputs", "reverse")
    computes_with = ("inputs",)

    if TYPE_CHECKING:

        def __init__(
            self,
            input_dim: Side[K],
            output_dim: Side[K],
            tie_weights: bool = True,
            *,
            reverse: bool = False,
            **kept: Unpack[Kept],
        ) -> None: ...

    input_dim: Count
    output_dim: Count
    tie_weights: bool = True
    _: KW_ONLY
    reverse: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        self._check_flags("tie_weights", "reverse")

    def called(self, options: Mapping[str, object]) -> Self:
        """Return the layer for a call in this direction."""
        reverse = bool(options.get("reverse", self.reverse))
        return (
            self
            if reverse == self.reverse
            else self._with({**self.arguments(), "reverse": reverse})
        )

    def _steps(self, shape: Factors) -> tuple[Part, ...]:
        looked_up, back = self._weights(shape)[0].shape, (self.output_dim, self.input_dim)
        if not self.reverse:
            return tuple(Weights(one) for one in (looked_up, back)[: 1 + (not self.tie_weights)])
        if not shape or not arithmetic.may_equal(shape[-1], self.output_dim):
            refuse(ValueError, "input_shape", shape, f"vectors of length {self.output_dim}")
        places = shape[:-1]
        product = Step((), (self.output_dim,), (self.input_dim,), places, 0, places=places)
        return (product,) if self.tie_weights else (product, Weights(looked_up))

    def _output_shape(self, shape: Factors, steps: tuple[Part, ...]) -> Factors:
        return (*shape[:-1], self.input_dim) if self.reverse else (*shape, self.output_dim)

    def _weights(self, shape: Factors) -> tuple[Weight, ...]:
        own = super()._weights(shape)
        if self.tie_weights:
            return own
        return (*own, Weight("reverse_embeddings", (self.output_dim, self.input_dim)))

    def _intermediate(self, steps: tuple[Part, ...]) -> Count:
        return 0
