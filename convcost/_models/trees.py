"""Trees of lists, tuples and dicts, as Keras nests the inputs, outputs and arguments of models."""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any, TypeVar

    T = TypeVar("T")


def ordered(tree: dict[Any, Any]) -> list[Any]:
    """Return the keys of a dict in the order in which Keras flattens it.

    Examples
    --------
    >>> ordered({16: "b", 8: "a"}), ordered(OrderedDict(b=1, a=2)), ordered({"b": 1, 2: 2})
    ([8, 16], ['b', 'a'], [2, 'b'])
    """
    if isinstance(tree, OrderedDict):
        return list(tree)
    try:
        return sorted(tree)
    except TypeError:
        pass
    try:
        return sorted(tree, key=lambda key: (type(key).__qualname__, key))
    except TypeError:
        return list(tree)


def leaves(tree: object, kind: type[T] | tuple[type[T], ...]) -> Iterator[T]:
    """Yield the objects of one or several types in a tree of lists, tuples and dicts, in order."""
    if isinstance(tree, kind):
        yield tree
    elif isinstance(tree, (list, tuple)):
        for branch in tree:
            yield from leaves(branch, kind)
    elif isinstance(tree, dict):
        for key in ordered(tree):
            yield from leaves(tree[key], kind)


def with_branches(tree: dict[Any, Any], change: Callable[[Any], object]) -> dict[Any, object]:
    """Return a dict of the same order with each branch changed, the first in order first.

    Examples
    --------
    >>> with_branches({16: "b", 8: "a"}, str.upper)
    {16: 'B', 8: 'A'}
    """
    changed = {key: change(tree[key]) for key in ordered(tree)}
    made = OrderedDict() if isinstance(tree, OrderedDict) else {}
    made.update({key: changed[key] for key in tree})
    return made
