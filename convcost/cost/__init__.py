"""What a computation costs: the one formula, `Cost` and `Ratio`, and how they show themselves."""

from convcost.cost.cost import Cost
from convcost.cost.ratio import Ratio

__all__ = ["Cost", "Ratio"]
