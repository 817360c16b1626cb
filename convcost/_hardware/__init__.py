"""Machines and rooflines."""

from convcost._hardware.machines import MACHINES, Bound, Machine, find
from convcost._hardware.roofline import LayerBound, Prediction, predict, roofline

__all__ = [
    "MACHINES",
    "Bound",
    "LayerBound",
    "Machine",
    "Prediction",
    "find",
    "predict",
    "roofline",
]
