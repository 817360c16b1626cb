"""A whole Keras model as a jaxpr: its nominal MACs for one input, from the operations in it."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from convcost._models.errors import one_line
from convcost._verify.oracles.jaxpr import Walked, walk
from convcost._verify.oracles.model_inputs import one_input
from convcost._verify.oracles.oracle import NotVisible

if TYPE_CHECKING:
    from convcost._verify.oracles.model_inputs import Inputs
    from convcost._verify.types import LiveModel, Symbolic

# One input, and whether each further one adds the same.
_BATCHES = (1, 2, 3)


def count_model(model: LiveModel, inputs: Inputs) -> Walked:
    """Return the nominal MACs of a model for one input, from the jaxpr of its `stateless_call`.

    Parameters
    ----------
    model
        A built model, in a process in which JAX is the backend of Keras.
    inputs
        Its inputs, with their sizes.

    Returns
    -------
    Walked
        MACs for one input. With a declared batch, those of the batch divided by its size; with an
        open one, those at a batch of 1, if each of two further inputs adds the same.

    Raises
    ------
    NotVisible
        If JAX can't trace the model, or the MACs are not in proportion to the batch.
    """
    if inputs.batch is not None:
        walked = trace(model, inputs, inputs.batch)
        macs = {
            kind: one_input(f"MACs of {kind}", count, inputs.batch)
            for kind, count in walked.macs.items()
        }
        return Walked(Counter(macs), walked.blind)
    one, two, three = (trace(model, inputs, batch) for batch in _BATCHES)
    for kind in dict.fromkeys((*one.macs, *two.macs, *three.macs)):
        if three.macs[kind] - two.macs[kind] != two.macs[kind] - one.macs[kind]:
            counts = ", ".join(f"{walked.macs[kind]:,}" for walked in (one, two, three))
            raise NotVisible(
                f"the MACs of {kind} do not grow in step with the batch: {counts} for 1, 2 and 3"
                " inputs"
            )
    return one


def trace(model: LiveModel, inputs: Inputs, batch: int) -> Walked:
    """Return what a walk over the jaxpr of a model with this batch finds."""
    import jax

    def shaped(variable: Symbolic) -> jax.ShapeDtypeStruct:
        return jax.ShapeDtypeStruct(tuple(variable.shape), variable.dtype)

    try:
        weights = [shaped(one) for one in model.trainable_variables]
        others = [shaped(one) for one in model.non_trainable_variables]
        given = inputs.pack(jax.ShapeDtypeStruct, batch)
        jaxpr = jax.make_jaxpr(model.stateless_call)(weights, others, given).jaxpr
    except Exception as error:
        # The model's own code may raise anything.
        reason = f"JAX can't trace it with a batch of {batch}: {one_line(error)}"
        raise NotVisible(reason) from error
    return walk(jaxpr)
