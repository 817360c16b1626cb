"""Keras itself, and the models of Keras Applications, where Keras is installed."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from convcost._exact.scalars import near_names
from convcost._models.errors import ModelError

if TYPE_CHECKING:
    from types import ModuleType
    from typing import Any


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
        raise ImportError(
            'this needs Keras and a backend: pip install "convcost[keras]"'
            f" (importing keras failed: {error})"
        ) from error
    module: ModuleType = keras
    return module


def application(name: str) -> Any:
    """Return a model of Keras Applications, without downloading its weights.

    Raises
    ------
    ModelError
        If there is no such model; the message has near names.
    ImportError
        If Keras or its backend is not installed.
    """
    applications = import_keras().applications
    make = getattr(applications, name, None)
    if not callable(make):
        models = [one for one in dir(applications) if callable(getattr(applications, one))]
        near = near_names(name, models)
        hint = f"; did you mean {near[0]}?" if near else ""
        raise ModelError(f"{name!r} is neither a file nor a model of Keras Applications{hint}")
    return make(weights=None)
