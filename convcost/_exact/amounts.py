"""Numbers as people type them: `1k`, `300M`, `3e8` and `4MiB`, read exactly."""

from __future__ import annotations

import re
from fractions import Fraction
from keyword import iskeyword
from typing import NoReturn

from convcost._exact.scalars import check_real, did_you_mean, shorten

_NUMBER = re.compile(r"(\d+(?:_\d+)*)(?:\.(\d+(?:_\d+)*))?(?:[eE]([+-]?\d{1,3}))?\s*(\w*)")
# The same with a unit in an expression; or a text in quotation marks, which has no numbers.
_IN_TEXT = re.compile(
    r"'[^'\n]*'|\"[^\"\n]*\"|"
    r"(?<![\w.])\d[\d_]*+(?:\.\d[\d_]*+)?+(?:[eE][+-]?\d+)?+(?P<unit>[A-Za-z]\w*)",
    re.ASCII,
)
_PYTHON = re.compile(r"0[xXoObB][\da-fA-F_]+|[\d_.]+[jJ]")
_PERCENT = re.compile(r"(\d+(?:\.\d+)?)\s*%")
_THOUSANDS = {"": 1, "k": 10**3, "K": 10**3, "M": 10**6, "G": 10**9, "T": 10**12}
_BYTES = {
    "": 1,
    "B": 1,
    **{f"{unit}B": number for unit, number in _THOUSANDS.items() if unit},
    **{f"{unit}iB": 1024**power for power, unit in enumerate(("K", "M", "G", "T"), start=1)},
}
COUNT = "an integer, which may be written as 1k, 300M, 1.5G or 3e8"
SIZE = "an integer of bytes, or a size such as 4MiB (1024 * 1024 bytes each) or 4MB (a million)"
SHARE = "a percentage such as '1%', or a number below 1 such as 0.01"
# Python refuses to read longer integers.
_LONGEST = 4200


def read_count(name: str, value: object, allowed: str = COUNT) -> int:
    """Return a whole number, given as one or as text with a unit.

    Parameters
    ----------
    name
        The argument's name, for an error.
    value
        A number, or a text: `1k` is 1,000, `1.5M` 1,500,000, `2G` two billions, `3e8` and
        `300_000` as in Python.
    allowed
        What is allowed, for an error.

    Returns
    -------
    int
        The number.

    Raises
    ------
    TypeError, ValueError
        If it is neither, or not whole.

    Examples
    --------
    >>> read_count("max_macs", "1.5M"), read_count("max_macs", "3e8"), read_count("m", 64)
    (1500000, 300000000, 64)
    >>> read_count("max_macs", "4MiB")
    Traceback (most recent call last):
        ...
    ValueError: max_macs must be an integer, which may be written as 1k, 300M, 1.5G or 3e8; \
got '4MiB', which is a size in bytes
    """
    return _read(name, value, _THOUSANDS, allowed)


def read_size(name: str, value: object) -> int:
    """Return a number of bytes, given as one or as text with a unit.

    Examples
    --------
    >>> read_size("max_size", "4MiB"), read_size("max_size", "4MB"), read_size("max_size", 100)
    (4194304, 4000000, 100)
    >>> read_size("max_size", "4M")
    Traceback (most recent call last):
        ...
    ValueError: max_size must be an integer of bytes, or a size such as 4MiB (1024 * 1024 bytes \
each) or 4MB (a million); got '4M'; did you mean '4MB' or '4MiB'?
    """
    return _read(name, value, _BYTES, SIZE)


def read_share(name: str, value: object) -> Fraction:
    """Return a non-negative share, given as a number or as a percentage.

    Examples
    --------
    >>> read_share("tolerance", "1%"), read_share("tolerance", "0.5%"), read_share("tolerance", 0)
    (Fraction(1, 100), Fraction(1, 200), Fraction(0, 1))
    """
    if not isinstance(value, str):
        # As it prints: 0.01 is a hundredth, not the binary fraction nearest to it.
        exact = Fraction(str(value)) if type(value) is float and _is_finite(value) else value
        return _below_one(name, value, check_real(name, exact, SHARE, least=0))
    percent = _PERCENT.fullmatch(value.strip())
    if percent and len(value) <= _LONGEST:
        return Fraction(percent[1]) / 100
    plain = _matched(value)
    if plain is None or plain[4]:
        _refuse(name, value, SHARE)
    return _below_one(name, value, _exact(plain))


def _below_one(name: str, value: object, share: Fraction) -> Fraction:
    if share >= 1:
        hint = f": a percentage has its sign, as in '{share}%'" if share.denominator == 1 else ""
        _refuse(name, value, SHARE, hint)
    return share


def _is_finite(value: float) -> bool:
    return abs(value) < float("inf")


def is_count(text: str) -> bool:
    """Tell whether a text stands for a whole number.

    Examples
    --------
    >>> is_count("300M"), is_count("3e8"), is_count("same"), is_count("-3"), is_count("1.5")
    (True, True, False, False, False)
    """
    found = _matched(text)
    if found is None or found[4] not in _THOUSANDS:
        return False
    return (_exact(found) * _THOUSANDS[found[4]]).denominator == 1


def masked(text: str) -> str:
    """Return an expression with underscores in place of numbers with units, as many as there were.

    To Python's grammar, these are names. Texts in quotation marks stay as they are.

    Examples
    --------
    >>> masked("macs <= 1.5M and kind == '2k' and m < 3e8")
    "macs <= ____ and kind == '2k' and m < 3e8"
    """
    return _IN_TEXT.sub(lambda one: "_" * len(one[0]) if _is_amount(one) else one[0], text)


def _is_amount(found: re.Match[str]) -> bool:
    # `3or m` and 0x10 are Python.
    return found["unit"] is not None and not (
        iskeyword(found["unit"]) or _PYTHON.fullmatch(found[0])
    )


def read_amount(text: str) -> Fraction:
    """Return a number that `masked` replaced, which need not be whole.

    Raises
    ------
    ValueError
        If its unit is not that of a count; the message is the end of one, such as a near unit.

    Examples
    --------
    >>> read_amount("1.5M"), read_amount("1.5k") / 2
    (Fraction(1500000, 1), Fraction(750, 1))
    >>> read_amount("300m")
    Traceback (most recent call last):
        ...
    ValueError: ; did you mean '300M'?
    """
    found = _matched(text)
    if found is None or found[4] not in _THOUSANDS:
        raise ValueError("" if found is None else _hint(found, _THOUSANDS))
    return _exact(found) * _THOUSANDS[found[4]]


def _matched(text: str) -> re.Match[str] | None:
    return None if len(text) > _LONGEST else _NUMBER.fullmatch(text.strip())


def _refuse(name: str, value: object, allowed: str, hint: str = "") -> NoReturn:
    raise ValueError(f"{name} must be {allowed}; got {shorten(value)}{hint}")


def _read(name: str, value: object, units: dict[str, int], allowed: str) -> int:
    if not isinstance(value, str):
        exact = check_real(name, value, allowed, least=0)
    else:
        found = _matched(value)
        if found is None:
            _refuse(name, value, allowed)
        unit = found[4]
        if unit not in units:
            _refuse(name, value, allowed, _hint(found, units))
        exact = _exact(found) * units[unit]
    if exact.denominator != 1:
        _refuse(name, value, allowed, ", which is not whole")
    return exact.numerator


def _exact(found: re.Match[str]) -> Fraction:
    whole, part, power, _ = found.groups(default="")
    return Fraction(f"{whole}.{part or 0}".replace("_", "")) * Fraction(10) ** int(power or 0)


def _hint(found: re.Match[str], units: dict[str, int]) -> str:
    """Return what is wrong with a unit, or which one was meant."""
    unit, number = found[4], found[0][: found.start(4) - found.start()].strip()
    if units is _THOUSANDS and unit in _BYTES:
        return ", which is a size in bytes"
    if units is _BYTES and unit in _THOUSANDS:
        meant = unit.upper()
        decimal = "kB" if meant == "K" else f"{meant}B"
        return f"; did you mean '{number}{decimal}' or '{number}{meant}iB'?"
    near = did_you_mean(unit, [one for one in units if one], most=1)
    return near.replace("mean '", f"mean '{number}")
