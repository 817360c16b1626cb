"""Classes that are generic for type checkers, though importing the library loads no `typing`."""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Generic

    from convcost.exact.types import N as N

    class Numeric(Generic[N]):
        """A class with the kind of its numbers as its parameter: `Cost[int]`."""

        __slots__ = ()
else:
    N = None

    class Numeric:
        """A class with the kind of its numbers as its parameter: `Cost[int]`."""

        __slots__ = ()
        # As `typing.Generic` and `list` have it.
        __class_getitem__ = classmethod(type(list[int]))
