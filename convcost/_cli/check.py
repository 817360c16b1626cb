"""The command line for budgets: `convcost check`."""

from __future__ import annotations

import os
import re
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

import convcost
from convcost._cli import budgets_file
from convcost._cli.amounts import Words
from convcost._cli.completion import model_files
from convcost._cli.findings import FORMATS, SUFFIXES, Found, as_text
from convcost._cli.output import (
    DISAGREEMENT,
    USAGE_OR_ENVIRONMENT,
    is_same_file,
    json_format,
    message_of,
    refuse_same_file,
    usage_errors,
)
from convcost._cli.sources import is_file, on_unknown_option, parse_shapes, shape_option
from convcost._models.keras.library import application_names
from convcost._report.cells import clean
from convcost._report.files import written

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

# The arguments of `convcost.check` for a model, by its name.
_LIMITS = {
    "max_params": ("5M", "The most parameters."),
    "max_macs": ("300M", "The most MACs for one input."),
    "max_flops": ("600M", "The most FLOPs for one input, two for each MAC."),
    "max_size": ("4MiB", "The most bytes of the parameters."),
    "baseline": ("SAVED.json", "A saved report, or a model, than which SOURCE must not be larger."),
    "tolerance": ("1%", "With --baseline: by how much it may be larger all the same."),
}
# What is an option on the command line, and a key in a file with budgets.
_KEYS = ("input-shape", *(name.replace("_", "-") for name in _LIMITS))
# The arguments that name files, which an output must not replace.
_READ = ("source", "baseline")


def _limits(command: Callable[..., int]) -> Callable[..., int]:
    for name, (metavar, about) in reversed(_LIMITS.items()):
        option = f"--{name.replace('_', '-')}"
        command = click.option(option, name, metavar=metavar, help=about)(command)
    return command


@click.command()
@click.argument("sources", nargs=-1, metavar="[SOURCE]...", shell_complete=model_files)
@_limits
@shape_option
@on_unknown_option
@click.option(
    "--config",
    type=click.Path(exists=True, dir_okay=False),
    help="File with budgets; by default the nearest convcost.toml or pyproject.toml.",
)
@click.option("--update", is_flag=True, help="Write the baselines anew, and check.")
@click.option(
    "--format",
    "form",
    type=Words(list(FORMATS)),
    help="Format of the output; by default that of the suffix of --output, or text.",
)
@click.option(
    "--output",
    "-o",
    type=click.Path(dir_okay=False, writable=True),
    help="File to write to (.txt, .json or .xml for JUnit); the text is printed as well.",
)
@json_format
def check(
    sources: tuple[str, ...],
    input_shapes: tuple[str, ...],
    on_unknown: str,
    config: str | None,
    update: bool,
    form: str | None,
    output: str | None,
    **limits: str | None,
) -> int:
    """Check that models are within a budget; exit with 1 if one is not.

    SOURCE is what `convcost summary` takes. Without limits, the budgets of the project are checked:
    those in convcost.toml, or in [tool.convcost] of pyproject.toml; SOURCE then names models in it.
    """
    form = form or _form_of(output)
    file: Path | None = None
    given = {name: limit for name, limit in limits.items() if limit is not None}
    with usage_errors():
        if given:
            if config is not None:
                raise ValueError("give limits, or --config for a file that has them, not both")
            _require_files(sources, given)
            options = {"input_shape": parse_shapes(input_shapes), "on_unknown": on_unknown}
            models = {source: {"source": source, **given, **options} for source in sources}
        else:
            _refuse_options(input_shapes, on_unknown)
            file = _file(config, sources)
            models = budgets_file.read(file, sources)
        read = [str(one[key]) for one in models.values() for key in _READ if key in one]
        refuse_same_file(output, [*([str(file)] if file else []), *read])
        if update:
            for line in _update(models):
                click.echo(line, err=True)
    found = [_found(name, arguments, file) for name, arguments in models.items()]
    text = FORMATS[form](found)
    if output is None:
        click.echo(text)
    else:
        with usage_errors():
            written(f"{text}\n", output)
        click.echo(as_text(found))
    if any(one.check is None for one in found):
        return USAGE_OR_ENVIRONMENT
    return DISAGREEMENT if any(one.over for one in found) else 0


def _form_of(output: str | None) -> str:
    if output is None:
        return "text"
    suffix = Path(output).suffix.lower()
    if suffix not in SUFFIXES:
        raise click.UsageError(
            f"--output must end with {', '.join(SUFFIXES)}, or give --format; got {output!r}"
        )
    return SUFFIXES[suffix]


def _refuse_options(input_shapes: tuple[str, ...], on_unknown: str) -> None:
    if input_shapes or on_unknown != "error":
        raise ValueError(
            "--input-shape and --on-unknown go with limits, such as --max-macs 300M; in a file with"
            " budgets they stand beside them"
        )


def _require_files(sources: tuple[str, ...], given: dict[str, str]) -> None:
    """Refuse limits without files to hold to them, and names that the project has for models."""
    if not sources and list(given) == ["tolerance"]:
        raise ValueError(
            "--tolerance goes with --baseline and SOURCE, as in: convcost check tagger.keras"
            " --baseline tagger.json --tolerance 1%; in a file with budgets it stands beside"
            " baseline"
        )
    if not sources:
        raise ValueError("give SOURCE: a file, or the name of a model")
    names = [one for one in sources if not os.path.lexists(one)]
    file = budgets_file.find(Path.cwd()) if names else None
    ours = budgets_file.names(file) if file else []
    for name in names:
        if name in ours and name not in application_names():
            options = ", ".join(f"--{one.replace('_', '-')}" for one in given)
            raise ValueError(
                f"{name!r} is a model of {file}, where its limits stand, and {options} on the"
                f" command line is for files: leave it out, as in: convcost check {name}"
            )


def _file(config: str | None, sources: tuple[str, ...]) -> Path:
    """Return the file with budgets."""
    if config is not None:
        return Path(config)
    found = budgets_file.find(Path.cwd())
    if found is None:
        one = sources[0] if sources else "SOURCE"
        raise ValueError(
            "there is no convcost.toml, and no [tool.convcost] in a pyproject.toml, here or above:"
            f" add one, or give a limit, as in: convcost check {one} --max-macs 300M"
        )
    return found


def _update(models: dict[str, dict[str, Any]]) -> Iterator[str]:
    """Write the baselines of models; yield a line for each."""
    places = {str(one["baseline"]) for one in models.values() if "baseline" in one}
    if not places:
        raise ValueError("--update writes baselines, and there is none: give --baseline SAVED.json")
    if len(places) < sum("baseline" in one for one in models.values()):
        raise ValueError("--update needs a baseline for each model; two have the same")
    for place in places:
        _require_replaceable(Path(place), [str(one["source"]) for one in models.values()])
    for arguments in models.values():
        if "baseline" not in arguments:
            continue
        path = Path(str(arguments["baseline"]))
        options = {
            name: arguments[name] for name in ("input_shape", "on_unknown") if name in arguments
        }
        report = convcost.summary(arguments["source"], **options)
        path.parent.mkdir(parents=True, exist_ok=True)
        report.to_json(path)
        yield f"{clean(str(path), 'utf-8')} written"


def _require_replaceable(path: Path, sources: Sequence[str]) -> None:
    """Refuse a baseline that is more than a saved report, which the update would destroy."""
    if path.suffix.lower() != ".json":
        raise ValueError(f"--update writes baselines that end with .json; got {str(path)!r}")
    for source in sources:
        if is_same_file(path, source):
            raise ValueError(
                f"--update would replace {path}, which is the source itself; give another file as"
                " the baseline"
            )
    if path.exists() and not (path.is_file() and _is_report(path)):
        raise ValueError(
            f"--update would replace {path}, which is not a saved report of convcost; give another"
            " file as the baseline, or remove this one"
        )


def _is_report(path: Path) -> bool:
    """Tell whether a file is the saved report of a model, of this version or another one."""
    try:
        convcost.from_keras(path)
    except convcost.SavedReportError as error:
        return isinstance(error.data, dict) and "layers" in error.data
    except (ValueError, TypeError, OSError, ImportError, ArithmeticError):
        return False
    return False


def _found(name: str, arguments: dict[str, Any], file: Path | None) -> Found:
    """Return what the check of a model finds; its arguments are options, or keys of a file."""
    source = str(arguments["source"])
    unwritten = _unwritten(arguments.get("baseline"), "" if file else "--")
    if unwritten:
        return Found(name, source, None, unwritten)
    try:
        checked = convcost.check(**arguments)
    except (ValueError, TypeError, ImportError, OSError, ArithmeticError) as error:
        message = message_of(error)
        return Found(name, source, None, _with_keys(message) if file else message)
    return Found(name, source, replace(checked, name=name))


def _unwritten(baseline: str | None, dashes: str) -> str:
    """Return the message for a baseline that is not there yet; empty if it is."""
    if baseline is None or not is_file(baseline) or os.path.lexists(baseline):
        return ""
    if baseline.startswith(("~", "{")):
        return ""  # of the home folder, or the text of a model
    return (
        f"{dashes}baseline names a file that is not there: {baseline!r}; convcost check --update"
        " writes it"
    )


def _with_keys(message: str) -> str:
    """Return a message about options as one about the keys of a file with budgets.

    Examples
    --------
    >>> _with_keys("--input-shape must be (height, width, channels); or leave it out with"
    ...            " --on-unknown warn")
    'input-shape must be (height, width, channels); or leave it out with on-unknown = "warn"'
    """
    message = message.replace("--on-unknown warn", 'on-unknown = "warn"')
    return re.sub(rf"--({'|'.join(_KEYS)})\b", r"\1", message)
