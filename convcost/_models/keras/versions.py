"""Which version of Keras wrote a config that does not say so, and what differs between them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from convcost._models.keras.config_calls import is_old

if TYPE_CHECKING:
    from collections.abc import Iterator

    from convcost._models.graph import Entry

# What each of them calls the shape of an input.
_SHAPES = {"batch_input_shape": True, "batch_shape": False}


def is_of_keras_2(config: object) -> bool:
    """Tell whether Keras 2 wrote a config, from the first layer that tells it; else Keras 3 did.

    Examples
    --------
    >>> is_of_keras_2({"layers": [{"inbound_nodes": [[["input_1", 0, 0, {}]]]}]})
    True
    >>> is_of_keras_2({"layers": [{"config": {"batch_shape": [None, 8]}}]})
    False
    """
    return next(_signs(config), False)


def with_frozen_weights(entry: Entry) -> Entry:
    """Return an entry with no trainable weights, as what is in a frozen wrapper of Keras 2."""
    return entry._replace(trainable=False).changed(
        lambda graph: replace(graph, entries=tuple(map(with_frozen_weights, graph.entries)))
    )


def _signs(config: object) -> Iterator[bool]:
    """Yield for each sign of a version in a config whether it is one of Keras 2."""
    pending = [config]
    while pending:
        one = pending.pop()
        if isinstance(one, dict):
            nodes = one.get("inbound_nodes")
            if isinstance(nodes, list) and nodes and nodes[0]:
                yield is_old(nodes[0])
            yield from (old for key, old in _SHAPES.items() if one.get(key) is not None)
            pending += one.values()
        elif isinstance(one, (list, tuple)):
            pending += one
