"""Values that JAX traces: computed with as they are, since nobody knows them yet.

Their type is known, and made JAX's own integer: int32, or int64 where `jax_enable_x64` is set. What
doesn't fit into it wraps when the traced function runs, as all of JAX's integers do; a constant
that doesn't fit is refused by JAX with an OverflowError.
"""

import jax
import jax.numpy as jnp

from convcost.exact.scalars import refuse

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from convcost.exact.types import Count, Formula, Sizes

_OPERATIONS: "dict[str, Callable[[Any, Any], Any]]" = {
    "floor_divide": jnp.floor_divide,
    "ceil_divide": lambda dividend, divisor: -jnp.floor_divide(-dividend, divisor),
    "share": jnp.floor_divide,
    "maximum": jnp.maximum,
    "minimum": jnp.minimum,
}


def check_axis(name: str, axis: "Any", allowed: str, check: "Any") -> "Count":
    """Return a traced integer in JAX's own integer type, or refuse what is no integer."""
    if not jnp.issubdtype(axis.dtype, jnp.integer):
        raise TypeError(f"{name} must be {allowed}; got a traced value of dtype {axis.dtype}")
    if axis.size == 0:
        refuse(ValueError, name, axis, allowed)
    return axis.astype(jax.dtypes.canonicalize_dtype(int))


def require_integers(name: str, axis: "Count", allowed: str) -> "Count":
    """Return the value: only integers are let in."""
    return axis


def freeze(axis: "Count") -> "Count":
    """Return the value: nobody can write to it."""
    return axis


def align(names: tuple[str, ...], sizes: "tuple[Count, ...]") -> "tuple[Count, ...]":
    """Return the sizes, unless their shapes do not broadcast."""
    from convcost.exact import arrays

    arrays.require_broadcast(names, sizes)
    return sizes


def require_int64(formula: "Formula", sizes: "Sizes", bias: int) -> None:
    """Require nothing: the values are not known."""


def add(quantity: str, left: "Count", right: "Count") -> "Count":
    """Add two counts."""
    return jnp.add(left, right)


def multiply(name: str, left: "Count", right: "Count") -> "Count":
    """Multiply two counts."""
    return jnp.multiply(left, right)


def operate(operation: str, left: "Count", right: "Count", exact: "Any") -> "Count":
    """Apply an operation of `convcost.exact.arithmetic`."""
    return _OPERATIONS[operation](left, right)


def divide(quantity: str, dividend: "Count", divisor: "Count") -> "Count":
    """Divide two counts, in JAX's own floating-point type."""
    return jnp.true_divide(dividend, divisor)


def find_empty(name: str, side: "Count", exact: "Any") -> str | None:
    """Name nothing: the values are not known."""
    return None


def divides(divisor: "Count", dividend: "Count", exact: "Any") -> bool:
    """Say yes: the values are not known."""
    return True


def is_equal(left: "Count", right: "Count") -> bool:
    """Raise JAX's own error: whether values are equal is not known before they are."""
    return bool(jnp.all(left == right))


def describe(value: "Count") -> str:
    """Name the value's shape and type."""
    shape = " x ".join(map(str, value.shape)) or "scalar"
    return f"[traced {shape} of {value.dtype}]"


def summarize(value: "Count") -> str:
    """Say what is known of a value, for a printed cost."""
    return describe(value)
