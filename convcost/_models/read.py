"""Read Keras models in any form: live, as files, as JSON or as configs."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from convcost._exact.scalars import near_names, refuse
from convcost._layers.base import Layer
from convcost._models.errors import ModelError
from convcost._models.keras import config, files
from convcost._models.network import Network

if TYPE_CHECKING:
    from convcost._models.graph import Graph
    from convcost._models.types import ModelShape, ModelSource, OnUnknown

_ALLOWED = "a Keras model, a .keras, .h5 or .json file, the JSON text, or the config as a dict"


def from_keras(
    source: ModelSource, input_shape: ModelShape = None, *, on_unknown: OnUnknown = "error"
) -> Network:
    """Return a Keras model as a `Network`: its layers with their shapes and costs.

    A file, JSON or a config is read as data: Keras is not imported, and nothing in it is run.

    Parameters
    ----------
    source
        A live Keras model (Sequential, Functional or subclassed, with models in it); the path of a
        `.keras`, `.h5` or JSON file; the text of `model.to_json()`; or the dict of a config.
    input_shape
        Shape of the input in elements, without the batch dimension; for several inputs a list of
        shapes, or a dict by input name. Sides may be SymPy expressions. None uses the declared
        shape, with the symbols h and w (d, h, w for volumes, t for sequences) for open sides.
    on_unknown
        What to do with a layer whose cost is not known: `error`, or `warn` to leave it out, list it
        in `Network.left_out`, and continue with the output shape that the model records.

    Returns
    -------
    Network
        A row for each call of each layer, and the total.

    Raises
    ------
    ModelError
        If the model can't be read, is inconsistent, or has a layer whose cost is not known.
    TypeError, ValueError
        If an argument is not valid.
    OSError
        If the file can't be read.
    ImportError
        If `source` is an `.h5` file and h5py is not installed.

    Examples
    --------
    >>> import convcost
    >>> text = '''{"class_name": "Sequential", "config": {"name": "tiny", "layers": [
    ...     {"class_name": "SeparableConv2D", "config": {"name": "conv", "filters": 32,
    ...      "kernel_size": [3, 3], "padding": "same"}}]}}'''
    >>> net = convcost.from_keras(text, (28, 28, 32))
    >>> net["conv"].output_shape, net["conv"].cost.explain().params
    ((28, 28, 32), '3*3*32 + (1*1*32+1)*32 = 1344')
    """
    graph = _graph(source, input_shape)
    return Network(graph, input_shape, on_unknown=on_unknown)


def _graph(source: ModelSource, input_shape: ModelShape) -> Graph:
    if isinstance(source, dict):
        return config.graph_of_config(source)
    if isinstance(source, str) and source.lstrip().startswith(("{", '"{')):
        return config.graph_of_config(files.parse(source, "the JSON text"))
    if isinstance(source, (str, os.PathLike)):
        return _graph_of_file(Path(source))
    # There is no live model unless Keras has been imported.
    keras = sys.modules.get("keras")
    if keras is not None and isinstance(source, keras.Model):
        from convcost._models.keras import live

        return live.graph_of_model(source, input_shape)
    if hasattr(source, "to_json") and not isinstance(source, type):  # a model of Keras 2
        return config.graph_of_config(files.parse(source.to_json(), "the model's JSON"))
    if keras is not None and isinstance(source, keras.Layer):
        raise ModelError(
            f"source must be {_ALLOWED}; got the layer {source.name!r} ({type(source).__name__}):"
            " put it into a model, keras.Sequential([keras.Input(shape), layer])"
        )
    if isinstance(source, Layer):
        raise TypeError(
            f"source must be {_ALLOWED}; got the layer {source!r}, whose cost is"
            " layer.cost(input_shape)"
        )
    if callable(source):
        name = getattr(source, "__name__", source)
        raise ModelError(
            f"source must be {_ALLOWED}; got {name}, a function or class: call it first"
        )
    refuse(TypeError, "source", source, _ALLOWED)


def _model_files(folder: Path) -> list[str]:
    suffixes = (".keras", ".h5", ".hdf5", ".json")
    return [one.name for one in folder.iterdir() if one.suffix in suffixes]


def _graph_of_file(path: Path) -> Graph:
    try:
        content = files.load(path)
    except FileNotFoundError as error:
        raise FileNotFoundError(error.errno, _not_found(path), str(path)) from None
    try:
        return config.graph_of_config(content)
    except ModelError as error:
        raise type(error)(f"{path}: {error}") from error


def _not_found(path: Path) -> str:
    """Return the message for a path that does not exist, with near names in its folder."""
    from contextlib import suppress

    message = f"there is no file {str(path)!r}"
    with suppress(OSError):
        near = near_names(path.name, _model_files(path.parent))
        if near:
            names = " or ".join(repr(str(path.parent / name)) for name in near)
            return f"{message}; did you mean {names}?"
    if str(path).isidentifier():
        message += "; give a Keras application as a model: MobileNetV2(weights=None)"
    return f"{message}; source must be {_ALLOWED}"
