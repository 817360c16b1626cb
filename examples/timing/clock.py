"""The time that computations on a device take, measured in turns."""

import time
from collections.abc import Callable
from typing import Any

Run = Callable[[], Any]
# A call is repeated for about this long, so that none is too short for the clock.
_LEAST_SECONDS = 0.05
_WARM_UP = 2


def time_in_turns(runs: list[Run], repeats: int) -> list[list[float]]:
    """Return the seconds of each run in every round; taking turns spreads noise evenly."""
    calls = [_calls(run) for run in runs]
    rounds = [
        [_time(run, count) for run, count in zip(runs, calls, strict=True)] for _ in range(repeats)
    ]
    return [list(seconds) for seconds in zip(*rounds, strict=True)]


def _calls(run: Run) -> int:
    """Warm up, and return the number of calls that takes long enough for the clock."""
    for _ in range(_WARM_UP):
        run()
    return max(1, int(_LEAST_SECONDS / max(_time(run, 1), 1e-6)))


def _time(run: Run, calls: int) -> float:
    started = time.perf_counter()
    for _ in range(calls):
        run()
    return (time.perf_counter() - started) / calls
