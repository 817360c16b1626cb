"""The command line for single designs: `convcost layer`, `solve` and `crossings`."""

from __future__ import annotations

import re
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

import convcost
from convcost._cli.amounts import Whole, Words
from convcost._cli.completion import layer_names, subject_names
from convcost._cli.functions import CONVOLUTIONS, print_counts
from convcost._cli.output import json_option, print_json, usage_errors
from convcost._cli.sources import SPACED, parse_shape
from convcost._cli.sweeps import parse_arguments, require_shape, subject_of
from convcost._cost.quantities import UNITS
from convcost._exact.scalars import did_you_mean, refuse_missing

if TYPE_CHECKING:
    from collections.abc import Iterator

    from convcost._cost.cost import Cost

_FREE: dict[str, Any] = {"ignore_unknown_options": True, "allow_extra_args": True}
# A size of a symbolic design: a number, or a symbol, times or divided by a number.
_SIZE = re.compile(r"(?:(\d+)\*)?([A-Za-z_]\w*)(?:/(\d+))?|\d+")


@click.command(
    context_settings=_FREE, options_metavar="[VALUES]... [--ARGUMENT VALUE]... [OPTIONS]"
)
@click.argument("kind", shell_complete=layer_names)
@click.option(
    "--input-shape",
    "input_shapes",
    metavar="28,28,32",
    multiple=True,
    required=True,
    help="Shape of the input without the batch dimension; names become symbols. Repeat it for a"
    " layer of several inputs.",
)
@click.option("--effective", is_flag=True, help="Leave out MACs of taps on the padding.")
@click.option(
    "--training", is_flag=True, help="Count a training step: forward, and both gradients."
)
@json_option
@click.pass_context
def layer(
    context: click.Context,
    /,
    kind: str,
    input_shapes: tuple[str, ...],
    effective: bool,
    training: bool,
    as_json: bool,
) -> None:
    """Show what a layer costs, with the arithmetic behind it.

    KIND is a layer of convcost.layers, with Keras's name and arguments: values in their order, then
    options by name.

    \b
      convcost layer Conv2D 64 3 --strides 2 --padding same --input-shape 28,28,32
    """  # noqa: D301
    with usage_errors(), _words_for_shapes(kind, input_shapes, context.meta.get(SPACED, "")):
        made = _layer(kind, context.args)
        shapes: Any = [parse_shape(one) for one in input_shapes]
        shape = shapes[0] if len(shapes) == 1 else shapes
        cost = made.cost(shape, effective=effective, training=training)
        output = made.output_shape(shape)
        explanation = cost.explain().as_dict()
    if as_json:
        print_json(
            {
                "layer": repr(made),
                "input_shape": _sides(shape),
                "output_shape": _sides(output),
                **{quantity: _plain(getattr(cost, quantity)) for quantity in UNITS},
                "explain": explanation,
            }
        )
        return
    click.echo(f"{made!r}: {_shown(shape)} -> {_shown(output)}")
    print_counts(cost, explanation)


@contextmanager
def _words_for_shapes(kind: str, shapes: tuple[str, ...], spaced: str) -> Iterator[None]:
    """Say how shapes are written, where a layer does not take what it got.

    With spaces in a shape, `spaced` is the message; a layer may need several shapes.
    """
    try:
        yield
    except (TypeError, ValueError) as error:
        if spaced:
            raise ValueError(spaced) from error
        if len(shapes) != 1 or "such as [(" not in str(error):
            raise
        raise ValueError(
            f"{kind} needs the shape of each input: give the option once for each, as in"
            f" --input-shape {shapes[0]} --input-shape {shapes[0]}"
        ) from error


def _layer(kind: str, words: list[str]) -> Any:
    """Return the layer of a class, made with values in their order and options by name."""
    subject: Any = subject_of(kind, layers_only=True)
    first = next((place for place, one in enumerate(words) if one.startswith("--")), len(words))
    values = [_one(parse_arguments(["--value", word])["value"]) for word in words[:first]]
    named = {name: _one(value) for name, value in parse_arguments(words[first:]).items()}
    return _made(kind, subject, *values, **named)


def _made(name: str, function: Any, *values: Any, **named: Any) -> Any:
    """Return what a function or a class makes, or say which arguments it needs."""
    try:
        return function(*values, **named)
    except TypeError as error:
        refuse_missing(name, error)
        raise


def _one(given: Any) -> Any:
    """Return a value, or several of them as a tuple, such as the sides of a kernel."""
    if isinstance(given, range):
        raise ValueError(f"a layer takes one value where a sweep takes a range; got {given}")
    return given[0] if len(given) == 1 else tuple(given)


def _shown(shape: Any) -> str:
    return str(tuple(shape)) if not isinstance(shape, list) else ", ".join(map(str, shape))


def _sides(shape: Any) -> Any:
    return [_sides(one) if isinstance(one, (list, tuple)) else _plain(one) for one in shape]


def _plain(value: Any) -> Any:
    return value if isinstance(value, int) else str(value)


def _budgets(command: Any) -> Any:
    for name, unit in reversed(UNITS.items()):
        option = f"--{name.replace('_', '-')}"
        about = f"The most {unit}, such as 300M; with --at-least the fewest."
        command = click.option(option, name, type=Whole(0), help=about)(command)
    return command


@click.command(context_settings=_FREE, options_metavar="[--ARGUMENT VALUE]... [OPTIONS]")
@click.argument("what", shell_complete=subject_names)
@click.argument("argument")
@_budgets
@click.option("--at-least", is_flag=True, help="Find the smallest value that reaches the budgets.")
@json_option
@click.pass_context
def solve(
    context: click.Context,
    /,
    what: str,
    argument: str,
    at_least: bool,
    as_json: bool,
    **budgets: int | None,
) -> None:
    """Find the largest value of an argument within a budget.

    WHAT is a function such as separable, or a layer such as Conv2D; ARGUMENT is the one to find.
    The other arguments are options.

    \b
      convcost solve separable n --macs 300M --dk 3 --m 64 --df 28
      convcost solve Conv2D filters --macs 10M --kernel-size 3 --input-shape 28,28,32
    """  # noqa: D301
    given: Any = {name: budget for name, budget in budgets.items() if budget is not None}
    if not given:
        *some, last = (f"--{name.replace('_', '-')}" for name in UNITS)
        raise click.UsageError(f"give a budget: {', '.join(some)} or {last}")
    with usage_errors():
        others: Any = {
            name: value if name == "input_shape" else _one(value)
            for name, value in parse_arguments(context.args).items()
        }
        name = argument.replace("-", "_")
        require_shape(what, {**others, name: None}, "28,28,32")
        value = convcost.solve(subject_of(what), name, at_least=at_least, **given, **others)
    if as_json:
        print_json({"what": what, "argument": name, "value": value, **given})
    else:
        click.echo(f"{name} = {value:,}")


@click.command()
@click.argument("first")
@click.argument("second")
@click.argument("symbol")
@click.option(
    "--by",
    type=Words(list(UNITS)),
    default="macs",
    show_default=True,
    help="What to compare.",
)
@json_option
def crossings(first: str, second: str, symbol: str, by: Any, as_json: bool) -> None:
    """Find where two convolutions cost the same.

    FIRST and SECOND are each a function with its sizes: numbers, or symbols, which may be
    multiplied or divided by a number. SYMBOL is the one to solve for.

    \b
      convcost crossings "separable dk m n df" "standard dk m n/8 df" n
    """  # noqa: D301
    with usage_errors():
        costs = _symbolic(first), _symbolic(second)
        found = convcost.crossings(*costs, convcost.symbols.symbol(symbol), by)
    if as_json:
        print_json({"symbol": symbol, "by": by, "values": list(map(str, found))})
    elif found:
        for value in found:
            click.echo(f"{symbol} = {value}")
    else:
        click.echo(f"one of them has fewer {UNITS[by]} for every {symbol}")


def _symbolic(text: str) -> Cost[Any]:
    """Return the cost of a function with sizes that may be symbols.

    Examples
    --------
    >>> _symbolic("pointwise m n/2 7").macs
    49*m*n/2
    """
    name, *sizes = text.split() or [""]
    if name not in CONVOLUTIONS:
        near = did_you_mean(name, CONVOLUTIONS)
        raise ValueError(f"{name!r} is not one of {', '.join(CONVOLUTIONS)}{near}")
    cost: Cost[Any] = _made(name, getattr(convcost, name), *map(_size, sizes))
    return cost


def _size(word: str) -> Any:
    found = _SIZE.fullmatch(word)
    if found is None:
        raise ValueError(
            f"a size must be a number or a symbol, such as 64, n, 2*n or n/8; got {word!r}"
        )
    times, name, divisor = found.groups()
    if name is None:
        return int(word)
    return convcost.symbols.symbol(name) * int(times or 1) / int(divisor or 1)
