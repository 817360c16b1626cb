"""Proof that the formulas hold: layers are built, run and counted by other people's code.

Keras is imported when the first check runs, on whichever backend `KERAS_BACKEND` names.

Examples
--------
>>> from convcost import verify
>>> from convcost.layers import Conv2D
>>> result = verify.check(Conv2D(64, 3, padding="same"), (28, 28, 32), device="cpu")
>>> result.agrees
True
"""

from convcost.verify.backend import DeviceError
from convcost.verify.cases import KINDS, Case, FunctionCase, LayerCase, draw
from convcost.verify.checks import check, check_function, run
from convcost.verify.oracles import ORACLES, NotVisible, Oracle
from convcost.verify.results import Finding, Outcome, Quantity, Report, Result

__all__ = [
    "KINDS",
    "ORACLES",
    "Case",
    "DeviceError",
    "Finding",
    "FunctionCase",
    "LayerCase",
    "NotVisible",
    "Oracle",
    "Outcome",
    "Quantity",
    "Report",
    "Result",
    "check",
    "check_function",
    "draw",
    "run",
]
