"""The config of a model inside of what programs put around it: TensorFlow.js, JSON in JSON."""

from __future__ import annotations

import json

from convcost._exact.scalars import shorten
from convcost._models.errors import ModelError

# Keys under which a config stands: in TensorFlow.js, and in what Keras 2 writes around a model.
_INSIDE = ("modelTopology", "model_config")
_CONVERT = "give the Keras model that it was converted from"
# More than any program wraps.
_DEEPEST = 8


def unwrapped(config: object) -> object:
    """Return the config of a model, without what is around it.

    Raises
    ------
    ModelError
        If it is something else that is known, such as a graph model of TensorFlow.js.

    Examples
    --------
    >>> unwrapped({"modelTopology": {"model_config": '{"class_name": "Sequential"}'}})
    {'class_name': 'Sequential'}
    """
    for _ in range(_DEEPEST):
        if isinstance(config, str):
            config = _parsed(config)
        elif isinstance(config, dict) and not _is_model(config):
            inside = next((config[key] for key in _INSIDE if config.get(key)), None)
            if inside is None:
                raise ModelError(_what_it_is(config))
            config = inside
        else:
            break
    if isinstance(config, dict) and isinstance(config.get("config"), str):
        return {**config, "config": _parsed(config["config"])}
    if isinstance(config, list):
        raise ModelError(_what_a_list_is(config))
    return config


def _is_model(config: dict[str, object]) -> bool:
    return "class_name" in config or "layers" in config


def _parsed(text: str) -> object:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ModelError(
            f"the config is the text {shorten(text)}, which is not valid JSON: {error}"
        ) from error


def _what_it_is(config: dict[str, object]) -> str:
    if config.get("format") == "graph-model" or "node" in config:
        return f"it is a graph model of TensorFlow.js, which holds no Keras layers: {_CONVERT}"
    if "weightsManifest" in config:
        return (
            "it is a TensorFlow.js file that holds weights but no model: its modelTopology is empty"
        )
    if "nbformat" in config:
        return "it is a Jupyter notebook, not the config of a model"
    if "keras_version" in config:
        return (
            "it holds the version of Keras, but no model: give the whole file, or its config.json"
        )
    if not config:
        return "it is an empty JSON object, not the config of a model"
    keys = ", ".join(repr(str(key)[:40]) for key in list(config)[:4])
    return f"it is not the config of a model: it has neither 'class_name' nor 'layers', but {keys}"


def _what_a_list_is(config: list[object]) -> str:
    if config and isinstance(config[0], dict) and "weights" in config[0]:
        return (
            "it is a weights manifest of TensorFlow.js, which holds no model: give its model.json"
        )
    return f"the config must be a dict; got {shorten(config)}"
