"""What an error says of a layer whose cost is not known: why, and which ways out there are."""

import os
from pathlib import Path

import keras
import numpy as np
import pytest
from keras import layers as kl
from keras import ops

import convcost
from convcost._models.errors import one_line

BACKEND = keras.backend.backend()
WARN = 'or leave it out with on_unknown="warn"'
KERAS_OPS = "write it with keras.ops"


class Own(kl.Layer):
    """A layer with one weight, which computes what it is given."""

    def __init__(self, compute, **kwargs):
        super().__init__(**kwargs)
        self.compute = compute

    def build(self, shape):
        self.kernel = self.add_weight(shape=(8, 4), name="kernel")

    def call(self, inputs):
        return self.compute(inputs, self.kernel)

    def compute_output_shape(self, shape):
        return (*shape[:-1], 4)


def message_of(compute, shape=(5, 8), **how):
    """Return the message about a model of one own layer, without the folder of this file."""
    entry = keras.Input(shape)
    with pytest.raises(convcost.UnknownLayerError) as caught:
        convcost.from_keras(keras.Model(entry, Own(compute, name="own")(entry)), **how)
    return str(caught.value).replace(f"{Path(__file__).parent}{os.sep}", "")


def raises(error):
    def compute(inputs, kernel):
        raise error

    return compute


def by_length(inputs, kernel):
    """Compute with the length as a number, which it is not where it is open."""
    return ops.matmul(ops.ones((inputs.shape[0], 2 + inputs.shape[1], 8)), kernel)


def by_parity(inputs, kernel):
    """Compute only with even lengths, or an open one."""
    if (inputs.shape[1] or 0) % 2:
        raise ValueError("no odd lengths")
    return ops.matmul(inputs, kernel)


def test_a_reason_is_told_with_the_place_and_what_to_do():
    line = raises.__code__.co_firstlineno + 2
    assert message_of(raises(ValueError("no odd\n  lengths."))) == (
        "layer 'own' of class Own has no known cost, as its call can't be traced (ValueError: no"
        f" odd lengths; test_unknown_messages.py, line {line}): register it with"
        f" @convcost.layers.register('Own'), {WARN}"
    )


def test_an_error_without_a_message_is_named_by_its_type():
    assert "traced (NotImplementedError; test_unknown" in message_of(raises(NotImplementedError()))


def test_a_long_reason_ends_after_a_word():
    reason = one_line(ValueError("word " * 50))
    assert reason == "word " * 31 + "word…"
    assert one_line(ValueError("x" * 200)) == "x" * 160 + "…"


def test_numbers_are_a_way_out_only_where_open_sides_are_the_reason():
    message = message_of(by_length, (None, 8))
    assert message.startswith(
        "layer 'own' of class Own has no known cost, as with open sides its call can't be traced"
    )
    assert "): give input_shape in numbers, register it with" in message
    message = message_of(by_parity, (None, 8))
    assert "cost, as with open sides its call can't be traced (ValueError: no odd le" in message
    assert "): give input_shape in numbers, register it" in message
    entry = keras.Input((None, 8))
    model = keras.Model(entry, Own(by_parity)(entry))
    assert convcost.from_keras(model, (6, 8)).macs == 6 * 8 * 4
    message = message_of(raises(ValueError("no")), (None, 8))
    assert "open sides" not in message
    assert "input_shape" not in message


def of_numpy(inputs, kernel):
    return np.matmul(inputs, kernel)


def as_array(inputs, kernel):
    return ops.matmul(inputs, np.asarray(kernel))


def of_backend(inputs, kernel):
    if BACKEND == "jax":
        import jax.numpy as jnp

        return jnp.matmul(inputs, kernel)
    import tensorflow as tf

    return tf.matmul(inputs, kernel)


def weight_of_backend(inputs, kernel):
    if BACKEND == "jax":
        import jax.numpy as jnp

        return ops.matmul(inputs, jnp.asarray(kernel))
    import tensorflow as tf

    return ops.matmul(inputs, tf.abs(kernel))


def of_array(inputs, kernel):
    return ops.matmul(inputs, kernel.value.numpy())


@pytest.mark.parametrize(
    "compute", [of_numpy, as_array, of_backend, weight_of_backend, of_array], ids=lambda one: one
)
@pytest.mark.parametrize("shape", [(5, 8), (None, 8)], ids=str)
def test_code_that_is_not_written_with_keras_ops_is_told_so(compute, shape):
    message = message_of(compute, shape)
    assert f"): {KERAS_OPS}, register it with @convcost.layers.register('Own'), {WARN}" in message
    assert "open sides" not in message


def test_so_is_the_code_of_a_model():
    class Net(keras.Model):
        def build(self, shape):
            self.kernel = self.add_weight(shape=(8, 4), name="kernel")

        def call(self, inputs):
            return of_numpy(inputs, self.kernel) if hasattr(inputs, "sparse") else inputs

    model = Net(name="net")
    model(np.ones((1, 8)))
    with pytest.raises(convcost.ModelError, match=rf"line \d+\); {KERAS_OPS}$"):
        convcost.from_keras(model, (8,))


class Twice(kl.Layer):
    def call(self, inputs):
        return 2 * inputs


def test_a_layer_of_ones_own_in_a_file_can_be_read_live():
    model = keras.Sequential([keras.Input((8,)), Twice(name="own")])
    with pytest.raises(convcost.UnknownLayerError) as caught:
        convcost.from_keras(model.to_json())
    assert str(caught.value) == (
        "layer 'own' of class Twice of the module 'test_unknown_messages' has no known cost: give"
        f" the live model in Python, register it with @convcost.layers.register('Twice'), {WARN}"
    )
    model = keras.Sequential([keras.Input((8,)), kl.Lambda(lambda x: 2 * x, name="double")])
    with pytest.raises(convcost.UnknownLayerError, match="Lambda has no known cost: give the live"):
        convcost.from_keras(model.to_json())
    assert convcost.from_keras(model).macs == 0
