"""What one training step of a layer costs, pass by pass."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from convcost.cost.cost import Cost


@dataclass(frozen=True)
class Training:
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

    forward: Cost
    weight_gradient: Cost
    input_gradient: Cost

    @property
    def total(self) -> Cost:
        """The three together."""
        return self.forward + self.weight_gradient + self.input_gradient
