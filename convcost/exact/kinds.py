"""Whose arrays are these: NumPy's, those of a library beside it, or values that JAX traces.

A value can't belong to a library that isn't loaded, so nothing is imported to find out.
"""

import sys

from convcost.exact.scalars import is_array

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from convcost.exact.types import ArrayModule

_ARRAYS = (("xarray", "DataArray"), ("dask.array", "Array"), ("jax", "Array"))


def is_numpy(value: "Any") -> bool:
    """Tell whether a value is a NumPy array."""
    numpy = sys.modules.get("numpy")
    return numpy is not None and isinstance(value, numpy.ndarray)


def is_traced(value: "Any") -> bool:
    """Tell whether a value is one that JAX traces, of which the shape and the type are known."""
    tracer = getattr(getattr(sys.modules.get("jax"), "core", None), "Tracer", None)
    return tracer is not None and isinstance(value, tracer)


def is_foreign(value: "Any") -> bool:
    """Tell whether a value is an array of xarray, Dask or JAX that holds, or promises, values."""
    if not is_array(value) or is_traced(value):
        return False
    for library, name in _ARRAYS:
        kind = getattr(sys.modules.get(library), name, None)
        if kind is not None and isinstance(value, kind):
            return True
    return False


def module_for(*values: "Any") -> "ArrayModule":
    """Return the module that computes with values of which one is an array.

    `arrays`, `duck_arrays` and `tracers` have functions of the same names.
    """
    module: ArrayModule
    if any(map(is_traced, values)):
        from convcost.exact import tracers as module
    elif any(map(is_foreign, values)):
        from convcost.exact import duck_arrays as module
    else:
        from convcost.exact import arrays as module
    return module
