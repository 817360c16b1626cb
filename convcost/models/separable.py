"""What a network would be with other layers: separable, full, narrower, smaller."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from convcost import layers as kinds
from convcost.layers.merging import Broadcasting
from convcost.models.graph import Entry, Graph, refs

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import TypeAlias

    from convcost.layers.base import Layer
    from convcost.models.walk import Row

    Path: TypeAlias = tuple[str, ...]

_SEPARABLE = {kinds.Conv1D: kinds.SeparableConv1D, kinds.Conv2D: kinds.SeparableConv2D}
_FULL = {kinds.SeparableConv1D: kinds.Conv1D, kinds.SeparableConv2D: kinds.Conv2D}
_DEPTHWISE = {kinds.Conv1D: kinds.DepthwiseConv1D, kinds.Conv2D: kinds.DepthwiseConv2D}
_FULL_OF = {depthwise: full for full, depthwise in _DEPTHWISE.items()}
_ELEMENTWISE = ("Add", "Divide", "Maximum", "Minimum", "Multiply", "Subtract")
# What may stand between the two halves of a separable block: it goes with the first.
_BETWEEN = ("Activation", "BatchNormalization", "Dropout", "ELU", "LeakyReLU", "PReLU", "ReLU")


def replaced(graph: Graph, layers: Mapping[Path, Layer]) -> Graph:
    """Return a graph with other layers at some paths."""
    return _replaced(graph, layers, ())


def _replaced(graph: Graph, layers: Mapping[Path, Layer], path: Path) -> Graph:
    entries = []
    for entry in graph.entries:
        inner = (*path, entry.name)
        if isinstance(entry.layer, Graph):
            entry = entry._replace(layer=_replaced(entry.layer, layers, inner))
        elif inner in layers:
            entry = entry._replace(layer=layers[inner], kind=kind_of(layers[inner]))
        entries.append(entry)
    return replace(graph, entries=tuple(entries))


def kind_of(layer: Layer) -> str:
    """Return what a report calls a layer: its class, or those of a chain."""
    if isinstance(layer, kinds.Chain):
        return "+".join(type(one).__name__ for one in layer.layers)
    return type(layer).__name__


def is_full(layer: Any) -> bool:
    """Tell whether a separable convolution could take a layer's place."""
    return (
        type(layer) in _SEPARABLE
        and layer.padding != "causal"
        and layer.groups == 1
        and any(side != 1 for side in layer.kernel_size)
    )


def separable(layer: Any, block: bool) -> Layer:
    """Return the separable convolution in a layer's place, or the block of MobileNet."""
    laid = {
        name: getattr(layer, name)
        for name in ("kernel_size", "strides", "padding", "data_format", "dilation_rate")
    }
    if not block:
        made: Layer = _SEPARABLE[type(layer)](layer.filters, **laid, use_bias=layer.use_bias)
        return made
    axis = -1 if layer.data_format == "channels_last" else 1
    depthwise = _DEPTHWISE[type(layer)](**laid, use_bias=False)
    pointwise = type(layer)(
        layer.filters, 1, data_format=layer.data_format, use_bias=layer.use_bias
    )
    return kinds.Chain((depthwise, kinds.BatchNormalization(axis), pointwise))


def standard(graph: Graph) -> Graph:
    """Return a graph with full convolutions for separable layers and blocks."""
    entries = tuple(
        entry._replace(layer=standard(entry.layer)) if isinstance(entry.layer, Graph) else entry
        for entry in graph.entries
    )
    entries = tuple(
        entry._replace(layer=full, kind=kind_of(full))
        if (full := _full(entry.layer)) is not None
        else entry
        for entry in entries
    )
    return _merged(replace(graph, entries=entries))


def _full(layer: Any) -> Layer | None:
    """Return the full convolution for a separable one; None for anything else."""
    if type(layer) not in _FULL:
        return None
    made: Layer = _FULL[type(layer)](
        layer.filters,
        layer.kernel_size,
        layer.strides,
        layer.padding,
        data_format=layer.data_format,
        dilation_rate=layer.dilation_rate,
        use_bias=layer.use_bias,
    )
    return made


def _merged(graph: Graph) -> Graph:
    """Return a graph with one full convolution for each depthwise and pointwise one."""
    users = _users(graph)
    by_name = {entry.name: entry for entry in graph.entries}
    gone: set[str] = set()
    made: dict[str, Entry] = {}
    for entry in graph.entries:
        if type(entry.layer) not in (kinds.DepthwiseConv1D, kinds.DepthwiseConv2D):
            continue
        between, last = _followed(entry, users, by_name)
        if last is None or not _is_pointwise(last.layer, entry.layer):
            continue
        gone |= {entry.name, *between}
        made[last.name] = last._replace(
            layer=_together(entry.layer, last.layer),
            kind=type(last.layer).__name__,
            calls=entry.calls,
        )
    entries = tuple(
        made.get(entry.name, entry) for entry in graph.entries if entry.name not in gone
    )
    return replace(graph, entries=entries)


def _users(graph: Graph) -> dict[str, list[str]]:
    """Return the names of what each layer's outputs are fed to; "" for the model's output."""
    users: dict[str, list[str]] = {}
    for entry in graph.entries:
        for one in entry.calls:
            for ref in one.refs:
                users.setdefault(ref.entry, []).append(entry.name)
    for ref in refs(graph.outputs):
        users.setdefault(ref.entry, []).append("")
    return users


def _followed(
    entry: Entry, users: dict[str, list[str]], by_name: dict[str, Entry]
) -> tuple[list[str], Entry | None]:
    """Return what comes behind a layer, as far as that is one way, and what it ends in."""
    between: list[str] = []
    while len(users.get(entry.name, ())) == 1 and len(entry.calls) == 1:
        following = by_name.get(users[entry.name][0])
        if following is None or len(following.calls) != 1:
            break
        if following.kind not in _BETWEEN:
            return between, following
        between.append(following.name)
        entry = following
    return between, None


def _is_pointwise(layer: Any, depthwise: Any) -> bool:
    return (
        type(layer) is _FULL_OF[type(depthwise)]
        and depthwise.depth_multiplier == 1
        and all(side == 1 for side in (*layer.kernel_size, *layer.strides))
        and layer.groups == 1
    )


def _together(depthwise: Any, pointwise: Any) -> Layer:
    made: Layer = replace(
        pointwise,
        kernel_size=depthwise.kernel_size,
        strides=depthwise.strides,
        padding=depthwise.padding,
        dilation_rate=depthwise.dilation_rate,
    )
    return made


_WIDE = (
    kinds.Conv1D,
    kinds.Conv2D,
    kinds.Conv3D,
    kinds.Conv1DTranspose,
    kinds.Conv2DTranspose,
    kinds.Conv3DTranspose,
    kinds.SeparableConv1D,
    kinds.SeparableConv2D,
    kinds.Dense,
)


def rounded(width: Any, divisor: int) -> int:
    """Return a number of channels as Keras rounds it: to a multiple, but not down by over a tenth.

    `divisor=1` truncates, as MobileNet does. Howard et al., "MobileNets" (arXiv:1704.04861);
    `_make_divisible` of its authors' code for MobileNetV2.

    Examples
    --------
    >>> rounded(48.0, 1), rounded(33.6, 8), rounded(11.2, 8)
    (48, 32, 16)
    """
    if divisor == 1:
        return max(int(width), 1)
    nearest = max(divisor, int(width + divisor / 2) // divisor * divisor)
    return nearest + divisor if nearest < 0.9 * width else nearest


class Widths:
    """Decides during a walk how wide each layer becomes.

    Parameters
    ----------
    rows
        The rows of the network as it is, by path.
    kept
        Paths of the layers that keep their width.
    width
        The multiplier.
    divisor
        What the widths are multiples of; 1 truncates.
    """

    def __init__(
        self,
        rows: Mapping[Path, Row],
        kept: set[Path],
        width: Any,
        divisor: int,
    ) -> None:
        self._rows = rows
        self._kept = kept
        self._width = width
        self._divisor = divisor
        self._around = _Around(rows)
        # The width of layers whose outputs are added or multiplied: it has to be the same.
        self._agreed: dict[Path, Any] = {
            self._around.group(path): getattr(rows[path].layer, _width_name(rows[path].layer))
            for path in kept | self._around.fixed
            if isinstance(rows[path].layer, _WIDE)
        }
        self.layers: dict[Path, Layer] = {}

    def __call__(self, path: Path, layer: Any, shapes: list[Any]) -> Any:
        """Return the layer in a layer's place, for the shapes that it gets now."""
        if path in self.layers:
            return self.layers[path]
        changed = self._changed(path, layer, shapes)
        if changed is not layer:
            self.layers[path] = changed
        return changed

    def _changed(self, path: Path, layer: Any, shapes: list[Any]) -> Any:
        if isinstance(layer, kinds.Reshape):
            return self._reshaped(path, layer)
        if isinstance(layer, kinds.LayerScale):
            return kinds.LayerScale(shapes[0][-1])
        if path in self._kept or not isinstance(layer, _WIDE):
            return layer
        name = _width_name(layer)
        group = self._around.group(path)
        if group not in self._agreed:
            self._agreed[group] = self._number(path, layer, getattr(layer, name), shapes)
        changed: Any = {name: self._agreed[group]}
        groups = getattr(layer, "groups", 1)
        if groups != 1 and groups == _channels(layer, self._rows[path].shape):
            # One group a channel: a depthwise convolution by another name.
            changed["groups"] = _channels(layer, shapes[0][1:])
        return replace(layer, **changed)

    def _number(self, path: Path, layer: Any, number: int, shapes: list[Any]) -> int:
        """Return how many filters or units a layer has after scaling."""
        before = _channels(layer, self._rows[path].shape)
        own = getattr(layer, "groups", 1) == before != 1
        if own or self._around.is_expansion(path, layer, before):
            now: int = number // before * _channels(layer, shapes[0][1:])
            return now
        scaled = number * self._width
        if self._divisor != 1 and not self._around.is_first(path):
            scaled = int(scaled)  # as Keras's MobileNetV2 does in all but its first layer
        return rounded(scaled, self._divisor)

    def _reshaped(self, path: Path, layer: Any) -> Any:
        """Return a reshape that keeps its axes: (1, 1, 96) of 96 channels goes along with them."""
        long = [side for side in layer.target_shape if side != 1]
        if len(long) == 1 and path not in self._kept:
            return kinds.Reshape(tuple(-1 if side != 1 else 1 for side in layer.target_shape))
        return layer


def _width_name(layer: Any) -> str:
    return "units" if isinstance(layer, kinds.Dense) else "filters"


def _channels(layer: Any, shape: Any) -> Any:
    return shape[0] if getattr(layer, "data_format", "") == "channels_first" else shape[-1]


_INPUT: tuple[str, ...] = ()


class _Around:
    """Which layers are what by what comes before and behind them."""

    def __init__(self, rows: Mapping[Path, Row]) -> None:
        self._by_name = {row.name: row for row in rows.values()}
        self._users: dict[str, list[Row]] = {}
        for row in rows.values():
            for source in row.sources:
                self._users.setdefault(source, []).append(row)
        self._parents: dict[Path, Path] = {}
        # Layers whose output is added to something with a width of its own: the network's input.
        self.fixed: set[Path] = set()
        for row in rows.values():
            if isinstance(row.layer, Broadcasting) or row.kind in _ELEMENTWISE:
                self._tie([self._makers(source) for source in row.sources])

    def _makers(self, source: str) -> list[Path]:
        """Return the layers whose filters are the channels of a tensor, if it has them in order."""
        pending, found, seen = [source], [], set()
        while pending:
            row = self._by_name.get(pending.pop())
            if row is None:
                found.append(_INPUT)
                continue
            if row.path in seen or isinstance(row.layer, kinds.Concatenate):
                continue
            seen.add(row.path)
            if isinstance(row.layer, _WIDE):
                found.append(row.path)
            else:
                pending += row.sources
        return found

    def _tie(self, several: list[list[Path]]) -> None:
        every = [path for makers in several for path in makers]
        paths = [path for path in every if path is not _INPUT]
        if _INPUT in every:
            self.fixed.update(paths)
        for path in paths[1:]:
            self._parents[self.group(path)] = self.group(paths[0])

    def group(self, path: Path) -> Path:
        """Return one path for all layers that have to be as wide as this one."""
        while (parent := self._parents.get(path, path)) != path:
            path = parent
        return path

    def is_first(self, path: Path) -> bool:
        """Tell whether nothing but layers without weights comes before."""
        return all(row.params == 0 for row in self._before("/".join(path)))

    def _before(self, name: str) -> Iterator[Row]:
        pending, seen = list(self._by_name[name].sources), set()
        while pending:
            source = pending.pop()
            if source in seen or source not in self._by_name:
                continue
            seen.add(source)
            yield self._by_name[source]
            pending += self._by_name[source].sources

    def is_expansion(self, path: Path, layer: Any, channels: Any) -> bool:
        """Tell whether a pointwise convolution expands a linear bottleneck by a whole factor.

        Sandler et al., "MobileNetV2" (arXiv:1801.04381): the factor is what the block keeps. Its
        input has no activation, which tells it from the pointwise layers of MobileNet.
        """
        return (
            isinstance(layer, (kinds.Conv1D, kinds.Conv2D))
            and all(side == 1 for side in layer.kernel_size)
            and layer.filters > channels
            and layer.filters % channels == 0
            and self._feeds_depthwise("/".join(path))
            and self._is_linear("/".join(path))
        )

    def _feeds_depthwise(self, name: str) -> bool:
        users = self._users.get(name, [])
        while len(users) == 1:
            (row,) = users
            if isinstance(row.layer, (kinds.DepthwiseConv1D, kinds.DepthwiseConv2D)):
                return True
            if row.kind not in (*_BETWEEN, "ZeroPadding1D", "ZeroPadding2D"):
                return False
            users = self._users.get(row.name, [])
        return False

    def _is_linear(self, name: str) -> bool:
        pending = list(self._by_name[name].sources)
        while pending:
            row = self._by_name.get(pending.pop())
            if row is None or row.kind in ("Activation", "ReLU", "PReLU", "LeakyReLU", "ELU"):
                return False
            if row.kind in ("Add", "BatchNormalization", "Dropout"):
                pending += row.sources
        return True


def outputs_of(rows: Mapping[Path, Row], names: list[str]) -> set[Path]:
    """Return the paths of the layers that make a network's output, and of what shapes it behind."""
    by_name = {row.name: row for row in rows.values()}
    found: set[Path] = set()
    pending = [name for name in names if name in by_name]
    while pending:
        row = by_name[pending.pop()]
        if row.path in found:
            continue
        found.add(row.path)
        if not isinstance(row.layer, _WIDE):
            pending += [source for source in row.sources if source in by_name]
    return found
