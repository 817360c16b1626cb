"""How many bytes the elements of weights take, by the types that Keras has for variables."""

from __future__ import annotations

from typing import TYPE_CHECKING

from convcost._exact import arithmetic
from convcost._exact.arithmetic import elements

if TYPE_CHECKING:
    from collections.abc import Iterable

    from convcost._exact.types import Count, Factors

# Two weights of 4 bits share one element of int8 or uint8.
_BYTES = {
    **dict.fromkeys(("bool", "int8", "uint8", "float8_e4m3fn", "float8_e5m2"), 1),
    **dict.fromkeys(("bfloat16", "float16", "int16", "uint16"), 2),
    **dict.fromkeys(("float32", "int32", "uint32"), 4),
    **dict.fromkeys(("complex64", "float64", "int64", "uint64"), 8),
    "complex128": 16,
}


def is_type(name: object) -> bool:
    """Tell whether a name is that of a type whose elements all have the same size.

    Examples
    --------
    >>> is_type("float16"), is_type("string"), is_type("mixed_float16")
    (True, False, False)
    """
    return isinstance(name, str) and name in _BYTES


def size_of(weights: Iterable[tuple[Factors, str | None]]) -> Count | None:
    """Return the bytes of weights of these shapes and types; None if a type is not known.

    Examples
    --------
    >>> size_of([((3, 3, 16), "float16"), ((16,), "float32")]), size_of([((3,), None)])
    (352, None)
    """
    sizes: list[Count] = []
    for shape, dtype in weights:
        if dtype not in _BYTES:
            return None
        sizes.append(arithmetic.multiply("size", elements(*shape), _BYTES[dtype]))
    return arithmetic.total("size", sizes) if sizes else 0
