"""Many designs, compared with a memory write, PyTorch one by one, and handwritten NumPy."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np

import convcost
from convcost.layers import Conv2D

from .peers import COUNTERS
from .subjects import LAYERS

if TYPE_CHECKING:
    from collections.abc import Callable

# 3 * 64 * 128 * 128 designs.
MILLIONS: dict[str, Any] = {
    "dk": [3, 5, 7],
    "m": range(8, 513, 8),
    "n": range(8, 1025, 8),
    "df": range(1, 129),
}
# 2 * 1,000 * 1,000 * 500 designs.
BILLION: dict[str, Any] = {
    "dk": [3, 5],
    "m": range(8, 8001, 8),
    "n": range(8, 8001, 8),
    "df": range(1, 501),
}
# 2 * 8,192^3 designs.
TRILLION: dict[str, Any] = {"dk": [3, 5], **dict.fromkeys(("m", "n", "df"), range(1, 8193))}
# 125 * 100 sides and channels, and 10 * 8 kernels and strides.
_SIDES_AND_CHANNELS = (range(7, 507, 4), range(8, 808, 8))
BUDGET = 300_000_000
WHERE = f"macs <= {BUDGET}"
FRONT: dict[str, Any] = {"maximize": ["params"], "minimize": ["macs"]}


class Grid:
    """All counts of 3.1 million separable convolutions."""

    params = ("np.full", "NumPy by hand", "convcost.separable", "convcost.sweep")
    param_names = ("way",)

    def setup(self, way: str) -> None:
        """Create the open grid."""
        self.grid = np.ix_(*(np.asarray(values, dtype=np.int64) for values in MILLIONS.values()))
        cost = convcost.separable(*self.grid)
        # The shapes of the arrays that a sweep returns, each over the axes that it depends on.
        self.shapes = [cost.params.shape, cost.macs.shape, cost.bias_adds.shape, cost.flops.shape]
        ways: dict[str, Callable[[], Any]] = {
            "np.full": self.write,
            "NumPy by hand": lambda: by_hand(*self.grid),
            "convcost.separable": lambda: self.every(convcost.separable(*self.grid)),
            "convcost.sweep": lambda: convcost.sweep(convcost.separable, **MILLIONS),
        }
        self.run = ways[way]

    def write(self) -> list[Any]:
        """Write the same number of numbers, which is the minimum work."""
        return [np.full(shape, 1, dtype=np.int64) for shape in self.shapes]

    @staticmethod
    def every(cost: convcost.Cost) -> tuple[Any, ...]:
        """Return all counts; FLOPs are computed on access."""
        return cost.params, cost.macs, cost.bias_adds, cost.flops

    def time_all(self, way: str) -> None:
        """Count them all."""
        self.run()


class OneByOne:
    """One design in each counter, to compare with one of the 3.1 million."""

    params = ("convcost", "FlopCounterMode")
    param_names = ("counter",)
    timeout = 300

    def setup(self, counter: str) -> None:
        """Count once, imports included."""
        count = COUNTERS[counter].layer
        assert count
        self.count, self.what = count, LAYERS["SeparableConv2D(64, 3, padding=1)"]
        self.time_one(counter)

    def time_one(self, counter: str) -> None:
        """Count one."""
        self.count(*self.what)


class Columns:
    """A million `Conv2D` designs as columns, without using that they form a grid."""

    params = ("nominal", "effective")
    param_names = ("macs",)

    def setup(self, macs: str) -> None:
        """Create the columns of side, input channels, kernel and stride."""
        axes = np.ix_(*map(np.array, (*_SIDES_AND_CHANNELS, range(1, 11), range(1, 9))))
        self.columns = [column.ravel() for column in np.broadcast_arrays(*axes)]
        self.one = [int(column[500_000]) for column in self.columns]

    @staticmethod
    def cost(design: Any, macs: str) -> convcost.Cost:
        """Return the cost of designs."""
        side, channels, kernel, stride = design
        layer = Conv2D(64, kernel, strides=stride, padding="same")
        return layer.cost((side, side, channels), effective=macs == "effective")

    def time_together(self, macs: str) -> None:
        """Count all of them."""
        self.cost(self.columns, macs)

    def time_one(self, macs: str) -> None:
        """Count one of them."""
        self.cost(self.one, macs)


def by_hand(dk: Any, m: Any, n: Any, df: Any) -> tuple[Any, Any, Any, Any]:
    """Return the counts by plain formulas, without any checks."""
    params = dk * dk * m + m * n + n
    macs = df * df * (dk * dk * m + m * n)
    return params, macs, n * df * df, 2 * macs


def _parts(size: int) -> list[tuple[int, range]]:
    """Return kernels and parts of the input channels, with about `size` designs each."""
    channels = BILLION["m"]
    step = max(1, size // (len(BILLION["n"]) * len(BILLION["df"])))
    starts = range(0, len(channels), step)
    return [(dk, channels[start : start + step]) for dk, start in product(BILLION["dk"], starts)]


def _counted(dk: int, channels: range) -> tuple[Any, Any]:
    """Return the parameters and MACs of a part, as vectors."""
    grid = np.ix_(np.array(channels), np.array(BILLION["n"]), np.array(BILLION["df"]))
    params, macs, *_ = by_hand(dk, *grid)
    shape = np.broadcast_shapes(params.shape, macs.shape)
    return np.broadcast_to(params, shape).reshape(-1), macs.reshape(-1)


def count_by_hand(dk: int, channels: range) -> int:
    """Return how many designs of a part are within the budget."""
    _, macs = _counted(dk, channels)
    return int(np.count_nonzero(macs <= BUDGET))


def top_by_hand(dk: int, channels: range) -> Any:
    """Return the 100 largest numbers of parameters within the budget in a part."""
    params, macs = _counted(dk, channels)
    inside = params[macs <= BUDGET]
    return np.partition(inside, -100)[-100:] if len(inside) > 100 else inside


def front_by_hand(dk: int, channels: range) -> Any:
    """Return the parameters and MACs of a part's Pareto front."""
    params, macs = _counted(dk, channels)
    inside = macs <= BUDGET
    return _sweep_line(params[inside], macs[inside])


def _sweep_line(params: Any, macs: Any) -> Any:
    """Return the points with more parameters than all with at most their MACs; keep equal ones."""
    order = np.lexsort((-params, macs))
    params, macs = params[order], macs[order]
    if not len(params):
        return params, macs
    best = np.maximum.accumulate(params)
    earlier = np.concatenate([[-1], best[:-1]])
    same = np.concatenate([[False], (params[1:] == params[:-1]) & (macs[1:] == macs[:-1])])
    first = np.maximum.accumulate(np.where(same, 0, np.arange(len(params))))
    kept = (params > earlier)[first]
    return params[kept], macs[kept]


def everything_by_hand(question: str, threads: int) -> int:
    """Process the 10^9 designs in parts, and return the number of designs in the answer."""
    ask: Any = {"count": count_by_hand, "top-100": top_by_hand, "Pareto": front_by_hand}[question]
    with ThreadPoolExecutor(threads) as pool:
        answers = list(pool.map(lambda part: ask(*part), _parts(1 << 20)))
    if question == "count":
        return sum(answers)
    if question == "top-100":
        return len(np.sort(np.concatenate(answers))[-100:])
    params, macs = (np.concatenate(column) for column in zip(*answers, strict=True))
    return len(_sweep_line(params, macs)[0])


def ask(space: convcost.Space, question: str, method: Any, **how: Any) -> int:
    """Ask a design space a question, and return the number of designs in the answer."""
    kind, _, budget = question.partition(" within ")
    where = f"macs <= {budget}" if budget else WHERE
    if kind == "count":
        return space.count(where, method=method, **how)
    if kind == "top-100":
        return len(space.top(100, by="params", where=where, method=method, **how))
    return len(space.pareto(**FRONT, where=where, method=method, **how))


class Everything:
    """10^9 designs, each of them counted, on all cores."""

    params = (["count", "top-100", "Pareto"], ["NumPy by hand", "convcost, on Dask"])
    param_names = ("question", "way")
    timeout = 1200
    # Each takes so long that one run without warm-up is enough.
    number, repeat, rounds, warmup_time = 1, 1, 2, 0.0

    def run(self, question: str, way: str) -> int:
        """Count them all."""
        if way == self.params[1][0]:
            import os

            return everything_by_hand(question, os.cpu_count() or 1)
        return ask(convcost.Space(convcost.separable, **BILLION), question, "all")

    def time_all(self, question: str, way: str) -> None:
        """Count them all."""
        self.run(question, way)

    def peakmem_all(self, question: str, way: str) -> None:
        """Count them all, to measure the process's peak memory."""
        self.run(question, way)

    def track_designs(self, question: str, way: str) -> int:
        """Return the number of designs in the answer, which must be the same."""
        return self.run(question, way)

    track_designs.unit = "designs"  # type: ignore[attr-defined]


class Cluster:
    """The same on a cluster of processes that are already running."""

    params = (["count", "top-100"], [1, 2])
    param_names = ("question", "processes")
    timeout = 1200
    number, repeat, rounds, warmup_time = 1, 1, 2, 0.0

    def setup(self, question: str, processes: int) -> None:
        """Start the processes, with one thread each."""
        import distributed

        make: Any = distributed.Client  # untyped
        self.client = make(n_workers=processes, threads_per_worker=1, dashboard_address=None)
        self.space = convcost.Space(convcost.separable, **BILLION)
        # So that the workers' imports are not measured.
        small = convcost.Space(convcost.separable, dk=[3, 5], m=range(1, 9), n=range(1, 9), df=7)
        small.count(WHERE, method="all", client=self.client, block=1)

    def teardown(self, question: str, processes: int) -> None:
        """Stop them."""
        self.client.shutdown()

    def time_all(self, question: str, processes: int) -> None:
        """Count them all."""
        ask(self.space, question, "all", client=self.client)


class Pruned:
    """10^12 designs, most of which are never counted."""

    # The front grows with the budget, and the time with the front.
    params = (["count", "top-100", "Pareto within 1e6", "Pareto within 1e7"],)
    param_names = ("question",)
    timeout = 1200
    number, repeat, rounds, warmup_time = 1, 1, 2, 0.0

    def setup(self, question: str) -> None:
        """Create the space."""
        self.space = convcost.Space(convcost.separable, **TRILLION)

    def time_pruned(self, question: str) -> None:
        """Ask."""
        ask(self.space, question, "prune")

    def peakmem_pruned(self, question: str) -> None:
        """Ask, to measure the process's peak memory."""
        ask(self.space, question, "prune")

    def track_designs(self, question: str) -> int:
        """Return the number of designs in the answer."""
        return ask(self.space, question, "prune")

    track_designs.unit = "designs"  # type: ignore[attr-defined]
