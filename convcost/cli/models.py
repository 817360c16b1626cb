"""The command line for whole models: `convcost summary`, `compare` and `whatif`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

import convcost
from convcost.cli.output import show_table, usage_errors
from convcost.cli.sources import network_of, shape_option

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Literal

    from convcost.models.types import OnUnknown
    from convcost.report.report import SortKey

_FORMATS = ("table", "json", "csv", "markdown", "html")

_source = click.argument("source")
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
    type=click.Choice(["name", "kind", "params", "macs", "flops", "effective_macs", "intensity"]),
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
    sort: SortKey | None,
    top: int | None,
    group: Literal["kind", "block"] | None,
    fold: int | None,
    on_unknown: OnUnknown,
    form: str,
    output: str | None,
    **options: Any,
) -> None:
    """Say what each layer of a model costs, with the arithmetic behind it.

    SOURCE is a .keras, .h5 or JSON file, of which nothing is run, or the name of a model in Keras
    Applications (which needs Keras; weights are not downloaded).
    """
    with usage_errors():
        report = convcost.summary(network_of(source, input_shape, on_unknown), **options)
        if fold:
            report = report.fold(fold)
        if group:
            report = report.group(group)
        if sort:
            report = report.sort(sort, descending=sort not in ("name", "kind"))
        if top:
            report = report.top(top)
        show_table(report, form, output)


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
    on_unknown: OnUnknown,
    form: str,
    output: str | None,
) -> None:
    """Show two models side by side, layer by layer and in total."""
    with usage_errors():
        left, right = (network_of(one, input_shape, on_unknown) for one in (before, after))
        show_table(convcost.compare(left, right), form, output)


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
    on_unknown: OnUnknown,
    form: str,
    output: str | None,
) -> None:
    """Compare a model with what it would be otherwise: separable, full, narrower or smaller."""
    if not (separable or standard or width is not None or resolution is not None):
        raise click.UsageError("give --separable, --standard, --width or --resolution")
    if separable and standard:
        raise click.UsageError("--separable and --standard undo each other; give one of them")
    with usage_errors():
        network = network_of(source, input_shape, on_unknown)
        changed = network.with_standard() if standard else network
        if separable:
            changed = changed.with_separable(form="block" if block else "layer")
        if width is not None or resolution is not None:
            factor = 1 if width is None else width
            changed = changed.scale(factor, resolution, divisor=divisor, keep=keep)
        show_table(convcost.compare(network, changed), form, output)
