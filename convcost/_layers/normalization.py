"""Layers whose weights scale and shift: normalizations, PReLU and the like."""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass
from typing import TYPE_CHECKING, Any

from convcost._exact import K
from convcost._exact.sizes import check_integer
from convcost._layers import arguments
from convcost._layers.base import Layer
from convcost._layers.results import Weight
from convcost._layers.steps import Weights

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from convcost._exact.types import Count, Factors
    from convcost._layers.keras_arguments import Kept
    from convcost._layers.steps import Part
    from convcost._layers.types import Axes, Side


class Weighted(Layer[K]):
    """A layer whose weights are not kernels, and whose output has the shape of its input."""

    def _steps(self, shape: Factors) -> tuple[Part, ...]:
        shapes: dict[tuple[int, ...], list[Factors]] = {}
        for weight in self._weights(shape):
            # The same sides, not equal ones: arrays have no hash.
            shapes.setdefault(tuple(map(id, weight.shape)), []).append(weight.shape)
        return tuple(
            Weights(equal[0] if len(equal) == 1 else (len(equal), *equal[0]))
            for equal in shapes.values()
        )

    def _output_shape(self, shape: Factors, steps: tuple[Part, ...]) -> Factors:
        return shape


class Scaled(Weighted[K]):
    """A layer with one or more vectors of weights along one or more axes."""

    if TYPE_CHECKING:
        axis: Axes | None

    def _along(self, shape: Factors) -> Factors:
        # In Keras's order, which sorts -1 before 1.
        return tuple(
            shape[arguments.place("axis", axis, shape)]
            for axis in sorted(arguments.axis_tuple(self.axis))
        )

    def _check_axes(self) -> None:
        axis = self.axis
        if isinstance(axis, (tuple, list)):
            axis = tuple(arguments.check_axis(f"axis[{i}]", one) for i, one in enumerate(axis))
        else:
            axis = arguments.check_axis("axis", axis)
        self._set(axis=axis)


@dataclass(frozen=True, eq=False, repr=False)
class BatchNormalization(Scaled[int]):
    """Batch normalization, as `keras.layers.BatchNormalization`.

    Parameters
    ----------
    axis
        The channel axis; the batch is axis 0.
    center
        Whether to add a trainable beta.
    scale
        Whether to multiply by a trainable gamma.
    renorm
        Whether to keep the three additional averages of batch renormalization.

    Examples
    --------
    >>> BatchNormalization().explain((28, 28, 32)).params
    '4*32 = 128'
    >>> [weight.name for weight in BatchNormalization().weights((28, 28, 32)) if weight.trainable]
    ['gamma', 'beta']
    """

    if TYPE_CHECKING:

        def __init__(
            self,
            axis: Axes = -1,
            *,
            center: bool = True,
            scale: bool = True,
            renorm: bool = False,
            **kept: Unpack[Kept],
        ) -> None: ...

    axis: Axes = -1
    _: KW_ONLY
    center: bool = True
    scale: bool = True
    renorm: bool = False

    def __post_init__(self) -> None:
        if isinstance(self.axis, (tuple, list)) and len(self.axis) == 1:
            self._set(axis=self.axis[0])  # as Keras 2 wrote it
        self._set(axis=arguments.check_axis("axis", self.axis))
        self._check_flags("center", "scale", "renorm")

    def _weights(self, shape: Factors) -> tuple[Weight, ...]:
        channels = self._along(shape)
        trained = [name for name, has in (("gamma", self.scale), ("beta", self.center)) if has]
        kept = ["moving_mean", "moving_variance"]
        if self.renorm:
            kept += ["moving_stddev", "renorm_mean", "renorm_stddev"]
        return tuple(
            [Weight(name, channels) for name in trained]
            + [Weight(name, channels, trainable=False) for name in kept]
        )


@dataclass(frozen=True, eq=False, repr=False)
class LayerNormalization(Scaled[int]):
    """Layer normalization, as `keras.layers.LayerNormalization`.

    Parameters
    ----------
    axis
        The axis or axes to normalize; the batch is axis 0.
    center
        Whether to add a beta.
    scale
        Whether to multiply by a gamma.
    rms_scaling
        Whether to scale by the root mean square, with a gamma but no beta.

    Examples
    --------
    >>> LayerNormalization().explain((7, 7, 768)).params
    '2*768 = 1536'
    """

    if TYPE_CHECKING:

        def __init__(
            self,
            axis: Axes = -1,
            *,
            center: bool = True,
            scale: bool = True,
            rms_scaling: bool = False,
            **kept: Unpack[Kept],
        ) -> None: ...

    axis: Axes = -1
    _: KW_ONLY
    center: bool = True
    scale: bool = True
    rms_scaling: bool = False

    def __post_init__(self) -> None:
        self._check_axes()
        self._check_flags("center", "scale", "rms_scaling")

    def _weights(self, shape: Factors) -> tuple[Weight, ...]:
        along = self._along(shape)
        gamma = [Weight("gamma", along)] if self.scale or self.rms_scaling else []
        beta = [Weight("beta", along)] if self.center and not self.rms_scaling else []
        return (*gamma, *beta)


@dataclass(frozen=True, eq=False, repr=False)
class RMSNormalization(Scaled[int]):
    """Normalization by the root mean square, as `keras.layers.RMSNormalization`.

    Parameters
    ----------
    axis
        The axis or axes to normalize; the batch is axis 0.

    Examples
    --------
    >>> RMSNormalization().cost((7, 7, 768)).params
    768
    """

    if TYPE_CHECKING:

        def __init__(self, axis: Axes = -1, **kept: Unpack[Kept]) -> None: ...

    axis: Axes = -1

    def __post_init__(self) -> None:
        self._check_axes()

    def _weights(self, shape: Factors) -> tuple[Weight, ...]:
        return (Weight("scale", self._along(shape)),)


@dataclass(frozen=True, eq=False, repr=False)
class GroupNormalization(Scaled[K]):
    """Group normalization, as `keras.layers.GroupNormalization`.

    Parameters
    ----------
    groups
        Number of groups, a divisor of the channels; -1 for one group per channel.
    axis
        The channel axis; the batch is axis 0.
    center
        Whether to add a beta.
    scale
        Whether to multiply by a gamma.

    Examples
    --------
    >>> GroupNormalization(groups=8).cost((28, 28, 32)).params
    64
    """

    if TYPE_CHECKING:

        def __init__(
            self,
            groups: Side[K] = 32,
            axis: int = -1,
            *,
            center: bool = True,
            scale: bool = True,
            **kept: Unpack[Kept],
        ) -> None: ...

    groups: Side[K] = 32
    axis: int = -1
    _: KW_ONLY
    center: bool = True
    scale: bool = True

    def __post_init__(self) -> None:
        if type(self.groups) is not int or self.groups != -1:
            self._set(groups=check_integer("groups", self.groups))
        self._set(axis=arguments.check_axis("axis", self.axis))
        self._check_flags("center", "scale")

    def _weights(self, shape: Factors) -> tuple[Weight, ...]:
        (channels,) = self._along(shape)
        # -1 (one group per channel) divides every number.
        arguments.check_divides(("groups", self.groups), ("the input's channels", channels))
        named = (("gamma", self.scale), ("beta", self.center))
        return tuple(Weight(name, (channels,)) for name, has in named if has)


@dataclass(frozen=True, eq=False, repr=False)
class Normalization(Scaled[int]):
    """Shift and scale by the mean and variance of the data, as `keras.layers.Normalization`.

    Parameters
    ----------
    axis
        The axis or axes with separate means and variances; the batch is axis 0. None for a single
        mean and variance.
    mean, variance
        Given values, which are not weights; None if adapted to data and stored as weights.

    Examples
    --------
    >>> Normalization().explain((224, 224, 3)).params
    '2*3 + 1 = 7'
    """

    if TYPE_CHECKING:

        def __init__(
            self,
            axis: Axes | None = -1,
            mean: object = None,
            variance: object = None,
            **kept: Unpack[Kept],
        ) -> None: ...

    axis: Axes | None = -1
    mean: object = None
    variance: object = None

    def __post_init__(self) -> None:
        if self.axis is None:
            self._set(axis=())
        self._check_axes()
        # Only whether they are given matters.
        given = self.mean is not None
        self._set(mean=given or None, variance=given or None)

    def _weights(self, shape: Factors) -> tuple[Weight, ...]:
        if self.mean is not None:
            return ()
        places = sorted(
            arguments.place("axis", axis, shape) for axis in arguments.axis_tuple(self.axis)
        )
        along = tuple(shape[index] for index in places)
        # Keras's `int`: int64 with TensorFlow, int32 with other backends.
        count = Weight("count", (), trainable=False, dtype="int")
        return (*(Weight(name, along, trainable=False) for name in ("mean", "variance")), count)


@dataclass(frozen=True, eq=False, repr=False)
class PReLU(Weighted[int]):
    """ReLU with a trained slope, as `keras.layers.PReLU`.

    Parameters
    ----------
    shared_axes
        Axes along which one slope is shared; the batch is axis 0. None for no sharing.

    Examples
    --------
    >>> PReLU(shared_axes=(1, 2)).cost((28, 28, 32)).params
    32
    """

    if TYPE_CHECKING:

        def __init__(self, shared_axes: Axes | None = None, **kept: Unpack[Kept]) -> None: ...

    shared_axes: Axes | None = None

    def __post_init__(self) -> None:
        axes = () if self.shared_axes is None else self.shared_axes
        axes = axes if isinstance(axes, (tuple, list)) else (axes,)
        checked = (arguments.check_axis(f"shared_axes[{i}]", one) for i, one in enumerate(axes))
        self._set(shared_axes=tuple(checked) or None)

    def _weights(self, shape: Factors) -> tuple[Weight, ...]:
        shared = {
            arguments.place("shared_axes", axis, shape)
            for axis in arguments.axis_tuple(self.shared_axes)
        }
        sides = tuple(1 if index in shared else side for index, side in enumerate(shape))
        return (Weight("alpha", sides),)


@dataclass(frozen=True, eq=False, repr=False)
class LayerScale(Weighted[K]):
    """A trained factor per channel, as in Keras's ConvNeXt.

    Parameters
    ----------
    projection_dim
        Number of channels.

    Raises
    ------
    TypeError, ValueError
        If `projection_dim` is not a positive integer.

    Examples
    --------
    >>> LayerScale(96).cost((56, 56, 96)).params
    96
    """

    if TYPE_CHECKING:

        def __init__(self, projection_dim: Side[K], **kept: Unpack[Kept]) -> None: ...

    projection_dim: Count

    def __post_init__(self) -> None:
        self._set(projection_dim=check_integer("projection_dim", self.projection_dim))

    def _weights(self, shape: Factors) -> tuple[Weight, ...]:
        return (Weight("gamma", (self.projection_dim,)),)


@dataclass(frozen=True, eq=False, repr=False)
class Holder(Weighted[Any]):
    """The weights that a layer holds directly, apart from the layers inside it.

    Parameters
    ----------
    variables
        The weights.
    """

    variables: tuple[Weight, ...]

    def _weights(self, shape: Factors) -> tuple[Weight, ...]:
        return self.variables
