"""Run the code of a live layer with symbolic tensors, to record what it computes.

Keras records operations on symbolic tensors only: what a layer computes from its weights or from
constants, it computes at once, and nothing tells of it. While a call is traced, weights and
constants are symbolic, too. The model stays as it is: no weight is assigned, no seed advanced, and
no attribute of a layer changed. Other threads may use Keras, and the same layers, meanwhile.
"""

from __future__ import annotations

import sys
import threading
from contextlib import contextmanager
from functools import cache, partial
from inspect import isfunction
from typing import TYPE_CHECKING, Any, NamedTuple

import keras
import numpy as np
from keras.src import backend
from keras.src.backend import is_float_dtype
from keras.src.backend.common.stateless_scope import get_stateless_scope
from keras.src.backend.common.symbolic_scope import in_symbolic_scope
from keras.src.ops.node import KerasHistory, Node

from convcost._models.around import Around
from convcost._models.keras.control_flow import HANDLERS, put_around, stand_in
from convcost._models.keras.origins import is_keras, is_operation
from convcost._models.keras.places import place_of_call
from convcost._models.keras.sizes_read import SizesRead
from convcost._models.keras.symbolic_tensors import completed, methods
from convcost._models.keras.unchanged import put, unchanged
from convcost._models.trees import leaves

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Sequence

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
# What multiplies and adds up, and takes nested lists as well.
_PRODUCTS = ("dot", "einsum", "inner", "matmul", "tensordot", "vdot")
_UNARY = {"neg": "negative", "abs": "absolute"}
# Two threads that replaced and restored the same functions would leave them replaced.
_ONE_AT_A_TIME = threading.RLock()
_NODES = threading.RLock()


class Recorded(NamedTuple):
    """What a call returned, the tensors that it assigned to variables, or that are kept.

    `sizes_read` tells whether its code read a size of a tensor, which may decide what it does.
    """

    outputs: object
    assigned: list[KerasTensor]
    sizes_read: bool


def recorded(
    call: Callable[..., object],
    args: tuple[object, ...],
    kwargs: dict[str, object],
    numbers: Collection[int] = (),
) -> Recorded:
    """Call a layer's code with symbolic tensors, and return what it returns.

    Keras's own record of the layers in it stays as it was: each tensor has its node (`node_of`).

    Raises
    ------
    NotBuiltError
        If a layer in it makes its weights only in this call.
    """
    owner = getattr(call, "__self__", None)
    sizes = SizesRead(leaves([args, kwargs], keras.KerasTensor), numbers)
    with _ONE_AT_A_TIME, unchanged(owner), _everything_symbolic(sizes) as scope:
        outputs = call(*args, **kwargs)
    return Recorded(outputs, scope.assigned, sizes.any)


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
    """Keeps assignments from the variables, and gives out symbolic tensors for their values.

    It also knows what was recorded so far, and the loops and branches around what is recorded now.
    """

    def __init__(self, sizes: SizesRead) -> None:
        super().__init__()
        self.assigned: list[KerasTensor] = []
        self.nodes: list[KerasNode] = []
        self.around = Around()
        self.sizes = sizes

    @contextmanager
    def within(self, around: Around) -> Iterator[None]:
        """Record in a loop or a branch, inside of those around it."""
        before, self.around = self.around, self.around.inside(around)
        try:
            yield
        finally:
            self.around = before

    def keep(self, tree: object) -> None:
        """Keep what nothing else depends on."""
        flat = keras.tree.flatten(tree)
        self.assigned += [one for one in flat if isinstance(one, keras.KerasTensor)]

    def get_current_value(self, variable: KerasVariable) -> object:
        """Return a symbolic tensor for a weight; None, which reads the value, for a seed."""
        if in_symbolic_scope() or _is_seed(variable):
            return super().get_current_value(variable)
        return stand_in(variable)


def _is_seed(variable: KerasVariable) -> bool:
    # Random numbers are drawn at once: their number is what counts.
    return variable.name == "seed_generator_state" and not is_float_dtype(variable.dtype)


@contextmanager
def _everything_symbolic(sizes: SizesRead) -> Iterator[_Scope]:
    """Record operations on weights and constants as well, in this thread."""
    thread, scope, original = threading.get_ident(), _Scope(sizes), Node.__init__

    def active() -> bool:
        # Keras itself runs layers that it does not know with tensors of the backend.
        return threading.get_ident() == thread and not in_symbolic_scope()

    def init(node: KerasNode, operation: KerasLayer, **given: Any) -> None:
        if active():
            given = completed(operation, **given)
        # The index of a node is its place in a list: nobody else may append to it meanwhile.
        with _NODES:
            original(node, operation, **given)
            if active():
                scope.nodes.append(node)
                put_around(node, scope.around._replace(place=place_of_call()))
                _make_private(node, len(scope.nodes))

    asking = _modules_that_ask(len(sys.modules))
    values: list[tuple[Any, str, object]] = [(Node, "__init__", init)]
    for module in asking:
        is_symbolic = _including_constants(module.any_symbolic_tensors, active)
        values.append((module, "any_symbolic_tensors", is_symbolic))
    values.append((keras.KerasTensor, "shape", scope.sizes.shape()))
    values += [(backend.numpy, name, _of_lists(name, active)) for name in _PRODUCTS]
    with put(values), put(_replacements(active, scope)), scope:
        yield scope


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
        leaves = keras.tree.flatten([args, kwargs])
        return any(_has_shape(leaf) or isfunction(leaf) for leaf in leaves)

    return any_symbolic_tensors


def _has_shape(value: object) -> bool:
    if isinstance(value, keras.Variable):
        return not _is_seed(value)
    return hasattr(value, "shape") and hasattr(value, "dtype")


def _replacements(active: Callable[[], bool], scope: _Scope) -> Iterator[tuple[type, str, object]]:
    """Yield the methods of Keras to replace: their class, name, and what to put there."""

    def replaced(
        owner: type, name: str, function: Callable[..., object], itself: bool = False
    ) -> tuple[type, str, object]:
        bases = owner.__mro__
        defining = owner if itself else next(one for one in bases if name in vars(one))
        original = getattr(owner, name)

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
    yield replaced(_tensor_class(), "__matmul__", lambda _, *pair: keras.ops.matmul(*pair))
    yield replaced(keras.Operation, "symbolic_call", partial(_followed, scope))
    yield replaced(keras.Layer, "symbolic_call", partial(_called, scope))
    yield replaced(keras.Layer, "__call__", scope.sizes.entered)
    for owner, name, function in methods():
        yield replaced(owner, name, function, True)
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


@cache
def _tensor_class() -> type:
    """Return the class of the backend's tensors, two of which are multiplied without Keras."""
    return type(keras.ops.convert_to_tensor(0.0))


def _of_lists(name: str, active: Callable[[], bool]) -> Callable[..., object]:
    """Return a product of the backend that records lists as well, which Keras does not see."""
    original = getattr(backend.numpy, name)

    def product(*args: object, **kwargs: object) -> object:
        if not active():
            return original(*args, **kwargs)
        return getattr(keras.ops, name)(*map(_symbolic_list, args), **kwargs)

    return product


def _symbolic_list(value: object) -> object:
    return stand_in(np.asarray(value)) if isinstance(value, (list, tuple)) else value


def _followed(
    scope: _Scope, original: Callable[..., object], operation: Any, *args: object, **kwargs: object
) -> object:
    """Record what is inside of a loop or a conditional, in place of the operation."""
    kind = type(operation)
    handler = HANDLERS.get(kind.__name__) if is_operation(kind.__module__) else None
    if handler is None and kind.__name__.lower() in _PRODUCTS:
        args = tuple(map(_symbolic_list, args))
    if handler is None:
        # Some operations read the values of variables, or what only tensors have.
        args = tuple(map(_as_tensor, args))
        kwargs = {name: _as_tensor(one) for name, one in kwargs.items()}
        with scope.sizes.calling(in_keras=True):
            made = original(operation, *args, **kwargs)
        if not isinstance(made, keras.KerasTensor):
            scope.sizes.any = True  # the code gets as many tensors as there are inputs in a batch
        return made
    scope.sizes.any = True
    return handler(scope, operation, *args, **kwargs)


def _as_tensor(value: object) -> object:
    if isinstance(value, keras.Variable):
        return stand_in(value)
    if isinstance(value, (list, tuple)) and any(isinstance(one, keras.Variable) for one in value):
        return [_as_tensor(one) for one in value]
    return value


def _forwards(operation: Callable[..., object]) -> Callable[..., object]:
    return lambda _, *operands: operation(*operands)


def _backwards(operation: Callable[..., object]) -> Callable[..., object]:
    return lambda _, right, left: operation(left, right)


def _got(_: object, variable: KerasVariable, key: object) -> object:
    return stand_in(variable)[key]


def _called(
    scope: _Scope,
    original: Callable[..., object],
    layer: KerasLayer,
    *args: object,
    **kwargs: object,
) -> object:
    """Return symbolic tensors for what a layer returns: as its own code says, if it can be run."""
    if is_keras(type(layer).__module__):
        made = original(layer, *args, **kwargs)
        # Keras remembers an open side from when it built the layer, as in EinsumDense.
        forgotten = _has_open_side(made) and not _has_open_side([args, kwargs])
        return _returned(scope, layer, args, kwargs) if forgotten else made
    try:
        return _returned(scope, layer, args, kwargs)
    except Exception as error:
        # The user's code may raise anything: then its other methods say what it returns.
        try:
            return original(layer, *args, **kwargs)
        except Exception:
            raise error from None


def _has_open_side(tree: object) -> bool:
    found = [one for one in keras.tree.flatten(tree) if isinstance(one, keras.KerasTensor)]
    return any(None in one.shape for one in found)


def _returned(
    scope: _Scope, layer: KerasLayer, args: tuple[object, ...], kwargs: dict[str, object]
) -> object:
    """Return new tensors like those that the code of a layer returns, and forget what it called.

    What it calls and assigns is found when the layer is traced by itself.
    """
    calls, assigned = len(scope.nodes), len(scope.assigned)
    try:
        return keras.tree.map_structure(_like, layer.call(*args, **kwargs))
    finally:
        del scope.nodes[calls:], scope.assigned[assigned:]


def _like(value: Any) -> object:
    if isinstance(value, (str, bytes)) or not hasattr(value, "shape"):
        return value
    return keras.KerasTensor(value.shape, keras.backend.standardize_dtype(value.dtype))


def _lost(_: object, layer: KerasLayer, loss: object) -> None:
    """Count what a loss is computed from, and leave the layer's losses as they are."""
    tensors = [one for one in keras.tree.flatten(loss) if isinstance(one, keras.KerasTensor)]
    get_stateless_scope().assigned.extend(tensors)


def _assigned(original: Callable[..., object], variable: KerasVariable, value: object) -> object:
    if isinstance(value, keras.Variable):
        return stand_in(value)
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
        value = stand_in(value)
    return original(policy, value, *args)
