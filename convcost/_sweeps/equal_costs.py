"""Find where two symbolic costs are equal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from convcost._cost.cost import Cost
from convcost._cost.quantities import UNITS
from convcost._exact import arithmetic
from convcost._exact.scalars import did_you_mean, join_names, refuse, refuse_choice

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import Any

    from sympy import Poly, Symbol

    from convcost._exact.types import Expression
    from convcost._sweeps.types import Quantity


def crossings(
    first: Cost[Any], second: Cost[Any], symbol: Symbol | str, by: Quantity = "macs"
) -> tuple[Expression, ...]:
    """Return the values of a symbol for which two designs cost the same.

    Parameters
    ----------
    first, second
        Costs that are SymPy expressions.
    symbol
        The free symbol, or its name: one that the counts have, taken as a positive real number.
    by
        The count to compare: `params`, `macs`, `flops` or `bias_adds`.

    Returns
    -------
    tuple
        SymPy expressions, without those that can't be positive; empty if one design is always
        cheaper. With further symbols, the two cost the same where an expression is real and
        positive.

    Raises
    ------
    TypeError, ValueError
        If an argument is not valid, the two cost the same everywhere, or there is no closed form.

    Examples
    --------
    A separable convolution against a standard one with an eighth of the filters:

    >>> import convcost
    >>> from convcost.symbols import dk, m, n, df
    >>> separable, narrow = convcost.separable(dk, m, n, df), convcost.standard(dk, m, n / 8, df)
    >>> convcost.crossings(separable, narrow, n)
    (8*dk**2/(dk**2 - 8),)
    """
    try:
        import sympy
    except ImportError as error:
        raise ImportError('crossings needs SymPy: pip install "convcost[symbolic]"') from error
    for name, one in (("first", first), ("second", second)):
        if not isinstance(one, Cost):
            refuse(TypeError, name, one, "a Cost")
    if by not in UNITS:
        refuse_choice("by", by, UNITS)
    counts = sympy.sympify(getattr(first, by)), sympy.sympify(getattr(second, by))
    symbol = _symbol_of(counts, symbol, by)
    difference = counts[0] - counts[1]
    if arithmetic.is_equal(getattr(first, by), getattr(second, by)):
        raise ValueError(f"the two have the same {by} for every {symbol}")
    # SymPy would look for integers where curves cross between them.
    free = sympy.Dummy(symbol.name, positive=True)
    top, _ = sympy.fraction(sympy.together(difference.subs(symbol, free)))
    others = difference.free_symbols - {symbol}
    try:
        factors = [factor for factor, _ in sympy.factor_list(sympy.Poly(top, free))[1]]
        found = [root for factor in factors for root in _positive_roots(factor, others)]
    except (sympy.PolynomialError, NotImplementedError) as error:
        hint = f"; give values for {join_names(sorted(map(str, others)))}" if others else ""
        raise ValueError(
            f"there is no closed form for where {by} are equal: {difference} = 0{hint}"
        ) from error
    positive = [root for root in found if not _is_never_positive(root)]
    return tuple(sorted(positive, key=sympy.default_sort_key))


def _symbol_of(counts: tuple[Expression, ...], given: object, by: Quantity) -> Symbol:
    """Return the free symbol that is meant, or refuse one that the counts don't have."""
    import sympy

    if not isinstance(given, (sympy.Symbol, str)):
        refuse(TypeError, "symbol", given, "a symbol, such as convcost.symbols.n, or its name")
    free = sorted(set().union(*(count.free_symbols for count in counts)), key=str)
    name = str(given)
    meant = [one for one in free if one == given or (isinstance(given, str) and str(one) == name)]
    if len(meant) == 1:
        return meant[0]
    if not free:
        raise ValueError(
            f"symbol must be one in the {by} of first and second, but these are numbers:"
            f" {join_names(list(map(str, counts)))}; got {name!r}"
        )
    if any(str(one) == name for one in free):
        raise ValueError(
            f"symbol must be the one in the {by} of first and second: several symbols"
            f" have the name {name!r} but differ in their assumptions"
        )
    names = list(map(str, free))
    raise ValueError(
        f"symbol must be one of {join_names(names)}, which the {by} of first and second have; got"
        f" {name!r}{did_you_mean(name, names, most=1)}"
    )


def _is_never_positive(root: Expression) -> bool:
    """Tell whether a root is negative or zero for all sizes above 1, and so at 1 as well."""
    import sympy

    above = {
        one: 1 + sympy.Dummy(one.name, positive=True)
        for one in root.free_symbols
        if one.is_integer and one.is_positive
    }
    return bool(sympy.expand(root.subs(above)).is_nonpositive)


def _positive_roots(factor: Poly, others: Iterable[Symbol]) -> Iterator[Expression]:
    """Yield the roots of an irreducible polynomial, apart from those that can't be positive."""
    import sympy

    if not factor.free_symbols_in_domain:
        yield from (root for root in factor.real_roots() if root.evalf() > 0)
        return
    # Of a positive integer SymPy knows only that it is positive, not that it is at least 1.
    at_least_one = {
        one: 1 + sympy.Dummy(one.name, nonnegative=True)
        for one in others
        if one.is_integer and one.is_positive
    }

    def is_negative(expression: Expression) -> bool:
        return bool(sympy.expand(expression.subs(at_least_one)).is_negative)

    def is_nonnegative(expression: Expression) -> bool:
        return bool(sympy.expand(expression.subs(at_least_one)).is_nonnegative)

    if factor.degree() == 1:
        slope, constant = factor.all_coeffs()
        if not is_nonnegative(slope * constant):
            yield sympy.simplify(-constant / slope)
        return
    if factor.degree() > 2:
        raise NotImplementedError
    lead, slope, constant = factor.all_coeffs()
    spread = slope**2 - 4 * lead * constant
    # The product of the roots is constant / lead, and their sum -slope / lead.
    both_sides = is_negative(lead * constant)
    same_side = is_nonnegative(lead * constant) and is_nonnegative(lead * slope)
    if same_side or is_negative(spread):
        return
    if slope == 0:
        yield sympy.simplify(sympy.sqrt(-constant / lead))  # the other root is its negative
        return
    distance = sympy.sqrt(spread) / (2 * lead)
    if not (both_sides and is_nonnegative(lead)):
        yield sympy.simplify(-slope / (2 * lead) - distance)
    yield sympy.simplify(-slope / (2 * lead) + distance)
