"""Quantized layers: the same computation, with weights that are stored as small integers."""

from __future__ import annotations

import re
from dataclasses import KW_ONLY, dataclass
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from convcost._exact import K, arithmetic
from convcost._exact.scalars import refuse, refuse_choice
from convcost._exact.sizes import check_integer
from convcost._layers.base import Layer
from convcost._layers.dense import Dense
from convcost._layers.einsum_dense import EinsumDense
from convcost._layers.embedding import ReversibleEmbedding, Vectors
from convcost._layers.results import Weight
from convcost._layers.steps import Applied, Biases, Step, Weights

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any, Self

    from convcost._exact.types import Count, Factors
    from convcost._layers.steps import Part
    from convcost._layers.types import Side

_MODES = ("int8", "int4", "float8", "gptq", "awq")
_WITH_BITS = {"gptq": (2, 3, 4, 8), "awq": (4,)}
_FLOAT8 = ("inputs", "kernel", "outputs_grad")


class Mode(NamedTuple):
    """How weights are quantized.

    Attributes
    ----------
    name
        `int8`, `int4`, `float8`, `gptq` or `awq`.
    bits
        Bits of each weight, for `gptq` and `awq`.
    block
        Weights with one scale, along the axes that are summed over; None for one scale for each
        output.
    """

    name: str
    bits: int = 8
    block: int | None = None


def mode_of(text: object) -> Mode:
    """Return the mode that a text names, as in the names of Keras's dtype policies.

    Examples
    --------
    >>> mode_of("int4/128"), mode_of("gptq/4/-1")
    (Mode(name='int4', bits=4, block=128), Mode(name='gptq', bits=4, block=None))
    """
    if not isinstance(text, str):
        refuse(TypeError, "mode", text, "the name of a mode, such as 'int8' or 'int4/128'")
    name, *numbers = text.split("/")
    if name not in _MODES:
        refuse_choice("mode", text, _MODES)
    expected = {
        "int4": "'int4/' and the size of a block, such as 'int4/128', or -1",
        "int8": "'int8'",
        "float8": "'float8'",
    }
    allowed = expected.get(name, f"'{name}/' with the bits and the size of a group: '{name}/4/128'")
    if any(re.fullmatch(r"-1|[1-9]\d{0,8}", one) is None for one in numbers):
        refuse(ValueError, "mode", text, allowed)
    sizes = [int(one) for one in numbers]
    if name == "int4" and not sizes:
        sizes = [128]  # the default of Keras
    if len(sizes) != {"int4": 1, "gptq": 2, "awq": 2}.get(name, 0):
        refuse(ValueError, "mode", text, allowed)
    block = sizes[-1] if sizes and sizes[-1] > 0 else None
    bits = sizes[0] if name in _WITH_BITS else 4 if name == "int4" else 8
    if bits not in _WITH_BITS.get(name, (4, 8)):
        refuse(ValueError, "mode", text, f"{' or '.join(map(str, _WITH_BITS[name]))} bits")
    return Mode(name, bits, block)


class Stored(Layer[K]):
    """A layer whose weights are stored in another form."""

    # Those of a reversible embedding; the others take their input first, too.
    call_arguments = ("inputs", "reverse")
    computes_with = ("inputs",)

    if TYPE_CHECKING:
        layer: Layer[K]

    def called(self, options: Mapping[str, object]) -> Self:
        """Return the layer for a call with these options."""
        return self._with({**self.arguments(), "layer": self.layer.called(options)})

    def _axes(self) -> str:
        return self.layer._axes()

    def _check_rank(self, shape: Factors) -> None:
        self.layer._check_rank(shape)

    def _output_shape(self, shape: Factors, steps: tuple[Part, ...]) -> Factors:
        return self.layer._output_shape(shape, self.layer._steps(shape))

    def _intermediate(self, steps: tuple[Part, ...]) -> Count:
        return 0


def stored_in(layer: Layer[Any]) -> Layer[Any]:
    """Return the layer whose weights are quantized or adapted; the layer itself if they are not."""
    return stored_in(layer.layer) if isinstance(layer, Stored) else layer


@dataclass(frozen=True, eq=False, repr=False)
class Quantized(Stored[K]):
    """A quantized layer, as after `layer.quantize(mode)` in Keras.

    It takes the MACs of the layer, each of smaller numbers. Its weights are those that Keras keeps:
    the quantized kernel, two weights of 4 bits in one element, and the scales. They are not
    trainable, but for the bias and in `float8`.

    Parameters
    ----------
    layer
        A `Dense`, `EinsumDense`, `Embedding` or `ReversibleEmbedding`.
    mode
        `int8`; `int4/128` for blocks of 128 weights with a scale each, -1 for one scale for each
        output; `float8`; `gptq/4/128` or `awq/4/128` for 4 bits, and groups of 128, after the
        calibration.
    amax_history_length
        Number of the largest values that `float8` keeps of each tensor.

    Raises
    ------
    TypeError, ValueError
        If Keras has no such quantized layer.

    Notes
    -----
    The weights are those of Keras 3.15 (`quantized_build` of each layer).

    Examples
    --------
    >>> from convcost.layers import Dense
    >>> layer = Quantized(Dense(10), "int8")
    >>> [(weight.name, weight.shape, weight.trainable) for weight in layer.weights((64,))]
    [('kernel', (64, 10), False), ('kernel_scale', (10,), False), ('bias', (10,), True)]
    >>> layer.explain((64,)).params, layer.cost((64,)).macs
    ('64*10 + 10 + 10 = 660', 640)
    """

    if TYPE_CHECKING:

        def __init__(
            self, layer: Layer[K], mode: str, *, amax_history_length: Side[K] = 1024
        ) -> None: ...

    layer: Layer[K]
    mode: str
    _: KW_ONLY
    amax_history_length: Count = 1024

    def __post_init__(self) -> None:
        mode = mode_of(self.mode)
        if not isinstance(self.layer, (Dense, EinsumDense, Vectors)):
            allowed = "Dense, EinsumDense, Embedding or ReversibleEmbedding of convcost.layers"
            refuse(TypeError, "layer", self.layer, allowed)
        if isinstance(self.layer, Vectors) and mode.name not in ("int8", "int4"):
            refuse_choice("mode", self.mode, ("int8", "int4"))
        if self.mode == "int4":
            self._set(mode=f"int4/{mode.block}")
        self._set(
            amax_history_length=check_integer("amax_history_length", self.amax_history_length)
        )

    @cached_property
    def how(self) -> Mode:
        """How its weights are quantized."""
        return mode_of(self.mode)

    def _steps(self, shape: Factors) -> tuple[Part, ...]:
        trained = self.how.name == "float8"
        own = self.layer._steps(shape)
        made = [Applied(one, trained) if isinstance(one, Step) else one for one in own]
        added = any(isinstance(one, Biases) for one in own)  # which count their parameters
        weights = [one for one in self._weights(shape) if not (added and one.name == "bias")]
        return (
            *(one for one in made if not isinstance(one, Weights)),
            *(Weights(one.shape) for one in weights),
        )

    def _weights(self, shape: Factors) -> tuple[Weight, ...]:
        kernel, *others = self.layer._weights(shape)
        stored = list(self._stored(kernel, shape))
        if isinstance(self.layer, ReversibleEmbedding):
            others = [part for one in others for part in self._reversed(one)]
        return (*stored, *others)

    def _reversed(self, kernel: Weight) -> Iterator[Weight]:
        """Yield what stands for the kernel of an embedding that leads back with its own."""
        length, values = kernel.shape
        block = self.how.block
        packed = length if self.how.name == "int8" else arithmetic.ceil_divide(length, 2)
        yield Weight(kernel.name, (packed, values), False, "int8")
        groups = () if block is None else (arithmetic.ceil_divide(length, block),)
        yield Weight(f"{kernel.name}_scale", (*groups, values), False)
        if groups:
            yield Weight(f"{kernel.name}_zero", (*groups, values), False, "int8")

    def _stored(self, kernel: Weight, shape: Factors) -> Iterator[Weight]:
        """Yield what stands for a kernel."""
        mode = self.how
        if mode.name == "float8":
            yield kernel
            for name in _FLOAT8:
                yield Weight(f"{name}_scale", (), dtype="float32")
                history = (self.amax_history_length,)
                yield Weight(f"{name}_amax_history", history, dtype="float32")
        elif mode.name == "int8":
            yield kernel._replace(trainable=False, dtype="int8")
            yield Weight(f"{kernel.name}_scale", self._scales(kernel, shape), False)
        elif mode.name == "int4":
            yield from self._packed(kernel, shape)
        else:
            yield from self._calibrated(kernel)

    def _scales(self, kernel: Weight, shape: Factors) -> Factors:
        """Return the shape of the scales of a kernel, one for each output."""
        if isinstance(self.layer, EinsumDense):
            return (1, *self.layer.kernel_sides_of_output(shape))
        return kernel.shape[:1] if isinstance(self.layer, Vectors) else kernel.shape[1:]

    def _packed(self, kernel: Weight, shape: Factors) -> Iterator[Weight]:
        """Yield a kernel as a matrix with two weights in each element, and its scales."""
        rows, columns = kernel.shape if len(kernel.shape) == 2 else (0, 0)
        if isinstance(self.layer, EinsumDense):
            rows, columns = self.layer.rows_and_columns(shape)
        yield Weight(kernel.name, (rows, arithmetic.ceil_divide(columns, 2)), False, "int8")
        embeds = isinstance(self.layer, Vectors)
        summed, made = (columns, rows) if embeds else (rows, columns)
        block = self.how.block
        scales: Factors = (made,)
        if block is not None:
            groups = arithmetic.ceil_divide(summed, block)
            scales = (made, groups) if embeds else (groups, made)
        yield Weight(f"{kernel.name}_scale", scales, False)
        if block is not None:
            yield Weight(f"{kernel.name}_zero", scales, False, "int8")
            yield Weight("g_idx", (summed,), False, "float32")

    def _calibrated(self, kernel: Weight) -> Iterator[Weight]:
        """Yield a kernel as a matrix with a row for each output, and its scales."""
        mode = self.how
        inputs, outputs = self._as_matrix(kernel.shape)
        packed = arithmetic.ceil_divide(outputs, 2) if mode.bits == 4 else outputs
        groups = 1 if mode.block is None else arithmetic.ceil_divide(inputs, mode.block)
        zero = "zero_point" if isinstance(self.layer, EinsumDense) else "kernel_zero"
        yield Weight("kernel", (packed, inputs), False, "uint8")
        yield Weight("kernel_scale", (outputs, groups), False)
        yield Weight(zero, (outputs, groups), False, "uint8")
        if mode.name == "awq":
            yield Weight("awq_scales", (inputs,), False)
        yield Weight("g_idx", (inputs,), False, "float32")

    def _as_matrix(self, kernel: Factors) -> tuple[Count, Count]:
        """Return the inputs and the outputs of a kernel.

        In a kernel of three axes, Keras takes the longest one for the features: at the front in the
        projection of a query, at the end in the output of attention.
        """
        if len(kernel) == 2:
            return kernel[0], kernel[1]
        if len(kernel) != 3:
            refuse(ValueError, "mode", self.mode, f"int8 or int4 for a kernel of shape {kernel}")
        first, middle, last = kernel
        if all(arithmetic.is_equal(first, arithmetic.maximum(first, one)) for one in kernel):
            return first, arithmetic.multiply("columns", middle, last)
        return arithmetic.multiply("rows", first, middle), last
