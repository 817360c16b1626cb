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

from convcost._verify import *  # noqa: F403
from convcost._verify import __all__ as __all__
