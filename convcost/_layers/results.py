"""What layers report: weights, training steps, memory traffic, arithmetic intensity."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from convcost._exact import Generic, N, arithmetic

if TYPE_CHECKING:
    from convcost._cost.cost import Cost
    from convcost._exact.types import Count, Factors


class Weight(NamedTuple):
    """One of a layer's weights.

    Attributes
    ----------
    name
        Keras's name, such as `kernel`, `bias` or `depthwise_kernel`.
    shape
        Shape in elements, as in Keras.
    trainable
        Whether training changes it.
    dtype
        Type of its elements, such as `int8`, where Keras fixes it; None where it is the variable
        dtype of the layer's policy.
    """

    name: str
    shape: Factors
    trainable: bool = True
    dtype: str | None = None


@dataclass(frozen=True)
class Training(Generic[N]):
    """The costs of the passes of one training step, for one input.

    Parameters are counted only in the forward pass.

    Parameters
    ----------
    forward
        Cost of the output.
    weight_gradient
        Cost of the gradient with respect to the weights and the bias. Its bias additions are those
        that sum the output's gradient.
    input_gradient
        Cost of the gradient with respect to the input; 0 for a model's first layer.

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
        """The sum of the three passes."""
        return self.forward + self.weight_gradient + self.input_gradient


@dataclass(frozen=True)
class Traffic(Generic[N]):
    """The elements that a layer reads and writes, each counted once.

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
        """The sum of all four."""
        total = arithmetic.add("elements", self.input, self.weights)
        total = arithmetic.add("elements", total, self.intermediate)
        elements: N = arithmetic.add("elements", total, self.output)
        return elements


def intensity(flops: Count, elements: Count, element_size: Count) -> Count:
    """Return the arithmetic intensity: FLOPs per byte moved.

    Examples
    --------
    >>> intensity(flops=6000, elements=500, element_size=4)
    Fraction(3, 1)
    """
    return arithmetic.divide("bytes", flops, arithmetic.multiply("bytes", elements, element_size))


def passes(training: bool, first: bool, has_weights: bool) -> int:
    """Return the number of passes over a layer's data in one step.

    One forward pass; in training also one for the gradient with respect to the weights, if any, and
    one for the gradient with respect to the input, unless the layer is the model's first.

    Examples
    --------
    >>> passes(False, False, True), passes(True, False, True), passes(True, True, True)
    (1, 3, 2)
    """
    return 1 + has_weights + (not first) if training else 1
