"""The options that the article's program lacks, and the checks of all options."""

import datetime
import math
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from fashion_mnist import teachers
from fashion_mnist.devices import PRECISIONS
from fashion_mnist.recipes import Recipe
from fashion_mnist.run_folder import RunError, RunFolder, WriteError, require_free

Options = dict[str, Any]
TRAINED = Path(__file__).resolve().parents[1] / "trained"  # the models of the documentation
# These may differ when a run is resumed: they say where things are, not what is computed.
_NOT_KEPT = {
    *("data_dir", "output_dir", "overwrite", "resume", "device", "export"),
    "teachers_of",  # which are copied
}
# These decide what a model learns, so that a teacher must have been trained with the same.
_OF_TEACHERS = ("kind", "data", "limit", "normalize")

_FURTHER = (
    click.option(
        "--resume",
        is_flag=True,
        help="Resume the run in --output-dir after its last finished epoch, with its settings.",
    ),
    click.option(
        "--teachers",
        type=click.IntRange(min=0),
        help="How many models the strong recipe trains before the model that learns their answers;"
        " by default the recipe's.",
    ),
    click.option(
        "--teachers-of",
        type=click.Path(path_type=Path, file_okay=False),
        metavar="RUN",
        help="Copy the teachers from the folder of another run; only those that it lacks are"
        " trained.",
    ),
    click.option(
        "--all-images",
        is_flag=True,
        help="Train on the validation images, too, when nothing is left to choose by them.",
    ),
    click.option(
        "--steps-per-execution",
        type=click.IntRange(min=1),
        help="Training steps per call; by default the faster choice.",
    ),
    click.option(
        "--parts",
        type=click.IntRange(1, 64),
        help="Parts of a batch to compute in parallel, at most the images of the smallest batch; by"
        " default the faster choice.",
    ),
    click.option(
        "--export",
        is_flag=True,
        help="Also write the model as LiteRT files for phones, in float32 and int8, and try them.",
    ),
    click.option("--deterministic", is_flag=True, help="Make runs repeatable, bit by bit."),
    click.option("--device", type=click.Choice(["auto", "cpu", "gpu"]), default="auto"),
    click.option(
        "--devices", "count", type=click.IntRange(min=1), default=1, help="Number of devices."
    ),
    click.option("--precision", type=click.Choice(PRECISIONS), default="float32"),
)


def further_options(command: Callable[..., int]) -> Callable[..., int]:
    """Add the options for resuming, speed, and other devices."""
    for option in reversed(_FURTHER):
        command = option(command)
    return command


def read(options: Options, recipe: Recipe) -> tuple[Options, RunFolder | None]:
    """Return the settings of a training, and the folder of the one to resume.

    Parameters
    ----------
    options
        The options of the command line.
    recipe
        The recipe that they name.
    """
    context = click.get_current_context()
    _check(context, options, recipe)
    _check_teachers(options, recipe)
    settings = {name: value for name, value in options.items() if name not in _NOT_KEPT}
    if not options["resume"]:
        return settings, None
    folder = _resume(context, options["output_dir"], settings)
    return folder.settings, folder


def _check(context: click.Context, options: Options, recipe: Recipe) -> None:
    if options["data"] == "synthetic" and _is_given(context, "data_dir"):
        raise click.UsageError("--data synthetic and --data-dir exclude each other")
    rate = options["learning_rate"]
    if rate is not None and not math.isfinite(rate):
        raise click.UsageError(f"--learning-rate must be a positive number; got {rate}")
    if options["resume"] and options["overwrite"]:
        raise click.UsageError("--resume and --overwrite exclude each other")
    if options["resume"] and not options["output_dir"]:
        raise click.UsageError("--resume needs the --output-dir of the run to resume")
    if options["pipeline"] == "article" and recipe.augmentation is not None:
        raise click.UsageError(
            "--pipeline article sends the images unchanged, but --recipe"
            f" {options['recipe']} augments them; use --pipeline fast"
        )
    if options["pipeline"] == "article" and options["parts"]:
        raise click.UsageError("--pipeline article has no --parts; use --pipeline fast")


def _check_teachers(options: Options, recipe: Recipe) -> None:
    named = {"--teachers": options["teachers"], "--teachers-of": options["teachers_of"]}
    given = [option for option, value in named.items() if value]
    # A run that is resumed has its own recipe.
    if given and recipe.teaching is None and not options["resume"]:
        raise click.UsageError(
            f"--recipe {options['recipe']} has no {given[0]}; use --recipe strong"
        )
    if options["teachers"] == 0 and options["teachers_of"]:
        raise click.UsageError("--teachers 0 and --teachers-of exclude each other")
    if options["resume"] and options["teachers_of"]:
        raise click.UsageError("--resume and --teachers-of exclude each other")


def _is_given(context: click.Context, name: str) -> bool:
    return context.get_parameter_source(name) == click.core.ParameterSource.COMMANDLINE


def _resume(context: click.Context, path: Path, given: Options) -> RunFolder:
    """Open the run to resume; settings that are given again must be the same."""
    try:
        folder = RunFolder.resume(path)
    except (RunError, WriteError) as error:
        raise click.ClickException(str(error)) from error
    warn(folder)
    if given.keys() != folder.settings.keys():
        raise click.ClickException(f"{folder.path} was written by another version of this program")
    for name, value in given.items():
        kept = folder.settings[name]
        if _is_given(context, name) and value != kept:
            raise click.UsageError(
                f"--resume keeps the run's settings: {_as_option(name, kept)}; got"
                f" {_as_option(name, value)}"
            )
    return folder


def warn(folder: RunFolder) -> None:
    """Say which files of a resumed run are damaged."""
    for damage in folder.damages:
        click.echo(f"{damage}; the checkpoint before it is used", err=True)


def check_folder(options: Options) -> list[Path]:
    """Return the teachers to copy; raise RunError for them, or a folder whose files must stay."""
    if options["output_dir"] and not options["resume"]:
        if TRAINED in (path := _real(options["output_dir"]), *path.parents):
            raise RunError(
                f"{options['output_dir']} holds models that come with this program; give another"
                " --output-dir"
            )
        require_free(options["output_dir"], overwrite=options["overwrite"])
    return _teachers_to_copy(options)[: options["teachers"]] if options["teachers_of"] else []


def _real(path: Path) -> Path:
    """Return a path without links; unlike Path.resolve, also that of a loop of links."""
    return Path(os.path.realpath(path))


def _teachers_to_copy(options: Options) -> list[Path]:
    """Return the folders of another run's teachers; raise RunError if they don't fit this run."""
    found = teachers.finished(options["teachers_of"])
    for path, settings in found.items():
        require_fitting(path, settings, options)
    if options["output_dir"]:
        new, run = _real(options["output_dir"]), _real(options["teachers_of"])
        files = {_real(path / name) for path in found for name in teachers.FILES}
        # What --overwrite removes, it removes before anything is copied.
        if run in (new, *new.parents) or any(new in file.parents for file in files):
            raise RunError(
                f"--output-dir {options['output_dir']} and the teachers of --teachers-of"
                f" {options['teachers_of']} are in one folder; give another --output-dir"
            )
    return list(found)


def require_fitting(teacher: Path, trained: Options, settings: Options) -> None:
    """Raise RunError if a teacher was trained with settings in which it must equal its run.

    Parameters
    ----------
    teacher
        The folder of the teacher.
    trained, settings
        The settings of the teacher, and of the run.
    """
    names = list(_OF_TEACHERS)
    if not settings["all_images"]:
        names.append("all_images")  # it would know the labels of the validation images
    for name in names:
        if name not in trained:
            raise RunError(f"the settings of the teacher in {teacher} lack {name!r}")
        if trained[name] != settings[name]:
            raise RunError(
                f"the teacher in {teacher} was trained with {_as_option(name, trained[name])}; this"
                f" run has {_as_option(name, settings[name])}; give the same, or take no teachers"
                " from there"
            )


def _as_option(name: str, value: Any) -> str:
    """Return a setting as it is given on the command line."""
    params = click.get_current_context().command.params
    option = next(one for one in params if one.name == name)
    if value is False and option.secondary_opts:
        return option.secondary_opts[0]
    if value is None or value is False:
        return f"no {option.opts[0]}"
    return option.opts[0] if value is True else f"{option.opts[0]} {value}"


def create_folder(options: Options, settings: Options, copied: list[Path]) -> RunFolder:
    """Create the folder that the options name, or a new one below `runs/`."""
    stamp = datetime.datetime.now().strftime("%Y%m%d-%H%M%S-%f")
    path = options["output_dir"] or Path("runs") / f"fashion-mnist-{settings['kind']}-{stamp}"
    folder = RunFolder.create(path, settings, overwrite=options["overwrite"])
    if copied:
        teachers.copy(folder, copied)
        click.echo(f"Teachers copied: {', '.join(map(str, copied))}")
    return folder
