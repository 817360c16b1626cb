"""What a convolution costs: exact parameters, MACs and FLOPs, as numbers, formulas and arrays.

Examples
--------
>>> import convcost
>>> print(convcost.separable(3, 32, 64, 28))
2,400 parameters, 1,831,424 MACs (3,662,848 FLOPs), 50,176 bias additions
>>> print(convcost.ratio(3, 32, 64))
parameters 75/578 = 0.1298 (7.71 times fewer), MACs 73/576 = 0.1267 (7.89 times fewer)
"""

from convcost.cost.convolutions import depthwise, pointwise, ratio, separable, standard
from convcost.cost.cost import Cost
from convcost.cost.ratio import Ratio

__all__ = [
    "Cost",
    "ModelError",
    "Network",
    "Ratio",
    "Space",
    "UnknownLayerError",
    "__version__",
    "compare",
    "crossings",
    "depthwise",
    "from_keras",
    "geometry",
    "hardware",
    "layers",
    "plot_front",
    "plot_ratio",
    "pointwise",
    "ratio",
    "separable",
    "solve",
    "standard",
    "summary",
    "sweep",
    "symbols",
    "verify",
]


# The build reads it from this line, without importing anything.
__version__ = "0.1.0"

# Where to find the names that are imported on first use: modules, and names in them.
_MODULES = {
    "formulas": "cost.formulas",
    "geometry": "geometry",
    "hardware": "hardware",
    "layers": "layers",
    "symbols": "symbols",
    "verify": "verify",
}
_HOMES = {
    "ModelError": "models.errors",
    "Network": "models.network",
    "Space": "sweeps",
    "UnknownLayerError": "models.errors",
    "compare": "report",
    "crossings": "sweeps",
    "from_keras": "models.read",
    "plot_front": "report",
    "plot_ratio": "report",
    "solve": "sweeps",
    "summary": "report",
    "sweep": "sweeps",
}


def __getattr__(name: str) -> object:
    # Imported on first use, so that `import convcost` loads only arithmetic.
    home = _MODULES.get(name) or _HOMES.get(name)
    if home is not None:
        from importlib import import_module

        module = import_module(f"{__name__}.{home}")
        return module if name in _MODULES else getattr(module, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
