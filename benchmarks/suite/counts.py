"""What each counter reports, in a separate process, since Keras has one backend per process.

`python -m suite.counts models XLA`, in the folder above, runs one of them.
"""

from __future__ import annotations

import json
import math
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from .peers import COUNTERS, counters_of, silence
from .subjects import LAYERS, MODELS

if TYPE_CHECKING:
    from collections.abc import Callable

#: MACs by counter and subject, None where the counter refuses the subject.
Counts = dict[str, dict[str, "int | None"]]


def _questions(kind: str, counter: str) -> dict[str, Callable[[], int]]:
    """Return a call that counts each of the "layers" or "models", by name."""
    peer = COUNTERS[counter]
    if kind == "models":
        return {name: lambda name=name: peer.model(name)() for name in MODELS}  # type: ignore[misc]
    count = peer.layer
    assert count
    return {name: lambda what=what: count(*what) for name, what in LAYERS.items()}  # type: ignore[misc]


def ask(kind: str, counter: str) -> dict[str, int | None]:
    """Return the MACs that a counter reports; reasons for refusals go to standard error."""
    found: dict[str, int | None] = {}
    for name, question in _questions(kind, counter).items():
        try:
            with silence():
                found[name] = question()
        except Exception as error:
            # Counters raise errors of many types: each is a refusal, and is shown.
            said = f"{counter} has no number for {name}: {type(error).__name__}: {error}"
            sys.stderr.write(said + "\n")
            found[name] = None
    return found


def everyones(kind: str) -> Counts:
    """Run all counters on "layers" or "models"."""
    return {name: _apart(kind, name) for name in counters_of(kind)}


def or_nan(macs: int | None) -> float:
    """Return a count, or NaN, which means no result to asv, if the counter refused."""
    return math.nan if macs is None else macs


def _apart(kind: str, counter: str) -> dict[str, int | None]:
    command = [sys.executable, "-m", "suite.counts", kind, counter]
    done = subprocess.run(
        command, cwd=Path(__file__).parents[1], check=True, stdout=subprocess.PIPE, text=True
    )
    found: dict[str, int | None] = json.loads(done.stdout.splitlines()[-1])
    return found


if __name__ == "__main__":
    print(json.dumps(ask(*sys.argv[1:])))
