"""Base classes of layers with one to three spatial axes: feature maps, kernels, groups."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from convcost._cost.recorder import Division, Leaf
from convcost._exact import K, arithmetic
from convcost._exact.kinds import is_traced
from convcost._exact.scalars import is_array
from convcost._exact.sizes import check_integer
from convcost._layers import arguments, geometry
from convcost._layers.base import Layer
from convcost._layers.steps import Axis, Step

if TYPE_CHECKING:
    from convcost._exact.types import Count, Factors
    from convcost._layers.steps import Part
    from convcost._layers.types import DataFormat, Pads

_AXES = {1: ("steps",), 2: ("height", "width"), 3: ("depth", "height", "width")}


class FeatureMap(Layer[K]):
    """A layer on feature maps with one to three spatial axes; subclasses add the arguments."""

    rank: ClassVar[int]
    # Axes of the input before those of this layer; an attribute, for error messages only.
    leading = 0

    if TYPE_CHECKING:
        data_format: DataFormat

    def __post_init__(self) -> None:
        self._set(data_format=arguments.check_data_format(self.data_format))

    def _axes(self) -> str:
        sides = _AXES[self.rank]
        last = self.data_format == arguments.CHANNELS_LAST
        return f"({', '.join((*sides, 'channels') if last else ('channels', *sides))})"

    def _split(self, shape: Factors) -> tuple[Factors, Count]:
        """Return the sides and the channels of a shape."""
        if self.data_format == arguments.CHANNELS_LAST:
            return shape[:-1], shape[-1]
        return shape[1:], shape[0]

    def _join(self, sides: Factors, channels: Count) -> Factors:
        if self.data_format == arguments.CHANNELS_LAST:
            return (*sides, channels)
        return (channels, *sides)

    def _side_name(self, axis: int) -> str:
        first = self.data_format == arguments.CHANNELS_FIRST
        return f"input_shape[{self.leading + axis + first}]"


class Kernel(FeatureMap[K]):
    """A layer that slides a kernel, or a window, over its input."""

    keeps_rank = True
    words: ClassVar[tuple[str, ...]] = ("valid", "same")
    window: ClassVar[str] = "kernel_size"

    def _along(self, axis: int) -> tuple[Count, Count, Count, str | Factors]:
        """Return kernel, stride, dilation and padding along an axis."""
        raise NotImplementedError

    def _slide(self, sides: Factors) -> tuple[Axis, ...]:
        """Return the axes of a convolution over an input with these sides."""
        return tuple(self._slide_along(axis, side) for axis, side in enumerate(sides))

    def _slide_along(self, axis: int, size: Count) -> Axis:
        kernel, stride, dilation, padding = self._along(axis)
        self._require_room(axis, size)
        if padding in ("same", "causal"):
            positions = geometry.same_length(size, stride)
        else:
            padded = size if isinstance(padding, str) else size + padding[0] + padding[1]
            positions = geometry.valid_length(
                padded, geometry.dilated_kernel_size(kernel, dilation), stride
            )
            self._refuse_empty(axis, positions, size)
        return Axis(kernel, stride, dilation, size, positions, padding)

    def _least_size(self, axis: int) -> str:
        """Return the error text for an axis that is too short for the kernel."""
        _, _, dilation, padding = self._along(axis)
        padded = "" if isinstance(padding, str) else " with its padding"
        is_dense = type(dilation) is int and dilation == 1
        extent = self.window if is_dense else f"({self.window} - 1)*dilation_rate + 1"
        return f"{self._side_name(axis)}{padded} must be at least as long as {extent}"

    def _refuse_empty(self, axis: int, side: Count, size: Count, demand: str = "") -> None:
        empty = arithmetic.find_empty(f"the output along {self._side_name(axis)}", side)
        if empty is not None:
            kernel, stride, dilation, padding = self._along(axis)
            sizes = {self.window: kernel, "strides": stride, "dilation_rate": dilation}
            named = {name: sizes[name] for name in sizes if name in self.argument_names()}
            described = ", ".join(
                f"{name}={arguments.show(value)}"
                for name, value in {
                    self._side_name(axis): size,
                    **named,
                    "padding": padding,
                }.items()
            )
            demand = demand or self._least_size(axis)
            raise ValueError(f"{demand}; got {described}, so {empty} would be empty")

    def _require_room(self, axis: int, side: Count) -> None:
        """Raise OverflowError if a value needed to compute a side might not fit into the arrays."""
        kernel, stride, dilation, padding = self._along(axis)
        around = () if isinstance(padding, str) else padding
        sizes = (side, kernel, stride, dilation, *around)
        if not any(map(is_array, sizes)) or any(map(is_traced, sizes)):
            return
        if any(size.dtype == object for size in sizes if is_array(size)):
            return
        from convcost._exact import arrays

        side, kernel, stride, dilation, *padded = (int(_largest(size)) for size in sizes)
        # An upper bound of every intermediate value: positions, kernel extents, padding, (tap,
        # position) pairs; output_padding is less than the strides or the dilation rate.
        largest = (side + sum(padded) + kernel * dilation) * (stride + kernel)
        arrays.require_room(
            f"(side + padding + kernel_size*dilation_rate)*(strides + kernel_size) of axis {axis}",
            largest,
        )


class Spatial(Kernel[K]):
    """A layer whose weights are a kernel."""

    if TYPE_CHECKING:
        filters: Count
        kernel_size: Count
        strides: Count
        padding: Pads
        dilation_rate: Count
        use_bias: bool

    def __post_init__(self) -> None:
        self._set(
            kernel_size=arguments.per_axis("kernel_size", self.kernel_size, self.rank),
            strides=arguments.per_axis("strides", self.strides, self.rank),
            padding=arguments.check_padding(self.padding, self.rank, self.words),
            dilation_rate=arguments.per_axis("dilation_rate", self.dilation_rate, self.rank),
        )
        super().__post_init__()
        self._check_flags("use_bias")

    def _output_shape(self, shape: Factors, steps: tuple[Part, ...]) -> Factors:
        return self._join(steps[-1].outputs, self._channels(shape))

    def _channels(self, shape: Factors) -> Count:
        """Return the number of output channels."""
        return self.filters

    def _along(self, axis: int) -> tuple[Count, Count, Count, str | Factors]:
        padding = self.padding if isinstance(self.padding, str) else self.padding[axis]
        return self.kernel_size[axis], self.strides[axis], self.dilation_rate[axis], padding


class Grouped(Spatial[K]):
    """A layer in which every filter sees the input channels of its group."""

    if TYPE_CHECKING:
        groups: Count

    def __post_init__(self) -> None:
        self._set(
            filters=check_integer("filters", self.filters),
            groups=check_integer("groups", self.groups),
        )
        arguments.check_divides(("groups", self.groups), ("filters", self.filters))
        super().__post_init__()

    def _steps(self, shape: Factors) -> tuple[Step, ...]:
        sides, m = self._split(shape)
        arguments.check_divides(("groups", self.groups), ("the input's channels", m))
        axes, outputs = self._axes_and_outputs(sides)
        channels, shown = per_group(m, self.groups)
        bias = int(self.use_bias)
        return (Step(axes, channels, (self.filters,), outputs, bias, shown=shown),)

    def _axes_and_outputs(self, sides: Factors) -> tuple[tuple[Axis, ...], Factors]:
        """Return the axes for an input with these sides, and the sides of the output."""
        raise NotImplementedError


def per_group(channels: Count, groups: Count) -> tuple[Factors, Factors]:
    """Return the channels that one filter sees, as a number and as an explanation shows them."""
    if type(groups) is int and groups == 1:
        return (channels,), (channels,)
    shown = Division(Leaf(channels), Leaf(groups))
    return (arithmetic.divide_evenly(channels, groups),), (shown,)


def _largest(size: Count) -> int:
    return int(size.max()) if is_array(size) else size
