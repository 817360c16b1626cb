"""What symbolic tensors do while code is traced, as tensors of the backend do when it runs.

Keras's own symbolic tensors are not compared with `==`, not iterated over, and not taken by the
operators of arrays to their left.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, TypeAlias

import keras
from keras.src.ops.core import ConvertToTensor
from keras.src.ops.numpy import Ndim

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from convcost._models.types import KerasLayer, KerasTensor

    # A method, which takes the method that it replaces before its own arguments.
    Method: TypeAlias = Callable[..., object]

# More steps of a loop than this are a mistake, or an attempt to exhaust memory.
_MANY = 10_000
# Comparisons of what is to their left with what is to their right, and those from the right.
_COMPARED = {"lt": "gt", "le": "ge", "gt": "lt", "ge": "le", "eq": "eq", "ne": "ne"}
# Where TensorFlow has the class of its tensors.
_TENSORFLOW = "tensorflow.python.framework.tensor"


def methods() -> Iterator[tuple[type, str, Method]]:
    """Yield what to replace while code is traced: a class, the name of a method, and another."""
    yield keras.KerasTensor, "__getitem__", _sliced
    yield keras.KerasTensor, "__iter__", _iterated
    yield keras.KerasTensor, "__eq__", _equal
    yield keras.KerasTensor, "__jax_array__", _itself
    yield Ndim, "symbolic_call", _rank
    yield ConvertToTensor, "symbolic_call", _converted
    for tensors in [sys.modules[one] for one in (_TENSORFLOW,) if one in sys.modules]:
        for name, mirrored in _COMPARED.items():
            yield tensors.Tensor, f"__{name}__", _compared(mirrored)


def completed(
    operation: KerasLayer, call_args: Any, call_kwargs: dict[str, object], outputs: object
) -> dict[str, object]:
    """Return what a node is made with, such that Keras takes it and nothing of it is lost.

    A layer may return numbers and None among its tensors. Keras makes some operations with what
    they compute with, such as the limits of `Clip`.
    """
    made = [one for one in keras.tree.flatten(outputs) if isinstance(one, keras.KerasTensor)]
    if not isinstance(operation, keras.Layer):
        own = vars(operation).items()
        held = {name: one for name, one in own if isinstance(one, keras.KerasTensor)}
        call_kwargs = {**call_kwargs, **held}
    return {"call_args": call_args, "call_kwargs": call_kwargs, "outputs": made}


def _converted(original: Method, operation: Any, x: object) -> object:
    # An array stays one, whose values the code may read.
    symbolic = isinstance(x, (keras.Variable, keras.KerasTensor))
    return original(operation, x) if symbolic else operation.call(x)


def _rank(_: object, __: object, x: Any) -> int:
    # Keras makes a tensor of what is a number when the code runs.
    return len(x.shape)


def _sliced(original: Method, tensor: KerasTensor, key: object) -> object:
    # Keras takes these on their own from tensors of the backend only.
    alone = isinstance(key, slice) or key is None or key is Ellipsis
    return original(tensor, (key,) if alone else key)


def _iterated(original: Method, tensor: Any) -> object:
    # As JAX and PyTorch take a tensor apart: `query, key, value = ops.einsum(...)`.
    shape = tuple(tensor.shape)
    if not shape or shape[0] is None or shape[0] > _MANY:
        return original(tensor)
    return iter([tensor[place] for place in range(shape[0])])


def _equal(original: Method, tensor: KerasTensor, other: object) -> object:
    # It has no `==` that compares its elements: its instances are keys of dicts.
    if other is None:
        return original(tensor, other)
    return keras.ops.equal(tensor, other)


def _itself(_: object, tensor: KerasTensor) -> object:
    # JAX's operators then leave the operation to the symbolic tensor.
    return tensor


def _compared(mirrored: str) -> Method:
    """Return a comparison of TensorFlow that leaves one with a symbolic tensor to that tensor."""

    def method(original: Method, left: Any, right: object) -> object:
        if isinstance(right, keras.KerasTensor):
            return getattr(right, f"__{mirrored}__")(left)
        return original(left, right)

    return method
