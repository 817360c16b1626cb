"""What a kind of layer defines: the shapes that it takes and makes, its weights, its steps."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from convcost.cost.cost import Cost, total
from convcost.exact import Generic, K, arithmetic
from convcost.exact.scalars import is_array
from convcost.layers import arguments
from convcost.layers.values import Record

if TYPE_CHECKING:
    from typing import Self

    from convcost.exact.types import Count, Factors, InputShape
    from convcost.layers.results import Weight
    from convcost.layers.steps import Part


@dataclass(frozen=True, eq=False, repr=False)
class Definition(Record, Generic[K]):
    """What each class of layers defines anew; what users call follows from it.

    A shape here was checked: its sides are exact. Where a layer takes several inputs, it is a
    tuple of their shapes.
    """

    # Spatial axes of the input; None where any number will do.
    rank: ClassVar[int | None] = None
    # Whether the output has as many sides as the input.
    keeps_rank: ClassVar[bool] = False
    # Whether some of the weights are not trained, but gathered from the data.
    keeps_statistics: ClassVar[bool] = False

    def output_and_cost(self, shape: Factors, times: Count = 1) -> tuple[Factors, Cost[Any]]:
        """Return the shape of the output and the cost for a shape that is known to be exact.

        The way of a whole network, whose shapes come from one another: no arrays, nothing checked
        twice. `shape` is a list of shapes where the layer takes several inputs; `times` says how
        many such inputs there are, for which the cost is counted.
        """
        self._check_rank(shape)
        steps = self._steps(shape)
        output = self._output_shape(shape, steps)
        return output, total([step.forward(False) for step in _repeated(steps, times)])

    def parts(self, shape: Factors, times: Count = 1) -> tuple[Part, ...]:
        """Return what is computed for a shape that was checked."""
        self._check_rank(shape)
        return _repeated(self._steps(shape), times)

    def non_trainable(self, shape: Factors) -> Count:
        """Return how many of the weights training leaves alone, for a shape that was checked."""
        if not self.keeps_statistics:
            return 0
        number: Count = 0
        for weight in self._weights(shape):
            if not weight.trainable:
                number = number + arithmetic.elements(*weight.shape)
        return number

    def _check_rank(self, shape: Factors) -> None:
        if self.rank is not None and len(shape) != self.rank + 1:
            arguments.check_shape(shape, type(self).__name__, self._axes(), self.rank)

    def _steps(self, shape: Factors) -> tuple[Part, ...]:
        """Return what the layer computes, or refuse a shape that it can't take."""
        return ()

    def _output_shape(self, shape: Factors, steps: tuple[Part, ...]) -> Factors:
        raise NotImplementedError

    def _weights(self, shape: Factors) -> tuple[Weight, ...]:
        return ()

    def given(self, shapes: list[Factors]) -> Factors | list[Factors]:
        """Return what the layer's methods take for these inputs: a shape, or a list of them."""
        return shapes[0]

    def _inputs(self, shape: Factors) -> Count:
        """Return the number of elements that are read from the inputs."""
        if shape and isinstance(shape[0], (tuple, list)):
            return arithmetic.total("elements", [arithmetic.elements(*one) for one in shape])
        return arithmetic.elements(*shape)

    def _axes(self) -> str:
        """Name the axes of an input, for error messages."""
        return "(...)"

    def _align(self, input_shape: InputShape) -> tuple[Self, Factors]:
        """Return the layer and the input's shape with arrays that compute exactly together."""
        shape = arguments.check_shape(input_shape, type(self).__name__, self._axes(), self.rank)
        if not self.has_arrays and not any(map(is_array, shape)):
            return self, shape
        own = self.arguments()
        together = arguments.align_arrays({**own, "input_shape": shape})
        shape = together.pop("input_shape")
        twin = object.__new__(type(self))
        for name, value in together.items():
            object.__setattr__(twin, name, value)
        return twin, shape


def _repeated(steps: tuple[Part, ...], times: Count) -> tuple[Part, ...]:
    if type(times) is int and times == 1:
        return steps
    return tuple(step.repeated(times) for step in steps)
