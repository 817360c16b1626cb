"""What a convolution costs: exact parameters, MACs and FLOPs, as numbers, formulas and arrays.

Examples
--------
>>> import convcost
>>> print(convcost.separable(3, 32, 64, 28))
2,400 parameters, 1,831,424 MACs (3,662,848 FLOPs), 50,176 bias additions
>>> print(convcost.ratio(3, 32, 64))
parameters 75/578 = 0.1298 (7.71 times fewer), MACs 73/576 = 0.1267 (7.89 times fewer)
"""

from convcost._version import __version__
from convcost.convolutions import depthwise, pointwise, ratio, separable, standard
from convcost.cost import Cost
from convcost.ratio import Ratio

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import ModuleType

    from convcost import geometry, layers, symbols, verify

__all__ = [
    "Cost",
    "Ratio",
    "__version__",
    "depthwise",
    "geometry",
    "layers",
    "pointwise",
    "ratio",
    "separable",
    "standard",
    "symbols",
    "verify",
]


def __getattr__(name: str) -> "ModuleType":
    # Found when first used, so that importing the library loads nothing but arithmetic.
    if name in ("geometry", "layers", "symbols", "verify"):
        from importlib import import_module

        return import_module(f"{__name__}.{name}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
