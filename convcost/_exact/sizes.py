"""Checks of sizes: positive, exact numbers of elements or channels."""

import sys

from convcost._exact.dispatch import backend_for
from convcost._exact.scalars import SIZE, refuse

TYPE_CHECKING = False
if TYPE_CHECKING:
    from convcost._exact.types import Count


def check_sizes(names: "tuple[str, ...]", sizes: "tuple[object, ...]") -> "tuple[Count, ...]":
    """Return the sizes in exact form, or raise an error that names the offending argument.

    Examples
    --------
    >>> check_sizes(("dk", "m"), (3, 32))
    (3, 32)
    >>> check_sizes(("dk",), (3.0,))
    Traceback (most recent call last):
        ...
    TypeError: dk must be a positive integer (a Python int, a NumPy integer, a NumPy array of \
integers, or a SymPy expression); got 3.0 (float)
    """
    exact = tuple(map(check_size, names, sizes))
    return backend_for(*exact).align(names, exact)


def check_size(name: str, size: object, allowed: str = SIZE) -> "Count":
    """Return a size (or a count, with `allowed=COUNT`) in exact form; an error names it."""
    return backend_for(size).check(name, size, allowed)


def check_integer(name: str, value: object, allowed: str = SIZE) -> "Count":
    """Return a size as `check_size` does, but raise an error for a fraction, too.

    Examples
    --------
    >>> from fractions import Fraction
    >>> check_integer("filters", Fraction(65, 2))
    Traceback (most recent call last):
        ...
    TypeError: filters must be a positive integer (a Python int, a NumPy integer, a NumPy array of \
integers, or a SymPy expression); got Fraction(65, 2) (Fraction)
    """
    if type(value) is int and value > 0:
        return value
    exact = check_size(name, value, allowed)
    return backend_for(exact).require_integers(name, exact, allowed, value)


def check_flag(name: str, value: object) -> bool:
    """Return True or False; raise TypeError for anything else.

    Examples
    --------
    >>> check_flag("bias", "no")
    Traceback (most recent call last):
        ...
    TypeError: bias must be True or False; got 'no' (str)
    """
    if value is True or value is False:
        return bool(value)
    numpy = sys.modules.get("numpy")
    if numpy and isinstance(value, numpy.bool_):
        return bool(value)
    refuse(TypeError, name, value, "True or False")
