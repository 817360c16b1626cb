"""The parts of layers that the formulas count: convolutions, products, and weights."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cache, partial
from itertools import accumulate, chain
from typing import TYPE_CHECKING, NamedTuple

from convcost._cost import formulas
from convcost._cost.cost import Cost, from_formula, total
from convcost._exact import arithmetic
from convcost._exact.kinds import is_expression, is_traced
from convcost._exact.scalars import is_array
from convcost._layers import geometry

if TYPE_CHECKING:
    from collections.abc import Iterable

    from convcost._exact.types import Count, Factors, Formula


class Axis(NamedTuple):
    """A kernel on one axis; `convcost._layers.geometry` defines size and positions.

    Attributes
    ----------
    kernel, stride, dilation
        Kernel size in taps, and the distances between positions and between taps in elements.
    size
        Size of what the kernel slides over, in elements.
    positions
        Number of kernel positions.
    padding
        `valid`, `same`, `causal`, or the elements before and after.
    """

    kernel: Count
    stride: Count
    dilation: Count
    size: Count
    positions: Count
    padding: str | Factors

    def taps_inside(self) -> Count:
        """Count the (position, tap) pairs whose tap lies inside."""
        self._require_taps()
        return geometry.taps_inside(
            self.size, self.positions, self.kernel, self.stride, self.dilation, self._before()
        )

    def _before(self) -> Count:
        extent = geometry.dilated_kernel_size(self.kernel, self.dilation)
        if self.padding == "valid":
            return 0
        if self.padding == "causal":
            return extent - 1
        if self.padding == "same":
            return geometry.same_padding_before(self.size, self.positions, extent, self.stride)
        return self.padding[0]

    def _require_taps(self) -> None:
        kernels: Iterable[Count] = (self.kernel,)
        if is_traced(self.kernel):
            raise TypeError(
                "effective MACs are a sum over the kernel's taps, so kernel_size must be known:"
                " pass it as an integer, or count nominal MACs"
            )
        if is_array(self.kernel):
            # Arrays of machine integers hold no symbols, and may be long.
            kernels = self.kernel.flat if self.kernel.dtype == object else ()
        if any(map(is_expression, kernels)):
            raise ValueError(
                f"effective MACs have no closed form for a kernel_size of {self.kernel}, since they"
                " are a sum over its taps; pass kernel_size as an integer, or count nominal MACs"
            )


class Part:
    """A part of a layer that can be counted: a computation, or weights."""

    # Sides of the output, which only computations have.
    outputs: Factors

    @property
    def between(self) -> Count:
        """Elements written, and read again by the next part."""
        return 0

    def forward(self, effective: bool) -> Cost:
        """Return the cost of the output."""
        raise NotImplementedError

    def weight_gradient(self, effective: bool) -> Cost:
        """Return the cost of the gradient with respect to the weights: by default, `forward`."""
        return self.forward(effective)

    def input_gradient(self, effective: bool) -> Cost:
        """Return the cost of the gradient with respect to the input: by default, `forward`."""
        return self.forward(effective)

    def repeated(self, times: Count, calls: Count = 1) -> Part:
        """Return the part applied to `times` inputs with the same weights, in so many calls."""
        raise NotImplementedError


@dataclass(frozen=True)
class Weights(Part):
    """Weights without MACs, such as those of normalizations and embeddings.

    Parameters
    ----------
    factors
        Factors of the number of weights.
    """

    factors: Factors

    def forward(self, effective: bool) -> Cost:
        """Return the parameters."""
        return _from_factors(formulas.weights, (self.factors,))

    def weight_gradient(self, effective: bool) -> Cost:
        """Return a cost of 0."""
        return Cost(0, 0)

    input_gradient = weight_gradient

    def repeated(self, times: Count, calls: Count = 1) -> Weights:
        """Return the same weights, which all inputs share."""
        return self


@dataclass(frozen=True)
class Biases(Part):
    """Biases that are added to outputs, apart from what makes those.

    Parameters
    ----------
    factors
        Factors of the number of biases.
    outputs
        Sides of the outputs; each element takes one addition.
    """

    factors: Factors
    outputs: Factors

    def forward(self, effective: bool) -> Cost:
        """Return the parameters and the additions."""
        return _from_factors(formulas.biases, (self.factors, self.outputs))

    def weight_gradient(self, effective: bool) -> Cost:
        """Return only the additions, which sum the output's gradient."""
        return _from_factors(formulas.biases, ((0,), self.outputs))

    def input_gradient(self, effective: bool) -> Cost:
        """Return a cost of 0."""
        return Cost(0, 0)

    def repeated(self, times: Count, calls: Count = 1) -> Biases:
        """Return the biases of `times` inputs."""
        return replace(self, outputs=(times, *self.outputs))


@dataclass(frozen=True)
class Product(Part):
    """A product of two inputs, without weights: a matrix product, or dot products.

    Parameters
    ----------
    outputs
        Sides of the output; each element takes one MAC per inner element.
    inner
        Sides of the axes summed over.
    effective
        What a mask leaves of it; None if nothing is masked.
    """

    outputs: Factors
    inner: Factors
    effective: Product | None = field(default=None, repr=False)

    def forward(self, effective: bool) -> Cost:
        """Return the MACs of the product."""
        if effective and self.effective is not None:
            return self.effective.forward(effective)
        return _from_factors(formulas.products, (self.outputs, self.inner))

    def repeated(self, times: Count, calls: Count = 1) -> Product:
        """Return the product for `times` inputs."""
        left = None if self.effective is None else self.effective.repeated(times)
        return replace(self, outputs=(times, *self.outputs), effective=left)


@dataclass(frozen=True)
class Given(Part):
    """Counts that a user gave for a whole layer.

    Parameters
    ----------
    macs
        Multiply-accumulates.
    bias_adds
        Additions of a bias.
    """

    macs: Count
    bias_adds: Count

    def forward(self, effective: bool) -> Cost:
        """Return the counts."""
        return Cost(0, self.macs, self.bias_adds)

    def input_gradient(self, effective: bool) -> Cost:
        """Return only the MACs: the gradient with respect to the input has no bias."""
        return Cost(0, self.macs)

    def repeated(self, times: Count, calls: Count = 1) -> Given:
        """Return the counts for `times` inputs."""
        return replace(self, macs=times * self.macs, bias_adds=times * self.bias_adds)


@dataclass(frozen=True)
class Step(Part):
    """One convolution.

    Parameters
    ----------
    axes
        The kernel on each axis; empty for a dense layer.
    channels
        Factors of the number of input channels that one filter sees; empty if it sees one.
    filters
        Factors of the number of filters.
    outputs
        Sides of the output.
    bias
        1 if each filter has a bias, else 0.
    places
        Sides along which the step is repeated without a kernel, as in a dense layer.
    shown
        What an explanation shows for `channels`; None for their values.
    """

    axes: tuple[Axis, ...]
    channels: Factors
    filters: Factors
    outputs: Factors
    bias: int
    places: Factors = ()
    shown: Factors | None = None

    def forward(self, effective: bool) -> Cost:
        """Return the cost of the output."""
        kernel = tuple(axis.kernel for axis in self.axes)
        return self._cost(formulas.convolution, (kernel,), effective, self.bias)

    def weight_gradient(self, effective: bool) -> Cost:
        """Return the cost of the gradient with respect to the weights and the bias."""
        return self._cost(formulas.gradient, (), effective, self.bias)

    def input_gradient(self, effective: bool) -> Cost:
        """Return the cost of the gradient with respect to the input."""
        return self._cost(formulas.gradient, (), effective, 0)

    def repeated(self, times: Count, calls: Count = 1) -> Step:
        """Return the convolution of `times` inputs."""
        return replace(self, places=(times, *self.places), outputs=(times, *self.outputs))

    @property
    def between(self) -> Count:
        """Elements of the output, written and read again."""
        return arithmetic.elements(2, *self.outputs, *self.filters)

    def _cost(
        self, formula: Formula, before: tuple[Factors, ...], effective: bool, bias: int
    ) -> Cost:
        if effective:
            taps, positions = tuple(axis.taps_inside() for axis in self.axes), self.places
        else:
            taps = tuple(axis.kernel for axis in self.axes)
            positions = (*self.places, *(axis.positions for axis in self.axes))
        behind = (self.filters, taps, positions, self.outputs)
        shown = None if self.shown is None else (*before, self.shown, *behind)
        return _from_factors(formula, (*before, self.channels, *behind), bias, shown)


@dataclass(frozen=True)
class Convolved(Part):
    """A convolution whose kernel is another input, so that it has no weights of its own.

    Parameters
    ----------
    step
        The convolution.
    """

    step: Step

    def forward(self, effective: bool) -> Cost:
        """Return the MACs of the convolution."""
        return self.step.input_gradient(effective)

    def repeated(self, times: Count, calls: Count = 1) -> Convolved:
        """Return the convolution of `times` inputs."""
        return replace(self, step=self.step.repeated(times))


@dataclass(frozen=True)
class Applied(Part):
    """A convolution whose weights are counted apart, since they are stored in another form.

    Parameters
    ----------
    step
        The convolution.
    trained
        Whether its kernel is trained, so that training computes the gradient.
    """

    step: Step
    trained: bool

    def forward(self, effective: bool) -> Cost:
        """Return the MACs and the bias additions."""
        return self.step.weight_gradient(effective)

    def weight_gradient(self, effective: bool) -> Cost:
        """Return the cost of the gradient; for a kernel that is not trained, only of the biases."""
        made = self.step.weight_gradient(effective)
        return made if self.trained else Cost(0, 0, made.bias_adds)

    def input_gradient(self, effective: bool) -> Cost:
        """Return the cost of the gradient with respect to the input."""
        return self.step.input_gradient(effective)

    def repeated(self, times: Count, calls: Count = 1) -> Applied:
        """Return the convolution of `times` inputs."""
        return replace(self, step=self.step.repeated(times))


@dataclass(frozen=True)
class OfWeights(Part):
    """A product of two weights, which is computed once for all inputs.

    Parameters
    ----------
    product
        The product.
    """

    product: Product

    def forward(self, effective: bool) -> Cost:
        """Return the MACs of the product."""
        return self.product.forward(effective)

    def weight_gradient(self, effective: bool) -> Cost:
        """Return the MACs of the gradients with respect to both weights."""
        return total([self.forward(effective), self.forward(effective)])

    def input_gradient(self, effective: bool) -> Cost:
        """Return a cost of 0."""
        return Cost(0, 0)

    def repeated(self, times: Count, calls: Count = 1) -> OfWeights:
        """Return the product in each call, which all its inputs share."""
        if type(calls) is int and calls == 1:
            return self
        return replace(self, product=self.product.repeated(calls))


def _from_factors(
    formula: Formula,
    arguments: tuple[Factors, ...],
    bias: int = 0,
    shown: tuple[Factors, ...] | None = None,
) -> Cost:
    """Return the cost that a formula gives, from a tuple of factors for each of its arguments."""
    return from_formula(
        _by_factors(formula, tuple(map(len, arguments))),
        tuple(chain.from_iterable(arguments)),
        bias,
        None if shown is None else tuple(chain.from_iterable(shown)),
    )


@cache
def _by_factors(formula: Formula, lengths: tuple[int, ...]) -> Formula:
    """Return a formula that takes its factors in one flat sequence; few distinct ones occur."""
    ends = tuple(accumulate(lengths))
    bounds = tuple(slice(end - length, end) for end, length in zip(ends, lengths, strict=True))
    return partial(formulas.factored, formula, bounds)
