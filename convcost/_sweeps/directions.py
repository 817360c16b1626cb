"""Whether each count of a layer grows or shrinks with each of its arguments.

Where a count has no fixed direction, the values of the argument are tried one by one.
`tests/test_sweep_directions.py` proves the tables by enumerating small layers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from convcost import _layers as kinds

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping
    from typing import TypeAlias

    from convcost._layers import Layer

    # GROWS, SHRINKS or CONSTANT; None if unknown. Growing and shrinking include staying equal.
    Direction: TypeAlias = int | None
    # The directions of params, macs and bias_adds.
    Directions: TypeAlias = tuple[Direction, Direction, Direction]

GROWS, SHRINKS, CONSTANT = 1, -1, 0
UNKNOWN: Directions = (None, None, None)
ALL_GROW: Directions = (GROWS, GROWS, GROWS)

# Their weights are matrices, which each position, or each step, multiplies.
_DENSE = (
    kinds.Dense,
    *(kinds.SimpleRNN, kinds.LSTM, kinds.GRU, kinds.CuDNNLSTM, kinds.CuDNNGRU),
    *(kinds.SimpleRNNCell, kinds.LSTMCell, kinds.GRUCell),
)
_SLIDING = (
    *(kinds.ConvLSTM1D, kinds.ConvLSTM2D, kinds.ConvLSTM3D),
    *(kinds.Conv1D, kinds.Conv2D, kinds.Conv3D),
    *(kinds.DepthwiseConv1D, kinds.DepthwiseConv2D),
    *(kinds.SeparableConv1D, kinds.SeparableConv2D),
)
_TRANSPOSED = (kinds.Conv1DTranspose, kinds.Conv2DTranspose, kinds.Conv3DTranspose)

_OUTPUT_CHANNELS = dict.fromkeys(("filters", "depth_multiplier", "units"), ALL_GROW)
# Larger strides leave fewer positions.
_STRIDES: Directions = (CONSTANT, SHRINKS, SHRINKS)
_PADDED: dict[str, Directions] = {
    "kernel_size": (GROWS, GROWS, CONSTANT),
    "strides": _STRIDES,
    "dilation_rate": (CONSTANT, CONSTANT, CONSTANT),
}
# Without padding, so do larger kernels and dilation rates.
_BARE: dict[str, Directions] = {
    "kernel_size": (GROWS, None, SHRINKS),
    "strides": _STRIDES,
    "dilation_rate": (CONSTANT, SHRINKS, SHRINKS),
}


def directions(
    kind: type[Layer], values: Mapping[str, object], axes: Collection[str]
) -> dict[str, Directions]:
    """Return for each argument of a layer the directions of its counts, where any is known.

    Parameters
    ----------
    kind
        The class of layers; nothing is known of classes outside `convcost.layers`.
    values
        The arguments that have one value.
    axes
        The names of the arguments that take several.

    Examples
    --------
    >>> from convcost.layers import Conv2D
    >>> directions(Conv2D, {"padding": "same"}, ["strides"])["strides"]
    (0, -1, -1)
    """
    if kind in _DENSE:
        found = {"input_shape": ALL_GROW}
    elif kind in _SLIDING:
        found = {"input_shape": ALL_GROW, **(_PADDED if _is_padded(values, axes) else _BARE)}
    elif kind in _TRANSPOSED:
        found = {"input_shape": ALL_GROW, **_transposed(values, axes)}
    else:
        return {}
    if values.get("effective") and kind not in _DENSE:
        # How many taps are inside depends on where `same` padding puts the kernel.
        found = {name: (params, None, adds) for name, (params, _, adds) in found.items()}
    found |= _OUTPUT_CHANNELS
    if values.get("use_bias") is False:
        return {name: (params, macs, CONSTANT) for name, (params, macs, _) in found.items()}
    return found


def _is_padded(values: Mapping[str, object], axes: Collection[str]) -> bool:
    """Tell whether the number of positions does not depend on the kernel."""
    padding = values.get("padding")
    return isinstance(padding, str) and padding not in axes and padding.lower() != "valid"


def _transposed(values: Mapping[str, object], axes: Collection[str]) -> dict[str, Directions]:
    added = "output_padding" in axes or values.get("output_padding") is not None
    # With `same` padding and output_padding, an even kernel leaves one element less than an odd
    # one. Otherwise the output holds all taps, or has a length that does not depend on them.
    adds = None if added and _is_padded(values, axes) else GROWS
    return {
        "kernel_size": (GROWS, GROWS, adds),
        "strides": (CONSTANT, CONSTANT, GROWS),
        "dilation_rate": (CONSTANT, CONSTANT, adds),
    }


def together(several: Iterable[Directions]) -> Directions:
    """Return the directions along an axis that is used in several places.

    Examples
    --------
    >>> together([(GROWS, GROWS, CONSTANT), (CONSTANT, SHRINKS, SHRINKS)])
    (1, None, -1)
    """
    params, macs, bias_adds = zip(*several, strict=True)
    return _common(params), _common(macs), _common(bias_adds)


def overall(several: Iterable[Direction]) -> int | None:
    """Return the direction that all counts have in common, or None.

    Examples
    --------
    >>> overall((CONSTANT, SHRINKS, SHRINKS)), overall((CONSTANT, CONSTANT, CONSTANT))
    (-1, 1)
    >>> overall((GROWS, None, SHRINKS))
    """
    common = _common(several)
    return GROWS if common == CONSTANT else common


def _common(several: Iterable[Direction]) -> Direction:
    moving = set(several) - {CONSTANT}
    if not moving:
        return CONSTANT
    return moving.pop() if len(moving) == 1 else None
