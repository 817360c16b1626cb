"""Ask every counter for the MACs of the same layers, and write the table of `counting.md`.

`python docs/who_counts_what.py` needs the extra `peers`; it rewrites `docs/_who_counts_what.md`.
"""

import contextlib
import io
import os
import warnings
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import torch
from rich.console import Console
from rich.progress import track

from convcost import layers
from convcost.layers import Layer
from convcost.verify.backend import Device, import_keras
from convcost.verify.oracles import ORACLES, NotVisible

PAGE = Path(__file__).with_name("_who_counts_what.md")
DEVICE = Device("cpu:0", "")
Shape = tuple[int, ...]

# Without biases, which some counters add to the MACs.
LAYERS: list[tuple[Layer, Shape]] = [
    (layers.Conv2D(64, 3, padding=1, use_bias=False), (28, 28, 32)),
    (layers.Conv2D(64, 3, padding=2, strides=2, dilation_rate=2, use_bias=False), (28, 28, 32)),
    (layers.Conv2D(128, 3, padding=1, groups=4, use_bias=False), (14, 14, 64)),
    (layers.DepthwiseConv2D(3, padding=1, use_bias=False), (28, 28, 32)),
    (layers.SeparableConv2D(64, 3, padding=1, use_bias=False), (28, 28, 32)),
    (layers.Conv1D(64, 3, use_bias=False), (100, 32)),
    (layers.Conv3D(16, 3, use_bias=False), (10, 10, 10, 8)),
    (layers.Conv2DTranspose(64, 2, strides=2, use_bias=False), (14, 14, 32)),
    (
        layers.Conv2DTranspose(64, 3, strides=2, padding=1, output_padding=1, use_bias=False),
        (14, 14, 32),
    ),
    (layers.Conv2DTranspose(64, 2, strides=2, groups=4, use_bias=False), (14, 14, 32)),
    (layers.Conv3DTranspose(16, 2, strides=2, use_bias=False), (4, 4, 4, 8)),
    (layers.Dense(128, use_bias=False), (1152,)),
]


def to_torch(layer: Layer, shape: Shape) -> tuple[torch.nn.Module, Shape]:
    """Return the PyTorch module that is the layer, and its input's shape with the batch."""
    if isinstance(layer, layers.Dense):
        return torch.nn.Linear(shape[-1], layer.units, bias=False), (1, *shape)
    *sides, channels = shape
    rank = len(sides)
    own = layer.arguments()
    around = own["padding"]
    common = {
        "kernel_size": own["kernel_size"],
        "stride": own["strides"],
        "padding": 0 if around == "valid" else tuple(before for before, _ in around),
        "dilation": own["dilation_rate"],
        "bias": False,
    }
    convolution = getattr(torch.nn, f"Conv{rank}d")
    size = (1, channels, *sides)
    if isinstance(layer, layers.DepthwiseConv2D):
        return convolution(channels, channels, groups=channels, **common), size
    if isinstance(layer, layers.SeparableConv2D):
        depthwise = convolution(channels, channels, groups=channels, **common)
        pointwise = convolution(channels, layer.filters, 1, bias=False)
        return torch.nn.Sequential(depthwise, pointwise), size
    if "output_padding" in own:
        transposed = getattr(torch.nn, f"ConvTranspose{rank}d")
        added = own["output_padding"] or 0
        return transposed(
            channels, own["filters"], groups=own["groups"], output_padding=added, **common
        ), size
    return convolution(channels, own["filters"], groups=own["groups"], **common), size


def ask_oracle(name: str, quantity: str) -> Callable[[Layer, Shape], int]:
    """Return a counter that asks one of convcost's oracles."""

    def count(layer: Layer, shape: Shape) -> int:
        return int(ORACLES[name](DEVICE).count(layer, shape)[quantity])

    return count


def ask_tf_profiler(layer: Layer, shape: Shape) -> int:
    """Count through the graph of the Keras layer, as users of the profiler do."""
    import tensorflow as tf
    from tensorflow.python.framework.convert_to_constants import (
        convert_variables_to_constants_v2,
    )

    from convcost.verify.oracles.keras import build

    import_keras()
    function = tf.function(build(layer, shape)).get_concrete_function(tf.TensorSpec((1, *shape)))
    graph = convert_variables_to_constants_v2(function).graph
    options = tf.compat.v1.profiler.ProfileOptionBuilder.float_operation()
    options["output"] = "none"
    profile = tf.compat.v1.profiler.profile(graph, cmd="scope", options=options)
    return int(profile.total_float_ops) // 2


def ask_fvcore(layer: Layer, shape: Shape) -> int:
    """Count with fvcore, which calls MACs flops."""
    from fvcore.nn import FlopCountAnalysis

    module, size = to_torch(layer, shape)
    analysis = FlopCountAnalysis(module, torch.zeros(size))
    return int(analysis.unsupported_ops_warnings(False).total())


def ask_torchinfo(layer: Layer, shape: Shape) -> int:
    """Count with torchinfo."""
    from torchinfo import summary

    module, size = to_torch(layer, shape)
    return int(summary(module, size, verbose=0).total_mult_adds)


def ask_thop(layer: Layer, shape: Shape) -> int:
    """Count with thop."""
    from thop import profile

    module, size = to_torch(layer, shape)
    return int(profile(module, inputs=(torch.zeros(size),), verbose=False)[0])


def ask_ptflops(layer: Layer, shape: Shape) -> int:
    """Count with ptflops."""
    from ptflops import get_model_complexity_info

    module, size = to_torch(layer, shape)
    macs, _ = get_model_complexity_info(
        module, size[1:], as_strings=False, print_per_layer_stat=False, backend="pytorch"
    )
    return int(macs)


COUNTERS: dict[str, tuple[str, Callable[[Layer, Shape], int]]] = {
    "TF profiler (Keras layer)": ("tensorflow", ask_tf_profiler),
    "XLA": ("jax", ask_oracle("xla", "effective macs")),
    "FlopCounterMode": ("torch", ask_oracle("torch", "macs")),
    "fvcore": ("fvcore", ask_fvcore),
    "torchinfo": ("torchinfo", ask_torchinfo),
    "thop": ("thop", ask_thop),
    "ptflops": ("ptflops", ask_ptflops),
}


def ask(count: Callable[[Layer, Shape], int], layer: Layer, shape: Shape) -> str:
    """Return what a counter says: nominal, effective, the number itself, or nothing."""
    nominal = layer.cost(shape).macs
    effective = layer.cost(shape, effective=True).macs
    try:
        with contextlib.redirect_stdout(io.StringIO()), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            macs = count(layer, shape)
    except NotVisible:
        return "-"
    if macs == nominal:
        return "nominal"
    if macs == effective:
        return "effective"
    return f"**{macs:,}**"


def table() -> list[list[str]]:
    """Return the rows of the table, with its heading."""
    rows = [["layer", "input", "nominal MACs", "effective", *COUNTERS]]
    for layer, shape in track(LAYERS, "Counting", console=Console(stderr=True), transient=True):
        rows.append(
            [
                f"`{layer!r}`".replace(", use_bias=False", ""),
                " x ".join(map(str, shape)),
                f"{layer.cost(shape).macs:,}",
                f"{layer.cost(shape, effective=True).macs:,}",
                *(ask(count, layer, shape) for _, count in COUNTERS.values()),
            ]
        )
    return rows


def main() -> None:
    """Write the page."""
    heading, *rows = table()
    versions = ", ".join(f"{package} {version(package)}" for package, _ in COUNTERS.values())
    lines = [
        "<!-- Written by docs/who_counts_what.py; change that. -->",
        "",
        f"| {' | '.join(heading)} |",
        f"|{'---|' * len(heading)}",
        *(f"| {' | '.join(row)} |" for row in rows),
        "",
        "No layer here has a bias. A counter that counts FLOPs is halved. *nominal* and *effective*"
        " stand for the two numbers on the left; any other number is what the counter says instead,"
        f" and - means that it does not take the layer. Measured with {versions}.",
        "",
    ]
    PAGE.write_text("\n".join(lines), encoding="utf-8")


if __name__ == "__main__":
    main()
