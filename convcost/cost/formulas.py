"""The one formula of the library, and what each kind of convolution puts into it.

Pure arithmetic: whatever multiplies and adds goes through it, be it Python integers, fractions,
NumPy arrays, SymPy symbols, or the expressions of `convcost.cost.recorder`, which write themselves
down. Nothing is checked here; `convcost.cost.convolutions` does that first.

The formulas are those of Howard et al., "MobileNets" (arXiv:1704.04861), section 3.1, with biases.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from convcost.exact.types import Count, Counts, Factors, Formula


def counts(weights: "Count", filters: "Count", positions: "Count", bias: int) -> "Counts":
    """Count the parameters, MACs and bias additions of any convolution.

    Each output element is the sum of its filter's weights times the inputs under them, one MAC for
    each weight. There are as many output elements as filters times positions.

    Parameters
    ----------
    weights
        K·C_in/g, the weights of one filter: one for each tap of the kernel and each input channel
        of its group.
    filters
        C_out, the number of filters, which is the number of output channels.
    positions
        P, the number of output positions, at each of which every filter is applied.
    bias
        1 where each filter has a bias, else 0.

    Returns
    -------
    tuple
        Parameters (weights and biases), MACs (one multiply and one add each), and bias additions
        (one per output element where there is a bias).

    Examples
    --------
    >>> counts(weights=3 * 3 * 1, filters=32, positions=28 * 28, bias=1)
    (320, 225792, 25088)
    """
    elements = filters * positions
    return (weights + bias) * filters, weights * elements, bias * elements


def product(factors: "tuple[Count, ...]") -> "Count":
    """Multiply factors; none make 1.

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
    """Count a convolution of any number of axes, grouped, strided, dilated or transposed.

    Each number comes as its factors, so that an explanation can show them.

    Parameters
    ----------
    kernel
        K, the sides of the kernel.
    channels
        C_in/g, the input channels that one filter sees; no factor where it sees one.
    filters
        C_out, the number of filters.
    taps
        What is multiplied at each position: the kernel's sides; or, with no positions, the pairs
        of tap and position along each axis whose tap lies inside.
    positions
        Where the kernel is applied: the sides of the output, and those of the input where the
        convolution is transposed.
    outputs
        The sides of the output.
    bias
        1 where each filter has a bias, else 0.

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
    """Call a formula whose arguments are factors, which come one after another.

    Parameters
    ----------
    formula
        Takes factors, in a tuple for each argument, and the bias.
    bounds
        Where the factors of each of its arguments stand.
    sizes
        All factors, and the bias behind them.

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
    """Count the gradient of a convolution by its weights and biases, or by its input.

    Each multiply-accumulate of the convolution takes part in either gradient once, as the same
    product with another factor known. The gradient by the biases adds up the outputs' gradients.

    Examples
    --------
    >>> gradient((32,), (64,), (82, 82), (), (28, 28), 1)
    (0, 13770752, 50176)
    """
    _, macs, bias_adds = convolution((), channels, filters, taps, positions, outputs, bias)
    return 0, macs, bias_adds


def weights(factors: "Factors", bias: int) -> "Counts":
    """Count weights that take part in no multiply-accumulate; there is no bias among them.

    Examples
    --------
    >>> weights((4, 32), 0)
    (128, 0, 0)
    """
    params, _, _ = counts(product(factors), 1, 1, bias)
    return params, 0, 0


def products(outputs: "Factors", inner: "Factors", bias: int) -> "Counts":
    """Count a product of two inputs: no weights, a sum over the inner axes for each output.

    Examples
    --------
    >>> products((12, 10, 10), (64,), 0)
    (0, 76800, 0)
    """
    _, macs, bias_adds = counts(product(inner), product(outputs), 1, bias)
    return 0, macs, bias_adds


def reused(formula: "Formula", *arguments: object) -> "Counts":
    """Count a computation whose weights were counted before.

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

    `unit` is 1, the side of the pointwise kernel; an argument so that an explanation can show it.

    Examples
    --------
    >>> separable(3, 32, 64, 28, 1, 1)
    (2400, 1831424, 50176)
    """
    positions = df * df
    depthwise_params, depthwise_macs, _ = counts(dk * dk, m, positions, 0)
    pointwise_params, pointwise_macs, bias_adds = counts(unit * unit * m, n, positions, bias)
    return depthwise_params + pointwise_params, depthwise_macs + pointwise_macs, bias_adds
