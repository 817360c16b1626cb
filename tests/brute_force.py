"""A counter that walks: every output position, filter, channel and tap, one by one.

It knows layers as lists of weights, not as formulas.
"""

from itertools import product


def count(kind, *, dk, m, n, df, bias):
    """Return parameters, MACs and bias additions by enumeration."""
    if kind == "separable":
        first = count("depthwise", dk=dk, m=m, n=m, df=df, bias=False)
        second = count("pointwise", dk=1, m=m, n=n, df=df, bias=bias)
        return tuple(a + b for a, b in zip(first, second, strict=True))
    side = 1 if kind == "pointwise" else dk
    filters = range(m if kind == "depthwise" else n)
    weights, biases, macs, bias_adds = set(), set(), 0, 0
    for _row, _column, which in product(range(df), range(df), filters):
        channels = [which] if kind == "depthwise" else range(m)
        for i, j, channel in product(range(side), range(side), channels):
            weights.add((which, i, j, channel))
            macs += 1
        if bias:
            biases.add(which)
            bias_adds += 1
    return len(weights) + len(biases), macs, bias_adds
