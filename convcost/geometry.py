"""The geometry of one axis: an old name of `convcost._layers.geometry`, which still works."""

from convcost._layers import geometry
from convcost._layers.geometry import *  # noqa: F403

# The old names of the functions.
span = geometry.dilated_kernel_size
sliding = geometry.valid_length
covering = geometry.same_length
spread = geometry.transposed_length
spread_padded = geometry.padded_transposed_length
padding_before = geometry.same_padding_before
