"""Sizes as formulas take them: one by one, or in tuples of factors."""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any


def apply(function: "Callable[[Any], Any]", sizes: "tuple[Any, ...]") -> "tuple[Any, ...]":
    """Apply a function to everything in tuples of tuples, keeping the nesting.

    Examples
    --------
    >>> apply(str, (3, (28, 28)))
    ('3', ('28', '28'))
    """
    return tuple(apply(function, size) if type(size) is tuple else function(size) for size in sizes)


def flat(sizes: "tuple[Any, ...]") -> "list[Any]":
    """Return everything in tuples of tuples as one list.

    Examples
    --------
    >>> flat((3, (28, 28)))
    [3, 28, 28]
    """
    found: list[Any] = []
    for size in sizes:
        if type(size) is tuple:
            found += flat(size)
        else:
            found.append(size)
    return found


def flat_names(name: str, value: "Any") -> "Iterator[str]":
    """Yield how to write each thing that `flat` yields of one value: `kernel_size[0]`.

    Examples
    --------
    >>> list(flat_names("padding", ((1, 1), (0, 1))))
    ['padding[0][0]', 'padding[0][1]', 'padding[1][0]', 'padding[1][1]']
    """
    if type(value) is tuple:
        for index, inner in enumerate(value):
            yield from flat_names(f"{name}[{index}]", inner)
    else:
        yield name
