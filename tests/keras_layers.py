"""One layer of ours and one of Keras's of the same name and arguments, side by side."""

import keras

from convcost import layers


def check(name, shape, /, *args, **kwargs):
    """Hold a layer made with these arguments to Keras's of the same name and arguments."""
    ours = getattr(layers, name)(*args, **kwargs)
    theirs = getattr(keras.layers, name)(*args, **kwargs)
    several = isinstance(shape[0], tuple)
    batched = [(None, *one) for one in shape] if several else (None, *shape)
    theirs.build(batched)
    expected = tuple(theirs.compute_output_shape(batched)[1:])
    assert ours.output_shape(shape) == expected
    trained = [tuple(weight.shape) for weight in theirs.trainable_weights]
    kept = [tuple(weight.shape) for weight in theirs.non_trainable_weights]
    weights = ours.weights(shape)
    assert sorted(w.shape for w in weights if w.trainable) == sorted(trained)
    assert sorted(w.shape for w in weights if not w.trainable) == sorted(kept)
    assert ours.cost(shape).params == theirs.count_params()
    assert ours.weights_for(shape) == weights
    assert {weight.name for weight in weights} == {weight.name for weight in theirs.weights}
    return ours
