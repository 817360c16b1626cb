"""What layers say of themselves: weights, training steps, memory traffic, intensity."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from convcost.exact import Generic, N, arithmetic

if TYPE_CHECKING:
    from convcost.cost.cost import Cost
    from convcost.exact.types import Count, Factors


class Weight(NamedTuple):
    """One of a layer's weights.

    Attributes
    ----------
    name
        Keras's name: `kernel`, `bias`, `depthwise_kernel`, `pointwise_kernel`.
    shape
        Sides, as Keras's layer has them.
    trainable
        Whether training changes it.
    """

    name: str
    shape: Factors
    trainable: bool = True


@dataclass(frozen=True)
class Training(Generic[N]):
    """The costs of the passes of one training step, for one input.

    The parameters are counted in the forward pass alone.

    Parameters
    ----------
    forward
        Computing the output.
    weight_gradient
        The gradient by the weights and the bias; its bias additions add up the output's gradient.
    input_gradient
        The gradient by the input; nothing for a model's first layer, whose input needs none.

    Examples
    --------
    >>> from convcost.layers import Conv2D
    >>> training = Conv2D(64, 3).training((30, 30, 32))
    >>> training.total.macs == 3 * training.forward.macs
    True
    """

    forward: Cost[N]
    weight_gradient: Cost[N]
    input_gradient: Cost[N]

    @property
    def total(self) -> Cost[N]:
        """The three together."""
        return self.forward + self.weight_gradient + self.input_gradient


@dataclass(frozen=True)
class Traffic(Generic[N]):
    """The elements that a layer reads and writes, each once.

    Parameters
    ----------
    input
        Elements read from the input.
    weights
        Weights and biases read.
    intermediate
        Elements written and read again between the two steps of a separable convolution; else 0.
    output
        Elements written to the output.

    Examples
    --------
    >>> from convcost.layers import Conv2D
    >>> Conv2D(64, 3, padding="same").traffic((28, 28, 32))
    Traffic(input=25088, weights=18496, intermediate=0, output=50176)
    """

    input: N
    weights: N
    intermediate: N
    output: N

    @property
    def elements(self) -> N:
        """All of them."""
        total = arithmetic.add("elements", self.input, self.weights)
        total = arithmetic.add("elements", total, self.intermediate)
        elements: N = arithmetic.add("elements", total, self.output)
        return elements


def intensity(flops: Count, elements: Count, element_size: Count) -> Count:
    """Return the arithmetic intensity: FLOPs for each byte that is moved.

    Examples
    --------
    >>> intensity(flops=6000, elements=500, element_size=4)
    Fraction(3, 1)
    """
    return arithmetic.divide("bytes", flops, arithmetic.multiply("bytes", elements, element_size))


def passes(training: bool, first: bool, has_weights: bool) -> int:
    """Return how many passes over a layer's data one step makes.

    One forward pass; where the step trains, one for the gradient with respect to the weights, if
    there are any, and one for that with respect to the input, unless the layer is the model's
    first.

    Examples
    --------
    >>> passes(False, False, True), passes(True, False, True), passes(True, True, True)
    (1, 3, 2)
    """
    return 1 + has_weights + (not first) if training else 1
