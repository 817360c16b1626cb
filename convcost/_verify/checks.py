"""The comparison of what convcost claims with what the oracles count."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from convcost._exact.scalars import join_names, refuse, refuse_choice
from convcost._verify.cases import Case
from convcost._verify.devices import select_device
from convcost._verify.drawing import KINDS, draw
from convcost._verify.findings import Finding, Quantity, Result, Verification
from convcost._verify.oracles import ORACLES, NotVisible, Oracle

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from convcost._layers import Layer
    from convcost._verify.devices import Device
    from convcost._verify.types import Counts


def check(
    layer: Layer,
    input_shape: tuple[int, ...],
    *,
    oracles: Iterable[str] | None = None,
    device: str = "auto",
) -> Result:
    """Compare everything that convcost claims about a layer with what the oracles count.

    Parameters
    ----------
    layer
        A layer of `convcost.layers`, with Python integers as arguments.
    input_shape
        Shape of one input in elements, without the batch.
    oracles
        Names of the oracles to use; by default all whose framework is installed.
    device
        `cpu`, `gpu`, or `auto` for a GPU if there is one.

    Returns
    -------
    Result
        What each oracle counts, and whether it agrees.

    Raises
    ------
    TypeError, ValueError
        If the layer doesn't accept the input, or an oracle or the device is unknown.
    ImportError
        If Keras or its backend, or an oracle's framework, is not installed.
    DeviceError
        If `device` is `gpu` and there is none.

    Examples
    --------
    >>> from convcost.layers import Conv2D
    >>> print(check(Conv2D(4, 3, padding="same"), (5, 5, 2), oracles=["run", "profiler"]))
    Conv2D(4, 3, padding='same') on (5, 5, 2): agrees
      run: confirmed: output shape (5, 5, 4); bias_adds 100; effective macs 1,352
      profiler: confirmed: macs 1,800; bias_adds 100
    """
    case = Case(layer, input_shape)
    return check_case(case, prepare(oracles, select_device(device)))


def run(
    cases: int = 200,
    *,
    seed: int = 0,
    kinds: Iterable[str] = KINDS,
    oracles: Iterable[str] | None = None,
    device: str = "auto",
    on_result: Callable[[Result], None] | None = None,
) -> Verification:
    """Verify many configurations drawn at random.

    Parameters
    ----------
    cases
        How many configurations to draw; positive. The kinds take turns.
    seed
        The same seed draws the same configurations.
    kinds
        Names of functions and of classes of `convcost.layers`; by default all.
    oracles
        Names of the oracles to use; by default all whose framework is installed.
    device
        `cpu`, `gpu`, or `auto` for a GPU if there is one.
    on_result
        Called with each result as it arrives, for a progress bar.

    Returns
    -------
    Verification
        All results; `agrees` is True if no number differs.

    Examples
    --------
    >>> report = run(16, seed=1, oracles=["keras"], device="cpu")
    >>> report.agrees, len(report.results)
    (True, 16)
    """
    drawn, where = draw(cases, seed, kinds), select_device(device)
    asked = prepare(oracles, where)
    start = time.perf_counter()
    results = []
    for case in drawn:
        results.append(check_case(case, asked))
        if on_result is not None:
            on_result(results[-1])
    names = tuple(oracle.name for oracle in asked)
    return Verification(tuple(results), names, seed, where, time.perf_counter() - start)


def prepare(names: Iterable[str] | None, device: Device) -> tuple[Oracle, ...]:
    """Return the oracles with these names, or all that are installed, ready to count.

    Raises
    ------
    ValueError
        If a name is unknown, or there are none.
    ImportError
        If the framework of a named oracle is not installed.
    """
    if names is None:
        return tuple(oracle(device) for oracle in ORACLES.values() if oracle.is_installed())
    asked = tuple(dict.fromkeys(names))
    if not asked:
        refuse(ValueError, "oracles", asked, f"one or more of {join_names(tuple(ORACLES))}")
    for name in asked:
        if name not in ORACLES:
            refuse_choice("oracle", name, ORACLES)
        oracle = ORACLES[name]
        if not oracle.is_installed():
            raise ImportError(f"oracle {name!r} needs {oracle.module}: {oracle.install}")
    return tuple(ORACLES[name](device) for name in asked)


def check_case(case: Case, oracles: Sequence[Oracle]) -> Result:
    """Verify one configuration with the oracles that `prepare` returned."""
    claims = case.claims()
    return Result(case, tuple(_ask(oracle, case, claims) for oracle in oracles))


def _ask(oracle: Oracle, case: Case, claims: Counts) -> Finding:
    try:
        counted = case.combine([oracle.count(*subject) for subject in case.subjects()])
    except NotVisible as answer:
        return Finding(oracle.name, reason=str(answer))
    quantities = tuple(
        Quantity(name, claims[name], value) for name, value in counted.items() if name in claims
    )
    return Finding(oracle.name, quantities)
