"""Design spaces: find the convolutions that fit a budget, among very many."""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from convcost._sweeps.equal_costs import crossings
    from convcost._sweeps.solving import solve
    from convcost._sweeps.space import Space, sweep

__all__ = ["Space", "crossings", "solve", "sweep"]

_HOMES = {
    "Space": "_sweeps.space",
    "crossings": "_sweeps.equal_costs",
    "solve": "_sweeps.solving",
    "sweep": "_sweeps.space",
}
# These compute with NumPy's arrays, so their modules can't even be imported without it.
_WITH_NUMPY = {"Space": "design spaces need", "solve": "solve needs", "sweep": "design spaces need"}


# Hidden from type checkers, which would take any name for one of these.
if not TYPE_CHECKING:

    def __getattr__(name: str) -> object:
        if name not in _HOMES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        if name in _WITH_NUMPY:
            try:
                import_module("numpy")
            except ImportError as error:
                message = f'{_WITH_NUMPY[name]} numpy: pip install "convcost[sweeps]"'
                raise ImportError(message) from error
        return getattr(import_module(f"convcost.{_HOMES[name]}"), name)
