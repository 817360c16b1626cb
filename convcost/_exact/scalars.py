"""Exact scalars: which are allowed, how they print, and the error for everything else."""

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from fractions import Fraction
    from typing import Any, NoReturn

    from convcost._exact.types import Count

KINDS = "(a Python int, a NumPy integer, a NumPy array of integers, or a SymPy expression)"
SIZE = f"a positive integer {KINDS}"
COUNT = f"a non-negative integer {KINDS}"
QUOTIENT = "a non-negative, exact number (an int, a Fraction or a SymPy expression), or an array"
# Python refuses to print longer integers by default; 4,300 digits are about 14,284 bits.
_PRINTABLE_BITS = 14_000


def check_scalar(name: str, value: object, allowed: str = SIZE) -> "Count":
    """Return a number as a Python int, or as a Fraction if it is not whole; else raise an error."""
    exact = _exact_number(value)
    if exact is None:
        refuse(TypeError, name, value, allowed)
    if exact < 0 or (exact == 0 and allowed not in (COUNT, QUOTIENT)):
        refuse(ValueError, name, value, allowed)
    return exact


def check_number(name: str, value: object, allowed: str = "a positive integer") -> int:
    """Return a positive Python or NumPy integer as a Python int; else raise an error.

    Examples
    --------
    >>> check_number("k", 10)
    10
    >>> check_number("k", 0)
    Traceback (most recent call last):
        ...
    ValueError: k must be a positive integer; got 0 (int)
    """
    exact = _exact_number(value)
    if type(exact) is not int:
        refuse(TypeError, name, value, allowed)
    if exact < 1:
        refuse(ValueError, name, value, allowed)
    return exact


def _exact_number(value: object) -> "Count":
    """Return an exact scalar as a Python int, or as a Fraction if it is not whole; else None."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return int(value)
    fractions, numpy = sys.modules.get("fractions"), sys.modules.get("numpy")
    if fractions and isinstance(value, fractions.Fraction):
        return value.numerator if value.denominator == 1 else value
    # NumPy's timedelta64 is an integer type, but three seconds are not three channels.
    if numpy and isinstance(value, numpy.integer) and not isinstance(value, numpy.timedelta64):
        return int(value)
    return None


def check_real(name: str, value: object, allowed: str, *, least: int = 1) -> "Fraction":
    """Return a finite number exactly, floats included; else raise an error.

    It must be above zero, or with `least=0` zero or more.

    Examples
    --------
    >>> check_real("seconds", 0.5, "a positive number")
    Fraction(1, 2)
    """
    from fractions import Fraction
    from numbers import Real

    if getattr(value, "ndim", None) == 0 and hasattr(value, "item"):
        value = value.item()  # a scalar of NumPy, or an array of one
    is_real = isinstance(value, Real) or hasattr(value, "as_integer_ratio")
    if isinstance(value, (bool, type)) or not is_real:
        refuse(TypeError, name, value, allowed)
    try:
        exact = Fraction(*map(int, _ratio_of(value)))
    except (ValueError, OverflowError):  # not a number, or infinite
        refuse(ValueError, name, value, allowed)
    if exact < 0 or (exact == 0 and least):
        refuse(ValueError, name, value, allowed)
    return exact


def _ratio_of(value: "Any") -> "tuple[int, int]":
    # SymPy's Float has no ratio of its own.
    number = value if hasattr(value, "as_integer_ratio") else float(value)
    ratio: tuple[int, int] = number.as_integer_ratio()
    return ratio


def is_array(value: object) -> bool:
    """Tell whether a checked value is an array, without importing NumPy."""
    return hasattr(value, "ndim")


def refuse(error: "type[Exception]", name: str, value: object, allowed: str = SIZE) -> "NoReturn":
    """Raise the error with the argument's name, its value and type, and what is allowed."""
    kind = "type" if isinstance(value, type) else type(value).__name__
    hint = ""
    if isinstance(value, str) and "'" in allowed:
        words = allowed.split("'")[1::2]
        hint = "" if value in words else did_you_mean(value, words)
    raise error(f"{name} must be {allowed}; got {shorten(value)} ({kind}){hint}")


def refuse_choice(name: str, value: object, choices: "Iterable[str]", of: str = "") -> "NoReturn":
    """Raise ValueError with the choices, `of` which they are, and the nearest one to a typo."""
    choices = list(choices)
    raise ValueError(
        f"{name} must be one of {', '.join(choices)}{of}; got {shorten(value)}"
        f" ({type(value).__name__}){did_you_mean(value, choices)}"
    )


def refuse_missing(name: str, error: TypeError) -> None:
    """Raise an error with the arguments that a call lacks, if that is what is wrong.

    Examples
    --------
    >>> refuse_missing("Dense", TypeError("__init__() missing 1 required argument: 'units'"))
    Traceback (most recent call last):
        ...
    TypeError: Dense needs units
    """
    _, missing, names = str(error).partition(" missing ")
    if missing and " required " in names:
        raise TypeError(f"{name} needs {names.partition(': ')[2].replace(chr(39), '')}") from None


def did_you_mean(name: object, known: "Iterable[str]", most: int = 3) -> str:
    """Return the end of an error message that suggests near names; empty if there are none.

    Examples
    --------
    >>> did_you_mean("flosp", ["flops", "macs"])
    "; did you mean 'flops'?"
    """
    near = near_names(name, known)[:most]
    return f"; did you mean {' or '.join(map(repr, near))}?" if near else ""


def near_names(name: object, known: "Iterable[str]") -> list[str]:
    """Return up to three known names that start with a mistyped one, resemble it or contain it.

    Examples
    --------
    >>> near_names("conv2d", ["Conv2D", "Dense"]), near_names("winograd", ["Conv2D", "Dense"])
    (['Conv2D'], [])
    >>> near_names("NVIDIA A100", ["NVIDIA V100", "NVIDIA A100 SXM4"])
    ['NVIDIA A100 SXM4']
    >>> near_names("A100", ["NVIDIA V100 SXM2", "NVIDIA A100 SXM4"])
    ['NVIDIA A100 SXM4']
    """
    from difflib import get_close_matches

    typed = str(name).lower()
    by_lowered = {one.lower(): one for one in known}
    # Too many names begin with the same one or two letters.
    longer = [one for one in by_lowered if len(typed) > 2 and one.startswith(typed)][:3]
    near = longer or get_close_matches(typed, by_lowered)
    if not near and len(typed) > 2:
        near = [one for one in by_lowered if typed in one][:3]
    return [by_lowered[one] for one in near]


def shorten(value: object) -> str:
    """Return the value's repr, shortened for an error message."""
    if isinstance(value, int) and value.bit_length() > _PRINTABLE_BITS:
        return printable(value)
    if isinstance(value, type):
        return value.__name__
    import reprlib

    short = reprlib.Repr()
    short.maxother = short.maxstring = short.maxlong = 80
    return " ".join(short.repr(value).split())


def printable(value: "Count", spec: str = "d") -> str:
    """Return the digits of an integer or fraction, or its size if Python refuses to print it.

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
    """Join names as in a sentence: a, b and c."""
    *head, last = names
    return f"{', '.join(head)} and {last}" if head else last
