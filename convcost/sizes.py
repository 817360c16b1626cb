"""What a size may be: a positive, exact number of elements or channels; everything else is refused.

NumPy and SymPy are consulted only where they are loaded already: a value can't be one of theirs
otherwise, so checking it imports neither.
"""

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any, NoReturn

    from convcost._typing import Count

_KINDS = "(a Python int, a NumPy integer, a NumPy array of integers, or a SymPy expression)"
SIZE = f"a positive integer {_KINDS}"
COUNT = f"an integer of 0 or more {_KINDS}"
# Python refuses to print longer integers by default; 4,300 digits are about 14,284 bits.
_PRINTABLE_BITS = 14_000


def check_sizes(names: "tuple[str, ...]", sizes: "tuple[Any, ...]") -> "tuple[Count, ...]":
    """Return the sizes in exact form, or raise the error that names the offending argument.

    Parameters
    ----------
    names
        The arguments' names, for the error messages.
    sizes
        What the caller gave for them.

    Returns
    -------
    tuple
        Python integers (or fractions, where they aren't whole), SymPy expressions, and int64 or
        object arrays. Where an array stands beside a symbol or a fraction, every array is an
        object array.

    Raises
    ------
    TypeError
        If a size is not an exact number: a float, a bool, a string, None, an array of floats.
    ValueError
        If a size is zero, negative or empty, or if arrays do not broadcast together.
    OverflowError
        If an array's value does not fit into int64.

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
    for size in sizes:
        if type(size) is not int or size <= 0:
            break
    else:
        return sizes
    exact = tuple(map(check_size, names, sizes))
    if any(hasattr(size, "ndim") for size in exact):
        from convcost import arrays

        return arrays.align(names, exact)
    return exact


def check_size(name: str, size: "Any", allowed: str = SIZE) -> "Count":
    """Return one size (or, with `allowed=COUNT`, one count) in exact form, or refuse it by name."""
    numpy, sympy = sys.modules.get("numpy"), sys.modules.get("sympy")
    if numpy and isinstance(size, numpy.ndarray):
        from convcost import arrays

        return arrays.check_axis(name, size, allowed)
    if sympy and isinstance(size, sympy.Basic):
        from convcost import symbolic

        return symbolic.check_expression(name, size, allowed)
    exact = _exact_number(size)
    if exact is None:
        refuse(TypeError, name, size, allowed)
    if exact < 0 or (exact == 0 and allowed is not COUNT):
        refuse(ValueError, name, size, allowed)
    return exact


def _exact_number(value: "Any") -> "Count":
    """Return an exact scalar as a Python int, or as a Fraction where it isn't whole; else None."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return int(value)
    fractions, numpy = sys.modules.get("fractions"), sys.modules.get("numpy")
    if fractions and isinstance(value, fractions.Fraction):
        return value.numerator if value.denominator == 1 else value
    if numpy and isinstance(value, numpy.integer):
        return int(value)
    return None


def check_bias(bias: "Any") -> int:
    """Return 1 or 0 for True or False, and refuse everything else.

    Examples
    --------
    >>> check_bias(True)
    1
    >>> check_bias("no")
    Traceback (most recent call last):
        ...
    TypeError: bias must be True or False; got 'no' (str)
    """
    if bias is True:
        return 1
    if bias is False:
        return 0
    numpy = sys.modules.get("numpy")
    if numpy and isinstance(bias, numpy.bool_):
        return int(bias)
    refuse(TypeError, "bias", bias, "True or False")


def refuse(error: "type[Exception]", name: str, value: "Any", allowed: str = SIZE) -> "NoReturn":
    """Raise the error with the argument's name, its value and type, and what is allowed."""
    raise error(f"{name} must be {allowed}; got {shorten(value)} ({type(value).__name__})")


def shorten(value: "Any") -> str:
    """Return the value's repr, cut to a length that fits into a message."""
    if isinstance(value, int) and value.bit_length() > _PRINTABLE_BITS:
        return printable(value)
    import reprlib

    short = reprlib.Repr()
    short.maxother = short.maxstring = short.maxlong = 80
    return " ".join(short.repr(value).split())


def printable(value: "Count", spec: str = "d") -> str:
    """Return the digits of an integer or fraction, or their number where Python refuses to print.

    Examples
    --------
    >>> printable(28901376, ",")
    '28,901,376'
    >>> printable(10**5000)
    '<integer of 16610 bits>'
    """
    if value.denominator != 1:
        return f"{printable(value.numerator, spec)}/{printable(value.denominator, spec)}"
    integer = value.numerator
    if integer.bit_length() > _PRINTABLE_BITS:
        return f"<integer of {integer.bit_length()} bits>"
    return format(integer, spec)


def join_names(names: "Sequence[str]") -> str:
    """Join names as a sentence does: a, b and c."""
    *head, last = names
    return f"{', '.join(head)} and {last}" if head else last
