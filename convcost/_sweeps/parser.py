"""Parse conditions and expressions, with Python's grammar but without running them."""

from __future__ import annotations

import ast
import operator
import re
import warnings
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from math import lcm
from typing import TYPE_CHECKING, NoReturn

from convcost._cost.quantities import UNITS
from convcost._exact.amounts import masked, read_amount
from convcost._exact.arrays import INT64_MAX
from convcost._exact.scalars import did_you_mean, refuse, shorten
from convcost._sweeps.conditions import (
    EVERYTHING,
    FLOPS,
    Combination,
    Listed,
    Membership,
    Negation,
    Relation,
)
from convcost._sweeps.polynomials import Atom, Polynomial

if TYPE_CHECKING:
    from convcost._sweeps.conditions import Condition, Names

# Limits that keep mistyped or hostile conditions cheap to reject.
_MAX_POWER, _MAX_TERMS, _MAX_BITS = 16, 200, 2000
_MAX_PRODUCTS = 30_000
_MAX_FACTORS, _MAX_DIGITS, _MAX_DEPTH, _MAX_COMPARISONS = 64, 600, 100, 500
_TOO_LONG = "be shorter: it would take too long to multiply out"
_MAX_TEXT, _MAX_SHOWN, _MAX_CHOICES = 1_000_000, 200, 10

# What other languages write for and, or, not, and for equality.
_FOREIGN = re.compile(r"&&|\|\||!(?!=)|(?<![=<>!])=(?!=)")


def parse_conditions(where: object, names: Names) -> Condition:
    """Return the condition that a string states, or several strings together.

    Examples
    --------
    >>> from convcost._sweeps.conditions import Names
    >>> names = Names(("m", "n"), {})
    >>> parse_conditions("m % 8 == 0 and macs <= 3e8", names).atoms == {
    ...     Atom("m", "%", 8), Atom("macs")}
    True
    >>> parse_conditions("macs <= os.system('ls')", names)
    Traceback (most recent call last):
        ...
    ValueError: where must compare sums, products and quotients of params, macs, bias_adds, flops, \
m and n; got os.system('ls') in "macs <= os.system('ls')"
    """
    if where is None:
        return EVERYTHING
    texts = [where] if isinstance(where, str) else where
    if not isinstance(texts, (list, tuple)) or not all(isinstance(text, str) for text in texts):
        refuse(TypeError, "where", where, 'a condition such as "macs <= 3e8", or a list of them')
    work = _Work()
    conditions = tuple(_Parser("where", text, names, work).condition() for text in texts)
    return Combination(conditions, all=True)


def parse_expression(name: str, text: object, names: Names) -> Polynomial:
    """Return the polynomial, with integer coefficients, that a string states.

    Examples
    --------
    >>> from convcost._sweeps.conditions import Names
    >>> parse_expression("by", "flops + m", Names(("m",), {})).bounds(
    ...     {Atom("macs"): (5, 5), Atom("m"): (1, 2)})
    (11, 12)
    """
    if not isinstance(text, str):
        refuse(TypeError, name, text, 'an expression such as "macs" or "params + bias_adds"')
    return _Parser(name, text, names, _Work()).polynomial()


@dataclass(frozen=True)
class _Quotient:
    """The value of an expression: a polynomial divided by a positive one."""

    top: Polynomial
    bottom: Polynomial


_COMPARISONS: dict[type[ast.cmpop], str] = {
    ast.LtE: "<=",
    ast.Lt: "<",
    ast.GtE: ">=",
    ast.Gt: ">",
    ast.Eq: "==",
    ast.NotEq: "!=",
}


@dataclass
class _Work:
    """What the conditions of one question have taken so far."""

    comparisons: int = 0
    products: int = 0  # of terms


class _Parser:
    def __init__(self, argument: str, text: str, names: Names, work: _Work) -> None:
        self.argument, self.names, self.work = argument, names, work
        self.text = text.strip().replace("\r\n", "\n").replace("\r", "\n")

    @cached_property
    def lines(self) -> list[bytes]:
        """The lines of the text, in which the places of nodes are counted in bytes."""
        return self.text.encode().split(b"\n")

    def condition(self) -> Condition:
        return self._condition(self._tree())

    def polynomial(self) -> Polynomial:
        tree = self._tree()
        quotient = self._number(tree)
        divisor = quotient.bottom.value
        if divisor is None:
            self._refuse(tree, "be a sum of products, without division by a quantity or an axis")
        scaled = quotient.top * Polynomial.constant(1 / divisor)
        if any(number.denominator != 1 for number in scaled.terms.values()):
            self._refuse(tree, "have integer coefficients")
        return scaled

    def _tree(self) -> ast.expr:
        if len(self.text) <= _MAX_TEXT:
            try:
                with warnings.catch_warnings():
                    # Python warns of `3or m` and of escapes in strings, as if it ran them.
                    warnings.simplefilter("ignore")
                    tree = ast.parse(masked(self.text), mode="eval").body
                if _depth(tree) <= _MAX_DEPTH:
                    return tree
            except SyntaxError as error:
                self._refuse_syntax(error)
            except (RecursionError, MemoryError, UnicodeError):
                pass
        raise ValueError(
            f"{self.argument} must be an expression in {self.names}; got {shorten(self.text)},"
            " which is too long, or nested too deeply"
        )

    def _refuse_syntax(self, error: SyntaxError) -> NoReturn:
        line = error.text or ""
        if 0 < (error.lineno or 0) <= len(self.lines):
            line = self.lines[(error.lineno or 1) - 1].decode()  # as it was given, with its units
        line = line.rstrip().replace("\t", " ")
        column = error.offset or len(line) + 1  # Python gives 0 for the end of the text
        hint = "; write == for equal, and `and`, `or`, `not`" if _FOREIGN.search(line) else ""
        cut = max(0, column - _MAX_SHOWN // 2) if len(line) > _MAX_SHOWN else 0
        raise ValueError(
            f"{self.argument} must be an expression in {self.names}: {error.msg} at column"
            f" {column}{hint}\n    {line[cut : cut + _MAX_SHOWN]}\n    {' ' * (column - cut - 1)}^"
        ) from None

    def _segment(self, node: ast.expr) -> str:
        """Return the text of a node; `ast.get_source_segment` takes minutes for a long one."""
        lines = self.lines[node.lineno - 1 : node.end_lineno]
        lines[-1] = lines[-1][: node.end_col_offset]
        lines[0] = lines[0][node.col_offset :]
        return b"\n".join(lines).decode()

    def _refuse(self, node: ast.expr, demand: str, hint: str = "") -> NoReturn:
        segment = _shown(" ".join(self._segment(node).split()))  # in one line
        text = repr(_shown(self.text))
        raise ValueError(f"{self.argument} must {demand}; got {segment} in {text}{hint}")

    def _refuse_unknown(self, node: ast.expr) -> NoReturn:
        terms = "sums, products and quotients" if self.argument == "where" else "sums of products"
        verb = "compare" if self.argument == "where" else "consist of"
        self._refuse(node, f"{verb} {terms} of {self.names}")

    def _condition(self, node: ast.expr) -> Condition:
        if isinstance(node, ast.BoolOp):
            parts = tuple(map(self._condition, node.values))
            return Combination(parts, all=isinstance(node.op, ast.And))
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
            return Negation(self._condition(node.operand))
        if isinstance(node, ast.Tuple):
            self._refuse(node, "have no commas in numbers: write 1000000, 1_000_000 or 1e6")
        if not isinstance(node, ast.Compare):
            self._refuse(node, 'be a comparison, such as "macs <= 3e8"')
        sides = [node.left, *node.comparators]
        links = zip(sides, node.ops, sides[1:], strict=False)
        return Combination(tuple(self._comparison(node, *link) for link in links), all=True)

    def _comparison(
        self, node: ast.expr, left: ast.expr, operation: ast.cmpop, right: ast.expr
    ) -> Condition:
        self.work.comparisons += 1
        if self.work.comparisons > _MAX_COMPARISONS:
            demand = f"have at most {_MAX_COMPARISONS} comparisons in all"
            self._refuse(node, demand, "; write m in (8, 16, 32) for alternatives")
        if isinstance(operation, (ast.In, ast.NotIn)):
            if not isinstance(right, (ast.Tuple, ast.List, ast.Set)):
                self._refuse(right, "list the values after in, in parentheses")
            listed = self._among(left, right.elts)
            return Negation(listed) if isinstance(operation, ast.NotIn) else listed
        symbol = _COMPARISONS.get(type(operation))
        if symbol is None:
            self._refuse_unknown(node)
        for axis, value in ((left, right), (right, left)):
            if isinstance(axis, ast.Name) and axis.id in self.names.categories:
                if symbol not in ("==", "!="):
                    self._refuse(node, f"compare {axis.id} with == or !=")
                chosen = self._membership(axis, value)
                return chosen if symbol == "==" else Negation(chosen)
        first, second = self._number(left), self._number(right)
        self._spend(node, first, second)
        difference = first.top * second.bottom - second.top * first.bottom
        self._short(node, _Quotient(difference, second.bottom))
        return Relation(difference.whole(), symbol)

    def _among(self, left: ast.expr, members: list[ast.expr]) -> Condition:
        """Return the condition that a number or a category is one of several."""
        if isinstance(left, ast.Name) and left.id in self.names.categories:
            chosen = [self._membership(left, member) for member in members]
            return Membership(left.id, tuple(one.values[0] for one in chosen))
        constants = [self._value(member) for member in members]
        numbers = [number for number in constants if number is not None]
        divisor = self._number(left).bottom.value if len(numbers) == len(members) else None
        if divisor is None:  # some members are not constants, or the left side is a ratio
            equal = [self._comparison(left, left, ast.Eq(), member) for member in members]
            return Combination(tuple(equal), all=False)
        scaled = self._number(left).top * Polynomial.constant(1 / divisor)
        common = lcm(*(number.denominator for number in scaled.terms.values()))
        values = {number * common for number in numbers}
        whole = sorted(int(value) for value in values if value.denominator == 1)
        return Listed(scaled.whole(), tuple(whole))

    def _value(self, node: ast.expr) -> Fraction | None:
        """Return the value of a constant expression; None for any other."""
        if isinstance(node, ast.Constant):
            return self._constant(node)
        number = self._number(node)
        top, bottom = number.top.value, number.bottom.value
        return None if top is None or bottom is None else top / bottom

    def _membership(self, axis: ast.Name, value: ast.expr) -> Membership:
        try:
            chosen = ast.literal_eval(value)
        except (ValueError, TypeError):
            self._refuse(value, f"compare {axis.id} with one of its values")
        values = self.names.categories[axis.id]
        if chosen not in values:
            shown = " or ".join(map(repr, values[:_MAX_CHOICES]))
            more = f", or {len(values) - _MAX_CHOICES} more" if len(values) > _MAX_CHOICES else ""
            self._refuse(value, f"compare {axis.id} with {shown}{more}")
        return Membership(axis.id, (chosen,))

    def _number(self, node: ast.expr) -> _Quotient:
        one = Polynomial.constant(1)
        if isinstance(node, ast.Constant):
            return _Quotient(Polynomial.constant(self._constant(node)), one)
        if isinstance(node, ast.Name):
            return _Quotient(self._named(node), one)
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, (ast.USub, ast.UAdd)):
            inner = self._number(node.operand)
            sign = -1 if isinstance(node.op, ast.USub) else 1
            return _Quotient(inner.top * Polynomial.constant(sign), inner.bottom)
        if isinstance(node, ast.BinOp):
            return self._operation(node)
        self._refuse_unknown(node)

    def _constant(self, node: ast.Constant) -> Fraction:
        if isinstance(node.value, bool) or not isinstance(node.value, (int, float)):
            self._refuse_unknown(node)
        if isinstance(node.value, int):
            number = Fraction(node.value)
        else:
            # From the text: the float 0.1 is not exactly a tenth, and 1e400 is infinity as a float.
            source = self._segment(node)
            digits, _, exponent = source.replace("_", "").lower().partition("e")
            if len(digits) > _MAX_DIGITS or abs(int(exponent[-9:] or 0)) > _MAX_DIGITS:
                self._refuse(node, f"have numbers with at most {_MAX_DIGITS} digits")
            number = Fraction(f"{digits}e{exponent or 0}")
        if _bits(number) > _MAX_BITS:
            self._refuse(node, _TOO_LONG)
        return number

    def _named(self, node: ast.Name) -> Polynomial:
        if (text := self._segment(node))[0].isdigit():  # a number with a unit
            try:
                return Polynomial.constant(read_amount(text))
            except ValueError as error:
                demand = "have numbers such as 300000000, 3e8, 1k, 300M or 1.5G"
                self._refuse(node, demand, str(error))
        if node.id == "flops":
            return FLOPS
        known = (*UNITS, *self.names.axes)
        if node.id not in known:
            hint = did_you_mean(node.id, known, most=1)
            self._refuse(node, f"have only {self.names} as names", hint)
        return Polynomial.of(Atom(node.id))

    def _operation(self, node: ast.BinOp) -> _Quotient:
        return self._short(node, self._operate(node))

    def _spend(self, node: ast.expr, left: _Quotient, right: _Quotient) -> None:
        """Note that two numbers will be multiplied, or refuse what takes too long in all."""
        self.work.products += _terms(left) * _terms(right)
        if self.work.products > _MAX_PRODUCTS:
            self._refuse(node, _TOO_LONG)

    def _short(self, node: ast.expr, result: _Quotient) -> _Quotient:
        for polynomial in (result.top, result.bottom):
            long = any(
                _bits(number) > _MAX_BITS or len(product) > _MAX_FACTORS
                for product, number in polynomial.terms.items()
            )
            if long or len(polynomial.terms) > _MAX_TERMS:
                self._refuse(node, _TOO_LONG)
        return result

    def _operate(self, node: ast.BinOp) -> _Quotient:
        if isinstance(node.op, (ast.FloorDiv, ast.Mod)):
            return self._remainder(node)
        left, right = self._number(node.left), self._number(node.right)
        self._spend(node, left, right)
        if isinstance(node.op, (ast.Add, ast.Sub)):
            combine = operator.add if isinstance(node.op, ast.Add) else operator.sub
            top = combine(left.top * right.bottom, right.top * left.bottom)
            return _Quotient(top, left.bottom * right.bottom)
        if isinstance(node.op, ast.Mult):
            return _Quotient(left.top * right.top, left.bottom * right.bottom)
        if isinstance(node.op, ast.Div):
            if not right.top.is_positive(lambda name: name == "bias_adds"):
                self._refuse(node.right, "divide only by positive expressions")
            return _Quotient(left.top * right.bottom, left.bottom * right.top)
        if isinstance(node.op, ast.Pow):
            return self._power(node, left, right)
        self._refuse_unknown(node)

    def _power(self, node: ast.BinOp, base: _Quotient, exponent: _Quotient) -> _Quotient:
        power = exponent.top.value if exponent.bottom.value == 1 else None
        if power is None or power.denominator != 1 or not 0 <= power <= _MAX_POWER:
            self._refuse(node, f"have only powers that are integers from 0 to {_MAX_POWER}")
        result = _Quotient(Polynomial.constant(1), Polynomial.constant(1))
        for _ in range(int(power)):
            self._spend(node, result, base)
            product = _Quotient(result.top * base.top, result.bottom * base.bottom)
            result = self._short(node, product)
        return result

    def _remainder(self, node: ast.BinOp) -> _Quotient:
        divisor = self._number(node.right)
        number = divisor.top.value if divisor.bottom.value == 1 else None
        named = isinstance(node.left, ast.Name) and node.left.id in self.names.axes
        if not named or number is None or number.denominator != 1 or number < 1:
            self._refuse(node, "use // and % only on an axis, with a positive integer after them")
        assert isinstance(node.left, ast.Name)
        symbol = "//" if isinstance(node.op, ast.FloorDiv) else "%"
        atom = Atom(node.left.id, symbol, int(number))
        if number > INT64_MAX:  # more than any value of the axis
            atom = Atom(node.left.id)
            zero = Polynomial.constant(0 if symbol == "//" else 1)
            return _Quotient(Polynomial.of(atom) * zero, Polynomial.constant(1))
        return _Quotient(Polynomial.of(atom), Polynomial.constant(1))


def _terms(number: _Quotient) -> int:
    return len(number.top.terms) + len(number.bottom.terms)


def _bits(number: Fraction) -> int:
    return max(number.numerator.bit_length(), number.denominator.bit_length())


def _depth(tree: ast.expr) -> int:
    """Return how deeply the nodes of a tree are nested, without recursion."""
    depth, level = 0, [tree]
    while level and depth <= _MAX_DEPTH:
        depth += 1
        level = [
            inner
            for node in level
            for inner in ast.iter_child_nodes(node)
            if isinstance(inner, ast.expr)
        ]
    return depth


def _shown(text: str) -> str:
    return text if len(text) <= _MAX_SHOWN else f"{text[:_MAX_SHOWN]}..."
