"""The width and resolution multipliers of the MobileNet paper, for any network."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING

from convcost import _layers as kinds
from convcost._exact.scalars import refuse
from convcost._layers.arguments import CHANNELS_FIRST, per_axis, show
from convcost._layers.attention import Unprojected
from convcost._layers.base import Layer
from convcost._layers.merging import Add
from convcost._layers.multi_head_attention import Projected
from convcost._models.changes import unwrapped
from convcost._models.separable import ACTIVATIONS, BETWEEN
from convcost._models.widths import (
    head_sizes,
    is_wide,
    times_joined,
    why_not,
    width_of,
    with_width,
)

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterator, Mapping, Sequence
    from typing import Any

    from convcost._exact.types import Count, Factors
    from convcost._layers.types import GivenShape
    from convcost._models.graph import Entry, LayerPath, Single
    from convcost._models.rows import Row
    from convcost._models.scaled_operations import Before
    from convcost._models.visits import Visit

# The layers whose groups or factors of expansion follow from the width of their input.
_CONVOLUTIONS = (
    kinds.Conv1D,
    kinds.Conv2D,
    kinds.Conv3D,
    kinds.Conv1DTranspose,
    kinds.Conv2DTranspose,
    kinds.Conv3DTranspose,
)
_ELEMENTWISE = ("Add", "Divide", "Maximum", "Minimum", "Multiply", "Subtract")
_INPUT: LayerPath = ()


def check_width(width: object) -> None:
    """Raise TypeError or ValueError unless a width multiplier is a positive number."""
    allowed = "a positive number, such as 0.75"
    if isinstance(width, bool) or not isinstance(width, (int, float, Fraction)):
        refuse(TypeError, "width", width, allowed)
    if not 0 < width < float("inf"):
        refuse(ValueError, "width", width, allowed)


def resized(rows: Sequence[Row], shapes: Sequence[Factors], resolution: object) -> list[Factors]:
    """Return the input shapes with new spatial sides; a resolution of None keeps them.

    Raises
    ------
    TypeError, ValueError
        If the resolution is not an integer or one per side, or an input has no spatial sides.
    """
    if resolution is None:
        return list(shapes)
    first = any(getattr(row.layer, "data_format", None) == CHANNELS_FIRST for row in rows)
    made: list[Factors] = []
    for shape in shapes:
        rank = len(shape) - 1
        if rank < 1:
            allowed = f"None for an input of shape {show(shape)}, which has no spatial sides"
            refuse(ValueError, "resolution", resolution, allowed)
        sides = per_axis("resolution", resolution, rank)
        made.append((shape[0], *sides) if first else (*sides, shape[-1]))
    return made


def rounded(width: float | Fraction, divisor: int) -> int:
    """Round a number of channels as Keras does: to a multiple, but at most a tenth down.

    `divisor=1` truncates, as MobileNet does. Howard et al., "MobileNets" (arXiv:1704.04861);
    `_make_divisible` in the authors' code for MobileNetV2.

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
    """The widths of a scaled network's layers, decided during a walk.

    Parameters
    ----------
    rows
        The rows of the unscaled network, by path.
    kept
        Paths of the layers that keep their width, wherever they are used.
    width
        The multiplier.
    divisor
        Widths are rounded to multiples of it; 1 truncates.
    before
        What the rows of the unscaled network are called with.
    """

    def __init__(
        self,
        rows: Mapping[LayerPath, Row],
        kept: set[LayerPath],
        width: float | Fraction,
        divisor: int,
        before: Before,
    ) -> None:
        self._rows = rows
        self._kept = {rows[path].identity for path in kept}
        self._before = before
        self._width = width
        self._divisor = divisor
        self._around = _Around(rows)
        # The common width of layers whose outputs are added or multiplied.
        self._agreed: dict[tuple[LayerPath, int], Count] = {
            self._group(path, _layer_of(rows[path])): width_of(_layer_of(rows[path]))
            for path in rows
            if path in self._around.fixed or rows[path].identity in self._kept
            if is_wide(_layer_of(rows[path]))
        }
        # By the identity of the layers that they replace.
        self.layers: dict[Hashable, Layer[Any]] = {}

    def __call__(self, entry: Entry, visit: Visit, key: tuple[int, int], layer: Single) -> Single:
        """Return the scaled layer, given the input shapes that it now has."""
        inner, depth = unwrapped(layer)
        path, shapes = visit.path, [(one.shape or ())[1 + depth :] for one in visit.given]
        if entry.identity in self.layers:
            return _within(self.layers[entry.identity], depth)
        if is_wide(inner) and self._rows[path].identity != entry.identity:
            raise ValueError("another layer in the same place has its name: name them differently")
        changed = self._changed(path, inner, shapes)
        if changed is None:
            return self._before.checked(visit, key, layer)
        self.layers[entry.identity] = changed
        return _within(changed, depth)

    def _changed(self, path: LayerPath, layer: object, shapes: list[Factors]) -> Layer[Any] | None:
        """Return the layer that replaces another; None to keep it."""
        if isinstance(layer, kinds.Reshape):
            return self._reshaped(path, layer)
        if isinstance(layer, kinds.LayerScale):
            return kinds.LayerScale(shapes[0][-1])
        if self._rows[path].identity in self._kept or not isinstance(layer, Layer):
            return None
        if why := why_not(layer):
            raise ValueError(
                f"{why}, so that it has no width to scale: name it in keep, or build the model at"
                " that width"
            )
        if sizes := head_sizes(layer):
            scaled = {name: self._scaled(path, size) for name, size in sizes.items()}
            return type(layer)(**{**layer.arguments(), **scaled})
        if not is_wide(layer):
            return None
        group = self._group(path, layer)
        if group not in self._agreed:
            self._agreed[group] = self._number(path, layer, shapes)
        width = self._agreed[group]
        if isinstance(layer, _CONVOLUTIONS) and self._is_depthwise(path, layer):
            # One group per channel: a depthwise convolution by another name.
            return replace(layer, filters=width, groups=_channels(layer, shapes[0]))
        return with_width(layer, width)

    def _is_depthwise(self, path: LayerPath, layer: Any) -> bool:
        return layer.groups != 1 and bool(layer.groups == self._channels_before(path, layer))

    def _group(self, path: LayerPath, layer: object) -> tuple[LayerPath, int]:
        return self._around.group(path), times_joined(layer)

    def _channels_before(self, path: LayerPath, layer: object) -> Count:
        row = self._rows[path]
        return _channels(layer, row.shape[unwrapped(row.layer)[1] :])

    def _number(self, path: LayerPath, layer: Layer[Any], shapes: list[Factors]) -> Count:
        """Return how many filters or units a layer has after scaling."""
        number = width_of(layer)
        if isinstance(layer, _CONVOLUTIONS):
            before = self._channels_before(path, layer)
            own = getattr(layer, "groups", 1) == before != 1
            if own or self._around.is_expansion(path, layer, before):
                return number // before * _channels(layer, shapes[0])
        return self._scaled(path, number)

    def _scaled(self, path: LayerPath, number: Count) -> int:
        scaled: float | Fraction = number * self._width
        if self._divisor != 1 and not self._around.is_first(path):
            scaled = int(scaled)  # as Keras's MobileNetV2 does in all but its first layer
        return rounded(scaled, self._divisor)

    def _reshaped(self, path: LayerPath, layer: kinds.Reshape[Any]) -> kinds.Reshape | None:
        """Return a reshape that follows its channels: (1, 1, 96) becomes (1, 1, -1)."""
        long = [side for side in layer.target_shape if side != 1]
        if len(long) == 1 and self._rows[path].identity not in self._kept:
            return kinds.Reshape(tuple(-1 if side != 1 else 1 for side in layer.target_shape))
        return None


def _layer_of(row: Row) -> object:
    return unwrapped(row.layer)[0]


def _within(layer: Layer[Any], depth: int) -> Layer[Any]:
    """Return a layer inside of as many `TimeDistributed`."""
    for _ in range(depth):
        layer = kinds.TimeDistributed(layer)
    return layer


def _channels(layer: object, shape: GivenShape) -> Count:
    return shape[0] if getattr(layer, "data_format", "") == CHANNELS_FIRST else shape[-1]


class _Around:
    """What follows from a layer's neighbours: shared widths, first layers, expansions."""

    def __init__(self, rows: Mapping[LayerPath, Row]) -> None:
        self._by_name = {row.name: row for row in rows.values()}
        self._users: dict[str, list[Row]] = {}
        for row in rows.values():
            for source in row.sources:
                self._users.setdefault(source, []).append(row)
        self._parents: dict[LayerPath, LayerPath] = {}
        # Layers whose output is added to the network's input, which has a fixed width.
        self.fixed: set[LayerPath] = set()
        first: dict[Hashable, LayerPath] = {}
        for path, row in rows.items():
            # One layer that is used in several places.
            self._parents[self.group(path)] = self.group(first.setdefault(row.identity, path))
        for row in rows.values():
            if isinstance(row.layer, Add) or row.kind in _ELEMENTWISE:
                self._tie([self._makers(source) for source in row.sources])

    def _makers(self, source: str) -> list[LayerPath]:
        """Return the layers whose filters are a tensor's channels; none behind a concatenation."""
        pending, found, seen = [source], [], set()
        while pending:
            row = self._by_name.get(pending.pop())
            if row is None:
                found.append(_INPUT)
                continue
            if row.path in seen or isinstance(row.layer, kinds.Concatenate):
                continue
            seen.add(row.path)
            if is_wide(_layer_of(row)):
                found.append(row.path)
            elif why_not(_layer_of(row)):
                found.append(_INPUT)
            else:
                pending += _sources_of_channels(row)
        return found

    def _tie(self, several: list[list[LayerPath]]) -> None:
        every = [path for makers in several for path in makers]
        paths = [path for path in every if path is not _INPUT]
        if _INPUT in every:
            self.fixed.update(paths)
        for path in paths[1:]:
            self._parents[self.group(path)] = self.group(paths[0])

    def group(self, path: LayerPath) -> LayerPath:
        """Return the path that stands for all layers that must have the same width."""
        while (parent := self._parents.get(path, path)) != path:
            path = parent
        return path

    def is_first(self, path: LayerPath) -> bool:
        """Tell whether only layers without weights come before it."""
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

    def is_expansion(self, path: LayerPath, layer: object, channels: Count) -> bool:
        """Tell whether a pointwise convolution expands a linear bottleneck by an integer factor.

        Sandler et al., "MobileNetV2" (arXiv:1801.04381): the block keeps this factor. Its input
        has no activation, unlike that of the pointwise layers of MobileNet.
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
            if row.kind not in (*BETWEEN, "ZeroPadding1D", "ZeroPadding2D"):
                return False
            users = self._users.get(row.name, [])
        return False

    def _is_linear(self, name: str) -> bool:
        pending = list(self._by_name[name].sources)
        while pending:
            row = self._by_name.get(pending.pop())
            if row is None or row.kind in ACTIVATIONS:
                return False
            if row.kind in ("Add", "BatchNormalization", "Dropout"):
                pending += row.sources
        return True


def _sources_of_channels(row: Row) -> tuple[str, ...]:
    """Return the tensors that are as wide as a row's output; of attention, the query or value."""
    if isinstance(row.layer, Projected):
        return row.sources[:1]
    return row.sources[1:2] if isinstance(row.layer, Unprojected) else row.sources


def outputs_of(rows: Mapping[LayerPath, Row], names: list[str]) -> set[LayerPath]:
    """Return the paths of the layers that make a network's output, and of all layers after them."""
    by_name = {row.name: row for row in rows.values()}
    found: set[LayerPath] = set()
    pending = [name for name in names if name in by_name]
    while pending:
        row = by_name[pending.pop()]
        if row.path in found:
            continue
        found.add(row.path)
        if not (is_wide(_layer_of(row)) or why_not(_layer_of(row))):
            pending += [source for source in row.sources if source in by_name]
    return found
