"""What a recurrent layer returns of what its cell computes."""

from __future__ import annotations

from typing import NamedTuple


class Returns(NamedTuple):
    """What a recurrent layer returns: the output of each step or the last one, and the states."""

    sequences: bool
    states: bool
