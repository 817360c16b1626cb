"""The counters: each peer is called as its documentation recommends."""

from __future__ import annotations

import contextlib
import io
import os
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from . import subjects

if TYPE_CHECKING:
    from collections.abc import Callable

    from convcost.layers import Layer

    from .subjects import Shape

    # From a layer and its input shape to MACs.
    AskLayer = Callable[[Layer, Shape], int]
    # From a model's name to a prepared call that counts its MACs.
    AskModel = Callable[[str], Callable[[], int]]


@contextlib.contextmanager
def silence() -> Any:
    """Suppress the output and the warnings of counters."""
    with contextlib.redirect_stdout(io.StringIO()), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def _convcost_layer(layer: Layer, shape: Shape) -> int:
    # A new layer, as the peers build one.
    return int(type(layer)(**layer.arguments()).cost(layer.given([shape])).macs)


def _convcost_model(name: str) -> Callable[[], int]:
    import convcost

    model = subjects.keras_model(name)
    return lambda: int(convcost.from_keras(model).macs)


def _convcost_json(name: str) -> Callable[[], int]:
    import convcost

    text = subjects.keras_model(name).to_json()
    return lambda: int(convcost.from_keras(text).macs)


def _convcost_file(name: str) -> Callable[[], int]:
    import tempfile
    from pathlib import Path

    import convcost

    folder = tempfile.TemporaryDirectory()
    path = Path(folder.name) / "model.keras"
    subjects.keras_model(name).save(path)

    def count(_kept: Any = folder) -> int:
        return int(convcost.from_keras(path).macs)

    return count


def _profiler_layer(layer: Layer, shape: Shape) -> int:
    import tensorflow as tf
    from tensorflow.python.framework.convert_to_constants import (
        convert_variables_to_constants_v2,
    )

    from convcost._models.keras.library import import_keras
    from convcost._verify.oracles.keras_layers import build

    import_keras()
    given = tf.TensorSpec((1, *shape))
    several = isinstance(layer.given([shape]), list)
    shapes: Any = (shape,) if several else shape
    model = tf.function(build(layer, shapes))
    function = model.get_concrete_function([given] if several else given)
    graph = convert_variables_to_constants_v2(function).graph
    options = tf.compat.v1.profiler.ProfileOptionBuilder.float_operation()
    options["output"] = "none"
    profile = tf.compat.v1.profiler.profile(graph, cmd="scope", options=options)
    return int(profile.total_float_ops) // 2


def _profiler_model(name: str) -> Callable[[], int]:
    from convcost._verify.model_totals import graph_of
    from convcost._verify.oracles.model_inputs import arranged
    from convcost._verify.oracles.profiled_graphs import profiled_macs

    model = subjects.keras_model(name)
    inputs = arranged(model, tuple(tuple(one.shape[1:]) for one in model.inputs))
    return lambda: profiled_macs(graph_of(model, inputs))


def _xla_layer(layer: Layer, shape: Shape) -> int:
    from convcost._verify.devices import Device
    from convcost._verify.oracles import ORACLES

    counted = ORACLES["xla"](Device("cpu:0", "")).count(layer, shape)["effective macs"]
    assert isinstance(counted, int)
    return counted


def _xla_model(name: str) -> Callable[[], int]:
    os.environ["KERAS_BACKEND"] = "jax"
    import jax

    model = subjects.keras_model(name)
    given = [jax.ShapeDtypeStruct((1, *one.shape[1:]), one.dtype) for one in model.inputs]

    def count() -> int:
        # A new function each time, because JAX caches traces.
        lowered = jax.jit(lambda *x: model([*x], training=False)).lower(*given)
        return int(lowered.cost_analysis()["flops"]) // 2

    return count


def _flop_counter(module: Any, given: Any) -> int:
    import torch
    from torch.utils.flop_counter import FlopCounterMode

    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        module(given)
    return int(counter.get_total_flops()) // 2


def _fvcore(module: Any, given: Any) -> int:
    from fvcore.nn import FlopCountAnalysis

    analysis = FlopCountAnalysis(module, given)
    return int(analysis.unsupported_ops_warnings(False).uncalled_modules_warnings(False).total())


def _torchinfo(module: Any, given: Any) -> int:
    from torchinfo import summary

    return int(summary(module, input_data=given, verbose=0).total_mult_adds)


def _thop(module: Any, given: Any) -> int:
    from thop import profile

    return int(profile(module, inputs=(given,), verbose=False)[0])


def _ptflops(module: Any, given: Any) -> int:
    from ptflops import get_model_complexity_info

    macs, _ = get_model_complexity_info(
        module,
        tuple(given.shape[1:]),
        as_strings=False,
        print_per_layer_stat=False,
        backend="pytorch",
        input_constructor=lambda _shape: given,
    )
    return int(macs)


def _calflops(module: Any, given: Any) -> int:
    from calflops import calculate_flops

    _, macs, _ = calculate_flops(module, args=[given], print_results=False, output_as_string=False)
    return int(macs)


@dataclass(frozen=True)
class Peer:
    """A counter.

    Parameters
    ----------
    package
        The package to install.
    layer
        Counts a layer, including the time to build it.
    model
        Prepares to count a model, and returns the call that counts it.
    """

    package: str
    layer: AskLayer | None
    model: AskModel


def _of_modules(package: str, count: Callable[[Any, Any], int], device: str = "cpu") -> Peer:
    """Return a peer that counts PyTorch modules."""

    def layer(what: Layer, shape: Shape) -> int:
        return count(*subjects.torch_layer(what, shape, device))

    def model(name: str) -> Callable[[], int]:
        module, given = subjects.torch_model(name)
        return lambda: count(module, given)

    return Peer(package, layer, model)


#: The entry points of convcost, and the peers, by their names in the tables.
OURS = {
    "convcost": Peer("convcost", _convcost_layer, _convcost_model),
    "convcost, from JSON": Peer("convcost", None, _convcost_json),
    "convcost, from a file": Peer("convcost", None, _convcost_file),
}
PEERS = {
    "TF profiler": Peer("tensorflow", _profiler_layer, _profiler_model),
    "XLA": Peer("jax", _xla_layer, _xla_model),
    # On tensors without data, its fastest way to count a layer.
    "FlopCounterMode": _of_modules("torch", _flop_counter, "meta"),
    "fvcore": _of_modules("fvcore", _fvcore),
    "torchinfo": _of_modules("torchinfo", _torchinfo),
    "thop": _of_modules("thop", _thop),
    "ptflops": _of_modules("ptflops", _ptflops),
    "calflops": _of_modules("calflops", _calflops),
}
COUNTERS = OURS | PEERS


def counters_of(kind: str) -> list[str]:
    """Return the counters that can count "layers" or "models"."""
    return [name for name, peer in COUNTERS.items() if peer.layer or kind == "models"]
