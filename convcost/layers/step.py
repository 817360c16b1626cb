"""One convolution as the formula sees it: a layer makes one or two of these from its arguments."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from convcost import counts, formulas, geometry
from convcost.cost import Cost, measured
from convcost.exact import is_array

if TYPE_CHECKING:
    from collections.abc import Iterable

    from convcost._typing import Count, Factors, Formula


class Axis(NamedTuple):
    """A kernel on one axis; image and positions are the words of `convcost.geometry`.

    Attributes
    ----------
    kernel, stride, dilation
        Taps of the kernel, and the distances between positions and between taps, in elements.
    image
        Side of what the kernel is laid over, in elements.
    positions
        Number of places where it is laid.
    padding
        `valid`, `same`, `causal`, or the elements before and after the image.
    """

    kernel: Count
    stride: Count
    dilation: Count
    image: Count
    positions: Count
    padding: str | Factors

    def taps_inside(self) -> Count:
        """Count the pairs of position and tap whose tap lies inside the image."""
        self._require_taps()
        return geometry.taps_inside(
            self.image, self.positions, self.kernel, self.stride, self.dilation, self._before()
        )

    def _before(self) -> Count:
        reach = geometry.span(self.kernel, self.dilation)
        if self.padding == "valid":
            return 0
        if self.padding == "causal":
            return reach - 1
        if self.padding == "same":
            return geometry.padding_before(self.image, self.positions, reach, self.stride)
        return self.padding[0]

    def _require_taps(self) -> None:
        kernels: Iterable[Count] = (self.kernel,)
        if is_array(self.kernel):
            # Arrays of machine integers hold no symbols, and may be long.
            kernels = self.kernel.flat if self.kernel.dtype == object else ()
        if any(map(counts.is_expression, kernels)):
            raise ValueError(
                f"effective MACs have no closed form for a kernel_size of {self.kernel}: they are a"
                " sum over its taps; give kernel_size as an integer, or ask for nominal MACs"
            )


@dataclass(frozen=True)
class Step:
    """One convolution.

    Parameters
    ----------
    axes
        Where the kernel lies, axis by axis; none for a dense layer.
    channels
        Factors of the input channels that one filter sees; none where it sees one.
    filters
        Factors of the number of filters.
    outputs
        Sides of the output.
    bias
        1 where each filter has a bias, else 0.
    places
        Sides along which the step is repeated without a kernel: those of a dense layer.
    shown
        What an explanation shows for `channels`, where that is more than their values.
    """

    axes: tuple[Axis, ...]
    channels: Factors
    filters: Factors
    outputs: Factors
    bias: int
    places: Factors = ()
    shown: Factors | None = None

    def forward(self, effective: bool) -> Cost:
        """Return what computing the output costs."""
        kernel = tuple(axis.kernel for axis in self.axes)
        return self._measure(formulas.convolution, (kernel,), effective, self.bias)

    def weight_gradient(self, effective: bool) -> Cost:
        """Return what the gradient by the weights and the bias costs."""
        return self._measure(formulas.gradient, (), effective, self.bias)

    def input_gradient(self, effective: bool) -> Cost:
        """Return what the gradient by the input costs."""
        return self._measure(formulas.gradient, (), effective, 0)

    def _measure(
        self, formula: Formula, before: tuple[Factors, ...], effective: bool, bias: int
    ) -> Cost:
        if effective:
            taps, positions = tuple(axis.taps_inside() for axis in self.axes), self.places
        else:
            taps = tuple(axis.kernel for axis in self.axes)
            positions = (*self.places, *(axis.positions for axis in self.axes))
        behind = (self.filters, taps, positions, self.outputs)
        shown = None if self.shown is None else (*before, self.shown, *behind)
        return measured(formula, (*before, self.channels, *behind), bias, shown)
