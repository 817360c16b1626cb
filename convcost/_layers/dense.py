"""Dense: a pointwise convolution at each position of the leading axes."""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass
from typing import TYPE_CHECKING

from convcost._exact import K
from convcost._exact.sizes import check_integer
from convcost._layers import arguments
from convcost._layers.base import Layer
from convcost._layers.results import Weight
from convcost._layers.steps import Step

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from convcost._exact.types import Count, Factors
    from convcost._layers.keras_arguments import Kept
    from convcost._layers.steps import Part
    from convcost._layers.types import Side


@dataclass(frozen=True, eq=False, repr=False)
class Dense(Layer[K]):
    """Dense layer over the last axis, as `keras.layers.Dense`.

    Parameters
    ----------
    units
        Number of outputs.
    use_bias
        Whether each output adds a bias.

    Examples
    --------
    >>> Dense(128).explain((1152,)).params
    '(1152+1)*128 = 147584'
    >>> Dense(128).cost((10, 1152)).macs
    1474560
    """

    keeps_rank = True

    if TYPE_CHECKING:

        def __init__(
            self, units: Side[K], *, use_bias: bool = True, **kept: Unpack[Kept]
        ) -> None: ...

    units: Count
    _: KW_ONLY
    use_bias: bool = True

    def __post_init__(self) -> None:
        self._set(units=check_integer("units", self.units))
        self._check_flags("use_bias")

    def _axes(self) -> str:
        return "(..., channels)"

    def _check_rank(self, shape: Factors) -> None:
        if not shape:
            arguments.check_shape(shape, "Dense", self._axes(), None)

    def _steps(self, shape: Factors) -> tuple[Step, ...]:
        *places, m = shape
        sides = tuple(places)
        return (Step((), (m,), (self.units,), sides, int(self.use_bias), places=sides),)

    def _output_shape(self, shape: Factors, steps: tuple[Part, ...]) -> Factors:
        return (*shape[:-1], self.units)

    def _weights(self, shape: Factors) -> tuple[Weight, ...]:
        kernel = Weight("kernel", (shape[-1], self.units))
        return (kernel, Weight("bias", (self.units,))) if self.use_bias else (kernel,)
