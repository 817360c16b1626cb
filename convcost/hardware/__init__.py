"""What a machine allows: the roofline of a cost, and the least time that it can take.

A machine computes no faster than its peak, and moves bytes no faster than its bandwidth. Whatever
it does takes at least the longer of the two times. A saving in MACs is a saving in time only where
the first is the longer one.
"""

from convcost.hardware.machines import MACHINES, Bound, Machine, find
from convcost.hardware.roofline import LayerBound, Prediction, predict, roofline

Share = LayerBound  # its old name, which goes on working

__all__ = [
    "MACHINES",
    "Bound",
    "LayerBound",
    "Machine",
    "Prediction",
    "Share",
    "find",
    "predict",
    "roofline",
]
