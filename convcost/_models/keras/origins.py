"""Whose class a config or an object names: Keras's own, or another of the same name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from convcost._exact.scalars import shorten

if TYPE_CHECKING:
    from collections.abc import Mapping

# Classes of models whose layers and calls are in their config; `Model` in old files.
_MODELS = ("Functional", "Model", "Sequential")


def is_operation(module: object) -> bool:
    """Tell whether a module is one of Keras's modules of operations, rather than of layers.

    Examples
    --------
    >>> is_operation("keras.src.ops.numpy"), is_operation("keras.layers")
    (True, False)
    """
    return isinstance(module, str) and _inside(module, "keras.src.ops", "keras.ops")


def is_keras(module: object) -> bool:
    """Tell whether a module is Keras's; old files give none, and mean Keras.

    Examples
    --------
    >>> is_keras("keras.layers"), is_keras("keras_hub.layers"), is_keras(None)
    (True, False, True)
    """
    return module is None or (
        isinstance(module, str) and _inside(module, "keras", "tf_keras", "tensorflow.keras")
    )


def _inside(module: str, *packages: str) -> bool:
    return any(module == one or module.startswith(f"{one}.") for one in packages)


def is_own(saved: Mapping[str, object]) -> bool:
    """Tell whether a saved object is of a class of Keras.

    Keras saves the class of a user with the name under which it is registered, or else with its
    plain name, and without a module if it was defined in a program's main file. Classes of Keras
    have a module and no such name, or their own name if they are not public.

    Examples
    --------
    >>> is_own({"class_name": "Dense"}), is_own({"class_name": "Dense", "registered_name": "Dense"})
    (True, False)
    >>> is_own({"module": "keras.src.ops.nn", "class_name": "Relu", "registered_name": "Relu"})
    True
    """
    module, registered = saved.get("module"), saved.get("registered_name")
    if not is_keras(module):
        return False
    return registered is None or (module is not None and registered == saved.get("class_name"))


def is_own_model(saved: Mapping[str, object]) -> bool:
    """Tell whether a saved object is of a class of Keras whose config says what it computes."""
    return is_own(saved) and saved.get("class_name") in _MODELS


def registered_name(saved: Mapping[str, object]) -> str:
    """Return the name under which another's class can be told from Keras's of the same name."""
    name = saved.get("registered_name")
    return name if isinstance(name, str) else str(saved.get("class_name"))


def described(saved: Mapping[str, object]) -> str:
    """Return where a class that is not Keras's comes from, for an error message."""
    module, name = saved.get("module"), saved.get("registered_name")
    if module is not None:
        return f" of the module {shorten(module)}"
    return "" if name is None else f" registered as {shorten(name)}"
