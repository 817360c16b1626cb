"""Compare the parameters that were counted with the weights that the file stores."""

from __future__ import annotations

from collections import defaultdict
from math import prod
from typing import TYPE_CHECKING, NamedTuple

from convcost._layers import LoRA, SpectralNormalization
from convcost._layers.base import Layer
from convcost._models.changes import unwrapped
from convcost._models.errors import ModelError
from convcost._models.graph import Distributed, Graph, RegisteredLayer, Source
from convcost._models.keras.operations import KerasOperation
from convcost._models.keras.stored_weights import NamedWeights
from convcost._models.rows import as_one

if TYPE_CHECKING:
    from collections.abc import Iterator

    from convcost._models.graph import Entry, Held, LayerPath
    from convcost._models.keras.stored_weights import PlacedWeights, Stored
    from convcost._models.network import Network
    from convcost._models.rows import Row


class _Difference(NamedTuple):
    """What was counted and what is stored; the path is empty for the whole model."""

    path: LayerPath
    kind: str
    counted: int
    stored: int
    registered: bool = False


def check_weights(network: Network, stored: Stored) -> None:
    """Refuse a network whose parameters are not as many as the weights that its file stores.

    Raises
    ------
    ModelError
        If they differ; the message names the first such layer, and both numbers.
    """
    if isinstance(stored, NamedWeights):
        different = list(_by_name(network, stored))
    else:
        different = _by_place(network, stored)
    for path, kind, counted, there, registered in different:
        if registered:
            raise ModelError(
                f"layer {'/'.join(path)!r} ({kind}) has {counted:,} parameters by the function that"
                f" is registered for it, but the file stores {there:,}: correct the function"
            )
        numbers = f"{counted:,} parameters by its config, but the file stores {there:,}"
        if not path:
            raise ModelError(
                f"the model {network.name!r} has {numbers}: perhaps a layer is of a class of your"
                " own, or layers share weights; give the live model"
            )
        raise ModelError(
            f"layer {'/'.join(path)!r} ({kind}) has {numbers}: perhaps it is of a class of your"
            " own, or shares its weights; give the live model, or register the class with"
            f" @convcost.layers.register({kind!r})"
        )


class _Counted:
    """The parameters that were counted, by path of the layer or of a model around it."""

    def __init__(self, network: Network, merged: bool = False) -> None:
        self._totals: dict[LayerPath, int] = defaultdict(int)
        self._unknown: set[LayerPath] = set()
        self.shares = any(row.reused for row in network.rows)
        for row in network.rows:
            around = [row.path[:length] for length in range(len(row.path) + 1)]
            if row.layer is None or type(row.params) is not int:
                self._unknown.update(around)
                continue
            params = row.params + (_stored_besides(row) if merged and row.params else 0)
            for path in around:
                self._totals[path] += params

    def at(self, path: LayerPath) -> int | None:
        """Return the parameters of a layer or model; None if they are not known."""
        return None if path in self._unknown else self._totals[path]


def _stored_besides(row: Row) -> int:
    """Return how many more numbers than weights a `.keras` file stores for a layer.

    Keras adds a low-rank adaptation to the kernel, and writes a kernel that `SpectralNormalization`
    normalizes for both layers.
    """
    layer, _ = unwrapped(row.layer)
    if not isinstance(row.layer, Layer) or not isinstance(layer, (LoRA, SpectralNormalization)):
        return 0
    weights = row.layer.weights_for(as_one(row.shape))
    if isinstance(layer, SpectralNormalization):
        return prod(weights[0].shape)
    return -sum(prod(one.shape) for one in weights if one.name.startswith("lora_"))


def _by_name(network: Network, stored: NamedWeights) -> Iterator[_Difference]:
    """Yield the layers of the outermost model that differ from an `.h5` file."""
    counted = _Counted(network)
    shared = _shared(network)
    for entry in network.graph.entries:
        count, there = counted.at((entry.name,)), stored.counts.get(entry.name)
        if count is None or there is None:
            continue
        # Weights that were counted at an earlier layer are stored at this one, too.
        if not count <= there <= count + shared[entry.name]:
            own = _is_registered(entry.layer)
            yield _Difference((entry.name,), entry.kind, count, there, own)


def _has_weights(held: Held) -> bool:
    return isinstance(held, (Layer, RegisteredLayer))


def _is_registered(held: Held) -> bool:
    inner = held.layer if isinstance(held, Distributed) else held
    return isinstance(inner, RegisteredLayer)


def _shared(network: Network) -> dict[str, int]:
    """Return the weights in layers of the outermost model that were counted at other layers."""
    found: dict[str, int] = defaultdict(int)
    counted = {row.path for row in network.rows if not row.reused}
    for row in network.rows:
        if row.path not in counted and isinstance(row.layer, Layer):
            counted.add(row.path)
            found[row.path[0]] += row.layer.cost(row.shape).params
    return found


def _by_place(network: Network, stored: PlacedWeights) -> list[_Difference]:
    """Return the layers that differ from a `.keras` file."""
    counted = _Counted(network, merged=True)
    pairs = _Pairs(counted)
    different = list(pairs.different(network.graph, (), stored))
    if different and not counted.shares:
        return different
    if not different and pairs.complete:
        return []
    # Which of the layers that share weights has them in the file depends on the version of Keras.
    total = counted.at(())
    if total is None or total == stored.total:
        return []
    return [_Difference((), network.graph.kind, total, stored.total)]


class _Pairs:
    """Pairs the layers of a model with what a file stores for them.

    Attributes
    ----------
    complete
        Whether each layer had its pair.
    """

    def __init__(self, counted: _Counted) -> None:
        self._counted = counted
        self.complete = True

    def different(
        self, graph: Graph, path: LayerPath, stored: PlacedWeights
    ) -> Iterator[_Difference]:
        """Yield the layers in a model that differ, in nested models as well."""
        classes: dict[str, list[Entry]] = defaultdict(list)
        for entry in graph.entries:
            if not isinstance(entry.layer, (KerasOperation, Source)):
                classes[entry.kind.lower().replace("_", "")].append(entry)
        groups = stored.layers()
        for kind, entries in classes.items():
            for entry, there in self._paired(entries, groups.get(kind, []), path):
                inner = (*path, entry.name)
                count = self._counted.at(inner)
                layer = entry.layer
                if isinstance(layer, Distributed):
                    layer, there = layer.layer, there.parts.get("layer", there)
                if isinstance(layer, Graph):
                    yield from self.different(layer, inner, there)
                elif _has_weights(layer) and count is not None and count != there.total:
                    own = _is_registered(layer)
                    yield _Difference(inner, entry.kind, count, there.total, own)

    def _paired(
        self, entries: list[Entry], groups: list[PlacedWeights], path: LayerPath
    ) -> Iterator[tuple[Entry, PlacedWeights]]:
        """Return the layers of a class with what is stored for them."""
        if len(entries) != len(groups):
            # Some versions of Keras write nothing for layers without weights of their own.
            entries = [one for one in entries if self._counted.at((*path, one.name)) != 0]
            groups = [one for one in groups if one.total]
        if len(entries) != len(groups):
            self.complete = False
            return iter(())
        return zip(entries, groups, strict=True)
