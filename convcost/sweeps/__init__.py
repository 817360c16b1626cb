"""Design spaces: which of very many convolutions fit a budget."""

from convcost.sweeps.solving import crossings, solve
from convcost.sweeps.space import Space, sweep

__all__ = ["Space", "crossings", "solve", "sweep"]
