"""The command line for whole models: summary, compare, whatif, and the check of a model."""

from __future__ import annotations

import json
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from rich.console import Console

import convcost

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from convcost.models.network import Network
    from convcost.report.table import Table

_FORMATS = ("table", "json", "csv", "markdown", "html")

_source = click.argument("source")
shape_option = click.option(
    "--input-shape",
    metavar="224,224,3",
    help="Shape of the input without the batch; letters make symbols: h,w,3. By default what the"
    " model declares.",
)
_on_unknown = click.option(
    "--on-unknown",
    type=click.Choice(["error", "warn"]),
    default="error",
    show_default=True,
    help="What to do with layers whose cost is not known.",
)


def _output(formats: tuple[str, ...]) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    def decorate(command: Callable[..., Any]) -> Callable[..., Any]:
        command = click.option(
            "--output", "-o", type=click.Path(dir_okay=False, writable=True), help="Write it there."
        )(command)
        return click.option(
            "--format",
            "form",
            type=click.Choice(formats),
            default="table",
            show_default=True,
            help="How to show it.",
        )(command)

    return decorate


@click.command()
@_source
@shape_option
@click.option(
    "--sort",
    type=click.Choice(["name", "kind", "params", "macs", "effective_macs", "intensity"]),
    help="Order the layers by this, largest first.",
)
@click.option("--top", type=click.IntRange(min=1), help="Show so many layers alone.")
@click.option("--group", type=click.Choice(["kind", "block"]), help="One row for each of these.")
@click.option("--fold", type=click.IntRange(min=1), help="Levels of models that stay apart.")
@click.option("--effective", is_flag=True, help="Add the MACs whose tap lies inside the input.")
@click.option("--intensity", is_flag=True, help="Add the arithmetic intensity.")
@click.option(
    "--formula",
    type=click.Choice(["params", "macs"]),
    default="params",
    show_default=True,
    help="Whose arithmetic to show.",
)
@_on_unknown
@_output(_FORMATS)
def summary(
    source: str,
    input_shape: str | None,
    sort: str | None,
    top: int | None,
    group: str | None,
    fold: int | None,
    on_unknown: str,
    form: str,
    output: str | None,
    **options: Any,
) -> None:
    """Say what each layer of a model costs, with the arithmetic behind it.

    SOURCE is a .keras, .h5 or JSON file, of which nothing is run, or the name of a model in Keras
    Applications (which needs Keras; weights are not downloaded).
    """
    with told():
        report = convcost.summary(network_of(source, input_shape, on_unknown), **options)
        if fold:
            report = report.fold(fold)
        if group:
            report = report.group(group)
        if sort:
            report = report.sort(sort, descending=sort not in ("name", "kind"))
        if top:
            report = report.top(top)
        show(report, form, output)


@click.command()
@click.argument("before")
@click.argument("after")
@shape_option
@_on_unknown
@_output(_FORMATS[:-1])
def compare(
    before: str,
    after: str,
    input_shape: str | None,
    on_unknown: str,
    form: str,
    output: str | None,
) -> None:
    """Show two models side by side, layer by layer and in total."""
    with told():
        networks = [network_of(one, input_shape, on_unknown) for one in (before, after)]
        show(convcost.compare(*networks), form, output)


@click.command()
@_source
@shape_option
@click.option("--separable", is_flag=True, help="Separable convolutions for full ones.")
@click.option("--standard", is_flag=True, help="Full convolutions for separable ones.")
@click.option("--block", is_flag=True, help="With --separable: blocks as in MobileNet.")
@click.option("--width", type=float, help="Multiply the widths of layers: 0.75.")
@click.option("--resolution", type=click.IntRange(min=1), help="Sides of the input: 192.")
@click.option(
    "--divisor",
    type=click.IntRange(min=1),
    default=1,
    show_default=True,
    help="With --width: what widths are multiples of; MobileNetV2 has 8.",
)
@click.option("--keep", multiple=True, help="With --width: a layer that keeps its width.")
@_on_unknown
@_output(_FORMATS[:-1])
def whatif(
    source: str,
    input_shape: str | None,
    separable: bool,
    standard: bool,
    block: bool,
    width: float | None,
    resolution: int | None,
    divisor: int,
    keep: tuple[str, ...],
    on_unknown: str,
    form: str,
    output: str | None,
) -> None:
    """Compare a model with what it would be otherwise: separable, full, narrower or smaller."""
    if not (separable or standard or width is not None or resolution is not None):
        raise click.UsageError("give --separable, --standard, --width or --resolution")
    if separable and standard:
        raise click.UsageError("--separable and --standard undo each other; give one of them")
    with told():
        network = network_of(source, input_shape, on_unknown)
        changed = network.with_standard() if standard else network
        if separable:
            changed = changed.with_separable(form="block" if block else "layer")
        if width is not None or resolution is not None:
            factor = 1 if width is None else width
            changed = changed.scale(factor, resolution, divisor=divisor, keep=keep)
        show(convcost.compare(network, changed), form, output)


@contextmanager
def told() -> Iterator[None]:
    """Tell what is wrong with a model or an option in one line, and exit with 2."""
    try:
        yield
    except (ValueError, TypeError, ImportError, OSError, ArithmeticError) as error:
        raise click.ClickException(" ".join(str(error).split())) from error


def network_of(source: str, input_shape: str | None, on_unknown: str = "error") -> Network:
    """Return the network in a file, or of the Keras application of that name."""
    shape = None if input_shape is None else parse_shape(input_shape)
    if is_file(source):
        return convcost.from_keras(Path(source), shape, on_unknown=on_unknown)
    return convcost.from_keras(application(source), shape, on_unknown=on_unknown)


def is_file(source: str) -> bool:
    """Tell whether a source is a file, or meant to be one; otherwise it is a model's name."""
    return Path(source).exists() or not source.isidentifier()


def application(name: str) -> Any:
    """Return a model of Keras Applications, without weights that would have to be downloaded."""
    from convcost.verify.backend import import_keras

    make = getattr(import_keras().applications, name, None)
    if not callable(make):
        raise ValueError(f"{name!r} is neither a file nor a model of Keras Applications")
    return make(weights=None)


def parse_shape(text: str) -> tuple[Any, ...]:
    """Return a shape from words between commas: numbers, and letters for symbols.

    Examples
    --------
    >>> parse_shape("224,224,3")
    (224, 224, 3)
    """
    return tuple(_side(word.strip(), text) for word in text.strip("() ").rstrip(",").split(","))


def _side(word: str, text: str) -> Any:
    if word.isidentifier():
        from convcost.symbols import symbol

        return symbol(word)
    try:
        return int(word)
    except ValueError:
        raise ValueError(
            f"--input-shape must be integers or letters between commas, such as 224,224,3 or h,w,3;"
            f" got {text!r}"
        ) from None


def show(table: Table, form: str, output: str | None) -> None:
    """Print a table in some form, or write it to a file."""
    if form == "table" and output is None:
        console = Console()
        if not console.is_terminal:
            # A file or a program reads it: as wide as it is, so that no line is broken.
            widest = Console(width=10_000).measure(table).maximum
            console = Console(width=max(widest, console.width))
        console.print(table)
        return
    text = _text(table, form)
    if output is None:
        click.echo(text, nl=not text.endswith("\n"))
    else:
        Path(output).write_text(text if text.endswith("\n") else text + "\n", encoding="utf-8")


def _text(table: Table, form: str) -> str:
    if form == "table":
        return str(table)
    if form == "markdown":
        return "\n\n".join((table.to_markdown(), *table.notes))
    made: str = getattr(table, f"to_{form}")()
    return made


def verify_source(source: str, input_shape: str | None, as_json: bool) -> bool:
    """Build or load a model in Keras, hold each layer to it, and tell whether all agrees."""
    from convcost.verify.backend import import_keras
    from convcost.verify.whole_models import check_model

    with told(), Console(stderr=True).status("Building the model") as status:
        keras = import_keras()
        shape = None if input_shape is None else parse_shape(input_shape)
        path = Path(source)
        if is_file(source):
            click.echo(
                f"convcost: Keras loads {source}, in its safe mode; unlike summary, that runs Keras"
                " on what is in the file",
                err=True,
            )
            network = convcost.from_keras(path, shape)
            model = _loaded(keras, path)
        else:
            model = application(source)
            network = convcost.from_keras(model, shape)
        status.update("Holding each layer to Keras")
        report = check_model(model, network)
    if as_json:
        click.echo(json.dumps(report.as_dict(), indent=2, default=list))
    else:
        click.echo(str(report))
    return report.agrees


def _loaded(keras: Any, path: Path) -> Any:
    try:
        if path.suffix in (".json", ".txt"):
            return keras.models.model_from_json(path.read_text(encoding="utf-8"))
        return keras.models.load_model(path, compile=False, safe_mode=True)
    except Exception as error:
        # Whatever Keras raises for what it can't, or won't, load.
        raise ValueError(f"Keras can't load {path}: {error}") from error
