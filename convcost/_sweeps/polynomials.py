"""Polynomials in the counts and sizes of a design, with exact coefficients and bounds on a box.

All their atoms (counts, sizes, remainders) are 0 or more, so a lower bound takes the lower values
of the terms added and the upper values of the terms subtracted.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from math import lcm, prod
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from convcost._exact.arrays import INT64_MAX

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from typing import TypeAlias

    from convcost._exact.types import Count, Numbers
    from convcost._sweeps.types import Interval

    # The lower and the upper values of each atom.
    Bounds: TypeAlias = Mapping["Atom", Interval]

# Bound of the error of a sum of a few float64 products, relative to its summands.
_SLACK = 1e-12
# Integers up to this one have a float64.
_FLOAT_MAX = 1 << 1000


class Atom(NamedTuple):
    """A variable of a polynomial.

    Attributes
    ----------
    name
        A quantity, or an axis of the design space.
    operation
        Empty for the value itself; `//` or `%` for its quotient or remainder by `divisor`.
    divisor
        A positive integer.
    """

    name: str
    operation: str = ""
    divisor: int = 1

    def bounds(self, low: Count, high: Count) -> Interval:
        """Return the bounds of the atom, given the bounds of what it names."""
        if not self.operation:
            return low, high
        periods = low // self.divisor, high // self.divisor
        if self.operation == "//":
            return periods
        same = periods[0] == periods[1]
        return (
            np.where(same, low % self.divisor, 0),
            np.where(same, high % self.divisor, self.divisor - 1),
        )


@dataclass(frozen=True)
class Polynomial:
    """A sum of products of atoms.

    Parameters
    ----------
    terms
        The coefficient of each product.

    Examples
    --------
    >>> macs, params = (Polynomial.of(Atom(name)) for name in ("macs", "params"))
    >>> twice = macs * Polynomial.constant(2) - params
    >>> twice.bounds({Atom("macs"): (5, 7), Atom("params"): (1, 3)})
    (7, 13)
    """

    terms: Mapping[tuple[Atom, ...], Fraction]

    @classmethod
    def of(cls, atom: Atom) -> Polynomial:
        """Return the polynomial of a single atom."""
        return cls({(atom,): Fraction(1)})

    @classmethod
    def constant(cls, number: Fraction | int) -> Polynomial:
        """Return a constant polynomial."""
        return cls({(): Fraction(number)} if number else {})

    def __add__(self, other: Polynomial) -> Polynomial:
        return _collected([*self.terms.items(), *other.terms.items()])

    def __sub__(self, other: Polynomial) -> Polynomial:
        return self + other * Polynomial.constant(-1)

    def __mul__(self, other: Polynomial) -> Polynomial:
        return _collected(
            (tuple(sorted(left + right)), first * second)
            for left, first in self.terms.items()
            for right, second in other.terms.items()
        )

    @property
    def atoms(self) -> set[Atom]:
        """The atoms in it."""
        return {atom for product in self.terms for atom in product}

    @property
    def value(self) -> Fraction | None:
        """The value of a constant polynomial; None for any other."""
        if self.atoms:
            return None
        return self.terms.get((), Fraction(0))

    def whole(self) -> Polynomial:
        """Return a positive multiple of it with integer coefficients."""
        common = lcm(*(number.denominator for number in self.terms.values()))
        return self * Polynomial.constant(common)

    def is_positive(self, may_be_zero: Callable[[str], bool]) -> bool:
        """Tell whether it is positive for all values of its atoms, of which some may be 0."""
        sure = any(
            all(not atom.operation and not may_be_zero(atom.name) for atom in product)
            for product in self.terms
        )
        return sure and all(number > 0 for number in self.terms.values())

    def bounds(self, bounds: Bounds) -> Interval:
        """Return the exact least and largest value; the coefficients must be integers."""
        low = self._sum(bounds, 0)
        return low, low if self._is_single(bounds) else self._sum(bounds, 1)

    def _is_single(self, bounds: Bounds) -> bool:
        """Tell whether all boxes are single designs, whose bounds are the same object."""
        return all(bounds[atom][0] is bounds[atom][1] for atom in self.atoms)

    def signs(self, bounds: Bounds) -> Interval:
        """Return numbers with the signs of the least and the largest value."""
        if not self.atoms or self.fits(bounds):
            return self.bounds(bounds)
        low = self._near_signs(bounds, 0)
        return low, low if self._is_single(bounds) else self._near_signs(bounds, 1)

    def int64_bounds(self, name: str, bounds: Bounds) -> tuple[Numbers, Numbers]:
        """Return the bounds as int64; an OverflowError gives this name if they may not fit."""
        if not self.fits(bounds):
            raise OverflowError(
                f"{name} may exceed the {INT64_MAX:,} that int64 holds; choose smaller axes"
            )
        low, high = self.bounds(bounds)
        least = np.asarray(low, dtype=np.int64)
        return least, least if high is low else np.asarray(high, dtype=np.int64)

    def fits(self, bounds: Bounds) -> bool:
        """Tell whether all intermediate results of a value fit into int64."""
        # A product of which one factor is 0 has other factors, which must fit, too.
        largest = {atom: max(1, int(np.max(bounds[atom][1]))) for atom in self.atoms}
        return bool(self._magnitude(largest) <= INT64_MAX)

    def _magnitude(self, sizes: Mapping[Atom, Count]) -> Count:
        total: Count = 0
        for product, number in self.terms.items():
            size: Count = abs(int(number))
            for atom in product:
                size = size * sizes[atom]
            total = total + size
        return total

    def _sum(self, bounds: Bounds, upper: int) -> Count:
        total: Count | None = None
        for product, number in self.terms.items():
            side = upper if number > 0 else 1 - upper
            factors = [bounds[atom][side] for atom in product]
            if number != 1 or not factors:  # each factor is a pass over all designs
                factors.insert(0, int(number))
            term = prod(factors[1:], start=factors[0])
            total = term if total is None else total + term
        return 0 if total is None else total

    def _near_signs(self, bounds: Bounds, upper: int) -> Numbers:
        """Return the signs of values beyond int64: by float64 where certain, else exactly."""
        bounds = {atom: bounds[atom] for atom in self.atoms}
        sides = [side for both in bounds.values() for side in both]
        shape = np.broadcast_shapes(*map(np.shape, sides))
        near, scale = np.zeros(shape), np.zeros(shape)
        if all(abs(number) < _FLOAT_MAX for number in self.terms.values()):
            floats = {
                atom: (np.asarray(low, dtype=np.float64), np.asarray(high, dtype=np.float64))
                for atom, (low, high) in bounds.items()
            }
            with np.errstate(over="ignore", invalid="ignore"):
                near = np.asarray(self._sum(floats, upper), dtype=np.float64)
                scale = self._magnitude({atom: sides[1] for atom, sides in floats.items()})
        # Also false where a float is infinite or, from infinity - infinity, not a number.
        is_sure = np.abs(near) > scale * _SLACK
        signs: Numbers = np.array(np.sign(np.where(is_sure, near, 0)), dtype=np.int64)
        if not np.all(is_sure):
            close = ~is_sure

            def exactly(side: Count) -> Numbers:
                whole = np.broadcast_to(np.asarray(side, dtype=object), near.shape)
                return np.asarray(whole[close])

            exact = {atom: (exactly(low), exactly(high)) for atom, (low, high) in bounds.items()}
            sums = self._sum(exact, upper)
            signs[close] = np.sign(np.asarray(sums, dtype=object)).astype(np.int64)
        return signs


def _collected(pairs: Iterable[tuple[tuple[Atom, ...], Fraction]]) -> Polynomial:
    terms: dict[tuple[Atom, ...], Fraction] = {}
    for product, number in pairs:
        terms[product] = terms.get(product, Fraction(0)) + number
    return Polynomial({product: number for product, number in terms.items() if number})
