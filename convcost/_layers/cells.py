"""Cells: what recurrent layers compute at each step, from an input and the states before it."""

from __future__ import annotations

from collections.abc import Sequence as AnySequence
from dataclasses import KW_ONLY, dataclass
from typing import TYPE_CHECKING, ClassVar

from convcost._exact import K, arithmetic
from convcost._exact.scalars import refuse
from convcost._exact.sizes import check_integer
from convcost._layers import arguments
from convcost._layers.base import Layer
from convcost._layers.results import Weight
from convcost._layers.steps import Step

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Self

    from typing_extensions import Unpack

    from convcost._exact.types import Count, Factors, InputShape
    from convcost._layers.keras_arguments import Kept
    from convcost._layers.steps import Part
    from convcost._layers.types import GivenShape, Side


class Recurring(Layer[K]):
    """A layer that takes states beside its input: a cell, or a layer that repeats one.

    An `input_shape` is the shape of the input, or a list of it and of the shapes of the states.
    """

    call_arguments: ClassVar[tuple[str, ...]] = (
        *("sequences", "initial_state", "mask", "training"),
    )
    computes_with = ("sequences", "initial_state")
    holds_layers = True

    def given(self, shapes: list[Factors]) -> GivenShape:
        """Return one shape, or a list of several: of the input, then of the states."""
        return shapes[0] if len(shapes) == 1 else shapes

    def _align(self, input_shape: InputShape) -> tuple[Self, Factors]:
        is_list = isinstance(input_shape, (tuple, list)) and bool(input_shape)
        if not is_list or not all(isinstance(one, (tuple, list)) for one in input_shape):
            layer, shape = super()._align(input_shape)
            layer._check_rank(shape)
            return layer, shape
        several = tuple(one for one in input_shape if isinstance(one, (tuple, list)))
        shapes = arguments.check_shapes(several, type(self).__name__)
        self._check_rank(shapes)
        return self, shapes

    def _intermediate(self, steps: tuple[Part, ...]) -> Count:
        return 0  # the states, which a layer keeps from step to step

    def _states(self, shape: Factors) -> tuple[Factors, ...]:
        """Return the shapes of the states for an input of this shape."""
        raise NotImplementedError

    def _check_rank(self, shape: Factors) -> None:
        super()._check_rank(first_of(shape))

    def _input(self, shape: Factors) -> Factors:
        """Return the shape of the input; the states behind it must be those of the layer."""
        first = first_of(shape)
        if first is shape:
            return first
        states, given = self._states(first), tuple(map(tuple, shape[1:]))
        if len(states) != len(given) or not all(map(_may_equal, states, given)):
            kind = type(self).__name__
            expected, shown = arguments.show_all(states), arguments.show_all(given)
            raise ValueError(f"the states of {kind} must have shapes {expected}; got {shown}")
        return first


def first_of(shape: Factors) -> Factors:
    """Return the shape of the input, of one or several shapes.

    Examples
    --------
    >>> first_of((10, 64)), first_of(((10, 64), (32,), (32,)))
    ((10, 64), (10, 64))
    """
    first = shape[0] if shape else None
    return tuple(first) if isinstance(first, (tuple, list)) else shape


def _may_equal(left: Factors, right: Factors) -> bool:
    return len(left) == len(right) and all(map(arithmetic.may_equal, left, right))


class Cell(Recurring[K]):
    """A cell; its outputs are its output, then its new states.

    For one step, each unit of each gate takes one MAC for each input and one for each unit of the
    state. Products of gates and states, element by element, are not counted, as is usual.
    """

    rank = 0
    call_arguments = ("inputs", "states", "training")
    computes_with = ("inputs", "states")

    def _axes(self) -> str:
        return "(features,)"

    def _made(self, shape: Factors) -> Factors:
        """Return the shape of the output, without the states."""
        return self._states(shape)[0]

    def _output_shape(self, shape: Factors, steps: tuple[Part, ...]) -> Factors:
        first = self._input(shape)
        return (self._made(first), *self._states(first))


@dataclass(frozen=True, eq=False, repr=False)
class UnitsCell(Cell[K]):
    """A cell whose gates each multiply the input and the state before it by a matrix.

    Parameters
    ----------
    units
        Number of units of the output and of each state.
    use_bias
        Whether each unit of each gate adds a bias.
    """

    if TYPE_CHECKING:

        def __init__(
            self, units: Side[K], *, use_bias: bool = True, **kept: Unpack[Kept]
        ) -> None: ...

    units: Count
    _: KW_ONLY
    use_bias: bool = True

    gates: ClassVar[int]
    states: ClassVar[int] = 1

    def __post_init__(self) -> None:
        self._set(units=check_integer("units", self.units))
        self._check_flags("use_bias")

    def _has_two_biases(self) -> bool:
        """Tell whether the products with the input and with the state have a bias each."""
        return False

    def _states(self, shape: Factors) -> tuple[Factors, ...]:
        return ((self.units,),) * self.states

    def _filters(self) -> Factors:
        return (self.gates, self.units) if self.gates > 1 else (self.units,)

    def _steps(self, shape: Factors) -> tuple[Part, ...]:
        (m,) = self._input(shape)
        bias = int(self.use_bias)
        return (
            Step((), (m,), self._filters(), (), bias),
            Step((), (self.units,), self._filters(), (), bias * self._has_two_biases()),
        )

    def _weights(self, shape: Factors) -> tuple[Weight, ...]:
        (m,) = self._input(shape)
        width = arithmetic.elements(*self._filters())
        bias = (2, width) if self._has_two_biases() else (width,)
        kernels = (
            Weight("kernel", (m, width)),
            Weight("recurrent_kernel", (self.units, width)),
        )
        return (*kernels, Weight("bias", bias)) if self.use_bias else kernels


class SimpleRNNCell(UnitsCell[K]):
    """One step of `SimpleRNN`, as `keras.layers.SimpleRNNCell`.

    Examples
    --------
    >>> SimpleRNNCell(128).explain((64,)).params
    '(64+1)*128 + 128*128 = 24704'
    """

    gates = 1


class LSTMCell(UnitsCell[K]):
    """One step of `LSTM`, as `keras.layers.LSTMCell`; its outputs are the output and two states.

    Examples
    --------
    >>> LSTMCell(128).explain((64,)).params
    '(64+1)*4*128 + 128*4*128 = 98816'
    >>> LSTMCell(128).output_shape((64,))
    ((128,), (128,), (128,))
    """

    gates = 4
    states = 2


class CuDNNLSTMCell(LSTMCell[K]):
    """One step of `CuDNNLSTM`."""

    def _has_two_biases(self) -> bool:
        return True


@dataclass(frozen=True, eq=False, repr=False)
class GRUCell(UnitsCell[K]):
    """One step of `GRU`, as `keras.layers.GRUCell`.

    Parameters
    ----------
    units
        Number of units of the output and of the state.
    use_bias
        Whether each unit of each gate adds a bias.
    reset_after
        Whether the reset gate is applied after the product with the state; that product then has a
        bias of its own.

    Examples
    --------
    >>> GRUCell(128).explain((64,)).params
    '(64+1)*3*128 + (128+1)*3*128 = 74496'
    >>> GRUCell(128, reset_after=False).explain((64,)).params
    '(64+1)*3*128 + 128*3*128 = 74112'
    """

    gates = 3

    if TYPE_CHECKING:

        def __init__(
            self,
            units: Side[K],
            *,
            use_bias: bool = True,
            reset_after: bool = True,
            **kept: Unpack[Kept],
        ) -> None: ...

    # Editors offer only the arguments that stand in the class itself.
    units: Count
    _: KW_ONLY
    use_bias: bool = True
    reset_after: bool = True

    def __post_init__(self) -> None:
        super().__post_init__()
        self._check_flags("reset_after")

    def _has_two_biases(self) -> bool:
        return self.reset_after


@dataclass(frozen=True, eq=False, repr=False)
class StackedRNNCells(Cell[K]):
    """Cells in sequence, as `keras.layers.StackedRNNCells`: each takes the output before it.

    Parameters
    ----------
    cells
        The cells, in order.

    Raises
    ------
    TypeError
        If `cells` is not a list of cells of this library.

    Examples
    --------
    >>> cells = StackedRNNCells([LSTMCell(32), GRUCell(16)])
    >>> cells.output_shape((8,))
    ((16,), (32,), (32,), (16,))
    """

    if TYPE_CHECKING:

        def __init__(self, cells: Sequence[Cell[K]], **kept: Unpack[Kept]) -> None: ...

    cells: Sequence[Cell[K]]

    def __post_init__(self) -> None:
        if not isinstance(self.cells, AnySequence) or not self.cells:
            refuse(TypeError, "cells", self.cells, "a list of cells")
        for index, cell in enumerate(self.cells):
            check_cell(f"cells[{index}]", cell)
        self._set(cells=tuple(self.cells))

    def _fed(self, shape: Factors) -> list[tuple[Cell[K], Factors]]:
        """Return each cell with the shape of its input."""
        fed = []
        for cell in self.cells:
            cell._check_rank(shape)
            fed.append((cell, shape))
            shape = cell._made(shape)
        return fed

    def _made(self, shape: Factors) -> Factors:
        last, fed = self._fed(shape)[-1]
        return last._made(fed)

    def _states(self, shape: Factors) -> tuple[Factors, ...]:
        return tuple(state for cell, fed in self._fed(shape) for state in cell._states(fed))

    def _steps(self, shape: Factors) -> tuple[Part, ...]:
        fed = self._fed(self._input(shape))
        return tuple(step for cell, one in fed for step in cell._steps(one))

    def _weights(self, shape: Factors) -> tuple[Weight, ...]:
        fed = self._fed(self._input(shape))
        return tuple(weight for cell, one in fed for weight in cell._weights(one))


def check_cell(name: str, cell: object) -> None:
    """Raise TypeError unless an argument is a cell."""
    if not isinstance(cell, Cell):
        refuse(TypeError, name, cell, "a cell of convcost.layers, such as LSTMCell(32)")
