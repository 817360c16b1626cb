"""Two directions of which one is over cells that are not Keras's: an entry each, then merged."""

from __future__ import annotations

from typing import TYPE_CHECKING

from convcost._layers import Add, Average, Concatenate, Layer, Multiply
from convcost._models.graph import Call, Entry, Graph, Ref

if TYPE_CHECKING:
    from collections.abc import Sequence

KIND = "Bidirectional"

_MERGED: dict[str, Layer[int]] = {
    "ave": Average(),
    "concat": Concatenate(),
    "mul": Multiply(),
    "sum": Add(),
}


def call_of(sequences: str) -> tuple[Call, ...]:
    """Return the calls of each direction, with an input of this name."""
    return (Call.of((Ref(sequences),)),)


def two_directions(
    name: str, entries: Sequence[Entry], merge: tuple[str, str | None], states: int = 0
) -> Graph:
    """Return the graph of a `Bidirectional`.

    Parameters
    ----------
    name
        Name of the layer.
    entries
        The sequences, the direction forward, and the one backward.
    merge
        A name for the entry that merges the two outputs, and Keras's `merge_mode`.
    states
        The number of states that each direction returns after its output.

    Raises
    ------
    ValueError
        If the mode is not one of Keras's.
    """
    merging, mode = merge
    if mode is not None and mode not in _MERGED:
        raise ValueError(f"merge_mode must be one of {sorted(_MERGED)}, or None; got {mode!r}")
    sequences, *directions = entries
    outputs = [Ref(one.name) for one in directions]
    made, ends = list(entries), outputs
    if mode is not None:
        held, calls = _MERGED[mode], (Call.of((outputs,)),)
        made.append(Entry(merging, type(held).__name__, held, True, calls, object()))
        ends = [Ref(merging)]
    returned = [Ref(one.entry, 0, 1 + place) for one in outputs for place in range(states)]
    return Graph(name, KIND, tuple(made), Ref(sequences.name), [*ends, *returned])
