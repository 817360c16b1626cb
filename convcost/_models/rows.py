"""What a walk through a model reports: one row for each call of a layer."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from convcost._cost.cost import total
from convcost._exact import arithmetic
from convcost._exact.arithmetic import elements
from convcost._exact.attributes import name_near, names_of, unknown_attribute
from convcost._layers.base import Layer
from convcost._layers.results import intensity

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterator, Sequence

    from convcost._cost.cost import Cost
    from convcost._exact.types import Count, Factors
    from convcost._layers.steps import Part
    from convcost._layers.types import GivenShape
    from convcost._models.graph import LayerPath, Operation


class Row(NamedTuple):
    """One call of one layer.

    Attributes
    ----------
    path
        Names of the models that contain the layer, outermost first, then its own name.
    kind
        Name of its class.
    layer
        The layer or operation; None if unknown.
    sources
        Names of the layers and inputs that make its inputs.
    times
        Size of the batch dimension for one model input: 1 unless a reshape moved elements into it.
    input_shapes, output_shape
        Shapes in elements, without the batch dimension unless `times` differs from 1; None if
        unknown. An operation with several outputs has a tuple of shapes.
    cost
        Parameters (only at the first call), MACs and bias additions.
    non_trainable_params
        Number of parameters that training does not change.
    reused
        Whether the weights were already counted at an earlier call.
    parts
        What an operation computes; empty for a layer, which has its own `parts`.
    identity
        Equal for the calls of one layer, also in different models inside of the model.
    calls
        Number of times that it is called so for one model input, by a `TimeDistributed` around it.
    size
        Bytes of its parameters, by the types of its weights; None if one of these is not known.
    """

    path: LayerPath
    kind: str
    layer: Layer[Any] | Operation | None
    sources: tuple[str, ...]
    times: Count
    input_shapes: tuple[Factors | None, ...]
    output_shape: Factors | tuple[Factors | None, ...] | None
    cost: Cost
    non_trainable_params: Count
    reused: bool
    parts: tuple[Part, ...] = ()
    identity: Hashable = None
    calls: Count = 1
    size: Count | None = 0

    def __dir__(self) -> list[str]:
        return names_of(self)

    @property
    def left_out(self) -> bool:
        """Whether its cost is not known, so that its zeros mean nothing."""
        return self.layer is None

    @property
    def name(self) -> str:
        """The path, joined with slashes."""
        return "/".join(self.path)

    @property
    def params(self) -> Count:
        """Number of weights, biases included."""
        return self.cost.params

    @property
    def trainable_params(self) -> Count:
        """Number of parameters that training changes."""
        return self.cost.params - self.non_trainable_params

    @property
    def macs(self) -> Count:
        """Multiply-accumulates."""
        return self.cost.macs

    @property
    def shape(self) -> GivenShape:
        """The shape that the layer's methods take, or a list of shapes if it merges several."""
        moved = type(self.times) is not int or self.times != 1
        shapes = [(shape or ())[1 if moved else 0 :] for shape in self.input_shapes]
        return self.layer.given(shapes) if isinstance(self.layer, Layer) else shapes

    @property
    def effective_macs(self) -> Count:
        """Multiply-accumulates whose taps lie inside the input."""
        if isinstance(self.layer, Layer):
            parts = self.layer.parts(as_one(self.shape), self.times, self.calls)
        else:
            parts = self.parts
        return total([part.forward(True) for part in parts]).macs

    @property
    def elements(self) -> Count:
        """Number of elements of the inputs and the output together."""
        output = self.output_shape or ()
        outputs = output if any(isinstance(side, tuple) for side in output) else (output,)
        maps = [elements(*(shape or ())) for shape in (*self.input_shapes, *outputs)]
        return arithmetic.total("elements", maps)

    def intensity(self, element_size: int = 4) -> Count:
        """Return the FLOPs per byte moved, as `Layer.intensity` does."""
        if isinstance(self.layer, Layer):
            return self.layer.intensity(self.shape, element_size=element_size, batch=self.times)
        return intensity(self.cost.flops, self.elements, element_size)


name_near(Row)


class Counted:
    """The rows of a model with their totals: of a network, or of a saved report.

    Attributes
    ----------
    rows
        One for each call of a layer.
    """

    rows: tuple[Row, ...]

    # Hidden from type checkers, which would take any name for an attribute.
    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any:
            return unknown_attribute(self, name)

    @cached_property
    def _total(self) -> Cost[Any]:
        return total([row.cost for row in self.rows])

    def total(self) -> Cost[Any]:
        """Return the cost of one input: the sum over all rows.

        Returns
        -------
        Cost
            Parameters, MACs and bias additions, without unit.
        """
        return self._total

    @property
    def params(self) -> Count:
        """Number of weights, biases included."""
        return self._total.params

    @property
    def macs(self) -> Count:
        """Multiply-accumulates for one input."""
        return self._total.macs

    @cached_property
    def size(self) -> Count | None:
        """Bytes of the parameters, by the types of the weights; None if one type is not known."""
        return size_of(self.rows)

    @cached_property
    def non_trainable_params(self) -> Count:
        """Number of parameters that training does not change."""
        return arithmetic.total("params", [row.non_trainable_params for row in self.rows])

    @property
    def trainable_params(self) -> Count:
        """Number of parameters that training changes."""
        return self.params - self.non_trainable_params

    def __iter__(self) -> Iterator[Row]:
        return iter(self.rows)

    def __len__(self) -> int:
        return len(self.rows)


def size_of(rows: Sequence[Row]) -> Count | None:
    """Return the bytes of the parameters of rows; None if the type of a weight is not known."""
    sizes = [row.size for row in rows if row.size is not None]
    return None if len(sizes) < len(rows) else arithmetic.total("size", sizes)


def as_one(shapes: GivenShape) -> Factors:
    """Return a shape, or a list of shapes for a layer of several inputs, as layers take it."""
    return cast("Factors", shapes)
