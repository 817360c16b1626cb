"""Rooflines: the least time that a cost can take on a machine.

A machine computes no faster than its peak, and moves bytes no faster than its bandwidth, so any
work takes at least the longer of the two times. Fewer MACs save time only where the compute time
is the longer one.
"""

from convcost._hardware import *  # noqa: F403
from convcost._hardware import __all__ as __all__
