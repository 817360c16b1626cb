"""How commands find a model: in a file, or by its name in Keras Applications."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

import convcost
from convcost._exact.scalars import near_names

if TYPE_CHECKING:
    from collections.abc import Iterable

    from convcost._exact.types import Size
    from convcost._models.network import Network
    from convcost._models.types import OnUnknown
    from convcost._verify.types import LiveModel

shape_option = click.option(
    "--input-shape",
    metavar="224,224,3",
    help="Shape of the input without the batch dimension; names become symbols, as in h,w,3. By"
    " default what the model declares.",
)


def network_of(source: str, input_shape: str | None, on_unknown: OnUnknown = "error") -> Network:
    """Return the network of a model file, or of a model in Keras Applications."""
    shape = parse_shape(input_shape)
    model = Path(source) if is_file(source) else application(source)
    return convcost.from_keras(model, shape, on_unknown=on_unknown)


def is_file(source: str) -> bool:
    """Return whether a source is or looks like a file; otherwise it is the name of a model."""
    return Path(source).exists() or not source.isidentifier()


def application(name: str) -> LiveModel:
    """Return a model of Keras Applications, without downloading its weights."""
    from convcost._verify.devices import import_keras

    applications = import_keras().applications
    make = getattr(applications, name, None)
    if not callable(make):
        models = [one for one in dir(applications) if callable(getattr(applications, one))]
        raise ValueError(
            f"{name!r} is neither a file nor a model of Keras Applications{near(name, models)}"
        )
    model: LiveModel = make(weights=None)
    return model


def near(name: str, known: Iterable[str]) -> str:
    """Return a hint at the known name that is spelled most like a mistyped one, or nothing.

    Examples
    --------
    >>> near("conv2d", ["Conv2D", "Dense"]), near("winograd", ["Conv2D", "Dense"])
    ('; did you mean Conv2D?', '')
    """
    found = near_names(name, known)
    return f"; did you mean {found[0]}?" if found else ""


def parse_shape(text: str | None) -> tuple[Size, ...] | None:
    """Return the shape that words between commas stand for: integers, and names for symbols.

    Examples
    --------
    >>> parse_shape("224,224,3")
    (224, 224, 3)
    """
    if text is None:
        return None
    return tuple(_side(word.strip(), text) for word in text.strip("() ").rstrip(",").split(","))


def _side(word: str, text: str) -> Size:
    if word.isidentifier():
        from convcost.symbols import symbol

        side: Size = symbol(word)
        return side
    try:
        return int(word)
    except ValueError:
        raise ValueError(
            "--input-shape must be integers or names separated by commas, such as 224,224,3 or"
            f" h,w,3; got {text!r}"
        ) from None
