"""The recorded calls of layers in a model that was changed, where their code can't be run again."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from convcost._layers.arguments import show
from convcost._models.graph import Distributed, Graph, Traced

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from typing import TypeAlias

    from convcost._exact.types import Factors
    from convcost._models.graph import Entry, LayerPath, Variable
    from convcost._models.unknown import Unknown

    # The graph of each call that was traced, by its number, the shapes of its inputs, and whether
    # it is for training.
    Graphs: TypeAlias = dict[tuple[int, tuple[Factors, ...], bool], Graph | Unknown]


@dataclass(frozen=True)
class Recordings(Traced):
    """What was recorded of a layer's calls, in place of the layer.

    Parameters
    ----------
    kind
        Name of the layer's class.
    graphs
        The graph of each call, by its number, the shapes of its inputs, and whether it is for
        training.
    variables
        All weights that belong to the layer.
    """

    kind: str
    graphs: Graphs
    variables: tuple[Variable, ...] = ()

    def trace(
        self, call: int, shapes: tuple[Factors, ...], training: bool = False
    ) -> Graph | Unknown:
        """Return what was recorded for these shapes, or for others that differ in channels.

        Raises
        ------
        ValueError
            If nothing was recorded that holds for these shapes as well.
        """
        found = self.graphs.get((call, shapes, training))
        if found is None:
            found = next(
                (
                    graph
                    for (number, recorded, given), graph in self.graphs.items()
                    if (number, given) == (call, training)
                    and _differ_in_channels(recorded, shapes)
                    and _follows(graph)
                ),
                None,
            )
        if found is None:
            raise ValueError(
                f"the call of this {self.kind} was recorded for other input shapes than"
                f" {', '.join(map(show, shapes))}, and its code can't be run again in a changed or"
                " copied model: change the input shape first, and the layers afterwards"
            )
        return found

    def changed(self, change: Callable[[Graph], Graph]) -> Recordings:
        """Return the recordings with each graph changed."""
        graphs = {
            key: change(one) if isinstance(one, Graph) else one for key, one in self.graphs.items()
        }
        return replace(self, graphs=graphs)


def _differ_in_channels(recorded: tuple[Factors, ...], shapes: tuple[Factors, ...]) -> bool:
    return [shape[:-1] for shape in recorded] == [shape[:-1] for shape in shapes]


def _follows(held: object) -> bool:
    """Tell whether nothing in a graph fixes a size that follows from the shapes of its inputs."""
    if isinstance(held, Graph):
        return all(_follows(entry.layer) for entry in held.entries)
    if isinstance(held, Distributed):
        return _follows(held.layer)
    if isinstance(held, Recordings):
        return all(map(_follows, held.graphs.values()))
    return not getattr(held, "fixes_sizes", False)


def with_recordings(
    graph: Graph, traces: Mapping[LayerPath, Graphs], path: LayerPath = ()
) -> Graph:
    """Return a graph with the recorded calls of its layers in place of the layers' code."""
    entries = tuple([_recorded(entry, traces, entry.within(path)) for entry in graph.entries])
    return replace(graph, entries=entries)


def _recorded(entry: Entry, traces: Mapping[LayerPath, Graphs], path: LayerPath) -> Entry:
    layer = entry.layer
    inner = held_layer(entry)
    if isinstance(inner, Traced) and not isinstance(inner, Recordings):
        inner = Recordings(entry.kind, traces.get(path, {}), inner.variables)
        layer = layer._replace(layer=inner) if isinstance(layer, Distributed) else inner
    return entry._replace(layer=layer).changed(lambda graph: with_recordings(graph, traces, path))


def held_layer(entry: Entry) -> object:
    """Return the layer of an entry, without the `TimeDistributed` around it."""
    return entry.layer.layer if isinstance(entry.layer, Distributed) else entry.layer


def entries_of(graph: Graph) -> Iterator[Entry]:
    """Yield the entries of a graph, of the graphs in it, and of recorded calls."""
    for entry in graph.entries:
        yield entry
        layer = held_layer(entry)
        if isinstance(layer, Graph):
            yield from entries_of(layer)
        elif isinstance(layer, Recordings):
            for recorded in layer.graphs.values():
                if isinstance(recorded, Graph):
                    yield from entries_of(recorded)
