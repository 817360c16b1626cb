"""The process in which PyTorch counts: each line of JSON in is a layer, each line out its count."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

from convcost import _layers as layers
from convcost._layers.spatial import Spatial
from convcost._layers.transposed import TransposedConvolution
from convcost._verify.oracles import description

if TYPE_CHECKING:
    import torch

    from convcost._layers import Layer


def count(layer: Layer, input_shape: tuple[int, ...]) -> dict[str, int]:
    """Count nominal MACs, and those with both gradients where PyTorch gets them right."""
    import torch
    from torch.utils.flop_counter import FlopCounterMode

    with torch.device("meta"), FlopCounterMode(display=False) as counter:
        output = _apply(layer, input_shape)
        forward = counter.get_total_flops()
        output.backward(torch.ones_like(output))
    counted = {"macs": forward // 2}
    if _groups(layer, input_shape) == 1:
        counted["training macs"] = counter.get_total_flops() // 2
    return counted


def _groups(layer: Layer, shape: tuple[int, ...]) -> int:
    if not isinstance(layer, Spatial):
        return 1
    _, channels = description.sides_and_channels(layer, shape)
    return description.groups_and_filters(layer, channels)[0]


def _tensor(shape: tuple[int, ...]) -> torch.Tensor:
    import torch

    return torch.empty(shape, requires_grad=True)


def _apply(layer: Layer, shape: tuple[int, ...]) -> torch.Tensor:
    import torch.nn.functional as functional

    if isinstance(layer, layers.Dense):
        return functional.linear(_tensor(shape), _tensor((layer.units, shape[-1])))
    assert isinstance(layer, Spatial)
    sides, m = description.sides_and_channels(layer, shape)
    groups, filters = description.groups_and_filters(layer, m)
    common = {"stride": layer.strides, "dilation": layer.dilation_rate, "groups": groups}
    if isinstance(layer, TransposedConvolution):
        # Cropping and output padding only change the output, not what is multiplied.
        spread = getattr(functional, f"conv_transpose{layer.rank}d")
        kernel = _tensor((m, filters // groups, *layer.kernel_size))
        return spread(_tensor((1, m, *sides)), kernel, **common)
    outputs, _ = description.sides_and_channels(layer, layer.output_shape(shape))
    around = description.pads(layer, sides, outputs)
    # PyTorch wants the last axis first.
    flat = [side for pair in reversed(around) for side in pair]
    padded = functional.pad(_tensor((1, m, *sides)), flat)
    convolve = getattr(functional, f"conv{layer.rank}d")
    return convolve(padded, _tensor((filters, m // groups, *layer.kernel_size)), **common)


def main() -> None:
    """Answer until the input ends."""
    for line in sys.stdin:
        question = json.loads(line)
        layer = getattr(layers, question["kind"])(**question["arguments"])
        print(json.dumps(count(layer, tuple(question["input_shape"]))), flush=True)


if __name__ == "__main__":
    main()
