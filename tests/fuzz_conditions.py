"""Conditions and rankings that nobody should write: each gets an answer, or one sentence.

Half of them are drawn from a grammar, and their answers are compared with plain enumeration in
fractions. The others are hostile: broken, endless, nested, or beyond every limit.
`python tests/fuzz_conditions.py --cases 5000` also measures the slowest one and the memory.
"""

import argparse
import operator
import random
import re
import resource
import time
import warnings
from fractions import Fraction
from itertools import product

import convcost

METHODS = ("prune", "all")
AXES = {
    "dk": [1, 3, 4],
    "m": [1, 2, 3, 8, 2**40],
    "n": [5, 6, 7],
    "df": [1, 7],
    "bias": [True, False],
}
COUNTS = ("params", "macs", "bias_adds", "flops")
SIZES = ("dk", "m", "n", "df")
COMPARE = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "==": operator.eq,
    "!=": operator.ne,
}
NUMBERS = [
    *("0", "1", "2", "3", "7", "16", "0.1", "0.5", "3e8", "1_000", "0x10", "1e-30", "1e30", "2.50"),
    *("9223372036854775807", "9223372036854775808", "1" * 60, "1e300", "1e-300", "1e308", "2e309"),
]
TOKENS = [
    *COUNTS, *AXES, *NUMBERS, *COMPARE, "x", "True", "None", "and", "or", "not", "in", "not in",
    "is", "if", "else", "lambda", "for", "await", "yield", ":=", "=", "=>", "&&", "||", "!", "+",
    "-", "*", "**", "/", "//", "%", "@", "<<", "&", "|", "~", "(", ")", "[", "]", "{", "}", ",",
    ":", ";", ".", "'", '"', '"""', "#", "\n", "\t", "\0", "\\", "\r", "\f", "é", "中", "\ud83d",
    "\u202e", "0b", "0x", "1e", "1j", "1e999", "1e999999999", "1e-999999999", "1e" + "9" * 5000,
    "9" * 100, "9" * 5000, "0x" + "f" * 5000, "b'a'", "f'{m}'", "f'{", "...", "_", "__import__",
    "os.system('x')", "m()", "m.real", "m[0]", "(m+n+1)**16", "(m+n+df+dk+1)**16", "macs**16",
    "2**2**2**2", "m**m", "10**10**10", "m % 0", "m % -1", "m // 1e30", "m % 10**4000", "1/0",
    "1/bias_adds", "'same'", "m if n else m", "m in (1, 2, 3)", "m in range(9)", "m in m",
]  # fmt: skip
SEEDS = [
    "macs <= 3e8 and m % 16 == 0",
    "m in (1, 2, 3)",
    "macs/params > 3",
    "bias == True",
    "(macs+params)**3 > m*1e30",
    "not (m > 3 or n == 4)",
    "macs*1e300 > params*1e303",
    "m // 3 == 7",
    "2 < m <= 9",
]
# Each is taken as it is, however few cases there are.
HOSTILE = [
    " or ".join(["m > 3"] * 5000),
    " and ".join(f"macs != {number}" for number in range(5000)),
    f"m in ({', '.join(map(str, range(20_000)))})",
    f"macs in ({', '.join(f'{number}e{number % 290}' for number in range(20_000))})",
    f"m in ({', '.join(['m + 1'] * 20_000)})",
    f"bias in ({', '.join(['True'] * 20_000)})",
    f"macs + {' + '.join(['params'] * 20_000)} > 3",
    f"{' * '.join(['macs'] * 20_000)} > 3",
    f"{' < '.join(['m'] * 20_000)}",
    "m > 1e999999999",
    "m > 1e-999999999",
    f"m > {'9' * 1_000_000}",
    f"m > 0x{'f' * 900_000}",
    f"m > 0.{'3' * 500_000}",
    f"m > 1e{'9' * 500_000}",
    f"m % {10**4000} == 1",
    f"m // {10**3000} == 0",
    "m % 1e30 == 1",
    "2**2**2**2**2**2 > m",
    "m**(10**1000) > 1",
    "((macs+params)**16)**16 > 1",
    "(dk+m+n+df+macs+params+flops+bias_adds)**16 > 1",
    "macs**16 * params**16 * m**16 * 1e600 > n**16 * 1e-600",
    "-" * 100_000 + "m > 3",
    "not " * 100_000 + "m > 3",
    "~" * 1000 + "m > 3",
    "(" * 10_000 + "m > 3" + ")" * 10_000,
    "[" * 10_000 + "]" * 10_000,
    "m > " + "(" * 150 + "3" + ")" * 150,
    "m > " + "1+(" * 10_000 + "3" + ")" * 10_000,
    "m > " + "1/(" * 90 + "m" + ")" * 90,
    "m if " * 1000 + "m" + " else m" * 1000,
    "lambda: " * 1000 + "m",
    "f'{" * 200 + "m" + "}'" * 200,
    "x" * 900_000,
    f"{'x' * 100_000} > 3",
    "m > 3" + " " * 2_000_000,
    "m > 3\n" * 100_000,
    "m > 3 # " + "x" * 500_000,
    "'" * 100_001,
    "\0",
    "",
    " ",
    "\ud800 > 3",
    "m > '\\N{DIGIT ONE}'",
    "m > 3or n > 2",
    "__import__('os').system('false')",
    "[m for m in (1, 2)]",
    "(m := 3) > 2",
]


class Grammar:
    """Draws conditions together with functions that decide them for a design, in fractions."""

    def __init__(self, rng):
        self.rng = rng

    def number(self):
        text = self.rng.choice(NUMBERS)
        plain = text.replace("_", "")
        value = Fraction(int(plain, 16)) if plain.startswith("0x") else Fraction(plain)
        return text, lambda _: value

    def name(self, names=(*COUNTS, *SIZES)):
        name = self.rng.choice(names)
        return name, lambda design: Fraction(design[name])

    def term(self, depth):
        """Return the text of a number and the function that computes it."""
        kind = self.rng.randrange(9 if depth else 3)
        if kind == 0:
            return self.number()
        if kind < 3:
            return self.name()
        if kind == 3:
            (axis, of), (divisor, by) = self.name(SIZES), self.divisor()
            if self.rng.random() < 0.5:
                return f"({axis} % {divisor})", lambda d: of(d) % by
            return f"({axis} // {divisor})", lambda d: of(d) // by
        left, first = self.term(depth - 1)
        if kind == 4:
            power = self.rng.choice([0, 1, 2, 3])
            return f"({left})**{power}", lambda d: first(d) ** power
        if kind == 5:
            return f"-({left})", lambda d: -first(d)
        if kind == 6:
            right, second = self.name(("params", "macs", *SIZES))
            return f"({left}) / {right}", lambda d: first(d) / second(d)
        right, second = self.term(depth - 1)
        sign = self.rng.choice("+-*")
        combine = {"+": operator.add, "-": operator.sub, "*": operator.mul}[sign]
        return f"({left}) {sign} ({right})", lambda d: combine(first(d), second(d))

    def divisor(self):
        value = self.rng.choice([1, 2, 3, 5, 2**40, 2**63 - 1, 2**63, 10**40])
        return str(value), value

    def comparison(self):
        kind = self.rng.randrange(8)
        left, first = self.term(self.rng.randrange(4))
        if kind == 0:
            chosen = self.rng.sample([True, False], self.rng.randrange(1, 3))
            text = self.rng.choice(["in", "not in"])
            among = text == "in"
            return (
                f"bias {text} ({', '.join(map(str, chosen))},)",
                lambda d: (d["bias"] in chosen) == among,
            )
        if kind == 1:
            members = [self.term(0) for _ in range(self.rng.randrange(1, 6))]
            listed = ", ".join(text for text, _ in members)
            return f"{left} in ({listed},)", lambda d: first(d) in [of(d) for _, of in members]
        symbol, (right, second) = self.rng.choice(list(COMPARE)), self.term(self.rng.randrange(4))
        compare = COMPARE[symbol]
        if kind == 2:
            symbol2, (third, last) = self.rng.choice(list(COMPARE)), self.term(1)
            compare2 = COMPARE[symbol2]
            return (
                f"{left} {symbol} {right} {symbol2} {third}",
                lambda d: compare(first(d), second(d)) and compare2(second(d), last(d)),
            )
        return f"{left} {symbol} {right}", lambda d: compare(first(d), second(d))

    def condition(self, depth):
        kind = self.rng.randrange(5) if depth else 0
        if kind < 2:
            return self.comparison()
        left, first = self.condition(depth - 1)
        if kind == 2:
            return f"not ({left})", lambda d: not first(d)
        right, second = self.condition(depth - 1)
        if kind == 3:
            return f"({left}) and ({right})", lambda d: first(d) and second(d)
        return f"({left}) or ({right})", lambda d: first(d) or second(d)


def hostile(rng):
    """Return a text that nobody should write."""
    kind = rng.randrange(6)
    if kind > 3:
        texts = [re.sub(r"\d\w*", lambda _: rng.choice(NUMBERS), rng.choice(SEEDS))] * kind
        return rng.choice([" and ", " or ", " and not "]).join(texts)
    if kind == 0:
        return rng.choice(["", " "]).join(rng.choice(TOKENS) for _ in range(rng.randint(1, 30)))
    if kind == 1:
        text = list(rng.choice(SEEDS))
        for _ in range(rng.randint(1, 6)):
            place = rng.randrange(len(text) + 1)
            text[place : place + rng.randrange(2)] = [rng.choice(TOKENS)]
        return "".join(text)
    if kind == 2:
        joint = rng.choice([" and ", " or ", " + ", " * ", " < ", " == ", ", ", "**", "\n"])
        return joint.join([rng.choice(SEEDS + TOKENS)] * rng.choice([2, 50, 150, 1000, 20_000]))
    before, after = rng.choice(
        [("(", ")"), ("[", "]"), ("not ", ""), ("-", ""), ("m in (", ",)"), ("macs*(", ")"),
         ("1/(", ")"), ("(1+", ")"), ("(macs+", ")**2")]
    )  # fmt: skip
    times = rng.choice([10, 95, 99, 150, 1000, 50_000])
    return before * times + rng.choice(SEEDS + TOKENS) + after * times


def enumerate_designs():
    """Return every design as a dict of its sizes and counts."""
    designs = []
    for values in product(*AXES.values()):
        design = dict(zip(AXES, values, strict=True))
        cost = convcost.standard(**design)
        designs.append(design | {name: getattr(cost, name) for name in COUNTS})
    return designs


def ask(space, text, rng):
    """Ask a question with this text in it, and return the number of designs; None if refused."""
    try:
        question = rng.randrange(4)
        if question == 0:
            return len(space.top(3, text, method=rng.choice(METHODS)))
        if question == 1:
            return len(space.top(space.size, "m", text, method=rng.choice(METHODS)))
        return space.count(text, method=rng.choice(METHODS))
    except (ValueError, TypeError, OverflowError) as error:
        message = str(error)
        assert message.strip(), f"an empty message for {text[:100]!r}"
        # One sentence, or one with the place of a syntax error below it.
        assert len(message) <= 1000, f"{len(message)} characters for {text[:100]!r}"
        assert message.count("\n") in (0, 2), f"{message!r} for {text[:100]!r}"
        return None


def check(space, text, right):
    """Count the designs by every method, and compare; None if the condition is too long."""
    try:
        found = [space.count(text, method=method) for method in METHODS]
    except ValueError as error:
        if "would take too long to multiply out" in str(error):
            return None
        raise
    assert found == [right, right], f"{found} instead of {right} for {text}"
    return right


def run(cases, seed):
    """Ask about a number of conditions; return the outcomes, and the slowest one with its time."""
    rng = random.Random(seed)
    space, designs = convcost.Space(convcost.standard, **AXES), enumerate_designs()
    grammar = Grammar(rng)
    outcomes = {"right": 0, "answered": 0, "refused": 0}
    slowest = 0.0, ""
    for number in range(cases):
        if number % 2 == 0:
            text, of = grammar.condition(rng.randrange(4))
            right = sum(map(of, designs))
            begin = time.perf_counter()
            found, kind = check(space, text, right), "right"
        else:
            text = HOSTILE[number // 2] if number // 2 < len(HOSTILE) else hostile(rng)
            begin = time.perf_counter()
            found, kind = ask(space, text, rng), "answered"
        slowest = max(slowest, (time.perf_counter() - begin, text[:200]))
        outcomes["refused" if found is None else kind] += 1
    return outcomes, slowest


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=int, default=5_000)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        outcomes, (seconds, text) = run(arguments.cases, arguments.seed)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(f"{outcomes}, slowest {seconds:.2f} s: {text!r}; at most {memory} MB")
    if seconds > 5 or memory > 500:
        raise SystemExit("a condition took more than 5 s or 500 MB")


if __name__ == "__main__":
    main()
