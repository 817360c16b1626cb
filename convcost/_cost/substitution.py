"""Sizes in place of the symbols of a cost or a ratio."""

from typing import cast

from convcost._exact.kinds import is_expression
from convcost._exact.scalars import COUNT, QUOTIENT, SIZE, did_you_mean, is_array, refuse
from convcost._exact.sizes import check_integer, check_size

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any, TypeVar

    from convcost._exact.types import Count

    V = TypeVar("V")

_GIVEN = "a dict such as {m: 32}, a list of pairs, or a symbol and its size"


def substituted(value: "V", given: "tuple[object, ...]", allowed: str) -> "V":
    """Return a cost or a ratio with sizes for its symbols; `Cost.subs` documents it.

    Parameters
    ----------
    value
        What has symbols.
    given
        The sizes.
    allowed
        What its numbers are: `COUNT` or `QUOTIENT`.
    """
    make, parts = cast("tuple[Callable[..., V], tuple[object, ...]]", value.__reduce__())
    symbols: dict[str, list[Any]] = {}
    for symbol in set().union(*map(_symbols, _expressions(parts))):
        symbols.setdefault(symbol.name, []).append(symbol)
    sizes = dict(_pairs(given))
    exact: dict[Any, Count] = {}
    for name, size in sizes.items():
        if name not in symbols:
            known = sorted(symbols)
            there = f"its symbols are {', '.join(known)}" if known else "it has no symbols"
            raise ValueError(
                f"it has no symbol {name!r}{did_you_mean(name, known) or f'; {there}'}"
            )
        checked = check_integer(name, size)
        if is_array(checked):
            refuse(TypeError, name, size, "an integer or an expression: arrays go into the call")
        exact |= dict.fromkeys(symbols[name], checked)
    return make(*[_replaced(part, exact, allowed) for part in parts])


def _pairs(given: "tuple[object, ...]") -> "Iterator[tuple[str, object]]":
    """Yield the names of symbols with their sizes, of whatever SymPy's `subs` takes."""
    pairs: Any = [given] if len(given) == 2 else given[0] if len(given) == 1 else None
    if isinstance(pairs, dict):
        pairs = list(pairs.items())
    if not isinstance(pairs, (list, tuple)) or not all(
        isinstance(pair, (list, tuple)) and len(pair) == 2 for pair in pairs
    ):
        refuse(TypeError, "subs", given, _GIVEN)
    for symbol, size in pairs:
        name = symbol if isinstance(symbol, str) else getattr(symbol, "name", None)
        if not isinstance(name, str):
            refuse(TypeError, "subs", symbol, "a symbol, or its name")
        yield name, size


def _expressions(part: object) -> "Iterator[Any]":
    if isinstance(part, tuple):
        for one in part:
            yield from _expressions(one)
    elif is_expression(part):
        yield part


def _symbols(expression: "Any") -> "set[Any]":
    found: set[Any] = expression.free_symbols
    return found


def _replaced(part: "Any", sizes: "dict[Any, Count]", allowed: str) -> "Any":
    """Return a part of a cost with sizes: a count, or nested tuples of formulas and their sizes."""
    if isinstance(part, tuple):
        # Of a formula come its sizes: a side of -1 would cost nothing that exists.
        return tuple([_replaced(one, sizes, SIZE if _is_term(part) else allowed) for one in part])
    if not is_expression(part):
        return part
    from fractions import Fraction

    import sympy

    made = part.xreplace({symbol: sympy.sympify(size) for symbol, size in sizes.items()})
    if not made.is_number:
        return made
    if allowed is QUOTIENT:
        return Fraction(check_size("the ratio", made, allowed))
    if not (made.is_Integer and made >= (0 if allowed is COUNT else 1)):
        shown = ", ".join(f"{symbol} = {size}" for symbol, size in sizes.items())
        raise ValueError(f"no layer has such sizes: {part} would be {made} for {shown}")
    return int(made)


def _is_term(part: "tuple[Any, ...]") -> bool:
    return len(part) > 1 and callable(part[0]) and isinstance(part[1], tuple)
