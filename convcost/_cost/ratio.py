"""The exact ratio of two costs, and the base class of costs and ratios."""

from convcost._cost import quantities
from convcost._exact import Generic, N, arithmetic
from convcost._exact.attributes import name_near, names_of
from convcost._exact.kinds import is_lazy, is_traced
from convcost._exact.scalars import QUOTIENT, is_array, refuse
from convcost._exact.sizes import check_size

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, Self

    from convcost._exact.types import Count


class Value(Generic[N]):
    """An immutable value, equal to any with equal counts; copying returns the value itself."""

    __slots__ = ()

    def __init_subclass__(cls) -> None:
        name_near(cls)

    def __dir__(self) -> list[str]:
        return names_of(self)

    def __reduce__(self) -> "tuple[Callable[..., Self], tuple[Any, ...]]":
        raise NotImplementedError

    def _counts(self) -> "tuple[Count, ...]":
        """Return the counts, in the order of `QUANTITIES`."""
        raise NotImplementedError

    def latex(self) -> str:
        """Return the value as LaTeX."""
        raise NotImplementedError

    def _repr_latex_(self) -> str:
        return f"$\\displaystyle {self.latex()}$"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, type(self)):
            return NotImplemented
        return all(map(arithmetic.is_equal, self._counts(), other._counts()))

    def __hash__(self) -> int:
        return hash(tuple(map(arithmetic.canonical, self._counts())))

    def __repr__(self) -> str:
        return f"{type(self).__name__}({quantities.source(self._counts())})"

    def __copy__(self) -> "Self":
        return self

    def __deepcopy__(self, memo: "dict[int, object]") -> "Self":
        return self


class SubstitutableValue(Value[N]):
    """A value that knows the sizes that it was counted from."""

    __slots__ = ()

    def subs(self, *sizes: object) -> "Self":
        """Return it with sizes in place of symbols: exact integers, once all are given.

        Parameters
        ----------
        sizes
            A dict of symbols and sizes, a list of pairs, or one symbol and its size, as SymPy's
            `subs` takes them. A symbol may be given by its name. All are replaced at once.

        Returns
        -------
        Cost
            The same with the sizes; `explain` shows them.

        Raises
        ------
        TypeError, ValueError
            If a size is not a positive integer or an expression, there is no such symbol, or no
            layer has such sizes, as where a kernel is larger than its input.

        Notes
        -----
        Of a model's total, its `Network.conditions` are not checked here, nor the sizes
        of layers that cost nothing, such as pooling: `Network.at` counts a model for other shapes.
        A ratio does not know of which sizes it is: replace them in both costs, and then divide.

        Examples
        --------
        >>> import convcost
        >>> from convcost.symbols import dk, df, m, n
        >>> cost = convcost.separable(dk, m, n, df)
        >>> print(cost.subs({dk: 3, m: 32, n: 64, df: 28}))
        2,400 parameters, 1,831,424 MACs (3,662,848 FLOPs), 50,176 bias additions
        >>> cost.subs({dk: 3, df: 28}).macs
        784*m*n + 7056*m
        """
        from convcost._cost.substitution import substituted

        return substituted(self, sizes)


class Ratio(Value[N]):
    """One cost as a fraction of another: the ratios of the parameters and of the MACs.

    The result of dividing two costs. A MAC is two FLOPs, so the FLOPs have the same ratio.

    Parameters
    ----------
    params
        Quotient of the parameters, without unit.
    macs
        Quotient of the multiply-accumulates, without unit.

    Raises
    ------
    TypeError, ValueError
        If a quotient is not exact (a float, unless in an array), or negative.

    Notes
    -----
    Quotients are `fractions.Fraction` for integers, SymPy expressions for symbols, float64 arrays
    for integer arrays, and object arrays of fractions for object arrays.

    Examples
    --------
    >>> import convcost
    >>> ratio = convcost.separable(3, 32, 64, 28) / convcost.standard(3, 32, 64, 28)
    >>> ratio.macs
    Fraction(73, 576)
    >>> ratio
    parameters 75/578 = 0.1298 (7.71 times fewer), MACs 73/576 = 0.1267 (7.89 times fewer)
    """

    __slots__ = ("_macs", "_params")

    _params: "N"
    _macs: "N"

    def __init__(self, params: "N", macs: "N") -> None:
        self._params = _check_quotient("params", params)
        self._macs = _check_quotient("macs", macs)

    @property
    def params(self) -> "N":
        """Quotient of the parameters: a Fraction, a SymPy expression or an array."""
        return self._params

    @property
    def macs(self) -> "N":
        """Quotient of the MACs: a Fraction, a SymPy expression or an array."""
        return self._macs

    @property
    def flops(self) -> "N":
        """Quotient of the FLOPs, equal to that of the MACs."""
        return self._macs

    def latex(self) -> str:
        r"""Return the two quotients as LaTeX, an `aligned` environment.

        Returns
        -------
        str
            LaTeX for math mode.

        Examples
        --------
        >>> from convcost.symbols import dk, m, n
        >>> import convcost
        >>> print(convcost.ratio(dk, m, n).latex())  # doctest: +ELLIPSIS
        \begin{aligned}
        \text{params} &= ... \\
        \text{macs} &= \frac{1}{N} + \frac{1}{D_K^{2}}
        \end{aligned}
        """
        from convcost._cost import text

        lines = {"params": self._params, "macs": self._macs}
        return text.equations({name: arithmetic.latex(one) for name, one in lines.items()})

    def _counts(self) -> "tuple[Count, ...]":
        return self._params, self._macs

    def __str__(self) -> str:
        from convcost._cost import text

        return text.ratio_text(*self._counts())

    def __repr__(self) -> str:
        return str(self)  # a REPL shows what is saved

    def _repr_html_(self) -> str:
        from convcost._cost import text

        return text.ratio_html(*self._counts())

    def __reduce__(self) -> "tuple[Callable[..., Ratio[Any]], tuple[object, ...]]":
        return ratio_of, self._counts()


def ratio_of(params: "Count", macs: "Count") -> "Ratio[Any]":
    """Return a ratio of quotients that the library has computed, without checking them."""
    ratio: Ratio[Any] = object.__new__(Ratio)
    ratio._params, ratio._macs = params, macs
    return ratio


def _check_quotient(name: str, value: "Count") -> "Count":
    if is_lazy(value) or is_traced(value):
        return value
    if is_array(value) and value.ndim and value.dtype.kind == "f":
        if value.size == 0 or not (value >= 0).all():  # not a number is not 0 or more, either
            refuse(ValueError, name, value, QUOTIENT)
        return value
    return check_size(name, value, QUOTIENT)
