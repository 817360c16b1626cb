"""Conditions on designs, as text: parsed, never run as Python, and decided exactly.

`macs <= 3e8 and params / macs < 0.01` is read with Python's own grammar. Each comparison becomes
the sign of a polynomial, so that whole boxes of designs can be let in or ruled out at once.
"""

from __future__ import annotations

import ast
import operator
from dataclasses import dataclass
from fractions import Fraction
from math import ceil, floor, inf
from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np

from convcost.exact.scalars import join_names, refuse
from convcost.sweeps.polynomials import Atom, Polynomial

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import TypeAlias

    from convcost.sweeps.polynomials import Bounds

    # Of a box: whether all of its designs fulfil a condition, and whether one of them may.
    Verdict: TypeAlias = tuple[Any, Any]

QUANTITIES = ("params", "macs", "bias_adds")
# Beyond that a text is no condition that somebody means.
_MAX_POWER, _MAX_TERMS, _MAX_BITS = 16, 200, 2000


@dataclass(frozen=True)
class Names:
    """What an expression may speak of.

    Parameters
    ----------
    axes
        Axes of integers.
    words
        Axes of anything else, with the values that they take.
    """

    axes: tuple[str, ...]
    words: Mapping[str, tuple[Any, ...]]

    def __str__(self) -> str:
        return join_names([*QUANTITIES, "flops", *self.axes, *self.words])


class Condition:
    """Something that a design fulfils or not."""

    @property
    def atoms(self) -> set[Atom]:
        """What has to be known of a design."""
        raise NotImplementedError

    def decide(self, bounds: Bounds, words: Mapping[str, Any]) -> Verdict:
        """Return for each box whether all its designs fulfil it, and whether one may."""
        raise NotImplementedError


@dataclass(frozen=True)
class Comparison(Condition):
    """The sign of a polynomial: `difference <= 0`, with `symbol` in the middle."""

    difference: Polynomial
    symbol: str

    @property
    def atoms(self) -> set[Atom]:
        """What the polynomial is made of."""
        return self.difference.atoms

    def decide(self, bounds: Bounds, words: Mapping[str, Any]) -> Verdict:
        """Decide by the signs of the least and the largest value."""
        low, high = self.difference.signs(bounds)
        if low is high:  # single designs: there is nothing in between
            verdict = _COMPARE[self.symbol](low, 0)
            return verdict, verdict
        return _DECIDE[self.symbol](low, high)


_COMPARE: dict[str, Callable[[Any, Any], Any]] = {
    "<=": operator.le,
    "<": operator.lt,
    ">=": operator.ge,
    ">": operator.gt,
    "==": operator.eq,
    "!=": operator.ne,
}
_DECIDE: dict[str, Callable[[Any, Any], Verdict]] = {
    "<=": lambda low, high: (high <= 0, low <= 0),
    "<": lambda low, high: (high < 0, low < 0),
    ">=": lambda low, high: (low >= 0, high >= 0),
    ">": lambda low, high: (low > 0, high > 0),
    "==": lambda low, high: ((low == 0) & (high == 0), (low <= 0) & (high >= 0)),
    "!=": lambda low, high: ((low > 0) | (high < 0), (low != 0) | (high != 0)),
}


@dataclass(frozen=True)
class Choice(Condition):
    """Whether an axis of words has one of some values."""

    name: str
    values: tuple[Any, ...]

    @property
    def atoms(self) -> set[Atom]:
        """Nothing that is computed."""
        return set()

    def decide(self, bounds: Bounds, words: Mapping[str, Any]) -> Verdict:
        """Decide for all boxes alike: they have the same words."""
        chosen = words[self.name] in self.values
        return chosen, chosen


@dataclass(frozen=True)
class Both(Condition):
    """Several conditions, which must all hold, or of which one must."""

    parts: tuple[Condition, ...]
    all: bool

    @property
    def atoms(self) -> set[Atom]:
        """What the parts are made of."""
        return set().union(*(part.atoms for part in self.parts))

    def decide(self, bounds: Bounds, words: Mapping[str, Any]) -> Verdict:
        """Combine what the parts say."""
        if not self.parts:
            return self.all, self.all
        combine = np.logical_and if self.all else np.logical_or
        sure, maybe = self.parts[0].decide(bounds, words)
        for part in self.parts[1:]:
            other = part.decide(bounds, words)
            single = sure is maybe and other[0] is other[1]
            sure = combine(sure, other[0])
            maybe = sure if single else combine(maybe, other[1])
        return sure, maybe


@dataclass(frozen=True)
class Negation(Condition):
    """The opposite of a condition."""

    part: Condition

    @property
    def atoms(self) -> set[Atom]:
        """What the part is made of."""
        return self.part.atoms

    def decide(self, bounds: Bounds, words: Mapping[str, Any]) -> Verdict:
        """Turn around what the part says."""
        sure, maybe = self.part.decide(bounds, words)
        never = np.logical_not(maybe)
        return never, never if sure is maybe else np.logical_not(sure)


EVERYTHING = Both((), all=True)


def parse_conditions(where: Any, names: Names) -> Condition:
    """Return the condition that a text, or each of several texts, stands for.

    Parameters
    ----------
    where
        `macs <= 3e8`, several of them in a list, which must all hold, or None.
    names
        What they may speak of.

    Raises
    ------
    TypeError, ValueError
        If it is no text, or the text is no such condition.

    Examples
    --------
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
    return Both(tuple(_Parser("where", text, names).condition() for text in texts), all=True)


def parse_expression(name: str, text: Any, names: Names) -> Polynomial:
    """Return the polynomial, with integers as coefficients, that a text stands for.

    Parameters
    ----------
    name
        The argument's name, for the error messages.
    text
        `params`, or `macs + 2 * bias_adds`.
    names
        What it may speak of.

    Raises
    ------
    TypeError, ValueError
        If it is no text, or something else than a polynomial.

    Examples
    --------
    >>> parse_expression("by", "flops + m", Names(("m",), {})).bounds(
    ...     {Atom("macs"): (5, 5), Atom("m"): (1, 2)})
    (11, 12)
    """
    if not isinstance(text, str):
        refuse(TypeError, name, text, 'an expression such as "macs" or "params + bias_adds"')
    return _Parser(name, text, names).polynomial()


@dataclass(frozen=True)
class _Quotient:
    """What an expression is: a polynomial divided by a positive one."""

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


class _Parser:
    def __init__(self, argument: str, text: str, names: Names) -> None:
        self.argument, self.text, self.names = argument, text, names

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
            self._refuse(tree, "have integers as factors")
        return scaled

    def _tree(self) -> ast.expr:
        try:
            return ast.parse(self.text.strip(), mode="eval").body
        except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
            reason = getattr(error, "msg", None) or "it is too long"
            raise ValueError(
                f"{self.argument} must be an expression in {self.names}; got {self.text!r}:"
                f" {reason}"
            ) from None

    def _refuse(self, node: ast.expr, demand: str) -> NoReturn:
        segment = ast.get_source_segment(self.text.strip(), node) or self.text
        raise ValueError(f"{self.argument} must {demand}; got {segment} in {self.text!r}")

    def _refuse_unknown(self, node: ast.expr) -> NoReturn:
        verb = "compare" if self.argument == "where" else "consist of"
        self._refuse(node, f"{verb} sums, products and quotients of {self.names}")

    def _condition(self, node: ast.expr) -> Condition:
        if isinstance(node, ast.BoolOp):
            parts = tuple(map(self._condition, node.values))
            return Both(parts, all=isinstance(node.op, ast.And))
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
            return Negation(self._condition(node.operand))
        if not isinstance(node, ast.Compare):
            self._refuse(node, 'compare something: "macs <= 3e8"')
        sides = [node.left, *node.comparators]
        links = zip(sides, node.ops, sides[1:], strict=False)
        return Both(tuple(self._comparison(node, *link) for link in links), all=True)

    def _comparison(
        self, node: ast.expr, left: ast.expr, operation: ast.cmpop, right: ast.expr
    ) -> Condition:
        if isinstance(operation, (ast.In, ast.NotIn)):
            if not isinstance(right, (ast.Tuple, ast.List, ast.Set)):
                self._refuse(right, "name the values in parentheses")
            equal = Both(tuple(self._equal(left, value) for value in right.elts), all=False)
            return Negation(equal) if isinstance(operation, ast.NotIn) else equal
        symbol = _COMPARISONS.get(type(operation))
        if symbol is None:
            self._refuse_unknown(node)
        for word, value in ((left, right), (right, left)):
            if isinstance(word, ast.Name) and word.id in self.names.words:
                if symbol not in ("==", "!="):
                    self._refuse(node, f"compare {word.id} by == or !=")
                chosen = self._choice(word, value)
                return chosen if symbol == "==" else Negation(chosen)
        first, second = self._number(left), self._number(right)
        difference = first.top * second.bottom - second.top * first.bottom
        return Comparison(difference.whole(), symbol)

    def _equal(self, left: ast.expr, right: ast.expr) -> Condition:
        return self._comparison(left, left, ast.Eq(), right)

    def _choice(self, word: ast.Name, value: ast.expr) -> Condition:
        try:
            chosen = ast.literal_eval(value)
        except (ValueError, TypeError):
            self._refuse(value, f"compare {word.id} with one of its values")
        values = self.names.words[word.id]
        if chosen not in values:
            self._refuse(value, f"compare {word.id} with {join_names(list(map(repr, values)))}")
        return Choice(word.id, (chosen,))

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
        # From the text, since 0.1 as a float is not a tenth.
        text = (ast.get_source_segment(self.text.strip(), node) or "").replace("_", "")
        if isinstance(node.value, bool) or not isinstance(node.value, (int, float)):
            self._refuse_unknown(node)
        if isinstance(node.value, int):
            return Fraction(node.value)
        if not np.isfinite(node.value):
            self._refuse(node, "have finite numbers")
        return Fraction(text)

    def _named(self, node: ast.Name) -> Polynomial:
        if node.id == "flops":
            return Polynomial.of(Atom("macs")) * Polynomial.constant(2)
        if node.id not in (*QUANTITIES, *self.names.axes):
            self._refuse_unknown(node)
        return Polynomial.of(Atom(node.id))

    def _operation(self, node: ast.BinOp) -> _Quotient:
        return self._short(node, self._operate(node))

    def _short(self, node: ast.expr, result: _Quotient) -> _Quotient:
        for polynomial in (result.top, result.bottom):
            long = any(
                max(number.numerator.bit_length(), number.denominator.bit_length()) > _MAX_BITS
                for number in polynomial.terms.values()
            )
            if long or len(polynomial.terms) > _MAX_TERMS:
                self._refuse(node, "be shorter: it would take too long to multiply out")
        return result

    def _operate(self, node: ast.BinOp) -> _Quotient:
        if isinstance(node.op, (ast.FloorDiv, ast.Mod)):
            return self._remainder(node)
        left, right = self._number(node.left), self._number(node.right)
        if isinstance(node.op, (ast.Add, ast.Sub)):
            combine = operator.add if isinstance(node.op, ast.Add) else operator.sub
            top = combine(left.top * right.bottom, right.top * left.bottom)
            return _Quotient(top, left.bottom * right.bottom)
        if isinstance(node.op, ast.Mult):
            return _Quotient(left.top * right.top, left.bottom * right.bottom)
        if isinstance(node.op, ast.Div):
            if not right.top.is_positive(lambda name: name == "bias_adds"):
                self._refuse(node.right, "divide by nothing that may be 0 or less")
            return _Quotient(left.top * right.bottom, left.bottom * right.top)
        if isinstance(node.op, ast.Pow):
            return self._power(node, left, right)
        self._refuse_unknown(node)

    def _power(self, node: ast.BinOp, base: _Quotient, exponent: _Quotient) -> _Quotient:
        power = exponent.top.value if exponent.bottom.value == 1 else None
        if power is None or power.denominator != 1 or not 0 <= power <= _MAX_POWER:
            self._refuse(node, f"have powers that are integers from 0 to {_MAX_POWER}")
        result = _Quotient(Polynomial.constant(1), Polynomial.constant(1))
        for _ in range(int(power)):
            product = _Quotient(result.top * base.top, result.bottom * base.bottom)
            result = self._short(node, product)
        return result

    def _remainder(self, node: ast.BinOp) -> _Quotient:
        divisor = self._number(node.right)
        number = divisor.top.value if divisor.bottom.value == 1 else None
        named = isinstance(node.left, ast.Name) and node.left.id in self.names.axes
        if not named or number is None or number.denominator != 1 or number < 1:
            self._refuse(node, "use // and % on an axis, with a positive integer behind")
        assert isinstance(node.left, ast.Name)
        symbol = "//" if isinstance(node.op, ast.FloorDiv) else "%"
        atom = Atom(node.left.id, symbol, int(number))
        return _Quotient(Polynomial.of(atom), Polynomial.constant(1))


def atoms_of(conditions: Condition, polynomials: Sequence[Polynomial] = ()) -> set[Atom]:
    """Return what has to be known of a design to decide a condition and compute polynomials."""
    return conditions.atoms.union(*(polynomial.atoms for polynomial in polynomials))


def largest_allowed(condition: Condition, key: Polynomial) -> float | int:
    """Return a number that the key exceeds in no design that fulfils the condition.

    Examples
    --------
    >>> names = Names((), {})
    >>> macs = parse_expression("by", "macs", names)
    >>> largest_allowed(parse_conditions("2 * macs < 7", names), macs)
    3
    """
    if isinstance(condition, Both) and condition.all:
        return min((largest_allowed(part, key) for part in condition.parts), default=inf)
    if not isinstance(condition, Comparison):
        return inf
    difference = condition.difference
    shared = next((product for product in key.terms if product), None)
    factor = difference.terms.get(shared, Fraction(0)) / key.terms[shared] if shared else 0
    if not factor:
        return inf
    rest = (difference - key * Polynomial.constant(factor)).value
    if rest is None:
        return inf
    # factor * key + rest, compared with 0
    symbol = condition.symbol if factor > 0 else _MIRRORED[condition.symbol]
    if symbol not in ("<=", "<", "=="):
        return inf
    bound = -rest / factor
    return ceil(bound) - 1 if symbol == "<" else floor(bound)


_MIRRORED = {"<=": ">=", "<": ">", ">=": "<=", ">": "<", "==": "==", "!=": "!="}
