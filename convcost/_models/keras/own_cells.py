"""Recurrent layers over cells of a user's own: the code of a cell is traced for one step.

What Keras repeats for each step is an entry that is called once and counted for all steps. States
that a cell makes at first are computed once, before it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import keras

from convcost._models.graph import Call, Distributed, Entry, Graph, Ref, input_entry
from convcost._models.keras.code import CallArguments, Code
from convcost._models.keras.directions import call_of, two_directions
from convcost._models.keras.nodes import Names, tensors
from convcost._models.keras.origins import is_keras
from convcost._models.keras.unchanged import unchanged
from convcost._models.returns import Returns
from convcost._models.unknown import Unknown

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import TypeAlias

    from convcost._models.graph import Held, Variable
    from convcost._models.types import KerasLayer, KerasNode, LayerReader

    # Returns the weights of a layer.
    WeightsOf: TypeAlias = Callable[[KerasLayer], tuple[Variable, ...]]


def over_own_cells(
    reader: LayerReader,
    layer: Any,
    nodes: Sequence[KerasNode],
    unknown: Unknown,
    weights_of: WeightsOf,
) -> Held:
    """Return what stands for an `RNN`, or two in both directions, whose cells are not all Keras's.

    Parameters
    ----------
    reader
        Makes the entries of layers.
    layer, nodes
        The layer, and its recorded calls; none inside of another layer.
    unknown
        What stands for it if its cells can't be traced.
    weights_of
        Returns the weights of a layer.
    """
    if not any(map(_is_own, _cells(layer))):
        return unknown
    states = {len(_given_states(node)) for node in nodes} or {0}
    if len(states) > 1:
        return unknown._replace(why="it is called with states, and without them")
    number = states.pop()
    if isinstance(layer, keras.layers.RNN):
        dtypes = [one.dtype for one in tensors([nodes[0].arguments.args])] if nodes else []
        return _one_direction(reader, layer, number, [*dtypes, layer.compute_dtype][0], weights_of)
    if isinstance(layer, keras.layers.Bidirectional):
        if number:
            return unknown._replace(why="its cells are your own, and it is called with states")
        return _both_directions(reader, layer)
    return unknown


def _cells(layer: Any) -> list[object]:
    """Return the cells of a layer, or of the layers in it."""
    if isinstance(layer, keras.layers.Bidirectional):
        return [*_cells(layer.forward_layer), *_cells(layer.backward_layer)]
    if isinstance(layer, keras.layers.RNN):
        return _cells(layer.cell)
    return list(layer.cells) if isinstance(layer, keras.layers.StackedRNNCells) else [layer]


def _is_own(cell: object) -> bool:
    return not is_keras(type(cell).__module__)


def _given_states(node: KerasNode) -> list[Any]:
    """Return the states that a layer is called with."""
    args, kwargs = node.arguments.args, node.arguments.kwargs
    return list(tensors([*args[1:2], kwargs.get("initial_state")]))


def _one_direction(
    reader: LayerReader, layer: Any, number: int, dtype: object, weights_of: WeightsOf
) -> Graph:
    """Return the graph of an `RNN` that is called with a sequence, and a number of states."""
    cell, name = layer.cell, layer.cell.name if isinstance(layer.cell, keras.Layer) else "cell"
    names = Names([name])
    first, *given = [names.free(one) for one in ("sequences", *["state"] * number)]
    entries = [input_entry(one, None) for one in (first, *given)]
    states: list[Ref] = [Ref(one) for one in given]
    unknown = Unknown(type(cell).__name__)
    if not number:
        made = names.free("initial_state")
        code = Code(reader, made, made, _start(layer), [_arguments(dtype)], (), unknown)
        entries.append(Entry(made, made, code, True, (Call.of((Ref(first),)),), object()))
        number = len(keras.tree.flatten(layer.state_size))
        states = [Ref(made, 0, place) for place in range(number)]
    inside = _arguments(dtype, number, layer.compute_dtype)
    own = weights_of(cell) if isinstance(cell, keras.Layer) else ()
    code = Code(reader, name, type(cell).__name__, _step(layer), [inside], own, unknown)
    returns = Returns(bool(layer.return_sequences), bool(layer.return_state))
    call = Call.of((Ref(first), states))
    identity = ("live", id(cell))
    trainable = bool(getattr(cell, "trainable", True))
    entries.append(
        Entry(name, unknown.kind, Distributed(code, returns), trainable, (call,), identity)
    )
    ends = [Ref(name, 0, place) for place in range(1 + number * returns.states)]
    inputs = [Ref(one) for one in (first, *given)]
    return Graph(layer.name, type(layer).__name__, tuple(entries), inputs, ends)


def _arguments(dtype: object, number: int = 0, states: object = None) -> CallArguments:
    """Return arguments in the place of one step, or of a sequence, and of states."""
    made = [keras.KerasTensor((None,), states) for _ in range(number)]
    return CallArguments((keras.KerasTensor((None,), dtype), *([made] if number else [])), {})


def _start(layer: Any) -> Callable[..., object]:
    """Return a function that makes the first states for a sequence."""

    def start(sequences: Any) -> object:
        with unchanged(layer):
            made = layer.get_initial_state(batch_size=keras.ops.shape(sequences)[0])
        return keras.tree.flatten(made)

    return start


def _step(layer: Any) -> Callable[..., object]:
    """Return a function that computes one step from an input and the states before it."""
    cell = layer.cell
    # The cells in it are called one by one, each of which is an entry.
    call = cell if callable(cell) else cell.call
    if isinstance(cell, keras.layers.StackedRNNCells):
        call = cell.call
    has_training = getattr(cell, "_call_has_training_arg", False)

    def step(inputs: object, states: list[object], training: bool = False) -> object:
        options = {"training": training} if has_training else {}
        nested = keras.tree.pack_sequence_as(layer.state_size, states)
        with unchanged(layer):
            output, after = call(inputs, list(nested), **options)
        return [output, *keras.tree.flatten(after)]

    return step


def _both_directions(reader: LayerReader, layer: Any) -> Held:
    """Return the graph of a layer in both directions, called without states."""
    names = Names([one.name for one in (layer.forward_layer, layer.backward_layer)])
    first, merge = names.free("sequences"), names.free("merge")
    entries = [input_entry(first, None)]
    for one in (layer.forward_layer, layer.backward_layer):
        kind, held = reader.inside(one)
        if isinstance(held, Unknown):
            return held.inside(type(layer).__name__, kind)
        entries.append(reader.holding(one, one.name, held, call_of(first)))
    states = len(keras.tree.flatten(layer.forward_layer.state_size)) * bool(layer.return_state)
    return two_directions(layer.name, entries, (merge, layer.merge_mode), states)
