"""What a value is: a symbol, a NumPy array, an array of a library beside it, a value JAX traces.

A value can't belong to a library that isn't loaded, so nothing is imported to find out.
"""

import sys

from convcost.exact.scalars import is_array

TYPE_CHECKING = False

_DUCK_ARRAYS = (("xarray", "DataArray"), ("dask.array", "Array"), ("jax", "Array"))


def is_of(value: object, library: str, name: str) -> bool:
    """Tell whether a value is an instance of a class of a library, without importing it."""
    kind = getattr(sys.modules.get(library), name, None)
    return kind is not None and isinstance(value, kind)


def is_numpy(value: object) -> bool:
    """Tell whether a value is a NumPy array."""
    return is_of(value, "numpy", "ndarray")


def is_expression(value: object) -> bool:
    """Tell whether a value is of SymPy."""
    return is_of(value, "sympy", "Basic")


def is_traced(value: object) -> bool:
    """Tell whether a value is one that JAX traces, of which the shape and the type are known."""
    tracer = getattr(getattr(sys.modules.get("jax"), "core", None), "Tracer", None)
    return tracer is not None and isinstance(value, tracer)


def is_duck_array(value: object) -> bool:
    """Tell whether a value is an array of xarray, Dask or JAX that holds values, or lazy ones."""
    if not is_array(value) or is_traced(value):
        return False
    return any(is_of(value, library, name) for library, name in _DUCK_ARRAYS)


def is_lazy(value: object) -> bool:
    """Tell whether the values of an array are Dask's, which nobody knows before they are asked."""
    return is_of(getattr(value, "data", value), "dask.array", "Array") or is_of(
        value, "dask.array", "Array"
    )
