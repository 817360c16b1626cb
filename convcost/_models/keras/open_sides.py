"""Find which open side a recorded argument is, where Keras records None for any of them.

A layer's code that reads an open side gets None, which it can only pass on. Traced again with a
prime number for each open side, it passes on that number in the same place.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from convcost._exact.kinds import is_expression
from convcost._exact.scalars import shorten
from convcost._layers.base import Layer
from convcost._models.graph import Distributed, Graph, RegisteredLayer, Tensor, Traced
from convcost._models.keras.open_numbers import OpenNumber
from convcost._models.keras.operations import KerasOperation
from convcost._models.keras.sizes_read import Sides

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from convcost._exact.types import Count, Factors
    from convcost._models.around import Around
    from convcost._models.graph import Entry

# Larger than kernels, strides and numbers of heads, and small enough that Keras computes with them.
_PRIMES = (1_009, 1_013, 1_019, 1_021, 1_031, 1_033, 1_039, 1_049)


class Sample(NamedTuple):
    """Shapes with numbers for open sides, and the sides that the numbers stand for."""

    shapes: list[Factors]
    sides: dict[int, Count]


def concrete(shapes: Sequence[Factors]) -> Sample | None:
    """Return shapes with numbers for their symbols, or None if there are no symbols."""
    found = [side for shape in shapes for side in shape if is_expression(side)]
    if not found:
        return None
    symbols = sorted({symbol for side in found for symbol in side.free_symbols}, key=str)
    if len(symbols) > len(_PRIMES):
        raise ValueError(f"more than {len(_PRIMES)} sides are open: give input_shape")
    values = dict(zip(symbols, _PRIMES, strict=False))
    sides: dict[int, Count] = {}
    for side in found:
        number = int(side.subs(values))
        if sides.setdefault(number, side) != side:
            raise _unresolved(number)
    numbers = {side: int(side.subs(values)) for side in found}
    made = [
        tuple([numbers[side] if is_expression(side) else side for side in one]) for one in shapes
    ]
    return Sample(made, sides)


def resolved(graph: Graph, sample: Graph, sides: dict[int, Count]) -> Graph:
    """Return a graph with sides in place of the None that stand for them.

    Raises
    ------
    ValueError
        If a None is not one of the open sides of the inputs, or the two graphs differ otherwise.
    """
    if len(graph.entries) != len(sample.entries):
        raise _unresolved(graph.name)
    pairs = zip(graph.entries, sample.entries, strict=True)
    return replace(graph, entries=tuple([_resolved_entry(*pair, sides) for pair in pairs]))


def _resolved_entry(entry: Entry, sample: Entry, sides: dict[int, Count]) -> Entry:
    if (entry.kind, len(entry.calls)) != (sample.kind, len(sample.calls)):
        raise _unresolved(entry.name)
    if _has_identity(entry) and entry.identity != sample.identity:
        raise _unresolved(entry.name)
    calls = tuple(
        [
            one._replace(
                args=_merged(one.args, other.args, sides),
                kwargs=_merged(one.kwargs, other.kwargs, sides),
                around=_resolved_around(one.around, other.around, sides),
            )
            for one, other in zip(entry.calls, sample.calls, strict=True)
        ]
    )
    layer, twin = entry.layer, sample.layer
    if isinstance(layer, Layer) and layer != twin:
        raise _unresolved(entry.name)
    if isinstance(layer, KerasOperation) and isinstance(twin, KerasOperation):
        layer = replace(layer, own=_merged(layer.own, twin.own, sides))
    return entry._replace(calls=calls, layer=layer)


def _resolved_around(around: Around, sample: Around, sides: dict[int, Count]) -> Around:
    return around._replace(times=_merged(around.times, sample.times, sides))


def _has_identity(entry: Entry) -> bool:
    """Tell whether it matters which layer it is, and not only which arguments it has."""
    held = entry.layer
    return bool(entry.variables) or isinstance(held, (Distributed, Graph, RegisteredLayer, Traced))


def _merged(tree: Any, sample: Any, sides: dict[int, Count]) -> Any:
    """Return arguments of a call, with sides in place of the None that stand for them."""
    if isinstance(sample, OpenNumber):
        sample = int(sample)
    tree, sample = [tuple(one) if isinstance(one, Sides) else one for one in (tree, sample)]
    if tree is None and type(sample) is int and sample in sides:
        return sides[sample]
    if type(tree) is not type(sample):
        raise _unresolved(tree)
    if isinstance(tree, slice):
        ends = ((tree.start, sample.start), (tree.stop, sample.stop), (tree.step, sample.step))
        return slice(*[_merged(*pair, sides) for pair in ends])
    if isinstance(tree, dict) and tree.keys() == sample.keys():
        merged = {key: _merged(tree[key], sample[key], sides) for key in tree}
        return OrderedDict(merged) if isinstance(tree, OrderedDict) else merged
    if isinstance(tree, Tensor):
        return tree._replace(shape=_merged(tree.shape, sample.shape, sides))
    if type(tree) in (list, tuple) and len(tree) == len(sample):
        made = [_merged(*pair, sides) for pair in zip(tree, sample, strict=True)]
        return made if isinstance(tree, list) else tuple(made)
    if tree is sample or tree == sample:
        return tree
    raise _unresolved(tree)


def _unresolved(value: object) -> ValueError:
    return ValueError(
        f"its code computes with an open side of its input in a way that Keras does not record"
        f" ({shorten(value)}): give input_shape"
    )
