"""Rooflines: the least time that a cost can take on a machine.

A machine computes no faster than its peak, and moves bytes no faster than its bandwidth, so any
work takes at least the longer of the two times. Fewer MACs save time only where the compute time
is the longer one.
"""

from convcost.hardware.machines import MACHINES, Bound, Machine, find
from convcost.hardware.roofline import LayerBound, Prediction, predict, roofline

Share = LayerBound  # the old name, kept for compatibility

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
