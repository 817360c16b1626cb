"""The geometry of one axis: output lengths, `same` padding, taps inside the input."""

from convcost._layers.geometry import (
    dilated_kernel_size as dilated_kernel_size,
)

# The old names of the functions.
from convcost._layers.geometry import dilated_kernel_size as span
from convcost._layers.geometry import (
    padded_transposed_length as padded_transposed_length,
)
from convcost._layers.geometry import padded_transposed_length as spread_padded
from convcost._layers.geometry import same_length as covering
from convcost._layers.geometry import (
    same_length as same_length,
)
from convcost._layers.geometry import same_padding_before as padding_before
from convcost._layers.geometry import (
    same_padding_before as same_padding_before,
)
from convcost._layers.geometry import (
    taps_inside as taps_inside,
)
from convcost._layers.geometry import transposed_length as spread
from convcost._layers.geometry import (
    transposed_length as transposed_length,
)
from convcost._layers.geometry import valid_length as sliding
from convcost._layers.geometry import (
    valid_length as valid_length,
)

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
