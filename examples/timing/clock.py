"""Seconds of what a device computes, taken in turns."""

import time
from collections.abc import Callable
from typing import Any

Run = Callable[[], Any]
# A single call should not be too short for the clock, nor a large layer too long for the user.
_LEAST_SECONDS = 0.05
_WARM_UP = 2


def time_in_turns(runs: list[Run], repeats: int) -> list[list[float]]:
    """Return the seconds of each, in every round: a noisy moment hits all alike."""
    calls = [_calls(run) for run in runs]
    rounds = [
        [_time(run, count) for run, count in zip(runs, calls, strict=True)] for _ in range(repeats)
    ]
    return [list(seconds) for seconds in zip(*rounds, strict=True)]


def _calls(run: Run) -> int:
    """Warm up, and return how many calls are long enough for the clock."""
    for _ in range(_WARM_UP):
        run()
    return max(1, int(_LEAST_SECONDS / max(_time(run, 1), 1e-6)))


def _time(run: Run, calls: int) -> float:
    started = time.perf_counter()
    for _ in range(calls):
        run()
    return (time.perf_counter() - started) / calls
