"""Independent counts of the same layers and models, and how ours compare."""

from convcost._verify.cases import Case
from convcost._verify.checks import check, run
from convcost._verify.devices import DeviceError
from convcost._verify.drawing import KINDS, draw
from convcost._verify.findings import Finding, Outcome, Quantity, Result, Verification
from convcost._verify.oracles import ORACLES, NotVisible, Oracle
from convcost._verify.whole_models import MODEL_ORACLES, ModelVerification, check_model

__all__ = [
    "KINDS",
    "MODEL_ORACLES",
    "ORACLES",
    "Case",
    "DeviceError",
    "Finding",
    "ModelVerification",
    "NotVisible",
    "Oracle",
    "Outcome",
    "Quantity",
    "Result",
    "Verification",
    "check",
    "check_model",
    "draw",
    "run",
]
