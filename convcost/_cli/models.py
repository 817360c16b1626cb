"""The command line for whole models: `convcost summary`, `compare` and `whatif`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

import convcost
from convcost._cli.amounts import FACTOR, POSITIVE, Words
from convcost._cli.completion import model_files
from convcost._cli.output import json_format, refuse_same_file, show_table, usage_errors
from convcost._cli.sources import network_of, on_unknown_option, shape_option

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Literal, TypeAlias

    from convcost._models.types import OnUnknown
    from convcost._report.lines import Grouping
    from convcost._report.report import SortKey

    Command: TypeAlias = Callable[..., None]

_FORMATS = ("table", "json", "csv", "markdown", "latex", "html")

_source = click.argument("source", shell_complete=model_files)
_units = click.option(
    "--units",
    type=Words(["exact", "auto"]),
    default="exact",
    show_default=True,
    help="How to print counts: 300,774,272 or 300.8 M.",
)
_output_shapes = click.option(
    "--output-shape",
    "output_shapes",
    metavar="LAYER=64",
    multiple=True,
    help="Output shape of a layer that is left out, without the batch dimension; may be repeated.",
)


def _output(formats: tuple[str, ...]) -> Callable[[Command], Command]:
    def decorate(command: Command) -> Command:
        command = json_format(command)
        command = click.option(
            "--output",
            "-o",
            type=click.Path(dir_okay=False, writable=True),
            help="File to write to.",
        )(command)
        return click.option(
            "--format",
            "form",
            type=Words(formats),
            help="Format of the output; by default that of the suffix of --output, or a table.",
        )(command)

    return decorate


@click.command()
@_source
@shape_option
@click.option(
    "--sort",
    type=Words(["name", "kind", "params", "macs", "flops", "effective_macs", "intensity"]),
    help="Sort the layers by this: numbers largest first, names and kinds from A to Z.",
)
@click.option(
    "--top", type=POSITIVE, metavar="N", help="Show only the N largest rows: by --sort, or by MACs."
)
@click.option(
    "--group",
    type=Words(["kind", "block", "stage"]),
    help="Show one row per layer class, per block, or per output size.",
)
@click.option(
    "--fold",
    type=POSITIVE,
    help="Levels of nested models to show; each model below them is one row.",
)
@click.option("--tree", is_flag=True, help="Print a tree of nested models, with their subtotals.")
@click.option("--depth", type=POSITIVE, metavar="N", help="Print so many levels of that tree.")
@click.option("--effective", is_flag=True, help="Add a column of MACs without taps on the padding.")
@click.option("--intensity", is_flag=True, help="Add a column of FLOPs per byte moved.")
@click.option(
    "--formula",
    type=Words(["params", "macs"]),
    default="params",
    show_default=True,
    help="Which arithmetic to show.",
)
@click.option(
    "--columns",
    metavar="NAMES",
    help="Columns to show beside the layer, separated by commas: input_shape, kernel, flops, ...",
)
@_units
@on_unknown_option
@_output_shapes
@_output(_FORMATS)
def summary(
    source: str,
    input_shapes: tuple[str, ...],
    sort: SortKey | None,
    top: int | None,
    group: Grouping | None,
    fold: int | None,
    tree: bool,
    depth: int | None,
    effective: bool,
    intensity: bool,
    formula: Literal["params", "macs"],
    columns: str | None,
    units: Literal["exact", "auto"],
    on_unknown: OnUnknown,
    output_shapes: tuple[str, ...],
    form: str | None,
    output: str | None,
) -> None:
    """Show what each layer of a model costs, with the arithmetic behind it.

    SOURCE is a .keras, .h5 or JSON file, which is read but never run, or the name of a model in
    Keras Applications (which needs Keras; weights are not downloaded). An --output that ends with
    .svg, .pdf or .png gets a figure: of each layer, or with --group of the shares of the groups.
    """
    refuse_same_file(output, [source])
    if tree or depth:
        others = {"--sort": sort, "--top": top, "--group": group, "--fold": fold}
        _require_table(depth, others, form, output)
    with usage_errors():
        report = convcost.summary(
            network_of(source, input_shapes, on_unknown, output_shapes, saved=True),
            effective=effective,
            intensity=intensity,
            formula=formula,
            columns=None if columns is None else [one.strip() for one in columns.split(",")],
            units=units,
        )
        if tree or depth:
            report = report.tree(depth)
        if fold:
            report = report.fold(fold)
        if group:
            report = report.group(group)
        if sort:
            report = report.sort(sort, descending=sort not in ("name", "kind"))
        if top:
            report = report.top(top)
        show_table(report, form, output, lambda: report.plot(by=group))


def _require_table(
    depth: int | None, others: Mapping[str, object], form: str | None, output: str | None
) -> None:
    """Refuse what a tree goes without: other rows, and other forms than a table."""
    option = "--depth" if depth else "--tree"
    words = [name for name, value in others.items() if value]
    if form is None and output is not None and not output.lower().endswith(".txt"):
        words.append(f"--output {output}")
    elif form not in (None, "table"):
        words.append(f"--format {form}")
    if "--fold" in words:
        raise click.UsageError(f"{option} and --fold both show nested models: leave out one")
    if words:
        raise click.UsageError(
            f"{option} prints the whole model as a tree, without {words[0]}: leave out one of them;"
            f" --fold {depth or 1} gives one row for each nested model"
        )


@click.command()
@click.argument(
    "sources",
    nargs=-1,
    required=True,
    metavar="SOURCE SOURCE...",
    shell_complete=model_files,
)
@shape_option
@_units
@on_unknown_option
@_output(_FORMATS[:-1])
def compare(
    sources: tuple[str, ...],
    input_shapes: tuple[str, ...],
    units: Literal["exact", "auto"],
    on_unknown: OnUnknown,
    form: str | None,
    output: str | None,
) -> None:
    """Show two models side by side, layer by layer and in total, or several in one table."""
    if len(sources) < 2:
        raise click.UsageError("give two models or more to compare")
    refuse_same_file(output, sources)
    with usage_errors():
        models = [network_of(one, input_shapes, on_unknown, saved=True) for one in sources]
        show_table(convcost.compare(*models, units=units), form, output)


@click.command()
@_source
@shape_option
@click.option("--separable", is_flag=True, help="Replace standard convolutions by separable ones.")
@click.option("--standard", is_flag=True, help="Replace separable convolutions by standard ones.")
@click.option(
    "--block",
    is_flag=True,
    help="With --separable: as in MobileNet, with batch normalization between the two steps.",
)
@click.option("--width", type=FACTOR, help="Multiply the channels of layers by this, such as 0.75.")
@click.option("--resolution", type=POSITIVE, help="Sides of the input in elements, such as 192.")
@click.option(
    "--divisor",
    type=POSITIVE,
    default=1,
    show_default=True,
    help="With --width: round channels to multiples of this; MobileNetV2 uses 8.",
)
@click.option(
    "--keep",
    multiple=True,
    help="With --width: a layer that keeps its number of channels; may be repeated.",
)
@on_unknown_option
@_output_shapes
@_output(_FORMATS[:-1])
def whatif(
    source: str,
    input_shapes: tuple[str, ...],
    separable: bool,
    standard: bool,
    block: bool,
    width: float | None,
    resolution: int | None,
    divisor: int,
    keep: tuple[str, ...],
    on_unknown: OnUnknown,
    output_shapes: tuple[str, ...],
    form: str | None,
    output: str | None,
) -> None:
    """Compare a model with a variant: separable, standard, narrower, or for smaller inputs."""
    if not (separable or standard or width is not None or resolution is not None):
        raise click.UsageError("give --separable, --standard, --width or --resolution")
    if separable and standard:
        raise click.UsageError("--separable and --standard undo each other; give only one of them")
    if block and not separable:
        raise click.UsageError("--block goes with --separable: give it, too, or neither")
    if width is None and (keep or divisor != 1):
        option = "--keep" if keep else "--divisor"
        raise click.UsageError(f"{option} goes with --width: give it, too, or neither")
    refuse_same_file(output, [source])
    with usage_errors():
        network = network_of(source, input_shapes, on_unknown, output_shapes)
        changed = network.with_standard() if standard else network
        if separable:
            changed = changed.with_separable(form="block" if block else "layer")
        if width is not None or resolution is not None:
            factor = 1 if width is None else width
            changed = changed.scale(factor, resolution, divisor=divisor, keep=keep)
        show_table(convcost.compare(network, changed), form, output)
