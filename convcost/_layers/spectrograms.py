"""Spectrograms of signals: Fourier transforms by convolution, and their bands on the mel scale."""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass
from typing import TYPE_CHECKING

from convcost._exact import K, arithmetic
from convcost._exact.scalars import refuse, refuse_choice
from convcost._exact.sizes import check_integer
from convcost._layers import arguments
from convcost._layers.base import Layer
from convcost._layers.results import Weight
from convcost._layers.spatial import Kernel
from convcost._layers.steps import Product, Step

if TYPE_CHECKING:
    from typing import Literal

    from typing_extensions import Unpack

    from convcost._exact.types import Count, Factors
    from convcost._layers.keras_arguments import Kept
    from convcost._layers.steps import Part
    from convcost._layers.types import DataFormat, Side

_MODES = ("log", "magnitude", "psd", "real", "imag", "angle", "stft")


@dataclass(frozen=True, eq=False, repr=False)
class STFTSpectrogram(Kernel[K]):
    """A spectrogram by convolution, as `keras.layers.STFTSpectrogram`.

    Keras convolves each channel with the real and the imaginary part of the Fourier transform,
    which are weights. Magnitudes, logarithms and angles have no MACs.

    Parameters
    ----------
    mode
        `log`, `magnitude`, `psd`, `real`, `imag`, `angle` or `stft`; `real` and `imag` have one
        kernel, the others have two.
    frame_length
        Length of a frame, in elements.
    frame_step
        Distance between frames, in elements; None for half of `frame_length`.
    fft_length
        Length of the transform, which has `fft_length // 2 + 1` frequencies; None for the next
        power of two from `frame_length`.
    padding
        `valid` or `same`.
    expand_dims
        Whether frequencies have an axis of their own, instead of one together with the channels.
    data_format
        `channels_last` for inputs of shape (steps, channels), or `channels_first`.

    Raises
    ------
    TypeError, ValueError
        If an argument is invalid, `frame_step` or `frame_length` is too long, or the signal is
        shorter than a frame.

    Examples
    --------
    >>> layer = STFTSpectrogram(frame_length=256, frame_step=128, fft_length=512)
    >>> layer.output_shape((160000, 1))
    (1249, 257)
    >>> layer.explain((160000, 1)).macs
    '256*257*1*1249 + 256*257*1*1249 = 164348416'
    """

    rank = 1
    window = "frame_length"
    keeps_rank = False

    if TYPE_CHECKING:

        def __init__(
            self,
            mode: Literal["log", "magnitude", "psd", "real", "imag", "angle", "stft"] = "log",
            frame_length: Side[K] = 256,
            frame_step: Side[K] | None = None,
            fft_length: Side[K] | None = None,
            *,
            padding: Literal["valid", "same"] = "valid",
            expand_dims: bool = False,
            data_format: DataFormat = "channels_last",
            **kept: Unpack[Kept],
        ) -> None: ...

    mode: str = "log"
    frame_length: Count = 256
    frame_step: Count | None = None
    fft_length: Count | None = None
    _: KW_ONLY
    padding: str = "valid"
    expand_dims: bool = False
    data_format: DataFormat = "channels_last"

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.mode not in _MODES:
            refuse_choice("mode", self.mode, _MODES)
        for name in ("frame_length", "frame_step", "fft_length"):
            value = getattr(self, name)
            if value is not None or name == "frame_length":
                self._set(**{name: check_integer(name, value)})
        self._set(padding=arguments.check_word("padding", self.padding, self.words))
        self._check_flags("expand_dims")
        step = self._step
        if _exceeds(1, step) or _exceeds(step, self.frame_length):
            allowed = f"from 1 to frame_length={arguments.show(self.frame_length)}"
            refuse(ValueError, "frame_step", step, allowed)
        if _exceeds(self.frame_length, self._transformed):
            allowed = f"at least frame_length={arguments.show(self.frame_length)}"
            refuse(ValueError, "fft_length", self.fft_length, allowed)

    @property
    def _step(self) -> Count:
        if self.frame_step is not None:
            return self.frame_step
        return arithmetic.floor_divide(self.frame_length, 2)

    @property
    def _transformed(self) -> Count:
        """The length of the transform."""
        if self.fft_length is not None:
            return self.fft_length
        if type(self.frame_length) is not int:
            allowed = "given where frame_length is not an integer, since it is a power of two"
            refuse(TypeError, "fft_length", None, allowed)
        return 1 << (self.frame_length - 1).bit_length()

    @property
    def _frequencies(self) -> Count:
        return arithmetic.floor_divide(self._transformed, 2) + 1

    def _kernels(self) -> list[str]:
        return [one for one in ("real", "imag") if self.mode not in {"real", "imag"} - {one}]

    def _along(self, axis: int) -> tuple[Count, Count, Count, str | Factors]:
        return self.frame_length, self._step, 1, self.padding

    def _steps(self, shape: Factors) -> tuple[Part, ...]:
        sides, channels = self._split(shape)
        (axis,) = self._slide(sides)
        step = Step((axis,), (), (self._frequencies,), (axis.positions,), 0)
        return (step.repeated(channels),) * len(self._kernels())

    def _output_shape(self, shape: Factors, steps: tuple[Part, ...]) -> Factors:
        channels, time = steps[0].outputs
        frequencies = self._frequencies
        if self.mode == "stft":
            frequencies = arithmetic.elements(2, frequencies)
        if not self.expand_dims:
            return self._join((time,), arithmetic.elements(channels, frequencies))
        if self.data_format == arguments.CHANNELS_LAST:
            return (time, frequencies, channels)
        return (channels, time, frequencies)

    def _weights(self, shape: Factors) -> tuple[Weight, ...]:
        kernel = (self.frame_length, 1, self._frequencies)
        return tuple(Weight(f"{one}_kernel", kernel) for one in self._kernels())

    def _past_first(self, shape: Factors, steps: tuple[Part, ...]) -> tuple[Part, ...]:
        return ()

    def _intermediate(self, steps: tuple[Part, ...]) -> Count:
        return 0


@dataclass(frozen=True, eq=False, repr=False)
class MelSpectrogram(Layer[K]):
    """A spectrogram on the mel scale, as `keras.layers.MelSpectrogram`.

    The product of each frame's frequencies with the matrix of the mel scale, which is no weight,
    is counted; the Fourier transform before it is not.

    Parameters
    ----------
    fft_length
        Length of the transform, which has `fft_length // 2 + 1` frequencies.
    sequence_stride
        Distance between frames, in elements.
    sequence_length
        Length of a frame, in elements; None for `fft_length`.
    num_mel_bins
        Number of bands on the mel scale.

    Raises
    ------
    TypeError, ValueError
        If an argument is not a positive integer, or frames are longer than the transform.

    Examples
    --------
    >>> layer = MelSpectrogram(num_mel_bins=64)
    >>> layer.output_shape((16000,)), layer.explain((16000,)).macs
    ((64, 32), '1025*64*32 = 2099200')
    """

    rank = 0

    if TYPE_CHECKING:

        def __init__(
            self,
            fft_length: Side[K] = 2048,
            sequence_stride: Side[K] = 512,
            sequence_length: Side[K] | None = None,
            *,
            num_mel_bins: Side[K] = 128,
            **kept: Unpack[Kept],
        ) -> None: ...

    fft_length: Count = 2048
    sequence_stride: Count = 512
    sequence_length: Count | None = None
    _: KW_ONLY
    num_mel_bins: Count = 128

    def __post_init__(self) -> None:
        for name in ("fft_length", "sequence_stride", "num_mel_bins"):
            self._set(**{name: check_integer(name, getattr(self, name))})
        if self.sequence_length is None:
            return
        self._set(sequence_length=check_integer("sequence_length", self.sequence_length))
        if _exceeds(self.sequence_length, self.fft_length):
            allowed = f"at most fft_length={arguments.show(self.fft_length)}"
            refuse(ValueError, "sequence_length", self.sequence_length, allowed)

    def _axes(self) -> str:
        return "(steps,)"

    def _steps(self, shape: Factors) -> tuple[Part, ...]:
        # Half of a frame is padded at both ends, rounded down.
        half = arithmetic.floor_divide(self.fft_length, 2)
        rest = self.fft_length - 2 * half
        frames = arithmetic.floor_divide(shape[0] - rest, self.sequence_stride) + 1
        bins = half + 1
        return (Product((self.num_mel_bins, frames), (bins,)),)

    def _output_shape(self, shape: Factors, steps: tuple[Part, ...]) -> Factors:
        return steps[0].outputs


def _exceeds(left: Count, right: Count) -> bool:
    """Tell whether a length is greater than another one; symbols only if proved."""
    return arithmetic.find_empty("length", right - left + 1) is not None
