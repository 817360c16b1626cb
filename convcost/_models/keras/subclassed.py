"""Subclassed Keras models: whole models whose own code says what they compute."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING

import keras
from keras.src.models.functional import Functional

from convcost._models.errors import ModelError, named
from convcost._models.graph import Call, Distributed, Entry, Graph, Ref, input_entry
from convcost._models.keras.code import CallArguments, Code, uses_arrays
from convcost._models.keras.nodes import Names, tensors
from convcost._models.keras.open_sides import concrete
from convcost._models.keras.places import place_of_error
from convcost._models.keras.tracing import recorded
from convcost._models.unknown import Unknown

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Hashable, Iterable, Iterator, Sequence
    from typing import TypeAlias

    from convcost._exact.types import Factors
    from convcost._models.graph import Variable
    from convcost._models.types import KerasTensor, ModelShape, Reader

    # Returns the weights of the model, which is built by then.
    Variables: TypeAlias = Callable[[], tuple[Variable, ...]]

    # A shape for Keras: the batch first, None for open sides.
    Batched: TypeAlias = Sequence[int | None]
    # One for each input of a model, in a list or by name.
    Shapes: TypeAlias = Batched | list[Batched] | dict[str, Batched]


class ModelCode(Code):
    """The code of a whole model, which is refused where it can't be traced."""

    def __init__(
        self,
        reader: Reader,
        model: keras.Model,
        arguments: CallArguments,
        variables: tuple[Variable, ...],
        as_built: bool,
    ) -> None:
        kind = type(model).__name__
        super().__init__(
            reader, model.name, kind, model.call, [arguments], variables, Unknown(kind)
        )
        self._model = model
        self._is_open = False
        # Whether the arguments have the sizes with which the model was built.
        self._declared = as_built

    def _failed(self, error: Exception) -> Unknown:
        raise _not_recorded(self._model, error, self._is_open) from error

    def _traced(
        self,
        arguments: CallArguments,
        shapes: Sequence[Factors],
        numbers: Collection[int] = (),
    ) -> Graph:
        # Also where numbers stand for open sides.
        self._is_open = bool(numbers) or concrete(shapes) is not None
        try:
            graph = super()._traced(arguments, shapes, numbers)
        except ModelError:
            raise
        except ValueError as error:
            raise ModelError(f"model {self._model.name!r}: {error}") from error
        assert isinstance(graph, Graph)  # `_failed` raises
        reached = set(_identities(graph))
        left = [one.name for one in self.variables if one.identity not in reached]
        optional = _not_given(self._model, arguments)
        if left and optional:
            raise ModelError(
                f"a call of model {self._model.name!r} with these inputs does not reach all of its"
                f" weights ({', '.join(left[:3])}), and its call takes {', '.join(optional)}, too:"
                " give input_shape as a dict of shapes by argument"
            )
        return graph

    def _is_as_built(self, arguments: CallArguments, shapes: Sequence[Factors]) -> bool:
        return self._declared and super()._is_as_built(arguments, shapes)


def graph_of_subclassed(
    reader: Reader, model: keras.Model, input_shape: ModelShape, variables: Variables
) -> Graph:
    """Return the graph of a model that is called with symbolic tensors; it is built if need be."""
    if input_shape is None and isinstance(model, Functional):
        inputs = keras.tree.map_structure(_like, model._inputs_struct)
    else:
        inputs = _inputs(_shapes_for(model, input_shape))
    arguments = _arguments(model, inputs)
    built = model.built and not _makes_weights(model, arguments)
    as_built = input_shape is None or not built
    if not built:
        try:
            model(*arguments.args, **arguments.kwargs)
        except Exception as error:
            # The user's code may raise anything when it is called with symbolic tensors.
            raise _not_recorded(model, error) from error
    given = list(tensors([arguments.args, arguments.kwargs]))
    names = Names()
    inputs = [(names.of(tensor._keras_history[0]), tensor) for tensor in given]
    call = Call.of(tuple([Ref(name) for name, _ in inputs]))
    kind = type(model).__name__
    own = variables()
    entries = [
        *(input_entry(name, tuple(tensor.shape[1:])) for name, tensor in inputs),
        Entry(
            "", kind, ModelCode(reader, model, arguments, own, as_built), True, (call,), object()
        ),
    ]
    ends = [Ref(name) for name, _ in inputs], Ref("")
    return Graph(model.name, kind, tuple(entries), *ends, bool(model.trainable), own, True)


def _like(tensor: KerasTensor) -> object:
    return keras.Input(batch_shape=tensor.shape, dtype=tensor.dtype)


def _makes_weights(model: keras.Model, arguments: CallArguments) -> bool:
    """Tell whether a call makes weights, as in a model whose `build` left out some layers."""
    if all(one.built for one in model._flatten_layers()):
        return False
    try:
        recorded(model.call, arguments.args, arguments.kwargs)
    except Exception:
        # The user's code may raise anything; the call that follows says what.
        return True
    return False


def _not_recorded(model: keras.Model, error: Exception, is_open: bool = False) -> ModelError:
    place = place_of_error(error)
    at = f" ({place})" if place else ""
    reason = named(error)
    if uses_arrays(reason):
        hint = "; write it with keras.ops"
    else:
        hint = "; give input_shape in numbers: it was called with open sides" if is_open else ""
    return ModelError(
        f"model {model.name!r} is subclassed, and its symbolic call could not be recorded:"
        f" {reason}{at}{hint}"
    )


def _arguments(model: keras.Model, inputs: object) -> CallArguments:
    """Return the arguments of a call with these inputs; a dict may name the call's arguments."""
    own = inspect.signature(model.call).parameters
    if isinstance(inputs, dict) and inputs and inputs.keys() <= own.keys():
        return CallArguments((), inputs)
    return CallArguments((inputs,), {})


def _not_given(model: keras.Model, arguments: CallArguments) -> list[str]:
    """Return the names of the call's arguments that may be tensors, and were not given."""
    own = inspect.signature(model.call).parameters.values()
    plain = [one.name for one in own if one.kind not in (one.VAR_POSITIONAL, one.VAR_KEYWORD)]
    open_ones = plain[len(arguments.args) :]
    given = {"training", "mask", *arguments.kwargs}
    return [name for name in open_ones if name not in given and not name.endswith("_mask")]


def _identities(held: object) -> Iterator[Hashable]:
    """Yield the identities of the weights that a traced graph uses."""
    if isinstance(held, Graph):
        for entry in held.entries:
            for one in (*(entry.variables or ()), *entry.replaced):
                yield one.identity
            yield from _identities(entry.layer)
    elif isinstance(held, Distributed):
        yield from _identities(held.layer)
    elif isinstance(held, Code):
        yield from (one.identity for one in held.variables)


def _shapes_for(model: keras.Model, input_shape: ModelShape) -> Shapes:
    """Return the shapes to call a subclassed model with: batch first, None for open sides."""
    if input_shape is None:
        built = getattr(model, "_build_shapes_dict", None) or {}
        if len(built) != 1:
            raise ModelError(
                f"model {model.name!r} is subclassed and was not built: give input_shape"
            )
        shapes: Shapes = next(iter(built.values()))
        return shapes
    if isinstance(input_shape, dict):
        return {name: _batched(shape) for name, shape in input_shape.items()}
    several = [one for one in input_shape if isinstance(one, (tuple, list))]
    if several and len(several) == len(input_shape):
        return [_batched(shape) for shape in several]
    return _batched(input_shape)


def _batched(shape: Iterable[object]) -> Batched:
    # Keras does not take symbols: for Keras the side is open.
    return (None, *(side if isinstance(side, int) else None for side in shape))


def _inputs(shapes: Shapes) -> object:
    if isinstance(shapes, dict):
        return {name: keras.Input(batch_shape=one, name=name) for name, one in shapes.items()}
    if isinstance(shapes, (list, tuple)) and shapes and isinstance(shapes[0], (tuple, list)):
        return [keras.Input(batch_shape=tuple(one)) for one in shapes]
    return keras.Input(batch_shape=tuple(shapes))
