"""The arithmetic behind a cost, obtained by running the formula on numbers that record it."""

from convcost._cost import text
from convcost._cost.quantities import FLOPS_PER_MAC, QUANTITIES, flops
from convcost._cost.recorder import Expression, Leaf, Multiplication, add_all, lift
from convcost._exact import arithmetic
from convcost._exact.attributes import unknown_attribute

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from convcost._exact.types import Count, Counts, Term, Terms


class Explanation:
    """The arithmetic behind each count of a cost, with the numbers of the call.

    Attributes are lines of text: `params`, `macs`, `bias_adds` and `flops`. `expressions` has the
    same without the results, as objects that render as text or LaTeX.

    Parameters
    ----------
    counts
        Parameters, MACs and bias additions.
    terms
        What adds up to the counts: formulas with their sizes, or bare counts, each with the number
        of times that it is added.

    Examples
    --------
    >>> import convcost
    >>> convcost.pointwise(32, 64, 28).explain().macs
    '1*1*32*64*28*28 = 1605632'
    """

    __slots__ = ("_counts", "expressions")

    def __init__(self, counts: "Counts", terms: "Terms") -> None:
        self._counts = counts
        recorded = [_record(times, term) for times, term in terms]
        self.expressions: dict[str, Expression] = {
            quantity: add_all([part[position] for part in recorded])
            for position, quantity in enumerate(QUANTITIES)
        }
        self.expressions["flops"] = Multiplication((Leaf(FLOPS_PER_MAC), Leaf(self._count("macs"))))

    # Hidden from type checkers, which would take any name for an attribute.
    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> "Any":
            return unknown_attribute(self, name)

    @property
    def params(self) -> str:
        """The parameters: `3*3*32 + (1*1*32+1)*32 = 1344`."""
        return self._line("params")

    @property
    def macs(self) -> str:
        """The multiply-accumulates."""
        return self._line("macs")

    @property
    def bias_adds(self) -> str:
        """The bias additions."""
        return self._line("bias_adds")

    @property
    def flops(self) -> str:
        """The FLOPs, computed from the MACs."""
        return self._line("flops")

    def latex(self) -> str:
        """Return the explanation of the three counts as LaTeX, an `aligned` environment."""
        lines = {}
        for quantity in QUANTITIES:
            value = arithmetic.latex(self._count(quantity))
            lines[quantity] = _equate(self.expressions[quantity].latex(), value)
        return text.equations(lines)

    def as_dict(self) -> dict[str, str]:
        """Return the lines by quantity."""
        return {quantity: self._line(quantity) for quantity in self.expressions}

    def _line(self, quantity: str) -> str:
        value = arithmetic.brief(self._count(quantity))
        return _equate(self.expressions[quantity].text(), value)

    def _count(self, quantity: str) -> "Count":
        counts = dict(zip(QUANTITIES, self._counts, strict=True))
        return flops(counts["macs"]) if quantity == "flops" else counts[quantity]

    def __str__(self) -> str:
        return "\n".join(text.align(tuple(self.as_dict().items())))

    def __repr__(self) -> str:
        return str(self)  # a REPL shows the lines

    def _repr_html_(self) -> str:
        return text.table(("", "arithmetic"), tuple(self.as_dict().items()))


def _record(times: int, term: "Term | Counts") -> "tuple[Expression | Count, ...]":
    formula, sizes, bias = term
    # Bare counts have no formula.
    parts = formula(*map(lift, sizes), bias) if isinstance(sizes, tuple) else term
    return parts if times == 1 else tuple(_times(times, part) for part in parts)


def _times(times: int, part: "Expression | Count") -> "Expression | Count":
    # Nothing remains nothing, however often it is added.
    return part if type(part) is int and part == 0 else times * lift(part)


def _equate(expression: str, value: str) -> str:
    return value if expression == value else f"{expression} = {value}"
