"""Machines: their peak FLOPs and memory bandwidth, and the bounds that these set."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from convcost._exact import arithmetic
from convcost._exact.kinds import is_expression, is_lazy
from convcost._exact.scalars import COUNT, check_real, is_array, refuse, refuse_choice
from convcost._exact.sizes import check_integer

if TYPE_CHECKING:
    from fractions import Fraction
    from typing import Literal

    from convcost._exact.types import Count, Size

    Dtype = Literal["float32", "tensorfloat32", "float16", "bfloat16"]

_RATE = "a positive, finite number per second"
_BYTES = "a positive integer (bytes), an array of such integers, or a SymPy expression"
_SECONDS = "a positive, finite number of seconds"


@dataclass(frozen=True)
class Machine:
    """A processor and its memory: peak arithmetic rate and bandwidth.

    Parameters
    ----------
    name
        Name of the machine.
    flops_per_second
        Floating-point multiplies and adds per second, in the precision used; rounded to an integer.
    bytes_per_second
        Bytes per second, reads and writes together; rounded to an integer.

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
            refuse(TypeError, "name", self.name, "a string")
        for name in ("flops_per_second", "bytes_per_second"):
            object.__setattr__(self, name, _check_rate(name, getattr(self, name)))

    @property
    def ridge(self) -> Fraction:
        """FLOPs per byte above which the peak is the limit, not the bandwidth."""
        ridge: Fraction = arithmetic.divide("bytes", self.flops_per_second, self.bytes_per_second)
        return ridge

    def bound(self, flops: Size, moved: Size) -> Bound:
        """Return the roofline bound for a number of FLOPs and bytes moved.

        Parameters
        ----------
        flops
            Floating-point multiplies and adds, such as `Cost.flops`; 0 or more.
        moved
            Bytes read and written; 1 or more.

        Returns
        -------
        Bound
            Intensity, limit, attainable FLOPs per second and minimum seconds.

        Raises
        ------
        TypeError, ValueError
            If an argument is not such an integer, an array of them, or a SymPy expression.

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
            check_integer("moved", moved, _BYTES),
        )


@dataclass(frozen=True, eq=False)
class Bound:
    """The roofline bound of a machine for one piece of work.

    Parameters
    ----------
    machine
        The machine.
    flops
        Floating-point multiplies and adds.
    moved
        Bytes read and written.
    """

    machine: Machine
    flops: Count
    moved: Count

    @property
    def intensity(self) -> Count:
        """FLOPs per byte: a Fraction, a SymPy expression, or an array of float64."""
        return arithmetic.divide("bytes", self.flops, self.moved)

    @property
    def compute_seconds(self) -> Count:
        """Seconds that the FLOPs take at the machine's peak."""
        return arithmetic.divide("FLOPs per second", self.flops, self.machine.flops_per_second)

    @property
    def memory_seconds(self) -> Count:
        """Seconds that the bytes take at the machine's bandwidth."""
        return arithmetic.divide("bytes per second", self.moved, self.machine.bytes_per_second)

    @property
    def seconds(self) -> Count:
        """Minimum seconds: the longer of the two times."""
        return arithmetic.maximum(self.compute_seconds, self.memory_seconds)

    @property
    def attainable(self) -> Count:
        """Attainable FLOPs per second: the height of the roof at this intensity."""
        return arithmetic.divide("seconds", self.flops, self.seconds)

    @property
    def is_limited_by_memory(self) -> Count:
        """Whether the bandwidth is the limit; an array of booleans for arrays."""
        try:
            return _exceeds(self.memory_seconds, self.compute_seconds)
        except TypeError:
            raise TypeError(
                "which limit applies depends on the symbols in the arrays; give numbers for them"
            ) from None

    def share(self, measured_seconds: float) -> Count:
        """Return the fraction of the attainable speed that a measured time reaches: 1 at the roof.

        Parameters
        ----------
        measured_seconds
            Seconds measured on the machine.

        Returns
        -------
        float
            The minimum time divided by the measured time, without unit; an array for arrays, an
            expression for symbols. More than 1 means that the machine is faster than specified, or
            that bytes stayed in a cache.

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
        measured = check_real("measured_seconds", measured_seconds, _SECONDS)
        seconds = self.seconds
        if is_array(seconds):
            return seconds / _as_element(measured, seconds)
        share = arithmetic.divide("seconds", seconds, measured)
        if is_expression(share):
            return share
        try:
            return float(share)
        except OverflowError:
            raise OverflowError(
                f"the share for measured_seconds={measured} exceeds 1e308"
            ) from None

    def __str__(self) -> str:
        return (
            f"{number_text(self.intensity, '.2f')} FLOPs per byte on {self.machine.name}: at least"
            f" {number_text(self.seconds, '.2e')} s, limited by its {limit_text(self)}"
        )


def _exceeds(left: Count, right: Count) -> Count:
    """Tell whether a number is larger than another; for arrays element by element."""
    if is_array(left) == is_array(right):
        return left > right
    if is_array(right):
        return right < _as_element(left, right)
    return left > _as_element(right, left)


def _as_element(number: Count, array: Count) -> Count:
    """Return a number as one of an array: JAX's floats compare with no fractions."""
    return float(number) if array.dtype.kind == "f" else number


def number_text(value: Count, spec: str) -> str:
    """Return a number in this format, those of an array from the least to the largest."""
    if is_expression(value) or is_lazy(value):
        return arithmetic.text(value)
    try:
        ends = (value.min(), value.max()) if is_array(value) else (value,)
        shown = [format(float(end), spec) for end in ends]
    except OverflowError:
        return "more than 1e308"
    except TypeError:  # an array of symbols
        return arithmetic.text(value)
    return " to ".join(dict.fromkeys(shown))


def limit_text(bound: Bound) -> str:
    """Return which of its two limits a machine meets, in words."""
    try:
        by_memory = bound.is_limited_by_memory
    except TypeError:  # it depends on symbols
        return "peak or its bandwidth"
    if is_lazy(by_memory):
        return "peak or its bandwidth"
    if is_expression(by_memory):
        return f"bandwidth if {by_memory}, else by its peak"
    if is_array(by_memory) and by_memory.any() and not by_memory.all():
        share = f"{int(by_memory.sum()):,} of {by_memory.size:,}"
        return f"bandwidth for {share}, and by its peak for the others"
    limited = by_memory.any() if is_array(by_memory) else by_memory
    return "bandwidth" if limited else "peak"


def _check_rate(name: str, rate: float) -> int:
    whole = round(check_real(name, rate, _RATE))
    if whole < 1:
        refuse(ValueError, name, rate, f"{_RATE}, of 1 or more")
    return whole


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


def find(name: str, dtype: Dtype = "float32") -> Machine:
    """Return a well-known machine, with the rates from its data sheet.

    Parameters
    ----------
    name
        One of `MACHINES`.
    dtype
        Type of the arithmetic: `float32`, `tensorfloat32`, `float16` or `bfloat16`, if the machine
        supports it.

    Returns
    -------
    Machine
        Peak in FLOPs per second, without sparsity; bandwidth in bytes per second.

    Raises
    ------
    ValueError
        If the machine is unknown, or does not support `dtype`.

    Notes
    -----
    From NVIDIA's data sheets. Real programs reach less: measure a large matrix product and a large
    copy, as `examples/separable_vs_standard.py` does, and make a `Machine` from the results.

    Examples
    --------
    >>> from convcost.hardware import find
    >>> round(find("NVIDIA H100 SXM5", "bfloat16").ridge)
    295
    """
    if not isinstance(name, str) or name not in _SHEETS:
        refuse_choice("name", name, MACHINES)
    peaks, bandwidth = _SHEETS[name]
    if not isinstance(dtype, str) or dtype not in peaks:
        refuse_choice("dtype", dtype, peaks, f" on {name}")
    return Machine(name, round(peaks[dtype] * 1e12), round(bandwidth * 1e9))
