"""JAX's record of a layer or a model as an oracle: the MACs of its products and convolutions."""

from __future__ import annotations

import json
import sys
from collections import Counter
from importlib.util import find_spec
from typing import TYPE_CHECKING

from convcost._layers import AdditiveAttention
from convcost._models.errors import one_line
from convcost._verify.oracles.jaxpr import Walked
from convcost._verify.oracles.jaxpr_model import count_model
from convcost._verify.oracles.keras_layers import build
from convcost._verify.oracles.model_inputs import arranged
from convcost._verify.oracles.oracle import NotVisible, Oracle
from convcost._verify.oracles.processes import ask

if TYPE_CHECKING:
    from convcost._layers import Layer
    from convcost._verify.oracles.model_inputs import Inputs
    from convcost._verify.types import Counts, LiveModel

ELSEWHERE = (
    "a process with JAX can't build it from its config; with KERAS_BACKEND=jax it is counted here"
)
ELEMENTWISE = (
    "AdditiveAttention multiplies features by its scale and sums them in two operations, not in a"
    " product"
)
COMMAND = (sys.executable, "-m", "convcost._verify.oracles.jaxpr_process")


def is_elementwise(layer: object) -> bool:
    """Tell whether a layer adds up products that are not recorded as a product of matrices."""
    return isinstance(layer, AdditiveAttention) and layer.use_scale


class JaxRecord(Oracle):
    """Nominal MACs, from a walk over JAX's record of the Keras layer, its *jaxpr*.

    It sees whatever the layer computes: a `scan` of a recurrent layer counts as often as it runs.
    """

    name, title, module = "jaxpr", "JAX's record", "jax"
    install = 'pip install "convcost[verify]"'

    def count(self, layer: Layer, input_shape: tuple[int, ...]) -> Counts:
        """Count the MACs of the layer that Keras builds."""
        if is_elementwise(layer):
            raise NotVisible(ELEMENTWISE)
        model = build(layer, input_shape)
        shapes = [tuple(one.shape[1:]) for one in model.inputs or ()]
        walked = walk_model(model, arranged(model, shapes))
        if walked.blind:
            raise NotVisible("; ".join(walked.blind))
        return {"macs": walked.total()}


def walk_model(model: LiveModel, inputs: Inputs) -> Walked:
    """Return the MACs of a model for one input from its jaxpr, in another process if need be.

    Raises
    ------
    NotVisible
        If JAX is not installed, or the model can't be built or traced with it.
    """
    import keras

    if find_spec("jax") is None:
        raise NotVisible('it needs JAX: pip install "convcost[verify]"')
    if keras.backend.backend() == "jax":
        return count_model(model, inputs)
    try:
        asked = {"model": model.to_json(), "params": model.count_params()}
        question = {**asked, "input_shapes": inputs.shapes}
    except Exception as error:
        # The user's code may raise anything.
        raise NotVisible(f"{ELSEWHERE} (it has no JSON: {one_line(error)})") from error
    line = ask(COMMAND, json.dumps(question), backend="jax")
    if not line:
        raise ArithmeticError(f"the process with JAX ended without a count of {model.name!r}")
    answer = json.loads(line)
    if "unbuilt" in answer:
        raise NotVisible(f"{ELSEWHERE} ({answer['unbuilt']})")
    if "reason" in answer:
        raise NotVisible(answer["reason"])
    return Walked(Counter(answer["macs"]), tuple(answer["blind"]))
