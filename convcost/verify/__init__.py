"""Proof that the formulas hold: the matching Keras layers are built, run, and counted.

Keras is imported when the first check runs, on whichever backend `KERAS_BACKEND` names.

Examples
--------
>>> from convcost import verify
>>> result = verify.check("separable", dk=3, m=32, n=64, df=28, device="cpu")
>>> result.agrees
True
>>> print(result.quantities[0])
params: formula 2,400, framework 2,400 (count_params of SeparableConv2D)
"""

from convcost.verify.backend import DeviceError
from convcost.verify.cases import KINDS, Case, draw
from convcost.verify.checks import check, run
from convcost.verify.results import Quantity, Report, Result

__all__ = ["KINDS", "Case", "DeviceError", "Quantity", "Report", "Result", "check", "draw", "run"]
