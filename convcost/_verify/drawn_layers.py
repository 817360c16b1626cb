"""Layers other than convolutions drawn at random, with their options and the shapes they take."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from convcost import _layers as layers

if TYPE_CHECKING:
    import random
    from collections.abc import Callable
    from typing import TypeAlias

    # One input, or a shape for each of several.
    Shapes: TypeAlias = tuple[int, ...] | tuple[tuple[int, ...], ...]
    Drawn: TypeAlias = tuple[layers.Layer[Any], Shapes]

_SIZES = (1, 2, 3, 5, 8)
_LENGTHS = (1, 2, 3, 5, 7)
_SIDES = (3, 4, 6)
# The axes of the input, the kernel and the output, and those with a bias.
_EQUATIONS = (
    ("abc,cd->abd", "d"),
    ("abc,cde->abde", "de"),
    ("abc,cde->adbe", "e"),
    ("abde,dec->abc", "c"),
    ("abc,bcd->abd", "bd"),
    ("abc,bc->abc", ""),
    ("...c,cd->...d", "d"),
)


def draw_other(kind: str, source: random.Random) -> Drawn:
    """Draw a layer of a kind with any of its options, and the shapes of its inputs.

    Examples
    --------
    >>> import random
    >>> layer, shapes = draw_other("LSTM", random.Random(1))
    >>> layer.cost(shapes).params > 0
    True
    """
    return OTHERS[kind](getattr(layers, kind), source)


def _coin(source: random.Random) -> bool:
    return source.random() < 0.5


def _recurrent(kind: Any, source: random.Random) -> Drawn:
    names = ["use_bias", "return_sequences", "return_state"]
    names += ["reset_after"] if "reset_after" in kind.argument_names() else []
    options = {name: _coin(source) for name in names}
    shape = source.choice(_LENGTHS), source.choice(_SIZES)
    return kind(source.choice(_SIZES), **options), shape


def _both_ways(kind: Any, source: random.Random) -> Drawn:
    inner = source.choice([layers.SimpleRNN, layers.LSTM, layers.GRU])
    layer, shape = _recurrent(inner, source)
    return kind(layer, source.choice(("concat", "sum", "mul", "ave", None))), shape


def _cells(kind: Any, source: random.Random) -> Drawn:
    made = [layers.SimpleRNNCell, layers.LSTMCell, layers.GRUCell]
    cells = [source.choice(made)(source.choice(_SIZES)) for _ in range(source.choice((1, 2, 3)))]
    shape = source.choice(_LENGTHS), source.choice(_SIZES)
    held = cells[0] if len(cells) == 1 else layers.StackedRNNCells(cells)
    return kind(held, return_sequences=_coin(source)), shape


def _convolving(kind: Any, source: random.Random) -> Drawn:
    strides, dilation = source.choice(((1, 1), (2, 1), (1, 2)))
    layer = kind(
        source.choice(_SIZES),
        source.choice((1, 2, 3)),
        strides=strides,
        dilation_rate=dilation,
        padding=source.choice(("valid", "same")),
        use_bias=_coin(source),
        return_sequences=_coin(source),
    )
    sides = [source.choice(_SIDES) + 2 for _ in range(kind.rank - 1)]
    return layer, (source.choice((1, 2, 3)), *sides, source.choice(_SIZES))


def _attending(kind: Any, source: random.Random) -> Drawn:
    options: dict[str, Any] = {"return_attention_scores": _coin(source)}
    if "score_mode" in kind.argument_names():
        options["score_mode"] = source.choice(("dot", "concat"))
    width = source.choice(_SIZES)
    query, value = ((source.choice(_LENGTHS), width) for _ in range(2))
    layer = kind(use_scale=_coin(source), **options)
    return layer, (query, value) if _coin(source) else (query, value, value)


def _with_heads(kind: Any, source: random.Random) -> Drawn:
    options: dict[str, Any] = {"use_bias": _coin(source)}
    options["return_attention_scores"] = _coin(source)
    if _coin(source):
        options["value_dim"] = source.choice(_SIZES)
    layer = kind(source.choice((1, 2, 3)), source.choice(_SIZES), **options)
    return layer, _query_and_value(source, source.choice(_SIZES))


def _with_grouped_heads(kind: Any, source: random.Random) -> Drawn:
    shared, groups = source.choice((1, 2)), source.choice((1, 2, 3))
    options = {"use_bias": _coin(source), "return_attention_scores": _coin(source)}
    layer = kind(source.choice(_SIZES), shared * groups, shared, **options)
    width = source.choice(_SIZES)  # Keras wants the same for both
    return layer, _query_and_value(source, width, width)


def _query_and_value(source: random.Random, width: int, other: int | None = None) -> Shapes:
    query = source.choice(_LENGTHS), width
    if _coin(source):
        return (query,)
    return query, (source.choice(_LENGTHS), other or source.choice(_SIZES))


def _summing(kind: Any, source: random.Random) -> Drawn:
    equation, bias = source.choice(_EQUATIONS)
    given, _, rest = equation.partition(",")
    sides = {letter: source.choice(_SIZES) for letter in "abcde"}
    made = rest.partition("->")[2]
    own = made.replace("...", "") if made.startswith("...") else made[1:]
    shape = tuple(sides[letter] for letter in given[1:] if letter != ".")
    if given.startswith("..."):
        shape = (source.choice(_LENGTHS), sides["c"])
    axes = bias if bias and _coin(source) else None
    return kind(equation, tuple(sides[letter] for letter in own), bias_axes=axes), shape


def _embedding(kind: Any, source: random.Random) -> Drawn:
    sizes, length = (source.choice(_SIZES), source.choice(_SIZES)), source.choice(_LENGTHS)
    if kind is layers.ReversibleEmbedding:
        back = _coin(source)
        layer = kind(*sizes, tie_weights=_coin(source), reverse=back)
        return layer, (length, sizes[1]) if back else (length,)
    return kind(*sizes), (length,)


def _quantized(kind: Any, source: random.Random) -> Drawn:
    layer, shape = _plain(source)
    modes = ["int8", "int4/-1", "int4/2", "int4/128"]
    if isinstance(layer, layers.Dense):
        modes.append("float8")
    return kind(layer, source.choice(modes)), shape


def _adapted(kind: Any, source: random.Random) -> Drawn:
    layer, shape = _plain(source)
    if _coin(source):
        layer = layers.Quantized(layer, source.choice(("int8", "int4/-1", "int4/2")))
    return kind(layer, source.choice((1, 2, 3))), shape


def _plain(source: random.Random) -> Drawn:
    """Return a layer that Keras quantizes and adapts."""
    if source.random() < 0.3:
        return _embedding(source.choice((layers.Embedding, layers.ReversibleEmbedding)), source)
    shape = source.choice(_LENGTHS), source.choice(_SIZES)
    return layers.Dense(source.choice(_SIZES), use_bias=_coin(source)), shape


OTHERS: dict[str, Callable[[Any, random.Random], Drawn]] = {
    "EinsumDense": _summing,
    "Embedding": _embedding,
    "ReversibleEmbedding": _embedding,
    "SimpleRNN": _recurrent,
    "LSTM": _recurrent,
    "GRU": _recurrent,
    "RNN": _cells,
    "Bidirectional": _both_ways,
    "ConvLSTM1D": _convolving,
    "ConvLSTM2D": _convolving,
    "ConvLSTM3D": _convolving,
    "Attention": _attending,
    "AdditiveAttention": _attending,
    "MultiHeadAttention": _with_heads,
    "GroupQueryAttention": _with_grouped_heads,
    "Quantized": _quantized,
    "LoRA": _adapted,
}
