"""Arithmetic that records itself: run a formula on these expressions and read what it computes.

`Expression` stands for a number in `convcost._cost.formulas`. Instead of computing, it records the
products and sums, and renders them as text or LaTeX. So an explanation is the formula itself and
can't drift from it. A plain factor 1 or summand 0 is the formula's own neutral element, not one of
the user's numbers, and is not recorded.
"""

from convcost._exact import arithmetic
from convcost._exact.scalars import is_array

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeAlias

    from convcost._exact.types import Count

    Writer: TypeAlias = Callable[[Count], str]


class Expression:
    """A number, sum or product that renders itself."""

    __slots__ = ()

    def __add__(self, other: "Expression | int") -> "Expression":
        return self if _is_plain(other, 0) else Addition((self, lift(other)))

    def __radd__(self, other: "Expression | int") -> "Expression":
        return self if _is_plain(other, 0) else Addition((lift(other), self))

    def __mul__(self, other: "Expression | int") -> "Expression | int":
        if _is_plain(other, 0):
            return 0
        return self if _is_plain(other, 1) else Multiplication((self, lift(other)))

    def __rmul__(self, other: "Expression | int") -> "Expression | int":
        if _is_plain(other, 0):
            return 0
        return self if _is_plain(other, 1) else Multiplication((lift(other), self))

    def text(self) -> str:
        """Return the expression as Python and papers write it: `(3*3*1+1)*32`."""
        return self._render(arithmetic.brief, times="*")

    def latex(self) -> str:
        r"""Return the expression as LaTeX: `(3 \cdot 3 \cdot 1 + 1) \cdot 32`."""
        return self._render(arithmetic.latex, times=r" \cdot ", plus=" + ")

    def _render(self, number: "Writer", *, times: str, plus: str = "+") -> str:
        raise NotImplementedError


class Leaf(Expression):
    """One of the user's numbers: an integer, a fraction, an array or a symbol."""

    __slots__ = ("value",)

    def __init__(self, value: "Count") -> None:
        self.value = value

    def _render(self, number: "Writer", *, times: str, plus: str = "+") -> str:
        return number(self.value)


class _Operation(Expression):
    __slots__ = ("operands",)

    operands: "tuple[Expression, ...]"

    def __init__(self, operands: "tuple[Expression, ...]") -> None:
        # a*b*c is one product of three factors, however they were grouped.
        self.operands = tuple(
            inner
            for operand in operands
            for inner in (operand.operands if isinstance(operand, type(self)) else (operand,))
        )


class Multiplication(_Operation):
    """A product of expressions."""

    __slots__ = ()

    def _render(self, number: "Writer", *, times: str, plus: str = "+") -> str:
        factors = []
        for operand in self.operands:
            # Inside a product, a sum has no spaces, as in papers: (1*1*32+1)*32.
            factor = (
                operand._tight(number, times=times, plus=plus)
                if isinstance(operand, Addition)
                else operand._render(number, times=times, plus=plus)
            )
            factors.append(f"({factor})" if _needs_parentheses(operand) else factor)
        return times.join(factors)


class Division(Expression):
    """One number divided by another, without remainder: the channels of one group, `64/4`."""

    __slots__ = ("dividend", "divisor")

    def __init__(self, dividend: Leaf, divisor: Leaf) -> None:
        self.dividend = dividend
        self.divisor = divisor

    def _render(self, number: "Writer", *, times: str, plus: str = "+") -> str:
        parts = (self.dividend, self.divisor)
        return "/".join(
            f"({number(part.value)})" if _needs_parentheses(part) else number(part.value)
            for part in parts
        )


class Addition(_Operation):
    """A sum of expressions."""

    __slots__ = ()

    def _render(self, number: "Writer", *, times: str, plus: str = "+") -> str:
        return " + ".join(o._render(number, times=times, plus=plus) for o in self.operands)

    def _tight(self, number: "Writer", *, times: str, plus: str) -> str:
        return plus.join(o._render(number, times=times, plus=plus) for o in self.operands)


def add_all(parts: "list[Expression | int]") -> Expression:
    """Return recorded parts as one flat sum."""
    kept = tuple(lift(part) for part in parts if not _is_plain(part, 0))
    if not kept:
        return Leaf(0)
    return kept[0] if len(kept) == 1 else Addition(kept)


def _is_plain(value: object, number: int) -> bool:
    return type(value) is int and value == number


def lift(value: "Expression | Count") -> Expression:
    """Return an expression unchanged, and anything else as a `Leaf`."""
    return value if isinstance(value, Expression) else Leaf(value)


def _needs_parentheses(operand: Expression) -> bool:
    if not isinstance(operand, Leaf):
        return isinstance(operand, (Addition, Division))
    value = operand.value
    if type(value) is int or is_array(value):
        return False
    # In SymPy a symbol is an atom, and ceiling(h/2) has its own parentheses; m + 1, m*n and 65/2
    # don't read as one factor.
    return not (getattr(value, "is_Atom", False) or getattr(value, "is_Function", False))
