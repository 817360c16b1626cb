"""The axes of a design space: the values that an argument may take."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from convcost._exact import arrays
from convcost._exact.kinds import is_duck_array
from convcost._exact.scalars import refuse, shorten
from convcost._exact.sizes import check_integer, check_size

if TYPE_CHECKING:
    from collections.abc import Callable, Collection
    from typing import TypeGuard

    from convcost._exact.types import Numbers

_ALLOWED = "a range, a list or a one-dimensional array of values"
# Values of an axis, which is kept in memory: 1 GiB.
MAX_VALUES = 1 << 27


@dataclass(frozen=True)
class SizeAxis:
    """The sizes that an argument may take: distinct positive integers.

    Parameters
    ----------
    name
        Name of the argument.
    values
        Positive integers (int64), in the order given.
    """

    name: str
    values: Numbers

    def __len__(self) -> int:
        return int(self.values.size)

    @cached_property
    def is_ascending(self) -> bool:
        """Whether the values are in ascending order."""
        return bool(np.all(self.values[1:] > self.values[:-1]))

    @cached_property
    def ascending(self) -> Numbers:
        """The values from the smallest to the largest."""
        return self.values if self.is_ascending else np.sort(self.values)


@dataclass(frozen=True)
class CategoricalAxis:
    """The values that an argument other than a size may take: strings, booleans, tuples.

    Parameters
    ----------
    name
        Name of the argument.
    values
        The values, in the order given.
    """

    name: str
    values: tuple[object, ...]

    def __len__(self) -> int:
        return len(self.values)

    @property
    def labels(self) -> list[object]:
        """The values as a table shows them: numbers, strings and booleans unchanged."""
        plain = all(isinstance(value, (str, bool, int, float)) for value in self.values)
        return list(self.values) if plain else [str(value) for value in self.values]


def is_axis(value: object) -> TypeGuard[range | list[object] | Numbers]:
    """Tell whether a value stands for several values rather than one."""
    return isinstance(value, (range, list)) or (hasattr(value, "ndim") and value.ndim > 0)


def make_axis(
    name: str, values: object, *, categorical: bool = False
) -> SizeAxis | CategoricalAxis:
    """Return the axis for a user's values.

    Examples
    --------
    >>> make_axis("m", range(8, 33, 8)).values.tolist()
    [8, 16, 24, 32]
    >>> make_axis("padding", ["same", "valid"]).values
    ('same', 'valid')
    >>> make_axis("m", [8, 8])
    Traceback (most recent call last):
        ...
    ValueError: m must have each value once; got 8 twice
    """
    if is_duck_array(values):
        values = np.asarray(values)
    listed = values if is_axis(values) else [values]
    if hasattr(listed, "ndim") and listed.ndim != 1:
        refuse(ValueError, name, values, _ALLOWED)
    if not _length(listed):
        raise ValueError(
            f"{name} must have one value or more; got {shorten(values)}, which is empty"
        )
    if _length(listed) > MAX_VALUES:
        refuse(ValueError, name, values, f"{_ALLOWED}, 1 to {MAX_VALUES:,} of them")
    if categorical or (isinstance(listed, list) and not any(map(_is_number, listed))):
        return _categorical(name, list(listed))
    if isinstance(listed, range):
        listed = _from_range(name, listed)
    elif isinstance(listed, list):
        exact = [_element(name, index, value) for index, value in enumerate(listed)]
        arrays.require_room(name, max(exact))
        listed = np.array(exact, dtype=np.int64)
    integers = np.atleast_1d(check_integer(name, listed))
    arrays.require_room(name, int(integers.max()))
    integers = integers.astype(np.int64)
    axis = SizeAxis(name, integers)
    if not axis.is_ascending:
        _require_once(name, axis.ascending)
    return axis


def _length(values: Collection[object] | Numbers) -> int:
    # Python's `len` fails beyond sys.maxsize.
    if isinstance(values, range):
        return max(0, -((values.start - values.stop) // values.step))
    return len(values)


def _is_number(value: object) -> bool:
    return (hasattr(value, "__index__") and not isinstance(value, bool)) or hasattr(value, "ndim")


def _categorical(name: str, values: list[object]) -> CategoricalAxis:
    seen: list[object] = []
    for value in values:
        if value in seen:
            raise ValueError(f"{name} must have each value once; got {value!r} twice")
        seen.append(value)
    return CategoricalAxis(name, tuple(seen))


def _element(name: str, index: int, value: object) -> int:
    if not _is_number(value) or (hasattr(value, "ndim") and value.ndim > 0):
        refuse(TypeError, f"{name}[{index}]", value)
    exact: int = check_size(f"{name}[{index}]", value)
    return exact


def _from_range(name: str, values: range) -> Numbers:
    smallest, largest = min(values[0], values[-1]), max(values[0], values[-1])
    check_size(name, smallest)
    arrays.require_room(name, largest)
    return np.arange(values.start, values.stop, values.step, dtype=np.int64)


def _require_once(name: str, ascending: Numbers) -> None:
    same = ascending[1:] == ascending[:-1]
    if np.any(same):
        raise ValueError(f"{name} must have each value once; got {ascending[:-1][same][0]} twice")


def substitute(template: object, values: Callable[[str], object]) -> object:
    """Return an argument with the axis names in it replaced by what `values` returns.

    Examples
    --------
    >>> substitute(("side", "side", 3), {"side": 28}.get)
    (28, 28, 3)
    """
    if isinstance(template, (tuple, list)):
        return tuple(substitute(inner, values) for inner in template)
    if isinstance(template, str):
        value = values(template)
        return template if value is None else value
    return template
