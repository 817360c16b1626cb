"""Write the tables of the Fashion-MNIST example's page from the figures of trained models.

`python benchmarks/fashion_mnist_tables.py` reads `examples/trained/`: the `metrics.json` of each
model of `--recipe strong`, trained with one seed each, and of their teachers.
"""

from __future__ import annotations

import json
from statistics import mean, stdev
from typing import TYPE_CHECKING, Any

from report import table
from results import HERE

if TYPE_CHECKING:
    from pathlib import Path

TRAINED = HERE.parent / "examples" / "trained"
FOLDER = HERE.parent / "docs" / "fashion-mnist"
NOTE = "<!-- Written by benchmarks/fashion_mnist_tables.py from examples/trained; change that. -->"

Metrics = dict[str, Any]
_VALIDATED = {"validation loss": "validation_loss", "validation accuracy": "validation_accuracy"}
_TESTED = {
    "test loss": "test_loss",
    "test accuracy": "test_accuracy",
    "with mirror image": "test_accuracy_with_mirror",
}


def read(folder: Path) -> list[Metrics]:
    """Return the figures of all models in a folder, in order of their seeds."""
    texts = [path.read_text(encoding="utf-8") for path in folder.glob("*/metrics.json")]
    return sorted(map(json.loads, texts), key=lambda metrics: metrics["settings"]["seed"])


def trained_table(models: list[Metrics], columns: dict[str, str]) -> str:
    """Return a row for each model, their means, and their standard deviations."""
    rows = []
    for one in models:
        epoch = f"{one['best_epoch']} of {one['epochs']}"
        figures = [f"{one[name]:.4f}" for name in columns.values()]
        rows.append([str(one["settings"]["seed"]), epoch, *figures])
    for title, combine in (("mean", mean), ("standard deviation", stdev)):
        figures = [f"{combine(one[name] for one in models):.4f}" for name in columns.values()]
        rows.append([title, "", *figures])
    return table(["seed", "best epoch", *columns], rows)


def classes_table(models: list[Metrics]) -> str:
    """Return a row for each class, the hardest first: the mean of all models, and their range."""
    found = [one["test_accuracy_by_class"] for one in models]
    rows = []
    for name in sorted(found[0], key=lambda name: mean(one[name] for one in found)):
        each = [one[name] for one in found]
        rows.append([name, f"{mean(each):.3f}", f"{min(each):.3f} to {max(each):.3f}"])
    return table(["class", "test accuracy, mean", "range"], rows)


def phones_table(exported: list[dict[str, Any]]) -> str:
    """Return a row for each precision of the model as phones run it, and of its standard twin."""
    rows = []
    for one in exported:
        for twin in ("", "standard_"):
            rows.append(
                [
                    f"{'standard' if twin else 'separable'}, {one['precision']}",
                    "" if twin else f"{one['test_accuracy']:.4f}",
                    f"{one[f'{twin}weight_bytes']:,}",
                    f"{one[f'{twin}file_bytes']:,}",
                    f"{1e6 * one[f'{twin}seconds']:,.0f}",
                ]
            )
    heading = ["convolutions", "test accuracy", "weights, bytes", "file, bytes", "µs per image"]
    return table(heading, rows)


def pages() -> dict[Path, str]:
    """Return the text of each file to write."""
    taught, teachers = read(TRAINED), read(TRAINED / "teachers")
    exported = next(one["exported"] for one in taught if "exported" in one)
    tables = {
        "taught": trained_table(taught, {**_VALIDATED, **_TESTED}),
        "teachers": trained_table(teachers, {**_VALIDATED, "test accuracy": "test_accuracy"}),
        "classes": classes_table(taught),
        "phones": phones_table(exported),
    }
    return {FOLDER / f"{name}.md": f"{NOTE}\n\n{text}\n" for name, text in tables.items()}


if __name__ == "__main__":
    for path, text in pages().items():
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
