"""Where commands find a model: in a file, or by its name in Keras Applications."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

import convcost

if TYPE_CHECKING:
    from convcost.exact.types import Size
    from convcost.models.network import Network
    from convcost.models.types import KerasModel, OnUnknown

shape_option = click.option(
    "--input-shape",
    metavar="224,224,3",
    help="Shape of the input without the batch; letters make symbols: h,w,3. By default what the"
    " model declares.",
)


def network_of(source: str, input_shape: str | None, on_unknown: OnUnknown = "error") -> Network:
    """Return the network in a file, or of the Keras application of that name."""
    shape = parse_shape(input_shape)
    model = Path(source) if is_file(source) else application(source)
    return convcost.from_keras(model, shape, on_unknown=on_unknown)


def is_file(source: str) -> bool:
    """Tell whether a source is a file, or meant to be one; otherwise it is a model's name."""
    return Path(source).exists() or not source.isidentifier()


def application(name: str) -> KerasModel:
    """Return a model of Keras Applications, without weights that would have to be downloaded."""
    from convcost.verify.devices import import_keras

    make = getattr(import_keras().applications, name, None)
    if not callable(make):
        raise ValueError(f"{name!r} is neither a file nor a model of Keras Applications")
    model: KerasModel = make(weights=None)
    return model


def parse_shape(text: str | None) -> tuple[Size, ...] | None:
    """Return a shape from words between commas: numbers, and letters for symbols.

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
            f"--input-shape must be integers or letters between commas, such as 224,224,3 or h,w,3;"
            f" got {text!r}"
        ) from None
