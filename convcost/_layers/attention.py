"""Attention without heads: queries, keys and values attend to each other as they are."""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass
from typing import TYPE_CHECKING

from convcost._exact import arithmetic
from convcost._layers import arguments
from convcost._layers.attending import Attended, Attending, Mask
from convcost._layers.results import Weight
from convcost._layers.steps import Weights

if TYPE_CHECKING:
    from typing import Literal

    from typing_extensions import Unpack

    from convcost._exact.types import Factors
    from convcost._layers.keras_arguments import Kept
    from convcost._layers.steps import Part


_SCORES = ("dot", "concat")


class Unprojected(Attending):
    """A layer without heads, in which queries, keys and values attend as they are."""

    call_arguments = ("inputs", "mask", "training", "return_attention_scores", "use_causal_mask")
    computes_with = ("inputs",)

    def _attended(self, shape: Factors) -> Attended:
        query, value, key = self._three(shape)
        batch, steps = query[:-2], query[-2:-1]
        if not all(map(arithmetic.may_equal, batch, key[:-2])):
            shown = arguments.show_all([query, key])
            raise ValueError(f"query and key must differ only in their last two sides; got {shown}")
        if not arithmetic.may_equal(query[-1], key[-1]):
            shown = arguments.show_all([query, key])
            raise ValueError(f"query and key must have equal features; got shapes {shown}")
        return Attended(batch, steps, key[-2:-1], query[-1], value[-1])

    def _past_first(self, shape: Factors, steps: tuple[Part, ...]) -> tuple[Part, ...]:
        return ()

    def _mask(self) -> Mask:
        return Mask(self.use_causal_mask)

    def _output_shape(self, shape: Factors, steps: tuple[Part, ...]) -> Factors:
        query, value, _ = self._three(shape)
        return self._output((*query[:-1], value[-1]), self._attended(shape).scores)


@dataclass(frozen=True, eq=False, repr=False)
class Attention(Unprojected):
    """Attention by dot products, as `keras.layers.Attention`.

    Parameters
    ----------
    use_scale
        Whether the scores are multiplied by a weight.
    score_mode
        `dot` for the products of queries and keys; `concat` for the sums of tanh(query + key),
        which have no MACs.
    return_attention_scores
        Whether the scores are an output, too; an option of the call in Keras.
    use_causal_mask
        Whether each query meets only keys that do not follow it; an option of the call in Keras.

    Examples
    --------
    >>> Attention().explain([(10, 64), (20, 64)]).macs
    '64*10*20 + 20*10*64 = 25600'
    """

    if TYPE_CHECKING:

        def __init__(
            self,
            use_scale: bool = False,
            score_mode: Literal["dot", "concat"] = "dot",
            *,
            return_attention_scores: bool = False,
            use_causal_mask: bool = False,
            **kept: Unpack[Kept],
        ) -> None: ...

    use_scale: bool = False
    score_mode: Literal["dot", "concat"] = "dot"
    _: KW_ONLY
    return_attention_scores: bool = False
    use_causal_mask: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        self._check_flags("use_scale")
        self._set(score_mode=arguments.check_word("score_mode", self.score_mode, _SCORES))

    def _steps(self, shape: Factors) -> tuple[Part, ...]:
        attended, mask = self._attended(shape), self._mask()
        scores = (attended.score_product(mask),) if self.score_mode == "dot" else ()
        weights = [Weights(weight.shape) for weight in self._weights(shape)]
        return (*weights, *scores, attended.value_product(mask))

    def _weights(self, shape: Factors) -> tuple[Weight, ...]:
        names = {"scale": self.use_scale, "concat_score_weight": self.score_mode == "concat"}
        return tuple([Weight(name, ()) for name, there in names.items() if there])


@dataclass(frozen=True, eq=False, repr=False)
class AdditiveAttention(Unprojected):
    """Attention by sums of tanh(query + key), as `keras.layers.AdditiveAttention`.

    Parameters
    ----------
    use_scale
        Whether each feature of the sums is multiplied by a weight: one MAC per feature of each pair
        of a query and a key.
    return_attention_scores
        Whether the scores are an output, too; an option of the call in Keras.
    use_causal_mask
        Whether each query meets only keys that do not follow it; an option of the call in Keras.

    Notes
    -----
    Bahdanau, Cho and Bengio, "Neural Machine Translation by Jointly Learning to Align and
    Translate" (arXiv:1409.0473).

    Examples
    --------
    >>> AdditiveAttention().explain([(10, 64), (20, 64)]).macs
    '64*10*20 + 20*10*64 = 25600'
    """

    if TYPE_CHECKING:

        def __init__(
            self,
            use_scale: bool = True,
            *,
            return_attention_scores: bool = False,
            use_causal_mask: bool = False,
            **kept: Unpack[Kept],
        ) -> None: ...

    use_scale: bool = True
    _: KW_ONLY
    return_attention_scores: bool = False
    use_causal_mask: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        self._check_flags("use_scale")

    def _steps(self, shape: Factors) -> tuple[Part, ...]:
        attended, mask = self._attended(shape), self._mask()
        weights = [Weights(weight.shape) for weight in self._weights(shape)]
        scores = (attended.score_product(mask),) if self.use_scale else ()
        return (*weights, *scores, attended.value_product(mask))

    def _weights(self, shape: Factors) -> tuple[Weight, ...]:
        return (Weight("scale", (self._attended(shape).size,)),) if self.use_scale else ()
