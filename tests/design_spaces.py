"""Design spaces for property-based tests, and counting their designs by brute force."""

import numpy as np
from hypothesis import strategies as st
from strategies import COSTS, FUNCTIONS

from convcost import layers
from convcost.layers import Dense

METHODS = ("prune", "all")


values = st.lists(st.integers(1, 40), min_size=1, max_size=6, unique=True)


few = st.lists(st.integers(1, 4), min_size=1, max_size=3, unique=True)


# A kernel of 4 with a dilation rate of 4 spans 13 elements.
sides = st.lists(st.integers(13, 40), min_size=1, max_size=4, unique=True)


KINDS = [
    getattr(layers, name)
    for name in (
        *("Conv1D", "Conv2D", "Conv3D", "Conv1DTranspose", "Conv2DTranspose", "Conv3DTranspose"),
        *("DepthwiseConv1D", "DepthwiseConv2D", "SeparableConv1D", "SeparableConv2D", "Dense"),
    )
]


@st.composite
def function_spaces(draw):
    function, names = FUNCTIONS[draw(st.sampled_from(COSTS))]
    axes = {name: draw(values) for name in draw(st.permutations(names))}
    if draw(st.booleans()):
        axes["bias"] = [False, True]
    return function, axes


@st.composite
def layer_spaces(draw):
    kind = draw(st.sampled_from(KINDS))
    known = kind.argument_names()
    groups = draw(st.sampled_from([1, 1, 1, 2, [1, 2], 3])) if "groups" in known else 1
    multiple = {1: 1, 3: 3}.get(groups if isinstance(groups, int) else 2, 2)
    channels = values.map(lambda several: [multiple * one for one in several])
    if kind is Dense:
        return kind, {"units": draw(values), "channels": draw(values), "input_shape": ("channels",)}
    shape = (*["side"] * kind.rank, "channels")
    axes = {"side": draw(sides), "channels": draw(channels), "input_shape": shape}
    if "filters" in known:
        axes["filters"] = draw(channels)
    if groups != 1:
        axes["groups"] = groups
    if "depth_multiplier" in known and draw(st.booleans()):
        axes["depth_multiplier"] = draw(few)
    axes["kernel_size"] = draw(few)
    if draw(st.booleans()):
        axes["strides"] = draw(few)
    else:
        axes["dilation_rate"] = draw(few)
    pads = ["same", "valid", ["same", "valid"], *[1, ((1, 0),) * kind.rank]]
    axes["padding"] = draw(st.sampled_from(pads + ["causal"] * (kind is layers.Conv1D)))
    if "output_padding" in known:
        axes["output_padding"] = draw(st.sampled_from([None, 0]))
        if draw(st.booleans()):
            axes["strides"], axes["output_padding"] = [3, 4], draw(st.sampled_from([1, [1, 2]]))
    mode = draw(st.sampled_from([{}, {}, {"effective": True}, {"training": True}]))
    # Effective MACs of three axes are slow to count one by one.
    axes |= {} if kind.rank == 3 else mode
    if draw(st.booleans()):
        axes["use_bias"] = draw(st.sampled_from([False, [False, True]]))
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
            modes = {name: given.pop(name) for name in ("effective", "training") if name in given}
            cost = what(**given).cost(shape, **modes)
        else:
            cost = what(**fixed, **design)
        counted = {name: getattr(cost, name) for name in ("params", "macs", "bias_adds", "flops")}
        rows.append(design | counted)
    return rows
