"""The example's input pipelines side by side: images per second in training.

Run `python benchmarks/pipelines.py` where Fashion-MNIST is (`FASHION_MNIST_DIR`), or with
`--data synthetic`. The two take turns, so that a noisy moment of the machine hits both.
"""

import argparse
import csv
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

PROGRAM = Path(__file__).parent.parent / "examples" / "train_fashion_mnist.py"
# In the article's plain way, in the new one, and in the new one without oneDNN's convolutions.
WAYS: dict[str, tuple[list[str], dict[str, str]]] = {
    "article": (["--pipeline", "article"], {}),
    "fast": (["--pipeline", "fast"], {}),
    "fast, batches of 32": (["--pipeline", "fast", "--batch-size", "32"], {}),
    "fast, 10 steps at once": (["--pipeline", "fast", "--steps-per-execution", "10"], {}),
    "fast, without oneDNN": (["--pipeline", "fast"], {"TF_ENABLE_ONEDNN_OPTS": "0"}),
}


def images_per_second(way: str, data: str, images: int, epochs: int) -> list[float]:
    """Train in one way, and return the images per second of each epoch but the first."""
    words, environment = WAYS[way]
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, str(PROGRAM), *words, "--data", data, "--limit", str(images)]
        command += ["--epochs", str(epochs), "--output-dir", folder]
        subprocess.run(command, check=True, capture_output=True, env={**os.environ, **environment})
        with (Path(folder) / "history.csv").open(newline="") as file:
            return [images / float(row["training_seconds"]) for row in csv.DictReader(file)][1:]


def main() -> None:
    """Measure all ways in turns, and print how they compare with the article's."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", choices=["fashion-mnist", "synthetic"], default="fashion-mnist")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--images", type=int, default=3_840)
    parser.add_argument("--epochs", type=int, default=4)
    options = parser.parse_args()
    found: dict[str, list[float]] = {way: [] for way in WAYS}
    for _ in range(options.rounds):
        for way in WAYS:
            found[way] += images_per_second(way, options.data, options.images, options.epochs)
    article = statistics.median(found["article"])
    for way, speeds in found.items():
        speed = statistics.median(speeds)
        print(f"{way:<24} {speed:6,.0f} images per second  {speed / article:.2f}x the article's")


if __name__ == "__main__":
    main()
