"""The types of what oracles build, run and count; only type checkers import them."""

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Protocol, TypeAlias

import numpy as np
import numpy.typing as npt

# A number, a shape, or the name and the shape of each weight.
Counted: TypeAlias = int | Fraction | tuple[int, ...] | tuple[tuple[str, tuple[int, ...]], ...]
# What convcost claims, or an oracle counts, by name.
Counts: TypeAlias = Mapping[str, Counted]

Ones: TypeAlias = npt.NDArray[np.float32]
Outputs: TypeAlias = npt.NDArray[np.float64]


class Tensor(Protocol):
    """A tensor of Keras, with its batch."""

    @property
    def shape(self) -> tuple[int, ...]: ...
    def __getitem__(self, window: tuple[slice, ...], /) -> "Tensor": ...


class Variable(Protocol):
    """A weight of a built Keras layer."""

    @property
    def name(self) -> str: ...
    @property
    def shape(self) -> tuple[int, ...]: ...


class LiveLayer(Protocol):
    """A built Keras layer."""

    @property
    def name(self) -> str: ...
    def count_params(self) -> int: ...
    def compute_output_shape(self, input_shape: tuple[int | None, ...], /) -> tuple[int, ...]: ...
    def compute_output_spec(self, inputs: Tensor | Sequence[Tensor], /) -> Tensor: ...


class LiveWrapper(LiveLayer, Protocol):
    """A built Keras layer around another."""

    @property
    def layer(self) -> LiveLayer: ...


class LiveModel(Protocol):
    """A built Keras model, as it is read, run and counted."""

    @property
    def name(self) -> str: ...
    @property
    def layers(self) -> Sequence["LiveLayer | LiveModel"]: ...
    @property
    def operations(self) -> Sequence["LiveLayer | LiveModel"]: ...
    @property
    def weights(self) -> Sequence[Variable]: ...
    @property
    def trainable_weights(self) -> Sequence[Variable]: ...
    @property
    def non_trainable_weights(self) -> Sequence[Variable]: ...
    @property
    def output_shape(self) -> tuple[int, ...]: ...
    def count_params(self) -> int: ...
    def to_json(self) -> str: ...
    def set_weights(self, weights: Sequence[Ones], /) -> None: ...
    def compile(self, *, jit_compile: bool) -> None: ...
    def predict(self, inputs: Ones, /, *, verbose: int) -> Outputs: ...
    def __call__(self, inputs: object, /) -> Tensor: ...
