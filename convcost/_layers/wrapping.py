"""Layers that wrap other layers, and layers whose costs the user gives."""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass
from typing import TYPE_CHECKING, Any

from convcost._exact import K
from convcost._exact.scalars import COUNT, refuse
from convcost._exact.sizes import check_integer
from convcost._layers import arguments
from convcost._layers.base import Layer
from convcost._layers.results import Weight
from convcost._layers.steps import Given, Weights

if TYPE_CHECKING:
    from collections.abc import Sequence

    from typing_extensions import Unpack

    from convcost._exact.types import Factors
    from convcost._layers.keras_arguments import Kept
    from convcost._layers.steps import Part
    from convcost._layers.types import GivenShape, Side


@dataclass(frozen=True, eq=False, repr=False)
class TimeDistributed(Layer[K]):
    """A layer applied to each step of the first axis, as `keras.layers.TimeDistributed`.

    Parameters
    ----------
    layer
        The layer; all steps share its weights.

    Raises
    ------
    TypeError
        If `layer` is not a layer of this library.

    Examples
    --------
    >>> from convcost.layers import Conv2D
    >>> layer = TimeDistributed(Conv2D(8, 3))
    >>> layer.output_shape((16, 28, 28, 3))
    (16, 26, 26, 8)
    >>> layer.explain((16, 28, 28, 3)).macs
    '3*3*3*8*16*26*26 = 2336256'
    """

    if TYPE_CHECKING:

        def __init__(self, layer: Layer[K], **kept: Unpack[Kept]) -> None: ...

    layer: Layer[K]

    def __post_init__(self) -> None:
        if not isinstance(self.layer, Layer):
            refuse(TypeError, "layer", self.layer, "a layer of convcost.layers")

    @property
    def computes_once(self) -> bool:
        """Whether the layer computes something from its weights alone."""
        return self.layer.computes_once

    def _axes(self) -> str:
        return "(steps, ...)"

    def _check_rank(self, shape: Factors) -> None:
        if len(shape) < 2:
            inner = type(self.layer).__name__
            allowed = f"(steps, ...) without the batch, an input of {inner} for each step"
            refuse(ValueError, "input_shape", shape, allowed)
        self.layer._check_rank(shape[1:])

    def _steps(self, shape: Factors) -> tuple[Part, ...]:
        self._check_rank(shape)
        times, *inner = shape
        return tuple(step.repeated(times, times) for step in self.layer._steps(tuple(inner)))

    def _output_shape(self, shape: Factors, steps: tuple[Part, ...]) -> Factors:
        times, *inner = shape
        once = self.layer._output_shape(tuple(inner), self.layer._steps(tuple(inner)))
        if any(isinstance(one, tuple) for one in once):
            refuse(ValueError, "layer", self.layer, "a layer with one output")
        return (times, *once)

    def _weights(self, shape: Factors) -> tuple[Weight, ...]:
        return self.layer._weights(shape[1:])


@dataclass(frozen=True, eq=False, repr=False)
class Custom(Layer[K]):
    """A layer unknown to this library, described by its output shape and its counts for one input.

    Parameters
    ----------
    output
        Output shape in elements, without the batch dimension; a list of shapes for several outputs.
    variables
        The weights, a sequence of `Weight`.
    macs
        Multiply-accumulates.
    bias_adds
        Additions of a bias.

    Raises
    ------
    TypeError, ValueError
        If a side is not a positive integer, or a count not a non-negative one.

    Examples
    --------
    >>> from convcost.layers import Weight
    >>> scale = Custom((28, 28, 32), [Weight("gamma", (32,))])
    >>> print(scale.cost((28, 28, 32)))
    32 parameters, 0 MACs (0 FLOPs), 0 bias additions
    """

    output: Sequence[Side[K]] | Sequence[Sequence[Side[K]]]
    variables: Sequence[Weight] = ()
    _: KW_ONLY
    macs: Side[K] = 0
    bias_adds: Side[K] = 0

    def __post_init__(self) -> None:
        variables = self.variables
        if not hasattr(variables, "__iter__"):
            refuse(TypeError, "variables", variables, "a sequence of convcost.layers.Weight")
        self._set(
            output=_check_outputs(self.output),
            variables=tuple(map(_check_weight, variables)),
            macs=check_integer("macs", self.macs, COUNT),
            bias_adds=check_integer("bias_adds", self.bias_adds, COUNT),
        )

    def given(self, shapes: list[Factors]) -> GivenShape:
        """Return one shape, or a list of several shapes."""
        return shapes[0] if len(shapes) == 1 else shapes

    def _check_rank(self, shape: Factors) -> None:
        """Accept any number of inputs of any shape."""

    def _steps(self, shape: Factors) -> tuple[Part, ...]:
        weights = tuple(Weights(weight.shape) for weight in self.variables)
        given = (Given(self.macs, self.bias_adds),) if self.macs or self.bias_adds else ()
        return (*weights, *given)

    def _output_shape(self, shape: Factors, steps: tuple[Part, ...]) -> Factors:
        return tuple(self.output)

    def _weights(self, shape: Factors) -> tuple[Weight, ...]:
        return tuple(self.variables)


def _check_outputs(output: Any) -> Factors:
    """Return an output shape, or a tuple of the shapes of several outputs."""
    several = isinstance(output, (tuple, list)) and output
    if several and all(isinstance(one, (tuple, list)) for one in output):
        return tuple(
            arguments.check_shape(one, "Custom", "a shape", None, f"output[{place}]")
            for place, one in enumerate(output)
        )
    return arguments.check_shape(output, "Custom", "a shape", None, "output")


def _check_weight(weight: object) -> Weight:
    if not isinstance(weight, Weight):
        refuse(TypeError, "each of variables", weight, "a convcost.layers.Weight")
    if not hasattr(weight.shape, "__iter__"):
        refuse(TypeError, f"the shape of {weight.name!r}", weight.shape, "a tuple of sides")
    sides = tuple(
        check_integer(f"side {axis} of {weight.name!r}", side)
        for axis, side in enumerate(weight.shape)
    )
    return weight._replace(shape=sides)


@dataclass(frozen=True, eq=False, repr=False)
class Chain(Layer[K]):
    """Several layers in sequence, as one layer.

    Parameters
    ----------
    layers
        The layers, in order.

    Raises
    ------
    TypeError
        If `layers` is not a list of layers of this library.

    Examples
    --------
    >>> from convcost.layers import BatchNormalization, Conv2D
    >>> chain = Chain([Conv2D(8, 3), BatchNormalization()])
    >>> chain.output_shape((28, 28, 3)), chain.explain((28, 28, 3)).params
    ((26, 26, 8), '(3*3*3+1)*8 + 4*8 = 256')
    """

    layers: Sequence[Layer[K]]

    def __post_init__(self) -> None:
        if not isinstance(self.layers, (list, tuple)):
            refuse(TypeError, "layers", self.layers, "a list of layers")
        for index, layer in enumerate(self.layers):
            if not isinstance(layer, Layer):
                refuse(TypeError, f"layers[{index}]", layer, "a layer of convcost.layers")
        self._set(layers=tuple(self.layers))

    def given(self, shapes: list[Factors]) -> GivenShape:
        """Return what the first layer takes."""
        return self.layers[0].given(shapes) if self.layers else shapes[0]

    @property
    def computes_once(self) -> bool:
        """Whether a layer in it computes something from its weights alone."""
        return any(layer.computes_once for layer in self.layers)

    def _check_rank(self, shape: Factors) -> None:
        """Leave the check to each layer."""

    def _walk(self, shape: Factors) -> list[tuple[Layer[K], Factors, tuple[Part, ...]]]:
        walked = []
        for layer in self.layers:
            layer._check_rank(shape)
            steps = layer._steps(shape)
            walked.append((layer, shape, steps))
            shape = layer._output_shape(shape, steps)
        return walked

    def _steps(self, shape: Factors) -> tuple[Part, ...]:
        return tuple(step for _, _, steps in self._walk(shape) for step in steps)

    def _output_shape(self, shape: Factors, steps: tuple[Part, ...]) -> Factors:
        for layer, inner, own in self._walk(shape):
            shape = layer._output_shape(inner, own)
        return shape

    def _weights(self, shape: Factors) -> tuple[Weight, ...]:
        return tuple(
            weight for layer, inner, _ in self._walk(shape) for weight in layer._weights(inner)
        )


def shown_kind(layer: Layer[Any]) -> str:
    """Return the kind that reports show: the layer's class, or the classes of a chain."""
    parts = layer.layers if isinstance(layer, Chain) else (layer,)
    return "+".join(type(part).__name__ for part in parts)
