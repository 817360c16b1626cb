"""Check the values of a config: text, lists and dicts, as hostile files may hold anything."""

from __future__ import annotations

from convcost._exact.scalars import shorten
from convcost._models.errors import ModelError


def check_dict(value: object, what: str) -> dict[str, object]:
    """Return a dict, or raise ModelError."""
    if not isinstance(value, dict):
        raise ModelError(f"{what} must be a dict; got {shorten(value)}")
    return value


def check_list(value: object, what: str) -> list[object]:
    """Return a list, or raise ModelError."""
    if not isinstance(value, (list, tuple)):
        raise ModelError(f"{what} must be a list; got {shorten(value)}")
    return list(value)


def check_text(value: object, what: str) -> str:
    """Return text that can be printed, or raise ModelError."""
    # Names are printed, so an escape sequence in one would reach the terminal.
    if not isinstance(value, str) or not value or not value.isprintable():
        raise ModelError(f"{what} must be printable text; got {shorten(value)}")
    return value


def config_of(layer: dict[str, object]) -> dict[str, object]:
    """Return the config of a saved layer."""
    return check_dict(layer.get("config", {}), "the config of a layer")
