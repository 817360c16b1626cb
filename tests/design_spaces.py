"""Design spaces for property-based tests, and counting their designs by brute force."""

import numpy as np
from hypothesis import strategies as st
from strategies import COSTS, FUNCTIONS

from convcost.layers import Conv2D, Conv2DTranspose, Dense, DepthwiseConv2D, SeparableConv2D

METHODS = ("prune", "all")


values = st.lists(st.integers(1, 40), min_size=1, max_size=6, unique=True)


few = st.lists(st.integers(1, 4), min_size=1, max_size=3, unique=True)


# A kernel of 4 with a dilation rate of 4 spans 13 elements.
sides = st.lists(st.integers(13, 40), min_size=1, max_size=4, unique=True)


SHAPE = ("side", "side", "channels")


@st.composite
def function_spaces(draw):
    function, names = FUNCTIONS[draw(st.sampled_from(COSTS))]
    axes = {name: draw(values) for name in draw(st.permutations(names))}
    if draw(st.booleans()):
        axes["bias"] = [False, True]
    return function, axes


@st.composite
def layer_spaces(draw):
    kind = draw(st.sampled_from([Conv2D, SeparableConv2D, DepthwiseConv2D, Conv2DTranspose, Dense]))
    if kind is Dense:
        return kind, {"units": draw(values), "channels": draw(values), "input_shape": ("channels",)}
    axes = {"side": draw(sides), "channels": draw(values), "input_shape": SHAPE}
    if kind is not DepthwiseConv2D:
        axes["filters"] = draw(values)
    axes["kernel_size"] = draw(few)
    if draw(st.booleans()):
        axes["strides"] = draw(few)
    else:
        axes["dilation_rate"] = draw(few)
    axes["padding"] = draw(st.sampled_from(["same", "valid", ["same", "valid"]]))
    if kind is not Conv2DTranspose and draw(st.booleans()):
        axes["effective"] = True
    return kind, {name: axes[name] for name in draw(st.permutations(sorted(axes)))}


spaces = st.one_of(function_spaces(), layer_spaces())


def designs(what, axes):
    """Count each design separately, in the order of the axes' values: slow and simple."""
    named = {name: value for name, value in axes.items() if isinstance(value, list)}
    fixed = {name: value for name, value in axes.items() if name not in named}
    order = {
        name: value if isinstance(value[0], (str, bool)) else sorted(value)
        for name, value in named.items()
    }
    rows = []
    for place in np.ndindex(*(len(value) for value in order.values())):
        design = {name: order[name][i] for name, i in zip(order, place, strict=True)}
        if isinstance(what, type):
            given = {**fixed, **design}
            shape = tuple(design.get(side, side) for side in given.pop("input_shape"))
            for name in ("side", "channels"):
                given.pop(name, None)
            modes = {name: given.pop(name) for name in ("effective",) if name in given}
            cost = what(**given).cost(shape, **modes)
        else:
            cost = what(**fixed, **design)
        counted = {name: getattr(cost, name) for name in ("params", "macs", "bias_adds", "flops")}
        rows.append(design | counted)
    return rows
