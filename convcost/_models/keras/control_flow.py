"""Loops and conditionals of `keras.ops`: their functions are called, and recorded, once.

Keras records a `scan` or a `cond` as one operation, and nothing of the function inside it. Here
each function is called with symbolic tensors, as code outside of it is, and what is recorded
meanwhile keeps in mind how often it runs, and in which branch.
"""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING, Any

import keras
import numpy as np
from keras import ops, tree
from keras.src.ops.node import KerasHistory

from convcost._models.around import Around, Choice

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from contextlib import AbstractContextManager
    from typing import Protocol, TypeAlias

    from convcost._models.types import KerasNode, KerasTensor

    # Numbers, and sides of tensors, as a loop is as long as.
    Length: TypeAlias = int | KerasTensor | None

    class Recorder(Protocol):
        """What records the calls that are made."""

        nodes: list[KerasNode]
        around: Around

        def within(self, around: Around) -> AbstractContextManager[None]:
            """Record in a loop or a branch, inside of those around it."""

        def keep(self, tree: object) -> None:
            """Keep what nothing else depends on."""

    Handler: TypeAlias = Callable[..., Any]

_NUMBERS = count()
_PLAIN = Around()


def around_of(node: Any) -> Around:
    """Return the loops and branches in which a call was recorded."""
    around: Around = getattr(node, "_convcost_around", _PLAIN)
    return around


def put_around(node: Any, around: Around) -> None:
    """Note the loops and branches in which a call is recorded."""
    node._convcost_around = around


def stand_in(value: Any) -> Any:
    """Return a symbolic tensor in place of a variable or an array, which no operation makes."""
    tensor = keras.KerasTensor(value.shape, keras.backend.standardize_dtype(value.dtype))
    tensor._keras_history = KerasHistory(None, 0, 0)
    tensor._variable = value
    return tensor


def _scan(recorder: Recorder, operation: Any, f: Any, init: Any, xs: Any = None) -> Any:
    if xs is None:
        steps = length = int(operation.length)
    else:
        xs = _symbolic(xs)
        length, steps = _length(xs), _length(xs).shape[0]
    with recorder.within(Around((length,))):
        carry, made = f(_symbolic(init), None if xs is None else _first(xs))
    return carry, _stacked(made, steps)


def _map(recorder: Recorder, _: Any, f: Any, xs: Any) -> Any:
    xs = _symbolic(xs)
    with recorder.within(Around((_length(xs),))):
        made = f(_first(xs))
    return _stacked(made, _length(xs).shape[0])


def _vectorized_map(recorder: Recorder, operation: Any, elements: Any) -> Any:
    """Record a function of which only what depends on the elements is computed for each."""
    elements, start = _symbolic(elements), len(recorder.nodes)
    first, depth = _first(elements), len(recorder.around.times)
    with recorder.within(Around((_length(elements),))):
        made = operation.function(first)
    depend = set(map(id, tree.flatten(first)))
    for node in recorder.nodes[start:]:
        if depend & set(map(id, node.input_tensors)):
            depend |= set(map(id, node.output_tensors))
        else:
            put_around(node, around_of(node).without(depth))
    return _stacked(made, _length(elements).shape[0])


def _fori_loop(recorder: Recorder, operation: Any, init: Any) -> Any:
    lower, upper = operation.lower, operation.upper
    known = isinstance(lower, int) and isinstance(upper, int)
    # An open side that is the upper bound is None here, until it is known.
    with recorder.within(Around((max(upper - lower, 0) if known else None,))):
        return operation.body_fun(_symbolic(np.zeros((), "int32")), _symbolic(init))


def _while_loop(recorder: Recorder, operation: Any, loop_vars: Any) -> Any:
    given = _symbolic(loop_vars)
    several = given if isinstance(given, (list, tuple)) else (given,)
    with recorder.within(Around((None,))):
        recorder.keep(operation.cond(*several))
        made = operation.body(*several)
    return tree.pack_sequence_as(loop_vars, tree.flatten(made))


def _cond(recorder: Recorder, _: Any, pred: Any, true_fn: Any, false_fn: Any) -> Any:
    if not hasattr(pred, "shape"):
        return true_fn() if pred else false_fn()
    return _chosen(recorder, [true_fn, false_fn], ())


def _switch(recorder: Recorder, _: Any, index: Any, branches: Any, *operands: Any) -> Any:
    if isinstance(index, int):
        return branches[min(max(index, 0), len(branches) - 1)](*operands)
    return _chosen(recorder, branches, operands)


def _chosen(recorder: Recorder, branches: Sequence[Any], operands: Sequence[Any]) -> Any:
    """Record each branch; the first one stands for all, if all cost the same."""
    number, several = next(_NUMBERS), []
    for place, branch in enumerate(branches):
        with recorder.within(Around((), (Choice(number, place, len(branches)),))):
            several.append(branch(*_symbolic(tuple(operands))))
    recorder.keep(several)
    return several[0]


def _associative_scan(recorder: Recorder, operation: Any, f: Any, elems: Any) -> Any:
    """Record a scan by halves, as JAX does it, and the other backends after it."""
    given = _symbolic(elems)
    flat = tree.flatten(given)
    axis = operation.axis % len(flat[0].shape)
    if flat[0].shape[axis] is None:
        raise ValueError("associative_scan along an open side: give input_shape")

    def combine(left: list[Any], right: list[Any]) -> list[Any]:
        pair = [tree.pack_sequence_as(given, one) for one in (left, right)]
        made: list[Any] = tree.flatten(f(*pair))
        return made

    return tree.pack_sequence_as(given, _by_halves(combine, flat, axis))


def _by_halves(combine: Callable[..., list[Any]], elems: list[Any], axis: int) -> list[Any]:
    """Return all partial results: those of pairs, and from these the others."""
    length = elems[0].shape[axis]
    if length < 2:
        return elems
    half = [
        [_part(one, axis, slice(start, length - length % 2, 2)) for one in elems]
        for start in (0, 1)
    ]
    odd = _by_halves(combine, combine(*half), axis)
    first = [_part(one, axis, slice(0, 1)) for one in elems]
    if length == 2:
        even = first
    else:
        left = [_part(one, axis, slice(0, (length - 1) // 2)) for one in odd]
        right = [_part(one, axis, slice(2, None, 2)) for one in elems]
        made = combine(left, right)
        even = [ops.concatenate(pair, axis) for pair in zip(first, made, strict=True)]
    return [ops.concatenate(pair, axis) for pair in zip(even, odd, strict=True)]


def _part(tensor: Any, axis: int, part: slice) -> Any:
    return tensor[(*(slice(None),) * axis, part)]


def _symbolic(given: Any) -> Any:
    """Return tensors, and symbolic ones for arrays, whose operators nothing records."""

    def symbolic(value: Any) -> Any:
        if isinstance(value, keras.KerasTensor) or not hasattr(value, "shape"):
            return value
        return stand_in(value)

    return tree.map_structure(symbolic, given)


def _length(xs: Any) -> Any:
    """Return the tensor that a loop goes through along its first axis."""
    return tree.flatten(xs)[0]


def _first(xs: Any) -> Any:
    return tree.map_structure(lambda tensor: tensor[0], xs)


def _stacked(made: Any, length: int | None) -> Any:
    """Return what each step makes, along a new first axis."""

    def stacked(tensor: Any) -> Any:
        if tensor is None:  # a step may make nothing but what it carries on
            return None
        one = ops.expand_dims(tensor, 0)
        return ops.broadcast_to(one, (length, *one.shape[1:]))

    return tree.map_structure(stacked, made)


# By the names of Keras's classes.
HANDLERS: dict[str, Handler] = {
    "AssociativeScan": _associative_scan,
    "Cond": _cond,
    "ForiLoop": _fori_loop,
    "Map": _map,
    "Scan": _scan,
    "Switch": _switch,
    "VectorizedMap": _vectorized_map,
    "WhileLoop": _while_loop,
}
