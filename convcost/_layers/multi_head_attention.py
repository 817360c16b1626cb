"""Attention with heads: queries, keys and values are projected first, and the outputs last."""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from convcost._exact import arithmetic
from convcost._exact.scalars import refuse
from convcost._exact.sizes import check_integer
from convcost._layers import arguments
from convcost._layers.attending import Attended, Attending, Mask
from convcost._layers.results import Weight
from convcost._layers.steps import Step

if TYPE_CHECKING:
    from collections.abc import Sequence

    from typing_extensions import Unpack

    from convcost._exact.types import Count, Factors
    from convcost._layers.keras_arguments import Kept
    from convcost._layers.steps import Part
    from convcost._layers.types import Axes, Side


class Projected(Attending):
    """A layer with heads: it projects its inputs, lets them attend, and projects the outputs."""

    call_arguments = (
        *("query", "value", "key", "query_mask", "value_mask", "key_mask", "attention_mask"),
        *("return_attention_scores", "training", "use_causal_mask"),
    )
    computes_with = ("query", "value", "key")
    holds_layers = True

    if TYPE_CHECKING:
        use_bias: bool
        use_gate: bool
        sliding_window: Count | None

    def __post_init__(self) -> None:
        super().__post_init__()
        self._check_flags("use_bias", "use_gate")
        if self.sliding_window is not None:
            self._set(sliding_window=check_integer("sliding_window", self.sliding_window))

    def _projections(self, shape: Factors) -> list[tuple[str, Factors, Factors]]:
        """Return the name, the input and the filters of each projection, in Keras's order."""
        raise NotImplementedError

    def _outputs(self, shape: Factors) -> tuple[Factors, Factors]:
        """Return the sides of the heads' outputs at one position, and of the layer's."""
        raise NotImplementedError

    def _attended(self, shape: Factors) -> Attended:
        raise NotImplementedError

    def _steps(self, shape: Factors) -> tuple[Part, ...]:
        projections = [
            self._step(given[-1:], filters, given[:-1])
            for _, given, filters in self._projections(shape)
        ]
        attended, mask = self._attended(shape), Mask(self.use_causal_mask, self.sliding_window)
        inner, made = self._outputs(shape)
        return (
            *projections,
            attended.score_product(mask),
            attended.value_product(mask),
            self._step(inner, made, self._three(shape)[0][:-1]),
        )

    def _step(self, channels: Factors, filters: Factors, places: Factors) -> Step:
        return Step((), channels, filters, places, int(self.use_bias), places=places)

    def _output_shape(self, shape: Factors, steps: tuple[Part, ...]) -> Factors:
        query, _, _ = self._three(shape)
        _, made = self._outputs(shape)
        return self._output((*query[:-1], *made), self._attended(shape).scores)

    def _weights(self, shape: Factors) -> tuple[Weight, ...]:
        inner, made = self._outputs(shape)
        kernels = [
            (name, (given[-1], *filters), filters)
            for name, given, filters in self._projections(shape)
        ]
        kernels.append(("attention_output", (*inner, *made), made))
        return tuple(
            weight
            for name, kernel, bias in kernels
            for weight in (Weight(f"{name}/kernel", kernel), Weight(f"{name}/bias", bias))[
                : 1 + self.use_bias
            ]
        )

    def _past_first(self, shape: Factors, steps: tuple[Part, ...]) -> tuple[Part, ...]:
        return steps[len(self._projections(shape)) :]

    def _intermediate(self, steps: tuple[Part, ...]) -> Count:
        # What is projected, and the heads' outputs; the scores need not leave the processor.
        *projections, _, context, _ = steps
        made = [one.between for one in projections]
        return arithmetic.total("elements", [*made, arithmetic.elements(2, *context.outputs)])


class MultiHeadAttention(Projected):
    """Attention with several heads, as `keras.layers.MultiHeadAttention`.

    MACs count each pair of a query and a key, masked or not, whether it is computed at once (flash
    attention) or not. With `effective=True`, those that a causal mask or a window leaves are
    counted.

    Parameters
    ----------
    num_heads
        Number of heads.
    key_dim
        Size of each head's queries and keys.
    value_dim
        Size of each head's values; None for `key_dim`.
    use_bias
        Whether the projections add a bias.
    output_shape
        Size, or sides, of the output at each position; None for that of the query.
    attention_axes
        Axes over which queries meet keys, the batch being axis 0; None for all but the first and
        the last.
    sliding_window
        Queries and keys meet only at distances less than this; None for all.
    use_gate
        Whether the heads' outputs are multiplied by a gate, projected from the queries.
    return_attention_scores
        Whether the scores are an output, too; an option of the call in Keras.
    use_causal_mask
        Whether each query meets only keys that do not follow it; an option of the call in Keras.

    Raises
    ------
    TypeError, ValueError
        If an argument is invalid; the message names it.

    Notes
    -----
    Vaswani et al., "Attention Is All You Need" (arXiv:1706.03762), section 3.2.

    Examples
    --------
    >>> layer = MultiHeadAttention(8, 64)
    >>> layer.output_shape([(100, 512)])
    (100, 512)
    >>> print(layer.cost([(100, 512)]))
    1,050,624 parameters, 115,097,600 MACs (230,195,200 FLOPs), 204,800 bias additions
    >>> from convcost.symbols import symbol
    >>> layer.cost([(symbol("t"), 512)]).macs
    1024*t**2 + 1048576*t
    """

    num_heads: Count
    key_dim: Count
    value_dim: Count
    use_bias: bool
    sides: Factors | None
    attention_axes: Axes | None
    sliding_window: Count | None
    use_gate: bool
    return_attention_scores: bool
    use_causal_mask: bool

    held_as = MappingProxyType({"output_shape": "sides"})

    def __init__(
        self,
        num_heads: Side[Any],
        key_dim: Side[Any],
        value_dim: Side[Any] | None = None,
        *,
        use_bias: bool = True,
        output_shape: Side[Any] | Sequence[Side[Any]] | None = None,
        attention_axes: Axes | None = None,
        sliding_window: Side[Any] | None = None,
        use_gate: bool = False,
        return_attention_scores: bool = False,
        use_causal_mask: bool = False,
        **kept: Unpack[Kept],
    ) -> None:
        given = output_shape if isinstance(output_shape, (tuple, list)) else (output_shape,)
        self._set(
            num_heads=check_integer("num_heads", num_heads),
            key_dim=check_integer("key_dim", key_dim),
            value_dim=check_integer("value_dim", key_dim if value_dim is None else value_dim),
            use_bias=use_bias,
            sides=None
            if output_shape is None
            else tuple([check_integer("output_shape", one) for one in given]),
            attention_axes=_checked(attention_axes),
            sliding_window=sliding_window,
            use_gate=use_gate,
            return_attention_scores=return_attention_scores,
            use_causal_mask=use_causal_mask,
        )
        self.__post_init__()

    def _axes(self) -> str:
        return "(..., features)"

    def _projections(self, shape: Factors) -> list[tuple[str, Factors, Factors]]:
        query, value, key = self._three(shape)
        keys, values = (self.num_heads, self.key_dim), (self.num_heads, self.value_dim)
        gate = [("gate", query, values)] if self.use_gate else []
        return [("query", query, keys), ("key", key, keys), *gate, ("value", value, values)]

    def _outputs(self, shape: Factors) -> tuple[Factors, Factors]:
        made = self._three(shape)[0][-1:] if self.sides is None else self.sides
        return (self.num_heads, self.value_dim), made

    def _attended(self, shape: Factors) -> Attended:
        query, _, key = self._three(shape)
        queries, keys = (*query[:-1], self.num_heads), (*key[:-1], self.num_heads)
        places = self._places(len(queries))
        batch = [place for place in range(len(queries)) if place not in places]
        if not all(arithmetic.may_equal(queries[place], keys[place]) for place in batch):
            raise ValueError(
                "queries and keys must have equal sides but in attention_axes; got shapes"
                f" {arguments.show_all([query, key])}"
            )
        if places != [0] and (self.use_causal_mask or self.sliding_window is not None):
            raise ValueError("a mask over several axes, or another one than axis 1, is not known")
        return Attended(
            tuple([queries[place] for place in batch]),
            tuple([queries[place] for place in places]),
            tuple([keys[place] for place in places]),
            self.key_dim,
            self.value_dim,
        )

    def _places(self, number: int) -> list[int]:
        """Return the places of `attention_axes` among the sides of the queries, then the heads."""
        if self.attention_axes is None:
            return list(range(number - 1))
        axes = arguments.axis_tuple(self.attention_axes)
        places = [axis + number if axis < 0 else axis - 1 for axis in axes]
        if len(set(places)) != len(places) or not all(0 <= place < number for place in places):
            allowed = f"different axes from 1 to {number}, or from {-number} to -1"
            refuse(ValueError, "attention_axes", self.attention_axes, allowed)
        return places


def _checked(axes: object) -> tuple[int, ...] | None:
    if axes is None or axes in ((), []):
        return None
    several = axes if isinstance(axes, (tuple, list)) else (axes,)
    return tuple([arguments.check_axis("attention_axes", one) for one in several])


@dataclass(frozen=True, eq=False, repr=False)
class GroupQueryAttention(Projected):
    """Attention in which groups of heads share keys, as `keras.layers.GroupQueryAttention`.

    Parameters
    ----------
    head_dim
        Size of each head's queries, keys and values.
    num_query_heads
        Number of heads; a multiple of `num_key_value_heads`.
    num_key_value_heads
        Number of heads of keys and values.
    use_bias
        Whether the projections add a bias.
    sliding_window
        Queries and keys meet only at distances less than this; None for all.
    use_gate
        Whether the heads' outputs are multiplied by a gate, projected from the queries.
    return_attention_scores
        Whether the scores are an output, too; an option of the call in Keras.
    use_causal_mask
        Whether each query meets only keys that do not follow it; an option of the call in Keras.

    Notes
    -----
    Ainslie et al., "GQA: Training Generalized Multi-Query Transformer Models from Multi-Head
    Checkpoints" (arXiv:2305.13245). Each head of the queries takes its products, shared keys or
    not.

    Examples
    --------
    >>> layer = GroupQueryAttention(64, 8, 2)
    >>> layer.cost([(100, 512)]).params
    656640
    """

    if TYPE_CHECKING:

        def __init__(
            self,
            head_dim: Side[Any],
            num_query_heads: Side[Any],
            num_key_value_heads: Side[Any],
            *,
            use_bias: bool = True,
            sliding_window: Side[Any] | None = None,
            use_gate: bool = False,
            return_attention_scores: bool = False,
            use_causal_mask: bool = False,
            **kept: Unpack[Kept],
        ) -> None: ...

    head_dim: Count
    num_query_heads: Count
    num_key_value_heads: Count
    _: KW_ONLY
    use_bias: bool = True
    sliding_window: Count | None = None
    use_gate: bool = False
    return_attention_scores: bool = False
    use_causal_mask: bool = False

    def __post_init__(self) -> None:
        names = ("head_dim", "num_query_heads", "num_key_value_heads")
        self._set(**{name: check_integer(name, getattr(self, name)) for name in names})
        arguments.check_divides(
            ("num_key_value_heads", self.num_key_value_heads),
            ("num_query_heads", self.num_query_heads),
        )
        super().__post_init__()

    def _projections(self, shape: Factors) -> list[tuple[str, Factors, Factors]]:
        query, value, key = self._three(shape)
        own = (self.num_query_heads, self.head_dim)
        shared = (self.num_key_value_heads, self.head_dim)
        gate = [("gate", query, own)] if self.use_gate else []
        return [("query", query, own), ("key", key, shared), *gate, ("value", value, shared)]

    def _outputs(self, shape: Factors) -> tuple[Factors, Factors]:
        return (self.num_query_heads, self.head_dim), self._three(shape)[0][-1:]

    def _attended(self, shape: Factors) -> Attended:
        query, _, key = self._three(shape)
        size = self.head_dim
        return Attended((self.num_query_heads,), query[:-1], key[:-1], size, size)

    def _check_rank(self, shape: Factors) -> None:
        if len(self._three(shape)[0]) != 2:
            allowed = f"shapes {self._axes()} of query, value and key, for GroupQueryAttention"
            refuse(ValueError, "input_shape", tuple(shape), allowed)
