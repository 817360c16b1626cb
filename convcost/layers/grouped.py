"""What standard and transposed convolutions have in common: filters and channels in groups."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from convcost.cost.recorder import Number, Quotient
from convcost.exact import arithmetic
from convcost.exact.sizes import check_integer
from convcost.layers import arguments
from convcost.layers.spatial import Spatial
from convcost.layers.steps import Axis, Step

if TYPE_CHECKING:
    from convcost.exact.types import Count, Factors


class Grouped(Spatial):
    """A layer in which every filter sees the input channels of its group."""

    if TYPE_CHECKING:
        groups: Any

    def __post_init__(self) -> None:
        self._set(
            filters=check_integer("filters", self.filters),
            groups=check_integer("groups", self.groups),
        )
        arguments.check_divides(("groups", self.groups), ("filters", self.filters))
        super().__post_init__()

    def _steps(self, shape: Factors) -> tuple[Step, ...]:
        sides, m = self._split(shape)
        arguments.check_divides(("groups", self.groups), ("the input's channels", m))
        axes, outputs = self._lay(sides)
        channels, shown = per_group(m, self.groups)
        bias = int(self.use_bias)
        return (Step(axes, channels, (self.filters,), outputs, bias, shown=shown),)

    def _lay(self, sides: Factors) -> tuple[tuple[Axis, ...], Factors]:
        """Return the axes for an input of those sides, and the sides of the output."""
        raise NotImplementedError


def per_group(channels: Count, groups: Count) -> tuple[Factors, Factors]:
    """Return the channels that one filter sees, as a number, and as an explanation shows it."""
    if type(groups) is int and groups == 1:
        return (channels,), (channels,)
    shown = Quotient(Number(channels), Number(groups))
    return (arithmetic.share(channels, groups),), (shown,)
