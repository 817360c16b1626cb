"""Draw a design space over any function or layer, and count its designs one by one."""

from itertools import product
from math import prod

import convcost
from convcost import layers

COUNTS = ("params", "macs", "bias_adds", "flops")
FUNCTIONS = {
    "standard": ("dk", "m", "n", "df"),
    "depthwise": ("dk", "m", "df"),
    "pointwise": ("m", "n", "df"),
    "separable": ("dk", "m", "n", "df"),
}
MODES = ("effective", "training", "first")
MOST = 250  # designs of a space


def some(rng, low, high, most=6):
    """Return one or more different integers, in any order."""
    return rng.sample(range(low, high + 1), rng.randint(1, min(most, high - low + 1)))


def maybe(rng, *values):
    return rng.choice(values)


def is_size(values):
    """Tell whether an argument is an axis of sizes."""
    return isinstance(values, list) and not isinstance(values[0], (str, bool))


def spatial(rng, rank, least=13):
    """Return the axes of an input with channels last; a kernel of 4 dilated by 4 spans 13."""
    sides = ("side",) * rank
    if rank == 2 and rng.random() < 0.2:
        sides = ("side", rng.randint(least, least + 9))
    return {"side": some(rng, least, least + 20, 3), "input_shape": (*sides, "channels")}


def channels(rng, multiple=1):
    return [multiple * one for one in some(rng, 1, 12, 4)]


def convolution(rng, name):
    kind, rank = getattr(layers, name), int(name.split("D")[-2][-1])
    known = kind.argument_names()
    groups = maybe(rng, 1, 1, 1, 2, [1, 2], 3) if "groups" in known else 1
    multiple = {1: 1, 3: 3}.get(groups if isinstance(groups, int) else 2, 2)
    axes = {**spatial(rng, rank), "channels": channels(rng, multiple)}
    if "filters" in known:
        axes["filters"] = channels(rng, multiple)
    if groups != 1:
        axes["groups"] = groups
    if "depth_multiplier" in known and rng.random() < 0.5:
        axes["depth_multiplier"] = some(rng, 1, 4, 2)
    axes["kernel_size"] = some(rng, 1, 4, 3)
    axes["strides" if rng.random() < 0.5 else "dilation_rate"] = some(rng, 1, 4, 2)
    pads = ["same", "valid", ["same", "valid"], 1, ((1, 0),) * rank]
    axes["padding"] = rng.choice(pads + ["causal"] * (name == "Conv1D"))
    if "output_padding" in known:
        axes["output_padding"] = maybe(rng, None, 0)
        if rng.random() < 0.5:
            axes.pop("dilation_rate", None)
            axes["strides"], axes["output_padding"] = [3, 4], maybe(rng, 1, [1, 2])
    if rank < 3:
        axes |= maybe(rng, {}, {}, {"effective": True}, {"training": True})
    if rng.random() < 0.5:
        axes["use_bias"] = maybe(rng, False, [False, True])
    return axes


def recurrent(rng, name):
    steps = () if name.endswith("Cell") else ("side",)
    axes = {"units": some(rng, 1, 20, 4), "channels": channels(rng)}
    axes |= {"side": some(rng, 1, 9, 3)} if steps else {}
    axes |= {"reset_after": [True, False]} if name in ("GRU", "GRUCell") else {}
    axes |= maybe(rng, {}, {"use_bias": [True, False]}, {"use_bias": False}, {"training": True})
    return {**axes, "input_shape": (*steps, "channels")}


def conv_lstm(rng, name):
    axes = {**spatial(rng, int(name[-2])), "channels": channels(rng)}
    axes |= {"filters": some(rng, 1, 6, 3), "kernel_size": some(rng, 1, 4, 3)}
    axes["strides" if rng.random() < 0.5 else "dilation_rate"] = some(rng, 1, 4, 2)
    axes["padding"] = maybe(rng, "same", "valid", ["same", "valid"])
    axes |= maybe(rng, {}, {"use_bias": False}, {"training": True}, {"effective": True})
    return {**axes, "input_shape": (maybe(rng, 2, 5), *axes["input_shape"])}


def over_steps(rng, name, **more):
    return {"side": some(rng, 1, 9), **more, "channels": channels(rng)} | {
        "input_shape": ("side", "channels")
    }


def pooling(rng, name):
    axes = {**spatial(rng, int(name[-2])), "channels": channels(rng)}
    axes["pool_size"] = some(rng, 1, 5, 3)
    if rng.random() < 0.7:
        axes["strides"] = some(rng, 1, 4, 2)
    return {**axes, "padding": maybe(rng, "same", "valid", ["same", "valid"])}


def over_images(rng, name, **more):
    rank = int(name[-2]) if name[-1] == "D" else maybe(rng, 1, 2)
    return {**spatial(rng, rank), "channels": channels(rng), **more}


def dense(rng, name):
    shape = maybe(rng, ("channels",), ("side", "channels"))
    axes = {"side": some(rng, 1, 9)} if "side" in shape else {}
    axes |= {"units": some(rng, 1, 40), "channels": channels(rng), "input_shape": shape}
    return axes | maybe(rng, {}, {"use_bias": [True, False]}, {"training": True})


def sized(rng, name):
    return {
        **spatial(rng, 2),
        "channels": channels(rng),
        "height": some(rng, 1, 13, 3),
        "width": some(rng, 1, 13, 2),
    }


def locally_connected(rng, name):
    axes = {**spatial(rng, int(name[-2])), "channels": channels(rng)}
    axes |= {"filters": some(rng, 1, 6, 3), "kernel_size": some(rng, 1, 4, 3)}
    axes["strides"] = some(rng, 1, 4, 2)
    return axes | maybe(rng, {}, {"use_bias": False}, {"training": True})


def reversible(rng, _):
    axes = {"input_dim": some(rng, 1, 90), "output_dim": some(rng, 1, 40), "side": some(rng, 1, 9)}
    axes |= maybe(rng, {}, {"tie_weights": [True, False]})
    if rng.random() < 0.5:
        return {**axes, "reverse": True, "input_shape": ("side", "output_dim")}
    return {**axes, "input_shape": ("side",)}


STACKED = layers.StackedRNNCells([layers.LSTMCell(3), layers.GRUCell(2)])

# For each class the function that draws its axes, by its name.
LAYERS = {
    **dict.fromkeys(
        (
            *("Conv1D", "Conv2D", "Conv3D", "Conv1DTranspose", "Conv2DTranspose"),
            *("Conv3DTranspose", "DepthwiseConv1D", "DepthwiseConv2D", "SeparableConv1D"),
            "SeparableConv2D",
        ),
        convolution,
    ),
    **{f"{kind}Pooling{rank}D": pooling for kind in ("Max", "Average") for rank in (1, 2, 3)},
    **{
        f"Global{kind}Pooling{rank}D": lambda r, name: over_images(r, name, keepdims=[False, True])
        for kind in ("Max", "Average")
        for rank in (1, 2, 3)
    },
    **{
        f"Adaptive{kind}Pooling{rank}D": lambda r, name: over_images(
            r, name, output_size=some(r, 1, 13, 3)
        )
        for kind in ("Max", "Average")
        for rank in (1, 2, 3)
    },
    **{
        f"UpSampling{rank}D": lambda r, name: over_images(r, name, size=some(r, 1, 4))
        for rank in (1, 2, 3)
    },
    **{
        f"ZeroPadding{rank}D": lambda r, name: over_images(r, name, padding=some(r, 1, 4))
        for rank in (1, 2, 3)
    },
    **{
        f"Cropping{rank}D": lambda r, name: over_images(r, name, cropping=some(r, 1, 5))
        for rank in (1, 2, 3)
    },
    **dict.fromkeys(
        (
            *("SimpleRNN", "LSTM", "GRU", "CuDNNLSTM", "CuDNNGRU"),
            *("SimpleRNNCell", "LSTMCell", "GRUCell"),
        ),
        recurrent,
    ),
    **{f"ConvLSTM{rank}D": conv_lstm for rank in (1, 2, 3)},
    "RNN": lambda r, name: over_steps(r, name, cell=maybe(r, layers.LSTMCell(3), STACKED)),
    "Bidirectional": lambda r, name: over_steps(
        r, name, layer=maybe(r, layers.GRU(3), layers.RNN(STACKED)), merge_mode=["concat", "sum"]
    ),
    "StackedRNNCells": lambda r, _: {
        "channels": some(r, 1, 30),
        "cells": STACKED.cells,
        "input_shape": ("channels",),
    },
    "EinsumDense": lambda r, name: over_steps(
        r,
        name,
        width=some(r, 1, 9),
        equation="abc,cd->abd",
        output_shape=(None, "width"),
        bias_axes=maybe(r, None, "d", "bd"),
    ),
    "Dense": dense,
    "Embedding": lambda r, _: {
        "input_dim": some(r, 1, 90),
        "output_dim": some(r, 1, 40),
        "side": some(r, 1, 9),
        "input_shape": ("side",),
    },
    "ReversibleEmbedding": reversible,
    **{f"LocallyConnected{rank}D": locally_connected for rank in (1, 2)},
    "Quantized": lambda r, name: over_steps(
        r,
        name,
        layer=maybe(r, layers.Dense(4), layers.Dense(7, use_bias=False)),
        mode=maybe(r, "int8", "int4/2", ["int8", "int4/3", "float8"]),
    ),
    "LoRA": lambda r, name: over_steps(
        r,
        name,
        layer=maybe(r, layers.Dense(4), layers.Quantized(layers.Dense(5), "int8")),
        lora_rank=some(r, 1, 9),
    ),
    "SpectralNormalization": lambda r, name: over_steps(r, name, layer=layers.Dense(4)),
    "MelSpectrogram": lambda r, _: {
        "side": some(r, 40, 90),
        "num_mel_bins": some(r, 1, 20),
        "sequence_stride": some(r, 1, 9, 3),
        "fft_length": 32,
        "input_shape": ("side",),
    },
    "STFTSpectrogram": lambda r, _: {
        "side": some(r, 40, 90),
        "mode": maybe(r, "log", ["real", "stft"]),
        "frame_length": some(r, 8, 30, 3),
        "fft_length": 32,
        "input_shape": ("side",),
    },
    "BatchNormalization": lambda r, name: over_images(
        r, name, center=[True, False], scale=maybe(r, True, [True, False])
    ),
    "LayerNormalization": lambda r, name: over_images(r, name, scale=[True, False]),
    "RMSNormalization": over_images,
    "Normalization": over_images,
    "GroupNormalization": lambda r, name: {
        **over_images(r, name, groups=maybe(r, 1, 2, [1, 2])),
        "channels": channels(r, 2),
    },
    **dict.fromkeys(("CenterCrop", "Resizing", "RandomCrop"), sized),
    "Flatten": over_images,
    "PReLU": lambda r, name: over_images(r, name, shared_axes=maybe(r, None, (1,))),
    "RepeatVector": lambda r, _: {
        "n": some(r, 1, 30),
        "channels": channels(r),
        "input_shape": ("channels",),
    },
    "Permute": lambda r, _: {
        **spatial(r, 1),
        "channels": channels(r),
        "dims": (2, 1),
    },
    "Reshape": lambda r, _: {
        **spatial(r, 1),
        "channels": channels(r),
        "target_shape": ("channels", "side"),
    },
    "LayerScale": lambda r, name: {
        **over_images(r, name),
        "projection_dim": "channels",
    },
    "TimeDistributed": lambda r, _: {
        "side": some(r, 5, 9),
        "time": some(r, 1, 9),
        "channels": channels(r),
        "layer": maybe(r, layers.Conv1D(3, 3), layers.Dense(4)),
        "input_shape": ("time", "side", "channels"),
    },
    "Chain": lambda r, _: {
        **spatial(r, 2),
        "channels": channels(r),
        "layers": (layers.DepthwiseConv2D(3), layers.Conv2D(4, 1)),
    },
}
# These take shapes of integers or symbols, not of arrays, so they are refused in design spaces.
MERGING = {
    *("Add", "AdditiveAttention", "Attention", "Average", "Concatenate", "Dot"),
    *("GroupQueryAttention", "Maximum", "Minimum", "MultiHeadAttention", "Multiply", "Subtract"),
}
# These are told what they cost, or are no layers of their own.
OTHERS = {"Layer", "Traffic", "Training", "Weight", "Custom", "CustomScaleLayer", "Elementwise"}
# These have no weights and no MACs, only shapes.
ENCODING = {
    *("CategoryEncoding", "Discretization", "HashedCrossing", "Hashing", "IntegerLookup"),
    *("MaxNumBoundingBoxes", "StringLookup", "TextVectorization"),
}


def draw_space(rng, place):
    """Return what a space is over, and its arguments; the kinds take turns."""
    kinds = [*FUNCTIONS, *LAYERS]
    name = kinds[place % len(kinds)]
    while True:
        if name in FUNCTIONS:
            what = getattr(convcost, name)
            axes = {one: some(rng, 1, 40) for one in FUNCTIONS[name]}
            axes |= maybe(rng, {}, {"bias": [False, True]}, {"bias": False})
        else:
            what, axes = getattr(layers, name), LAYERS[name](rng, name)
        names = rng.sample(sorted(axes), len(axes))
        axes = {one: axes[one] for one in names}
        lengths = [len(value) for value in axes.values() if isinstance(value, list)]
        if 1 < prod(lengths) <= MOST:
            return name, what, narrowed(rng, axes) if rng.random() < 0.2 else axes


def narrowed(rng, axes):
    """Fix arguments, or leave one value of an axis: a space may have few axes, or none."""
    for name in rng.sample(sorted(axes), rng.randint(1, len(axes))):
        if isinstance(axes[name], list):
            value = axes[name][0]
            if rng.random() < 0.3:
                axes = {**axes, name: [value]}
                continue
            fixed = {one: replaced(other, {name: value}) for one, other in axes.items()}
            is_named = any(fixed[one] != axes[one] for one in axes)
            axes = {**fixed, name: value}
            if is_named:
                del axes[name]
    return axes


def replaced(template, design):
    """Return an argument with the names of axes in it replaced by the design's values."""
    if isinstance(template, tuple):
        return tuple(replaced(one, design) for one in template)
    return design.get(template, template) if isinstance(template, str) else template


def cost_of(what, fixed, design):
    """Count one design, by itself."""
    given = {name: replaced(value, design) for name, value in fixed.items()}
    if not isinstance(what, type):
        return what(**given, **design)
    given |= {name: value for name, value in design.items() if name in what.argument_names()}
    modes = {name: {**given, **design}[name] for name in MODES if name in {**given, **design}}
    shape = given.pop("input_shape")
    return what(**{name: one for name, one in given.items() if name not in modes}).cost(
        shape, **modes
    )


def enumerate_designs(what, axes):
    """Return each design with its counts, in the order of the axes' values."""
    named = {name: value for name, value in axes.items() if isinstance(value, list)}
    fixed = {name: value for name, value in axes.items() if name not in named}
    order = [
        value if isinstance(value[0], (str, bool)) else sorted(value) for value in named.values()
    ]
    rows = []
    for values in product(*order):
        design = dict(zip(named, values, strict=True))
        cost = cost_of(what, fixed, design)
        rows.append(design | {name: getattr(cost, name) for name in COUNTS})
    return rows
