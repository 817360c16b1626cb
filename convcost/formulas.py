"""The one formula of the library, and what each kind of convolution puts into it.

Pure arithmetic: whatever multiplies and adds goes through it, be it Python integers, fractions,
NumPy arrays, SymPy symbols, or the expressions of `convcost.expressions`, which write themselves
down. Nothing is checked here; `convcost.convolutions` does that first.

The formulas are those of Howard et al., "MobileNets" (arXiv:1704.04861), section 3.1, with biases.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from convcost._typing import Count, Counts

QUANTITIES = ("params", "macs", "bias_adds")


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
    depthwise_params, depthwise_macs, _ = depthwise(dk, m, df, 0)
    pointwise_params, pointwise_macs, bias_adds = standard(unit, m, n, df, bias)
    return depthwise_params + pointwise_params, depthwise_macs + pointwise_macs, bias_adds
