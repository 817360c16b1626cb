"""The shapes of a model's inputs: given in any form, or declared, with symbols for open sides."""

from __future__ import annotations

from contextlib import nullcontext
from typing import TYPE_CHECKING

from convcost._exact.kinds import is_expression
from convcost._exact.scalars import is_array, refuse, shorten
from convcost._exact.sizes import check_integer
from convcost._layers.arguments import CHANNELS_FIRST
from convcost._models.changes import unwrapped
from convcost._models.errors import ModelError
from convcost._models.graph import Graph, Source, refs

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from contextlib import AbstractContextManager

    from convcost._exact.types import Count, Expression, Factors
    from convcost._models.graph import Entry

# Names of open spatial sides, by their number: of tokens, a sequence, an image, a volume.
_OPEN = {0: ("t",), 1: ("t",), 2: ("h", "w"), 3: ("d", "h", "w")}


def assuming_sides(
    shapes: Sequence[Factors],
) -> AbstractContextManager[Sequence[tuple[Count, Count]]]:
    """Return a context that collects the conditions on symbols; numbers have none."""
    if any(is_expression(side) for shape in shapes for side in shape):
        from convcost._exact import symbolic

        return symbolic.assuming()
    return nullcontext([])


def input_shapes(graph: Graph, given: object) -> list[Factors]:
    """Return the shapes of a graph's inputs: the given ones, or the declared ones."""
    inputs = [ref.entry for ref in refs(graph.inputs)]
    declared = [_declared(graph, name) for name in inputs]
    if given is None:
        return [
            _open(name, shape, alone=len(inputs) == 1)
            for name, shape in zip(inputs, declared, strict=True)
        ]
    several = _in_order(given, inputs)
    if len(several) != len(inputs):
        names = ", ".join(inputs)
        what = f"one shape for each input ({len(inputs)}: {names}), in this order or by name"
        refuse(ValueError, "input_shape", given, what)
    alone = len(inputs) == 1
    named = _names_in(several)
    checked = []
    for name, shape, known in zip(inputs, several, declared, strict=True):
        what = "input_shape" if alone else f"input_shape of {name!r}"
        _refuse_batch(what, shape, known)
        if isinstance(shape, (tuple, list)) and any(side is None for side in shape):
            shape = _open(name, tuple(shape), alone, named)
        checked.append(_check_shape(shape, what))
    return checked


def output_shapes(given: object) -> dict[str, list[Factors]]:
    """Return the output shapes that a user gives for layers by name: a list for each layer."""
    allowed = "a dict of output shapes by layer, such as {'lstm': (64,)}"
    if not isinstance(given, dict):
        refuse(TypeError, "shapes", given, allowed)
    made: dict[str, list[Factors]] = {}
    for name, shape in given.items():
        what = f"shapes[{name!r}]"
        if not isinstance(shape, (tuple, list)):
            refuse(TypeError, what, shape, "a shape without the batch dimension, or a list of them")
        nested = bool(shape) and all(isinstance(one, (tuple, list)) for one in shape)
        made[name] = [_check_shape(one, what) for one in (shape if nested else [shape])]
    return made


def fits_declared(graph: Graph, shapes: Sequence[Factors]) -> bool:
    """Tell whether input shapes only fill in the sides that a graph's inputs leave open."""
    declared = [_declared(graph, ref.entry) for ref in refs(graph.inputs)]
    return all(
        known is None
        or (
            len(known) == len(shape)
            and all(side is None or side == given for side, given in zip(known, shape, strict=True))
        )
        for known, shape in zip(declared, shapes, strict=True)
    )


def other_channels(graph: Graph, shapes: Sequence[Factors]) -> list[tuple[str, int]]:
    """Return the inputs that are given other channels than a graph declares, with the declared."""
    first = CHANNELS_FIRST in set(map(_format_of, graph.entries))
    found = []
    for ref, shape in zip(refs(graph.inputs), shapes, strict=True):
        known = _declared(graph, ref.entry) or ()
        axis = 0 if first and len(known) > 1 else -1
        if known and len(known) == len(shape) and type(shape[axis]) is int:
            there = known[axis]
            if there is not None and shape[axis] != there:
                found.append((f"{ref.entry!r}", there))
    return found


def _format_of(entry: Entry) -> object:
    return getattr(unwrapped(entry.layer)[0], "data_format", None)


def _in_order(given: object, inputs: list[str]) -> list[object]:
    if isinstance(given, dict):
        if set(given) != set(inputs):
            names = ", ".join(inputs)
            refuse(ValueError, "input_shape", given, f"shapes by the names of the inputs: {names}")
        return [given[name] for name in inputs]
    if not isinstance(given, (tuple, list)):
        allowed = "a shape without the batch dimension, as (224, 224, 3), or a list of shapes"
        refuse(TypeError, "input_shape", given, allowed)
    nested = bool(given) and all(isinstance(one, (tuple, list)) for one in given)
    return list(given) if nested else [given]


def _refuse_batch(name: str, shape: object, known: tuple[int | None, ...] | None) -> None:
    """Refuse a shape that is the declared one with one more side in front."""
    if not known or not isinstance(shape, (tuple, list)) or len(shape) != len(known) + 1:
        return
    if all(side in (None, given) for side, given in zip(known, shape[1:], strict=True)):
        refuse(ValueError, name, shape, f"without the batch, {shorten(tuple(shape[1:]))}")


def _names_in(shapes: list[object]) -> set[str]:
    """Return the names of the symbols in given shapes."""
    sides = [side for one in shapes if isinstance(one, (tuple, list)) for side in one]
    return {str(symbol) for side in sides if is_expression(side) for symbol in side.free_symbols}


def _check_shape(shape: object, name: str) -> Factors:
    if not isinstance(shape, (tuple, list)):
        refuse(TypeError, name, shape, "a shape without the batch dimension")
    for axis, side in enumerate(shape):
        if isinstance(side, str) and side.isidentifier():
            allowed = f"an integer, None where it is open, or convcost.symbols.symbol({side!r})"
            refuse(TypeError, f"{name}[{axis}]", side, allowed)
    sides = tuple(check_integer(f"{name}[{axis}]", side) for axis, side in enumerate(shape))
    for axis, side in enumerate(sides):
        if is_array(side):
            refuse(TypeError, f"{name}[{axis}]", side, "an integer or a SymPy expression")
    return sides


def _declared(graph: Graph, name: str) -> tuple[int | None, ...] | None:
    entry = next((entry for entry in graph.entries if entry.name == name), None)
    if entry is None or not isinstance(entry.layer, Source):
        raise ModelError(f"{name!r} is an input of model {graph.name!r}, but not an input layer")
    return entry.layer.shape


def _open(
    name: str, shape: Sequence[Count | None] | None, alone: bool, taken: Collection[str] = ()
) -> Factors:
    """Return a shape with symbols, by names that are not taken, for the sides that are open."""
    if shape is None:
        raise ModelError(f"input {name!r} declares no shape: give input_shape")
    free = sum(side is None for side in shape)
    spatial = _OPEN.get(len(shape) - 1, ())
    letters = (*spatial, "c") if free <= len(spatial) + 1 else ()
    behind = "" if alone else f"_{name}"
    names = (
        one + behind
        for one in (*letters, *(f"x{place}" for place in range(free + len(taken))))
        if one + behind not in taken
    )
    return tuple(_symbol(next(names)) if side is None else side for side in shape)


def _symbol(name: str) -> Expression:
    try:
        from convcost.symbols import symbol

        return symbol(name)
    except ImportError:
        raise ImportError(
            "the model leaves sides of its input open: give input_shape in numbers, or install"
            ' SymPy, which counts with symbols: pip install "convcost[symbolic]"'
        ) from None
