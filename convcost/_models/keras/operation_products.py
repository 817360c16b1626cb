"""The operations that multiply and accumulate: products of two inputs, with their MACs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from convcost._exact import arithmetic
from convcost._exact.scalars import refuse
from convcost._layers import arguments
from convcost._layers.merging import broadcast
from convcost._layers.steps import Product
from convcost._models.keras.operation_calls import OperationCall, rule

if TYPE_CHECKING:
    from convcost._exact.types import Count, Factors


@rule("Matmul")
def _multiplied(call: OperationCall) -> Product:
    left, right = call.shape(0, "x1"), call.shape(1, "x2")
    if not left or not right:
        refuse(ValueError, "x1", left, "a vector, a matrix, or a batch of matrices")
    inner = _inner(left, right, "matrix")
    places = (*broadcast((left[:-2], right[:-2])), *left[-2:-1])
    return Product((*places, *_columns(right)), (inner,))


@rule("Dot")
def _dotted(call: OperationCall) -> Product | Factors:
    left, right = call.shape(0, "x1"), call.shape(1, "x2")
    if not left or not right:
        return left or right  # a product with a number is elementwise, as in Multiply
    inner = _inner(left, right, "dot")
    return Product((*left[:-1], *right[:-2], *_columns(right)), (inner,))


def _columns(right: Factors) -> Factors:
    return right[-1:] if len(right) > 1 else ()


def _inner(left: Factors, right: Factors, kind: str) -> Count:
    """Return the side that a product sums over, which must be equal in both inputs."""
    inner, facing = left[-1], right[-2] if len(right) > 1 else right[0]
    if not arithmetic.may_equal(inner, facing):
        raise ValueError(
            f"the inner sides of a {kind} product must be equal; got shapes"
            f" {arguments.show(left)} and {arguments.show(right)}"
        )
    return inner
