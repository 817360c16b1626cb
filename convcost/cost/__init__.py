"""The cost of a computation: the formula, `Cost` and `Ratio`, and how they are displayed."""

from convcost.cost.cost import Cost
from convcost.cost.ratio import Ratio

__all__ = ["Cost", "Ratio"]
