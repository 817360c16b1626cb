"""A whole model against Keras: each layer's parameters and shapes, the kernels, the TF profiler."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING, Any

from convcost._cost.quantities import UNITS
from convcost._exact import arithmetic
from convcost._layers import TimeDistributed
from convcost._layers.spatial import Spatial
from convcost._verify.findings import Finding, Outcome, Quantity, agree
from convcost._verify.oracles.profiler import profile_graph, why_blind

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from typing import TypeGuard

    from typing_extensions import TypeIs

    from convcost._exact.types import Factors
    from convcost._models.graph import LayerPath
    from convcost._models.network import Network
    from convcost._models.rows import Row
    from convcost._verify.types import LiveLayer, LiveModel, LiveWrapper, Variable

# The operations that convolutions and dense layers run, and whose FLOPs are added up.
_PROFILED = {
    "Conv2D",
    "Conv2DBackpropInput",
    "Conv3D",
    "DepthwiseConv2dNative",
    "MatMul",
    "BatchMatMulV2",
}


@dataclass(frozen=True)
class ModelVerification:
    """What oracles say about a model.

    Parameters
    ----------
    network
        The model as convcost sees it.
    findings
        Pairs of the name of a layer, or "total" for the whole model, and what an oracle says.
    """

    network: Network
    findings: tuple[tuple[str, Finding], ...]

    @property
    def agrees(self) -> bool:
        """Whether something is confirmed and nothing contradicted."""
        return agree(finding for _, finding in self.findings)

    @property
    def contradictions(self) -> tuple[tuple[str, Finding], ...]:
        """The findings that contradict convcost, each with the layer's name."""
        return tuple(pair for pair in self.findings if pair[1].outcome is Outcome.CONTRADICTED)

    def quantities(self) -> int:
        """Return how many numbers and shapes were compared."""
        return sum(len(finding.quantities) for _, finding in self.findings)

    def as_dict(self) -> dict[str, Any]:
        """Return the verification as plain data."""
        return {
            "agrees": self.agrees,
            "quantities": self.quantities(),
            "total": _totals(self.network),
            "findings": [{"layer": name, **finding.as_dict()} for name, finding in self.findings],
        }

    def __str__(self) -> str:
        shown = [f"{name}: {finding}" for name, finding in self.contradictions]
        shown += [
            f"{name}: {finding}"
            for name, finding in self.findings
            if name == "total" or finding.outcome is Outcome.NOT_VISIBLE
        ]
        verdict = "agrees" if self.agrees else "DISAGREES"
        layers = len({name for name, _ in self.findings if name != "total"})
        return "\n".join(
            [
                *shown,
                f"{self.network.name} {verdict}: {layers} layers, {self.quantities():,} quantities",
            ]
        )


def _totals(network: Network) -> dict[str, object]:
    cost = network.total()
    return {
        **{quantity: getattr(cost, quantity) for quantity in UNITS},
        "trainable_params": network.trainable_params,
        "non_trainable_params": network.non_trainable_params,
        "counts": {
            "macs": cost.macs,
            "flops": cost.flops,
            "tf.profiler": arithmetic.add("flops", cost.flops, cost.bias_adds),
        },
    }


def check_model(model: LiveModel, network: Network) -> ModelVerification:
    """Check every layer of a network, and its totals, against the Keras model.

    Parameters
    ----------
    model
        The live Keras 3 model.
    network
        What `convcost.from_keras` read from it, or from its file.

    Returns
    -------
    ModelVerification
        For each layer `count_params` and `compute_output_shape`; for the total the parameters, the
        MACs counted from the shapes of the built kernels, and those of the TF profiler.
    """
    live = dict(_live_layers(model, ()))
    findings: list[tuple[str, Finding]] = []
    for row in network:
        if row.path in live:
            findings.append((row.name, _check_row(row, live[row.path])))
    findings += [("total", _check_total(model, network)), ("total", _check_kernels(network, live))]
    findings.append(("total", _check_profiler(model, network)))
    return ModelVerification(network, tuple(findings))


def _live_layers(model: LiveModel, path: LayerPath) -> Iterator[tuple[LayerPath, LiveLayer]]:
    """Yield every layer and operation, those of nested models included, with its path."""
    import keras

    operations = model.layers if isinstance(model, keras.Sequential) else model.operations
    for operation in operations:
        inner = (*path, operation.name)
        if _is_model(operation):
            yield from _live_layers(operation, inner)
        else:
            yield inner, operation


def _is_model(operation: LiveLayer | LiveModel) -> TypeIs[LiveModel]:
    import keras

    return isinstance(operation, keras.Sequential) or hasattr(operation, "operations")


def _is_time_distributed(layer: LiveLayer) -> TypeGuard[LiveWrapper]:
    return type(layer).__name__ == "TimeDistributed"


def _check_row(row: Row, layer: LiveLayer) -> Finding:
    quantities = []
    if hasattr(layer, "count_params") and not row.reused:
        quantities.append(Quantity("params", row.params, layer.count_params()))
    shapes = [shape for shape in row.input_shapes if shape is not None]
    known = bool(shapes) and len(shapes) == len(row.input_shapes)
    if row.times == 1 and known and hasattr(layer, "count_params"):
        quantities.append(Quantity("output shape", row.output_shape, _output_shape(shapes, layer)))
    if not quantities:
        return Finding("keras", reason="Keras reports neither parameters nor a shape for it")
    return Finding("keras", tuple(quantities))


def _output_shape(shapes: list[Factors], layer: Any) -> Factors:
    """Return the shape that Keras computes for the same inputs, without the batch."""
    import keras

    inputs = [keras.KerasTensor((None, *shape)) for shape in shapes]
    output = layer.compute_output_spec(inputs[0] if len(inputs) == 1 else inputs)
    return tuple(output.shape[1:])


def _check_total(model: LiveModel, network: Network) -> Finding:
    def number(weights: Iterable[Variable]) -> int:
        return sum(prod(weight.shape) for weight in weights)

    return Finding(
        "keras",
        (
            Quantity("params", network.params, model.count_params()),
            Quantity("trainable", network.trainable_params, number(model.trainable_weights)),
            Quantity(
                "non-trainable", network.non_trainable_params, number(model.non_trainable_weights)
            ),
        ),
    )


def _check_kernels(network: Network, live: dict[LayerPath, LiveLayer]) -> Finding:
    macs = 0
    for row in network:
        if row.path not in live:
            if row.macs != 0:
                return Finding("kernels", reason=f"{row.name} is not a separate layer in Keras")
            continue
        macs += kernel_macs(live[row.path], row.input_shapes) * row.times
    return Finding("kernels", (Quantity("macs", network.macs, macs),))


def kernel_macs(layer: LiveLayer, input_shapes: Sequence[Factors | None]) -> int:
    """Return the number of weights in a built layer's kernels times the number of positions."""
    shape: Factors = (input_shapes[0] if input_shapes else None) or ()
    if _is_time_distributed(layer):
        return int(shape[0]) * kernel_macs(layer.layer, (shape[1:],))
    names = ("depthwise_kernel", "pointwise_kernel", "kernel", "_kernel")
    weights = {
        id(kernel): int(prod(kernel.shape))
        for name in names
        if (kernel := getattr(layer, name, None)) is not None and hasattr(kernel, "shape")
    }
    if not weights:
        return 0
    places = shape
    if "Transpose" not in type(layer).__name__:
        places = tuple(layer.compute_output_shape((None, *shape))[1:])
    first = getattr(layer, "data_format", "channels_last") == "channels_first"
    return sum(weights.values()) * int(prod(places[1:] if first else places[:-1]))


def _check_profiler(model: LiveModel, network: Network) -> Finding:
    """Compare with the TF profiler, unless the model has layers that it miscounts."""
    try:
        counted = profiled_macs(model, network.input_shapes)
    except ImportError:
        return Finding("profiler", reason="it needs TensorFlow as the backend of Keras")
    except Exception as error:
        # TensorFlow raises errors of many types for models that it can't trace.
        return Finding("profiler", reason=f"TensorFlow can't trace it: {str(error)[:200]}")
    blind = [row.name for row in network if _is_blind(row)]
    if blind:
        some = ", ".join(blind[:3]) + (", ..." if len(blind) > 3 else "")
        reason = (
            f"it counts {counted:,} MACs, and {len(blind)} layers wrongly or not at all (groups,"
            f" most transposed convolutions, TimeDistributed): {some}"
        )
        return Finding("profiler", reason=reason)
    return Finding("profiler", (Quantity("macs", network.macs, counted),))


def _is_blind(row: Row) -> bool:
    layer = row.layer
    if isinstance(layer, TimeDistributed):
        return True  # a loop, whose body is counted once
    if not isinstance(layer, Spatial) or row.times != 1:
        return False
    # Keras hides groups in a compiled function, where nothing is counted.
    shape = row.input_shapes[0] or ()
    return getattr(layer, "groups", 1) != 1 or bool(why_blind(layer, shape))


def profiled_macs(model: LiveModel, input_shapes: Iterable[Factors]) -> int:
    """Return the MACs that the TF profiler counts in a model's convolutions and matrix products."""
    import keras
    import tensorflow as tf

    if keras.backend.backend() != "tensorflow":
        raise ImportError("the profiler only sees models on the TensorFlow backend")
    specs = [tf.TensorSpec((1, *shape)) for shape in input_shapes]
    function = tf.function(lambda *inputs: model(inputs[0] if len(inputs) == 1 else list(inputs)))
    flops = profile_graph(function.get_concrete_function(*specs).graph)
    return sum(count for kind, count in flops.items() if kind in _PROFILED) // 2
