"""A kernel that slides along one axis: output lengths, padding, and the taps inside the input.

A transposed convolution is a convolution with input and output exchanged, so both use the same
terms. Distances and sizes are in elements unless stated otherwise:

- `kernel`: kernel size, in taps;
- `dilation`: distance between neighbouring taps;
- `extent`: size of the dilated kernel, from its first tap to its last;
- `size`: size of what the kernel slides over: the input, or the output if transposed;
- `positions`: number of kernel positions: one per output element, or per input element if
  transposed;
- `stride`: distance between neighbouring positions;
- `before`: padding before the first element.

Everything works on Python integers, int64 and object arrays, and SymPy expressions, in a time that
does not depend on the length of the axis. Nothing is checked here; the layers do that first.

The lengths equal those of Keras (`compute_conv_output_shape`) and, for transposed convolutions with
explicit padding, PyTorch (`ConvTranspose2d`).
"""

from convcost._exact import arithmetic
from convcost._exact.scalars import is_array

TYPE_CHECKING = False
if TYPE_CHECKING:
    from convcost._exact.types import Count


def dilated_kernel_size(kernel: "Count", dilation: "Count") -> "Count":
    """Return the extent of a kernel, including its gaps: (kernel - 1)·dilation + 1.

    Examples
    --------
    >>> dilated_kernel_size(3, 1), dilated_kernel_size(3, 2)
    (3, 5)
    """
    return (kernel - 1) * dilation + 1


def valid_length(size: "Count", extent: "Count", stride: "Count") -> "Count":
    """Return the number of positions inside an axis: floor((size - extent) / stride) + 1.

    The size includes any padding.

    Examples
    --------
    >>> valid_length(28, 3, 1), valid_length(28, 3, 2)
    (26, 13)
    """
    return arithmetic.floor_divide(size - extent, stride) + 1


def same_length(size: "Count", stride: "Count") -> "Count":
    """Return the number of positions with `same` padding: ceil(size / stride).

    Examples
    --------
    >>> same_length(28, 1), same_length(28, 3)
    (28, 10)
    """
    return arithmetic.ceil_divide(size, stride)


def transposed_length(
    positions: "Count",
    extent: "Count",
    stride: "Count",
    padding: str,
    output_padding: "Count | None",
) -> "Count":
    """Return the output length of a transposed convolution with `same` or `valid` padding.

    `output_padding` is the number of elements added at the end. With None, the length is positions
    times stride (`same`), or long enough for every tap (`valid`).

    Examples
    --------
    >>> transposed_length(14, 2, 2, "same", None), transposed_length(14, 3, 2, "same", 0)
    (28, 27)
    >>> transposed_length(14, 3, 2, "valid", None)
    29
    """
    if padding == "same":
        if output_padding is None:
            return positions * stride
        # An odd kernel keeps its middle tap; an even kernel has none.
        return (
            (positions - 1) * stride
            + extent
            - 2 * arithmetic.floor_divide(extent, 2)
            + output_padding
        )
    if output_padding is None:
        return (positions - 1) * stride + arithmetic.maximum(extent, stride)
    return (positions - 1) * stride + extent + output_padding


def padded_transposed_length(
    positions: "Count",
    extent: "Count",
    stride: "Count",
    around: "tuple[Count, Count]",
    output_padding: "Count",
) -> "Count":
    """Return the output length of a transposed convolution with explicit padding.

    `around` is cut off before and after; the length is 0 or less if nothing is left.

    Examples
    --------
    >>> padded_transposed_length(14, 3, 2, (1, 1), 1)
    28
    """
    before, after = around
    return (positions - 1) * stride + extent + output_padding - before - after


def same_padding_before(
    size: "Count", positions: "Count", extent: "Count", stride: "Count"
) -> "Count":
    """Return the `same` padding before the first element; an odd element goes to the end.

    Examples
    --------
    >>> same_padding_before(28, 28, 3, 1), same_padding_before(28, 14, 3, 2)
    (1, 0)
    """
    missing = (positions - 1) * stride + extent - size
    return arithmetic.floor_divide(arithmetic.maximum(missing, 0), 2)


def taps_inside(
    size: "Count",
    positions: "Count",
    kernel: "Count",
    stride: "Count",
    dilation: "Count",
    before: "Count",
) -> "Count":
    """Count the (position, tap) pairs whose tap lies inside, in time linear in the kernel size.

    Notes
    -----
    Tap j at position o lies on element o·stride - before + j·dilation. For each tap, the positions
    where that element exists are consecutive, so their number is a difference.

    Examples
    --------
    >>> taps_inside(28, 28, 3, 1, 1, 1)
    82
    >>> taps_inside(10**6, 10**6, 3, 1, 1, 1)
    2999998
    """
    total: Count = 0
    for tap in _taps_within(size, positions, kernel, stride, dilation, before):
        shift = before - tap * dilation
        first = arithmetic.maximum(arithmetic.ceil_divide(shift, stride), 0)
        last = arithmetic.minimum(arithmetic.ceil_divide(shift + size, stride), positions)
        inside = arithmetic.maximum(last - first, 0)
        # In an array of kernel sizes, the smaller kernels lack this tap.
        total = total + (inside * (tap < kernel).astype(int) if is_array(kernel) else inside)
    return total


def _taps_within(*sizes: "Count") -> range:
    """Return the taps that may lie inside: only a few if the kernel is far larger than the axis."""
    size, positions, kernel, stride, dilation, before = sizes
    if not all(type(size) is int for size in sizes):
        return range(int(kernel.max()) if is_array(kernel) else kernel)
    first = arithmetic.ceil_divide(before - (positions - 1) * stride, dilation)
    return range(max(first, 0), min(arithmetic.ceil_divide(before + size, dilation), kernel))
