"""Verification of the formulas: other software builds, runs and counts the layers.

Keras is imported on the first check, with the backend that `KERAS_BACKEND` names.

Examples
--------
>>> from convcost import verify
>>> from convcost.layers import Conv2D
>>> result = verify.check(Conv2D(64, 3, padding="same"), (28, 28, 32), device="cpu")
>>> result.agrees
True
"""

from convcost.verify.cases import Case
from convcost.verify.checks import check, run
from convcost.verify.devices import DeviceError
from convcost.verify.drawing import KINDS, draw
from convcost.verify.findings import Finding, Outcome, Quantity, Result, Verification
from convcost.verify.oracles import ORACLES, NotVisible, Oracle

# Names from earlier versions.
LayerCase = Case
Report = Verification

__all__ = [
    "KINDS",
    "ORACLES",
    "Case",
    "DeviceError",
    "Finding",
    "LayerCase",
    "NotVisible",
    "Oracle",
    "Outcome",
    "Quantity",
    "Report",
    "Result",
    "Verification",
    "check",
    "draw",
    "run",
]
