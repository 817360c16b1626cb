"""What each class of layers defines: its input and output shapes, weights and parts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from convcost._cost.cost import Cost, total
from convcost._exact import Generic, K, arithmetic
from convcost._exact.scalars import is_array
from convcost._layers import arguments
from convcost._layers.kept import NOTHING, Keeping
from convcost._layers.values import Record

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Self

    from convcost._exact.types import Count, Factors, InputShape
    from convcost._layers.results import Weight
    from convcost._layers.steps import Part
    from convcost._layers.types import GivenShape


@dataclass(frozen=True, eq=False, repr=False)
class Definition(Record, Generic[K], metaclass=Keeping):
    """The methods that each class of layers overrides; `Layer` derives the public ones from them.

    Shapes here were checked: their sides are exact. For a layer of several inputs, a shape is a
    tuple of shapes.
    """

    # What Keras's layer was given that no cost follows from; not compared, and not printed.
    kept = NOTHING
    # Number of spatial axes of the input; None for any number.
    rank: ClassVar[int | None] = None
    # The arguments of its call in Keras, in order, and which of them it computes with; empty for a
    # layer that computes with all tensors but masks.
    call_arguments: ClassVar[tuple[str, ...]] = ()
    computes_with: ClassVar[tuple[str, ...]] = ()
    # Whether Keras keeps its weights in layers inside it.
    holds_layers: ClassVar[bool] = False
    # Whether the output has the same number of axes as the input.
    keeps_rank: ClassVar[bool] = False

    @property
    def computes_once(self) -> bool:
        """Whether it computes something from its weights alone, once for all inputs."""
        return False

    def output_and_cost(
        self, shape: Factors, times: Count = 1, calls: Count = 1
    ) -> tuple[Factors, Cost[Any]]:
        """Return the output shape and the cost for a shape that is known to be exact.

        For whole networks, whose shapes follow from each other: takes no arrays, and checks nothing
        twice. `shape` is a list of shapes if the layer takes several inputs; `times` is the number
        of inputs of that shape to count, and `calls` in how many calls they come.
        """
        self._check_rank(shape)
        steps = self._steps(shape)
        output = self._output_shape(shape, steps)
        return output, total([step.forward(False) for step in _repeated(steps, times, calls)])

    def parts(self, shape: Factors, times: Count = 1, calls: Count = 1) -> tuple[Part, ...]:
        """Return the parts of the layer for a shape that was checked."""
        self._check_rank(shape)
        return _repeated(self._steps(shape), times, calls)

    def weights_for(self, shape: Factors) -> tuple[Weight, ...]:
        """Return the weights of the layer for a shape that was checked."""
        return self._weights(shape)

    def _check_rank(self, shape: Factors) -> None:
        if self.rank is not None and len(shape) != self.rank + 1:
            arguments.check_shape(shape, type(self).__name__, self._axes(), self.rank)

    def _steps(self, shape: Factors) -> tuple[Part, ...]:
        """Return the parts of the layer, or raise an error for a shape that it can't take."""
        return ()

    def _output_shape(self, shape: Factors, steps: tuple[Part, ...]) -> Factors:
        raise NotImplementedError

    def _weights(self, shape: Factors) -> tuple[Weight, ...]:
        return ()

    def called(self, options: Mapping[str, object]) -> Self:
        """Return the layer for a call with these options."""
        return self

    def given(self, shapes: list[Factors]) -> GivenShape:
        """Return what the layer's methods take for these inputs: one shape, or a list of shapes."""
        return shapes[0]

    def _inputs(self, shape: Factors) -> Count:
        """Return the number of input elements."""
        return elements_of(shape)

    def _intermediate(self, steps: tuple[Part, ...]) -> Count:
        """Return the number of elements that are written, and read again, inside the layer."""
        return steps[0].between if len(steps) > 1 else 0

    def _past_first(self, shape: Factors, steps: tuple[Part, ...]) -> tuple[Part, ...]:
        """Return the parts whose input needs a gradient although that of the layer needs none."""
        return steps[1:]

    def _axes(self) -> str:
        """Name the axes of an input, for error messages."""
        return "(...)"

    def _align(self, input_shape: InputShape) -> tuple[Self, Factors]:
        """Return the layer and the input shape, with arrays that compute exactly together."""
        shape = arguments.check_shape(input_shape, type(self).__name__, self._axes(), self.rank)
        if not self.has_arrays and not any(map(is_array, shape)):
            return self, shape
        own = self.arguments()
        together = arguments.align_arrays({**own, "input_shape": shape})
        shape = together.pop("input_shape")
        return self._with(together), shape

    def _with(self, values: Mapping[str, object]) -> Self:
        """Return a layer whose arguments have these values, which were checked."""
        twin = object.__new__(type(self))
        twin._set(**{self.held_as.get(name, name): value for name, value in values.items()})
        if self.kept:
            twin._set(kept=self.kept)
        return twin


def elements_of(shape: Factors) -> Count:
    """Return the number of elements of a shape, or of several shapes together.

    Examples
    --------
    >>> elements_of((10, 64)), elements_of(((10, 64), (32,), (32,)))
    (640, 704)
    """
    if shape and isinstance(shape[0], (tuple, list)):
        return arithmetic.total("elements", [arithmetic.elements(*one) for one in shape])
    return arithmetic.elements(*shape)


def _repeated(steps: tuple[Part, ...], times: Count, calls: Count) -> tuple[Part, ...]:
    if type(times) is int and times == 1:
        return steps
    return tuple(step.repeated(times, calls) for step in steps)
