"""Find the largest value of an argument within a budget."""

from __future__ import annotations

from fractions import Fraction
from numbers import Rational
from typing import TYPE_CHECKING, Any, NamedTuple

from convcost._cost.quantities import QUANTITIES, UNITS
from convcost._exact.amounts import read_count
from convcost._exact.scalars import check_real, join_names, near_names, refuse
from convcost._sweeps.directions import GROWS, overall
from convcost._sweeps.grid import Grid

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from typing import TypeAlias

    from convcost._cost.cost import Cost
    from convcost._sweeps.directions import Direction
    from convcost._sweeps.types import Subject

    # A number, or a text such as "300M".
    Budget: TypeAlias = float | Fraction | str

# The first valid value is looked for among so many, one by one, and then among powers of two.
_TRIED = 1 << 10


def solve(
    what: Subject,
    argument: str,
    /,
    *,
    at_least: bool = False,
    params: Budget | None = None,
    macs: Budget | None = None,
    flops: Budget | None = None,
    bias_adds: Budget | None = None,
    **given: object,
) -> int:
    """Return the largest value of one argument within a budget, or the smallest.

    Parameters
    ----------
    what
        A function such as `convcost.separable`, or a class of `convcost.layers`.
    argument
        The free argument: one with which the counts of all budgets grow, or all shrink.
    at_least
        Whether the budgets are minimums instead of maximums.
    params, macs, flops, bias_adds
        The budgets: one or more, all of which must be met. Numbers, or texts such as `"300M"`.
    **given
        The other arguments of `what`.

    Returns
    -------
    int
        The largest value within the budgets, exactly; with `at_least` the smallest one that reaches
        them. Where costs shrink, as with `strides`, it is the other way around. Only values that
        are valid count: multiples of `groups`, sides that are as long as the kernel.

    Raises
    ------
    TypeError, ValueError
        If an argument is not valid, costs do not always grow or always shrink with `argument`, no
        value is within the budgets, or every value is.

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
    budgets = {name: _budget(name, budget) for name in UNITS if (budget := asked[name]) is not None}
    if not budgets:
        near = [unit for name in given for unit in near_names(name, UNITS)]
        hint = f"; did you mean {near[0]}?" if near else ""
        raise TypeError(f"solve needs a budget: one or more of {join_names(list(UNITS))}{hint}")
    if argument in given:
        raise TypeError(f"{argument} is the free argument; leave it out, or solve for another")
    grid = Grid(what, **{argument: [1], **given})
    if grid.dims != (argument,):
        raise TypeError(f"solve varies only {argument}; give one value for each other argument")
    step = grid.multiple(argument, {})
    grid = Grid(what, **{argument: [step or 1], **given})
    known = dict(zip(QUANTITIES, grid.directions_of_counts({})[argument], strict=True))
    ways: list[Direction] = [known["macs" if name == "flops" else name] for name in budgets]
    way = overall(ways)
    if way is None:
        raise ValueError(
            f"{join_names(list(budgets))} do not always grow with {argument} here; use a Space with"
            " its possible values"
        )

    def counted(value: int) -> Cost[Any]:
        cost = grid.cost({}, {argument: value})
        for name in budgets:
            if not isinstance(getattr(cost, name), Rational):
                refuse(TypeError, name, getattr(cost, name), "a number: give all other arguments")
        return cost

    def holds(cost: Cost[Any]) -> bool:
        numbers = ((getattr(cost, name), budget) for name, budget in budgets.items())
        if at_least:
            return all(number >= budget for number, budget in numbers)
        return all(number <= budget for number, budget in numbers)

    values = _Values(argument, step, _far(grid.fixed.values(), budgets.values()), counted, holds)
    return values.last() if (way == GROWS) != at_least else values.first()


def _budget(name: str, value: Budget) -> Fraction:
    if isinstance(value, str):
        return Fraction(read_count(name, value))
    return check_real(name, value, "a number of 0 or more", least=0)


def _far(given: Iterable[object], budgets: Iterable[Fraction]) -> int:
    """Return a value beyond which no count changes from within a budget to beyond it.

    A count that grows is at least `value / strides - extent`, and one that shrinks is constant from
    the side on. This is larger than any product of the numbers given.
    """
    numbers = [*_numbers_in(tuple(given)), *map(Fraction, budgets)]
    bits = sum(
        int(one.numerator).bit_length() + int(one.denominator).bit_length() for one in numbers
    )
    return 1 << (bits + 64)


def _numbers_in(value: object) -> Iterator[Rational]:
    if isinstance(value, (tuple, list)):
        for one in value:
            yield from _numbers_in(one)
    elif isinstance(value, Rational):
        yield value


class _Values(NamedTuple):
    """The values of an argument that are valid: the multiples of `step` between two ends."""

    argument: str
    step: int
    far: int
    counted: Callable[[int], Cost[Any]]
    holds: Callable[[Cost[Any]], bool]

    def last(self) -> int:
        """Return the last value within the budget, where it is kept up to some value."""
        start = self._start()
        if not self._is_kept(start):
            raise ValueError(
                f"no {self.argument} is within the budget: even {start} costs {self.counted(start)}"
            )
        inside = start
        while self._is_kept(2 * inside):
            inside *= 2
            if inside > self.far:
                raise ValueError(f"{self.argument} is unbounded: every value meets the budget")
        return self._between(inside, 2 * inside, self._is_kept)[0]

    def first(self) -> int:
        """Return the first value within the budget, where it is kept from some value on."""
        start = self._start()
        if self._is_kept(start):
            return start
        beyond = start
        while not self._is_kept(2 * beyond):
            if not self._is_valid(2 * beyond):
                end = self._between(beyond, 2 * beyond, self._is_valid)[0]
                if self._is_kept(end):
                    return self._between(beyond, end, self._is_not_kept)[1]
                raise ValueError(
                    f"no value of {self.argument} meets the budget: {end}, the largest that is"
                    f" valid, costs {self.counted(end)}"
                )
            beyond *= 2
            if beyond > self.far:
                raise ValueError(f"no value of {self.argument} meets the budget, however large")
        return self._between(beyond, 2 * beyond, self._is_not_kept)[1]

    def _start(self) -> int:
        """Return the smallest value that is valid."""
        tried = self.step
        while not self._is_valid(tried):
            if tried > self.far:
                self.counted(self.step)  # raises the error
            small = tried < _TRIED * self.step
            tried = tried + self.step if small else 2 * tried
        if tried <= _TRIED * self.step:
            return tried
        return self._between(tried // 2, tried, lambda value: not self._is_valid(value))[1]

    def _is_valid(self, value: int) -> bool:
        try:
            self.counted(value)
        except ValueError:
            return False
        return True

    def _is_kept(self, value: int) -> bool:
        return self._is_valid(value) and self.holds(self.counted(value))

    def _is_not_kept(self, value: int) -> bool:
        return not self._is_kept(value)

    def _between(self, left: int, right: int, is_left: Callable[[int], bool]) -> tuple[int, int]:
        """Return the neighbours between which something that holds at the left end changes."""
        while right - left > self.step:
            middle = (left + right) // (2 * self.step) * self.step
            if is_left(middle):
                left = middle
            else:
                right = middle
        return left, right
