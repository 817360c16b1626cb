"""Exact numbers of every kind: integers, fractions, symbols, arrays.

`arithmetic` computes with them and `sizes` checks them; the backends below know one kind each.
"""

# Costs and layers are generic for type checkers, without loading `typing` for it.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Generic as Generic

    from convcost._exact.types import K as K
    from convcost._exact.types import N as N
else:
    K = N = None

    class Generic:
        """A class with the kind of its numbers as a parameter: `Cost[int]`."""

        __slots__ = ()
        # As `list` has it.
        __class_getitem__ = classmethod(type(list[int]))
