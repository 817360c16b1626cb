"""In which direction an argument has to go for a cost to grow.

Every cost of a convolution grows with its channels and sides. What larger strides do depends on the
kind of layer, and of some arguments nothing can be said: they are gone through one by one.
"""

from __future__ import annotations

from typing import Any

from convcost.layers import Dense, Layer
from convcost.layers.convolution import Convolution
from convcost.layers.depthwise import DepthwiseConvolution, SeparableConvolution
from convcost.layers.transposed import TransposedConvolution

GROWS, SHRINKS = 1, -1
# Larger kernels and dilation rates leave fewer positions where there is no padding to make up for
# it, and more where the kernel is laid at each element of the input.
_PADDED = {"kernel_size": GROWS, "strides": SHRINKS, "dilation_rate": GROWS}
_BARE = {"kernel_size": None, "strides": SHRINKS, "dilation_rate": SHRINKS}
_TRANSPOSED = {"kernel_size": GROWS, "strides": GROWS, "dilation_rate": GROWS}
_CHANNELS = {"filters": GROWS, "depth_multiplier": GROWS, "units": GROWS, "input_shape": GROWS}


def directions(kind: type[Layer], padding: Any, effective: bool) -> dict[str, int | None]:
    """Return for each argument of a layer how its costs change with it, where that is known.

    Examples
    --------
    >>> from convcost.layers import Conv2D
    >>> directions(Conv2D, "same", False)["strides"]
    -1
    """
    if issubclass(kind, Dense):
        return dict(_CHANNELS)
    if not issubclass(kind, (Convolution, DepthwiseConvolution, SeparableConvolution)):
        known = issubclass(kind, TransposedConvolution) and not effective
        return {**_CHANNELS, **_TRANSPOSED} if known else {}
    if effective:
        return {"filters": GROWS, "depth_multiplier": GROWS}
    padded = isinstance(padding, str) and padding.lower() in ("same", "causal")
    return {**_CHANNELS, **(_PADDED if padded else _BARE)}
