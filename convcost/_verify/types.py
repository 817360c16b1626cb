"""The types of what oracles build, run and count; only type checkers import them."""

from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from typing import Any, Protocol, TypeAlias

import numpy as np
import numpy.typing as npt

# A number, a shape, or the name and the shape of each weight.
Counted: TypeAlias = (
    int
    | Fraction
    | tuple[int, ...]
    | tuple[tuple[int, ...], ...]
    | tuple[tuple[str, tuple[int, ...]], ...]
)
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
    def path(self) -> str: ...
    @property
    def shape(self) -> tuple[int, ...]: ...


class Symbolic(Protocol):
    """An input or a variable of a Keras model."""

    @property
    def shape(self) -> tuple[int, ...]: ...
    @property
    def dtype(self) -> str: ...


class LiveLayer(Protocol):
    """A built Keras layer."""

    @property
    def name(self) -> str: ...
    @property
    def weights(self) -> Sequence[Variable]: ...
    def count_params(self) -> int: ...
    def compute_output_shape(self, input_shape: tuple[int | None, ...], /) -> tuple[int, ...]: ...
    def compute_output_spec(self, inputs: Tensor | Sequence[Tensor], /) -> Tensor: ...


class LiveParent(LiveLayer, Protocol):
    """A built Keras layer with layers inside."""

    def _flatten_layers(
        self, *, include_self: bool, recursive: bool
    ) -> Sequence["LiveLayer | LiveModel"]: ...


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
    def inputs(self) -> Sequence[Symbolic] | None: ...
    @property
    def _inputs_struct(self) -> object: ...
    @property
    def trainable_variables(self) -> Sequence[Symbolic]: ...
    @property
    def non_trainable_variables(self) -> Sequence[Symbolic]: ...
    @property
    def stateless_call(self) -> Callable[..., object]: ...
    @property
    def weights(self) -> Sequence[Variable]: ...
    @property
    def trainable_weights(self) -> Sequence[Variable]: ...
    @property
    def non_trainable_weights(self) -> Sequence[Variable]: ...
    @property
    def outputs(self) -> Sequence[Symbolic]: ...
    def count_params(self) -> int: ...
    def to_json(self) -> str: ...
    def set_weights(self, weights: Sequence[Ones], /) -> None: ...
    def compile(self, *, jit_compile: bool) -> None: ...
    def predict(self, inputs: Ones, /, *, verbose: int) -> Outputs: ...
    def __call__(self, inputs: object, /) -> Tensor: ...


class Array(Protocol):
    """A value in a jaxpr: its type and shape."""

    @property
    def shape(self) -> tuple[int, ...]: ...


class Value(Protocol):
    """An input or an output of an equation in a jaxpr."""

    @property
    def aval(self) -> Array: ...


class Primitive(Protocol):
    """What an equation in a jaxpr computes."""

    @property
    def name(self) -> str: ...


class Frame(Protocol):
    """A call in a traceback."""

    @property
    def function_name(self) -> str: ...


class Traceback(Protocol):
    """The calls that led to an equation in a jaxpr."""

    @property
    def frames(self) -> Sequence[Frame]: ...


class SourceInfo(Protocol):
    """Where an equation in a jaxpr comes from."""

    @property
    def name_stack(self) -> object: ...
    @property
    def traceback(self) -> Traceback | None: ...


class Equation(Protocol):
    """One operation in a jaxpr."""

    @property
    def primitive(self) -> Primitive: ...
    @property
    def invars(self) -> Sequence[Value]: ...
    @property
    def outvars(self) -> Sequence[Value]: ...
    @property
    def params(self) -> dict[str, Any]: ...
    @property
    def source_info(self) -> SourceInfo: ...


class Jaxpr(Protocol):
    """JAX's record of a function."""

    @property
    def eqns(self) -> Sequence[Equation]: ...
    @property
    def outvars(self) -> Sequence[Value]: ...
