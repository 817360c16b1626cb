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
    """Return a call that computes the output, and its gradients by weights and maybe the input.

    The output is returned, too: a compiler leaves out what is not, and the gradients of a linear
    layer don't need it.
    """
    weights = [variable.value for variable in layer.trainable_variables]
    make = {
        "tensorflow": _trained_by_tensorflow,
        "jax": _trained_by_jax,
        "torch": _trained_by_torch,
    }[keras.backend.backend()]
    return make(layer, weights, images, by_input)


def _trained_by_tensorflow(layer: Any, weights: list[Any], images: Any, by_input: bool) -> Run:
    import tensorflow as tf

    def step(images: Any) -> Any:
        with tf.GradientTape() as tape:
            tape.watch(images)
            output = layer(images)
        return output, tape.gradient(output, [images, *weights] if by_input else weights)

    return compiled(step, images)


def _trained_by_jax(layer: Any, weights: list[Any], images: Any, by_input: bool) -> Run:
    import jax

    def total(weights: Any, images: Any) -> tuple[Any, Any]:
        output, _ = layer.stateless_call(weights, [], images)
        return output.sum(), output

    def step(weights: Any, images: Any) -> Any:
        differentiated = jax.grad(total, argnums=(0, 1) if by_input else 0, has_aux=True)
        gradients, output = differentiated(weights, images)
        return output, gradients

    return compiled(step, weights, images)


def _trained_by_torch(layer: Any, weights: list[Any], images: Any, by_input: bool) -> Run:
    import torch

    images = images.clone().requires_grad_(by_input)
    sources = [images, *weights] if by_input else weights

    def run() -> Any:
        output = layer(images)
        return _waited((output, torch.autograd.grad(output.sum(), sources)))

    return run


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
