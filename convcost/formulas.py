"""An old name of `convcost._cost.formulas`, which still works."""

import sys

from convcost._cost import formulas
from convcost._cost.formulas import *  # noqa: F403

# The same module, not a copy of it.
sys.modules[__name__] = formulas
