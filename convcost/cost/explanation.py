"""The arithmetic behind a cost, obtained by running the formula on numbers that record it."""

from convcost.cost import formulas
from convcost.cost.recorder import (
    Expression,
    Number,
    Product,
    add_all,
    lift,
    number_latex,
    number_text,
)
from convcost.exact import nested

TYPE_CHECKING = False
if TYPE_CHECKING:
    from convcost.cost.cost import Cost
    from convcost.exact.types import Count, Term


class Explanation:
    """What each count of a cost is made of, in the numbers that the cost was asked with.

    Attributes are lines of text: `params`, `macs`, `bias_adds` and `flops`. `expressions` has the
    same without the results, as objects that render as text or LaTeX.

    Parameters
    ----------
    cost
        The cost to explain.

    Examples
    --------
    >>> import convcost
    >>> convcost.pointwise(32, 64, 28).explain().macs
    '1*1*32*64*28*28 = 1605632'
    """

    __slots__ = ("_cost", "expressions")

    def __init__(self, cost: "Cost") -> None:
        self._cost = cost
        recorded = [_record(part) for part in cost.terms()]
        self.expressions: dict[str, Expression] = {
            quantity: add_all([part[position] for part in recorded])
            for position, quantity in enumerate(formulas.QUANTITIES)
        }
        self.expressions["flops"] = Product((Number(formulas.FLOPS_PER_MAC), Number(cost.macs)))

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
        """The FLOPs, from the MACs."""
        return self._line("flops")

    def latex(self) -> str:
        """Return the explanation of the three counts as LaTeX, an `aligned` environment."""
        return aligned(
            {
                quantity: _equate(
                    self.expressions[quantity].latex(), number_latex(getattr(self._cost, quantity))
                )
                for quantity in formulas.QUANTITIES
            }
        )

    def as_dict(self) -> dict[str, str]:
        """Return the lines by quantity."""
        return {quantity: self._line(quantity) for quantity in self.expressions}

    def _line(self, quantity: str) -> str:
        value: Count = getattr(self._cost, quantity)
        return _equate(self.expressions[quantity].text(), number_text(value))

    def __str__(self) -> str:
        return "\n".join(f"{quantity:<10} {line}" for quantity, line in self.as_dict().items())

    def __repr__(self) -> str:
        return f"<Explanation of {self._cost!r}>"


def aligned(lines: dict[str, str]) -> str:
    """Return equations as a LaTeX `aligned` environment, one for each quantity."""
    rows = " \\\\\n".join(_row(quantity, line) for quantity, line in lines.items())
    return f"\\begin{{aligned}}\n{rows}\n\\end{{aligned}}"


def _row(quantity: str, line: str) -> str:
    name = quantity.replace("_", r"\_")
    return rf"\text{{{name}}} &= {line}"


def _record(part: "Term | Cost") -> "tuple[Expression | int, ...]":
    if isinstance(part, tuple):
        formula, sizes, bias = part
        return formula(*nested.apply(lift, sizes), bias)
    # Given as plain counts: nothing is behind them.
    return tuple(getattr(part, quantity) for quantity in formulas.QUANTITIES)


def _equate(expression: str, value: str) -> str:
    return value if expression == value else f"{expression} = {value}"
