"""Machines and rooflines."""

from convcost._hardware.machines import MACHINES, Bound, Machine, find
from convcost._hardware.roofline import LayerBound, Prediction, predict, roofline

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
