"""How commands find a model: in a file, or by its name in Keras Applications."""

from __future__ import annotations

import keyword
import re
from itertools import takewhile
from pathlib import Path
from typing import TYPE_CHECKING, cast

import click

import convcost
from convcost._cli.amounts import Words
from convcost._exact.amounts import is_count, read_count
from convcost._exact.scalars import near_names

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import TypeAlias

    from convcost._exact.types import Size
    from convcost._models.network import Network
    from convcost._models.types import OnUnknown

    Shape: TypeAlias = tuple[Size | None, ...]
    # As `convcost.from_keras` takes them: of one input, or of each in order or by name.
    Shapes: TypeAlias = Shape | list[Shape] | dict[str, Shape] | None

# Numbers, and open sides, with an x between them.
_CROSSED = re.compile(r"(\d[^\W_x]*|\?|None)(\s*x\s*(\d[^\W_x]*|\?|None))+")
_OPEN = ("?", "None")
# Where a context has the message for a shape with spaces.
SPACED = "convcost.spaced"

shape_option = click.option(
    "--input-shape",
    "input_shapes",
    metavar="224,224,3",
    multiple=True,
    help="Shape of the input without the batch dimension, 224,224,3 or 224x224x3; names become"
    " symbols, as in h,w,3, and ? leaves a side open. Of a model with several inputs give one for"
    " each, in their order or as image=224,224,3. By default what the model declares.",
)

on_unknown_option = click.option(
    "--on-unknown",
    type=Words(["error", "warn"]),
    default="error",
    show_default=True,
    help="What to do with layers whose cost is not known: stop, or warn and leave them out.",
)


def network_of(
    source: str,
    input_shapes: Sequence[str],
    on_unknown: OnUnknown = "error",
    output_shapes: Iterable[str] = (),
    *,
    saved: bool = False,
) -> Network:
    """Return the network of a model file, or of a model in Keras Applications.

    With `saved`, a saved report is one, too: what stands for the model in tables.
    """
    from convcost._report.summaries import counted

    shapes = dict(map(_named_shape, output_shapes)) or None
    read = counted if saved else convcost.from_keras
    found = read(source, parse_shapes(input_shapes), on_unknown=on_unknown, shapes=shapes)
    return cast("Network", found)


def _named_shape(text: str) -> tuple[str, tuple[Size, ...]]:
    """Return the name of a layer and a shape, from `lstm=28,64`."""
    name, equal, shape = text.rpartition("=")
    if not equal or not name:
        raise ValueError(f"--output-shape must be a layer and a shape, as lstm=64; got {text!r}")
    sides = shape_of(shape, "--output-shape")
    known = tuple([side for side in sides if side is not None])
    if known != sides:
        raise ValueError(f"--output-shape must name its open sides, as in x=h,w,3; got {text!r}")
    return name, known


def is_file(source: str) -> bool:
    """Return whether a source is or looks like a file; otherwise it is the name of a model."""
    return Path(source).exists() or not source.isidentifier()


def near(name: str, known: Iterable[str]) -> str:
    """Return a hint at the known name that is spelled most like a mistyped one, or nothing.

    Examples
    --------
    >>> near("conv2d", ["Conv2D", "Dense"]), near("winograd", ["Conv2D", "Dense"])
    ('; did you mean Conv2D?', '')
    """
    found = near_names(name, known)
    return f"; did you mean {found[0]}?" if found else ""


def parse_shapes(texts: Sequence[str]) -> Shapes:
    """Return the shapes of a model's inputs: in their order, or by their names.

    Examples
    --------
    >>> parse_shapes(["5,3"]), parse_shapes(["5,3", "7"])
    ((5, 3), [(5, 3), (7,)])
    >>> parse_shapes(["image=5,3", "text=7"])
    {'image': (5, 3), 'text': (7,)}
    """
    named = [text.rpartition("=") for text in texts]
    names = [name.strip() for name, equal, _ in named if equal]
    if names and (len(names) < len(texts) or not all(names)):
        raise ValueError(
            "--input-shape must have the name of each input, as in image=224,224,3, or of none; got"
            f" {', '.join(map(repr, texts))}"
        )
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"--input-shape must be given once for each input; got {twice!r} twice")
    shapes = [parse_shape(shape) for _, _, shape in named]
    if names:
        return dict(zip(names, shapes, strict=True))
    return shapes if len(shapes) > 1 else next(iter(shapes), None)


def spaced(words: Sequence[str]) -> str:
    """Return the message for a shape that is written with spaces; empty if there is none.

    Examples
    --------
    >>> spaced(["net.h5", "--input-shape", "28", "28", "3"])
    '--input-shape must be one word, 28,28,3 or 28x28x3; got 28 28 3'
    >>> spaced(["net.h5", "--input-shape", "28,28,3"])
    ''
    """
    for place, word in enumerate(words):
        sides = list(takewhile(str.isdigit, words[place + 1 :]))
        if word == "--input-shape" and len(sides) > 1:
            either = f"{','.join(sides)} or {'x'.join(sides)}"
            return f"--input-shape must be one word, {either}; got {' '.join(sides)}"
    return ""


def parse_shape(text: str) -> tuple[Size | None, ...]:
    """Return the shape that words stand for: integers, names for symbols, and None for open sides.

    Examples
    --------
    >>> parse_shape("224,224,3"), parse_shape("224x224x3"), parse_shape("?,?,3")
    ((224, 224, 3), (224, 224, 3), (None, None, 3))
    """
    return shape_of(text, "--input-shape")


def words_of(text: str) -> list[str]:
    """Return the words of a shape, between commas, or between numbers with an x.

    Examples
    --------
    >>> words_of("(224, 224, 3)"), words_of("224x224x3"), words_of("xbox,3")
    (['224', '224', '3'], ['224', '224', '3'], ['xbox', '3'])
    """
    inner = text.strip("() ").rstrip(",")
    words = inner.split("x") if _CROSSED.fullmatch(inner) else inner.split(",")
    return [word.strip() for word in words]


def shape_of(text: str, option: str) -> tuple[Size | None, ...]:
    """Return the shape that words stand for; an error names the option."""
    return tuple(_side(word, text, option) for word in words_of(text))


def _side(word: str, text: str, option: str) -> Size | None:
    if word in _OPEN:
        return None
    if is_count(word):
        return read_count(option, word)
    if word.isidentifier() and not keyword.iskeyword(word):
        from convcost.symbols import symbol

        side: Size = symbol(word)
        return side
    try:
        return int(word)
    except ValueError:
        raise ValueError(
            f"{option} must be integers or names separated by commas, such as 224,224,3 or"
            f" h,w,3, or ? for an open side; got {text!r}"
        ) from None
