"""The Fashion-MNIST example as processes, and the histories that they write."""

import csv
import os
import subprocess
import sys

from conftest import ROOT

PROGRAM = [sys.executable, str(ROOT / "examples" / "train_fashion_mnist.py")]


def environment():
    return {name: value for name, value in os.environ.items() if name != "FASHION_MNIST_DIR"}


def start(*words):
    return subprocess.Popen(
        [*PROGRAM, *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=environment(),
    )


def finish(*words):
    process = start(*words)
    out, _ = process.communicate(timeout=600)
    assert process.returncode == 0, out
    return out


def history(folder):
    """Return the history without its times."""
    with (folder / "history.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    return [{name: value for name, value in row.items() if "seconds" not in name} for row in rows]
