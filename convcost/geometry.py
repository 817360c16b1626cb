"""The geometry of one axis: an old name of `convcost.layers.geometry`, which goes on working."""

from convcost.layers import geometry
from convcost.layers.geometry import *  # noqa: F403

# What the functions were called here.
span = geometry.dilated_kernel_size
sliding = geometry.valid_length
covering = geometry.same_length
spread = geometry.transposed_length
spread_padded = geometry.padded_transposed_length
padding_before = geometry.same_padding_before
