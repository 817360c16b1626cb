"""The passes to time, compiled by each Keras backend."""

from collections.abc import Callable
from typing import Any

import keras

from timing.clock import Run


def compiled(function: Callable[..., Any], *inputs: Any) -> Run:
    """Return a call that computes a function, compiled by the backend, and waits until it ends."""
    backend = keras.backend.backend()
    if backend == "tensorflow":
        import tensorflow as tf

        # TensorFlow warns of functions that are traced again; here, each is another one.
        tf.get_logger().setLevel("ERROR")
        graph = tf.function(function, jit_compile=False)
        return lambda: _waited(graph(*inputs))
    if backend == "jax":
        import jax

        jitted = jax.jit(function)
        return lambda: jax.block_until_ready(jitted(*inputs))
    import torch

    def run() -> Any:
        with torch.no_grad():
            return _waited(function(*inputs))

    return run


def trained(layer: Any, images: Any, *, by_input: bool) -> Run:
    """Return a call that computes the gradients with respect to the weights and maybe the input."""
    backend = keras.backend.backend()
    if backend == "jax":
        import jax

        def differentiated(weights: Any, images: Any) -> Any:
            output, _ = layer.stateless_call(weights, [], images)
            return output.sum()

        gradient = jax.grad(differentiated, argnums=(0, 1) if by_input else 0)
        return compiled(gradient, [v.value for v in layer.trainable_variables], images)
    weights = [variable.value for variable in layer.trainable_variables]
    if backend == "tensorflow":
        import tensorflow as tf

        def step(images: Any) -> Any:
            with tf.GradientTape() as tape:
                tape.watch(images)
                output = layer(images)
            return tape.gradient(output, [images, *weights] if by_input else weights)

        return compiled(step, images)
    import torch

    images = images.clone().requires_grad_(by_input)
    sources = [images, *weights] if by_input else weights
    return lambda: _waited(torch.autograd.grad(layer(images).sum(), sources))


def _waited(result: Any) -> Any:
    """Return a result once the device has computed it."""
    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        tf.test.experimental.sync_devices()
    else:
        import torch

        if torch.cuda.is_available():
            torch.cuda.synchronize()
    return result
