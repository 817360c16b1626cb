"""The loops and the branches around a call, and where in a user's code it is written."""

from __future__ import annotations

from typing import Any, NamedTuple


class Choice(NamedTuple):
    """A branch of a conditional: the number of the conditional, and which of how many it is."""

    number: int
    branch: int
    branches: int


class Around(NamedTuple):
    """The loops and the branches around a call, outermost first, and where it is written.

    Attributes
    ----------
    times
        How often each loop runs: a number, or the side of a tensor; None if that is not known.
    choices
        The branches that it is in.
    place
        The file and the line of the user's code.
    """

    times: tuple[Any, ...] = ()
    choices: tuple[Choice, ...] = ()
    place: str = ""

    def inside(self, inner: Around) -> Around:
        """Return the loops and branches of both."""
        times, choices = self.times + inner.times, self.choices + inner.choices
        return inner._replace(times=times, choices=choices)

    def without(self, depth: int) -> Around:
        """Return the loops without one, counted from the outermost."""
        return self._replace(times=(*self.times[:depth], *self.times[depth + 1 :]))
