"""The operations that multiply and accumulate: products of two inputs, with their MACs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from convcost._exact import arithmetic
from convcost._exact.scalars import refuse, refuse_choice
from convcost._layers import arguments
from convcost._layers.attending import Attended, Mask
from convcost._layers.merging import broadcast
from convcost._layers.steps import Axis, Convolved, Product, Step
from convcost._models.keras.operation_calls import Computed, OperationCall, axes_of, rule

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


@rule("Inner")
def _inner_product(call: OperationCall) -> Product | Factors:
    left, right = call.shape(0, "x1"), call.shape(1, "x2")
    if not left or not right:
        return left or right
    inner = _inner(left, (*right[:-1], right[-1], 1), "inner")
    return Product((*left[:-1], *right[:-1]), (inner,))


@rule("Vdot")
def _flat_product(call: OperationCall) -> Product:
    flat = [(arithmetic.elements(*call.shape(place, name)),) for place, name in enumerate(_TWO)]
    return Product((), (_inner(flat[0], flat[1], "dot"),))


_TWO = ("x1", "x2")


@rule("Tensordot")
def _contracted(call: OperationCall) -> Product:
    shapes = [call.shape(place, name) for place, name in enumerate(_TWO)]
    axes = call.option("axes", 2)
    if isinstance(axes, (list, tuple)) and len(axes) == 2:
        pairs = [axes_of("axes", one, len(shape)) for one, shape in zip(axes, shapes, strict=True)]
    else:
        count = arguments.check_axis("axes", axes)
        if not 0 <= count <= min(map(len, shapes)):
            refuse(
                ValueError, "axes", axes, "a number of axes that both have, or two lists of axes"
            )
        pairs = [[len(shapes[0]) - count + place for place in range(count)], list(range(count))]
    sides = [[shape[axis] for axis in own] for shape, own in zip(shapes, pairs, strict=True)]
    if len(sides[0]) != len(sides[1]) or not all(map(arithmetic.may_equal, *sides)):
        raise ValueError(
            "the sides that a tensor product sums over must be equal; got shapes"
            f" {arguments.show_all(shapes)} and axes {axes}"
        )
    left = [
        side
        for shape, own in zip(shapes, pairs, strict=True)
        for axis, side in enumerate(shape)
        if axis not in own
    ]
    return Product(tuple(left), tuple(sides[0]))


@rule("Correlate")
def _correlated(call: OperationCall) -> Computed:
    """Return a kernel that slides along a sequence: the shorter of the two is the kernel."""
    sides = [call.shape(place, name) for place, name in enumerate(_TWO)]
    if [len(shape) for shape in sides] != [1, 1]:
        refuse(ValueError, "x1", sides[0], "of one axis, as x2")
    (first,), (second,) = sides
    size, kernel = arithmetic.maximum(first, second), arithmetic.minimum(first, second)
    mode = call.option("mode", "valid")
    places: dict[object, tuple[Count, str | Factors]] = {
        "valid": (size - kernel + 1, "valid"),
        "same": (size, "same"),
        "full": (size + kernel - 1, (kernel - 1, kernel - 1)),
    }
    if mode not in places:
        refuse_choice("mode", mode, list(map(str, places)))
    positions, padding = places[mode]
    axis = Axis(kernel, 1, 1, size, positions, padding)
    return Computed((positions,), (Convolved(Step((axis,), (), (), (positions,), 0)),))


@rule("DotProductAttention")
def _attended(call: OperationCall) -> Computed:
    """Return the products of queries with keys, and of scores with values, of each head.

    Where there are fewer heads of keys, several heads of queries share one.
    """
    query, key, value = (call.shape(place, name) for place, name in enumerate(_THREE))
    if not len(query) == len(key) == len(value) == 4:
        refuse(
            ValueError, "query", query, "of four axes (batch, length, heads, size), as key, value"
        )
    fits = (
        arithmetic.may_equal(query[0], key[0]) and arithmetic.may_equal(query[-1], key[-1]),
        all(map(arithmetic.may_equal, key[:3], value[:3])),
    )
    if not all(fits):
        shown = arguments.show_all([query, key, value])
        raise ValueError(f"query, key and value must have equal batches and sizes; got {shown}")
    arguments.check_divides(("the heads of key", key[2]), ("the heads of query", query[2]))
    batch, length, heads, size = query
    pairs = Attended((batch, heads), (length,), (key[1],), size, value[3])
    mask = Mask(bool(call.option("is_causal", False)))
    parts = pairs.score_product(mask), pairs.value_product(mask)
    return Computed((batch, length, heads, value[3]), parts)


_THREE = ("query", "key", "value")
