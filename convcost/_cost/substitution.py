"""Sizes in place of the symbols of a cost."""

from typing import cast

from convcost._exact.kinds import is_expression
from convcost._exact.scalars import COUNT, SIZE, did_you_mean, is_array, refuse
from convcost._exact.sizes import check_integer

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any, TypeVar

    from convcost._exact.types import Count

    V = TypeVar("V")

_GIVEN = "a dict such as {m: 32}, a list of pairs, or a symbol and its size"


def substituted(value: "V", given: "tuple[object, ...]") -> "V":
    """Return a cost with sizes for its symbols; `Cost.subs` documents it.

    Parameters
    ----------
    value
        What has symbols.
    given
        The sizes.
    """
    make, parts = cast("tuple[Callable[..., V], tuple[object, ...]]", value.__reduce__())
    symbols = set().union(*map(_symbols, _expressions(parts)))
    exact: dict[Any, Count] = {}
    for key, size in _pairs(given):
        symbol = _meant(key, symbols)
        if symbol in exact:
            raise ValueError(f"{symbol} is given twice")
        name = symbol.name
        checked = check_integer(name, size)
        if is_array(checked):
            refuse(TypeError, name, size, "an integer or an expression: arrays go into the call")
        exact[symbol] = checked
    return make(*[_replaced(part, exact, COUNT) for part in parts])


def _meant(key: object, symbols: "set[Any]") -> "Any":
    """Return the symbol that is given, or the only one of its name."""
    if key in symbols:
        return key
    name = key if isinstance(key, str) else getattr(key, "name", None)
    if not isinstance(name, str):
        refuse(TypeError, "subs", key, "a symbol, or its name")
    named = [symbol for symbol in symbols if symbol.name == name]
    if len(named) > 1:
        raise ValueError(f"it has {len(named)} symbols with the name {name!r}: give the symbols")
    if not named:
        known = sorted({symbol.name for symbol in symbols})
        there = f"its symbols are {', '.join(known)}" if known else "it has no symbols"
        raise ValueError(f"it has no symbol {name!r}{did_you_mean(name, known) or f'; {there}'}")
    return named[0]


def _pairs(given: "tuple[object, ...]") -> "Iterator[tuple[object, object]]":
    """Yield what is given with its size, of whatever SymPy's `subs` takes."""
    pairs: Any = [given] if len(given) == 2 else given[0] if len(given) == 1 else None
    if isinstance(pairs, dict):
        pairs = list(pairs.items())
    if not isinstance(pairs, (list, tuple)) or not all(
        isinstance(pair, (list, tuple)) and len(pair) == 2 for pair in pairs
    ):
        refuse(TypeError, "subs", given, _GIVEN)
    yield from pairs


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
    import sympy

    made = part.xreplace({symbol: sympy.sympify(size) for symbol, size in sizes.items()})
    if not made.is_number:
        return made
    if not (made.is_Integer and made >= (0 if allowed is COUNT else 1)):
        shown = ", ".join(f"{symbol} = {size}" for symbol, size in sizes.items())
        raise ValueError(f"no layer has such sizes: {part} would be {made} for {shown}")
    return int(made)


def _is_term(part: "tuple[Any, ...]") -> bool:
    return len(part) > 1 and callable(part[0]) and isinstance(part[1], tuple)
