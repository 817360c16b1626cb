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
        if all(bounds[atom][0] is bounds[atom][1] for atom in self.atoms):
            return low, low
        return low, self._sum(bounds, 1)

    def signs(self, bounds: Bounds) -> Interval:
        """Return numbers with the signs of the least and the largest value."""
        if self.fits(bounds):
            return self.bounds(bounds)
        return self._near_signs(bounds, 0), self._near_signs(bounds, 1)

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
        largest = {atom: int(np.max(bounds[atom][1])) for atom in self.atoms}
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
        floats = {
            atom: (np.asarray(low, dtype=np.float64), np.asarray(high, dtype=np.float64))
            for atom, (low, high) in bounds.items()
        }
        near = np.asarray(self._sum(floats, upper))
        scale = self._magnitude({atom: sides[1] for atom, sides in floats.items()})
        signs: Numbers = np.sign(near).astype(np.int64)
        close = np.abs(near) <= scale * _SLACK
        if np.any(close):
            exact = {
                atom: tuple(
                    np.broadcast_to(np.asarray(side, dtype=object), near.shape)[close]
                    for side in sides
                )
                for atom, sides in bounds.items()
            }
            sums = self._sum(exact, upper)
            signs[close] = np.sign(np.asarray(sums)).astype(np.int64)
        return signs


def _collected(pairs: Iterable[tuple[tuple[Atom, ...], Fraction]]) -> Polynomial:
    terms: dict[tuple[Atom, ...], Fraction] = {}
    for product, number in pairs:
        terms[product] = terms.get(product, Fraction(0)) + number
    return Polynomial({product: number for product, number in terms.items() if number})
