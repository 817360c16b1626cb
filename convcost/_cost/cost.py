"""The cost of a computation, as an immutable value that adds up, compares and explains itself."""

from convcost._cost import formulas, quantities
from convcost._cost.ratio import SubstitutableValue, ratio_of
from convcost._exact import N, arithmetic
from convcost._exact.dispatch import backend_for
from convcost._exact.kinds import is_duck_array, is_numpy
from convcost._exact.scalars import COUNT
from convcost._exact.sizes import check_flag, check_size, check_sizes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from fractions import Fraction
    from typing import Any, overload

    from convcost._cost.explanation import Explanation
    from convcost._cost.ratio import Ratio
    from convcost._cost.sums import Numbered, Part
    from convcost._exact.types import (
        Count,
        Counts,
        Expression,
        FloatArray,
        Formula,
        Int64Array,
        Integer,
        M,
        Size,
        Terms,
        Unknown,
    )

_new = object.__new__
_INTEGERS = {int}


class Cost(SubstitutableValue[N]):
    """The parameters, multiply-accumulates and bias additions of a computation.

    Parameters
    ----------
    params
        Weights, including biases; 0 or more.
    macs
        Multiply-accumulates: one multiply and one add into an accumulator each; 0 or more.
    bias_adds
        Additions of a bias, one per output element if there is a bias; 0 or more.

    Raises
    ------
    TypeError
        If a count is not exact: a float, a bool, a string.
    ValueError
        If a count is negative.

    Notes
    -----
    Two costs are equal if their counts are equal, however they were computed. The arithmetic
    behind the counts is kept unevaluated until `explain` needs it. Arrays in a cost are read-only.

    Examples
    --------
    >>> import convcost
    >>> separable = convcost.separable(3, 32, 64, 28)
    >>> print(separable)
    2,400 parameters, 1,831,424 MACs (3,662,848 FLOPs), 50,176 bias additions
    >>> separable == convcost.depthwise(3, 32, 28) + convcost.pointwise(32, 64, 28)
    True
    >>> (separable / convcost.standard(3, 32, 64, 28)).macs
    Fraction(73, 576)
    """

    __slots__ = ("_bias_adds", "_macs", "_params", "_terms")

    _params: "N"
    _macs: "N"
    _bias_adds: "N"
    # What adds up to this cost: terms, or the costs of a sum; empty if the counts were given.
    _terms: "tuple[Part | Numbered, ...]"

    if TYPE_CHECKING:

        @overload
        def __init__(
            self: "Cost[int]", params: Integer, macs: Integer, bias_adds: Integer = 0
        ) -> None: ...
        @overload
        def __init__(self: "Cost[Any]", params: Size, macs: Size, bias_adds: Size = 0) -> None: ...

    def __init__(self, params: "Count", macs: "Count", bias_adds: "Count" = 0) -> None:
        self._params = check_size("params", params, COUNT)
        self._macs = check_size("macs", macs, COUNT)
        self._bias_adds = check_size("bias_adds", bias_adds, COUNT)
        self._terms = ()
        counts = self._counts()
        backend_for(*counts).require_broadcast(quantities.QUANTITIES, counts)
        self._freeze()

    def _freeze(self) -> None:
        for array in filter(is_numpy, self._counts()):
            array.flags.writeable = False

    @property
    def params(self) -> "N":
        """Weights, including biases: an int, a SymPy expression or an array."""
        return self._params

    @property
    def macs(self) -> "N":
        """Multiply-accumulates: an int, a SymPy expression or an array."""
        return self._macs

    @property
    def bias_adds(self) -> "N":
        """Additions of a bias: an int, a SymPy expression or an array."""
        return self._bias_adds

    @property
    def flops(self) -> "N":
        """Floating-point operations, two per MAC; bias additions are not included.

        Raises
        ------
        OverflowError
            If the MACs fit into int64 but twice their number does not.
        """
        flops: N = quantities.flops(self._macs)
        return flops

    def explain(self) -> "Explanation":
        """Return the arithmetic behind each count, with its numbers.

        Returns
        -------
        Explanation
            `params`, `macs`, `bias_adds` and `flops`, one line of text each; prints as a table.

        Examples
        --------
        >>> import convcost
        >>> convcost.separable(3, 32, 32, 28).explain().params
        '3*3*32 + (1*1*32+1)*32 = 1344'
        >>> print(convcost.standard(3, 1, 32, 28).explain())
        params     (3*3*1+1)*32 = 320
        macs       3*3*1*32*28*28 = 225792
        bias_adds  32*28*28 = 25088
        flops      2*225792 = 451584
        """
        from convcost._cost.explanation import Explanation

        return Explanation(self._counts(), self.terms())

    def latex(self) -> str:
        r"""Return the arithmetic behind the counts as LaTeX, an `aligned` environment.

        Returns
        -------
        str
            LaTeX for math mode.

        Examples
        --------
        >>> import convcost
        >>> print(convcost.depthwise(3, 32, 28).latex())
        \begin{aligned}
        \text{params} &= 3 \cdot 3 \cdot 32 = 288 \\
        \text{macs} &= 3 \cdot 3 \cdot 32 \cdot 28 \cdot 28 = 225792 \\
        \text{bias\_adds} &= 0
        \end{aligned}
        """
        return self.explain().latex()

    def reused(self) -> "Cost[N]":
        """Return the cost of repeating the computation with the same weights: no new parameters.

        Examples
        --------
        >>> import convcost
        >>> print(convcost.pointwise(32, 64, 28).reused())
        0 parameters, 1,605,632 MACs (3,211,264 FLOPs), 50,176 bias additions
        """
        from functools import partial

        terms: list[Numbered] = []
        for times, (first, second, third) in self.terms():
            # A formula with its sizes and the bias; or the three counts.
            again = partial(formulas.reused, first) if isinstance(second, tuple) else 0
            terms.append((times, (again, second, third)))
        return _restore(0, self._macs, self._bias_adds, tuple(terms))

    def terms(self) -> "Terms":
        """Return what adds up to this cost: formulas with their sizes, or bare counts.

        Each comes once, with the number of times that it is added.
        """
        from convcost._cost.sums import terms_of

        return terms_of(self)

    if TYPE_CHECKING:

        @overload
        def __add__(self: "Cost[Unknown]", other: "Cost[Any]") -> "Cost[Any]": ...
        @overload
        def __add__(self, other: "Cost[Unknown]") -> "Cost[Any]": ...
        @overload
        def __add__(self: "Cost[int]", other: "Cost[M]") -> "Cost[M]": ...
        @overload
        def __add__(self: "Cost[M]", other: "Cost[int]") -> "Cost[M]": ...
        @overload
        def __add__(self: "Cost[M]", other: "Cost[M]") -> "Cost[M]": ...
        @overload
        def __add__(self, other: "Cost[Any]") -> "Cost[Any]": ...

    def __add__(self, other: object) -> "Cost[Any]":
        if not isinstance(other, Cost):
            return NotImplemented
        return _restore(
            arithmetic.add("params", self._params, other._params),
            arithmetic.add("macs", self._macs, other._macs),
            arithmetic.add("bias_adds", self._bias_adds, other._bias_adds),
            (self, other),
        )

    def __radd__(self, other: int) -> "Cost[N]":
        # sum() starts from the int 0
        return self if type(other) is int and other == 0 else NotImplemented

    if TYPE_CHECKING:

        @overload
        def __truediv__(self: "Cost[Unknown]", other: "Cost[Any]") -> "Ratio[Any]": ...
        @overload
        def __truediv__(self, other: "Cost[Unknown]") -> "Ratio[Any]": ...
        @overload
        def __truediv__(self: "Cost[int]", other: "Cost[int]") -> "Ratio[Fraction]": ...  # type: ignore[overload-overlap]
        @overload
        def __truediv__(
            self: "Cost[int | Int64Array]", other: "Cost[int | Int64Array]"
        ) -> "Ratio[FloatArray]": ...
        @overload
        def __truediv__(
            self: "Cost[int | Expression]", other: "Cost[int | Expression]"
        ) -> "Ratio[Expression]": ...
        @overload
        def __truediv__(self, other: "Cost[Any]") -> "Ratio[Any]": ...

    def __truediv__(self, other: object) -> "Ratio[Any]":
        if not isinstance(other, Cost):
            return NotImplemented
        return ratio_of(
            arithmetic.divide("params", self._params, other._params),
            arithmetic.divide("macs", self._macs, other._macs),
        )

    def _counts(self) -> "Counts":
        return self._params, self._macs, self._bias_adds

    def __str__(self) -> str:
        return format(self)

    def __format__(self, spec: str) -> str:
        from convcost._cost import text

        return text.cost_text(self._counts(), spec)

    def _repr_html_(self) -> str:
        from convcost._cost import text

        return text.cost_html(self._counts(), self.explain().as_dict())

    def __reduce__(self) -> "tuple[Callable[..., Cost[Any]], tuple[object, ...]]":
        terms = tuple(self.terms()) if self._terms else ()
        return _restore, (*self._counts(), terms)


def cost_of(
    formula: "Formula", names: tuple[str, ...], sizes: "tuple[Size, ...]", bias: bool
) -> Cost:
    """Check sizes, and return the cost that a formula gives for them.

    Parameters
    ----------
    formula
        A function of the sizes and the bias (0 or 1), in plain arithmetic, that returns the
        parameters, MACs and bias additions: one of `convcost._cost.formulas`, or one like them.
    names
        Names of the sizes, for error messages.
    sizes
        Positive integers, NumPy arrays of integers, or SymPy expressions.
    bias
        True or False.

    Returns
    -------
    Cost
        The counts, and the formula for `Cost.explain`.

    Raises
    ------
    TypeError, ValueError
        If a size is not an exact positive number, or arrays do not broadcast.
    OverflowError
        If arrays of machine integers are given and a count does not fit into int64.

    Examples
    --------
    >>> from convcost._cost import formulas
    >>> print(cost_of(formulas.standard, ("dk", "m", "n", "df"), (3, 1, 32, 28), True))
    320 parameters, 225,792 MACs (451,584 FLOPs), 25,088 bias additions
    """
    biases = 1 if bias is True else int(check_flag("bias", bias))
    for size in sizes:
        if type(size) is not int or size <= 0:
            return _cost_of_any(formula, names, sizes, biases)
    # Python integers need no further checks, so their cost is made without further calls: a sweep
    # over a million scalar designs takes this path.
    cost = _new(Cost)
    cost._params, cost._macs, cost._bias_adds = formula(*sizes, biases)
    cost._terms = ((formula, sizes, biases),)
    return cost


def _cost_of_any(
    formula: "Formula", names: tuple[str, ...], sizes: "tuple[Size, ...]", bias: int
) -> Cost:
    if any(map(is_duck_array, sizes)):
        from functools import partial

        from convcost._exact import duck_arrays

        return from_counts(
            duck_arrays.call(partial(_counts_of, formula, names, bias), sizes, lambda: 3)
        )
    return from_formula(formula, check_sizes(names, sizes), bias)


def _counts_of(formula: "Formula", names: tuple[str, ...], bias: int, *sizes: "Size") -> "Counts":
    return from_formula(formula, check_sizes(names, sizes), bias)._counts()


def from_counts(counts: "Sequence[Count]") -> Cost:
    """Return a cost from checked counts, without the arithmetic behind them."""
    params, macs, bias_adds = counts
    return _restore(params, macs, bias_adds, ())


def from_formula(
    formula: "Formula",
    sizes: "tuple[Count, ...]",
    bias: int,
    shown: "tuple[Count, ...] | None" = None,
) -> Cost:
    """Return the cost that a formula gives for checked sizes.

    `shown` is what `Cost.explain` shows instead of the sizes. Arrays of machine integers raise
    OverflowError if a count does not fit into int64.
    """
    terms = ((formula, shown or sizes, bias),)
    if set(map(type, sizes)) == _INTEGERS:
        # As in `cost_of`: networks take this path for each of their layers.
        cost = _new(Cost)
        cost._params, cost._macs, cost._bias_adds = formula(*sizes, bias)
        cost._terms = terms
        return cost
    backend_for(*sizes).require_fit(formula, sizes, bias, quantities.QUANTITIES)
    return _restore(*formula(*sizes, bias), terms)


def total(costs: "Sequence[Cost]") -> Cost:
    """Return the sum of costs; 0 for no costs.

    Examples
    --------
    >>> import convcost
    >>> print(total([convcost.depthwise(3, 32, 28), convcost.pointwise(32, 64, 28)]))
    2,400 parameters, 1,831,424 MACs (3,662,848 FLOPs), 50,176 bias additions
    """
    if len(costs) == 1:
        return costs[0]
    return _restore(
        arithmetic.total("params", [cost._params for cost in costs]),
        arithmetic.total("macs", [cost._macs for cost in costs]),
        arithmetic.total("bias_adds", [cost._bias_adds for cost in costs]),
        tuple(costs),
    )


def _restore(
    params: "Count",
    macs: "Count",
    bias_adds: "Count",
    terms: "tuple[Part | Numbered, ...]",
) -> Cost:
    """Return a cost from checked counts and its terms."""
    cost = _new(Cost)
    cost._params, cost._macs, cost._bias_adds, cost._terms = params, macs, bias_adds, terms
    cost._freeze()
    return cost
