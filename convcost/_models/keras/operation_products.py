"""The operations that multiply and accumulate: products of two inputs, with their MACs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from convcost._exact import arithmetic
from convcost._exact.scalars import refuse
from convcost._layers import arguments
from convcost._layers.merging import broadcast
from convcost._layers.steps import Product
from convcost._models.keras.operation_calls import Computed, OperationCall, rule, shape_of

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


@rule("Einsum")
def _summed(call: OperationCall) -> Product | Computed:
    subscripts = call.option("subscripts")
    if not isinstance(subscripts, str):
        refuse(TypeError, "subscripts", subscripts, "a string such as 'bij,bjk->bik'")
    operands = enumerate((*call.args, *call.kwargs.values()))
    return einsum(subscripts, [shape_of(f"operand {index}", one) for index, one in operands])


def einsum(subscripts: str, shapes: list[Factors]) -> Product | Computed:
    """Return an einsum as a product, with one MAC per combination of indices.

    An einsum of one operand only adds, and has no MACs.

    Examples
    --------
    >>> einsum("bij,bjk->bik", [(1, 10, 64), (1, 64, 20)])
    Product(outputs=(1, 10, 20), inner=(64,))
    >>> einsum("...ij,jk", [(1, 10, 64), (64, 20)])
    Product(outputs=(1, 10, 20), inner=(64,))
    """
    left, arrow, output = subscripts.replace(" ", "").partition("->")
    terms = left.split(",")
    if len(terms) != len(shapes) or not terms or len(terms) > 2:
        refuse(ValueError, "subscripts", subscripts, _EINSUM)
    sides: dict[str, Count] = {}
    for term, shape in zip(terms, shapes, strict=True):
        for letter, side in _letters(subscripts, term, shape):
            _add(subscripts, sides, letter, side)
    names = _output(subscripts, left, output if arrow else None, sides)
    outputs = tuple([sides[name] for name in names])
    inner = tuple([side for name, side in sides.items() if name not in names])
    return Computed(outputs, ()) if len(terms) == 1 else Product(outputs, inner)


_EINSUM = (
    "one or two operands in letters, such as 'bij,bjk->bik': in which order more are multiplied,"
    " the backend decides"
)


def _letters(subscripts: str, term: str, shape: Factors) -> list[tuple[str, Count]]:
    """Return the name and the length of each axis; those of an ellipsis count from the last."""
    before, dots, after = term.partition("...")
    hidden = len(shape) - len(before) - len(after)
    if not (before + after).isalpha() and before + after:
        refuse(ValueError, "subscripts", subscripts, _EINSUM)
    if hidden < 0 or (hidden and not dots):
        refuse(ValueError, "subscripts", subscripts, f"a letter for each side of {shape}")
    names = [*before, *(f".{place}" for place in range(hidden, 0, -1)), *after]
    return list(zip(names, shape, strict=True))


def _add(subscripts: str, sides: dict[str, Count], name: str, side: Count) -> None:
    known = sides.setdefault(name, side)
    if name.startswith(".") and type(known) is int and known == 1:
        sides[name] = side  # what an ellipsis stands for is broadcast
    elif name.startswith(".") and type(side) is int and side == 1:
        return
    elif not arithmetic.may_equal(known, side):
        what = f"letters with one length each; {name!r} has two"
        refuse(ValueError, "subscripts", subscripts, what)


def _output(subscripts: str, left: str, output: str | None, sides: dict[str, Count]) -> list[str]:
    """Return the names of the output's axes: those written, or each letter that occurs once."""
    hidden = sorted((name for name in sides if name.startswith(".")), key=_from_last, reverse=True)
    if output is None:
        single = [one for one in sorted(set(left)) if one.isalpha() and left.count(one) == 1]
        return [*hidden, *single]
    before, dots, after = output.partition("...")
    names = [*before, *(hidden if dots else ()), *after]
    if not set(names) <= set(sides) or len(set(names)) != len(names):
        refuse(ValueError, "subscripts", subscripts, _EINSUM)
    return names


def _from_last(name: str) -> int:
    return int(name[1:])
