"""Keras itself, and the models of Keras Applications, where Keras is installed."""

from __future__ import annotations

import ast
import os
import sys
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from convcost._exact.scalars import near_names
from convcost._models.errors import ModelError

if TYPE_CHECKING:
    from types import ModuleType
    from typing import Any, NoReturn

_BACKENDS = ("tensorflow", "jax", "torch", "numpy", "openvino")  # of Keras 3, by their modules


def import_keras() -> ModuleType:
    """Return Keras.

    Raises
    ------
    ImportError
        If Keras or its backend is not installed; the message says what to install.
    """
    # By default JAX allocates three quarters of a GPU's memory on first use.
    os.environ.setdefault("XLA_PYTHON_CLIENT_PREALLOCATE", "false")
    try:
        import keras
    except (ImportError, ValueError) as error:  # ValueError: KERAS_BACKEND is not a backend
        raise ImportError(f"{_way_out(error)} (importing keras failed: {error})") from error
    module: ModuleType = keras
    return module


def _way_out(error: ImportError | ValueError) -> str:
    """Return what to install, or to set, after Keras could not be imported."""
    backend = os.environ.get("KERAS_BACKEND")
    known = f"it must be one of {', '.join(_BACKENDS)}"
    if isinstance(error, ValueError) and backend:
        near = near_names(backend, _BACKENDS)
        hint = f"did you mean {near[0]}?" if near else known
        return f"KERAS_BACKEND={backend} is not a backend of Keras; {hint}"
    if isinstance(error, ValueError):
        return f"the backend in keras.json is not one of Keras's; {known}"
    missing = (getattr(error, "name", None) or "keras").split(".")[0]
    if backend in _BACKENDS and missing in _BACKENDS and missing != "tensorflow":
        return (
            f"KERAS_BACKEND={backend} needs {missing}: pip install {missing}, or leave"
            " KERAS_BACKEND out to use TensorFlow"
        )
    return 'this needs Keras and a backend: pip install "convcost[keras]"'


def application_names() -> list[str]:
    """Return the names of the models of Keras Applications, without importing Keras.

    That takes seconds. Empty if Keras is not installed, or lists its models in another way.
    """
    with suppress(ImportError, ValueError, SyntaxError, OSError, AttributeError):
        folder = Path(find_spec("keras").origin).parent  # type: ignore[union-attr, arg-type]
        listed = folder / "applications" / "__init__.py"
        parsed = ast.walk(ast.parse(listed.read_text(encoding="utf-8")))
        imported = [
            one for line in parsed if isinstance(line, ast.ImportFrom) for one in line.names
        ]
        names = [one.asname or one.name for one in imported]
        return [name for name in names if name[:1].isupper()] if "*" not in names else []
    return []


def application(name: str) -> Any:
    """Return a model of Keras Applications, without downloading its weights.

    Raises
    ------
    ModelError
        If there is no such model; the message has near names.
    ImportError
        If Keras or its backend is not installed.
    """
    known = [] if "keras" in sys.modules else application_names()
    if known and name not in known:
        _refuse(name, known)
    applications = import_keras().applications
    make = getattr(applications, name, None)
    if not callable(make):
        _refuse(name, [one for one in dir(applications) if callable(getattr(applications, one))])
    return make(weights=None)


def _refuse(name: str, known: list[str]) -> NoReturn:
    near = near_names(name, known)
    hint = f"; did you mean {near[0]}?" if near else ""
    raise ModelError(f"{name!r} is neither a file nor a model of Keras Applications{hint}")
