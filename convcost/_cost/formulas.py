"""The library's one formula, and how each kind of convolution uses it.

Pure arithmetic on anything that multiplies and adds: Python integers, fractions, NumPy arrays,
SymPy symbols, or the expressions of `convcost._cost.recorder`, which record the arithmetic. Nothing
is checked here; `convcost._cost.convolutions` does that first.

The formulas follow Howard et al., "MobileNets" (arXiv:1704.04861), section 3.1, with biases.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from convcost._exact.types import Count, Counts, Factors, Formula


def counts(weights: "Count", filters: "Count", positions: "Count", bias: int) -> "Counts":
    """Count the parameters, MACs and bias additions of any convolution.

    Each output element is the sum of its filter's weights times the inputs under them: one MAC per
    weight. The number of output elements is filters times positions.

    Parameters
    ----------
    weights
        K·C_in/g, the weights of one filter: one per tap and input channel of its group.
    filters
        C_out, the number of filters, equal to the number of output channels.
    positions
        P, the number of output positions; every filter is applied at each position.
    bias
        1 if each filter has a bias, else 0.

    Returns
    -------
    tuple
        Parameters (weights and biases), MACs (one multiply and one add each), and bias additions
        (one per output element if there is a bias).

    Examples
    --------
    >>> counts(weights=3 * 3 * 1, filters=32, positions=28 * 28, bias=1)
    (320, 225792, 25088)
    """
    elements = filters * positions
    return (weights + bias) * filters, weights * elements, bias * elements


def product(factors: "tuple[Count, ...]") -> "Count":
    """Return the product of factors; 1 for no factors.

    Examples
    --------
    >>> product((3, 3, 32))
    288
    """
    total: Count = 1
    for factor in factors:
        total = total * factor
    return total


def convolution(
    kernel: "Factors",
    channels: "Factors",
    filters: "Factors",
    taps: "Factors",
    positions: "Factors",
    outputs: "Factors",
    bias: int,
) -> "Counts":
    """Count a convolution with any number of axes, grouped, strided, dilated or transposed.

    Each number is given by its factors, so that an explanation can show them.

    Parameters
    ----------
    kernel
        K, the sides of the kernel.
    channels
        C_in/g, the input channels that one filter sees; empty if it sees one.
    filters
        C_out, the number of filters.
    taps
        The taps at each position: the kernel's sides. With empty `positions`, the number of
        (position, tap) pairs on each axis whose tap lies inside.
    positions
        The positions of the kernel: the sides of the output, or of the input if the convolution
        is transposed.
    outputs
        The sides of the output.
    bias
        1 if each filter has a bias, else 0.

    Examples
    --------
    >>> same = {"kernel": (3, 3), "channels": (32,), "filters": (64,), "outputs": (28, 28)}
    >>> convolution(**same, taps=(3, 3), positions=(28, 28), bias=1)
    (18496, 14450688, 50176)
    >>> convolution(**same, taps=(82, 82), positions=(), bias=1)
    (18496, 13770752, 50176)
    """
    number = product(filters)
    params, _, bias_adds = counts(product(kernel + channels), number, product(outputs), bias)
    _, macs, _ = counts(product(taps + channels), number, product(positions), 0)
    return params, macs, bias_adds


def factored(formula: "Formula", bounds: "tuple[slice, ...]", *sizes: object) -> "Counts":
    """Call a formula that takes tuples of factors, with all factors in one flat sequence.

    Parameters
    ----------
    formula
        Takes a tuple of factors for each argument, and the bias.
    bounds
        Where each argument's factors are among the sizes.
    sizes
        All factors, followed by the bias.

    Examples
    --------
    >>> bounds = (slice(0, 3), slice(3, 4))
    >>> factored(products, bounds, 12, 10, 10, 64, 0) == products((12, 10, 10), (64,), 0)
    True
    """
    return formula(*[sizes[bound] for bound in bounds], sizes[-1])


def gradient(
    channels: "Factors",
    filters: "Factors",
    taps: "Factors",
    positions: "Factors",
    outputs: "Factors",
    bias: int,
) -> "Counts":
    """Count the gradient of a convolution with respect to its weights and biases, or to its input.

    Each MAC of the convolution corresponds to one MAC of either gradient, with the output's
    gradient in place of the weight or the input. The gradient with respect to the biases sums the
    output's gradient.

    Examples
    --------
    >>> gradient((32,), (64,), (82, 82), (), (28, 28), 1)
    (0, 13770752, 50176)
    """
    _, macs, bias_adds = convolution((), channels, filters, taps, positions, outputs, bias)
    return 0, macs, bias_adds


def weights(factors: "Factors", bias: int) -> "Counts":
    """Count weights without MACs, such as those of normalizations.

    Examples
    --------
    >>> weights((4, 32), 0)
    (128, 0, 0)
    """
    params, _, _ = counts(product(factors), 1, 1, bias)
    return params, 0, 0


def biases(factors: "Factors", outputs: "Factors", bias: int) -> "Counts":
    """Count biases that are added to outputs, one addition per element.

    Examples
    --------
    >>> biases((64,), (10, 64), 0)
    (64, 0, 640)
    """
    params, _, _ = weights(factors, bias)
    _, macs, bias_adds = counts(0, 1, product(outputs), 1)
    return params, macs, bias_adds


def products(outputs: "Factors", inner: "Factors", bias: int) -> "Counts":
    """Count a product of two inputs: no weights, and a sum over the inner axes per output.

    Examples
    --------
    >>> products((12, 10, 10), (64,), 0)
    (0, 76800, 0)
    """
    _, macs, bias_adds = counts(product(inner), product(outputs), 1, bias)
    return 0, macs, bias_adds


def reused(formula: "Formula", *arguments: object) -> "Counts":
    """Count a computation whose weights are already counted.

    Examples
    --------
    >>> reused(standard, 3, 1, 32, 28, 1)
    (0, 225792, 25088)
    """
    _, macs, bias_adds = formula(*arguments)
    return 0, macs, bias_adds


def standard(dk: "Count", m: "Count", n: "Count", df: "Count", bias: int) -> "Counts":
    """Count a standard convolution: n filters, each over all m channels.

    Examples
    --------
    >>> standard(3, 1, 32, 28, 1)
    (320, 225792, 25088)
    """
    return counts(dk * dk * m, n, df * df, bias)


def depthwise(dk: "Count", m: "Count", df: "Count", bias: int) -> "Counts":
    """Count a depthwise convolution: m filters, each over one channel.

    Examples
    --------
    >>> depthwise(3, 32, 28, 0)
    (288, 225792, 0)
    """
    return counts(dk * dk, m, df * df, bias)


def separable(
    dk: "Count", m: "Count", n: "Count", df: "Count", unit: "Count", bias: int
) -> "Counts":
    """Count a separable convolution: a depthwise one without bias, then a pointwise one.

    `unit` is 1, the side of the pointwise kernel, passed so that an explanation can show it.

    Examples
    --------
    >>> separable(3, 32, 64, 28, 1, 1)
    (2400, 1831424, 50176)
    """
    positions = df * df
    depthwise_params, depthwise_macs, _ = counts(dk * dk, m, positions, 0)
    pointwise_params, pointwise_macs, bias_adds = counts(unit * unit * m, n, positions, bias)
    return depthwise_params + pointwise_params, depthwise_macs + pointwise_macs, bias_adds
