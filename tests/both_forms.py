"""A model of Keras, live and from its JSON, against Keras's own counts and JAX's record of it."""

import math

import keras

import convcost
from convcost._verify.oracles.model_inputs import inputs_of
from convcost._verify.oracles.oracle import NotVisible
from convcost._verify.oracles.recorded import walk_model


def size(weights):
    return sum(math.prod(one.shape) for one in weights)


def rows_of(network):
    """Return what a network says of each call, in plain values."""
    return [
        (
            *(row.name, row.kind, row.input_shapes, row.output_shape),
            *(row.params, row.macs, row.cost.bias_adds),
        )
        for row in network
    ]


def hold(model, *, saved=True):
    """Hold a model, in both forms unless it can't be saved, to Keras; return the network."""
    live = convcost.from_keras(model)
    saved = convcost.from_keras(model.to_json()) if saved else live
    assert rows_of(live) == rows_of(saved)
    assert live.params == model.count_params()
    assert live.trainable_params == size(model.trainable_weights)
    if saved.trainable_params != live.trainable_params:
        # Keras does not freeze what it makes anew inside of a layer that was saved as frozen.
        again = keras.models.model_from_json(model.to_json())
        assert saved.trainable_params == size(again.trainable_weights)
    for ours, made in zip(live.output_shapes, keras.tree.flatten(model.outputs), strict=True):
        pairs = zip(ours, made.shape[1:], strict=True)
        assert all(theirs in (None, side) for side, theirs in pairs)  # None: Keras does not say
    return live


def walked(model, network, whole=True):
    """Return the MACs in JAX's record of a model; None if there are some that it can't count."""
    try:
        found = walk_model(model, inputs_of(model, network))
    except NotVisible:
        if whole:
            raise
        return None
    if whole:
        assert found.blind == ()
    return None if found.blind else found.total()


def hold_to_jax(model):
    """Hold a model in both forms to Keras and to JAX's record; return the network."""
    network = hold(model)
    assert walked(model, network) == network.macs
    return network


def shapes_of(weights):
    return [tuple(one.shape) for one in weights]
