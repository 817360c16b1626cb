"""The geometry of one axis: output lengths, `same` padding, taps inside the input.

Everything works on Python integers, arrays of integers, and SymPy expressions, and is exact, or an
error names the argument.
"""

from functools import partial, wraps

from convcost._exact.dispatch import backend_for
from convcost._exact.kinds import is_duck_array, is_expression, is_lazy, is_numpy
from convcost._exact.nested import flat, flat_names, rebuild
from convcost._exact.scalars import COUNT, SIZE, is_array, refuse, refuse_choice
from convcost._exact.sizes import check_integer
from convcost._layers import geometry as _geometry

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import ParamSpec

    from convcost._exact.types import Count

    P = ParamSpec("P")

__all__ = [
    "dilated_kernel_size",
    "padded_transposed_length",
    "same_length",
    "same_padding_before",
    "taps_inside",
    "transposed_length",
    "valid_length",
]

# The other arguments are 1 or more.
_MAY_BE_ZERO = ("positions", "before", "output_padding")


def _checked(function: "Callable[P, Count]") -> "Callable[P, Count]":
    """Return a function of the layers' geometry that checks its arguments first."""
    names = function.__code__.co_varnames[: function.__code__.co_argcount]

    @wraps(function)
    def checked(*values: "P.args", **named: "P.kwargs") -> "Count":
        given = {**dict(zip(names, values, strict=False)), **named}
        if len(values) + len(named) != len(names) or given.keys() != {*names}:
            return function(*values, **named)  # raises Python's own TypeError
        exact = tuple(_check(function.__name__, name, given[name]) for name in names)
        parts = flat(exact)
        labels = tuple(
            label for name, one in zip(names, exact, strict=True) for label in flat_names(name, one)
        )
        compute = partial(_compute, function, exact, labels)
        if not any(map(is_duck_array, parts)):
            return compute(*parts)[0]
        from convcost._exact import duck_arrays

        return duck_arrays.call(compute, parts, lambda: 1)[0]

    checked.__module__ = __name__
    return checked


def _check(function: str, name: str, value: object) -> "Count":
    if name == "padding":
        if not isinstance(value, str) or value not in ("same", "valid"):
            refuse_choice(name, value, ("same", "valid"))
        return value
    if name == "around":
        if not isinstance(value, (tuple, list)) or len(value) != 2:
            refuse(TypeError, name, value, "the padding before and after, as a tuple")
        return tuple(check_integer(f"{name}[{i}]", one, COUNT) for i, one in enumerate(value))
    if name == "output_padding" and value is None:
        return None
    if function == "taps_inside" and name == "kernel" and _is_symbolic(value):
        refuse(TypeError, name, value, "a number or an array: its taps are counted one by one")
    return check_integer(name, value, COUNT if name in _MAY_BE_ZERO else SIZE)


def _is_symbolic(value: "Count") -> bool:
    """Tell whether a value is an expression, or an array with one in it."""
    if not is_array(value):
        return is_expression(value)
    return (
        value.dtype == object
        and not is_lazy(value)
        and any(map(is_expression, value.__array__().flat))
    )


def _compute(
    function: "Callable[..., Count]",
    like: tuple[object, ...],
    names: tuple[str, ...],
    *values: "Count",
) -> "tuple[Count]":
    """Compute with Python's integers in place of int64, which would wrap, and convert back."""
    numbers = {name: one for name, one in zip(names, values, strict=True) if not _is_word(one)}
    backend_for(*numbers.values()).require_broadcast(tuple(numbers), tuple(numbers.values()))
    whole = [one.astype(object) if is_numpy(one) else one for one in values]
    result = function(*rebuild(like, iter(whole)))
    arrays = list(filter(is_numpy, values))
    if not arrays or any(array.dtype == object for array in arrays):
        return (result,)
    from convcost._exact.arrays import as_int64

    return (as_int64(function.__name__, result),)


def _is_word(value: object) -> bool:
    return value is None or isinstance(value, str)


dilated_kernel_size = _checked(_geometry.dilated_kernel_size)
padded_transposed_length = _checked(_geometry.padded_transposed_length)
same_length = _checked(_geometry.same_length)
same_padding_before = _checked(_geometry.same_padding_before)
taps_inside = _checked(_geometry.taps_inside)
transposed_length = _checked(_geometry.transposed_length)
valid_length = _checked(_geometry.valid_length)
