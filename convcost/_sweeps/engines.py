"""Run many tasks, on Dask's threads on this machine or on a cluster."""

from __future__ import annotations

from typing import TYPE_CHECKING

from convcost._sweeps.extras import require

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeVar, TypeVarTuple

    from distributed import Client

    from convcost._sweeps.types import Progress

    T = TypeVar("T")
    Ts = TypeVarTuple("Ts")


def run_calls(
    function: Callable[[*Ts], T],
    calls: list[tuple[*Ts]],
    progress: Progress | None = None,
    client: Client | None = None,
) -> list[T]:
    """Call a function many times, and return the results in order.

    With a `dask.distributed.Client`, its workers run the calls; otherwise Dask's threads on this
    machine do, or the scheduler set in `dask.config`.
    """
    if client is not None:
        return _run_on_cluster(function, calls, progress, client)
    require("dask")
    import dask
    from dask.callbacks import Callback

    done = 0

    def after_task(*_: object) -> None:
        nonlocal done
        done += 1
        if progress is not None:
            progress(min(1.0, done / len(calls)))

    tasks = [dask.delayed(function, pure=False)(*arguments) for arguments in calls]
    chosen = dask.config.get("scheduler", None) or "threads"
    with Callback(posttask=after_task):
        return list(dask.compute(*tasks, scheduler=chosen, traverse=False))


def threads(client: Client | None = None) -> int:
    """Return the total number of threads of a cluster; 0 without one."""
    return 0 if client is None else sum(client.nthreads().values())


def _run_on_cluster(
    function: Callable[[*Ts], T],
    calls: list[tuple[*Ts]],
    progress: Progress | None,
    client: Client,
) -> list[T]:
    import distributed

    futures = [client.submit(function, *arguments, pure=False) for arguments in calls]
    for done, future in enumerate(distributed.as_completed(futures, loop=client.loop), 1):
        if future.status == "error":
            future.result()  # raises the error of the task
        if progress is not None:
            progress(done / len(calls))
    return list(client.gather(futures))
