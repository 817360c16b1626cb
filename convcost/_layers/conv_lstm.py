"""Convolutional LSTM: recurrent layers whose products are convolutions, over feature maps."""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar

from convcost._exact import K, arithmetic
from convcost._layers import arguments
from convcost._layers.cells import Cell
from convcost._layers.convolution import Conv1D, Conv2D, Conv3D, Convolution
from convcost._layers.recurrent import Recurrent

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from convcost._exact.types import Count, Factors
    from convcost._layers.keras_arguments import Kept
    from convcost._layers.results import Weight
    from convcost._layers.steps import Part, Step
    from convcost._layers.types import DataFormat, Padding, Pads, Side, Sides

_GATES = 4


class _Cell(Cell[K]):
    """One step: a convolution of the input, and one of the state, with filters for four gates."""

    def __init__(self, of_input: Convolution[K], of_state: Convolution[K]) -> None:
        self._set(of_input=of_input, of_state=of_state)

    if TYPE_CHECKING:
        of_input: Convolution[K]
        of_state: Convolution[K]

    def _check_rank(self, shape: Factors) -> None:
        self.of_input._check_rank(shape)

    def _states(self, shape: Factors) -> tuple[Factors, ...]:
        made = self.of_input._output_shape(shape, self.of_input._steps(shape))
        return made, made

    def _steps(self, shape: Factors) -> tuple[Part, ...]:
        (state, _), filters = self._states(shape), (_GATES, self.of_input.filters)
        both: tuple[Step, ...] = (*self.of_input._steps(shape), *self.of_state._steps(state))
        return tuple(replace(step, filters=filters) for step in both)

    def _weights(self, shape: Factors) -> tuple[Weight, ...]:
        kernel, *bias = self.of_input._weights(shape)
        (recurrent,) = self.of_state._weights(self._states(shape)[0])
        return (
            _of_all_gates(kernel),
            _of_all_gates(recurrent)._replace(name="recurrent_kernel"),
            *map(_of_all_gates, bias),
        )


def _of_all_gates(weight: Weight) -> Weight:
    *sides, filters = weight.shape
    return weight._replace(shape=(*sides, arithmetic.elements(_GATES, filters)))


@dataclass(frozen=True, eq=False, repr=False)
class ConvLSTM(Recurrent[K]):
    """A long short-term memory of feature maps.

    At each step, four gates convolve the input and the state before it; the state keeps its size.

    Parameters
    ----------
    filters
        Number of channels of the output and of each state.
    kernel_size
        Kernel size, in taps: one integer, or one per axis.
    strides
        Stride over the input, in elements: one integer, or one per axis.
    padding
        `valid` or `same`, for the input.
    data_format
        `channels_last` or `channels_first`.
    dilation_rate
        Distance between the taps over the input, in elements: one integer, or one per axis.
    use_bias
        Whether each filter adds a bias.
    return_sequences
        Whether the output is that of each step, instead of the last one.
    return_state
        Whether the states after the last step are outputs, too.
    """

    if TYPE_CHECKING:

        def __init__(
            self,
            filters: Side[K],
            kernel_size: Sides[K],
            strides: Sides[K] = 1,
            padding: Padding[K] = "valid",
            *,
            data_format: DataFormat = "channels_last",
            dilation_rate: Sides[K] = 1,
            use_bias: bool = True,
            return_sequences: bool = False,
            return_state: bool = False,
            **kept: Unpack[Kept],
        ) -> None: ...

    filters: Count
    kernel_size: Count
    strides: Count = 1
    padding: Pads = "valid"
    _: KW_ONLY
    data_format: DataFormat = "channels_last"
    dilation_rate: Count = 1
    use_bias: bool = True
    return_sequences: bool = False
    return_state: bool = False

    convolution: ClassVar[type[Convolution[Any]]]

    def __post_init__(self) -> None:
        if isinstance(self.padding, str):
            arguments.check_word("padding", self.padding, ("valid", "same"))
        checked = self._of_input()
        names = ("filters", "kernel_size", "strides", "padding", "data_format", "dilation_rate")
        self._set(**{name: getattr(checked, name) for name in names}, use_bias=checked.use_bias)
        super().__post_init__()

    def _of_input(self) -> Convolution[K]:
        made: Convolution[K] = self.convolution(
            self.filters,
            self.kernel_size,
            self.strides,
            self.padding,
            data_format=self.data_format,
            dilation_rate=self.dilation_rate,
            use_bias=self.use_bias,
        )
        made._set(leading=1)  # the time
        return made

    def _repeated(self) -> _Cell[K]:
        of_state = self.convolution(
            self.filters,
            self.kernel_size,
            padding="same",
            data_format=self.data_format,
            use_bias=False,
        )
        return _Cell(self._of_input(), of_state)

    def _axes(self) -> str:
        return f"(time, {self._of_input()._axes()[1:]}"


class ConvLSTM1D(ConvLSTM[K]):
    """A convolutional LSTM along one axis, as `keras.layers.ConvLSTM1D`.

    Examples
    --------
    >>> ConvLSTM1D(8, 3, padding="same").explain((10, 32, 4)).params
    '(3*4+1)*4*8 + 3*8*4*8 = 1184'
    """

    rank = 2
    convolution = Conv1D


class ConvLSTM2D(ConvLSTM[K]):
    """A convolutional LSTM along two axes, as `keras.layers.ConvLSTM2D`.

    Examples
    --------
    >>> layer = ConvLSTM2D(64, 3, padding="same", return_sequences=True)
    >>> layer.output_shape((10, 40, 40, 1))
    (10, 40, 40, 64)
    >>> layer.explain((10, 40, 40, 1)).macs
    '3*3*1*4*64*10*40*40 + 3*3*64*4*64*10*40*40 = 2396160000'
    """

    rank = 3
    convolution = Conv2D


class ConvLSTM3D(ConvLSTM[K]):
    """A convolutional LSTM along three axes, as `keras.layers.ConvLSTM3D`.

    Examples
    --------
    >>> ConvLSTM3D(2, 3, padding="same").cost((5, 8, 8, 8, 1)).params
    656
    """

    rank = 4
    convolution = Conv3D
