"""The example's input pipelines side by side: images per second, and seconds to an accuracy.

Run `python benchmarks/pipelines.py` with Fashion-MNIST in the folder `FASHION_MNIST_DIR`, or with
`--data synthetic`. The variants take turns, so that noise on the machine affects them all.
"""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import click
import report
from results import FILE, describe_machine

PROGRAM = Path(__file__).parent.parent / "examples" / "train_fashion_mnist.py"
FIGURES = FILE.with_name("pipelines.json")
# The article's pipeline; the same on processors where TensorFlow doesn't use oneDNN by default; the
# fast pipeline, with the same batches of 32; without each of its speed-ups; with larger batches.
WAYS: dict[str, tuple[list[str], dict[str, str]]] = {
    "article": (["--pipeline", "article"], {}),
    "article, without oneDNN": (["--pipeline", "article"], {"TF_ENABLE_ONEDNN_OPTS": "0"}),
    "fast": ([], {}),
    "fast, batches in one part": (["--parts", "1"], {}),
    "fast, a step at a time": (["--steps-per-execution", "1"], {}),
    "fast, without oneDNN": ([], {"TF_ENABLE_ONEDNN_OPTS": "0"}),
    "fast, batches of 64": (["--batch-size", "64"], {}),
    "fast, batches of 128": (["--batch-size", "128"], {}),
}
# These are also trained to an accuracy.
TRAINED = ("article", "fast", "fast, batches of 64", "fast, batches of 128")


def train(way: str, folder: Path, *words: str) -> list[dict[str, float]]:
    """Train one variant, or resume the run in the folder, and return the rows of the history."""
    options, environment = WAYS[way]
    where = ["--output-dir", str(folder), *(["--resume"] if folder.exists() else [])]
    subprocess.run(
        [sys.executable, str(PROGRAM), *options, *words, *where],
        check=True,
        capture_output=True,
        env={**os.environ, **environment},
    )
    with (folder / "history.csv").open(newline="") as file:
        return [{name: float(value) for name, value in row.items()} for row in csv.DictReader(file)]


def images_per_second(way: str, data: str, images: int, epochs: int) -> list[float]:
    """Train one variant, and return the images per second of each epoch but the first."""
    words = ["--data", data, "--limit", str(images), "--epochs", str(epochs)]
    with tempfile.TemporaryDirectory() as folder:
        rows = train(way, Path(folder) / "run", *words)
    return [images / row["training_seconds"] for row in rows][1:]


def until(way: str, accuracy: float, folder: Path, seed: int, most: int) -> dict[str, Any]:
    """Train one variant, and return the epochs and seconds that it takes to reach the accuracy."""
    name = way.replace(", ", "-").replace(" ", "-")
    rows = train(way, folder / name, "--seed", str(seed), "--epochs", str(most))
    for number, row in enumerate(rows, 1):
        if row["val_accuracy"] >= accuracy:
            passed = sum(one["seconds"] for one in rows[:number])
            return {"epochs": number, "seconds": passed, "accuracy": row["val_accuracy"]}
    return {"epochs": None, "seconds": None, "accuracy": max(row["val_accuracy"] for row in rows)}


@click.command()
@click.option("--data", type=click.Choice(["fashion-mnist", "synthetic"]), default="fashion-mnist")
@click.option("--rounds", default=3, show_default=True, help="Number of turns of each variant.")
@click.option("--images", default=3_840, show_default=True)
@click.option(
    "--epochs", default=4, show_default=True, help="Epochs per turn; the first is not counted."
)
@click.option("--until", "accuracy", type=float, help="Also train on all images to this accuracy.")
@click.option("--most", default=6, show_default=True, help="With --until: epochs at most.")
@click.option("--seed", default=1, show_default=True)
@click.option(
    "--folder",
    type=click.Path(path_type=Path),
    help="With --until: keep the runs in this folder, and resume them.",
)
@click.option("--write", is_flag=True, help="Write the figures and the table of the docs.")
def main(
    data: str,
    rounds: int,
    images: int,
    epochs: int,
    accuracy: float | None,
    most: int,
    seed: int,
    folder: Path | None,
    write: bool,
) -> None:
    """Measure all variants in turns, and print how they compare with the article's."""
    found: dict[str, list[float]] = {way: [] for way in WAYS}
    for _ in range(rounds):
        for way in WAYS:
            found[way] += images_per_second(way, data, images, epochs)
    figures: dict[str, Any] = {
        "where": describe_machine(),
        "images per second": {
            # The fastest epoch: other load on the machine can only slow it down.
            way: round(max(speeds))
            for way, speeds in found.items()
        },
    }
    if accuracy:
        with tempfile.TemporaryDirectory() as passing:
            kept = folder or Path(passing)
            trained = {way: until(way, accuracy, kept, seed, most) for way in TRAINED}
        figures["until"] = {"accuracy": accuracy, "seed": seed, "trained": trained}
    click.echo(report.pipelines_table(figures))
    if write:
        FIGURES.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
        report.write_pipelines(figures)


if __name__ == "__main__":
    main()
