"""Each question about design spaces, by each method, against enumeration.

`python tests/fuzz_sweeps.py --spaces 2000` draws that many spaces over every function and layer,
counts each of their designs by itself, and compares: counts, best designs, histograms, Pareto
fronts, datasets, files, solved arguments and crossings.
"""

import argparse
import random
import tempfile
import time
from collections import Counter
from itertools import pairwise
from pathlib import Path

import pandas as pd
import sympy
import xarray as xr
from drawn_spaces import (
    COUNTS,
    FUNCTIONS,
    MODES,
    cost_of,
    draw_space,
    enumerate_designs,
    replaced,
)

import convcost

METHODS = ("prune", "all")
# Values of an argument that are tried to check what `solve` finds.
TRIED = 80
REFUSED = (ValueError, TypeError, ArithmeticError)


def draw_condition(rng, rows, axis):
    """Return a condition and the function that decides it, near to what the designs cost."""
    x = rng.choice(rows)["macs"] + rng.randint(-1, 1)
    y = rng.choice(rows)["params"] + rng.randint(-1, 1)
    k, r = rng.randint(1, 7), rng.randint(0, 6)
    a, b = rng.randint(1, 9), rng.randint(-9, 9)
    choices = [
        (None, lambda d: True),
        (f"macs <= {x}", lambda d: d["macs"] <= x),
        (f"flops > {2 * x}", lambda d: d["flops"] > 2 * x),
        (f"macs != {x} and params >= {y}", lambda d: d["macs"] != x and d["params"] >= y),
        (f"{y} <= params < {3 * y}", lambda d: y <= d["params"] < 3 * y),
        (f"params == {y} or macs < {x}", lambda d: d["params"] == y or d["macs"] < x),
        (f"not macs < {x}", lambda d: not d["macs"] < x),
        (f"params in ({y}, {x})", lambda d: d["params"] in (y, x)),
        ([f"macs >= {x}", f"params <= {y}"], lambda d: d["macs"] >= x and d["params"] <= y),
    ]
    of_an_axis = [
        (f"{axis} % {k} == {r}", lambda d: d[axis] % k == r),
        (f"{axis} // {k} >= {r}", lambda d: d[axis] // k >= r),
        (f"{axis} not in [{a}]", lambda d: d[axis] != a),
        (
            f"{a}*macs - {b}*params**2 + bias_adds <= {x} - {axis}",
            lambda d: a * d["macs"] - b * d["params"] ** 2 + d["bias_adds"] <= x - d[axis],
        ),
    ]
    return rng.choice(choices if axis is None else choices + of_an_axis)


def is_worse(row, other, maximize, minimize):
    gains = [other[name] - row[name] for name in maximize]
    gains += [row[name] - other[name] for name in minimize]
    return min(gains) >= 0 and max(gains) > 0


def check_questions(rng, space, rows, axis):
    """Ask each question by each method."""
    text, holds = draw_condition(rng, rows, axis)
    allowed = [row for row in rows if holds(row)]
    keys = ["params", "macs", "bias_adds", *([] if axis is None else [axis])]
    by = rng.choice(keys)
    k, smallest = rng.randint(1, 12), rng.random() < 0.5
    best = sorted(allowed, key=lambda row: row[by] if smallest else -row[by])[:k]
    edges = sorted({row[by] for row in rows} | {0, max(row[by] for row in rows) + 1})
    bins = [sum(low <= row[by] < high for row in allowed) for low, high in pairwise(edges)]
    names = rng.sample(sorted(keys), rng.randint(1, len(keys)))
    cut = rng.randint(0, len(names))
    more, less = names[:cut], names[cut:]
    front = [row for row in allowed if not any(is_worse(row, one, more, less) for one in allowed)]
    for method in METHODS:
        assert space.count(text, method=method) == len(allowed), (method, text)
        top = space.top(k, by, text, smallest=smallest, method=method)
        assert top.to_dict("records") == best, (method, text, by)
        counted = space.histogram(by, edges, text, method=method)
        assert counted.tolist() == bins, (method, text, by)
        found = space.pareto(maximize=more, minimize=less, where=text, method=method)
        assert found.to_dict("records") == front, (method, text, names)
    return text, allowed


def check_files(rng, space, text, allowed, rows):
    """Write the designs, and make the dataset."""
    with tempfile.TemporaryDirectory() as folder:
        path = space.write(Path(folder, "all.parquet"), text, part=rng.randint(1, 99))
        parts = [pd.read_parquet(part) for part in sorted(path.iterdir())]
        store = space.write(Path(folder, "all.zarr"), part=rng.randint(1, 99))
        stored = xr.open_zarr(store).load()
    found = pd.concat(parts, ignore_index=True).to_dict("records")
    key = list(rows[0])

    def plain(several):
        return sorted(tuple(str(row[name]) for name in key) for row in several)

    assert plain(found) == plain(allowed), text
    dataset = space.dataset(rng.choice([None, 2]))
    for row in rng.sample(rows, min(9, len(rows))):
        for name in COUNTS:
            at = {dim: row[dim] for dim in dataset[name].dims}
            assert int(dataset[name].sel(at)) == row[name], (name, row)
            assert int(stored[name].sel(at)) == row[name], (name, row)


def check_solve(rng, what, axes, rows):
    """Solve for an axis of sizes, and try each value up to a bound."""
    sizes = [
        n for n, v in axes.items() if isinstance(v, list) and not isinstance(v[0], (str, bool))
    ]
    free, row = rng.choice(sizes), rng.choice(rows)
    fixed = {name: row.get(name, value) for name, value in axes.items() if name != free}
    budgets = {
        name: max(0, rng.choice(rows)[name] * rng.choice([1, 1, 7]) + rng.randint(-1, 1))
        for name in rng.sample(COUNTS, rng.randint(1, 2))
    }
    # What names other axes in the input's shape are numbers now.
    given = {
        name: replaced(value, {one: row[one] for one in sizes if one != free})
        for name, value in fixed.items()
    }
    if isinstance(what, type):
        known = {*what.argument_names(), *MODES, "input_shape"}
        given = {name: value for name, value in given.items() if name in known}
    at_least = rng.random() < 0.5

    def meets(value):
        """Tell whether a value meets the budgets; None if it is not valid."""
        try:
            cost = cost_of(what, given, {free: value})
        except ValueError:
            return None
        pairs = [(getattr(cost, name), budget) for name, budget in budgets.items()]
        return all(n >= b if at_least else n <= b for n, b in pairs)

    try:
        found = convcost.solve(what, free, at_least=at_least, **budgets, **given)
    except ValueError as error:
        message = str(error)
        if "do not always grow" in message:
            return "no direction"
        met = [meets(value) for value in range(1, TRIED)]
        if "is unbounded" in message:
            assert False not in met, (free, given, budgets, message)
        elif "no value of" in message or f"no {free} is within" in message:
            assert True not in met, (free, given, budgets, message)
        else:  # no value is valid
            assert met == [None] * len(met), (free, given, budgets, message)
        return "refused"
    assert meets(found), (free, given, budgets, found)
    valid = [value for value in range(1, max(TRIED, found + TRIED)) if meets(value) is not None]
    kept = [value for value in valid if meets(value)]
    assert found in (kept[0], kept[-1]), (free, given, budgets, found)
    # All the values on one side of it meet the budgets, and no other does.
    assert kept in ([v for v in valid if v <= found], [v for v in valid if v >= found])
    return "solved"


def check_crossings(rng):
    """Find where two functions cost the same, and count the roots by Sturm's theorem."""
    names = [rng.choice(list(FUNCTIONS)) for _ in range(2)]
    free = rng.choice(sorted(set(FUNCTIONS[names[0]]) & set(FUNCTIONS[names[1]])))
    symbol = convcost.symbols.symbol(free)
    costs = []
    for name in names:
        sizes = {one: rng.randint(1, 20) for one in FUNCTIONS[name]}
        costs.append(getattr(convcost, name)(**{**sizes, free: symbol}))
    by = rng.choice(COUNTS)
    difference = sympy.expand(sympy.sympify(getattr(costs[0], by)) - getattr(costs[1], by))
    if difference == 0:
        return "equal"
    if symbol not in difference.free_symbols:
        return "constant"
    found = convcost.crossings(*costs, symbol, by)
    x = sympy.Symbol("x")
    polynomial = sympy.Poly(difference.subs(symbol, x), x)
    zero = 1 if polynomial.eval(0) == 0 else 0
    number = polynomial.count_roots(0, None) - zero if polynomial.degree() > 0 else 0
    assert len(found) == number, (names, costs, by, found)
    for root in found:
        assert root > 0
        assert abs(sympy.N(polynomial.eval(root), 30)) < 1e-9, (names, costs, by, root)
    return "crossings"


def run(spaces, seed, first=0):
    """Check a number of spaces; return how many of which kind, and what was asked how often."""
    kinds, asked = Counter(), Counter()
    for place in range(first, first + spaces):
        rng = random.Random(f"{seed}-{place}")
        name, what, axes = draw_space(rng, place)
        try:
            rows = enumerate_designs(what, axes)
            refused = None
        except REFUSED as error:
            refused = error
        sizes = [
            one
            for one, v in axes.items()
            if isinstance(v, list) and not isinstance(v[0], (str, bool))
        ]
        try:
            if refused is not None:
                check_refused(what, axes, refused)
                asked["spaces with designs that are not valid"] += 1
                kinds[name] += 1
                continue
            space = convcost.Space(what, **axes)
            assert space.size == len(rows)
            text, allowed = check_questions(rng, space, rows, rng.choice(sizes or [None]))
            if place % 10 == 0:
                check_files(rng, space, text, allowed, rows)
                asked["files and datasets"] += 1
            # Few counts of other layers are known to grow with an argument.
            for _ in range(0 if not sizes else 5 if name in FUNCTIONS or "Conv" in name else 1):
                asked[check_solve(rng, what, axes, rows)] += 1
            asked[check_crossings(rng)] += 1
        except Exception as error:
            raise AssertionError(f"space {place} of seed {seed}: {name}({axes})") from error
        kinds[name] += 1
        asked["designs"] += len(rows)
    return kinds, asked


def check_refused(what, axes, refused):
    """Check that a space with a design that is not valid is refused, too, and not counted."""
    try:
        space = convcost.Space(what, **axes)
        for method in METHODS:
            space.count("macs >= 0 and params != 1", method=method)
    except type(refused):
        return
    raise AssertionError(f"a design is refused: {refused}")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--spaces", type=int, default=2_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--first", type=int, default=0, help="Number of the first space.")
    arguments = parser.parse_args()
    begin = time.perf_counter()
    kinds, asked = run(arguments.spaces, arguments.seed, arguments.first)
    print(f"{sum(kinds.values()):,} spaces over {len(kinds)} kinds, 0 differences: {dict(asked)}")
    print(f"{time.perf_counter() - begin:.0f} s")


if __name__ == "__main__":
    main()
