"""Real Keras layers, and counts that come from running them rather than from a formula."""

from typing import Any

from convcost.verify.backend import import_keras
from convcost.verify.cases import Case


def build(case: Case, kind: str | None = None) -> Any:
    """Return the built Keras layer for a configuration, or for another kind with its sizes.

    The padding is `valid`, so that every tap lies inside the input; the input's side is chosen so
    that the output's side is the configuration's. Everything that a user's Keras configuration
    could change and that the count depends on is set here.
    """
    keras = import_keras()
    kind = kind or case.kind
    common: dict[str, Any] = {
        "padding": "valid",
        "data_format": "channels_last",
        "dtype": "float32",
        "use_bias": case.bias,
    }
    side = case.dk or 1
    if kind == "standard":
        layer = keras.layers.Conv2D(case.n, side, **common)
    elif kind == "pointwise":
        layer = keras.layers.Conv2D(case.n, 1, **common)
    elif kind == "depthwise":
        layer = keras.layers.DepthwiseConv2D(side, **common)
    else:
        layer = keras.layers.SeparableConv2D(case.n, side, **common)
    layer.build(input_shape(case, kind))
    return layer


def input_shape(case: Case, kind: str) -> tuple[int, int, int, int]:
    """Return the shape of one input, batch first, that gives the configuration's output side."""
    sizes = case.sizes()
    kernel = 1 if kind == "pointwise" else sizes["dk"]
    side = sizes["df"] + kernel - 1
    return 1, side, side, sizes["m"]


def sum_of_outputs(layer: Any, shape: tuple[int, ...], *, weight: int, bias: int) -> int:
    """Run the layer on ones and add up what comes out.

    Parameters
    ----------
    layer
        A built layer without activation.
    shape
        Shape of the input, batch first.
    weight, bias
        The value given to every weight, and to every bias.

    Returns
    -------
    int
        With weights of 1 and biases of 0, every multiply-accumulate adds exactly 1 to its output,
        so the sum is their number. With weights of 0 and biases of 1 it is the number of bias
        additions.

    Raises
    ------
    ArithmeticError
        If an output lies too far from an integer to be a count.
    """
    import numpy as np

    layer.set_weights(
        [
            np.full(variable.shape, bias if variable.name == "bias" else weight, np.float32)
            for variable in layer.weights
        ]
    )
    keras = import_keras()
    outputs = keras.ops.convert_to_numpy(layer(keras.ops.ones(shape, dtype="float32")))
    # A GPU may convolve by a transform whose rounding leaves 287.99997 for 288; what is counted is
    # whole, and less than half away.
    whole = np.rint(outputs)
    if np.abs(outputs - whole).max() > 0.25:
        raise ArithmeticError(f"an output of {layer.name} is no count: {outputs.ravel()[:4]}")
    return int(whole.astype(np.int64).sum())


def output_side(layer: Any, shape: tuple[int, ...]) -> int:
    """Return the side of the output that the layer really makes from zeros of that shape."""
    keras = import_keras()
    _, height, width, _ = layer(keras.ops.zeros(shape, dtype="float32")).shape
    if height != width:
        raise ArithmeticError(f"{layer.name} makes an output of {height} x {width}")
    return int(height)


def copy_steps(separable: Any, depthwise: Any, pointwise: Any) -> None:
    """Give the two steps the separable layer's own weights."""
    kernels = separable.get_weights()
    depthwise.set_weights(kernels[:1])
    pointwise.set_weights(kernels[1:])
