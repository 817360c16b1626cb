"""Layers that hold other layers as arguments: recurrent layers of cells, and of two directions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from convcost._layers import Layer
from convcost._layers.multi_head_attention import Projected
from convcost._models.graph import Distributed, RegisteredLayer
from convcost._models.keras.layers import class_of
from convcost._models.returns import Returns
from convcost._models.unknown import Unknown

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from typing import TypeAlias

    from convcost._models.graph import Held
    from convcost._models.keras.layers import Config, LayerCache

    # Takes what a layer holds; returns the name of its class, and what stands for it.
    Child: TypeAlias = Callable[[Any], tuple[str, Held]]

# By class: the arguments that are layers, and the attributes of live layers that hold them.
HOLDING: dict[str, dict[str, str]] = {
    "Bidirectional": {"layer": "forward_layer", "backward_layer": "backward_layer"},
    "RNN": {"cell": "cell"},
    "SpectralNormalization": {"layer": "layer"},
    "StackedRNNCells": {"cells": "cells"},
}

# Layers over cells, of which each can be registered.
_OF_CELLS = ("Bidirectional", "RNN")


class _WithChildren:
    """A config in which layers of this library stand for the layers that it holds."""

    def __init__(self, config: Config, children: Mapping[str, object]) -> None:
        self._config, self._children = config, children

    def get(self, name: str, default: object = None) -> object:
        """Return an argument by name, or the default."""
        if name in self._children:
            return self._children[name]
        return self._config.get(name, default)


def holder(
    make: LayerCache, kind: str, config: Config, held: Mapping[str, object], child: Child
) -> Layer[Any] | Distributed | Unknown:
    """Return a layer that holds others, or an unknown layer if one of them is not known.

    An `RNN` of a cell that is registered calls the function for each step.

    Parameters
    ----------
    make
        Makes the layer.
    kind, config
        Its class and its config.
    held
        What it holds, by argument: a layer, a list of layers, or None.
    child
        Returns what stands for a layer that it holds.
    """
    children: dict[str, object] = {}
    for name, value in held.items():
        if value is None:
            continue
        made = []
        for one in value if isinstance(value, (list, tuple)) else [value]:
            inner, layer = child(one)
            if kind == "RNN" and isinstance(layer, RegisteredLayer):
                flags = (config.get("return_sequences"), config.get("return_state"))
                return Distributed(layer, Returns(*map(bool, flags)))
            if not isinstance(layer, Layer):
                return of_unknown(kind, inner, layer)
            made.append(layer)
        children[name] = made if isinstance(value, (list, tuple)) else made[0]
    return make(kind, _WithChildren(config, children))


def of_unknown(kind: str, inner: str, held: Held) -> Unknown:
    """Return what stands for a layer that holds one that is not known.

    A cell of an `RNN` can be registered, instead of the layers around it.
    """
    if not isinstance(held, Unknown):
        return Unknown(kind, detail=f" around {inner}")
    known_as = held.known_as or held.kind if kind in _OF_CELLS else ""
    return held.inside(kind, inner)._replace(known_as=known_as)


def is_trainable(kind: str, config: Mapping[str, object], nested: bool = True) -> bool:
    """Return whether training may change the weights of a layer, from its config.

    Parameters
    ----------
    kind, config
        Its class and its config.
    nested
        Whether a layer that is frozen freezes those that it holds, as in Keras 2. In Keras 3, each
        of them says for itself; projections of attention are made anew, and not frozen.

    Raises
    ------
    ValueError
        If the layers that it holds differ in it.

    Examples
    --------
    >>> is_trainable("RNN", {"cell": {"class_name": "LSTMCell", "config": {"trainable": False}}})
    False
    """
    flags = set(_flags(kind, config, nested))
    if len(flags) > 1:
        raise ValueError(
            "some of the layers in it are trainable, and others are not: give the live model"
        )
    return flags.pop()


def _flags(kind: str, config: Mapping[str, object], nested: bool) -> Iterator[bool]:
    own = config.get("trainable", True) not in (False, 0)
    children = [config.get(name) for name in HOLDING.get(kind, ())]
    every = [one for value in children for one in (value if isinstance(value, list) else [value])]
    inner = [one for one in every if isinstance(one, dict)]
    if not inner or (nested and not own):
        made_anew = issubclass(class_of(kind) or Layer, Projected)
        yield own or (made_anew and not nested)
        return
    for one in inner:
        inside = one.get("config")
        found = inside if isinstance(inside, dict) else {}
        yield from _flags(str(one.get("class_name")), found, nested)
