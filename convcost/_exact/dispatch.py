"""The choice of a backend for values: one backend per kind of number."""

from convcost._exact.backend import PLAIN, Backend
from convcost._exact.kinds import is_duck_array, is_expression, is_traced
from convcost._exact.scalars import is_array

# Each type is looked up once. A backend is imported when it is first needed.
_found: "dict[type, Backend]" = {int: PLAIN}


def backend_for(*values: object) -> Backend:
    """Return the backend that computes with all of these values.

    Examples
    --------
    >>> from convcost.symbols import m
    >>> [type(backend_for(*values)).__name__ for values in [(3, 4), (3, m)]]
    ['Backend', 'Symbolic']
    """
    chosen = PLAIN
    for value in values:
        backend = _found.get(type(value))
        if backend is None:
            backend = _found[type(value)] = _find(value)
        if backend.precedence > chosen.precedence:
            chosen = backend
    return chosen


def _find(value: object) -> Backend:
    if is_traced(value):
        from convcost._exact.tracers import Traced

        return Traced()
    if is_duck_array(value):
        from convcost._exact.duck_arrays import DuckArrays

        return DuckArrays(backend_for)
    if is_array(value):
        from convcost._exact.arrays import Arrays

        return Arrays(backend_for)
    if is_expression(value):
        from convcost._exact.symbolic import Symbolic

        return Symbolic()
    return PLAIN
