"""Recurrent layers: a cell applied to each step of a sequence, in one direction or in both."""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from convcost._exact import K, arithmetic
from convcost._exact.scalars import refuse, refuse_choice
from convcost._layers.cells import (
    Cell,
    CuDNNLSTMCell,
    GRUCell,
    LSTMCell,
    Recurring,
    SimpleRNNCell,
    StackedRNNCells,
    UnitsCell,
    check_cell,
    first_of,
)

if TYPE_CHECKING:
    from typing import Literal

    from typing_extensions import Unpack

    from convcost._exact.types import Count, Factors
    from convcost._layers.keras_arguments import Kept
    from convcost._layers.results import Weight
    from convcost._layers.steps import Part
    from convcost._layers.types import Side


class Recurrent(Recurring[K]):
    """A cell applied to each step of the first axis; all steps share its weights."""

    rank = 1

    if TYPE_CHECKING:
        return_sequences: bool
        return_state: bool

    def __post_init__(self) -> None:
        self._check_flags("return_sequences", "return_state")

    def _repeated(self) -> Cell[Any]:
        """Return the cell."""
        raise NotImplementedError

    def _axes(self) -> str:
        return "(steps, features)"

    def _check_rank(self, shape: Factors) -> None:
        super()._check_rank(shape)
        self._repeated()._check_rank(first_of(shape)[1:])

    def _states(self, shape: Factors) -> tuple[Factors, ...]:
        return self._repeated()._states(shape[1:])

    def _steps(self, shape: Factors) -> tuple[Part, ...]:
        length, *features = self._input(shape)
        return tuple(step.repeated(length) for step in self._repeated()._steps(tuple(features)))

    def _sequence(self, shape: Factors) -> Factors:
        """Return the shape of the output, without the states."""
        made = self._repeated()._made(shape[1:])
        return (shape[0], *made) if self.return_sequences else made

    def _output_shape(self, shape: Factors, steps: tuple[Part, ...]) -> Factors:
        first = self._input(shape)
        made = self._sequence(first)
        return (made, *self._states(first)) if self.return_state else made

    def _weights(self, shape: Factors) -> tuple[Weight, ...]:
        return self._repeated()._weights(self._input(shape)[1:])


@dataclass(frozen=True, eq=False, repr=False)
class RNN(Recurrent[K]):
    """A cell, or several in sequence, applied to each step, as `keras.layers.RNN`.

    Parameters
    ----------
    cell
        The cell, or a list of cells.
    return_sequences
        Whether the output is that of each step, instead of the last one.
    return_state
        Whether the states after the last step are outputs, too.

    Raises
    ------
    TypeError
        If `cell` is not a cell of this library, or a list of them.

    Examples
    --------
    >>> from convcost.layers import GRUCell, LSTMCell
    >>> layer = RNN([LSTMCell(32), GRUCell(16)], return_sequences=True)
    >>> layer.output_shape((10, 8))
    (10, 16)
    >>> layer.explain((10, 8)).macs
    '8*4*32*10 + 32*4*32*10 + 32*3*16*10 + 16*3*16*10 = 74240'
    """

    if TYPE_CHECKING:

        def __init__(
            self,
            cell: Cell[K] | list[Cell[K]],
            *,
            return_sequences: bool = False,
            return_state: bool = False,
            **kept: Unpack[Kept],
        ) -> None: ...

    cell: Cell[K]
    _: KW_ONLY
    return_sequences: bool = False
    return_state: bool = False

    def __post_init__(self) -> None:
        if isinstance(self.cell, (list, tuple)):
            self._set(cell=StackedRNNCells(self.cell))
        check_cell("cell", self.cell)
        super().__post_init__()

    def _repeated(self) -> Cell[Any]:
        return self.cell


@dataclass(frozen=True, eq=False, repr=False)
class Units(Recurrent[K]):
    """A recurrent layer with one cell.

    Parameters
    ----------
    units
        Number of units of the output and of each state.
    use_bias
        Whether each unit of each gate adds a bias.
    return_sequences
        Whether the output is that of each step, instead of the last one.
    return_state
        Whether the states after the last step are outputs, too.
    """

    if TYPE_CHECKING:

        def __init__(
            self,
            units: Side[K],
            *,
            use_bias: bool = True,
            return_sequences: bool = False,
            return_state: bool = False,
            **kept: Unpack[Kept],
        ) -> None: ...

    units: Count
    _: KW_ONLY
    use_bias: bool = True
    return_sequences: bool = False
    return_state: bool = False

    # The class of the cell.
    cells: ClassVar[type[UnitsCell[Any]]] = SimpleRNNCell

    def __post_init__(self) -> None:
        self._set(units=self._repeated().units)
        self._check_flags("use_bias")
        super().__post_init__()

    def _repeated(self) -> Any:
        return self.cells(self.units, use_bias=self.use_bias)


class SimpleRNN(Units[K]):
    """A fully connected recurrent layer, as `keras.layers.SimpleRNN`.

    Examples
    --------
    >>> SimpleRNN(128).explain((10, 64)).macs
    '64*128*10 + 128*128*10 = 245760'
    """


class LSTM(Units[K]):
    """Long short-term memory, as `keras.layers.LSTM`: four gates, and two states.

    For each step, 4*(m + units)*units MACs: the products of the gates with the states, element by
    element, are not counted, as is usual.

    Examples
    --------
    >>> layer = LSTM(128, return_sequences=True)
    >>> layer.output_shape((10, 64))
    (10, 128)
    >>> print(layer.explain((10, 64)))
    params     (64+1)*4*128 + 128*4*128 = 98816
    macs       64*4*128*10 + 128*4*128*10 = 983040
    bias_adds  4*128*10 = 5120
    flops      2*983040 = 1966080
    >>> from convcost.symbols import symbol
    >>> layer.cost((symbol("t"), 64)).macs
    98304*t
    """

    cells = LSTMCell


class CuDNNLSTM(LSTM[K]):
    """The LSTM of cuDNN in Keras 2, whose products with input and state have a bias each.

    Examples
    --------
    >>> CuDNNLSTM(128).cost((10, 64)).params - LSTM(128).cost((10, 64)).params
    512
    """

    cells = CuDNNLSTMCell


@dataclass(frozen=True, eq=False, repr=False)
class GRU(Recurrent[K]):
    """Gated recurrent units, as `keras.layers.GRU`: three gates, and one state.

    For each step, 3*(m + units)*units MACs.

    Parameters
    ----------
    units
        Number of units of the output and of the state.
    use_bias
        Whether each unit of each gate adds a bias.
    reset_after
        Whether the reset gate is applied after the product with the state; that product then has a
        bias of its own.
    return_sequences
        Whether the output is that of each step, instead of the last one.
    return_state
        Whether the state after the last step is an output, too.

    Examples
    --------
    >>> GRU(128).explain((10, 64)).params
    '(64+1)*3*128 + (128+1)*3*128 = 74496'
    """

    if TYPE_CHECKING:

        def __init__(
            self,
            units: Side[K],
            *,
            use_bias: bool = True,
            reset_after: bool = True,
            return_sequences: bool = False,
            return_state: bool = False,
            **kept: Unpack[Kept],
        ) -> None: ...

    units: Count
    _: KW_ONLY
    use_bias: bool = True
    reset_after: bool = True
    return_sequences: bool = False
    return_state: bool = False

    def __post_init__(self) -> None:
        self._set(units=self._repeated().units)
        self._check_flags("use_bias", "reset_after")
        super().__post_init__()

    def _repeated(self) -> GRUCell[K]:
        return GRUCell(self.units, use_bias=self.use_bias, reset_after=self.reset_after)


class CuDNNGRU(GRU[K]):
    """The GRU of cuDNN in Keras 2."""


_MERGES = ("ave", "concat", "mul", "sum")


@dataclass(frozen=True, eq=False, repr=False)
class Bidirectional(Recurring[K]):
    """A recurrent layer in both directions, as `keras.layers.Bidirectional`.

    Parameters
    ----------
    layer
        The layer that goes forward.
    merge_mode
        `concat`, `sum`, `mul` or `ave`; None for the two outputs as they are.
    backward_layer
        The layer that goes backward, with weights of its own; None for one like `layer`.

    Raises
    ------
    TypeError, ValueError
        If a layer is not a recurrent one of this library, or `merge_mode` is none of these.

    Examples
    --------
    >>> layer = Bidirectional(LSTM(64, return_sequences=True))
    >>> layer.output_shape((100, 32)), layer.cost((100, 32)).params
    ((100, 128), 49664)
    """

    if TYPE_CHECKING:

        def __init__(
            self,
            layer: Recurrent[K],
            merge_mode: Literal["concat", "sum", "mul", "ave"] | None = "concat",
            *,
            backward_layer: Recurrent[K] | None = None,
            **kept: Unpack[Kept],
        ) -> None: ...

    layer: Recurrent[K]
    merge_mode: str | None = "concat"
    _: KW_ONLY
    backward_layer: Recurrent[K] | None = None

    def __post_init__(self) -> None:
        layers = {"layer": self.layer, "backward_layer": self.backward_layer or self.layer}
        for name, layer in layers.items():
            if not isinstance(layer, Recurrent):
                allowed = "a recurrent layer of convcost.layers, such as LSTM(32)"
                refuse(TypeError, name, layer, allowed)
        if self.merge_mode is not None and self.merge_mode not in _MERGES:
            refuse_choice("merge_mode", self.merge_mode, _MERGES)
        for name in ("return_sequences", "return_state"):
            if len({getattr(layer, name) for layer in layers.values()}) > 1:
                raise ValueError(f"layer and backward_layer must have the same {name}")

    def _both(self) -> tuple[Recurrent[K], Recurrent[K]]:
        return self.layer, self.layer if self.backward_layer is None else self.backward_layer

    def _axes(self) -> str:
        return self.layer._axes()

    def _check_rank(self, shape: Factors) -> None:
        for layer in self._both():
            layer._check_rank(first_of(shape))

    def _states(self, shape: Factors) -> tuple[Factors, ...]:
        return tuple(state for layer in self._both() for state in layer._states(shape))

    def _steps(self, shape: Factors) -> tuple[Part, ...]:
        first = self._input(shape)
        return tuple(step for layer in self._both() for step in layer._steps(first))

    def _past_first(self, shape: Factors, steps: tuple[Part, ...]) -> tuple[Part, ...]:
        first = self._input(shape)
        forward, backward = (layer._steps(first) for layer in self._both())
        return (*forward[1:], *backward[1:])

    def _output_shape(self, shape: Factors, steps: tuple[Part, ...]) -> Factors:
        first = self._input(shape)
        forward, backward = (layer._sequence(first) for layer in self._both())
        if self.merge_mode is None:
            made: Factors = (forward, backward)
        else:
            made = (self._merged(forward, backward),)
        if self.layer.return_state:
            return (*made, *self._states(first))
        return made[0] if len(made) == 1 else made

    def _merged(self, forward: Factors, backward: Factors) -> Factors:
        joined = self.merge_mode == "concat"
        compared = (forward[:-1], backward[:-1]) if joined else (forward, backward)
        if len(forward) != len(backward) or not all(map(arithmetic.may_equal, *compared)):
            raise ValueError(
                f"the outputs of layer and backward_layer can't be merged by {self.merge_mode!r}:"
                f" they have shapes {forward} and {backward}"
            )
        if not joined:
            return forward
        width = forward[-1]
        return (*forward[:-1], arithmetic.add("units", width, backward[-1]))

    def _weights(self, shape: Factors) -> tuple[Weight, ...]:
        first = self._input(shape)
        return tuple(weight for layer in self._both() for weight in layer._weights(first))
