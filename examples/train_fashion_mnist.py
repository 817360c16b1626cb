"""Train a Fashion-MNIST classifier whose every parameter is explained by its formula.

Run `python examples/train_fashion_mnist.py --help` for the options. Exit codes: 0 for a finished
training, 1 where a formula and the built model differ, 2 for a usage, data or environment error,
130 if interrupted.
"""

import csv
import datetime
import json
import os
import shutil
import signal
import sys
import time
from pathlib import Path
from typing import Any

# Before TensorFlow is imported: its C++ side logs that there is no GPU as if it were an error.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import click
import fashion_mnist_data as data_set
import fashion_mnist_models as models
from rich.console import Console
from rich.table import Table

from convcost.verify.backend import Device, DeviceError, select_device

console = Console()
CHECKPOINT = "best.keras"
HISTORY = "history.csv"
_INTERRUPTED = 130


@click.command(context_settings={"help_option_names": ["-h", "--help"], "show_default": True})
@click.option("--model", "kind", type=click.Choice(models.MODELS), default="separable")
@click.option(
    "--data",
    type=click.Choice(["fashion-mnist", "synthetic"]),
    default="fashion-mnist",
    help="synthetic: random patterns, to try the program without the data.",
)
@click.option(
    "--data-dir",
    type=click.Path(path_type=Path),
    envvar="FASHION_MNIST_DIR",
    help="Folder with the four IDX .gz files; without it Keras downloads them.",
)
@click.option(
    "--output-dir",
    type=click.Path(path_type=Path, file_okay=False),
    help="Where everything is written; by default a fresh folder below runs/.",
)
@click.option("--overwrite", is_flag=True, help="Replace what an earlier run left in --output-dir.")
@click.option("--epochs", type=click.IntRange(min=1), default=10)
@click.option("--batch-size", type=click.IntRange(min=1), default=32)
@click.option("--seed", type=click.IntRange(0, 2**32 - 1), default=42)
@click.option("--device", type=click.Choice(["auto", "cpu", "gpu"]), default="auto")
@click.option("--limit", type=click.IntRange(min=1), help="Use only the first N training images.")
@click.option("--normalize/--no-normalize", default=True, help="Or train on raw pixels.")
def train(
    kind: str,
    data: str,
    data_dir: Path | None,
    output_dir: Path | None,
    overwrite: bool,
    epochs: int,
    batch_size: int,
    seed: int,
    device: str,
    limit: int | None,
    normalize: bool,
) -> int:
    """Train a Fashion-MNIST classifier and show the formula behind each number of its summary."""
    if data == "synthetic" and click.get_current_context().get_parameter_source("data_dir") == (
        click.core.ParameterSource.COMMANDLINE
    ):
        raise click.UsageError("--data synthetic and --data-dir exclude each other")
    settings = dict(click.get_current_context().params)
    try:
        where = select_device(device)
        dataset = data_set.load(data, data_dir, normalize=normalize, limit=limit)
        folder = prepare_folder(output_dir, kind, overwrite=overwrite)
    except (data_set.DataError, DeviceError, ImportError, OSError) as error:
        raise click.ClickException(str(error)) from error
    print_data(dataset, where)

    import keras

    keras.utils.set_random_seed(seed)
    with where.scope():
        model = models.build(kind)
        try:
            rows = models.explain(model)
        except models.MismatchError as error:
            console.print(f"Error: {error}", style="bold red", markup=False)
            return 1
        print_summary(model, rows)
        run = Run(model, dataset, folder, settings, where, rows)
        return run.train(epochs=epochs, batch_size=batch_size)


def prepare_folder(output_dir: Path | None, kind: str, *, overwrite: bool) -> Path:
    """Make the folder that the run writes into, and keep what is not ours to replace."""
    if output_dir is None:
        stamp = datetime.datetime.now().strftime("%Y%m%d-%H%M%S-%f")
        output_dir = Path("runs") / f"fashion-mnist-{kind}-{stamp}"
    if output_dir.exists() and any(output_dir.iterdir()):
        if not overwrite:
            raise data_set.DataError(
                f"{output_dir} is not empty; choose another --output-dir, or --overwrite"
            )
        clear(output_dir)
    output_dir.mkdir(parents=True, exist_ok=True)
    return output_dir


def clear(folder: Path) -> None:
    """Remove what an earlier run wrote, and nothing else."""
    for name in (CHECKPOINT, HISTORY, "metrics.json", "learning_curves.png"):
        (folder / name).unlink(missing_ok=True)
    shutil.rmtree(folder / "tensorboard", ignore_errors=True)


def print_data(dataset: data_set.Dataset, where: Device) -> None:
    """Say what is trained on, and where."""
    parts = ", ".join(
        f"{len(images):,} {name}"
        for name, (images, _) in (
            ("training", dataset.train),
            ("validation", dataset.validation),
            ("test", dataset.test),
        )
    )
    console.print(f"Data: {dataset.source}: {parts} images", markup=False, soft_wrap=True)
    console.print(f"Normalised by mean {dataset.mean:.4f}, deviation {dataset.deviation:.4f}")
    console.print(f"Device: {where}")


def print_summary(model: Any, rows: list[models.Row]) -> None:
    """Print a row per layer: its shape, its parameters by Keras and by formula, its MACs."""
    table = Table(title=f"{model.name}: every parameter by its formula", title_justify="left")
    table.add_column("layer", no_wrap=True)
    table.add_column("output", no_wrap=True)
    table.add_column("Keras", justify="right", no_wrap=True)
    table.add_column("formula", overflow="fold")
    table.add_column("MACs", justify="right", no_wrap=True)
    for row in rows:
        shape = "x".join(map(str, row.output_shape))
        table.add_row(row.kind, shape, f"{row.keras_params:,}", row.arithmetic, f"{row.macs:,}")
    table.add_section()
    total = sum(row.params for row in rows)
    table.add_row(
        "total", "", f"{model.count_params():,}", f"{total:,}", f"{sum(r.macs for r in rows):,}"
    )
    console.print(table)
    console.print("Every formula equals Keras's count.")


class Run:
    """One training: the model, its data, and the folder that it writes into."""

    def __init__(
        self,
        model: Any,
        dataset: data_set.Dataset,
        folder: Path,
        settings: dict[str, Any],
        where: Device,
        rows: list[models.Row],
    ) -> None:
        self.model = model
        self.dataset = dataset
        self.folder = folder
        self.settings = settings
        self.where = where
        self.rows = rows

    def train(self, *, epochs: int, batch_size: int) -> int:
        """Fit, then evaluate the best checkpoint; return the exit code."""
        log = _make_log(self.folder / HISTORY)
        before = signal.getsignal(signal.SIGINT)
        try:
            self.model.fit(
                *self.dataset.train,
                validation_data=self.dataset.validation,
                epochs=epochs,
                batch_size=batch_size,
                callbacks=[*self._callbacks(), log, _make_interruption()],
                verbose="auto" if sys.stdout.isatty() else 2,
            )
            interrupted = False
        except KeyboardInterrupt:
            interrupted = True
        finally:
            signal.signal(signal.SIGINT, before)
        self._finish(log.rows, interrupted=interrupted)
        return _INTERRUPTED if interrupted else 0

    def _callbacks(self) -> list[Any]:
        import keras

        callbacks = [
            keras.callbacks.ModelCheckpoint(self.folder / CHECKPOINT, save_best_only=True),
            keras.callbacks.EarlyStopping(patience=5, min_delta=1e-3),
        ]
        if keras.backend.backend() != "jax":  # Keras's callback needs TensorFlow or PyTorch
            callbacks.append(keras.callbacks.TensorBoard(self.folder / "tensorboard"))
        return callbacks

    def _finish(self, rows: list[dict[str, float]], *, interrupted: bool) -> None:
        written = []
        if rows:
            written.append(HISTORY)
            plot(rows, self.folder / "learning_curves.png")
            written.append("learning_curves.png")
        if (self.folder / CHECKPOINT).exists():
            written.append(CHECKPOINT)
        if interrupted:
            kept = ", ".join(written) or "nothing: no epoch was finished"
            console.print(
                f"\nInterrupted after {len(rows)} whole epochs. Kept in {self.folder}: {kept}",
                markup=False,
                soft_wrap=True,
            )
            return
        metrics = self._evaluate(rows)
        (self.folder / "metrics.json").write_text(json.dumps(metrics, indent=2) + "\n")
        console.print(
            f"Best checkpoint (epoch {metrics['best_epoch']}): test accuracy"
            f" {metrics['test_accuracy']:.4f}, test loss {metrics['test_loss']:.4f}"
        )
        console.print(f"Median time of an epoch: {metrics['seconds_per_epoch']:.1f} s")
        console.print(
            f"Written to {self.folder}: {', '.join([*written, 'metrics.json'])}",
            markup=False,
            soft_wrap=True,
        )

    def _evaluate(self, rows: list[dict[str, float]]) -> dict[str, Any]:
        import keras

        # The file, not the model in memory: what is reported is what was kept.
        best = keras.models.load_model(self.folder / CHECKPOINT)
        loss, accuracy = best.evaluate(*self.dataset.test, verbose=0)
        best_row = min(rows, key=lambda row: row["val_loss"])
        seconds = sorted(row["seconds"] for row in rows)
        return {
            "test_loss": float(loss),
            "test_accuracy": float(accuracy),
            "best_epoch": int(best_row["epoch"]),
            "validation_loss": best_row["val_loss"],
            "validation_accuracy": best_row["val_accuracy"],
            "epochs": len(rows),
            "seconds_per_epoch": seconds[len(seconds) // 2],
            "params": sum(row.params for row in self.rows),
            "macs": sum(row.macs for row in self.rows),
            "data": self.dataset.source,
            "mean": self.dataset.mean,
            "deviation": self.dataset.deviation,
            "device": str(self.where),
            "settings": {
                name: str(value) if isinstance(value, Path) else value
                for name, value in self.settings.items()
            },
        }


def _make_log(path: Path) -> Any:
    """Return a callback that writes each epoch's row as soon as the epoch is over."""
    import keras

    class EpochLog(keras.callbacks.Callback):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.rows: list[dict[str, float]] = []

        def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
            self.started = time.perf_counter()

        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            row = {
                "epoch": epoch + 1,
                **{name: float(value) for name, value in logs.items()},
                "seconds": round(time.perf_counter() - self.started, 3),
            }
            with path.open("a" if self.rows else "w", newline="") as file:
                writer = csv.DictWriter(file, row)
                if not self.rows:
                    writer.writeheader()
                writer.writerow(row)
            self.rows.append(row)

    return EpochLog()


def _make_interruption() -> Any:
    """Return a callback that lets Ctrl-C end the training between two batches.

    So it never comes while the checkpoint or the history is being written. A second Ctrl-C is not
    held back.
    """
    import keras

    class Interruption(keras.callbacks.Callback):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.asked = False

        def on_train_begin(self, logs: Any = None) -> None:
            signal.signal(signal.SIGINT, self.ask)

        def ask(self, *_: Any) -> None:
            self.asked = True
            signal.signal(signal.SIGINT, signal.default_int_handler)

        def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
            if self.asked:
                raise KeyboardInterrupt

        def on_test_batch_end(self, batch: int, logs: Any = None) -> None:
            self.on_train_batch_end(batch)

    return Interruption()


def plot(rows: list[dict[str, float]], path: Path) -> None:
    """Draw loss and accuracy, on training and validation images, epoch by epoch."""
    from matplotlib.figure import Figure
    from matplotlib.ticker import MaxNLocator

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


def main() -> int:
    """Run the command line and return its exit code."""
    try:
        return int(train.main(standalone_mode=False) or 0)
    except click.ClickException as error:
        error.show()
        return 2
    except (click.Abort, KeyboardInterrupt):
        click.echo("Interrupted", err=True)
        return _INTERRUPTED


if __name__ == "__main__":
    sys.exit(main())
