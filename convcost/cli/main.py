"""The command line: the costs of convolutions and of whole models, and their verification.

Exit codes: 0 for success, 1 if a verification found a disagreement and for nothing else, 2 for a
usage or environment error, 130 if interrupted.
"""

import json
import logging
import os
import traceback
from collections.abc import Callable, Sequence
from typing import Any

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

import convcost
from convcost.cli import models, sweeps
from convcost.cost import text
from convcost.cost.cost import Cost
from convcost.cost.quantities import UNITS
from convcost.cost.ratio import Ratio

DISAGREEMENT, USAGE_OR_ENVIRONMENT, INTERRUPTED = 1, 2, 130


def run(arguments: Sequence[str] | None = None) -> int:
    """Run a command line and return its exit code.

    Parameters
    ----------
    arguments
        The words behind `convcost`; by default those of this process.

    Returns
    -------
    int
        The exit code.
    """
    try:
        # Without standalone mode, since click's own would exit with 1 where it's interrupted.
        code = app.main(arguments, prog_name="convcost", standalone_mode=False)
    except click.ClickException as error:
        error.show()
        return USAGE_OR_ENVIRONMENT
    except (click.Abort, KeyboardInterrupt):
        click.echo("convcost: interrupted", err=True)
        return INTERRUPTED
    except SystemExit:
        # click's own answer to a reader that closed the pipe is 1, which here means disagreement.
        return USAGE_OR_ENVIRONMENT
    except Exception:
        # Python's own exit code for a crash is 1, too; show the crash, but don't call it that.
        traceback.print_exc()
        return USAGE_OR_ENVIRONMENT
    return int(code or 0)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(convcost.__version__, prog_name="convcost")
def app() -> None:
    """Say exactly what a convolution or a whole model costs, and prove it against Keras.

    DK is the side of the kernel, M the number of input channels, N the number of output channels,
    and DF the side of the output feature map.
    """


app.add_command(models.summary)
app.add_command(models.compare)
app.add_command(models.whatif)
app.add_command(sweeps.sweep)


def _sizes(*names: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    def decorate(command: Callable[..., Any]) -> Callable[..., Any]:
        for name in reversed(names):
            command = click.argument(name, type=int)(command)
        return command

    return decorate


def _bias(default: bool) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    return click.option(
        "--bias/--no-bias", default=default, show_default=True, help="Whether filters add a bias."
    )


_as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON, for machines.")


@app.command()
@_sizes("dk", "m", "n", "df")
@_bias(True)
@_as_json
def standard(as_json: bool, **arguments: Any) -> None:
    """Cost of a standard convolution."""
    _print_cost("standard", arguments, as_json)


@app.command()
@_sizes("dk", "m", "df")
@_bias(False)
@_as_json
def depthwise(as_json: bool, **arguments: Any) -> None:
    """Cost of a depthwise convolution."""
    _print_cost("depthwise", arguments, as_json)


@app.command()
@_sizes("m", "n", "df")
@_bias(True)
@_as_json
def pointwise(as_json: bool, **arguments: Any) -> None:
    """Cost of a pointwise (1x1) convolution."""
    _print_cost("pointwise", arguments, as_json)


@app.command()
@_sizes("dk", "m", "n", "df")
@_bias(True)
@_as_json
def separable(as_json: bool, **arguments: Any) -> None:
    """Cost of a separable convolution, beside the standard one it replaces."""
    _print_cost("separable", arguments, as_json)


@app.command()
@_sizes("dk", "m", "n")
@_bias(True)
@_as_json
def ratio(as_json: bool, **arguments: Any) -> None:
    """Cost of a separable convolution as a fraction of the standard one."""
    quotient: Ratio = _call(convcost.ratio, arguments)
    if as_json:
        _print_json({"kind": "ratio", **arguments, **_ratio_data(quotient)})
    else:
        click.echo(f"separable / standard ({_describe(arguments)})")
        click.echo(str(quotient))


@app.command()
@click.argument("source", required=False)
@models.shape_option
@click.option(
    "--cases",
    type=click.IntRange(min=1),
    default=200,
    show_default=True,
    help="How many configurations to draw.",
)
@click.option("--seed", type=int, default=0, show_default=True, help="What to draw them with.")
@click.option(
    "--kind",
    "kinds",
    multiple=True,
    help="A kind to draw, as the table names it; may be repeated. By default all.",
)
@click.option(
    "--oracle",
    "oracles",
    multiple=True,
    help="Who is asked: keras, run, profiler, xla or torch; may be repeated. By default all that"
    " are installed.",
)
@click.option(
    "--device",
    type=click.Choice(["auto", "cpu", "gpu"]),
    default="auto",
    show_default=True,
    help="Where to run; auto takes a GPU if there is one.",
)
@_as_json
def verify(
    source: str | None,
    input_shape: str | None,
    cases: int,
    seed: int,
    kinds: tuple[str, ...],
    oracles: tuple[str, ...],
    device: str,
    as_json: bool,
) -> int:
    """Prove the formulas against counts that other people's code makes.

    Layers of all kinds are drawn at random, with all their options, and each is shown to five
    oracles: what Keras's layers say of themselves (keras), what comes out of them when they run on
    ones (run), the TF profiler (profiler), XLA's cost analysis (xla) and PyTorch's FlopCounterMode
    (torch).

    With SOURCE, a model file or the name of a model in Keras Applications: that model is built or
    loaded in Keras, and each of its layers is held to count_params and compute_output_shape, the
    totals to the kernels' shapes and the TF profiler.

    Exits with 0 only if every number of every configuration agrees, and with 1 if one does not.
    """
    _quieten_tensorflow()
    if source is not None:
        return 0 if models.verify_source(source, input_shape, as_json) else DISAGREEMENT
    from convcost import verify as verification

    errors = Console(stderr=True)
    columns = (
        TextColumn("Verifying"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
    )
    try:
        with Progress(*columns, console=errors, transient=True) as progress:
            bar = progress.add_task("verify", total=cases)
            report = verification.run(
                cases,
                seed=seed,
                kinds=kinds or verification.KINDS,
                oracles=oracles or None,
                device=device,
                on_result=lambda _: progress.advance(bar),
            )
    except ValueError as error:
        raise click.UsageError(str(error)) from error
    except (ImportError, ArithmeticError, verification.DeviceError, MemoryError) as error:
        raise click.ClickException(str(error) or "out of memory") from error
    if as_json:
        _print_json(report.as_dict())
    else:
        _print_report(report)
    if len(report.unseen) == len(report.results):
        raise click.ClickException("no oracle that was asked can see any of the configurations")
    return 0 if report.agrees else DISAGREEMENT


def _quieten_tensorflow() -> None:
    """Leave out what TensorFlow logs; what really goes wrong comes as a Python exception."""
    # C++ side: on a machine without a GPU it logs errors about that.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    # Python side: it warns about retracing, since no two layers here have the same shapes.
    logging.getLogger("tensorflow").setLevel(logging.ERROR)


def _print_report(report: "convcost.verify.Report") -> None:
    from convcost.verify import ORACLES, Outcome

    table = Table(
        title="convcost verify: configurations confirmed / not visible / contradicted",
        title_justify="left",
    )
    table.add_column("kind", no_wrap=True)
    for name in report.oracles:
        table.add_column(name, justify="right")
    for kind, row in report.table().items():
        counters = (row[name] for name in report.oracles)
        table.add_row(kind, *(" / ".join(f"{c[outcome]}" for outcome in Outcome) for c in counters))
    Console().print(table)
    for (name, reason), times in report.reasons().most_common():
        click.echo(f"not visible to {name} ({times}): {reason}")
    for name, oracle in ORACLES.items():
        if not oracle.is_installed():
            click.echo(f"not asked: {name} ({oracle.title}); it needs {oracle.install}")
    click.echo(str(report))


def _print_cost(kind: str, arguments: dict[str, Any], as_json: bool) -> None:
    cost: Cost = _call(getattr(convcost, kind), arguments)
    full = _call(convcost.standard, arguments) if kind == "separable" else None
    if as_json:
        data = {"kind": kind, **arguments, **_cost_data(cost), "explain": cost.explain().as_dict()}
        if full is not None:
            data |= {"standard": _cost_data(full), "ratio": _ratio_data(cost / full)}
        _print_json(data)
        return
    click.echo(f"{kind} convolution ({_describe(arguments)})")
    explanation = cost.explain().as_dict()
    _print_columns(
        [
            (unit, text.count_text(getattr(cost, quantity)), explanation[quantity])
            for quantity, unit in UNITS.items()
        ]
    )
    if full is not None:
        click.echo("\nbeside the standard convolution that it replaces")
        _print_columns(
            [
                (
                    UNITS[quantity],
                    text.count_text(getattr(full, quantity)),
                    "separable / standard = " + text.quotient_text(getattr(cost / full, quantity)),
                )
                for quantity in ("params", "macs")
            ]
        )


def _print_columns(rows: list[tuple[str, str, str]]) -> None:
    # Written plainly, not as a table fitted to the terminal: nothing that is counted may be cut.
    widths = [max(len(row[column]) for row in rows) for column in (0, 1)]
    for unit, count, note in rows:
        click.echo(f"  {unit:<{widths[0]}}  {count:>{widths[1]}}   {note}")


def _call(function: Callable[..., Any], arguments: dict[str, Any]) -> Any:
    try:
        return function(**arguments)
    except (TypeError, ValueError) as error:
        raise click.UsageError(str(error)) from error


def _describe(arguments: dict[str, Any]) -> str:
    return ", ".join(f"{name}={value}" for name, value in arguments.items())


def _cost_data(cost: Cost) -> dict[str, Any]:
    return {quantity: getattr(cost, quantity) for quantity in UNITS}


def _ratio_data(quotient: Ratio) -> dict[str, Any]:
    return {
        quantity: {"exact": str(value), "value": float(value)}
        for quantity, value in (("params", quotient.params), ("macs", quotient.macs))
    }


def _print_json(data: dict[str, Any]) -> None:
    try:
        click.echo(json.dumps(data, indent=2))
    except ValueError as error:  # Python's limit on the digits of an integer
        raise click.ClickException(f"the counts are too long to print: {error}") from error
