"""The command line for single convolutions: a command for each function of the library."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING

import click

import convcost
from convcost._cli.amounts import WHOLE
from convcost._cli.output import json_option, message_of, print_json
from convcost._cost import text
from convcost._cost.quantities import UNITS
from convcost._exact import arithmetic
from convcost._exact.amounts import is_count

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import TypeAlias, TypeVar

    from convcost._cost.cost import Cost
    from convcost._cost.ratio import Ratio

    Result = TypeVar("Result")
    # The sizes and the bias of a function, by name.
    Arguments: TypeAlias = Mapping[str, int]

CONVOLUTIONS = {
    "standard": "Cost of a standard convolution.",
    "depthwise": "Cost of a depthwise convolution.",
    "pointwise": "Cost of a pointwise (1x1) convolution.",
    "separable": "Cost of a separable convolution, compared with the standard one it replaces.",
}


class _Sizes(click.Command):
    """A command that takes -3 for a size, which the library refuses, and not for an option."""

    def parse_args(self, context: click.Context, arguments: list[str]) -> list[str]:
        """Read the arguments of the command."""
        context.ignore_unknown_options = any(
            one[:1] == "-" and is_count(one[1:]) for one in arguments
        )
        return super().parse_args(context, arguments)


def _command(name: str, about: str, show: Callable[[str, Arguments, bool], None]) -> click.Command:
    """Return the command for a function: its sizes are arguments, its bias is an option."""
    *sizes, bias = inspect.signature(getattr(convcost, name)).parameters.values()

    def command(as_json: bool, **arguments: int) -> None:
        show(name, arguments, as_json)

    decorators = [
        *(click.argument(size.name, type=WHOLE) for size in sizes),
        click.option(
            "--bias/--no-bias",
            default=bias.default,
            show_default=True,
            help="Whether the convolution has a bias.",
        ),
        json_option,
    ]
    for decorate in reversed(decorators):
        command = decorate(command)
    return click.command(name, help=about, cls=_Sizes)(command)


def _show_cost(name: str, arguments: Arguments, as_json: bool) -> None:
    cost: Cost = _call(getattr(convcost, name), arguments)
    full = _call(convcost.standard, arguments) if name == "separable" else None
    explanation = cost.explain().as_dict()
    if as_json:
        data = {"kind": name, **arguments, **_cost_data(cost), "explain": explanation}
        if full is not None:
            data |= {"standard": _cost_data(full), "ratio": _ratio_data(cost / full)}
        print_json(data)
        return
    click.echo(f"{name} convolution ({_describe(arguments)})")
    print_counts(cost, explanation)
    if full is not None:
        click.echo("\ncompared with the standard convolution that it replaces")
        quotients = {name: getattr(cost / full, name) for name in ("params", "macs")}
        print_counts(
            full,
            {
                name: f"separable / standard = {text.quotient_text(value)}"
                for name, value in quotients.items()
            },
        )


def _show_ratio(name: str, arguments: Arguments, as_json: bool) -> None:
    quotient = _call(convcost.ratio, arguments)
    if as_json:
        print_json({"kind": name, **arguments, **_ratio_data(quotient)})
    else:
        click.echo(f"separable / standard ({_describe(arguments)})")
        click.echo(str(quotient))


COMMANDS = (
    *(_command(name, about, _show_cost) for name, about in CONVOLUTIONS.items()),
    _command(
        "ratio",
        "Cost of a separable convolution as a fraction of the standard one.",
        _show_ratio,
    ),
)


def _call(function: Callable[..., Result], arguments: Arguments) -> Result:
    try:
        return function(**arguments)
    except (TypeError, ValueError) as error:
        raise click.UsageError(message_of(error)) from error


def print_counts(cost: Cost, notes: dict[str, str]) -> None:
    """Print each count that has a note, with its unit and the note."""
    # Plain lines, not a table fitted to the terminal, so that no digit is cut off.
    rows: list[tuple[str, ...]] = [
        (unit, arithmetic.text(getattr(cost, quantity)), f" {notes[quantity]}")
        for quantity, unit in UNITS.items()
        if quantity in notes
    ]
    for line in text.align(rows, right=(1,)):
        click.echo(f"  {line}")


def _describe(arguments: Arguments) -> str:
    return ", ".join(f"{name}={value}" for name, value in arguments.items())


def _cost_data(cost: Cost) -> dict[str, object]:
    return {quantity: getattr(cost, quantity) for quantity in UNITS}


def _ratio_data(quotient: Ratio) -> dict[str, object]:
    return {
        quantity: {"exact": str(value), "value": float(value)}
        for quantity, value in (("params", quotient.params), ("macs", quotient.macs))
    }
