"""The command line for design spaces: `convcost sweep`."""

from __future__ import annotations

import ast
import errno
import re
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

import convcost
from convcost._cli.amounts import POSITIVE
from convcost._cli.completion import layer_classes, subject_names
from convcost._cli.functions import CONVOLUTIONS
from convcost._cli.output import json_option, print_json, show_table, usage_errors
from convcost._cli.sources import near, words_of
from convcost._exact.amounts import is_count, read_count

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import TypeAlias, TypedDict, TypeGuard, Unpack

    import pandas as pd
    from distributed import Client

    from convcost._layers import Layer
    from convcost._sweeps import Space
    from convcost._sweeps.types import Progress as Advance
    from convcost._sweeps.types import Subject

    # The values of an axis, or an input shape.
    Given: TypeAlias = range | list[object] | tuple[object, ...]
    # The number of designs, the designs, or None if they were written.
    Answer: TypeAlias = int | pd.DataFrame | None

    class Engine(TypedDict, total=False):
        """What counts, if it isn't this process."""

        client: Client

    class How(Engine):
        """Which designs are asked about, and how they are counted."""

        where: list[str] | None
        progress: Advance


# Values of a range that stands among other values.
_MAX_LISTED = 1 << 20


@click.command(
    context_settings={"ignore_unknown_options": True, "allow_extra_args": True},
    options_metavar="[--ARGUMENT VALUES]... [OPTIONS]",
)
@click.argument("what", shell_complete=subject_names)
@click.option(
    "--where", multiple=True, help='Condition on the designs, "macs <= 3e8"; may be repeated.'
)
@click.option("--count", is_flag=True, help="Print how many designs meet --where.")
@click.option("--top", type=POSITIVE, metavar="N", help="Show only the best N designs.")
@click.option("--by", help="With --top: rank by this, largest first: params, or an expression.")
@click.option("--smallest", is_flag=True, help="With --top: rank the smallest first.")
@click.option("--maximize", default="", help="Show the Pareto front; maximize these: params,df.")
@click.option("--minimize", default="", help="Show the Pareto front; minimize these: macs.")
@click.option(
    "--output",
    "-o",
    type=click.Path(),
    help="File for the answer: .parquet, .csv or .json. Without --count, --top, --maximize or"
    " --minimize, all designs are written: a folder of such files, or a .zarr store, which resumes"
    " after an interruption.",
)
@click.option("--plot", type=click.Path(), help="Plot the designs to an image, such as front.png.")
@click.option("--overwrite", is_flag=True, help="Replace existing files.")
@click.option("--workers", type=POSITIVE, help="Count in this many processes.")
@click.option("--scheduler", metavar="ADDRESS", help="Count on the Dask cluster at tcp://...")
@json_option
@click.pass_context
def sweep(
    context: click.Context,
    /,
    what: str,
    where: tuple[str, ...],
    workers: int | None,
    scheduler: str | None,
    **asked: Any,
) -> None:
    """Find the designs that fit a budget, among millions or trillions.

    WHAT is standard, depthwise, pointwise or separable, or a layer such as Conv2D. Its arguments
    are given as options. Their values are integers, words, or ranges start:stop:step that exclude
    the stop, separated by commas:

    \b
      convcost sweep separable --dk 3,5,7 --m 8:513:8 --n 8:1025:8 --df 7,14,28
        --where "macs <= 3e8" --maximize params,df --minimize macs

    For a layer, --input-shape side,side,channels names further options: --side and --channels.
    """  # noqa: D301
    question = _Question(**asked)
    question.check()
    with usage_errors():
        question.check_paths()
        arguments = parse_arguments(context.args)
        require_shape(what, arguments, "side,side,32 --side 14,28")
        space = convcost.Space(subject_of(what), **arguments)
        with _engine(workers, scheduler) as engine, _bar(space) as progress:
            answer = question.ask(space, where=list(where) or None, progress=progress, **engine)
        question.give(space, answer)


@dataclass(frozen=True)
class _Question:
    """The command's options: a question about a design space, and where to put the answer."""

    count: bool
    top: int | None
    by: str | None
    smallest: bool
    maximize: str
    minimize: str
    output: str | None
    plot: str | None
    overwrite: bool
    as_json: bool

    @property
    def is_front(self) -> bool:
        return bool(self.maximize or self.minimize)

    def check(self) -> None:
        """Refuse options that exclude or lack each other."""
        asked = [self.count, self.top is not None, self.is_front]
        if sum(asked) > 1:
            raise click.UsageError("give only one of --count, --top, and --maximize or --minimize")
        if not any(asked) and self.output is None:
            raise click.UsageError(
                "give --count, --top, --maximize or --minimize, or --output to write all designs"
            )
        if (self.top is None) != (self.by is None):
            raise click.UsageError(
                "--top N needs --by, and --by needs --top: N designs, ranked by an expression"
            )
        if self.plot is not None and (self.count or not any(asked)):
            raise click.UsageError("--plot needs designs: give --top, --maximize or --minimize")
        if self.output is not None and self.count:
            raise click.UsageError("--count only prints a number: leave out --output")

    def check_paths(self) -> None:
        """Refuse files that can't be written, before anything is counted."""
        from convcost._sweeps.extras import require

        require("numpy")  # without which the next module can't be imported
        from convcost._sweeps.export import check_table_path

        # A folder for all designs is checked by the code that writes it.
        files = [self.plot]
        if self.output is not None and (self.is_front or self.top is not None):
            files.append(str(check_table_path(self.output)))
        if self.plot is not None:
            _check_image(self.plot)
        for path in map(Path, filter(None, files)):
            if path.exists() and not self.overwrite:
                problem = "already exists; give another file, or --overwrite"
                raise FileExistsError(errno.EEXIST, problem, str(path))
            if not path.parent.is_dir():
                problem = f"can't be written: {path.parent} is not a folder"
                raise FileNotFoundError(errno.ENOENT, problem, str(path))

    def ask(self, space: Space, **how: Unpack[How]) -> Answer:
        """Return the number or the designs; None if all of them were written."""
        if self.count:
            return space.count(**how)
        if self.top is not None:
            return space.top(self.top, str(self.by), smallest=self.smallest, **how)
        if self.is_front:
            more, less = _names(self.maximize), _names(self.minimize)
            return space.pareto(maximize=more, minimize=less, **how)
        space.write(str(self.output), overwrite=self.overwrite, **how)
        return None

    def give(self, space: Space, answer: Answer) -> None:
        """Print, plot or write the answer."""
        if isinstance(answer, int):
            _print_count(space, answer, self.as_json)
        elif answer is not None:
            _give(space, answer, self.output, self.as_json)
            if self.plot is not None:
                self._draw(answer, self.plot)
        elif self.as_json:
            print_json({"space": repr(space), "output": self.output}, indent=None)

    def _draw(self, frame: pd.DataFrame, path: str) -> None:
        """Plot the first to minimize across, the first to maximize upwards, the next as color."""
        more, less = _names(self.maximize), _names(self.minimize)
        x, y = (less or ["macs"])[0], (more or ["params"])[0]
        color = next(iter([*more[1:], *less[1:]]), None)
        convcost.plot_front(frame, x, y, color).savefig(path, dpi=150)


def subject_of(name: str, layers_only: bool = False) -> Subject:
    """Return the function or the class of layers of that name."""
    if name in CONVOLUTIONS and not layers_only:
        function: Subject = getattr(convcost, name)
        return function
    kind = getattr(convcost.layers, name, None)
    if _is_layer(kind):
        return kind
    functions = () if layers_only else tuple(CONVOLUTIONS)
    no_function = f"one of {', '.join(functions)}, nor " if functions else ""
    hint = near(name, [*functions, *layer_classes()])
    raise ValueError(f"{name!r} is not {no_function}a layer of convcost.layers{hint}")


def require_shape(what: str, arguments: Mapping[str, object], example: str) -> None:
    """Refuse a layer without its input shape, with an example of the option."""
    if "input_shape" not in arguments and _is_layer(subject_of(what)):
        raise ValueError(f"{what} needs an input shape, such as --input-shape {example}")


def _is_layer(kind: object) -> TypeGuard[type[Layer]]:
    return isinstance(kind, type) and issubclass(kind, convcost.layers.Layer)


def parse_arguments(words: list[str]) -> dict[str, Given]:
    """Return the arguments that the options give, each with the values that it may take.

    Examples
    --------
    >>> parse_arguments(["--m", "8:25:8,64", "--padding=same,valid", "--use-bias", "true"])
    {'m': [8, 16, 24, 64], 'padding': ['same', 'valid'], 'use_bias': [True]}
    >>> parse_arguments(["--m", "8:33:8", "--input-shape", "side,side,3"])
    {'m': range(8, 33, 8), 'input_shape': ('side', 'side', 3)}
    """
    arguments: dict[str, Given] = {}
    rest = list(words)
    while rest:
        word = rest.pop(0)
        name, equals, text = word.partition("=")
        if not name.startswith("--") or not name[2:]:
            raise ValueError(f"expected an option such as --m 8:513:8; got {word!r}")
        if not equals:
            if not rest or rest[0].startswith("--"):
                raise ValueError(f"{name} needs values: {name} 3,5,7 or {name} 8:513:8")
            text = rest.pop(0)
        key = name[2:].replace("-", "_")
        if key in arguments:
            raise ValueError(f"{name} is given twice; separate its values by commas")
        arguments[key] = _shape(text) if key == "input_shape" else _values(name, text)
    return arguments


def _shape(text: str) -> tuple[object, ...]:
    return tuple(map(_value, words_of(text)))


def _values(name: str, text: str) -> range | list[object]:
    parts = [part.strip() for part in text.split(",")]
    if len(parts) == 1 and ":" in text:
        return _range(name, text)
    values: list[object] = []
    for part in parts:
        if not part:
            raise ValueError(f"{name} has an empty value before or after a comma: {text!r}")
        if span := re.fullmatch(r"(\d+)\s*(?:-|\.\.+)\s*(\d+)", part):
            start, stop = span.groups()
            raise ValueError(
                f"{name} takes ranges as start:stop, with the stop excluded; got {part!r}; did you"
                f" mean {start}:{int(stop) + 1}?"
            )
        values += _listed(name, part) if ":" in part else [_value(part)]
    return values


def _listed(name: str, text: str) -> list[int]:
    """Return the values of a range among other values, unless they would not fit into memory."""
    values = _range(name, text)
    if values[_MAX_LISTED:]:
        raise ValueError(
            f"{name} takes at most {_MAX_LISTED:,} values of a range among other values; got {text}"
        )
    return list(values)


def _range(name: str, text: str) -> range:
    try:
        start, stop, *step = (_integer(word) for word in text.split(":"))
        values = range(start, stop, *step)
    except (ValueError, TypeError):
        raise ValueError(
            f"{name} must be start:stop or start:stop:step, in integers, with the stop excluded;"
            f" got {text!r}"
        ) from None
    if not values:
        raise ValueError(f"{name} must have one value or more; got {text!r}, an empty range")
    return values


def _integer(word: str) -> int:
    return read_count("it", word) if is_count(word) else int(word)


def _value(word: str) -> object:
    lowered = word.strip().lower()
    if lowered in ("true", "false"):
        return lowered == "true"
    if is_count(word):
        return read_count("it", word)
    try:
        return ast.literal_eval(word.strip())
    except (ValueError, SyntaxError):
        return word.strip()


def _names(text: str) -> list[str]:
    return [name.strip() for name in text.split(",") if name.strip()]


@contextmanager
def _engine(workers: int | None, scheduler: str | None) -> Iterator[Engine]:
    """Provide what counts: this process, processes on this machine, or a cluster."""
    if workers is None and scheduler is None:
        yield {}
        return
    if workers is not None and scheduler is not None:
        raise ValueError(
            "give --workers for processes on this machine, or --scheduler for a cluster, not both"
        )
    try:
        import distributed
    except ImportError as error:
        raise ImportError(
            '--workers and --scheduler need Dask: pip install "convcost[sweeps]"'
        ) from error
    if scheduler is not None:
        try:
            client = distributed.Client(scheduler, timeout=30)
        except (ValueError, OSError) as error:
            raise ValueError(f"--scheduler {scheduler} can't be reached: {error}") from error
        with client:
            yield {"client": client}
        return
    with distributed.Client(
        n_workers=workers, threads_per_worker=1, dashboard_address=None, set_as_default=False
    ) as client:
        yield {"client": client}


@contextmanager
def _bar(space: Space) -> Iterator[Advance]:
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TimeRemainingColumn(),
    )
    console = Console(stderr=True)
    # Only on a terminal: what is written into a file may fill a disk, or end up among the errors.
    hidden = not console.is_terminal
    with Progress(*columns, console=console, transient=True, disable=hidden) as progress:
        task = progress.add_task(f"{space.size:,} designs", total=1.0)
        yield lambda fraction: progress.update(task, completed=fraction)


def _print_count(space: Space, number: int, as_json: bool) -> None:
    if as_json:
        data = {"space": repr(space), "designs": space.size, "count": number}
        print_json(data, indent=None)
    else:
        click.echo(f"{number:,} of {space.size:,} designs")


def _check_image(path: str) -> None:
    from convcost._report.table import import_optional

    known = import_optional("matplotlib.backend_bases").FigureCanvasBase.get_supported_filetypes()
    if Path(path).suffix[1:].lower() not in known:
        raise ValueError(f"--plot must end with .{', .'.join(sorted(known))}; got {path}")


def _give(space: Space, frame: pd.DataFrame, output: str | None, as_json: bool) -> None:
    from convcost._report.designs import Designs
    from convcost._sweeps.export import write_table

    if output is not None:
        write_table(frame, output)
    if as_json:
        click.echo(frame.to_json(orient="records"))
    elif output is None:
        show_table(Designs(frame, repr(space)), "table", None)
    else:
        click.echo(f"{len(frame):,} designs in {output}")
