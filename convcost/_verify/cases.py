"""One configuration to verify: the layers that oracles count, and what convcost claims."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from convcost import _layers as layers
from convcost._cost import convolutions
from convcost._exact import nested
from convcost._exact.scalars import refuse, refuse_choice
from convcost._layers.depthwise import SeparableConvolution
from convcost._layers.spatial import Spatial

if TYPE_CHECKING:
    from collections.abc import Callable

    from convcost._verify.types import Counted, Counts

    Subject = tuple[layers.Layer, tuple[int, ...]]

# The layer whose cost each function of convcost returns, and the sizes it takes, in order. A ratio
# compares this layer with the standard convolution in its place.
FUNCTIONS: dict[str, tuple[type[layers.Layer], tuple[str, ...]]] = {
    "standard": (layers.Conv2D, ("dk", "m", "n", "df")),
    "depthwise": (layers.DepthwiseConv2D, ("dk", "m", "df")),
    "pointwise": (layers.Conv2D, ("m", "n", "df")),
    "separable": (layers.SeparableConv2D, ("dk", "m", "n", "df")),
    "ratio": (layers.SeparableConv2D, ("dk", "m", "n")),
}


@dataclass(frozen=True)
class Case:
    """A layer and the shape of one input, and what convcost claims they cost.

    Parameters
    ----------
    layer
        A layer of `convcost.layers`, with Python integers as arguments.
    input_shape
        Shape of the input in elements, without the batch; a list of shapes for several inputs.
    function
        Name of the function of convcost whose numbers to verify; None for those of the layer.

    Raises
    ------
    TypeError, ValueError
        If `layer` is not a layer with Python integers as arguments, doesn't accept the input, or
        is not the one whose cost the function returns.

    Examples
    --------
    >>> case = Case.of_function("pointwise", m=3, n=8, df=5)
    >>> print(case, "counts", case.layer)
    pointwise(m=3, n=8, df=5, bias=True) counts Conv2D(8, 1)
    >>> case.claims()["macs"] == Case(case.layer, case.input_shape).claims()["macs"]
    True
    """

    layer: layers.Layer[Any]
    input_shape: tuple[int, ...]
    function: str | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.layer, layers.Layer):
            refuse(TypeError, "layer", self.layer, "a layer of convcost.layers")
        object.__setattr__(self, "input_shape", tuple(self.input_shape))
        cost = self.layer.cost(self.input_shape)
        made = nested.flat(tuple(self.layer.output_shape(self.input_shape)))
        counted = (*made, cost.macs, cost.params)
        if not all(type(number) is int for number in counted):
            refuse(TypeError, "layer", self.layer, "a layer with integer arguments, to be built")
        if self.function is not None:
            self._check_function(self.function)

    def _check_function(self, function: str) -> None:
        if function not in tuple(FUNCTIONS):
            refuse_choice("function", function, FUNCTIONS)
        kind = FUNCTIONS[function][0]
        if type(self.layer) is kind:
            own = _layer_and_shape(function, self._convolution.use_bias, **self.sizes())
            if own == (self.layer, self.input_shape):
                return
        allowed = f"the one that Case.of_function({function!r}, ...) makes"
        refuse(ValueError, "layer", self.layer, allowed)

    @classmethod
    def of_function(cls, function: str, *, bias: bool = True, **sizes: int) -> Case:
        """Return the case of a function of convcost, with the layer whose cost it returns.

        The padding is `valid`, so that every tap lies inside the input, and the input is as large
        as the given side of the output requires.

        Parameters
        ----------
        function
            `standard`, `depthwise`, `pointwise`, `separable` or `ratio`.
        bias
            Whether there is a bias.
        **sizes
            The sizes that the function takes, out of `dk`, `m`, `n` and `df`, in elements and
            channels.

        Returns
        -------
        Case
            The case.
        """
        return cls(*_layer_and_shape(function, bias, **sizes), function)

    @property
    def kind(self) -> str:
        """The name of the function, or of the layer's class."""
        return self.function or type(self.layer).__name__

    @property
    def _convolution(self) -> Spatial:
        """The layer of a function."""
        assert isinstance(self.layer, Spatial)
        return self.layer

    def sizes(self) -> dict[str, int]:
        """Return the sizes that the function takes, by name; none for a layer."""
        if self.function is None:
            return {}
        every = {
            "dk": self._convolution.kernel_size[0],
            "m": self.input_shape[-1],
            "n": getattr(self.layer, "filters", None),
            "df": self.layer.output_shape(self.input_shape)[0],
        }
        return {name: every[name] for name in FUNCTIONS[self.function][1]}

    def subjects(self) -> tuple[Subject, ...]:
        """Return the layers to count, each with its input shape."""
        if self.function != "ratio":
            return ((self.layer, self.input_shape),)
        own = self._convolution
        standard = layers.Conv2D(own.filters, own.kernel_size, use_bias=own.use_bias)
        return (self.layer, self.input_shape), (standard, self.input_shape)

    def claims(self) -> Counts:
        """Return what convcost claims, under the names that oracles use."""
        if self.function is None:
            return claims(self.layer, self.input_shape)
        bias = self._convolution.use_bias
        said = getattr(convolutions, self.function)(**self.sizes(), bias=bias)
        counts = {"params": said.params, "macs": said.macs, "effective macs": said.macs}
        if self.function == "ratio":
            return counts
        shape = self.layer.output_shape(self.input_shape)
        return {**counts, "output shape": shape, "bias_adds": said.bias_adds}

    def combine(self, counted: list[Counts]) -> Counts:
        """Return the counts of the one subject, or for a ratio the quotients of the two."""
        if self.function != "ratio":
            return counted[0]
        separable, standard = counted
        return {
            name: _quotient(separable[name], standard[name])
            for name in ("params", "macs", "effective macs")
            if name in separable
        }

    def extent(self) -> int:
        """Return the size of the configuration in MACs, to find the smallest one."""
        macs: int = sum(layer.cost(shape).macs for layer, shape in self.subjects())
        return macs

    def as_dict(self) -> dict[str, str]:
        """Return the configuration as plain data."""
        return {"kind": self.kind, "configuration": str(self)}

    def __str__(self) -> str:
        if self.function is None:
            return f"{self.layer!r} on {self.input_shape}"
        given = {**self.sizes(), "bias": self._convolution.use_bias}
        shown = ", ".join(f"{name}={value}" for name, value in given.items())
        return f"{self.function}({shown})"


def _quotient(one: Counted, other: Counted) -> Fraction:
    assert isinstance(one, int)
    assert isinstance(other, int)
    return Fraction(one, other)


def _layer_and_shape(
    function: str, bias: bool, *, m: int, dk: int = 1, df: int = 1, n: int | None = None
) -> Subject:
    make: Callable[..., layers.Layer] = FUNCTIONS[function][0]
    side = df + dk - 1
    return make(*(() if n is None else (n,)), dk, use_bias=bias), (side, side, m)


def claims(layer: layers.Layer, input_shape: tuple[int, ...]) -> Counts:
    """Return everything that convcost claims about a layer, under the names that oracles use.

    Examples
    --------
    >>> claims(layers.Dense(4), (3,))["params"]
    16
    """
    cost = layer.cost(input_shape)
    training = layer.training(input_shape, effective=True)
    said: dict[str, Counted] = {
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
    """Return the sum of the outputs when an input of ones passes through both steps.

    Each output of the depthwise step is its number of taps inside the input; the pointwise step
    adds these up for each filter. The standard convolution in its place does the same, once for
    each unit of the depth multiplier.
    """
    kinds: dict[int, Callable[..., layers.Layer]] = {1: layers.Conv1D, 2: layers.Conv2D}
    arguments = layer.arguments()
    multiplier: int = arguments.pop("depth_multiplier")
    macs: int = kinds[layer.rank](**arguments).cost(input_shape, effective=True).macs
    return macs * multiplier
