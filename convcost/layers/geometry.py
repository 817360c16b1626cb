"""Where a kernel lies along one axis: sides of outputs, padding, and the taps inside the input.

A transposed convolution is a convolution with input and output exchanged. So one word serves both:
the *image* is what the kernel is laid over (the input; the output of a transposed convolution), the
*positions* are the places where it is laid (the output's elements; the input's where transposed).

Everything works on Python integers, int64 and object arrays and SymPy expressions alike, and takes
no longer for a long axis than for a short one. Nothing is checked here; `convcost.layers` does that
first.

The sides are those of Keras (`compute_conv_output_shape`) and, for transposed convolutions with
explicit padding, of PyTorch (`ConvTranspose2d`).
"""

from convcost.exact import arithmetic
from convcost.exact.scalars import is_array

TYPE_CHECKING = False
if TYPE_CHECKING:
    from convcost.exact.types import Count


def span(kernel: "Count", dilation: "Count") -> "Count":
    """Return how many elements a dilated kernel reaches over, its gaps included.

    Parameters
    ----------
    kernel
        Side of the kernel, in taps.
    dilation
        Distance between neighbouring taps, in elements.

    Returns
    -------
    int
        Elements from the first tap to the last, both included.

    Examples
    --------
    >>> span(3, 1), span(3, 2)
    (3, 5)
    """
    return (kernel - 1) * dilation + 1


def sliding(image: "Count", reach: "Count", stride: "Count") -> "Count":
    """Return the number of positions at which a kernel lies inside the image altogether.

    Parameters
    ----------
    image
        Side of the image with its padding, in elements.
    reach
        The kernel's span, in elements; at most the image's side.
    stride
        Distance between neighbouring positions, in elements.

    Returns
    -------
    int
        floor((image - reach) / stride) + 1.

    Examples
    --------
    >>> sliding(28, 3, 1), sliding(28, 3, 2)
    (26, 13)
    """
    return arithmetic.floor_divide(image - reach, stride) + 1


def covering(image: "Count", stride: "Count") -> "Count":
    """Return the number of positions of `same` padding: one for each stride begun in the image.

    Parameters
    ----------
    image
        Side of the image, in elements.
    stride
        Distance between neighbouring positions, in elements.

    Returns
    -------
    int
        ceil(image / stride).

    Examples
    --------
    >>> covering(28, 1), covering(28, 3)
    (28, 10)
    """
    return arithmetic.ceil_divide(image, stride)


def spread(
    positions: "Count",
    reach: "Count",
    stride: "Count",
    padding: str,
    output_padding: "Count | None",
) -> "Count":
    """Return the side of the image that a transposed convolution makes with `same` or `valid`.

    Parameters
    ----------
    positions
        Side of the input, in elements.
    reach
        The kernel's span, in elements.
    stride
        Distance between the places in the output of neighbouring inputs, in elements.
    padding
        `same` or `valid`.
    output_padding
        Elements added at the end, or None for what makes the side positions times stride
        (`same`), or leaves out none of them (`valid`).

    Returns
    -------
    int
        Side of the output, in elements.

    Examples
    --------
    >>> spread(14, 2, 2, "same", None), spread(14, 3, 2, "valid", None), spread(14, 3, 2, "same", 0)
    (28, 29, 27)
    """
    if padding == "same":
        if output_padding is None:
            return positions * stride
        # An odd kernel's middle stays, an even kernel has none.
        return (
            (positions - 1) * stride
            + reach
            - 2 * arithmetic.floor_divide(reach, 2)
            + output_padding
        )
    if output_padding is None:
        return (positions - 1) * stride + arithmetic.maximum(reach, stride)
    return (positions - 1) * stride + reach + output_padding


def spread_padded(
    positions: "Count",
    reach: "Count",
    stride: "Count",
    around: "tuple[Count, Count]",
    output_padding: "Count",
) -> "Count":
    """Return the side of the image that a transposed convolution makes with explicit padding.

    Parameters
    ----------
    positions, reach, stride
        As for `spread`.
    around
        Elements cut off before and after.
    output_padding
        Elements added at the end.

    Returns
    -------
    int
        Side of the output, in elements; 0 or less if nothing is left.

    Examples
    --------
    >>> spread_padded(14, 3, 2, (1, 1), 1)
    28
    """
    before, after = around
    return (positions - 1) * stride + reach + output_padding - before - after


def padding_before(image: "Count", positions: "Count", reach: "Count", stride: "Count") -> "Count":
    """Return how much of `same` padding comes before the image; the odd element comes behind it.

    Parameters
    ----------
    image
        Side of the image, in elements.
    positions
        Number of positions.
    reach
        The kernel's span, in elements.
    stride
        Distance between neighbouring positions, in elements.

    Returns
    -------
    int
        Elements of padding before the image.

    Examples
    --------
    >>> padding_before(28, 28, 3, 1), padding_before(28, 14, 3, 2), padding_before(28, 14, 2, 2)
    (1, 0, 0)
    """
    missing = (positions - 1) * stride + reach - image
    return arithmetic.floor_divide(arithmetic.maximum(missing, 0), 2)


def taps_inside(
    image: "Count",
    positions: "Count",
    kernel: "Count",
    stride: "Count",
    dilation: "Count",
    before: "Count",
) -> "Count":
    """Count the pairs of position and tap whose tap lies inside the image.

    Parameters
    ----------
    image
        Side of the image, in elements.
    positions
        Number of positions.
    kernel
        Side of the kernel, in taps; an integer, or an array of integers.
    stride
        Distance between neighbouring positions, in elements.
    dilation
        Distance between neighbouring taps, in elements.
    before
        Elements of padding before the image; those behind it need not be known.

    Returns
    -------
    int
        At most positions times kernel. Takes a time proportional to the kernel's side.

    Notes
    -----
    Tap j at position o lies on element o·stride - before + j·dilation. For each tap the positions
    at which that is an element of the image are consecutive, so their number is a difference.

    Examples
    --------
    >>> taps_inside(28, 28, 3, 1, 1, 1)
    82
    >>> taps_inside(10**6, 10**6, 3, 1, 1, 1)
    2999998
    """
    total: Count = 0
    for tap in _reaching(image, positions, kernel, stride, dilation, before):
        shift = before - tap * dilation
        first = arithmetic.maximum(arithmetic.ceil_divide(shift, stride), 0)
        last = arithmetic.minimum(arithmetic.ceil_divide(shift + image, stride), positions)
        inside = arithmetic.maximum(last - first, 0)
        # In an array of kernels the smaller ones have no such tap.
        total = total + (inside * (tap < kernel).astype(int) if is_array(kernel) else inside)
    return total


def _reaching(*sizes: "Count") -> range:
    """Return the taps that may lie inside: of a kernel far larger than the image only a few."""
    image, positions, kernel, stride, dilation, before = sizes
    if not all(type(size) is int for size in sizes):
        return range(int(kernel.max()) if is_array(kernel) else kernel)
    first = arithmetic.ceil_divide(before - (positions - 1) * stride, dilation)
    return range(max(first, 0), min(arithmetic.ceil_divide(before + image, dilation), kernel))
