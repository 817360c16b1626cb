"""What an activation costs on phones: the example's model with SELU and with ReLU, as LiteRT files.

Run `python benchmarks/activations.py --write`; it takes a minute on one core. The weights are
random and the images random patterns; as the converter chooses other ranges each time, each model
is exported several times.
"""

from __future__ import annotations

import os
import sys
from itertools import product
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

import click
import report
from results import HERE, describe_machine, write_page

FOLDER = HERE.parent / "docs" / "fashion-mnist"
FIGURES, TABLE = FOLDER / "activations.json", FOLDER / "activations.md"
NOTE = "<!-- Written by benchmarks/activations.py from activations.json; change those. -->"
KINDS = ("separable", "standard")
CASES = list(product(("float32", "int8"), ("selu", "relu")))
_NAMES = {"selu": "SELU", "relu": "ReLU"}
_EXPORTS, _REPEATS, _SAMPLES = 3, 15, 100


def measure() -> list[dict[str, Any]]:
    """Return the seconds of one image in each case: the median of each of several exports."""
    sys.path.insert(0, str(HERE.parent / "examples"))
    from fashion_mnist import data, phones
    from timing.clock import time_in_turns

    samples = data.load("synthetic", None, normalize=True, limit=_SAMPLES).train[0]
    seconds: dict[Any, list[float]] = {one: [] for one in product(CASES, KINDS)}
    for _ in range(_EXPORTS):
        runs = []
        with TemporaryDirectory() as folder:
            for (precision, activation), kind in seconds:
                path = Path(folder) / "model.tflite"
                phones.convert(_model(kind, activation), path, precision, samples)
                runs.append(phones.Interpreter(path))
        for run, times in zip(seconds, time_in_turns(list(runs), _REPEATS), strict=True):
            seconds[run].append(median(times))
    return [
        {"precision": case[0], "activation": case[1], **{one: seconds[case, one] for one in KINDS}}
        for case in CASES
    ]


def _model(kind: str, activation: str) -> Any:
    """Return the example's model with another activation in all its hidden layers."""
    import keras
    from train_fashion_mnist import build_model

    config = build_model(kind).get_config()
    for layer in config["layers"]:
        if layer["config"].get("activation") == "selu":
            layer["config"]["activation"] = activation
    return keras.Sequential.from_config(config)


def table(figures: dict[str, Any]) -> str:
    """Return a row for each precision and activation, with the range over the exports."""
    rows = [
        [
            f"{one['precision']}, {_NAMES[one['activation']]}",
            *(_microseconds(one[kind]) for kind in KINDS),
            f"{median(one['standard']) / median(one['separable']):.1f}x",
        ]
        for one in figures["cases"]
    ]
    heading = ["one image, µs", *(f"{kind} convolutions" for kind in KINDS), "faster"]
    return report.table(heading, rows)


def _microseconds(seconds: list[float]) -> str:
    least, most = (f"{1e6 * one:.0f}" for one in (min(seconds), max(seconds)))
    return least if least == most else f"{least} to {most}"


def page(figures: dict[str, Any]) -> str:
    """Return the page with the table."""
    return f"{NOTE}\n\n{table(figures)}\n"


@click.command()
@click.option("--write", "written", is_flag=True, help="Write the figures and the table.")
def main(written: bool) -> None:
    """Time one image with SELU and with ReLU, in float32 and int8, on one core."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    figures = {"where": describe_machine(), "exports": _EXPORTS, "cases": measure()}
    click.echo(page(figures))
    if written:
        write_page(FIGURES, figures, page(figures))


if __name__ == "__main__":
    main()
