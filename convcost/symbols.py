"""The four sizes as SymPy symbols for positive integers: `dk`, `m`, `n` and `df`.

SymPy is imported when the first of them is used.

Examples
--------
>>> import convcost
>>> from convcost.symbols import dk, m, n
>>> convcost.ratio(dk, m, n).macs
1/n + dk**(-2)
"""

from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sympy import Symbol

    dk: Symbol
    m: Symbol
    n: Symbol
    df: Symbol

__all__ = ["df", "dk", "m", "n"]


def symbol(name: str) -> "Symbol":
    """Return a symbol for a size: a positive integer.

    Parameters
    ----------
    name
        Name of the symbol.

    Returns
    -------
    sympy.Symbol
        The same object for the same name.

    Raises
    ------
    ImportError
        If SymPy is not installed.

    Examples
    --------
    >>> symbol("m").is_positive
    True
    """
    if not isinstance(name, str):
        raise TypeError(f"name must be a string; got {name!r}")
    return _make(name)


@cache
def _make(name: str) -> "Symbol":
    try:
        import sympy
    except ImportError as error:
        raise ImportError(
            'convcost.symbols needs SymPy: pip install "convcost[symbolic]"'
        ) from error
    made: Symbol = sympy.Symbol(name, integer=True, positive=True)
    return made


# Hidden from type checkers, which would take any name for a symbol.
if not TYPE_CHECKING:

    def __getattr__(name: str) -> "Symbol":
        if name in __all__:
            return symbol(name)
        raise AttributeError(
            f"module {__name__!r} has no attribute {name!r}; symbol({name!r}) makes that symbol"
        )


def __dir__() -> list[str]:
    return sorted(__all__)
