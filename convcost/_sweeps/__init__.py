"""Design spaces: find the convolutions that fit a budget, among very many."""

try:
    import numpy  # noqa: F401 - every module here needs it
except ImportError as error:
    raise ImportError('design spaces need numpy: pip install "convcost[sweeps]"') from error

from convcost._sweeps.equal_costs import crossings
from convcost._sweeps.solving import solve
from convcost._sweeps.space import Space, sweep

__all__ = ["Space", "crossings", "solve", "sweep"]
