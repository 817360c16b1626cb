"""JAX tracers, whose values are not known yet.

They are converted to JAX's default integer type: int32, or int64 with `jax_enable_x64`. Values that
don't fit wrap when the traced function runs, as all JAX integers do; for constants that don't fit,
JAX raises OverflowError.
"""

import jax
import jax.numpy as jnp

from convcost._exact.arrays import require_broadcast
from convcost._exact.backend import ArrayBackend
from convcost._exact.scalars import refuse

TYPE_CHECKING = False
if TYPE_CHECKING:
    from convcost._exact.types import Count


class Traced(ArrayBackend):
    """Computes with JAX's arithmetic; checks that depend on unknown values always pass."""

    precedence = 4

    def check(self, name: str, value: "jax.Array", allowed: str) -> "Count":
        if not jnp.issubdtype(value.dtype, jnp.integer):
            raise TypeError(f"{name} must be {allowed}; got a JAX tracer of dtype {value.dtype}")
        if value.size == 0:
            refuse(ValueError, name, value, allowed)
        # To JAX's default integer type.
        return value.astype(jax.dtypes.canonicalize_dtype(int))

    def require_integers(self, name: str, size: "Count", allowed: str, given: object) -> "Count":
        return size

    def require_broadcast(self, names: "tuple[str, ...]", counts: "tuple[Count, ...]") -> None:
        require_broadcast(names, counts)

    def align(self, names: tuple[str, ...], sizes: "tuple[Count, ...]") -> "tuple[Count, ...]":
        require_broadcast(names, sizes)
        return sizes

    def add(self, name: str, left: "Count", right: "Count") -> "Count":
        return jnp.add(left, right)

    def multiply(self, name: str, left: "Count", right: "Count") -> "Count":
        return jnp.multiply(left, right)

    def divide(self, name: str, dividend: "Count", divisor: "Count") -> "Count":
        return jnp.true_divide(dividend, divisor)

    def maximum(self, left: "Count", right: "Count") -> "Count":
        return jnp.maximum(left, right)

    def minimum(self, left: "Count", right: "Count") -> "Count":
        return jnp.minimum(left, right)

    def find_empty(self, name: str, side: "Count") -> str | None:
        return None

    def divides(self, divisor: "Count", dividend: "Count") -> bool:
        return True

    def may_equal(self, left: "Count", right: "Count") -> bool:
        return True

    def is_equal(self, left: "Count", right: "Count") -> bool:
        # Raises JAX's own error, since the values are not known yet.
        return bool(jnp.all(left == right))

    def brief(self, count: "Count") -> str:
        shape = " x ".join(map(str, count.shape)) or "scalar"
        return f"[traced {shape} of {count.dtype}]"

    text = brief
