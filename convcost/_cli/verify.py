"""`convcost verify`: check the formulas, or one model, against independent counts."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

import convcost
from convcost._cli.amounts import POSITIVE, WHOLE, Words
from convcost._cli.completion import model_files
from convcost._cli.output import (
    DISAGREEMENT,
    json_option,
    message_of,
    print_json,
    usage_errors,
    with_options,
)
from convcost._cli.sources import is_file, on_unknown_option, parse_shapes, shape_option
from convcost._models.errors import one_line
from convcost._models.keras.library import application, import_keras

if TYPE_CHECKING:
    from types import ModuleType

    from convcost import verify as verification
    from convcost._models.types import OnUnknown
    from convcost._verify.types import LiveModel


@click.command()
@click.argument("source", required=False, shell_complete=model_files)
@shape_option
@on_unknown_option
@click.option(
    "--cases",
    type=POSITIVE,
    default=200,
    show_default=True,
    help="How many configurations to draw.",
)
@click.option("--seed", type=WHOLE, default=0, show_default=True, help="Seed of the random draws.")
@click.option(
    "--kind",
    "kinds",
    multiple=True,
    help="Kind to draw, by its name in the table; may be repeated. By default all.",
)
@click.option(
    "--oracle",
    "oracles",
    multiple=True,
    help="Oracle to compare with: keras, run, profiler, xla, jaxpr or torch; for SOURCE keras,"
    " kernels, profiler or jaxpr. May be repeated. By default all that are installed.",
)
@click.option(
    "--device",
    type=Words(["auto", "cpu", "gpu"]),
    default="auto",
    show_default=True,
    help="Device to run on; auto uses a GPU if there is one.",
)
@json_option
def verify(
    source: str | None,
    input_shapes: tuple[str, ...],
    on_unknown: OnUnknown,
    cases: int,
    seed: int,
    kinds: tuple[str, ...],
    oracles: tuple[str, ...],
    device: str,
    as_json: bool,
) -> int:
    """Verify the formulas against independent counts made by other software.

    Layers of all kinds are drawn at random, with all their options, and each is compared with six
    oracles: the parameters and shapes that Keras reports (keras), the outputs of Keras's layers run
    on ones (run), the TF profiler (profiler), XLA's cost analysis (xla), JAX's record of what the
    layer computes (jaxpr) and PyTorch's FlopCounterMode (torch).

    With SOURCE, a model file or the name of a model in Keras Applications: that model is built or
    loaded in Keras. Each of its layers is checked against count_params and compute_output_spec
    (keras), and the totals against the shapes of the kernels (kernels), the TF profiler (profiler)
    and JAX's record of all that the model computes (jaxpr). What an oracle can't see is listed.

    Exits with 0 only if every number of every configuration agrees, and with 1 if one does not.
    """
    _quieten_tensorflow()
    if source is not None:
        if kinds:
            raise click.UsageError("--kind says which layers are drawn, and SOURCE is a model")
        agrees = verify_source(source, input_shapes, as_json, oracles, on_unknown)
        return 0 if agrees else DISAGREEMENT
    from convcost import verify as verification

    errors = Console(stderr=True)
    columns = (
        TextColumn("Verifying"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
    )
    try:
        hidden = not errors.is_terminal
        with Progress(*columns, console=errors, transient=True, disable=hidden) as progress:
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
        raise click.UsageError(message_of(error)) from error
    except (ImportError, ArithmeticError, verification.DeviceError, MemoryError) as error:
        raise click.ClickException(str(error) or "out of memory") from error
    if as_json:
        print_json(report.as_dict())
    else:
        _print_report(report)
    if len(report.unseen) == len(report.results):
        raise click.ClickException(
            "none of the chosen oracles can see any of the configurations; choose others"
        )
    return 0 if report.agrees else DISAGREEMENT


def _quieten_tensorflow() -> None:
    """Silence TensorFlow's log in Python; real errors are raised as exceptions."""
    # It warns about retracing, because no two layers here have the same shapes.
    logging.getLogger("tensorflow").setLevel(logging.ERROR)


def _print_report(report: verification.Verification) -> None:
    from convcost._verify import ORACLES, Outcome

    table = Table(
        title="convcost verify: configurations confirmed / not visible / contradicted",
        title_justify="left",
    )
    table.add_column("kind", no_wrap=True)
    for name in report.oracles:
        table.add_column(name, justify="right")
    for kind, row in report.table().items():
        counters = (row[name] for name in report.oracles)
        table.add_row(kind, *("/".join(f"{c[outcome]}" for outcome in Outcome) for c in counters))
    Console().print(table)
    for (name, reason), times in report.reasons().most_common():
        click.echo(f"not visible to {name} ({times}): {reason}")
    for name, oracle in ORACLES.items():
        if not oracle.is_installed():
            click.echo(f"not installed: {name} ({oracle.title}); it needs {oracle.install}")
    click.echo(str(report))


def verify_source(
    source: str,
    input_shapes: tuple[str, ...],
    as_json: bool,
    oracles: tuple[str, ...] = (),
    on_unknown: OnUnknown = "error",
) -> bool:
    """Build or load a model in Keras, check each layer against it, and return whether all agree."""
    from convcost._verify.whole_models import MODEL_ORACLES, check_model

    with usage_errors(), Console(stderr=True).status("Building the model") as status:
        keras = import_keras()
        shape = parse_shapes(input_shapes)
        path = Path(source)
        if is_file(source):
            click.echo(
                f"convcost: loading {source} with Keras in its safe mode; unlike `convcost"
                " summary`, this runs Keras on the content of the file",
                err=True,
            )
            network = convcost.from_keras(path, shape, on_unknown=on_unknown)
            model = _loaded(keras, path)
        else:
            model = application(source)
            network = convcost.from_keras(model, shape, on_unknown=on_unknown)
        status.update("Checking it against Keras, TensorFlow and JAX")
        report = check_model(model, network, oracles=oracles or MODEL_ORACLES)
    if as_json:
        print_json(report.as_dict())
    else:
        click.echo(with_options(str(report)))
    return report.agrees


def _loaded(keras: ModuleType, path: Path) -> LiveModel:
    try:
        if path.suffix in (".json", ".txt"):
            model: LiveModel = keras.models.model_from_json(path.read_text(encoding="utf-8"))
        else:
            model = keras.models.load_model(path, compile=False, safe_mode=True)
    except Exception as error:
        # Keras raises errors of many types for files that it can't or won't load.
        # The last of those that it puts into each other is the reason; the others show the config.
        _, _, reason = str(error).rpartition("Exception encountered: ")
        raise ValueError(f"Keras can't load {path}: {one_line(ValueError(reason))}") from error
    return model
