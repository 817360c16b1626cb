"""Find the largest value of an argument within a budget, and where two costs are equal."""

from __future__ import annotations

from fractions import Fraction
from math import isfinite
from typing import TYPE_CHECKING

from convcost._cost.cost import Cost
from convcost._cost.quantities import UNITS
from convcost._exact import arithmetic
from convcost._exact.scalars import join_names, near_names, refuse, refuse_choice
from convcost._sweeps.directions import GROWS
from convcost._sweeps.grid import Grid

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from sympy import Symbol

    from convcost._exact.types import Expression
    from convcost._sweeps.types import Quantity, Subject

# Far beyond any real design: a budget that is met even there is always met.
_FAR = 1 << 200


def solve(
    what: Subject,
    argument: str,
    /,
    *,
    at_least: bool = False,
    params: float | Fraction | None = None,
    macs: float | Fraction | None = None,
    flops: float | Fraction | None = None,
    bias_adds: float | Fraction | None = None,
    **given: object,
) -> int:
    """Return the largest value of one argument within a budget, or the smallest.

    Parameters
    ----------
    what
        A function such as `convcost.separable`, or a class of `convcost.layers`.
    argument
        The free argument: one with which all costs grow, or all shrink.
    at_least
        Whether the budgets are minimums instead of maximums.
    params, macs, flops, bias_adds
        The budgets, without unit: one or more, all of which must be met.
    **given
        The other arguments of `what`.

    Returns
    -------
    int
        The largest value within the budgets, exactly; with `at_least` the smallest one that reaches
        them. Where costs shrink, as with `strides`, it is the other way around.

    Raises
    ------
    TypeError, ValueError
        If an argument is not valid, costs do not depend on `argument` or not in one direction, or
        no value is within the budgets.

    Examples
    --------
    >>> import convcost
    >>> convcost.solve(convcost.separable, "n", macs=3e8, dk=3, m=64, df=28)
    5969
    >>> convcost.separable(3, 64, 5969, 28).macs, convcost.separable(3, 64, 5970, 28).macs
    (299952128, 300002304)
    >>> convcost.solve(convcost.separable, "n", params=10**6, at_least=True, dk=3, m=64, df=28)
    15376
    """
    asked = {"params": params, "macs": macs, "flops": flops, "bias_adds": bias_adds}
    budgets = {
        name: _check_budget(name, budget) for name in UNITS if (budget := asked[name]) is not None
    }
    if not budgets:
        near = [unit for name in given for unit in near_names(name, UNITS)]
        hint = f"; did you mean {near[0]}?" if near else ""
        raise TypeError(f"solve needs a budget: one or more of {join_names(list(UNITS))}{hint}")
    if argument in given:
        raise TypeError(f"{argument} is the free argument; leave it out, or solve for another")
    grid = Grid(what, **{argument: [1], **given})
    if grid.dims != (argument,):
        raise TypeError(f"solve varies only {argument}; give one value for each other argument")
    way = grid.directions({})[argument]
    if way is None:
        raise ValueError(
            f"costs do not always grow with {argument} here; use a Space with its possible values"
        )

    def cost(value: int) -> Cost:
        return grid.cost({}, {argument: value})

    def holds(value: int) -> bool:
        reached = cost(value)
        numbers = ((getattr(reached, name), budget) for name, budget in budgets.items())
        if at_least:
            return all(number >= budget for number, budget in numbers)
        return all(number <= budget for number, budget in numbers)

    return _furthest(argument, holds, cost, last=(way == GROWS) != at_least)


def _check_budget(name: str, budget: float | Fraction) -> Fraction:
    allowed = "a number of 0 or more"
    if isinstance(budget, bool) or not hasattr(budget, "__round__") or hasattr(budget, "ndim"):
        refuse(TypeError, name, budget, allowed)
    if not isfinite(budget) or budget < 0:
        refuse(ValueError, name, budget, allowed)
    return Fraction(budget)


def _furthest(
    argument: str, holds: Callable[[int], bool], cost: Callable[[int], Cost], *, last: bool
) -> int:
    """Return the last, or the first, value for which `holds` is true; it changes only once."""
    if last and not holds(1):
        raise ValueError(f"no {argument} is within the budget: even 1 costs {cost(1)}")
    wanted = not last
    if holds(_FAR) != wanted:
        raise ValueError(
            f"{argument} is unbounded: every value meets the budget"
            if last
            else f"no value of {argument} meets the budget, however large"
        )
    if holds(1) == wanted:
        return 1
    inside, beyond = 1, 2
    while holds(beyond) != wanted:
        inside, beyond = beyond, 2 * beyond
    while beyond - inside > 1:
        middle = (inside + beyond) // 2
        if holds(middle) == wanted:
            beyond = middle
        else:
            inside = middle
    return inside if last else beyond


def crossings(
    first: Cost[Any], second: Cost[Any], symbol: Symbol, by: Quantity = "macs"
) -> tuple[Expression, ...]:
    """Return the values of a symbol for which two designs cost the same.

    Parameters
    ----------
    first, second
        Costs that are SymPy expressions.
    symbol
        The free symbol, taken as a positive real number.
    by
        The count to compare: `params`, `macs`, `flops` or `bias_adds`.

    Returns
    -------
    tuple
        SymPy expressions, without those that can't be positive; empty if one design is always
        cheaper.

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
    import sympy

    for name, one in (("first", first), ("second", second)):
        if not isinstance(one, Cost):
            refuse(TypeError, name, one, "a Cost")
    if by not in UNITS:
        refuse_choice("by", by, UNITS)
    if not isinstance(symbol, sympy.Symbol):
        refuse(TypeError, "symbol", symbol, "a symbol: convcost.symbols.n")
    difference = sympy.sympify(getattr(first, by)) - sympy.sympify(getattr(second, by))
    # For SymPy an integer symbol has no value between two integers, where curves may cross.
    loose = {one: sympy.Dummy(one.name, positive=True) for one in difference.free_symbols}
    if arithmetic.is_equal(getattr(first, by), getattr(second, by)):
        raise ValueError(f"the two have the same {by} for every {symbol}")
    try:
        found = sympy.solve(difference.subs(loose), loose.get(symbol, symbol))
    except NotImplementedError as error:
        raise ValueError(f"there is no closed form for where {by} are equal: {error}") from None
    back = {dummy: one for one, dummy in loose.items()}
    positive = [sympy.simplify(one).subs(back) for one in found if one.is_positive is not False]
    return tuple(sorted(positive, key=sympy.default_sort_key))
