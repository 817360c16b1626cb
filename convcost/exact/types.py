"""The types of the numbers that the library takes and returns; imported by type checkers alone."""

from collections.abc import Callable
from fractions import Fraction
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import sympy

Array: TypeAlias = npt.NDArray[np.integer[Any]] | npt.NDArray[np.object_]
# Arrays within the library, checked.
Numbers: TypeAlias = npt.NDArray[Any]
Size: TypeAlias = int | np.integer[Any] | Fraction | Array | sympy.Expr
# What a call returns depends on what it was given (int, Fraction, array or SymPy expression), mixed
# input included; naming that union would make every caller narrow it before adding two numbers.
Count: TypeAlias = Any
Counts: TypeAlias = tuple[Count, Count, Count]
# The factors of a number, whose product it is.
Factors: TypeAlias = tuple[Count, ...]
Formula: TypeAlias = Callable[..., Counts]
# A formula, the sizes to call it with, and the bias that goes behind them.
Term: TypeAlias = tuple[Formula, tuple[Count, ...], int]
