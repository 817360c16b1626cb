"""The types of layers' arguments; only type checkers import them."""

from collections.abc import Sequence
from typing import Literal, TypeAlias

from convcost._exact.types import K

# A size for all axes, or one for each.
Sides: TypeAlias = int | K | Sequence[int | K]
# Elements at all ends of all axes, at both ends of each axis, or at each end.
Ends: TypeAlias = int | K | Sequence[int | K] | Sequence[Sequence[int | K]]
Padding: TypeAlias = Literal["valid", "same"] | int | K | Sequence[Sequence[int | K]]
DataFormat: TypeAlias = Literal["channels_last", "channels_first"] | None
# Counted as in Keras, with the batch as axis 0.
Axes: TypeAlias = int | Sequence[int]
