"""The formulas under the name that users import: `convcost._cost.formulas`."""

import sys

from convcost._cost import formulas
from convcost._cost.formulas import *  # noqa: F403

# The same module, not a copy of it.
sys.modules[__name__] = formulas
