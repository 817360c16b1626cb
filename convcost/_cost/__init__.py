"""The cost of a computation: the formula, `Cost` and `Ratio`, and how they are displayed."""

from convcost._cost.cost import Cost
from convcost._cost.ratio import Ratio

__all__ = ["Cost", "Ratio"]
