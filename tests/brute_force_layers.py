"""A counter that lays real kernels over real rows of elements, and looks at every tap.

It knows layers by what their documentation says, not by formulas: rows are lists, padding is found
by trying, and what lies inside is looked up.
"""

from itertools import count, product


def reach_of(kernel, dilation):
    return [tap * dilation for tap in range(kernel)]


def padded_row(side, before, after):
    """Return a row in which None is padding and a number is an element."""
    return [None] * before + list(range(side)) + [None] * after


def windows(row, kernel, stride, dilation):
    """Return what lies under each tap, at every place where the kernel fits on the row."""
    taps = reach_of(kernel, dilation)
    return [
        [row[start + tap] for tap in taps]
        for start in range(0, len(row), stride)
        if start + taps[-1] < len(row)
    ]


def same_windows(side, kernel, stride, dilation):
    """Pad by one more until there is a window for every stride begun in the row."""
    wanted = len(range(0, side, stride))
    for total in count():
        row = padded_row(side, total // 2, total - total // 2)
        found = windows(row, kernel, stride, dilation)
        if len(found) >= wanted:
            return found[:wanted]


def slide(side, kernel, stride, dilation, padding):
    """Return the windows of a convolution along one axis."""
    if padding == "same":
        return same_windows(side, kernel, stride, dilation)
    if padding == "valid":
        around = (0, 0)
    elif padding == "causal":
        around = (reach_of(kernel, dilation)[-1], 0)
    else:
        around = padding
    return windows(padded_row(side, *around), kernel, stride, dilation)


def spread(side, kernel, stride, dilation, padding, added):
    """Return where each input's taps land along one axis of the output, and the output's side.

    A tap that lands outside is None.
    """
    taps = reach_of(kernel, dilation)
    length = taps[-1] + 1
    landing = [[start * stride + tap for tap in taps] for start in range(side)]
    full = landing[-1][-1] + 1
    cut = 0
    if padding == "same":
        out = side * stride if added is None else (side - 1) * stride + length % 2 + added
        # What is cut off is the padding that the convolution the other way round would need.
        lacking = next(
            total
            for total in count()
            if len(windows(padded_row(out, total, 0), kernel, stride, dilation)) >= side
        )
        cut = lacking // 2
    elif padding == "valid":
        out = max(full, side * stride) if added is None else full + added
    else:
        cut = padding[0]
        out = full + (added or 0) - sum(padding)
    inside = [[place - cut if 0 <= place - cut < out else None for place in row] for row in landing]
    return inside, out


def connections(channels, filters, groups):
    """Return every pair of input channel and filter that are in one group."""
    return [
        (channel, which)
        for channel in range(channels)
        for which in range(filters)
        if channel * groups // channels == which * groups // filters
    ]


def pairs(axes):
    """Count every tap at every place over all axes, and those of them that lie inside."""
    nominal = effective = 0
    for place in product(*axes):
        for under in product(*place):
            nominal += 1
            effective += None not in under
    return nominal, effective


def count_layer(layer, shape):
    """Return the output's shape, and parameters, nominal and effective MACs and bias additions."""
    kind = type(layer).__name__
    if kind == "Dense":
        *places, channels = shape
        outputs, everywhere = tuple(places), [[[0]] * side for side in places]
        steps = [((), connections(channels, layer.units, 1), everywhere)]
        return tally(steps, outputs, layer.units, layer.use_bias, lambda s, n: (*s, n))
    first = layer.data_format == "channels_first"
    channels, sides = (shape[0], shape[1:]) if first else (shape[-1], shape[:-1])
    if kind.endswith("Transpose"):
        outputs, windows_ = transposed_axes(layer, sides)
    else:
        windows_ = [
            slide(side, *along) for side, along in zip(sides, arguments(layer), strict=True)
        ]
        outputs = tuple(map(len, windows_))
    kernel = layer.kernel_size
    multiplier = getattr(layer, "depth_multiplier", 1)
    depthwise = connections(channels, channels * multiplier, channels)
    if kind.startswith("Depthwise"):
        number = channels * multiplier
        steps = [(kernel, depthwise, windows_)]
    elif kind.startswith("Separable"):
        number = layer.filters
        steps = [
            (kernel, depthwise, windows_),
            ((1,), connections(channels * multiplier, number, 1), [[[0]] * n for n in outputs]),
        ]
    else:
        number = layer.filters
        steps = [(kernel, connections(channels, number, layer.groups), windows_)]
    join = (lambda s, n: (n, *s)) if first else (lambda s, n: (*s, n))
    return tally(steps, outputs, number, layer.use_bias, join)


def arguments(layer):
    words = isinstance(layer.padding, str)
    return [
        (kernel, stride, dilation, layer.padding if words else layer.padding[axis])
        for axis, (kernel, stride, dilation) in enumerate(
            zip(layer.kernel_size, layer.strides, layer.dilation_rate, strict=True)
        )
    ]


def transposed_axes(layer, sides):
    added = layer.output_padding or (None,) * len(sides)
    spreads = [
        spread(side, *along, more)
        for side, along, more in zip(sides, arguments(layer), added, strict=True)
    ]
    return tuple(out for _, out in spreads), [landing for landing, _ in spreads]


def tally(steps, outputs, filters, use_bias, join):
    params = nominal = effective = 0
    for kernel, connected, axes in steps:
        params += sum(1 for _ in product(*map(range, kernel))) * len(connected)
        every, inside = pairs(axes)
        nominal += every * len(connected)
        effective += inside * len(connected)
    places = sum(1 for _ in product(*map(range, outputs)))
    biases = filters if use_bias else 0
    return join(outputs, filters), params + biases, nominal, effective, places * biases
