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


def trained(layer: Any, images: Any, upstream: Any, *, by_input: bool) -> Run:
    """Return a call that computes the output, and its gradients by maybe the input and the weights.

    `upstream` is the gradient with respect to the output. The output is returned, too: a compiler
    leaves out what is not, and the gradients of a linear layer don't need it.
    """
    weights = [variable.value for variable in layer.trainable_variables]
    make = {
        "tensorflow": _trained_by_tensorflow,
        "jax": _trained_by_jax,
        "torch": _trained_by_torch,
    }[keras.backend.backend()]
    return make(layer, weights, images, upstream, by_input=by_input)


def _trained_by_tensorflow(
    layer: Any, weights: list[Any], images: Any, upstream: Any, *, by_input: bool
) -> Run:
    import tensorflow as tf

    def step(images: Any, upstream: Any) -> Any:
        with tf.GradientTape() as tape:
            tape.watch(images)
            output = layer(images)
        sources = [images, *weights] if by_input else weights
        return output, tape.gradient(output, sources, output_gradients=upstream)

    return compiled(step, images, upstream)


def _trained_by_jax(
    layer: Any, weights: list[Any], images: Any, upstream: Any, *, by_input: bool
) -> Run:
    import jax

    sources = [images, *weights] if by_input else weights

    def step(sources: list[Any], images: Any, upstream: Any) -> Any:
        def output_of(sources: list[Any]) -> Any:
            inputs = sources[0] if by_input else images
            return layer.stateless_call(sources[-len(weights) :], [], inputs)[0]

        output, gradients_of = jax.vjp(output_of, sources)
        return output, *gradients_of(upstream)

    return compiled(step, sources, images, upstream)


def _trained_by_torch(
    layer: Any, weights: list[Any], images: Any, upstream: Any, *, by_input: bool
) -> Run:
    import torch

    images = images.clone().requires_grad_(by_input)
    sources = [images, *weights] if by_input else weights

    def run() -> Any:
        output = layer(images)
        return _waited((output, torch.autograd.grad(output, sources, upstream)))

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
