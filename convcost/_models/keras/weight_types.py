"""The type of a layer's weights, from the dtype policy in its config."""

from __future__ import annotations

from typing import TYPE_CHECKING

from convcost._models.dtypes import is_type
from convcost._models.keras.config_values import config_of
from convcost._models.keras.holding import HOLDING

if TYPE_CHECKING:
    from collections.abc import Iterator

_MIXED = ("mixed_float16", "mixed_bfloat16")
# What a policy without a dtype of its own has, unless a program sets another one.
_DEFAULT = "float32"
# Which Keras 2 keeps in float32 where their policy says half of it.
_RAISED = ("BatchNormalization", "SyncBatchNormalization")
_HALVES = ("float16", "bfloat16")


def weight_type(layer: dict[str, object], of_keras_2: bool) -> str | None:
    """Return the type of a layer's weights, apart from those for which its class fixes one.

    Parameters
    ----------
    layer
        The layer as saved: its class and its config.
    of_keras_2
        Whether Keras 2 saved it.

    Returns
    -------
    str or None
        The type; None if it is not known, or if the layers inside differ in it.

    Examples
    --------
    >>> weight_type({"class_name": "Dense", "config": {"dtype": "mixed_float16"}}, False)
    'float32'
    """
    found = set(_types(layer, of_keras_2))
    return found.pop() if len(found) == 1 else None


def _types(layer: dict[str, object], of_keras_2: bool) -> Iterator[str | None]:
    kind, config = str(layer.get("class_name")), config_of(layer)
    held = ("layer",) if kind == "TimeDistributed" else tuple(HOLDING.get(kind, ()))
    values = [config.get(name) for name in held]
    every = [one for value in values for one in (value if isinstance(value, list) else [value])]
    inner = [one for one in every if isinstance(one, dict)]
    for one in inner:
        yield from _types(one, of_keras_2)
    if not inner:
        own = variable_type(config.get("dtype"))
        raised = of_keras_2 and kind in _RAISED and own in _HALVES
        yield _DEFAULT if raised else own


def variable_type(policy: object) -> str | None:
    """Return the type of the variables of a dtype policy, as Keras saves it; None if not known.

    Examples
    --------
    >>> variable_type(None), variable_type("float16"), variable_type("int8_from_mixed_bfloat16")
    ('float32', 'float16', 'float32')
    """
    if policy is None:
        return _DEFAULT
    if isinstance(policy, str):
        source = policy.partition("_from_")[2] or policy
        return _DEFAULT if source in _MIXED else source if is_type(source) else None
    config = policy.get("config") if isinstance(policy, dict) else None
    if not isinstance(config, dict):
        return None
    named = config.get("policy_map")
    if isinstance(named, dict):
        found = {variable_type(one) for one in (config.get("default_policy"), *named.values())}
        return found.pop() if len(found) == 1 else None
    name = config.get("source_name", config.get("name"))
    return None if name is None else variable_type(name)
