"""Train a Fashion-MNIST classifier, with a formula for every one of its parameters.

Read it from top to bottom: the model, the formula behind each of its numbers, the training, the
evaluation, and the command line that calls them in this order. What the article's program lacks is
in the package `fashion_mnist`: the faster pipeline, the strong recipe, resuming.

Run `python examples/train_fashion_mnist.py --help` for the options. Exit codes: 0 for a finished
training, 1 if a formula and the built model differ, 2 for a usage, data or environment error, 3 if
the training failed (the loss is not a number, or files can no longer be written), 130 if
interrupted, 141 if the reader of the output is gone.
"""

import dataclasses
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import command_line

# Before TensorFlow is imported: its C++ side logs that there is no GPU as if it were an error.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import click
from fashion_mnist import devices, options, results
from fashion_mnist.data import VALIDATION_IMAGES, DataError, Dataset, count_training_images, load
from fashion_mnist.recipes import STRONG, Recipe
from fashion_mnist.run_folder import TENSORBOARD, DivergedError, RunError, RunFolder, WriteError
from fashion_mnist.teachers import figures as teachers_figures
from fashion_mnist.teachers import load_best, open_teacher

import convcost
from convcost._verify.devices import DeviceError

# Keras is imported inside functions, because some options must be set before that.

# The article's recipe: Adam, and early stopping after five epochs.
ARTICLE = Recipe(epochs=10, batch_size=32, learning_rate=0.001, patience=5)
RECIPES = {"article": ARTICLE, "strong": STRONG}
LOSS = "sparse_categorical_crossentropy"

console = command_line.Output()
_MISMATCH, _FAILED = 1, 3
_WIDE = 120  # columns; a narrower summary leaves out something, but not the formulas
_SEEDS_APART = 100_000  # the seeds of teachers from that of their run


def build_model(kind: str = "separable") -> Any:
    """Return the article's Keras model, or the same with standard convolutions throughout."""
    import keras

    def convolution(filters: int) -> Any:
        make = keras.layers.SeparableConv2D if kind == "separable" else keras.layers.Conv2D
        return make(filters, 3, padding="same", activation="selu")

    return keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            keras.layers.Conv2D(32, 3, padding="same", activation="selu"),
            convolution(32),
            keras.layers.MaxPooling2D(2),
            convolution(64),
            convolution(64),
            keras.layers.MaxPooling2D(2),
            convolution(128),
            convolution(128),
            keras.layers.MaxPooling2D(2),
            keras.layers.Flatten(),
            keras.layers.Dense(128, activation="selu"),
            # Probabilities stay float32 even if the layers before them use half precision.
            keras.layers.Dense(10, activation="softmax", dtype="float32"),
        ],
        name=f"fashion_mnist_{kind}",
    )


class MismatchError(Exception):
    """A formula and the built model differ."""


def explain(model: Any) -> convcost.Network:
    """Return the model's costs by formula, each layer's count checked against the built layer's."""
    network = convcost.from_keras(model)
    for row, layer in zip(network, model.layers, strict=True):
        if row.params != layer.count_params():
            raise MismatchError(
                f"{row.name}: the formula says {row.cost.explain().params}, Keras counts"
                f" {layer.count_params():,}"
            )
    if network.params != model.count_params():
        raise MismatchError(
            f"in total: the formulas say {network.params:,}, Keras counts {model.count_params():,}"
        )
    return network


def compile_model(
    model: Any,
    data: Dataset,
    recipe: Recipe,
    where: devices.Placement,
    settings: dict[str, Any],
    teachers: Sequence[Any] = (),
) -> tuple[Any, Any, tuple[Any, Any]]:
    """Return the compiled model, its training batches, and its validation data."""
    import keras

    seed = settings["seed"]
    how = {"loss": LOSS, "metrics": ["accuracy"], "jit_compile": where.jit_compile}
    if settings["pipeline"] == "article":
        from fashion_mnist.batches import Batches

        images, labels = data.train
        batches = Batches(labels, images=images, batch_size=recipe.batch_size, seed=seed)
        trained, validation = model, data.validation
    else:
        # The same layers and weights, computed in another way; `model` is the one that is saved.
        # It isn't trained itself, but it is evaluated when loaded from its file, which holds no
        # variables of this optimizer, because it has none.
        model.compile(optimizer="sgd", **how)
        model.optimizer.build(model.trainable_variables)
        fed: dict[str, Any] = {"parts": where.parts, "seed": seed}
        if teachers:
            from fashion_mnist import teaching

            how["loss"] = teaching.LOSS
            trained, batches, validation = teaching.feed(model, teachers, data, recipe, **fed)
        else:
            from fashion_mnist.fast import feed

            trained, batches, validation = feed(model, data, recipe, **fed)
    if settings["recipe"] == "article":
        optimizer = keras.optimizers.Adam(recipe.learning_rate)
    else:
        from fashion_mnist.strong_optimizer import make_optimizer

        optimizer = make_optimizer(recipe, len(batches), last_layer=model.layers[-1].name)
    trained.compile(optimizer=optimizer, steps_per_execution=where.steps_per_execution, **how)
    return trained, batches, validation


def train(
    model: Any,
    data: Dataset,
    recipe: Recipe,
    where: devices.Placement,
    folder: RunFolder,
    teachers: Sequence[Any] = (),
) -> None:
    """Train from where the folder's run stopped, and save each epoch in the folder."""
    import keras
    from fashion_mnist import resuming, stopping

    if recipe.is_over(folder.losses):
        console.print(f"Nothing is left to train in {folder.path}", markup=False, soft_wrap=True)
        return
    trained, batches, validation = compile_model(
        model, data, recipe, where, folder.settings, teachers
    )
    if folder.rows:
        console.print(f"Resuming after epoch {len(folder.rows)}")
        resuming.load(trained, folder.variables())
    steps = recipe.epochs * len(batches)
    if recipe.averaging is not None and steps < 1 / (1 - recipe.averaging):
        console.print(
            f"Only {steps} training steps: the averaged weights, a mean over about"
            f" {1 / (1 - recipe.averaging):.0f} steps, stay close to the first, random ones"
        )
    batches.begin(len(folder.rows))  # Keras looks at a batch before the epoch begins
    callbacks = resuming.keep_epochs(trained, model, batches, recipe, folder)
    if keras.backend.backend() != "jax":  # Keras's callback needs TensorFlow or PyTorch
        callbacks.append(keras.callbacks.TensorBoard(folder.path / TENSORBOARD, write_graph=False))
    trained.fit(
        batches,
        shuffle=False,  # the batches are already in random order
        validation_data=validation,
        validation_batch_size=recipe.validation_batch_size,
        initial_epoch=len(folder.rows),
        epochs=recipe.epochs,
        # An epoch that ends in NaN is not saved.
        callbacks=[stopping.StopOnNaN(), *callbacks, stopping.Interruption()],
        verbose="auto" if sys.stdout.isatty() else 2,
    )


def train_teachers(
    data: Dataset, recipe: Recipe, where: devices.Placement, folder: RunFolder
) -> list[Any]:
    """Train the models whose answers the model learns, if any, and return them."""
    import keras

    if recipe.teaching is None or recipe.is_over(folder.losses):
        return []
    if not folder.rows:
        folder.begin()
    teachers = []
    for number in range(1, recipe.teaching.teachers + 1):
        seed = folder.settings["seed"] + number * _SEEDS_APART
        teacher = open_teacher(folder, number, {**folder.settings, "seed": seed})
        options.warn(teacher)
        options.require_fitting(teacher.path, teacher.settings, folder.settings)
        keras.utils.set_random_seed(seed)
        model = build_model(folder.settings["kind"])
        if not teacher.is_finished:
            console.print(f"Teacher {number} of {recipe.teaching.teachers}, seed {seed}")
            train(model, data, recipe.teaching.recipe, where, teacher)
            teacher.write_metrics(results.of_training(data, where, teacher))
        teachers.append(load_best(teacher, model))
    console.print(
        "The teachers answer to all training images before epoch 1 and every second one after it,"
        f" up to epoch {recipe.teaching.views}"
    )
    return teachers


def evaluate(
    data: Dataset, recipe: Recipe, where: devices.Placement, folder: RunFolder
) -> dict[str, Any]:
    """Return the test results of the best checkpoint, and the figures of the training."""
    import keras

    # The file, not the model in memory: the results are those of the saved model.
    best = keras.models.load_model(folder.best_path)
    size = recipe.validation_batch_size
    loss, accuracy = best.evaluate(*data.test, batch_size=size, verbose=0)
    mirrors = recipe.augmentation is not None  # then the answers to mirror images mean something
    return {
        "test_loss": float(loss),
        "test_accuracy": float(accuracy),
        **results.of_answers(best, data, batch_size=size, with_mirror=mirrors),
        **results.of_training(data, where, folder),
    }


@click.command(context_settings={"help_option_names": ["-h", "--help"], "show_default": True})
@click.option("--model", "kind", type=click.Choice(["separable", "standard"]), default="separable")
@click.option(
    "--recipe",
    type=click.Choice(list(RECIPES)),
    default="article",
    help="strong: augmentation, a falling learning rate, averaged weights, more epochs, and models"
    " trained before whose answers the model learns.",
)
@click.option(
    "--pipeline",
    type=click.Choice(["fast", "article"]),
    default="fast",
    help="article: send the images to the device batch by batch.",
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
    help="Folder with the four IDX .gz files; by default Keras downloads them.",
)
@click.option(
    "--output-dir",
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder for all files; by default a new one below runs/.",
)
@click.option(
    "--overwrite", is_flag=True, help="Replace the files of an earlier run in --output-dir."
)
@click.option(
    "--epochs",
    type=click.IntRange(min=1),
    help="By default the recipe's; teachers are trained for no more.",
)
@click.option("--batch-size", type=click.IntRange(min=1), help="By default the recipe's.")
@click.option(
    "--learning-rate", type=click.FloatRange(min=0, min_open=True), help="By default the recipe's."
)
@click.option("--seed", type=click.IntRange(0, 2**31 - 1), default=42)
@click.option(
    "--limit",
    type=click.IntRange(min=1),
    help="Use only the first N training images, which follow the 5,000 for validation.",
)
@click.option("--normalize/--no-normalize", default=True, help="Normalise, or use raw pixels.")
@options.further_options
def main(**given: Any) -> int:
    """Train a Fashion-MNIST classifier, and show the formula behind each of its parameters."""
    settings, folder = options.read(given, RECIPES[given["recipe"]])
    recipe = RECIPES[settings["recipe"]].changed_by(settings)
    try:
        # All that can be wrong with the options is checked before the data is downloaded.
        copied = options.check_folder(given)
        devices.prepare_environment(settings)
        images = count_training_images(
            settings["data"], settings["limit"], all_images=settings["all_images"]
        )
        sizes = recipe.batch_sizes(images, VALIDATION_IMAGES)
        where = devices.place(given["device"], settings, sizes)
        if given["export"]:
            from fashion_mnist import phones

            phones.require()
        data = load(
            settings["data"],
            given["data_dir"],
            normalize=settings["normalize"],
            limit=settings["limit"],
            all_images=settings["all_images"],
        )
        folder = folder or options.create_folder(given, settings, copied)
    except (DataError, RunError, DeviceError, ImportError, OSError) as error:
        raise click.ClickException(str(error)) from error
    console.print(f"Data: {data}", markup=False, soft_wrap=True)
    if settings["all_images"]:
        console.print(
            "The validation images are trained on, too: their figures say nothing of new images"
        )
    console.print(f"Normalised by mean {data.mean:.4f}, deviation {data.deviation:.4f}")
    console.print(f"Device: {where}")
    try:
        metrics = run(data, recipe, where, folder, exported=given["export"])
    except MismatchError as error:
        console.print(f"Error: {error}", style="bold red", markup=False)
        return _MISMATCH
    except RunError as error:
        raise click.ClickException(str(error)) from error
    except (DivergedError, WriteError) as error:
        click.echo(f"\n{folder.describe_end(f'Error: {error},')}", err=True)
        if isinstance(error, DivergedError):
            click.echo("A lower --learning-rate may help", err=True)
        return _FAILED
    except KeyboardInterrupt:
        click.echo(f"\n{folder.describe_end('Interrupted')}", err=True)
        return command_line.INTERRUPTED
    results.show(folder, metrics, console)
    return 0


def run(
    data: Dataset, recipe: Recipe, where: devices.Placement, folder: RunFolder, *, exported: bool
) -> dict[str, Any]:
    """Build the model, explain it, train it, evaluate it, and write the results."""
    import keras
    from fashion_mnist.curves import plot

    keras.utils.set_random_seed(folder.settings["seed"])
    with where.scope():
        model = build_model(folder.settings["kind"])
        network = explain(model)
        columns = None if console.width >= _WIDE else ("params", "macs", "formula")
        console.print(convcost.summary(network, columns=columns))
        console.print("Every formula equals Keras's count.")
        teachers = train_teachers(data, recipe, where, folder)
        train(model, data, recipe, where, folder, teachers)
        metrics = evaluate(data, recipe, where, folder)
    metrics |= {"params": network.params, "macs": network.macs}
    if recipe.teaching is not None:
        metrics["teachers"] = teachers_figures(folder, recipe.teaching.teachers)
    if exported:
        metrics["exported"] = export(data, folder)
    folder.write_curves(lambda path: plot(folder.rows, path))
    folder.write_metrics(metrics)
    return metrics


def export(data: Dataset, folder: RunFolder) -> list[dict[str, Any]]:
    """Write the best checkpoint as files for phones, and return their figures."""
    import keras
    from fashion_mnist import phones

    best = keras.models.load_model(folder.best_path)
    standard = build_model("standard")
    figures = []
    for one in phones.export(best, standard, data, folder.write_exported):
        console.print(str(one), soft_wrap=True, highlight=False)
        figures.append(dataclasses.asdict(one))
    return figures


if __name__ == "__main__":
    sys.exit(command_line.run(main))
