"""The budgets of a project: `convcost.toml`, or `[tool.convcost]` in pyproject.toml."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from convcost._cli.sources import shape_of
from convcost._exact.amounts import read_count, read_share, read_size
from convcost._exact.scalars import did_you_mean, refuse_choice, shorten

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_NAMES = ("convcost.toml", "pyproject.toml")
LIMITS = ("max_params", "max_macs", "max_flops", "max_size", "baseline")
_KEYS = ("source", "input_shape", *LIMITS, "tolerance", "on_unknown")
# How each value is read, by its key.
_READERS: dict[str, Callable[[str, object], object]] = {
    **dict.fromkeys(("max-params", "max-macs", "max-flops"), read_count),
    "max-size": read_size,
    "tolerance": read_share,
}
_ON_UNKNOWN = ("error", "warn")


def find(folder: Path) -> Path | None:
    """Return the nearest file with budgets, in a folder or above it."""
    for place in (folder, *folder.parents):
        for name in _NAMES:
            path = place / name
            if path.is_file() and (name == _NAMES[0] or "convcost" in _tool(path)):
                return path
    return None


def read(path: Path, names: Sequence[str] = ()) -> dict[str, dict[str, Any]]:
    """Return the arguments of `convcost.check` for each model, or for those of these names.

    Raises
    ------
    ValueError
        If the file is not valid, or a name or a key is not known; the message says where.
    """
    models = _models(path)
    if not models:
        raise ValueError(f"{path}: it has no budget: add {_example(path)}")
    for name in names:
        if name not in models:
            refuse_choice("the model", name, models, f" in {path}")
    return {
        name: _model(path, name, _table(path, models[name], f"models.{name}"))
        for name in names or models
    }


def names(path: Path) -> list[str]:
    """Return the names of the models in a file; none if it is not valid."""
    try:
        return list(_models(path))
    except ValueError:
        return []


def _models(path: Path) -> dict[str, Any]:
    found = _table(path, _tool(path).get("convcost", {}), "tool.convcost") if (
        path.name == _NAMES[1]
    ) else _load(path)  # fmt: skip
    for key in found:
        if key != "models":
            where = " stands for pyproject.toml, not for this file" if key == "tool" else ""
            problem = f"[tool]{where}" if where else f"unknown key {key!r}"
            raise ValueError(
                f"{path}: {problem}{did_you_mean(key, ['models'])}; budgets are tables such as"
                f" {_example(path)}"
            )
    return _table(path, found.get("models", {}), "models")


def _example(path: Path) -> str:
    """Return what to write into a file: in pyproject.toml the names of tables are longer."""
    above = "tool.convcost." if path.name == _NAMES[1] else ""
    return f'[{above}models.tagger] with source = "tagger.keras" and max-macs = "300M"'


def _model(path: Path, name: str, given: dict[str, Any]) -> dict[str, Any]:
    arguments: dict[str, Any] = {}
    for key, value in given.items():
        known = [one.replace("_", "-") for one in _KEYS]
        if key not in known:
            near = did_you_mean(key, known) or f"; known are {', '.join(known)}"
            raise ValueError(f"{path}: models.{name} has the unknown key {key!r}{near}")
        arguments[key.replace("-", "_")] = value
    _check_values(f"{path}: models.{name}", given)
    if not any(limit in arguments for limit in LIMITS):
        known = [one.replace("_", "-") for one in LIMITS]
        raise ValueError(f"{path}: models.{name} has no limit: give one of {', '.join(known)}")
    for key in ("source", "baseline"):
        if key in arguments:
            arguments[key] = _place(path, f"models.{name}.{key}", arguments[key])
    if "source" not in arguments:
        raise ValueError(f"{path}: models.{name} has no source: give a file, relative to this one")
    if "input_shape" in arguments:
        where = f"{path}: models.{name}.input-shape"
        arguments["input_shape"] = _shapes(where, arguments["input_shape"])
    return arguments


def _check_values(where: str, given: dict[str, Any]) -> None:
    """Refuse values that are not valid, by their keys."""
    for key, value in given.items():
        if key in _READERS:
            _READERS[key](f"{where}.{key}", value)
    if given.get("on-unknown", "error") not in _ON_UNKNOWN:
        refuse_choice(f"{where}.on-unknown", given["on-unknown"], _ON_UNKNOWN)
    if "tolerance" in given and "baseline" not in given:
        raise ValueError(f"{where}.tolerance needs a baseline beside it")


def _shapes(where: str, value: object) -> object:
    """Return a shape that may be text, or those of several inputs: in a list, or by name."""
    if isinstance(value, dict):
        return {name: _shapes(where, one) for name, one in value.items()}
    if isinstance(value, list) and any(isinstance(one, (str, list)) for one in value):
        return [_shapes(where, one) for one in value]
    return shape_of(value, where) if isinstance(value, str) else value


def _place(path: Path, what: str, value: object) -> str:
    """Return a path that is relative to the file with budgets; the name of a model as it is."""
    if not isinstance(value, str) or not value:
        raise ValueError(f"{path}: {what} must be a path, as text; got {shorten(value)}")
    place = path.parent / value
    if value.isidentifier() and not place.exists():
        return value  # of a model in Keras Applications
    here = Path.cwd()
    return str(place.relative_to(here) if place.is_relative_to(here) else place)


def _tool(path: Path) -> dict[str, Any]:
    return _table(path, _load(path).get("tool", {}), "tool")


def _load(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except RecursionError as error:
        raise ValueError(f"{path}: it is nested too deeply") from error
    except ValueError as error:  # not TOML, or not text
        raise ValueError(f"{path}: it is not valid TOML: {error}") from error


def _table(path: Path, value: object, what: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise ValueError(
            f"{path}: {what} must be a table, such as {_example(path)}; got {shorten(value)}"
        )
    return value
