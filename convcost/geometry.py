"""The geometry of one axis: an old name of `convcost.layers.geometry`, which goes on working."""

from convcost.layers.geometry import (
    dilated_kernel_size,
    padded_transposed_length,
    same_length,
    same_padding_before,
    taps_inside,
    transposed_length,
    valid_length,
)

# What the functions were called here.
span = dilated_kernel_size
sliding = valid_length
covering = same_length
spread = transposed_length
spread_padded = padded_transposed_length
padding_before = same_padding_before

__all__ = [
    "covering",
    "dilated_kernel_size",
    "padded_transposed_length",
    "padding_before",
    "same_length",
    "same_padding_before",
    "sliding",
    "span",
    "spread",
    "spread_padded",
    "taps_inside",
    "transposed_length",
    "valid_length",
]
