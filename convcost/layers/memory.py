"""How much memory a layer moves, against how much it computes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from convcost.exact import arithmetic

if TYPE_CHECKING:
    from convcost.exact.types import Count


@dataclass(frozen=True)
class Traffic:
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

    input: Count
    weights: Count
    intermediate: Count
    output: Count

    @property
    def elements(self) -> Count:
        """All of them."""
        total = arithmetic.add("elements", self.input, self.weights)
        total = arithmetic.add("elements", total, self.intermediate)
        return arithmetic.add("elements", total, self.output)
