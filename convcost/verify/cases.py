"""Which configurations are verified, and what convcost says of each."""

from __future__ import annotations

import random
from abc import ABC, abstractmethod
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import convcost
from convcost import layers
from convcost.exact.scalars import join_names, refuse
from convcost.exact.sizes import check_flag
from convcost.layers.depthwise import SeparableConvolution
from convcost.verify.draw import KINDS as LAYERS
from convcost.verify.draw import draw_layer

if TYPE_CHECKING:
    from collections.abc import Iterable

    from convcost.cost.cost import Cost
    from convcost.layers import Layer

    Subject = tuple[Layer, tuple[int, ...]]

# The sizes that each function takes, in the order of its arguments.
FUNCTIONS = {
    "standard": ("dk", "m", "n", "df"),
    "depthwise": ("dk", "m", "df"),
    "pointwise": ("m", "n", "df"),
    "separable": ("dk", "m", "n", "df"),
    "ratio": ("dk", "m", "n"),
}
KINDS = (*FUNCTIONS, *LAYERS)

_KERNELS = (1, 2, 3, 4, 5, 7)
_CHANNELS = (1, 1, 2, 3, 5, 8, 16, 32)
_SIDES = (1, 2, 3, 5, 8, 14)


class Case(ABC):
    """One configuration: what convcost says of it, and the layers that oracles count."""

    kind: str

    @abstractmethod
    def claims(self) -> dict[str, Any]:
        """Return what convcost says, by the names under which oracles count."""

    @abstractmethod
    def subjects(self) -> tuple[Subject, ...]:
        """Return the layers to count, each with the shape of an input."""

    def combine(self, counted: list[dict[str, Any]]) -> dict[str, Any]:
        """Return what the subjects' counts say of the configuration."""
        (only,) = counted
        return only

    def extent(self) -> int:
        """Return how large the configuration is, for the smallest to be found."""
        return sum(layer.cost(shape).macs for layer, shape in self.subjects())

    def as_dict(self) -> dict[str, Any]:
        """Return the configuration as plain data."""
        return {"kind": self.kind, "configuration": str(self)}


@dataclass(frozen=True)
class LayerCase(Case):
    """A layer and the shape of one input.

    Parameters
    ----------
    layer
        One of `convcost.layers`, with Python integers as arguments.
    input_shape
        Shape of the input, without the batch.

    Raises
    ------
    TypeError, ValueError
        If the layer is none, its arguments are no Python integers, or it doesn't take the input.
    """

    layer: Layer
    input_shape: tuple[int, ...]

    def __post_init__(self) -> None:
        if not isinstance(self.layer, layers.Layer):
            refuse(TypeError, "layer", self.layer, "one of convcost.layers, or a function's name")
        object.__setattr__(self, "input_shape", tuple(self.input_shape))
        for side in self.layer.output_shape(self.input_shape):
            if type(side) is not int:
                refuse(TypeError, "layer", self.layer, "a layer of integers, since one is built")
        _require_integers(self.layer.cost(self.input_shape))

    @property
    def kind(self) -> str:  # type: ignore[override]
        """The layer's class."""
        return type(self.layer).__name__

    def subjects(self) -> tuple[Subject, ...]:
        """Return the layer and its input's shape."""
        return ((self.layer, self.input_shape),)

    def claims(self) -> dict[str, Any]:
        """Return everything that convcost says of the layer."""
        return claims(self.layer, self.input_shape)

    def __str__(self) -> str:
        return f"{self.layer!r} on {self.input_shape}"


def _require_integers(cost: Cost) -> None:
    if type(cost.macs) is not int or type(cost.params) is not int:
        refuse(TypeError, "layer", cost, "a layer of integers, since one is built")


@dataclass(frozen=True)
class FunctionCase(Case):
    """One of convcost's functions and its sizes.

    Parameters
    ----------
    kind
        `standard`, `depthwise`, `pointwise`, `separable` or `ratio`.
    dk, m, n, df
        The sizes that the function takes, in elements and channels; None for the others.
    bias
        Whether there is a bias.

    Raises
    ------
    TypeError, ValueError
        If the kind is unknown, or a size is missing, superfluous or not a positive Python integer.
    """

    kind: str
    dk: int | None = None
    m: int | None = None
    n: int | None = None
    df: int | None = None
    bias: bool = True

    def __post_init__(self) -> None:
        check_flag("bias", self.bias)
        if self.kind not in tuple(FUNCTIONS):
            refuse(ValueError, "kind", self.kind, f"one of {join_names(tuple(FUNCTIONS))}")
        for name in ("dk", "m", "n", "df"):
            self._check_size(name, getattr(self, name))

    def _check_size(self, name: str, size: Any) -> None:
        if name not in FUNCTIONS[self.kind]:
            if size is not None:
                raise ValueError(f"{name} is no size of a {self.kind} convolution; got {size!r}")
        elif type(size) is not int:
            refuse(TypeError, name, size, "one Python integer, since a real layer is built")
        elif size <= 0:
            refuse(ValueError, name, size, "a positive integer")

    def sizes(self) -> dict[str, int]:
        """Return the sizes that the function takes, by name."""
        return {name: getattr(self, name) for name in FUNCTIONS[self.kind]}

    def subjects(self) -> tuple[Subject, ...]:
        """Return the layers that the function is about.

        The padding is `valid`, so that every tap lies inside the input, whose side is such that the
        output's side is the given one.
        """
        dk, side = self.dk or 1, (self.df or 1) + (self.dk or 1) - 1
        shape = (side, side, self.m or 1)
        standard = layers.Conv2D(self.n or 1, dk, use_bias=self.bias)
        separable = layers.SeparableConv2D(self.n or 1, dk, use_bias=self.bias)
        if self.kind == "ratio":
            return (separable, shape), (standard, shape)
        if self.kind == "depthwise":
            return ((layers.DepthwiseConv2D(dk, use_bias=self.bias), shape),)
        return ((separable if self.kind == "separable" else standard, shape),)

    def claims(self) -> dict[str, Any]:
        """Return what the function says, and the output's shape that it was given."""
        said = getattr(convcost, self.kind)(**self.sizes(), bias=self.bias)
        if self.kind == "ratio":
            return {"params": said.params, "macs": said.macs, "effective macs": said.macs}
        channels = self.m if self.kind == "depthwise" else self.n
        return {
            "params": said.params,
            "output shape": (self.df, self.df, channels),
            "macs": said.macs,
            "effective macs": said.macs,
            "bias_adds": said.bias_adds,
        }

    def combine(self, counted: list[dict[str, Any]]) -> dict[str, Any]:
        """Return the counts, or for a ratio the quotients of those that convcost gives one for."""
        if self.kind != "ratio":
            return super().combine(counted)
        separable, standard = counted
        return {
            name: Fraction(separable[name], standard[name])
            for name in ("params", "macs", "effective macs")
            if name in separable
        }

    def __str__(self) -> str:
        sizes = ", ".join(f"{name}={size}" for name, size in self.sizes().items())
        return f"{self.kind}({sizes}, bias={self.bias})"


def claims(layer: Layer, input_shape: tuple[int, ...]) -> dict[str, Any]:
    """Return everything that convcost says of a layer, by the names under which oracles count.

    Examples
    --------
    >>> claims(layers.Dense(4), (3,))["params"]
    16
    """
    cost = layer.cost(input_shape)
    training = layer.training(input_shape, effective=True)
    said = {
        "params": cost.params,
        "weights": tuple((weight.name, weight.shape) for weight in layer.weights(input_shape)),
        "output shape": layer.output_shape(input_shape),
        "macs": cost.macs,
        "bias_adds": cost.bias_adds,
        "training macs": layer.cost(input_shape, training=True).macs,
        "effective macs": layer.cost(input_shape, effective=True).macs,
        "weight gradient macs": training.weight_gradient.macs,
        "input gradient macs": training.input_gradient.macs,
    }
    if isinstance(layer, SeparableConvolution):
        said["sum of outputs"] = _sum_of_outputs(layer, input_shape)
    return said


def _sum_of_outputs(layer: SeparableConvolution, input_shape: tuple[int, ...]) -> int:
    """Return what ones through the two steps add up to.

    Each output of the depthwise step is the number of its taps inside; the pointwise step adds them
    up for each filter. That is what the standard convolution in its place would do, once for each
    of the depth multiplier's filters.
    """
    kinds: dict[int, Any] = {1: layers.Conv1D, 2: layers.Conv2D}
    arguments = layer.arguments()
    multiplier: int = arguments.pop("depth_multiplier")
    macs: int = kinds[layer.rank](**arguments).cost(input_shape, effective=True).macs
    return macs * multiplier


def draw(count: int, seed: int, kinds: Iterable[str] = KINDS) -> list[Case]:
    """Draw configurations: all kinds in turn, with all their options.

    Parameters
    ----------
    count
        How many; positive.
    seed
        The same seed draws the same configurations.
    kinds
        Which kinds take turns: functions of convcost, and classes of `convcost.layers`, by name.

    Returns
    -------
    list of Case
        The configurations.

    Raises
    ------
    TypeError, ValueError
        If `count` is no positive integer, `seed` no integer, or a kind unknown.

    Examples
    --------
    >>> [case.kind for case in draw(6, seed=0)]
    ['standard', 'depthwise', 'pointwise', 'separable', 'ratio', 'Conv1D']
    """
    if type(count) is not int:
        refuse(TypeError, "cases", count, "a positive integer")
    if count <= 0:
        refuse(ValueError, "cases", count, "a positive integer")
    if type(seed) is not int:
        refuse(TypeError, "seed", seed, "an integer")
    turns = tuple(kinds)
    if not turns:
        refuse(ValueError, "kinds", turns, f"some of {join_names(KINDS)}")
    for kind in turns:
        if kind not in KINDS:
            refuse(ValueError, "kind", kind, f"one of {join_names(KINDS)}")
    source = random.Random(seed)
    return [_draw_one(turns[position % len(turns)], source) for position in range(count)]


def _draw_one(kind: str, source: random.Random) -> Case:
    if kind in LAYERS:
        return LayerCase(*draw_layer(kind, source))
    choices = {"dk": _KERNELS, "m": _CHANNELS, "n": _CHANNELS, "df": _SIDES}
    sizes = {name: source.choice(choices[name]) for name in FUNCTIONS[kind]}
    return FunctionCase(kind, **sizes, bias=source.random() < 0.5)
