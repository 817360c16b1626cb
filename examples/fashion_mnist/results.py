"""The figures of a finished training, and how they are printed."""

import statistics
from typing import Any

from rich.console import Console

from fashion_mnist.data import Dataset
from fashion_mnist.devices import Placement
from fashion_mnist.run_folder import RunFolder


def of_training(data: Dataset, where: Placement, folder: RunFolder) -> dict[str, Any]:
    """Return the figures of a finished training, without the test images."""
    training_seconds = statistics.median(row["training_seconds"] for row in folder.rows)
    return {
        "best_epoch": int(folder.best["epoch"]),
        "validation_loss": folder.best["val_loss"],
        "validation_accuracy": folder.best["val_accuracy"],
        "epochs": len(folder.rows),
        "seconds_per_epoch": statistics.median(row["seconds"] for row in folder.rows),
        "samples_per_second": len(data.train[0]) / training_seconds,
        "data": data.source,
        "mean": data.mean,
        "deviation": data.deviation,
        "device": str(where),
        "settings": folder.settings,
    }


def of_answers(model: Any, data: Dataset, *, batch_size: int, with_mirror: bool) -> dict[str, Any]:
    """Return how often the answer to a test image is right, by its class.

    With `with_mirror`, also how often the mean answer to an image and its mirror image is right.
    """
    images, labels = data.test
    answers = model.predict(images, batch_size=batch_size, verbose=0)
    right = answers.argmax(axis=-1) == labels
    figures: dict[str, Any] = {
        "test_accuracy_by_class": {
            name: float(right[labels == number].mean())
            for number, name in enumerate(data.classes)
            if number in labels
        }
    }
    if with_mirror:
        both = answers + model.predict(images[:, :, ::-1], batch_size=batch_size, verbose=0)
        figures["test_accuracy_with_mirror"] = float((both.argmax(axis=-1) == labels).mean())
    return figures


def show(folder: RunFolder, metrics: dict[str, Any], console: Console) -> None:
    """Print the results of the best checkpoint, the training speed, and where the files are."""
    console.print(
        f"Best checkpoint (epoch {metrics['best_epoch']}): test accuracy"
        f" {metrics['test_accuracy']:.4f}, test loss {metrics['test_loss']:.4f}"
    )
    by_class = sorted(metrics["test_accuracy_by_class"].items(), key=lambda one: one[1])
    each = ", ".join(f"{name} {accuracy:.3f}" for name, accuracy in by_class)
    console.print(f"By class: {each}", soft_wrap=True)
    if "test_accuracy_with_mirror" in metrics:
        console.print(
            "Mean answer to each image and its mirror image: test accuracy"
            f" {metrics['test_accuracy_with_mirror']:.4f}"
        )
    console.print(
        f"Median time of an epoch: {metrics['seconds_per_epoch']:.1f} s;"
        f" training only: {metrics['samples_per_second']:,.0f} images per second"
    )
    console.print(
        f"Written to {folder.path}: {', '.join(folder.written())}", markup=False, soft_wrap=True
    )
