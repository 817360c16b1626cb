"""Conditions on designs, decided exactly.

Each comparison is the sign of a polynomial, so that whole boxes of designs can be accepted or
rejected at once.
"""

from __future__ import annotations

import operator
from dataclasses import dataclass
from fractions import Fraction
from math import ceil, floor, inf
from typing import TYPE_CHECKING

import numpy as np

from convcost._cost.quantities import FLOPS_PER_MAC, QUANTITIES
from convcost._exact.arrays import INT64_MAX
from convcost._exact.scalars import join_names
from convcost._sweeps.polynomials import Atom, Polynomial

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import TypeAlias

    from numpy.typing import NDArray

    from convcost._exact.types import Count, Numbers
    from convcost._sweeps.polynomials import Bounds
    from convcost._sweeps.types import Categories

    # A truth for each box, or one for all boxes.
    Flags: TypeAlias = NDArray[np.bool_] | np.bool_ | bool
    # For each box: whether all its designs fulfil a condition, and whether any of them may.
    Verdict: TypeAlias = tuple[Flags, Flags]

# The counts of a design, in the order of a table's columns.
COUNTS = (*QUANTITIES, "flops")
FLOPS = Polynomial.of(Atom("macs")) * Polynomial.constant(FLOPS_PER_MAC)


@dataclass(frozen=True)
class Names:
    """What an expression may refer to.

    Parameters
    ----------
    axes
        Axes of sizes.
    categories
        Categorical axes, with the values that they take.
    """

    axes: tuple[str, ...]
    categories: Mapping[str, tuple[object, ...]]

    def __str__(self) -> str:
        return join_names([*COUNTS, *self.axes, *self.categories])


class Condition:
    """A condition that a design fulfils or not."""

    @property
    def atoms(self) -> set[Atom]:
        """The atoms needed to decide it."""
        raise NotImplementedError

    def decide(self, bounds: Bounds, categories: Categories) -> Verdict:
        """Return for each box whether all its designs fulfil it, and whether any may."""
        raise NotImplementedError


@dataclass(frozen=True)
class Relation(Condition):
    """The sign of a polynomial: `difference <= 0`, with `symbol` in the middle."""

    difference: Polynomial
    symbol: str

    @property
    def atoms(self) -> set[Atom]:
        """The atoms of the polynomial."""
        return self.difference.atoms

    def decide(self, bounds: Bounds, categories: Categories) -> Verdict:
        """Decide by the signs of the least and the largest value."""
        low, high = self.difference.signs(bounds)
        if low is high:  # single designs, whose bounds are equal
            verdict = _COMPARE[self.symbol](low, 0)
            return verdict, verdict
        return _DECIDE[self.symbol](low, high)


_COMPARE: dict[str, Callable[[Count, Count], Flags]] = {
    "<=": operator.le,
    "<": operator.lt,
    ">=": operator.ge,
    ">": operator.gt,
    "==": operator.eq,
    "!=": operator.ne,
}
_DECIDE: dict[str, Callable[[Count, Count], Verdict]] = {
    "<=": lambda low, high: (high <= 0, low <= 0),
    "<": lambda low, high: (high < 0, low < 0),
    ">=": lambda low, high: (low >= 0, high >= 0),
    ">": lambda low, high: (low > 0, high > 0),
    "==": lambda low, high: ((low == 0) & (high == 0), (low <= 0) & (high >= 0)),
    "!=": lambda low, high: ((low > 0) | (high < 0), (low != 0) | (high != 0)),
}


@dataclass(frozen=True)
class Membership(Condition):
    """Whether a categorical axis has one of some values."""

    name: str
    values: tuple[object, ...]

    @property
    def atoms(self) -> set[Atom]:
        """No atoms: it depends only on the category."""
        return set()

    def decide(self, bounds: Bounds, categories: Categories) -> Verdict:
        """Decide for all boxes at once, since they share the axis's value."""
        chosen = categories[self.name] in self.values
        return chosen, chosen


@dataclass(frozen=True)
class Listed(Condition):
    """Whether a polynomial, with integer coefficients, has one of some values.

    Parameters
    ----------
    polynomial
        What is compared.
    values
        Integers in ascending order.
    """

    polynomial: Polynomial
    values: tuple[int, ...]

    @property
    def atoms(self) -> set[Atom]:
        """The atoms of the polynomial."""
        return self.polynomial.atoms

    def decide(self, bounds: Bounds, categories: Categories) -> Verdict:
        """Decide by how many of the values lie between the least and the largest one."""
        fits = self.polynomial.fits(bounds)
        if not fits:
            bounds = {atom: _exact(*bounds[atom]) for atom in self.atoms}
        kept = [one for one in self.values if not fits or abs(one) <= INT64_MAX]
        values = np.array(kept, dtype=np.int64 if fits else object)
        low, high = self.polynomial.bounds(bounds)
        below = np.searchsorted(values, low, side="left")
        inside = np.searchsorted(values, high, side="right") - below
        # All integers in between are listed.
        return inside > high - low, inside > 0


def _exact(low: Count, high: Count) -> tuple[Numbers, Numbers]:
    """Return the bounds of an atom as Python's integers, which may exceed int64."""
    return np.asarray(low, dtype=object), np.asarray(high, dtype=object)


@dataclass(frozen=True)
class Combination(Condition):
    """Several conditions, of which all or at least one must hold."""

    parts: tuple[Condition, ...]
    all: bool

    @property
    def atoms(self) -> set[Atom]:
        """The atoms of the parts."""
        return set().union(*(part.atoms for part in self.parts))

    def decide(self, bounds: Bounds, categories: Categories) -> Verdict:
        """Combine the verdicts of the parts."""
        if not self.parts:
            return self.all, self.all
        combine = np.logical_and if self.all else np.logical_or
        sure, maybe = self.parts[0].decide(bounds, categories)
        for part in self.parts[1:]:
            other = part.decide(bounds, categories)
            single = sure is maybe and other[0] is other[1]
            sure = combine(sure, other[0])
            maybe = sure if single else combine(maybe, other[1])
        return sure, maybe


@dataclass(frozen=True)
class Negation(Condition):
    """The opposite of a condition."""

    part: Condition

    @property
    def atoms(self) -> set[Atom]:
        """The atoms of the part."""
        return self.part.atoms

    def decide(self, bounds: Bounds, categories: Categories) -> Verdict:
        """Invert the verdict of the part."""
        sure, maybe = self.part.decide(bounds, categories)
        never = np.logical_not(maybe)
        return never, never if sure is maybe else np.logical_not(sure)


EVERYTHING = Combination((), all=True)


def atoms_of(conditions: Condition, polynomials: Sequence[Polynomial] = ()) -> set[Atom]:
    """Return the atoms needed to decide a condition and to compute polynomials."""
    return conditions.atoms.union(*(polynomial.atoms for polynomial in polynomials))


def largest_allowed(condition: Condition, key: Polynomial) -> float | int:
    """Return an upper bound of the key over all designs that fulfil the condition.

    Examples
    --------
    >>> from convcost._sweeps.parser import parse_conditions, parse_expression
    >>> names = Names((), {})
    >>> macs = parse_expression("by", "macs", names)
    >>> largest_allowed(parse_conditions("2 * macs < 7", names), macs)
    3
    """
    if isinstance(condition, Combination) and condition.all:
        return min((largest_allowed(part, key) for part in condition.parts), default=inf)
    if not isinstance(condition, Relation):
        return inf
    difference = condition.difference
    shared = next((product for product in key.terms if product), None)
    factor = difference.terms.get(shared, Fraction(0)) / key.terms[shared] if shared else 0
    if not factor:
        return inf
    rest = (difference - key * Polynomial.constant(factor)).value
    if rest is None:
        return inf
    # factor * key + rest, compared with 0
    symbol = condition.symbol if factor > 0 else _MIRRORED[condition.symbol]
    if symbol not in ("<=", "<", "=="):
        return inf
    bound = -rest / factor
    return ceil(bound) - 1 if symbol == "<" else floor(bound)


_MIRRORED = {"<=": ">=", "<": ">", ">=": "<=", ">": "<", "==": "==", "!=": "!="}
