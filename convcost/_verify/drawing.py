"""Configurations drawn at random, with all options and corner cases among them."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any, cast

from convcost import _layers as layers
from convcost._exact.scalars import check_number, join_names, refuse, refuse_choice
from convcost._layers.spatial import Spatial
from convcost._layers.transposed import TransposedConvolution
from convcost._verify.cases import FUNCTIONS, Case
from convcost._verify.drawn_layers import OTHERS, draw_other
from convcost._verify.oracles import description

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import TypeAlias

    from convcost._layers.types import Pads

    # The arguments of a layer, and the channels of its input.
    Options: TypeAlias = dict[str, Any]

LAYER_CLASSES: dict[str, type[layers.Layer[Any]]] = {
    kind.__name__: kind
    for kind in (
        layers.Conv1D,
        layers.Conv2D,
        layers.Conv3D,
        layers.DepthwiseConv1D,
        layers.DepthwiseConv2D,
        layers.SeparableConv1D,
        layers.SeparableConv2D,
        layers.Conv1DTranspose,
        layers.Conv2DTranspose,
        layers.Conv3DTranspose,
        layers.Dense,
    )
}
KINDS = (*FUNCTIONS, *LAYER_CLASSES, *OTHERS)

# The values that the functions' sizes are drawn from.
_SIZES = {
    "dk": (1, 2, 3, 4, 5, 7),
    "m": (1, 1, 2, 3, 5, 8, 16, 32),
    "n": (1, 1, 2, 3, 5, 8, 16, 32),
    "df": (1, 2, 3, 5, 8, 14),
}
# Ones are frequent, so that a wrong number has few possible causes; the largest exceed every side.
_KERNELS = {1: (1, 2, 3, 4, 5, 7, 12), 2: (1, 2, 3, 4, 5, 9), 3: (1, 2, 3, 5)}
_SIDES = {1: (1, 2, 3, 5, 8, 13, 20), 2: (1, 2, 3, 5, 6, 9), 3: (1, 2, 3, 4)}
_STRIDES = (1, 1, 1, 2, 3, 6)
_DILATIONS = {1: (1, 1, 1, 2, 3, 10), 2: (1, 1, 1, 2, 3, 10), 3: (1, 1, 2, 4)}
_CHANNELS = (1, 2, 3, 5)
_GROUPS = (1, 1, 1, 2, 3)
_MULTIPLIERS = (1, 1, 2, 3)
_AROUND = (0, 0, 1, 2, 4)


def draw(count: int, seed: int, kinds: Iterable[str] = KINDS) -> list[Case]:
    """Draw configurations: all kinds in turn, with all their options.

    Parameters
    ----------
    count
        How many; positive.
    seed
        The same seed draws the same configurations.
    kinds
        Names of the kinds that take turns: functions of convcost and classes of `convcost.layers`.

    Returns
    -------
    list of Case
        The configurations.

    Raises
    ------
    TypeError, ValueError
        If `count` is not a positive integer, `seed` is not an integer, or a kind is unknown.

    Examples
    --------
    >>> [case.kind for case in draw(6, seed=0)]
    ['standard', 'depthwise', 'pointwise', 'separable', 'ratio', 'Conv1D']
    """
    count = check_number("cases", count)
    if type(seed) is not int:
        refuse(TypeError, "seed", seed, "an integer")
    if isinstance(kinds, str):
        refuse(TypeError, "kinds", kinds, f"a list of names, [{kinds!r}]")
    turns = tuple(kinds)
    if not turns:
        refuse(ValueError, "kinds", turns, f"one or more of {join_names(KINDS)}")
    for kind in turns:
        if kind not in KINDS:
            refuse_choice("kind", kind, KINDS)
    source = random.Random(seed)
    return [_draw_one(turns[position % len(turns)], source) for position in range(count)]


def _draw_one(kind: str, source: random.Random) -> Case:
    if kind in LAYER_CLASSES:
        return Case(*draw_layer(kind, source))
    if kind in OTHERS:
        layer, shapes = draw_other(kind, source)
        return Case(layer, cast("tuple[int, ...]", shapes))  # layers take several as they take one
    sizes = {name: source.choice(_SIZES[name]) for name in FUNCTIONS[kind][1]}
    return Case.of_function(kind, **sizes, bias=_coin(source))


def draw_layer(kind: str, source: random.Random) -> tuple[layers.Layer, tuple[int, ...]]:
    """Draw a layer of a kind with any of its options, and an input shape that it accepts.

    Examples
    --------
    >>> import random
    >>> layer, input_shape = draw_layer("Conv2D", random.Random(1))
    >>> len(layer.output_shape(input_shape))
    3
    """
    if kind == "Dense":
        places = [source.choice((1, 2, 5)) for _ in range(source.choice((0, 0, 1, 2)))]
        shape = (*places, source.choice(_CHANNELS))
        return layers.Dense(source.choice(_CHANNELS), use_bias=_coin(source)), shape
    cls = LAYER_CLASSES[kind]
    assert issubclass(cls, Spatial)
    options = _draw_options(cls, source)
    channels = options.pop("channels")
    layer = cls(**options)
    sides = tuple(
        _fit(layer, axis, source.choice(_SIDES[layer.rank])) for axis in range(layer.rank)
    )
    first = layer.data_format == "channels_first"
    return layer, (channels, *sides) if first else (*sides, channels)


def _draw_options(cls: type[Spatial], source: random.Random) -> Options:
    rank = cls.rank

    def per_axis(values: tuple[int, ...]) -> tuple[int, ...]:
        # Equal axes are the usual case, and the only one that some frameworks support.
        if _coin(source):
            return (source.choice(values),) * rank
        return tuple(source.choice(values) for _ in range(rank))

    options: Options = {
        "kernel_size": per_axis(_KERNELS[rank]),
        "strides": per_axis(_STRIDES),
        "dilation_rate": per_axis(_DILATIONS[rank]) if _coin(source) else 1,
        "padding": _draw_padding(cls, source),
        "data_format": source.choice(("channels_last", "channels_first")),
        "use_bias": _coin(source),
        "channels": source.choice(_CHANNELS),
    }
    names = cls.argument_names()
    if "filters" in names:
        options["filters"] = source.choice(_CHANNELS)
    if "depth_multiplier" in names:
        options["depth_multiplier"] = source.choice(_MULTIPLIERS)
    if "groups" in names:
        _draw_groups(options, source)
    if "output_padding" in names and source.random() < 0.4:
        options["output_padding"] = _draw_output_padding(options, rank, source)
    return options


def _draw_padding(cls: type[Spatial], source: random.Random) -> Pads:
    word = source.choice((*cls.words, *cls.words, "explicit"))
    if word != "explicit":
        return word
    return tuple((source.choice(_AROUND), source.choice(_AROUND)) for _ in range(cls.rank))


def _draw_groups(options: Options, source: random.Random) -> None:
    groups = source.choice(_GROUPS)
    options["groups"] = groups
    options["filters"] *= groups
    # Sometimes one group per channel, which makes it a depthwise convolution.
    options["channels"] = groups if _coin(source) else groups * options["channels"]


def _draw_output_padding(options: Options, rank: int, source: random.Random) -> tuple[int, ...]:
    dilation = options["dilation_rate"]
    dilations = (dilation,) * rank if isinstance(dilation, int) else dilation
    return tuple(
        source.randrange(max(stride, rate))
        for stride, rate in zip(options["strides"], dilations, strict=True)
    )


def _fit(layer: Spatial, axis: int, side: int) -> int:
    """Return the side, or the smallest one that gives an output if it is too short."""
    word = layer.padding if isinstance(layer.padding, str) else "explicit"
    around = 0 if isinstance(layer.padding, str) else sum(layer.padding[axis])
    kernel = description.dilated_kernel(layer)[axis]
    shortest = 1
    if isinstance(layer, TransposedConvolution):
        added = layer.output_padding[axis] if layer.output_padding else 0
        lacking = 1 + around - added - (kernel % 2 if word == "same" else kernel)
        shortest = 1 + max(0, -(-lacking // layer.strides[axis]))
    elif word in ("valid", "explicit"):
        shortest = kernel - around
    return max(side, shortest)


def _coin(source: random.Random) -> bool:
    return source.random() < 0.5
