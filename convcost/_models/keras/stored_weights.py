"""The numbers of weights that a file stores, layer by layer, from the shapes alone."""

from __future__ import annotations

import re
from collections import defaultdict
from typing import TYPE_CHECKING, NamedTuple

from convcost._models.hdf5.storage import Hdf5Error

if TYPE_CHECKING:
    from typing import TypeAlias

    from convcost._models.hdf5.file import Hdf5Object

    # By the names of the layers, or by their classes and places.
    Stored: TypeAlias = "NamedWeights | PlacedWeights"

# Under which a file of Keras 3, and of Keras 2.12 and 2.13, has the layers of a model.
_INSIDE = ("layers", "_layer_checkpoint_dependencies")
# Deeper than any real model, and far from Python's recursion limit.
_DEEPEST = 200
# The number behind the name of a class, for all but its first layer.
_NUMBER = re.compile(r"_(\d+)$")


class NamedWeights(NamedTuple):
    """What an `.h5` file stores for the layers of the outermost model.

    Attributes
    ----------
    counts
        The number of weights by the name of the layer. Layers that share weights have them each.
    """

    counts: dict[str, int]


class PlacedWeights(NamedTuple):
    """What a `.keras` file stores for a model or a layer.

    Attributes
    ----------
    total
        The number of weights in it. Shared ones are only at the first of the layers.
    parts
        What it is made of, by name.
    """

    total: int
    parts: dict[str, PlacedWeights]

    def layers(self) -> dict[str, list[PlacedWeights]]:
        """Return what is stored for the layers of a model, in their order, by class.

        Keras names the layers `conv2d`, `conv2d_1`, ... in the order in which the model lists them.
        The keys are the names of the classes in lower case, without underscores.
        """
        inside = next((self.parts[name] for name in _INSIDE if name in self.parts), None)
        numbered: dict[str, list[tuple[int, PlacedWeights]]] = defaultdict(list)
        for name, part in inside.parts.items() if inside else ():
            found = _NUMBER.search(name)
            kind = name[: found.start()] if found else name
            numbered[kind.replace("_", "")].append((int(found[1]) if found else 0, part))
        return {
            kind: [part for _, part in sorted(parts, key=lambda one: one[0])]
            for kind, parts in numbered.items()
        }


def named_weights(root: Hdf5Object) -> NamedWeights | None:
    """Return what an `.h5` file stores; None if it has no weights."""
    group = root.at("model_weights")
    names = None if group is None else _texts(group, "layer_names")
    if group is None or names is None:
        return None
    counts: dict[str, int] = {}
    for name in names:
        layer = group.at(name)
        weights = None if layer is None else _texts(layer, "weight_names")
        if layer is not None and weights is not None:
            found = [layer.at(weight) for weight in dict.fromkeys(weights)]
            known = [one.count for one in found if one is not None]
            if len(known) == len(found):  # some may stand in another file
                counts[name] = sum(known)
    return NamedWeights(counts) if any(counts.values()) else None


def placed_weights(root: Hdf5Object) -> PlacedWeights | None:
    """Return what the `model.weights.h5` of a `.keras` file stores; None if it has no weights."""
    for name in _INSIDE:
        group = root.at(name)
        if group is not None:
            inside = _placed(group, 0)
            return PlacedWeights(inside.total, {name: inside}) if inside.total else None
    return None


def _placed(one: Hdf5Object, depth: int) -> PlacedWeights:
    if depth > _DEEPEST:
        raise Hdf5Error(f"groups are nested more than {_DEEPEST} levels deep")
    parts = {name: _placed(part, depth + 1) for name, part in one.parts()}
    # A model within the model may have been trained by itself, and has an optimizer and metrics.
    model = any(name in parts for name in _INSIDE)
    own = (part.total for name, part in parts.items() if not model or name in (*_INSIDE, "vars"))
    return PlacedWeights(one.count + sum(own), parts)


def _texts(group: Hdf5Object, name: str) -> list[str] | None:
    """Return the texts in an attribute, which Keras divides into several if they are many."""
    found = group.texts(name)
    if found is None:
        pieces: list[list[bytes]] = []
        while (piece := group.texts(f"{name}{len(pieces)}")) is not None:
            pieces.append(piece)
        found = [text for piece in pieces for text in piece] if pieces else None
    return None if found is None else [text.decode("utf-8", errors="replace") for text in found]
