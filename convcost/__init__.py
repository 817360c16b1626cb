"""What a convolution costs: exact parameters, MACs and FLOPs, as numbers, formulas and arrays.

Examples
--------
>>> import convcost
>>> print(convcost.separable(3, 32, 64, 28))
2,400 parameters, 1,831,424 MACs (3,662,848 FLOPs), 50,176 bias additions
>>> print(convcost.ratio(3, 32, 64))
parameters 75/578 = 0.1298 (7.71 times fewer), MACs 73/576 = 0.1267 (7.89 times fewer)
"""

from convcost._cost.convolutions import depthwise, pointwise, ratio, separable, standard
from convcost._cost.cost import Cost
from convcost._cost.ratio import Ratio

__all__ = [
    "Check",
    "Comparison",
    "Cost",
    "Explanation",
    "ModelError",
    "Models",
    "Network",
    "Ratio",
    "Report",
    "Row",
    "SavedReportError",
    "Space",
    "UnknownLayerError",
    "__version__",
    "check",
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
    "testing",
    "verify",
]


# The build reads it from this line, without importing anything.
__version__ = "0.1.0"

# The modules and names that are imported on first use.
_MODULES = ("formulas", "geometry", "hardware", "layers", "symbols", "testing", "verify")
_HOMES = {
    "Check": "_report.budgets",
    "Comparison": "_report.comparison",
    "Explanation": "_cost.explanation",
    "ModelError": "_models.errors",
    "Models": "_report.several",
    "Network": "_models.network",
    "Report": "_report.report",
    "Row": "_models.rows",
    "SavedReportError": "_models.errors",
    "Space": "_sweeps",
    "UnknownLayerError": "_models.errors",
    "check": "_report",
    "compare": "_report",
    "crossings": "_sweeps",
    "from_keras": "_models.read",
    "plot_front": "_report",
    "plot_ratio": "_report",
    "solve": "_sweeps",
    "summary": "_report",
    "sweep": "_sweeps",
}


def __getattr__(name: str) -> object:
    # Imported on first use, so that `import convcost` loads only arithmetic.
    if name in _MODULES or name in _HOMES:
        from importlib import import_module

        module = import_module(f"{__name__}.{_HOMES.get(name, name)}")
        return module if name in _MODULES else getattr(module, name)
    from convcost._exact.scalars import did_you_mean

    hint = "" if name.startswith("_") else did_you_mean(name, __all__)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}{hint}")


def __dir__() -> list[str]:
    return sorted(__all__)
