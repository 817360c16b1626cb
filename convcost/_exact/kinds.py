"""The kinds of values: symbols, NumPy arrays, duck arrays and JAX tracers.

A value can't belong to a library that isn't loaded, so nothing is imported to find out.
"""

import sys

from convcost._exact.scalars import is_array

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import TypeGuard

    import sympy

    from convcost._exact.types import AnyArray

_DUCK_ARRAYS = (("xarray", "DataArray"), ("dask.array", "Array"), ("jax", "Array"))


def is_of(value: object, library: str, name: str) -> bool:
    """Tell whether a value is an instance of a library's class, without importing the library."""
    kind = getattr(sys.modules.get(library), name, None)
    return kind is not None and isinstance(value, kind)


def is_numpy(value: object) -> bool:
    """Tell whether a value is a NumPy array."""
    return is_of(value, "numpy", "ndarray")


def is_expression(value: object) -> "TypeGuard[sympy.Basic]":
    """Tell whether a value is a SymPy expression."""
    return is_of(value, "sympy", "Basic")


def is_traced(value: object) -> bool:
    """Tell whether a value is a JAX tracer, whose shape and type are known but not its values."""
    tracer = getattr(getattr(sys.modules.get("jax"), "core", None), "Tracer", None)
    return tracer is not None and isinstance(value, tracer)


def is_duck_array(value: object) -> bool:
    """Tell whether a value is an array of xarray, Dask or JAX, lazy or not, but not a tracer."""
    if not is_array(value) or is_traced(value):
        return False
    return any(is_of(value, library, name) for library, name in _DUCK_ARRAYS)


def is_lazy(value: object) -> "TypeGuard[AnyArray]":
    """Tell whether an array is lazy, that is, backed by a Dask array."""
    return is_of(getattr(value, "data", value), "dask.array", "Array") or is_of(
        value, "dask.array", "Array"
    )
