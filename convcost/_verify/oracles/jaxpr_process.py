"""The process in which JAX counts: each line of JSON in is a model, each line out its count."""

from __future__ import annotations

import json
import logging
import sys
from typing import TYPE_CHECKING

from convcost._models.errors import named
from convcost._verify.oracles.jaxpr_model import count_model
from convcost._verify.oracles.model_inputs import arranged
from convcost._verify.oracles.oracle import NotVisible

if TYPE_CHECKING:
    from typing import Any


def answer(question: dict[str, Any]) -> dict[str, Any]:
    """Return the MACs of a model for each kind of operation, or why they can't be counted."""
    import keras

    try:
        # Only the shapes of weights are needed: JAX compiles their initialization for each shape.
        with keras.StatelessScope(initialize_variables=False):
            try:
                model = keras.models.model_from_json(question["model"])
            except Exception as error:
                # Keras raises errors of many types for what it can't build.
                return {"unbuilt": named(error)}
            if model.count_params() != question["params"]:
                return {"unbuilt": "which says nothing of how layers in it store their weights"}
            shapes = [tuple(shape) for shape in question["input_shapes"]]
            walked = count_model(model, arranged(model, shapes))
    except NotVisible as error:
        return {"reason": str(error)}
    finally:
        keras.utils.clear_session()
    return {"macs": walked.macs, "blind": walked.blind}


def main() -> None:
    """Answer until the input ends."""
    # Keras logs what it can't trace, and raises it as well.
    logging.getLogger("absl").setLevel(logging.CRITICAL)
    for line in sys.stdin:
        print(json.dumps(answer(json.loads(line))), flush=True)


if __name__ == "__main__":
    main()
