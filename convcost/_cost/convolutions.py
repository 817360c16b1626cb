"""The public functions: costs of standard, depthwise, pointwise and separable convolutions.

Kernels and output feature maps are square, with sides `dk` and `df`.
"""

from convcost._cost import formulas
from convcost._cost.cost import Cost, cost_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from fractions import Fraction
    from typing import Any, overload

    from convcost._cost.ratio import Ratio
    from convcost._exact.types import (
        ArraySize,
        Expression,
        FloatArray,
        I,
        Int64Array,
        Integer,
        Size,
        SymbolicSize,
        Unknown,
    )

_STANDARD = ("dk", "m", "n", "df")
_DEPTHWISE = ("dk", "m", "df")
_SEPARABLE = (*_STANDARD, "unit")

# An integer is a size beside arrays, too, so overloads overlap: the first that fits holds.

if TYPE_CHECKING:

    @overload
    def standard(  # type: ignore[overload-overlap]
        dk: Integer[I], m: Integer[I], n: Integer[I], df: Integer[I], *, bias: bool = True
    ) -> Cost[I]: ...
    @overload
    def standard(
        dk: ArraySize, m: ArraySize, n: ArraySize, df: ArraySize, *, bias: bool = True
    ) -> Cost[Int64Array]: ...
    @overload
    def standard(
        dk: SymbolicSize, m: SymbolicSize, n: SymbolicSize, df: SymbolicSize, *, bias: bool = True
    ) -> Cost[Expression]: ...
    @overload
    def standard(dk: Size, m: Size, n: Size, df: Size, *, bias: bool = True) -> Cost[Any]: ...


def standard(dk: "Size", m: "Size", n: "Size", df: "Size", *, bias: bool = True) -> "Cost[Any]":
    """Return the cost of a standard convolution, in which every filter sees every input channel.

    Parameters
    ----------
    dk
        Side of the square kernel, in elements.
    m
        Number of input channels.
    n
        Number of output channels, equal to the number of filters.
    df
        Side of the square output feature map, in elements.
    bias
        Whether each filter adds a bias.

    Returns
    -------
    Cost
        (dk²·m + 1)·n parameters with a bias, and dk²·m·n·df² MACs. Counts are Python integers for
        integers, SymPy expressions for symbols, int64 arrays for arrays (broadcast over the
        arguments that the count depends on), and object arrays for object arrays.

    Raises
    ------
    TypeError
        If a size is not an exact number: a float, a bool, a string, None.
    ValueError
        If a size is zero, negative or empty, or arrays do not broadcast.
    OverflowError
        If arrays of machine integers are given and a count does not fit into int64.

    Notes
    -----
    The MACs follow Howard et al., "MobileNets" (arXiv:1704.04861), section 3.1, where padding
    counts as input. The parameters are the weights and biases that a layer holds.

    Examples
    --------
    >>> print(standard(3, 32, 64, 28))
    18,496 parameters, 14,450,688 MACs (28,901,376 FLOPs), 50,176 bias additions
    """
    return cost_of(formulas.standard, _STANDARD, (dk, m, n, df), bias)


if TYPE_CHECKING:

    @overload
    def depthwise(  # type: ignore[overload-overlap]
        dk: Integer[I], m: Integer[I], df: Integer[I], *, bias: bool = False
    ) -> Cost[I]: ...
    @overload
    def depthwise(
        dk: ArraySize, m: ArraySize, df: ArraySize, *, bias: bool = False
    ) -> Cost[Int64Array]: ...
    @overload
    def depthwise(
        dk: SymbolicSize, m: SymbolicSize, df: SymbolicSize, *, bias: bool = False
    ) -> Cost[Expression]: ...
    @overload
    def depthwise(dk: Size, m: Size, df: Size, *, bias: bool = False) -> Cost[Any]: ...


def depthwise(dk: "Size", m: "Size", df: "Size", *, bias: bool = False) -> "Cost[Any]":
    """Return the cost of a depthwise convolution, in which each channel has its own filter.

    Parameters
    ----------
    dk
        Side of the square kernel, in elements.
    m
        Number of input channels, equal to the number of output channels.
    df
        Side of the square output feature map, in elements.
    bias
        Whether each filter adds a bias.

    Returns
    -------
    Cost
        dk²·m parameters without a bias, and dk²·m·df² MACs; types and shapes as for `standard`.

    Notes
    -----
    Howard et al., "MobileNets" (arXiv:1704.04861), section 3.1.

    Examples
    --------
    >>> print(depthwise(3, 32, 28))
    288 parameters, 225,792 MACs (451,584 FLOPs), 0 bias additions
    """
    return cost_of(formulas.depthwise, _DEPTHWISE, (dk, m, df), bias)


if TYPE_CHECKING:

    @overload
    def pointwise(  # type: ignore[overload-overlap]
        m: Integer[I], n: Integer[I], df: Integer[I], *, bias: bool = True
    ) -> Cost[I]: ...
    @overload
    def pointwise(
        m: ArraySize, n: ArraySize, df: ArraySize, *, bias: bool = True
    ) -> Cost[Int64Array]: ...
    @overload
    def pointwise(
        m: SymbolicSize, n: SymbolicSize, df: SymbolicSize, *, bias: bool = True
    ) -> Cost[Expression]: ...
    @overload
    def pointwise(m: Size, n: Size, df: Size, *, bias: bool = True) -> Cost[Any]: ...


def pointwise(m: "Size", n: "Size", df: "Size", *, bias: bool = True) -> "Cost[Any]":
    """Return the cost of a pointwise convolution: a standard one with a 1x1 kernel.

    Parameters
    ----------
    m
        Number of input channels.
    n
        Number of output channels.
    df
        Side of the square output feature map, in elements; 1 makes it a dense layer.
    bias
        Whether each filter adds a bias.

    Returns
    -------
    Cost
        (m + 1)·n parameters with a bias, and m·n·df² MACs; types and shapes as for `standard`.

    Notes
    -----
    Howard et al., "MobileNets" (arXiv:1704.04861), section 3.1.

    Examples
    --------
    >>> print(pointwise(32, 64, 28))
    2,112 parameters, 1,605,632 MACs (3,211,264 FLOPs), 50,176 bias additions
    >>> print(pointwise(1152, 128, 1).explain().params)
    (1*1*1152+1)*128 = 147584
    """
    return cost_of(formulas.standard, _STANDARD, (1, m, n, df), bias)


if TYPE_CHECKING:

    @overload
    def separable(  # type: ignore[overload-overlap]
        dk: Integer[I], m: Integer[I], n: Integer[I], df: Integer[I], *, bias: bool = True
    ) -> Cost[I]: ...
    @overload
    def separable(
        dk: ArraySize, m: ArraySize, n: ArraySize, df: ArraySize, *, bias: bool = True
    ) -> Cost[Int64Array]: ...
    @overload
    def separable(
        dk: SymbolicSize, m: SymbolicSize, n: SymbolicSize, df: SymbolicSize, *, bias: bool = True
    ) -> Cost[Expression]: ...
    @overload
    def separable(dk: Size, m: Size, n: Size, df: Size, *, bias: bool = True) -> Cost[Any]: ...


def separable(dk: "Size", m: "Size", n: "Size", df: "Size", *, bias: bool = True) -> "Cost[Any]":
    """Return the cost of a separable convolution: depthwise without bias, then pointwise.

    Parameters
    ----------
    dk
        Side of the square depthwise kernel, in elements.
    m
        Number of input channels.
    n
        Number of output channels.
    df
        Side of the square output feature map, in elements.
    bias
        Whether the pointwise step adds a bias.

    Returns
    -------
    Cost
        dk²·m + m·n + n parameters with a bias, and df²·m·(dk² + n) MACs; types and shapes
        as for `standard`.

    Notes
    -----
    Howard et al., "MobileNets" (arXiv:1704.04861), section 3.1; one bias, as in Keras's
    SeparableConv2D.

    Examples
    --------
    >>> print(separable(3, 32, 64, 28))
    2,400 parameters, 1,831,424 MACs (3,662,848 FLOPs), 50,176 bias additions
    >>> separable(3, 32, 32, 28).explain().params
    '3*3*32 + (1*1*32+1)*32 = 1344'
    >>> from convcost.symbols import dk, m, n, df
    >>> separable(dk, m, n, df).macs
    df**2*dk**2*m + df**2*m*n
    """
    return cost_of(formulas.separable, _SEPARABLE, (dk, m, n, df, 1), bias)


if TYPE_CHECKING:

    @overload
    def ratio(dk: Integer[Unknown], m: Size, n: Size, *, bias: bool = True) -> Ratio[Any]: ...
    @overload
    def ratio(dk: Size, m: Integer[Unknown], n: Size, *, bias: bool = True) -> Ratio[Any]: ...
    @overload
    def ratio(dk: Size, m: Size, n: Integer[Unknown], *, bias: bool = True) -> Ratio[Any]: ...
    @overload
    def ratio(dk: Integer, m: Integer, n: Integer, *, bias: bool = True) -> Ratio[Fraction]: ...  # type: ignore[overload-overlap]
    @overload
    def ratio(
        dk: ArraySize, m: ArraySize, n: ArraySize, *, bias: bool = True
    ) -> Ratio[FloatArray]: ...
    @overload
    def ratio(
        dk: SymbolicSize, m: SymbolicSize, n: SymbolicSize, *, bias: bool = True
    ) -> Ratio[Expression]: ...
    @overload
    def ratio(dk: Size, m: Size, n: Size, *, bias: bool = True) -> Ratio[Any]: ...


def ratio(dk: "Size", m: "Size", n: "Size", *, bias: bool = True) -> "Ratio[Any]":
    """Return the cost of a separable convolution as a fraction of the standard one it replaces.

    Parameters
    ----------
    dk
        Side of the square kernel, in elements.
    m
        Number of input channels.
    n
        Number of output channels.
    bias
        Whether both convolutions have biases.

    Returns
    -------
    Ratio
        `params` = (dk²·m + m·n + n) / ((dk²·m + 1)·n) with a bias, `macs` = 1/n + 1/dk².
        Fractions for integers, SymPy expressions for symbols, float64 arrays for arrays. The
        output's side cancels out.

    Notes
    -----
    The quotient of the two costs; Howard et al., "MobileNets" (arXiv:1704.04861), section 3.1.

    Examples
    --------
    >>> ratio(3, 32, 64)
    parameters 75/578 = 0.1298 (7.71 times fewer), MACs 73/576 = 0.1267 (7.89 times fewer)
    >>> from fractions import Fraction
    >>> ratio(3, 32, 64).macs == Fraction(1, 64) + Fraction(1, 9)
    True
    """
    return separable(dk, m, n, 1, bias=bias) / standard(dk, m, n, 1, bias=bias)


# The functions that return a cost.
FUNCTIONS = (standard, depthwise, pointwise, separable)
