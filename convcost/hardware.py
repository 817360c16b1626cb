"""What a machine allows: the roofline of a cost, and the least time that it can take.

A machine computes no faster than its peak, and moves bytes no faster than its bandwidth. Whatever
it does takes at least the longer of the two times. A saving in MACs is a saving in time only where
the first is the longer one.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite
from typing import TYPE_CHECKING, Any, NamedTuple

from convcost import counts
from convcost.exact import COUNT, is_array, refuse
from convcost.layers import Layer
from convcost.sizes import check_integer

if TYPE_CHECKING:
    from convcost._typing import Count
    from convcost.network import Network, Row

_RATE = "a positive, finite number per second"
_SECONDS = "a positive, finite number of seconds"


@dataclass(frozen=True)
class Machine:
    """What a processor and its memory do at best.

    Parameters
    ----------
    name
        What it is called.
    flops_per_second
        Floating-point multiplies and adds per second, in the precision that is computed in; taken
        as a whole number.
    bytes_per_second
        Bytes per second, reads and writes together; taken as a whole number.

    Raises
    ------
    TypeError, ValueError
        If a rate is not a positive, finite number.

    Examples
    --------
    >>> from convcost.hardware import Machine
    >>> laptop = Machine("laptop", flops_per_second=100e9, bytes_per_second=20e9)
    >>> laptop.ridge
    Fraction(5, 1)
    """

    name: str
    flops_per_second: float
    bytes_per_second: float

    def __post_init__(self) -> None:
        if not isinstance(self.name, str):
            refuse(TypeError, "name", self.name, "a text")
        for name in ("flops_per_second", "bytes_per_second"):
            object.__setattr__(self, name, _check_rate(name, getattr(self, name)))

    @property
    def ridge(self) -> Count:
        """The FLOPs per byte from which on the peak is the limit, and not the bandwidth."""
        return counts.divide("bytes", self.flops_per_second, self.bytes_per_second)

    def bound(self, flops: Any, moved: Any) -> Bound:
        """Return what the machine allows for a number of FLOPs and of bytes.

        Parameters
        ----------
        flops
            Floating-point multiplies and adds, as of a `Cost`; 0 or more.
        moved
            Bytes that are read and written; 1 or more.

        Returns
        -------
        Bound
            Intensity, limit, attainable FLOPs per second and least seconds.

        Raises
        ------
        TypeError, ValueError
            If these are no such integers (or arrays of them, or SymPy expressions).

        Examples
        --------
        >>> import convcost
        >>> laptop = convcost.hardware.Machine("laptop", 100e9, 20e9)
        >>> bound = laptop.bound(convcost.separable(3, 32, 64, 28).flops, 511_168)
        >>> print(bound)
        7.17 FLOPs per byte on laptop: at least 3.66e-05 s, limited by its peak
        """
        return Bound(
            self,
            check_integer("flops", flops, COUNT),
            check_integer("moved", moved),
        )


@dataclass(frozen=True, eq=False)
class Bound:
    """What a machine allows for one piece of work.

    Parameters
    ----------
    machine
        The machine.
    flops
        Floating-point multiplies and adds.
    moved
        Bytes that are read and written.
    """

    machine: Machine
    flops: Count
    moved: Count

    @property
    def intensity(self) -> Count:
        """FLOPs per byte: a Fraction, a SymPy expression, or an array of float64."""
        return counts.divide("bytes", self.flops, self.moved)

    @property
    def compute_seconds(self) -> Count:
        """Seconds that the FLOPs take at the machine's peak."""
        return counts.divide("FLOPs per second", self.flops, self.machine.flops_per_second)

    @property
    def memory_seconds(self) -> Count:
        """Seconds that the bytes take at the machine's bandwidth."""
        return counts.divide("bytes per second", self.moved, self.machine.bytes_per_second)

    @property
    def seconds(self) -> Count:
        """The longer of the two times: no less is possible."""
        return counts.maximum(self.compute_seconds, self.memory_seconds)

    @property
    def attainable(self) -> Count:
        """FLOPs per second at best: the height of the roof above the intensity."""
        return counts.divide("seconds", self.flops, self.seconds)

    @property
    def is_limited_by_memory(self) -> Any:
        """Whether the bandwidth is the limit; an array of truths for arrays."""
        return self.memory_seconds > self.compute_seconds

    def share(self, measured_seconds: float) -> float:
        """Return how much of what is possible a measured time reaches: 1 at the roof.

        Parameters
        ----------
        measured_seconds
            Seconds that it really took.

        Returns
        -------
        float
            The least time divided by the measured one, without unit. More than 1 says that the
            machine does more than it was said to, or that bytes stayed in a cache.

        Raises
        ------
        TypeError, ValueError
            If `measured_seconds` is not a positive, finite number.

        Examples
        --------
        >>> from convcost.hardware import Machine
        >>> Machine("laptop", 100e9, 20e9).bound(10**9, 10**6).share(0.02)
        0.5
        """
        _require_positive("measured_seconds", measured_seconds, _SECONDS)
        return float(self.seconds) / float(measured_seconds)

    def __str__(self) -> str:
        limit = "bandwidth" if self.is_limited_by_memory else "peak"
        return (
            f"{float(self.intensity):.2f} FLOPs per byte on {self.machine.name}: at least"
            f" {float(self.seconds):.2e} s, limited by its {limit}"
        )


class Share(NamedTuple):
    """The bound of one layer of a network.

    Attributes
    ----------
    row
        The layer's row.
    bound
        What the machine allows for it.
    """

    row: Row
    bound: Bound


class Prediction(tuple[Share, ...]):
    """The bounds of a network's layers, one after the other."""

    __slots__ = ()

    @property
    def seconds(self) -> Count:
        """Seconds of all layers, each at its own roof."""
        return counts.total("seconds", [share.bound.seconds for share in self])


def roofline(
    layer: Layer,
    input_shape: tuple[Any, ...],
    machine: Machine,
    *,
    batch: Any = 1,
    element_size: Any = 4,
    effective: bool = False,
    training: bool = False,
    first: bool = False,
) -> Bound:
    """Return what a machine allows for a layer.

    Parameters
    ----------
    layer
        The layer.
    input_shape
        Shape of one input in elements, without the batch.
    machine
        The machine.
    batch
        Number of inputs that are computed together and share one reading of the weights.
    element_size
        Bytes of one element: 4 for float32, 2 for float16.
    effective
        Whether to count only the taps that lie inside the input, rather than all.
    training
        Whether it is a training step, with the gradients by the weights and by the input.
    first
        Whether the layer is a model's first, whose input needs no gradient.

    Returns
    -------
    Bound
        Intensity, limit and least seconds, for the batch.

    Raises
    ------
    TypeError, ValueError, OverflowError
        As for `Layer.cost`.

    Notes
    -----
    Williams, Waterman and Patterson, "Roofline" (doi:10.1145/1498765.1498785), with every element
    moved once per pass. Each of a training step's passes moves what the forward pass does: the
    gradients have the shapes of what they are gradients by.

    Examples
    --------
    >>> from convcost.hardware import find, roofline
    >>> from convcost.layers import Conv2D, DepthwiseConv2D
    >>> a100 = find("NVIDIA A100 SXM4 80 GB")
    >>> for layer in (Conv2D(512, 3, padding="same"), DepthwiseConv2D(3, padding="same")):
    ...     print(roofline(layer, (14, 14, 512), a100, batch=256))
    1101.41 FLOPs per byte on NVIDIA A100 SXM4 80 GB: at least 1.21e-02 s, limited by its peak
    2.25 FLOPs per byte on NVIDIA A100 SXM4 80 GB: at least 1.01e-04 s, limited by its bandwidth
    """
    if not isinstance(layer, Layer):
        refuse(TypeError, "layer", layer, "a layer of convcost.layers")
    _check_machine(machine)
    cost = layer.cost(input_shape, effective=effective, training=training, first=first)
    traffic = layer.traffic(input_shape, batch=batch)
    weighted = is_array(traffic.weights) or traffic.weights != 0
    moved = counts.multiply("elements", traffic.elements, _passes(training, first, weighted))
    return machine.bound(
        counts.multiply("flops", cost.flops, check_integer("batch", batch)),
        counts.multiply("bytes", moved, check_integer("element_size", element_size)),
    )


def predict(
    network: Network,
    machine: Machine,
    *,
    batch: Any = 1,
    element_size: Any = 4,
    effective: bool = False,
    training: bool = False,
) -> Prediction:
    """Return what a machine allows for each layer of a network, one after the other.

    Parameters
    ----------
    network
        The network; `convcost.from_keras` makes one.
    machine, batch, element_size, effective, training
        As for `roofline`.

    Returns
    -------
    Prediction
        The rows with their bounds; `.seconds` for all of them. It is the least time for a machine
        that computes layer by layer; one that fuses layers moves fewer bytes.

    Raises
    ------
    TypeError, ValueError, OverflowError
        As for `Layer.cost`.

    Examples
    --------
    >>> import convcost
    >>> dense = {"class_name": "Dense", "config": {"name": "head", "units": 10}}
    >>> network = convcost.from_keras({"name": "tiny", "layers": [dense]}, (1152,))
    >>> laptop = convcost.hardware.Machine("laptop", 100e9, 20e9)
    >>> print(convcost.hardware.predict(network, laptop).seconds)
    3173/1250000000
    """
    _check_machine(machine)
    batch = check_integer("batch", batch)
    trained: set[str] = set()
    shares = []
    for row in network:
        # Nothing before it is trained: its input needs no gradient.
        first = training and trained.isdisjoint(row.sources)
        if not first or row.trainable_params:
            trained.add(row.name)
        options = {"effective": effective, "training": training, "first": first}
        shares.append(Share(row, _bound(row, machine, batch, element_size, options)))
    return Prediction(shares)


def _bound(
    row: Row, machine: Machine, batch: Count, element_size: Any, options: dict[str, bool]
) -> Bound:
    together = counts.multiply("batch", batch, row.times)
    if isinstance(row.layer, Layer):
        return roofline(
            row.layer, row.shape, machine, batch=together, element_size=element_size, **options
        )
    # An operation has no weights; what it multiplies are two of its inputs.
    moved = counts.multiply("elements", row.elements, batch)
    passes = _passes(options["training"], options["first"], row.macs != 0)
    moved = counts.multiply("bytes", counts.multiply("elements", moved, passes), element_size)
    flops = counts.multiply("flops", row.cost.flops, counts.multiply("passes", batch, passes))
    return machine.bound(flops, moved)


def _passes(training: bool, first: bool, weighted: bool) -> int:
    """Return how often a layer's elements are moved: forward, and for each of the gradients."""
    return 1 + weighted + (not first) if training else 1


def _check_rate(name: str, rate: Any) -> int:
    _require_positive(name, rate, _RATE)
    whole: int = round(rate)
    if whole < 1:
        refuse(ValueError, name, rate, f"{_RATE}, of 1 or more")
    return whole


def _require_positive(name: str, number: Any, allowed: str) -> None:
    if isinstance(number, bool) or not hasattr(number, "__round__") or is_array(number):
        refuse(TypeError, name, number, allowed)
    if not isfinite(number) or number <= 0:
        refuse(ValueError, name, number, allowed)


def _check_machine(machine: Any) -> None:
    if not isinstance(machine, Machine):
        refuse(TypeError, "machine", machine, 'a Machine, or find("NVIDIA ...")')


# Peaks without sparsity, in tera-FLOPs per second, and bandwidths in gigabytes per second, from
# NVIDIA's data sheets: V100 (2020), T4 (2019), A100 (2021), H100 (2023), H200 (2024).
_HOPPER = {"float32": 67, "tensorfloat32": 494.5, "float16": 989.5, "bfloat16": 989.5}
_AMPERE = {"float32": 19.5, "tensorfloat32": 156, "float16": 312, "bfloat16": 312}
_SHEETS: dict[str, tuple[dict[str, float], float]] = {
    "NVIDIA V100 SXM2": ({"float32": 15.7, "float16": 125}, 900),
    "NVIDIA T4": ({"float32": 8.1, "float16": 65}, 320),
    "NVIDIA A100 SXM4 40 GB": (_AMPERE, 1555),
    "NVIDIA A100 SXM4 80 GB": (_AMPERE, 2039),
    "NVIDIA H100 SXM5": (_HOPPER, 3350),
    "NVIDIA H200 SXM": (_HOPPER, 4800),
}
MACHINES = tuple(_SHEETS)


def find(name: str, dtype: str = "float32") -> Machine:
    """Return a well-known machine, with the peaks of its data sheet.

    Parameters
    ----------
    name
        One of `MACHINES`.
    dtype
        What is computed in: `float32`, `tensorfloat32`, `float16`, `bfloat16`, where the machine
        has it.

    Returns
    -------
    Machine
        Peak in FLOPs per second, without sparsity; bandwidth in bytes per second.

    Raises
    ------
    ValueError
        If there is no such machine, or it has no such peak.

    Notes
    -----
    NVIDIA's data sheets. What a real program reaches is less: measure with a large matrix product
    and a large copy, as `examples/separable_vs_standard.py` does, and make a `Machine` of that.

    Examples
    --------
    >>> from convcost.hardware import find
    >>> round(find("NVIDIA H100 SXM5", "bfloat16").ridge)
    295
    """
    if name not in _SHEETS:
        refuse(ValueError, "name", name, f"one of {', '.join(MACHINES)}")
    peaks, bandwidth = _SHEETS[name]
    if dtype not in peaks:
        refuse(ValueError, "dtype", dtype, f"one of {', '.join(peaks)} on {name}")
    return Machine(name, round(peaks[dtype] * 1e12), round(bandwidth * 1e9))
