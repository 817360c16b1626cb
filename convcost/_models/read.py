"""Read Keras models in any form: live, as files, as JSON or as configs."""

from __future__ import annotations

import errno
import os
import re
import sys
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from convcost._exact.scalars import near_names, refuse
from convcost._layers.arguments import show
from convcost._layers.base import Layer
from convcost._models.built import check_built
from convcost._models.errors import ModelError, SavedReportError, missing
from convcost._models.inputs import fits_declared, other_channels
from convcost._models.keras import config, files, library
from convcost._models.keras.weight_check import check_weights
from convcost._models.network import Network

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager

    from convcost._models.graph import Graph
    from convcost._models.keras.stored_weights import Stored
    from convcost._models.types import ModelShape, ModelSource, OnUnknown, OutputShapes

# A path made of a URL has one slash; the letter of a drive on Windows is no scheme.
_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:/")
# What systems take for a path, and for a name in it.
_LONGEST, _LONGEST_NAME = 4096, 255
_ALLOWED = (
    "a Keras model, the name of one in Keras Applications, a .keras, .h5 or .json file, the JSON"
    " text, or the config as a dict"
)


def from_keras(
    source: ModelSource,
    input_shape: ModelShape = None,
    *,
    on_unknown: OnUnknown = "error",
    shapes: OutputShapes | None = None,
) -> Network:
    """Return a Keras model as a `Network`: its layers with their shapes and costs.

    A file, JSON or a config is read as data: Keras is not imported, and nothing in it is run.

    Parameters
    ----------
    source
        A live Keras model (Sequential, Functional or subclassed, with models in it); the name of a
        model in Keras Applications, such as `MobileNetV2`; the path of a ``.keras``, ``.h5`` or
        JSON file; the text of `model.to_json()`; or the dict of a config.
    input_shape
        Shape of the input in elements, without the batch dimension; for several inputs a list of
        shapes, or a dict by input name. Sides may be SymPy expressions. None uses the declared
        shape, with the symbols h and w (d, h, w for volumes, t for sequences) for open sides.
    on_unknown
        What to do with a layer whose cost is not known: `error`, or `warn` to leave it out, list it
        in `Network.left_out`, and continue with the output shape that its arguments or the model's
        records say.
    shapes
        Output shapes of layers that are left out, by name and without the batch dimension, such as
        `{"lstm": (64,)}`; a list of shapes for a layer of several outputs.

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
    given = source
    if isinstance(source, str) and source.isidentifier() and not os.path.lexists(source):
        source = _application(source)
    if isinstance(source, (str, os.PathLike)) and not _is_json(source):
        path = _path(source)
        loaded = _loaded(path)
        with _naming(path):
            graph = config.graph_of_config(loaded.config)
            network = Network(graph, input_shape, on_unknown=on_unknown, shapes=shapes)
            if loaded.weights is not None:
                _compare(network, loaded.weights)
        return network
    with _unbuilt_if_refused(source):
        graph = _graph(source, input_shape)
        network = Network(graph, input_shape, on_unknown=on_unknown, shapes=shapes)
    if input_shape is not None:
        if getattr(source, "built", False):
            _refuse_other_channels(network, "the model is built for these")
        if network.graph.as_built and source is given:
            every: Any = source
            check_built(network, all(one.built for one in every._flatten_layers()))
    return network


def _unbuilt_if_refused(source: object) -> AbstractContextManager[None]:
    """Leave a live model as it was if it can't be read, though reading it builds it."""
    keras = sys.modules.get("keras")
    if keras is None or not isinstance(source, keras.Model) or source.built:
        return nullcontext()
    from convcost._models.keras import unchanged

    return unchanged.unless_read(source)


def _is_json(source: str | os.PathLike[str]) -> bool:
    return isinstance(source, str) and source.lstrip().startswith(("{", '"{'))


def _application(name: str) -> ModelSource:
    """Return the model of Keras Applications of that name, or raise an error for the name."""
    try:
        model: ModelSource = library.application(name)
    except ImportError as error:
        message = f"{_not_found(Path(name))}; {error}"
        raise missing(message) from error
    except ModelError as error:
        near = _near_files(Path(name))
        if "did you mean" in str(error):
            raise
        live = "; a model of KerasHub, or one of your own, is given itself and not by its name"
        raise ModelError(f"{error}{near or live}") from None
    return model


def _path(source: str | os.PathLike[str]) -> Path:
    """Return the path of a file, with the home folder in place of ~."""
    text = os.fspath(source)
    path = Path(text)
    if not text.strip():
        refuse(ValueError, "source", text, _ALLOWED)
    if "\0" in text or len(text) > _LONGEST or any(len(one) > _LONGEST_NAME for one in path.parts):
        refuse(ValueError, "source", text, _ALLOWED)
    if path.exists():
        return path
    if _URL.match(text):
        raise ModelError(f"{text} is a URL: download the file, and give its path")
    if text.startswith("~"):
        with suppress(RuntimeError):  # no such user
            return path.expanduser()
    return path


def _graph(source: ModelSource, input_shape: ModelShape) -> Graph:
    if isinstance(source, dict):
        return config.graph_of_config(source)
    if isinstance(source, str):
        return config.graph_of_config(files.parse(source, "the JSON text"))
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


@contextmanager
def _naming(path: Path) -> Iterator[None]:
    """Put the name of a file before the errors about the model in it."""
    try:
        yield
    except SavedReportError as error:
        raise SavedReportError(f"{path}: {error}", error.data) from error
    except ModelError as error:
        raise type(error)(f"{path}: {error}") from error


def _loaded(path: Path) -> files.Loaded:
    try:
        return files.load(path)
    except FileNotFoundError:
        raise missing(_not_found(path)) from None
    except OSError as error:
        is_loop = error.errno == errno.ELOOP
        what = f"{str(path)!r} is a loop of symbolic links" if is_loop else error.strerror
        raise type(error)(error.errno, what, str(path)) from error


def _compare(network: Network, stored: Stored) -> None:
    """Refuse a network that does not have as many parameters as its file stores weights."""
    declared = _refuse_other_channels(network, "the file stores weights for these")
    if declared is not None:
        check_weights(declared, stored)


def _refuse_other_channels(network: Network, why: str) -> Network | None:
    """Return the network at the declared shapes, if it can be counted there.

    At other shapes, layers may have other weights than those of the model; a network that has other
    parameters as its inputs have other channels is refused.
    """
    if fits_declared(network.graph, network.input_shapes):
        return network
    try:
        built = Network(network.graph)
    except ModelError:
        return None
    others = other_channels(network.graph, network.input_shapes)
    if others and network.params != built.params:
        name, channels = others[0]
        given = list(map(show, network.input_shapes))
        raise ModelError(
            f"input_shape must have {channels} channels in {name}: {why}; got {', '.join(given)}"
        )
    return built


def _not_found(path: Path) -> str:
    """Return the message for a path that does not exist, with near names in its folder."""
    message = f"there is no file {str(path)!r}"
    near = _near_files(path)
    return f"{message}{near}" if near else f"{message}; source must be {_ALLOWED}"


def _near_files(path: Path) -> str:
    """Return a hint at the files beside a path whose names are spelled most like its own."""
    with suppress(OSError):
        # By the name alone: all files of one suffix are spelled alike in it.
        files = _model_files(path.parent)
        stems = near_names(path.stem, [Path(name).stem for name in files])
        near = [str(path.parent / one) for stem in stems for one in files if Path(one).stem == stem]
        if near:
            return f"; did you mean {' or '.join(map(repr, near[:3]))}?"
    return ""
