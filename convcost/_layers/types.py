"""The types of layers' arguments; only type checkers import them."""

from collections.abc import Sequence
from typing import Literal, TypeAlias

from convcost._exact.types import Factors, Integer, K

# A size; one for all axes, or one for each. Each alias is written out: mypy can't join classes
# whose constructors take an alias of an alias.
Side: TypeAlias = Integer | K
Sides: TypeAlias = Integer | K | Sequence[Integer | K]
# Elements at all ends of all axes, at both ends of each axis, or at each end.
Ends: TypeAlias = Integer | K | Sequence[Integer | K] | Sequence[Sequence[Integer | K]]
Padding: TypeAlias = Literal["valid", "same"] | Integer | K | Sequence[Sequence[Integer | K]]
DataFormat: TypeAlias = Literal["channels_last", "channels_first"] | None

# What the checks make of padding: a word, or (before, after) for each axis.
Pads: TypeAlias = str | tuple[Factors, ...]
# The checked shape that a layer's methods take, or one for each input.
GivenShape: TypeAlias = Factors | list[Factors]
# Counted as in Keras, with the batch as axis 0.
Axes: TypeAlias = int | Sequence[int]
