"""Train a Fashion-MNIST classifier whose every parameter is explained by its formula.

Run `python examples/train_fashion_mnist.py --help` for the options. Exit codes: 0 for a finished
training, 1 where a formula and the built model differ, 2 for a usage, data or environment error, 3
where training failed (the loss is not a number, or nothing can be written any more), 130 if
interrupted.
"""

import dataclasses
import datetime
import math
import os
import sys
from pathlib import Path
from typing import Any

# Before TensorFlow is imported: its C++ side logs that there is no GPU as if it were an error.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import click
import command_line
import fashion_mnist_data as data_set
import fashion_mnist_devices as devices
import fashion_mnist_models as models
from fashion_mnist_recipes import RECIPES, Recipe
from fashion_mnist_runs import RunError, RunFolder, WriteError
from rich.console import Console

from convcost.verify.backend import DeviceError

console = Console()
_MISMATCH, _FAILED = 1, 3
# What may differ when a run goes on: it bears on where things are, not on what is computed.
_NOT_KEPT = {"data_dir", "output_dir", "overwrite", "resume", "device"}


@click.command(context_settings={"help_option_names": ["-h", "--help"], "show_default": True})
@click.option("--model", "kind", type=click.Choice(models.MODELS), default="separable")
@click.option(
    "--recipe",
    type=click.Choice(list(RECIPES)),
    default="article",
    help="strong: augmentation, a learning rate that falls, averaged weights, more epochs.",
)
@click.option(
    "--pipeline",
    type=click.Choice(["fast", "article"]),
    default="fast",
    help="article: images are sent to the device batch by batch.",
)
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
@click.option(
    "--resume",
    is_flag=True,
    help="Go on with the run in --output-dir from its last finished epoch, with its settings.",
)
@click.option("--epochs", type=click.IntRange(min=1), help="By default the recipe's.")
@click.option("--batch-size", type=click.IntRange(min=1), help="By default the recipe's.")
@click.option("--learning-rate", type=click.FloatRange(min=0, min_open=True), help="Likewise.")
@click.option(
    "--steps-per-execution",
    type=click.IntRange(min=1),
    help="Steps taken without a look at them; by default what is faster.",
)
@click.option(
    "--parts",
    type=click.IntRange(min=1),
    help="Parts of a batch that are computed side by side, no more than the smallest batch has"
    " images; by default what is faster.",
)
@click.option("--seed", type=click.IntRange(0, 2**31 - 1), default=42)
@click.option("--deterministic", is_flag=True, help="The same numbers each time, bit by bit.")
@click.option("--device", type=click.Choice(["auto", "cpu", "gpu"]), default="auto")
@click.option("--devices", "count", type=click.IntRange(min=1), default=1, help="How many.")
@click.option("--precision", type=click.Choice(devices.PRECISIONS), default="float32")
@click.option("--xla/--no-xla", default=None, help="By default what is faster on the device.")
@click.option("--limit", type=click.IntRange(min=1), help="Use only the first N training images.")
@click.option("--normalize/--no-normalize", default=True, help="Or train on raw pixels.")
def train(**options: Any) -> int:
    """Train a Fashion-MNIST classifier and show the formula behind each number of its summary."""
    context = click.get_current_context()
    _check(context, options)
    folder = _resume(context, options) if options["resume"] else None
    settings = folder.settings if folder else _settings(options)
    try:
        fast = settings["pipeline"] == "fast"
        devices.prepare_environment(fast=fast, deterministic=settings["deterministic"])
        where = devices.place(
            options["device"],
            settings["count"],
            fast=fast,
            xla=settings["xla"],
            deterministic=settings["deterministic"],
            precision=settings["precision"],
            steps_per_execution=settings["steps_per_execution"],
            parts=settings["parts"],
        )
        dataset = data_set.load(
            settings["data"],
            options["data_dir"],
            normalize=settings["normalize"],
            limit=settings["limit"],
        )
        counts = len(dataset.train[0]), len(dataset.validation[0])
        # TensorFlow's convolutions refuse a part without an image.
        where = where.with_parts_for(choose_recipe(settings).smallest_batch(*counts))
        folder = folder or RunFolder.create(
            _path(options["output_dir"], settings), settings, overwrite=options["overwrite"]
        )
    except (data_set.DataError, RunError, DeviceError, ImportError, OSError) as error:
        raise click.ClickException(str(error)) from error
    print_data(dataset, where)
    return _train(folder, dataset, where)


def _check(context: click.Context, options: dict[str, Any]) -> None:
    if options["data"] == "synthetic" and _is_given(context, "data_dir"):
        raise click.UsageError("--data synthetic and --data-dir exclude each other")
    rate = options["learning_rate"]
    if rate is not None and not math.isfinite(rate):
        raise click.UsageError(f"--learning-rate must be a positive number; got {rate}")
    if options["resume"] and options["overwrite"]:
        raise click.UsageError("--resume and --overwrite exclude each other")
    if options["resume"] and not options["output_dir"]:
        raise click.UsageError("--resume needs the --output-dir of the run to go on with")
    if options["pipeline"] == "article" and RECIPES[options["recipe"]].augmentation:
        raise click.UsageError(
            f"--pipeline article sends the images as they are, but --recipe {options['recipe']}"
            " changes them; use --pipeline fast"
        )


def _is_given(context: click.Context, name: str) -> bool:
    return context.get_parameter_source(name) == click.core.ParameterSource.COMMANDLINE


def _settings(options: dict[str, Any]) -> dict[str, Any]:
    """Return what the training depends on, as JSON has it."""
    return {name: value for name, value in options.items() if name not in _NOT_KEPT}


def _resume(context: click.Context, options: dict[str, Any]) -> RunFolder:
    """Open the run to go on with; what is said again must be what was said at its start."""
    try:
        folder = RunFolder.resume(options["output_dir"])
    except RunError as error:
        raise click.ClickException(str(error)) from error
    given = _settings(options)
    if given.keys() != folder.settings.keys():
        raise click.ClickException(f"{folder.path} was written by another version of this program")
    for name, value in given.items():
        if _is_given(context, name) and value != folder.settings[name]:
            option = next(one.opts[0] for one in context.command.params if one.name == name)
            raise click.UsageError(
                f"--resume goes on with {option} {folder.settings[name]}; got {value}"
            )
    return folder


def _path(output_dir: Path | None, settings: dict[str, Any]) -> Path:
    stamp = datetime.datetime.now().strftime("%Y%m%d-%H%M%S-%f")
    return output_dir or Path("runs") / f"fashion-mnist-{settings['kind']}-{stamp}"


def choose_recipe(settings: dict[str, Any]) -> Recipe:
    """Return the recipe of that name, with what the user wants otherwise."""
    recipe = RECIPES[settings["recipe"]]
    changes = {
        name: settings[name]
        for name in ("epochs", "batch_size", "learning_rate")
        if settings[name] is not None
    }
    return dataclasses.replace(recipe, **changes)


def _train(folder: RunFolder, dataset: data_set.Dataset, where: devices.Placement) -> int:
    import fashion_mnist_callbacks as callbacks
    import fashion_mnist_training as training
    import keras

    settings = folder.settings
    keras.utils.set_random_seed(settings["seed"])
    with where.scope():
        model = models.build(settings["kind"])
        try:
            report = models.explain(model)
        except models.MismatchError as error:
            console.print(f"Error: {error}", style="bold red", markup=False)
            return _MISMATCH
        console.print(report)
        console.print("Every formula equals Keras's count.")
        run = training.Training(
            model=model,
            dataset=dataset,
            recipe=choose_recipe(settings),
            placement=where,
            seed=settings["seed"],
            gather=settings["pipeline"] == "fast",
        )
        if folder.rows:
            console.print(f"Going on after epoch {len(folder.rows)}")
        try:
            run.run(folder)
            metrics = run.evaluate(folder)
            metrics |= {"params": report.network.params, "macs": report.network.macs}
            folder.write_curves(lambda path: training.plot(folder.rows, path))
            folder.write_metrics(metrics)
        except (callbacks.DivergedError, WriteError) as error:
            return _end(folder, f"Error: {error},", _FAILED)
        except KeyboardInterrupt:
            return _end(folder, "Interrupted", command_line.INTERRUPTED)
    print_result(folder, metrics)
    return 0


def _end(folder: RunFolder, why: str, code: int) -> int:
    """Say what is left of a training that did not come to its end."""
    count = len(folder.rows)
    kept = ", ".join(folder.written()) or "nothing: no epoch was finished"
    text = f"{why} after {count} whole epochs. Kept in {folder.path}: {kept}"
    if count:
        text += ". --resume goes on from there"
    click.echo(f"\n{text}", err=True)
    return code


def print_data(dataset: data_set.Dataset, where: devices.Placement) -> None:
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


def print_result(folder: RunFolder, metrics: dict[str, Any]) -> None:
    """Say how well the best checkpoint does, how fast it was trained, and where all is."""
    console.print(
        f"Best checkpoint (epoch {metrics['best_epoch']}): test accuracy"
        f" {metrics['test_accuracy']:.4f}, test loss {metrics['test_loss']:.4f}"
    )
    console.print(
        f"Median time of an epoch: {metrics['seconds_per_epoch']:.1f} s;"
        f" training alone: {metrics['samples_per_second']:,.0f} images per second"
    )
    console.print(
        f"Written to {folder.path}: {', '.join(folder.written())}", markup=False, soft_wrap=True
    )


if __name__ == "__main__":
    sys.exit(command_line.run(train))
