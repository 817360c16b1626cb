"""The types of the numbers that the library takes and returns; only type checkers import them.

What a user may pass is a protocol and not NumPy's or SymPy's own class: checkers take a class of a
package that is not installed, or has no types, for `Any`, and would accept every argument.
"""

from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any, Protocol, TypeAlias

import numpy as np
import numpy.typing as npt
import sympy
from typing_extensions import TypeVar

# `int`, or `Any` where a checker knows no type; then an overload for integers gives `Any`, too.
I = TypeVar("I", bound=int)  # noqa: E741
I_co = TypeVar("I_co", bound=int, covariant=True, default=int)


class Integer(Protocol[I_co]):
    """A Python or NumPy integer; an array has no numerator.

    mypy takes every attribute of a class with `__getattr__`, such as xarray's DataArray, for `Any`:
    so that is an `Integer[Any]`.
    """

    def __index__(self, /) -> int: ...
    @property
    def numerator(self) -> Any: ...
    def bit_count(self) -> I_co: ...


class Symbolic(Protocol):
    """A SymPy expression."""

    @property
    def free_symbols(self) -> object: ...
    def xreplace(self, rule: object, /) -> object: ...


class NumPyArray(Protocol):
    """A NumPy array of integers; a NumPy scalar has no length."""

    @property
    def __array_interface__(self) -> dict[str, Any]: ...
    @property
    def dtype(self) -> np.dtype[np.integer[Any]]: ...
    def __len__(self) -> int: ...


class ObjectArray(Protocol):
    """A NumPy array of Python's integers, fractions or SymPy expressions."""

    @property
    def __array_interface__(self) -> dict[str, Any]: ...
    @property
    def dtype(self) -> np.dtype[np.object_]: ...


class NamedArray(Protocol):
    """An array of xarray."""

    @property
    def dims(self) -> Any: ...
    @property
    def coords(self) -> Any: ...


class LazyArray(Protocol):
    """An array of Dask."""

    @property
    def chunks(self) -> Any: ...
    @property
    def dask(self) -> Any: ...


class JaxArray(Protocol):
    """An array of JAX, or a tracer."""

    @property
    def at(self) -> Any: ...
    @property
    def weak_type(self) -> Any: ...


# What a size may be given as.
DuckArray: TypeAlias = NamedArray | LazyArray | JaxArray
NotInteger: TypeAlias = Symbolic | NumPyArray | ObjectArray | DuckArray | Fraction
Size: TypeAlias = Integer | NotInteger
ArraySize: TypeAlias = Integer | NumPyArray
SymbolicSize: TypeAlias = Integer | Symbolic
# The shape of one input, or of each input of a layer or a model with several.
S = TypeVar("S", default=Size)
InputShape: TypeAlias = Sequence[S] | Sequence[Sequence[S]]

# What counts are, by what was given: for arrays, those that depend on them.
Int64Array: TypeAlias = npt.NDArray[np.int64]
FloatArray: TypeAlias = npt.NDArray[np.float64]
Expression: TypeAlias = sympy.Expr

# The numbers in a cost or a ratio.
N = TypeVar("N", covariant=True, default=Any)
M = TypeVar("M", default=Any)
# The sizes among a layer's arguments: an argument that is an int leaves it open.
K = TypeVar("K", bound=int | NotInteger, covariant=True, default=int)


class Unknown(int):
    """A number that nothing is: only `Cost[Any]` matches `Cost[Unknown]`."""


# Arrays within the library, checked.
Array: TypeAlias = npt.NDArray[np.integer[Any]] | npt.NDArray[np.object_]
Numbers: TypeAlias = npt.NDArray[Any]


class AnyArray(Protocol):
    """An array of NumPy, xarray, Dask or JAX within the library."""

    @property
    def ndim(self) -> int: ...
    @property
    def shape(self) -> tuple[int, ...]: ...
    @property
    def dtype(self) -> np.dtype[np.generic]: ...
    def __array__(self) -> Numbers: ...
    def __getitem__(self, index: tuple[slice | None, ...], /) -> "AnyArray": ...


# Within the library a number is anything that computes: int, Fraction, array, SymPy expression, a
# JAX tracer, or a recorder of what is done to it. No union of these can be added to another.
Count: TypeAlias = Any
Counts: TypeAlias = tuple[Count, Count, Count]
# Factors of a number, which is their product.
Factors: TypeAlias = tuple[Count, ...]
Formula: TypeAlias = Callable[..., Counts]
# A formula, the sizes to call it with, and the bias, its last argument.
Term: TypeAlias = tuple[Formula, tuple[Count, ...], int]
# What adds up to a cost: terms or bare counts, each with the number of times that it is added.
Terms: TypeAlias = list[tuple[int, Term | Counts]]
