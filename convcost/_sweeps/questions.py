"""Answer the questions of a design space: choose the method, and put the answers in tables."""

from __future__ import annotations

from itertools import pairwise
from math import prod
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from convcost._exact import arrays
from convcost._exact.scalars import check_number, refuse
from convcost._sweeps import counting, fronts, pruning
from convcost._sweeps.boxes import Subspace
from convcost._sweeps.conditions import COUNTS, atoms_of
from convcost._sweeps.extras import require

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import TypeVar

    import pandas as pd
    from distributed import Client

    from convcost._exact.types import Numbers
    from convcost._sweeps.grid import Designs, Grid
    from convcost._sweeps.polynomials import Atom, Polynomial
    from convcost._sweeps.pruning import Advance
    from convcost._sweeps.types import Engine, Found, Method, Progress, Where

    A = TypeVar("A")

METHODS = ("prune", "all")
# Pruning pays off from this many designs per value of the axes without a known direction.
_FEW = 16


class How(NamedTuple):
    """How to answer a question.

    Attributes
    ----------
    method
        `prune` or `all`; None for the faster one.
    progress
        A function called with the fraction done.
    client, block
        Where each design is counted, and how many at once; only for `all`.
    """

    method: Method | None
    progress: Progress | None
    client: Client | None
    block: int | None

    @property
    def engine(self) -> Engine:
        """The options of counting each design that were given."""
        given: Engine = {}
        if self.client is not None:
            given["client"] = self.client
        if self.block is not None:
            given["block"] = self.block
        return given


def _is_for_pruning(grid: Grid, how: How) -> bool:
    method = how.method
    if not grid.axes and method != "prune":
        pruned = False
    elif method is None:
        ways = grid.directions(next(grid.variants()))
        single = prod(len(axis) for name, axis in grid.axes.items() if ways[name] is None)
        pruned = not how.engine and single * _FEW <= grid.size
    elif method not in METHODS:
        refuse(ValueError, "method", method, "'prune', 'all' or None")
    else:
        pruned = method == "prune"
    if pruned and how.engine:
        name = next(iter(how.engine))
        raise ValueError(f'{name} needs method="all", which counts each design with Dask')
    return pruned


def _answers(
    grid: Grid,
    atoms: set[Atom],
    how: How,
    prune: Callable[[Subspace, Advance], A],
    count_all: Callable[[], Found[A]],
) -> Found[A]:
    """Return the answer for each variant, by pruning or by counting each design."""
    if not _is_for_pruning(grid, how):
        return count_all()
    done = 0

    def advance(number: int) -> None:
        nonlocal done
        done += number
        if how.progress is not None:
            how.progress(done / grid.size)

    return [
        (categories, prune(Subspace(grid, categories, atoms), advance))
        for categories in grid.variants()
    ]


def count(grid: Grid, where: Where, how: How) -> int:
    """Answer `Space.count`."""
    condition = grid.condition(where)
    atoms = atoms_of(condition)
    answers = _answers(
        grid,
        atoms,
        how,
        lambda subspace, advance: pruning.count(subspace, condition, advance),
        lambda: counting.count(grid, condition, atoms, how.progress, **how.engine),
    )
    return sum(number for _, number in answers)


def histogram(grid: Grid, by: str, bins: object, where: Where, how: How) -> pd.Series[int]:
    """Answer `Space.histogram`."""
    require("pandas")
    import pandas as pd

    condition, key = grid.condition(where), grid.expression("by", by)
    edges = _check_edges(bins)
    given, atoms = (key, edges, condition), atoms_of(condition, (key,))
    answers = _answers(
        grid,
        atoms,
        how,
        lambda subspace, advance: pruning.histogram(subspace, *given, advance),
        lambda: counting.histogram(grid, *given, atoms, how.progress, **how.engine),
    )
    numbers = [sum(column) for column in zip(*(answer for _, answer in answers), strict=True)]
    index = pd.IntervalIndex.from_breaks(edges, closed="left", name=by)
    return pd.Series(numbers, index=index, name="designs")


def _check_edges(bins: object) -> list[int]:
    allowed = "two or more ascending integers"
    if isinstance(bins, np.ndarray) and bins.ndim == 0:
        refuse(ValueError, "bins", bins, allowed)
    if not isinstance(bins, (list, tuple, range, np.ndarray)) or len(bins) < 2:
        refuse(ValueError, "bins", bins, allowed)
    edges = []
    for edge in bins:
        if isinstance(edge, (bool, np.timedelta64)) or not isinstance(edge, (int, np.integer)):
            refuse(TypeError, "bins", edge, allowed)
        edges.append(int(edge))
    if any(left >= right for left, right in pairwise(edges)):
        refuse(ValueError, "bins", bins, allowed)
    arrays.require_room("bins", max(map(abs, edges)))
    return edges


def top(
    grid: Grid, k: int, by: str, where: Where, how: How, *, smallest: bool = False
) -> pd.DataFrame:
    """Answer `Space.top`."""
    k = check_number("k", k)
    condition, key = grid.condition(where), grid.expression("by", by)
    if smallest:
        key = grid.expression("by", f"-({by})")
    given, atoms = (k, key, condition), atoms_of(condition, (key,))
    answers = _answers(
        grid,
        atoms,
        how,
        lambda subspace, advance: pruning.top(subspace, *given, advance),
        lambda: counting.top(grid, *given, atoms, how.progress, **how.engine),
    )
    table = _table(grid, answers)
    keys = evaluate(grid, key, table)
    order = np.lexsort((*_ranks(grid, table)[::-1], -keys))[:k]
    return table.iloc[order].reset_index(drop=True)


def pareto(
    grid: Grid,
    maximize: Sequence[str],
    minimize: Sequence[str],
    where: Where,
    limit: int,
    how: How,
) -> pd.DataFrame:
    """Answer `Space.pareto`."""
    limit = check_number("limit", limit)
    objectives = [
        *((grid.expression("maximize", name), 1) for name in _names("maximize", maximize)),
        *((grid.expression("minimize", name), -1) for name in _names("minimize", minimize)),
    ]
    if not objectives:
        raise ValueError('pareto needs an objective: maximize=["params"] or minimize=["macs"]')
    condition = grid.condition(where)
    given = (objectives, condition, limit)
    atoms = atoms_of(condition, [polynomial for polynomial, _ in objectives])
    answers = _answers(
        grid,
        atoms,
        how,
        lambda subspace, advance: pruning.pareto(subspace, *given, advance),
        lambda: counting.pareto(grid, *given, atoms, how.progress, **how.engine),
    )
    table = _table(grid, answers)
    values = [sense * evaluate(grid, polynomial, table) for polynomial, sense in objectives]
    table = table[fronts.is_best(np.stack(values))]
    order = np.lexsort((np.zeros(len(table)), *_ranks(grid, table)[::-1]))
    return table.iloc[order].reset_index(drop=True)


def _names(argument: str, names: object) -> list[str]:
    listed = [names] if isinstance(names, str) else names
    if not isinstance(listed, (list, tuple)):
        refuse(TypeError, argument, names, 'names of quantities and axes, such as ["params", "df"]')
    return list(listed)


def _table(grid: Grid, found: Found[Designs]) -> pd.DataFrame:
    """Return designs as a table: a row per design, a column per axis and quantity."""
    require("pandas")
    import pandas as pd

    parts = []
    for categories, (number, sizes) in found:
        if not number:
            continue
        cost = grid.cost(categories, sizes)
        columns: dict[str, object] = {
            name: sizes[name]
            if name in sizes
            else pd.Series([categories[name]] * number, dtype=object)
            for name in grid.dims
        }
        for quantity in COUNTS:
            counts = arrays.as_int64(quantity, getattr(cost, quantity))
            columns[quantity] = np.broadcast_to(counts, (number,))
        parts.append(pd.DataFrame(columns))
    if not parts:
        columns = {
            name: pd.Series([], dtype="int64" if name not in grid.categorical_axes else object)
            for name in (*grid.dims, *COUNTS)
        }
        return pd.DataFrame(columns)
    return pd.concat(parts, ignore_index=True)


def evaluate(grid: Grid, polynomial: Polynomial, table: pd.DataFrame) -> Numbers:
    """Return the values of a polynomial for the designs of a table, exactly."""
    values = {}
    for atom in polynomial.atoms:
        column = table[atom.name].to_numpy(dtype=object)
        values[atom] = atom.bounds(column, column)
    low, _ = polynomial.bounds(values)
    exact = np.broadcast_to(np.asarray(low, dtype=object), (len(table),))
    return exact.astype(np.int64)


def _ranks(grid: Grid, table: pd.DataFrame) -> list[Numbers]:
    """Return for each axis the indices of the designs' values in the axis's order."""
    ranks = []
    for name in grid.dims:
        if name in grid.categorical_axes:
            places = {
                value: place for place, value in enumerate(grid.categorical_axes[name].values)
            }
            ranks.append(np.array([places[value] for value in table[name]], dtype=np.int64))
        else:
            ranks.append(table[name].to_numpy(dtype=np.int64))
    return ranks
