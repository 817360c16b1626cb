"""Run the code of a live layer with symbolic tensors, to record what it computes.

Keras records operations on symbolic tensors only: what a layer computes from its weights or from
constants, it computes at once, and nothing tells of it. While a call is traced, weights and
constants are symbolic, too. The model stays as it is: no weight is assigned, no seed advanced, and
no attribute of a layer changed. Other threads may use Keras, and the same layers, meanwhile.
"""

from __future__ import annotations

import sys
import threading
from contextlib import ExitStack, contextmanager
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple
from unittest.mock import patch

import keras
from keras.src.backend import is_float_dtype
from keras.src.backend.common.stateless_scope import get_stateless_scope
from keras.src.backend.common.symbolic_scope import in_symbolic_scope
from keras.src.ops.node import KerasHistory, Node

from convcost._models.keras.unchanged import unchanged

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from convcost._models.types import KerasLayer, KerasNode, KerasTensor, KerasVariable

# The operators of variables, which compute at once, and the operations that are recorded.
_OPERATORS = {
    "add": "add",
    "sub": "subtract",
    "mul": "multiply",
    "truediv": "true_divide",
    "floordiv": "floor_divide",
    "mod": "mod",
    "pow": "power",
    "matmul": "matmul",
}
# Where TensorFlow has the class of its compiled functions.
_COMPILED = "tensorflow.python.eager.polymorphic_function.polymorphic_function"
_UNARY = {"neg": "negative", "abs": "absolute"}
# Two threads that replaced and restored the same functions would leave them replaced.
_ONE_AT_A_TIME = threading.RLock()
_NODES = threading.RLock()


class Recorded(NamedTuple):
    """What a call returned, the tensors that it assigned to variables, and all that it called."""

    outputs: object
    assigned: list[KerasTensor]
    called: list[KerasLayer]


def recorded(
    call: Callable[..., object], args: tuple[object, ...], kwargs: dict[str, object]
) -> Recorded:
    """Call a layer's code with symbolic tensors, and return what it returns.

    Keras's own record of the layers in it stays as it was: each tensor has its node (`node_of`).

    Raises
    ------
    NotBuiltError
        If a layer in it makes its weights only in this call.
    """
    nodes: list[KerasNode] = []
    owner = getattr(call, "__self__", None)
    with _ONE_AT_A_TIME, unchanged(owner), _everything_symbolic(nodes) as scope:
        outputs = call(*args, **kwargs)
    return Recorded(outputs, scope.assigned, [node.operation for node in nodes])


def node_of(tensor: KerasTensor) -> KerasNode:
    """Return Keras's record of the call that made a tensor."""
    private: KerasNode | None = getattr(tensor, "_convcost_node", None)
    if private is not None:
        return private
    operation, index, _ = tensor._keras_history
    return operation._inbound_nodes[index]


def _make_private(node: KerasNode, number: int) -> None:
    """Take a new node out of its operation, so that only its tensors know it."""
    operation = node.operation
    _drop(operation._inbound_nodes, node)
    for tensor in node.input_tensors:
        maker = tensor._keras_history[0]
        if maker is not None:
            _drop(maker._outbound_nodes, node)
    made: Sequence[Any] = node.output_tensors
    for place, tensor in enumerate(made):
        tensor._keras_history = KerasHistory(operation, number, place)
        tensor._convcost_node = node


def _drop(nodes: list[KerasNode], node: KerasNode) -> None:
    for place in reversed(range(len(nodes))):
        if nodes[place] is node:
            del nodes[place]


class _Scope(keras.StatelessScope):  # type: ignore[misc]  # Keras has no types
    """Keeps assignments from the variables, and gives out symbolic tensors for their values."""

    def __init__(self) -> None:
        super().__init__()
        self.assigned: list[KerasTensor] = []

    def get_current_value(self, variable: KerasVariable) -> object:
        """Return a symbolic tensor for a weight; None, which reads the value, for a seed."""
        if in_symbolic_scope() or _is_seed(variable):
            return super().get_current_value(variable)
        return _stand_in(variable)


def _stand_in(variable: KerasVariable) -> Any:
    tensor = keras.KerasTensor(variable.shape, variable.dtype)
    tensor._keras_history = KerasHistory(None, 0, 0)  # no operation makes it
    tensor._variable = variable
    return tensor


def _is_seed(variable: KerasVariable) -> bool:
    # Random numbers are drawn at once: their number is what counts.
    return variable.name == "seed_generator_state" and not is_float_dtype(variable.dtype)


@contextmanager
def _everything_symbolic(nodes: list[KerasNode]) -> Iterator[_Scope]:
    """Record operations on weights and constants as well, in this thread; collect the calls."""
    thread = threading.get_ident()

    def active() -> bool:
        # Keras itself runs layers that it does not know with tensors of the backend.
        return threading.get_ident() == thread and not in_symbolic_scope()

    original = Node.__init__

    def init(node: KerasNode, *args: object, **given: object) -> None:
        # The index of a node is its place in a list: nobody else may append to it meanwhile.
        with _NODES:
            original(node, *args, **given)
            if active():
                nodes.append(node)
                _make_private(node, len(nodes))

    with ExitStack() as stack:
        for module in _modules_that_ask(len(sys.modules)):
            is_symbolic = _including_constants(module.any_symbolic_tensors, active)
            stack.enter_context(patch.object(module, "any_symbolic_tensors", is_symbolic))
        stack.enter_context(patch.object(Node, "__init__", init))
        for owner, name, function in _replacements(active):
            stack.enter_context(patch.object(owner, name, function))
        yield stack.enter_context(_Scope())


@cache
def _modules_that_ask(imported: int) -> list[Any]:
    """Return the modules of Keras that have the function, of as many as are imported."""
    return [
        module
        for name, module in list(sys.modules.items())
        if name.startswith("keras.src.") and "any_symbolic_tensors" in vars(module)
    ]


def _including_constants(
    original: Callable[..., bool], active: Callable[[], bool]
) -> Callable[..., bool]:
    def any_symbolic_tensors(args: object = None, kwargs: object = None) -> bool:
        if original(args, kwargs):
            return True
        if not active():
            return False
        return any(_has_shape(leaf) for leaf in keras.tree.flatten([args, kwargs]))

    return any_symbolic_tensors


def _has_shape(value: object) -> bool:
    if isinstance(value, keras.Variable):
        return not _is_seed(value)
    return hasattr(value, "shape") and hasattr(value, "dtype")


def _replacements(active: Callable[[], bool]) -> Iterator[tuple[type, str, object]]:
    """Yield the methods of Keras to replace: their class, name, and what to put there."""

    def replaced(
        owner: type, name: str, function: Callable[..., object]
    ) -> tuple[type, str, object]:
        defining = next(one for one in owner.__mro__ if name in vars(one))
        original = vars(defining)[name]

        def method(self: object, *args: object, **kwargs: object) -> object:
            if not active() or (isinstance(self, keras.Variable) and _is_seed(self)):
                return original(self, *args, **kwargs)
            return function(original, self, *args, **kwargs)

        return defining, name, method

    for name, operation in _OPERATORS.items():
        yield replaced(keras.Variable, f"__{name}__", _forwards(getattr(keras.ops, operation)))
        yield replaced(keras.Variable, f"__r{name}__", _backwards(getattr(keras.ops, operation)))
    for name, operation in _UNARY.items():
        yield replaced(keras.Variable, f"__{name}__", _forwards(getattr(keras.ops, operation)))
    yield replaced(keras.KerasTensor, "__getitem__", _sliced)
    yield replaced(keras.KerasTensor, "__iter__", _parts)
    yield replaced(keras.Layer, "add_loss", _lost)
    yield replaced(keras.Layer, "_clear_losses", lambda *_: None)
    yield replaced(keras.Variable, "__getitem__", _got)
    yield replaced(keras.Variable, "assign", _assigned)
    yield replaced(keras.dtype_policies.DTypePolicy, "convert_input", _converted)
    for compiled in [sys.modules[one] for one in (_COMPILED,) if one in sys.modules]:
        yield replaced(compiled.Function, "__call__", _refused)


def _refused(_: object, function: Any, *args: object, **kwargs: object) -> None:
    # What it computes was recorded before, as a graph of TensorFlow.
    name = getattr(function, "__name__", "function")
    raise TypeError(f"it calls the tf.function {name!r}, which Keras does not record")


def _forwards(operation: Callable[..., object]) -> Callable[..., object]:
    return lambda _, *operands: operation(*operands)


def _backwards(operation: Callable[..., object]) -> Callable[..., object]:
    return lambda _, right, left: operation(left, right)


def _got(_: object, variable: KerasVariable, key: object) -> object:
    return _stand_in(variable)[key]


def _sliced(original: Callable[..., object], tensor: KerasTensor, key: object) -> object:
    # Keras takes a slice on its own from tensors of the backend only.
    return original(tensor, (key,) if isinstance(key, slice) else key)


def _parts(original: Callable[..., object], tensor: Any) -> object:
    # As JAX and PyTorch take a tensor apart: `query, key, value = ops.einsum(...)`.
    length = tensor.shape[0] if tensor.shape else None
    if length is None:
        return original(tensor)
    return iter([tensor[place] for place in range(length)])


def _lost(_: object, layer: KerasLayer, loss: object) -> None:
    """Count what a loss is computed from, and leave the layer's losses as they are."""
    tensors = [one for one in keras.tree.flatten(loss) if isinstance(one, keras.KerasTensor)]
    get_stateless_scope().assigned.extend(tensors)


def _assigned(original: Callable[..., object], variable: KerasVariable, value: object) -> object:
    if isinstance(value, keras.Variable):
        return _stand_in(value)
    if not isinstance(value, keras.KerasTensor):
        return original(variable, value)
    scope = get_stateless_scope()
    scope.assigned.append(value)
    return value


def _converted(
    original: Callable[..., object], policy: object, value: object, *args: object
) -> object:
    # An array of the backend would be taken from a variable here.
    if isinstance(value, keras.Variable):
        value = _stand_in(value)
    return original(policy, value, *args)
