"""The MACs of a whole model against the TF profiler, and against JAX's record of the model."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from convcost._layers import Layer
from convcost._models.changes import unwrapped
from convcost._models.errors import one_line
from convcost._verify.findings import Finding, Quantity
from convcost._verify.oracles.jaxpr import CONVOLUTION, PRODUCT, TRANSPOSED
from convcost._verify.oracles.model_inputs import Inputs, inputs_of, one_input
from convcost._verify.oracles.oracle import NotVisible
from convcost._verify.oracles.profiled_graphs import blind_spots, profiled_macs
from convcost._verify.oracles.recorded import ELEMENTWISE, is_elementwise, walk_model

if TYPE_CHECKING:
    import tensorflow as tf

    from convcost._models.network import Network
    from convcost._models.rows import Row
    from convcost._verify.types import LiveModel

KINDS = (CONVOLUTION, TRANSPOSED, PRODUCT)


def check_profiler(model: LiveModel, network: Network) -> Finding:
    """Compare with the TF profiler, unless the model has operations that it miscounts."""
    try:
        inputs = inputs_of(model, network)
        graph = graph_of(model, inputs)
        counted = one_input("MACs", profiled_macs(graph), inputs.batch or 1)
    except NotVisible as error:
        return Finding("profiler", reason=str(error))
    blind = blind_spots(graph)
    if blind:
        reasons = "; ".join(f"{reason} ({times})" for reason, times in blind.items())
        return Finding("profiler", reason=f"it counts {counted:,} MACs, but {reasons}")
    return Finding("profiler", (Quantity("macs", network.macs, counted),))


def check_jaxpr(model: LiveModel, network: Network) -> Finding:
    """Compare with a walk over the jaxpr of the model, unless it has operations it can't count."""
    try:
        walked = walk_model(model, inputs_of(model, network))
    except NotVisible as error:
        return Finding("jaxpr", reason=str(error))
    blind = [*walked.blind, *{ELEMENTWISE for row in network if is_elementwise(row.layer)}]
    if blind:
        reasons = "; ".join(blind)
        return Finding("jaxpr", reason=f"it counts {walked.total():,} MACs, but {reasons}")
    quantities = [Quantity("macs", network.macs, walked.total())]
    if not quantities[0].agrees:
        ours = _by_kind(network)
        quantities += [Quantity(f"macs of {kind}", ours[kind], walked.macs[kind]) for kind in KINDS]
    return Finding("jaxpr", tuple(quantities))


def graph_of(model: LiveModel, inputs: Inputs) -> tf.Graph:
    """Return TensorFlow's graph of a model.

    Raises
    ------
    NotVisible
        If TensorFlow is not the backend of Keras, or can't trace the model.
    """
    import keras

    if keras.backend.backend() != "tensorflow":
        raise NotVisible("it needs TensorFlow as the backend of Keras")
    import tensorflow as tf

    given = inputs.pack(tf.TensorSpec, inputs.batch or 1)
    try:
        return tf.function(model).get_concrete_function(given).graph
    except Exception as error:
        # TensorFlow raises errors of many types for models that it can't trace.
        raise NotVisible(f"TensorFlow can't trace it: {one_line(error)}") from error


def _by_kind(network: Network) -> Counter[str]:
    """Return the MACs of a network for each kind of operation."""
    macs: Counter[str] = Counter()
    for row in network:
        macs[_kind(row)] += row.macs
    return macs


def _kind(row: Row) -> str:
    layer, _ = unwrapped(row.layer)
    name = type(layer).__name__ if isinstance(layer, Layer) else row.kind
    if "Conv" not in name:
        return PRODUCT
    return TRANSPOSED if "Transpose" in name else CONVOLUTION
