"""An old name of `convcost.layers.geometry`, which goes on working."""

import sys

from convcost.layers import geometry
from convcost.layers.geometry import *  # noqa: F403

# The same module, not a copy of it.
sys.modules[__name__] = geometry
