"""An old name of `convcost.cost.formulas`, which still works."""

import sys

from convcost.cost import formulas
from convcost.cost.formulas import *  # noqa: F403

# The same module, not a copy of it.
sys.modules[__name__] = formulas
