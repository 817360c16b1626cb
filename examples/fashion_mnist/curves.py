"""The learning curves of a training."""

from pathlib import Path

from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator


def plot(rows: list[dict[str, float]], path: Path) -> None:
    """Plot loss and accuracy on training and validation images, epoch by epoch."""
    figure = Figure(figsize=(8, 5), layout="constrained")
    axes = figure.subplots()
    epochs = [row["epoch"] for row in rows]
    for name, label, color, style in (
        ("loss", "training loss", "tab:orange", "--"),
        ("val_loss", "validation loss", "tab:orange", "-"),
        ("accuracy", "training accuracy", "tab:blue", "--"),
        ("val_accuracy", "validation accuracy", "tab:blue", "-"),
    ):
        axes.plot(epochs, [row[name] for row in rows], style, color=color, label=label, marker=".")
    axes.set(ylim=(0, 1), xlabel="epoch", title="Fashion-MNIST")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.grid(alpha=0.3)
    axes.legend(loc="center right")
    figure.savefig(path, dpi=150)
