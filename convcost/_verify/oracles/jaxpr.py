"""A walk over a jaxpr, JAX's record of a function: the MACs of its products and convolutions."""

from __future__ import annotations

from collections import Counter
from math import prod
from typing import TYPE_CHECKING, NamedTuple, cast

if TYPE_CHECKING:
    from collections.abc import Iterator

    from convcost._verify.types import Equation, Jaxpr

PRODUCT, CONVOLUTION, TRANSPOSED, RESIZE = (
    "matrix products",
    "convolutions",
    "transposed convolutions",
    "interpolation",
)

# What multiplies and adds up, but not as a matrix product or a convolution of known size.
_UNCOUNTED = frozenset(
    {
        "cholesky",
        "eig",
        "eigh",
        "fft",
        "ffi_call",
        "householder_product",
        "lu",
        "pallas_call",
        "pure_callback",
        "qr",
        "ragged_dot_general",
        "scaled_matmul",
        "schur",
        "svd",
        "triangular_solve",
        "tridiagonal_solve",
    }
)


class Walked(NamedTuple):
    """What a walk over a jaxpr found.

    Attributes
    ----------
    macs
        Nominal MACs, without unit, for each kind of operation.
    blind
        Why the walk can't count some operations, each reason once; empty if it counts them all.
    """

    macs: Counter[str]
    blind: tuple[str, ...] = ()

    def total(self) -> int:
        """Return the MACs of everything but interpolation, which is not counted as a layer's."""
        return sum(count for kind, count in self.macs.items() if kind != RESIZE)


def walk(jaxpr: Jaxpr) -> Walked:
    """Return the nominal MACs of a jaxpr, those of the jaxprs inside it included.

    Parameters
    ----------
    jaxpr
        What `jax.make_jaxpr(function)(*arguments).jaxpr` returns.

    Returns
    -------
    Walked
        MACs for each kind of operation, and what could not be counted.

    Notes
    -----
    - `dot_general`: one MAC for each element of the output and each element that it sums over.
    - `conv_general_dilated`: one MAC for each tap of each output position, padding included; the
      kernel's own shape accounts for groups.
    - A transposed convolution is counted at its input positions. It is recognized by dilated
      inputs, or, at stride 1, by the function of JAX that made it (`conv_transpose`).
    - The body of a `scan` counts as often as it runs. The branches of a `cond` must count the same.
      A `while` has no known number of steps: if its body multiplies, it can't be counted.
    - `jax.image.resize` interpolates by `dot_general`; that is counted as a kind of its own.
    - What no output depends on is counted, though a compiled model does not compute it; where there
      is such a thing, the count is not the one number that is right.
    - `einsum` may add up an input before it multiplies, which saves MACs; that can't be counted.

    Examples
    --------
    >>> import jax
    >>> walk(jax.make_jaxpr(lambda x: x @ x)(jax.numpy.ones((5, 5))).jaxpr).total()
    125
    """
    macs: Counter[str] = Counter()
    blind: dict[str, None] = {}
    needed = _needed(jaxpr)
    for equation in jaxpr.eqns:
        found = _count(equation)
        macs.update(found.macs)
        blind.update(dict.fromkeys(found.blind))
        if found.macs and id(equation) not in needed:
            blind["no output depends on some of them"] = None
    return Walked(macs, tuple(blind))


def _needed(jaxpr: Jaxpr) -> set[int]:
    """Return the identities of the equations that the outputs depend on."""
    wanted = set(map(id, jaxpr.outvars))
    needed = set()
    for equation in reversed(jaxpr.eqns):
        if wanted & set(map(id, equation.outvars)):
            wanted |= set(map(id, equation.invars))
            needed.add(id(equation))
    return needed


def _count(equation: Equation) -> Walked:
    kind = equation.primitive.name
    if kind == "dot_general":
        return Walked(Counter({PRODUCT: _product(equation)}))
    if kind == "conv_general_dilated":
        return _convolution(equation)
    if kind in _UNCOUNTED:
        return Walked(Counter(), (f"{kind} has no known number of MACs",))
    if kind == "reduce_sum" and (subscripts := _product_of(equation)):
        reason = f"einsum {subscripts!r} adds up an input before it multiplies"
        return Walked(Counter(), (reason,))
    return _inside(equation, kind)


def _inside(equation: Equation, kind: str) -> Walked:
    """Return what the jaxprs inside an equation count."""
    inner = [walk(one) for one in _jaxprs(equation.params)]
    blind = tuple(reason for one in inner for reason in one.blind)
    if kind == "cond":
        if any(one.macs != inner[0].macs for one in inner):
            blind = (*blind, "the branches of a cond differ in MACs")
        return Walked(inner[0].macs, blind)
    macs: Counter[str] = Counter()
    for one in inner:
        macs.update(one.macs)
    if kind == "scan":
        length = equation.params["length"]
        assert isinstance(length, int)
        macs = Counter({name: count * length for name, count in macs.items()})
    if kind == "while" and macs:
        blind = (*blind, "a while loop, whose number of steps is not known, multiplies")
    # JAX called it pjit until 0.6.
    if kind in ("jit", "pjit") and equation.params["name"] == "_resize":
        macs = Counter({RESIZE: macs.total()}) if macs else macs
    return Walked(macs, blind)


def _jaxprs(tree: object) -> Iterator[Jaxpr]:
    """Yield the jaxprs among an equation's parameters, closed or not."""
    if isinstance(tree, dict):
        tree = list(tree.values())
    if isinstance(tree, (list, tuple)):
        for branch in tree:
            yield from _jaxprs(branch)
    elif hasattr(tree, "eqns"):
        yield cast("Jaxpr", getattr(tree, "jaxpr", tree))


def _product(equation: Equation) -> int:
    contracted, _ = equation.params["dimension_numbers"]
    left = equation.invars[0].aval.shape
    inner = [left[axis] for axis in contracted[0]]
    return prod((*equation.outvars[0].aval.shape, *inner))


def _convolution(equation: Equation) -> Walked:
    image, kernel = (one.aval.shape for one in equation.invars[:2])
    output = equation.outvars[0].aval.shape
    params = equation.params
    numbers = params["dimension_numbers"]
    batch, _, *sides = numbers.lhs_spec
    transposed = any(size != 1 for size in params["lhs_dilation"]) or _is_transposed(equation)
    if transposed:
        places = prod(image[axis] for axis in (batch, *sides))
    else:
        batch, _, *sides = numbers.out_spec
        places = prod(output[axis] for axis in (batch, *sides))
    macs = prod(kernel) * places
    if transposed:
        # In the batches that are separate groups, each input meets one group of filters.
        macs //= params["batch_group_count"]
    return Walked(Counter({TRANSPOSED if transposed else CONVOLUTION: macs}))


def _is_transposed(equation: Equation) -> bool:
    traceback = equation.source_info.traceback
    frames = traceback.frames if traceback is not None else ()
    return any(frame.function_name == "conv_transpose" for frame in frames)


def _product_of(equation: Equation) -> str:
    """Return the subscripts of the einsum product that an equation belongs to, if it does."""
    last = str(equation.source_info.name_stack).rpartition("/")[2]
    return last if "," in last and "->" in last else ""
