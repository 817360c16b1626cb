"""Whether costs grow or shrink with each argument of a layer.

Every cost of a convolution grows with its channels and sides. The effect of larger strides depends
on the kind of layer, and some arguments have no fixed direction: their values are tried one by one.
"""

from __future__ import annotations

from convcost._layers import Dense, Layer
from convcost._layers.convolution import Convolution
from convcost._layers.depthwise import DepthwiseConvolution, SeparableConvolution
from convcost._layers.transposed import TransposedConvolution

GROWS, SHRINKS = 1, -1
# Without padding, larger kernels and dilation rates leave fewer output positions; in a transposed
# convolution, which places the kernel at each element of the input, they make more.
_PADDED = {"kernel_size": GROWS, "strides": SHRINKS, "dilation_rate": GROWS}
_BARE = {"kernel_size": None, "strides": SHRINKS, "dilation_rate": SHRINKS}
_TRANSPOSED = {"kernel_size": GROWS, "strides": GROWS, "dilation_rate": GROWS}
_CHANNELS = {"filters": GROWS, "depth_multiplier": GROWS, "units": GROWS, "input_shape": GROWS}


def directions(kind: type[Layer], padding: object, effective: bool) -> dict[str, int | None]:
    """Return for each argument of a layer whether costs grow or shrink with it, where known.

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
