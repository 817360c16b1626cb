"""Sums over products of any number of operands: `keras.ops.einsum`, and the order it takes."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from convcost._exact import arithmetic
from convcost._exact.scalars import refuse
from convcost._layers.arguments import show
from convcost._layers.steps import Product
from convcost._models.batch import PROBED
from convcost._models.keras.operation_calls import Computed, OperationCall, rule, shape_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import NoReturn, TypeAlias

    from convcost._exact.types import Count, Factors

    # The names of the axes of an operand.
    Names: TypeAlias = tuple[str, ...]

# The strategies of opt_einsum by which JAX (and PyTorch) and TensorFlow order three operands and
# more, in `jax.numpy.einsum` and `tf.einsum`.
_STRATEGIES = ("auto", "greedy")
# Finding the best order takes time that grows exponentially; nobody writes as many.
_MOST_OPERANDS = 16
_IN_PAIRS = "write it as several einsums of two operands each"
_EINSUM = "operands in letters, such as 'bij,bjk->bik', each letter of the output once"


@rule("Einsum")
def _summed(call: OperationCall) -> Product | Computed:
    subscripts = call.option("subscripts")
    if not isinstance(subscripts, str):
        refuse(TypeError, "subscripts", subscripts, "a string such as 'bij,bjk->bik'")
    operands = enumerate((*call.args, *call.kwargs.values()))
    shapes = [shape_of(f"operand {index}", one) for index, one in operands]
    return einsum(subscripts, shapes, call.batch)


def einsum(subscripts: str, shapes: list[Factors], batch: int = 1) -> Product | Computed:
    """Return an einsum as products of two operands, with one MAC per combination of indices.

    An einsum of one operand only adds, and has no MACs. Three and more are multiplied in pairs, in
    the order of opt_einsum.

    Examples
    --------
    >>> einsum("bij,bjk->bik", [(1, 10, 64), (1, 64, 20)])
    Product(outputs=(1, 10, 20), inner=(64,))
    >>> einsum("...ij,jk", [(1, 10, 64), (64, 20)])
    Product(outputs=(1, 10, 20), inner=(64,))
    >>> einsum("bi,ir,ro->bo", [(1, 64), (64, 2), (2, 64)]).parts
    (Product(outputs=(1, 2), inner=(64,)), Product(outputs=(1, 64), inner=(2,)))
    """
    left, arrow, output = subscripts.replace(" ", "").partition("->")
    terms = left.split(",")
    if len(terms) != len(shapes):
        what = f"of as many terms as there are operands, {len(shapes)}"
        refuse(ValueError, "subscripts", subscripts, what)
    sides: dict[str, Count] = {}
    operands: list[Names] = []
    for term, shape in zip(terms, shapes, strict=True):
        letters = _letters(subscripts, term, shape)
        operands.append(tuple([name for name, _ in letters]))
        for letter, side in letters:
            _add(subscripts, sides, letter, side)
    names = tuple(_output(subscripts, left, output if arrow else None, sides))
    outputs = tuple([sides[name] for name in names])
    if len(terms) == 1:
        return Computed(outputs, ())
    if len(terms) == 2:
        return _product(sides, names)
    return Computed(outputs, _in_pairs(subscripts, operands, names, sides, batch))


# With an open batch, JAX looks for an order anew at each size.
_BATCHES = (*range(2, 17), 24, 32, 48, 64, 96, 128, 256, 512, 1024, 4096, 2**16, 2**20)


def _product(sides: dict[str, Count], names: Names) -> Product:
    inner = tuple([side for name, side in sides.items() if name not in names])
    return Product(tuple([sides[name] for name in names]), inner)


def _in_pairs(
    subscripts: str, operands: list[Names], output: Names, sides: dict[str, Count], batch: int
) -> tuple[Product, ...]:
    """Return the products of an einsum of three operands and more, in the backends' order.

    Raises
    ------
    ValueError
        If the backends take orders of different costs, or sides are open.
    """
    if len(operands) > _MOST_OPERANDS:
        refuse(ValueError, "subscripts", subscripts, f"of at most {_MOST_OPERANDS} operands")
    if not all(type(side) is int for side in sides.values()):
        why = "which depends on sides that are open"
        _refuse_order(subscripts, why, f"give input_shape in numbers, or {_IN_PAIRS}")
    found = []
    # An open batch is a batch of one for TensorFlow, when it looks for an order.
    for count in (batch, 1, *(_BATCHES if batch in PROBED else ())):
        sizes = tuple([(name, _with_batch(side, batch, count)) for name, side in sides.items()])
        for strategy in _STRATEGIES:
            path = _path(tuple(operands), output, sizes, strategy)
            found.append(_products(operands, output, sides, path))
    totals = [sum(arithmetic.elements(*one.outputs, *one.inner) for one in way) for way in found]
    if len(set(totals)) > 1:
        _refuse_order(
            subscripts, f"on which Keras's backends differ{_each(totals, batch)}", _IN_PAIRS
        )
    return found[0]


def _each(totals: Sequence[Count], batch: int) -> str:
    """Return what the orders cost, for one input if the batch is open."""
    among = batch if batch in PROBED else 1
    if any(total % among for total in totals):
        return ""
    macs = " or ".join(f"{total // among:,}" for total in sorted(set(totals)))
    return f" ({macs} MACs{' for each input' * (among > 1)})"


def _refuse_order(subscripts: str, why: str, way: str) -> NoReturn:
    raise ValueError(
        f"the MACs of einsum {subscripts!r} depend on the order in which its operands are"
        f" multiplied, {why}; {way}"
    )


def _with_batch(side: int, batch: int, count: int) -> int:
    return side // batch * count if side % batch == 0 else side


@lru_cache(maxsize=512)
def _path(
    operands: tuple[Names, ...], output: Names, sizes: tuple[tuple[str, int], ...], strategy: str
) -> tuple[tuple[int, ...], ...]:
    """Return which operands opt_einsum takes in each step, as places in those that are left."""
    try:
        import opt_einsum
    except ImportError as error:
        raise ImportError(
            'an einsum of three operands and more needs opt_einsum: pip install "convcost[keras]"'
        ) from error
    letters = {name: opt_einsum.get_symbol(place) for place, (name, _) in enumerate(sizes)}
    known = dict(sizes)
    terms = ["".join([letters[name] for name in one]) for one in operands]
    equation = f"{','.join(terms)}->{''.join([letters[name] for name in output])}"
    shapes = [tuple([known[name] for name in one]) for one in operands]
    path, _ = opt_einsum.contract_path(equation, *shapes, shapes=True, optimize=strategy)
    return tuple(tuple(step) for step in path)


def _products(
    operands: list[Names],
    output: Names,
    sides: dict[str, Count],
    path: tuple[tuple[int, ...], ...],
) -> tuple[Product, ...]:
    """Return the products of a path: what a step makes goes behind the operands that are left."""
    left, products = list(operands), []
    for step in path:
        taken = [left.pop(place) for place in sorted(step, reverse=True)][::-1]
        elsewhere = {*output, *(name for one in left for name in one)}
        own = dict.fromkeys(name for one in taken for name in one)
        made = tuple([name for name in own if name in elsewhere]) if left else output
        products.append(_product({name: sides[name] for name in own}, made))
        left.append(made)
    return tuple(products)


def _letters(subscripts: str, term: str, shape: Factors) -> list[tuple[str, Count]]:
    """Return the name and the length of each axis; those of an ellipsis count from the last."""
    before, dots, after = term.partition("...")
    hidden = len(shape) - len(before) - len(after)
    if not (before + after).isalpha() and before + after:
        refuse(ValueError, "subscripts", subscripts, _EINSUM)
    if hidden < 0 or (hidden and not dots):
        refuse(ValueError, "subscripts", subscripts, f"a letter for each side of {show(shape)}")
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
