"""A live layer whose own code says what it computes: each of its calls is traced as it is made."""

from __future__ import annotations

import inspect
import re
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

import keras
from keras.src.backend import get_keras_mask, set_keras_mask
from keras.src.ops.node import Node

from convcost._exact.scalars import shorten
from convcost._models.errors import ModelError, named
from convcost._models.graph import Graph, Tensor, Traced
from convcost._models.keras.masks import mask_from_outside
from convcost._models.keras.nodes import tensors
from convcost._models.keras.open_sides import concrete, resolved
from convcost._models.keras.places import place_of_error
from convcost._models.keras.rebuilding import agrees, unsettled
from convcost._models.keras.sizes_read import holds_multiple
from convcost._models.keras.tracing import recorded
from convcost._models.keras.unchanged import NotBuiltError
from convcost._models.recordings import Recordings
from convcost._models.trees import leaves, with_branches
from convcost._models.unknown import Unknown

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Hashable, Iterator, Sequence
    from typing import Any

    from convcost._exact.types import Factors
    from convcost._models.graph import Variable
    from convcost._models.recordings import Graphs
    from convcost._models.types import KerasNode, KerasTensor, Reader


# What is said of a symbolic tensor, or a weight of one, by functions of NumPy or of a backend, and
# where code takes it for one of their arrays.
_NOT_OF_KERAS = re.compile(
    r"__jax_array__|KerasTensor\.__array__|KerasTensor is symbolic|not convert <KerasT"
    r"|KerasTensor cannot be used as input|'KerasTensor' object has no attribute|the tf\.function"
)


class CallArguments(NamedTuple):
    """The arguments of one call of a layer, with symbolic tensors."""

    args: tuple[object, ...]
    kwargs: dict[str, object]


class Code(Traced):
    """A function of Keras tensors, with the arguments of each of its calls in a model.

    Parameters
    ----------
    reader
        Makes graphs of what it computes.
    name, kind
        Name of the layer, and of its class.
    function
        The function, usually the `call` of a layer.
    calls
        The arguments of each call.
    variables
        The weights that belong to the layer.
    unknown
        What stands for the layer if its code can't be run with symbolic tensors.
    """

    def __init__(
        self,
        reader: Reader,
        name: str,
        kind: str,
        function: Callable[..., object],
        calls: Sequence[CallArguments],
        variables: tuple[Variable, ...],
        unknown: Unknown,
    ) -> None:
        self._reader = reader
        self._name = name
        self._kind = kind
        self._function = function
        self._calls = calls
        self._unknown = unknown
        self._layer = getattr(function, "__self__", None)
        # Whether it is called within a call of another layer, at the sizes of the model's own.
        self._within = reader.within
        self.variables = variables
        self._known: Graphs = {}
        # Those whose record is the same for any batch, and whether the last one was not.
        self._alike: list[tuple[int, tuple[Factors, ...], bool]] = []
        self._sized = False

    def __reduce__(self) -> tuple[type[Recordings], tuple[object, ...]]:
        """Copy and pickle what was recorded: the code stays with the live layer."""
        return Recordings, (self._kind, dict(self._known), self.variables)

    def trace(
        self, call: int, shapes: tuple[Factors, ...], training: bool = False
    ) -> Graph | Unknown:
        """Return the graph of a call; sides that are expressions are open for Keras."""
        key = call, shapes, training
        found = self._known.get(key)
        if found is None:
            found = self._known[key] = self._for_another_batch(*key) or self._new(*key)
        return found

    def _new(self, call: int, shapes: tuple[Factors, ...], training: bool) -> Graph | Unknown:
        arguments = _with_training(self._calls[call], self._function, training)
        self._sized = any(get_keras_mask(one) is not None for one in _tensors(arguments))
        found = self._resolved(arguments, shapes)
        if isinstance(found, Graph) and not self._sized:
            self._alike.append((call, shapes, training))
        return found

    def _for_another_batch(
        self, call: int, shapes: tuple[Factors, ...], training: bool
    ) -> Graph | None:
        """Return what was recorded for another batch, by code that does not read its size."""
        for key in self._alike:
            before = key[1]
            if (call, training) != (key[0], key[2]) or not _differ_in_batch(before, shapes):
                continue
            as_built = [self._is_as_built(self._calls[call], one) for one in (before, shapes)]
            graph = self._known[key]
            assert isinstance(graph, Graph)
            if as_built[0] == as_built[1] and not holds_multiple(graph, before[0][0]):
                return graph
        return None

    def _resolved(self, arguments: CallArguments, shapes: tuple[Factors, ...]) -> Graph | Unknown:
        known = concrete(shapes)
        graph = self._traced(arguments, shapes)
        if known is None:
            return graph
        sample = self._traced(arguments, known.shapes, known.sides)
        if isinstance(graph, Unknown):
            # For the same reason at any size: then numbers are no way out.
            return graph if sample == graph else _with_open_sides(graph)
        if isinstance(sample, Unknown):
            return _with_open_sides(sample)
        return resolved(graph, sample, known.sides)

    def _traced(
        self,
        arguments: CallArguments,
        shapes: Sequence[Factors],
        numbers: Collection[int] = (),
    ) -> Graph | Unknown:
        inputs = _Inputs(shapes)
        args = tuple([inputs.in_place_of(one) for one in arguments.args])
        kwargs = {
            name: inputs.in_place_of(arguments.kwargs[name]) for name in sorted(arguments.kwargs)
        }
        as_built = self._is_as_built(arguments, shapes) or (
            len(shapes) == 1 and agrees(self._layer, args, kwargs)
        )
        stale = set() if as_built else unsettled(self._layer, args, kwargs)
        try:
            call = recorded(self._function, args, kwargs, numbers)
            self._sized = self._sized or call.sizes_read or not as_built
            if not any(hasattr(one, "shape") for one in keras.tree.flatten(call.outputs)):
                raise TypeError(f"it returns {shorten(call.outputs)}, which is not a tensor")
            with _within(self._reader, as_built):
                graph = self._reader.traced(
                    self._name, self._kind, [args, kwargs], call.outputs, call.assigned
                )
        except ModelError:
            raise
        except Exception as error:
            # The user's code may raise anything when it is called with symbolic tensors.
            return self._failed(error)
        _require_settled(graph, stale)
        return replace(graph, variables=self.variables)

    def _is_as_built(self, arguments: CallArguments, shapes: Sequence[Factors]) -> bool:
        """Tell whether these are the sizes of the call in the model."""
        if self._within is not None:
            return self._within
        known = [one.shape for one in _tensors(arguments)]
        return all(map(_fits, known, shapes))

    def _failed(self, error: Exception) -> Unknown:
        if isinstance(error, NotBuiltError):
            return self._unknown._replace(why=f"its call {error}", ways=(error.way,))
        place = place_of_error(error)
        at = f"; {place}" if place else ""
        reason = named(error)
        ways = ("write it with keras.ops",) if uses_arrays(reason) else ()
        return self._unknown._replace(why=f"its call can't be traced ({reason}{at})", ways=ways)


def uses_arrays(reason: str) -> bool:
    """Tell whether code failed since it took a symbolic tensor for an array of its backend.

    Examples
    --------
    >>> uses_arrays("ValueError: A KerasTensor cannot be used as input to a TensorFlow function")
    True
    >>> uses_arrays("TypeError: A symbolic KerasTensor cannot be used as a boolean")
    False
    """
    return _NOT_OF_KERAS.search(reason) is not None


def _with_open_sides(unknown: Unknown) -> Unknown:
    """Return what says that a call fails because sides are open."""
    ways = ("give input_shape in numbers", *unknown.ways)
    return unknown._replace(why=f"with open sides {unknown.why}", ways=ways)


@contextmanager
def _within(reader: Reader, as_built: bool) -> Iterator[None]:
    before, reader.within = reader.within, as_built
    try:
        yield
    finally:
        reader.within = before


def _fits(recorded: Sequence[int | None], shape: Factors) -> bool:
    pairs = zip(recorded, shape, strict=False)
    return len(recorded) == len(shape) and all(old is None or old == new for old, new in pairs)


def _tensors(arguments: CallArguments) -> Iterator[KerasTensor]:
    return tensors([arguments.args, arguments.kwargs])


def _differ_in_batch(before: Sequence[Factors], after: Sequence[Factors]) -> bool:
    """Tell whether shapes differ in one number only, which is the first side of each."""
    firsts = {(*old[:1], *new[:1]) for old, new in zip(before, after, strict=True)}
    if len(firsts) != 1 or [one[1:] for one in before] != [one[1:] for one in after]:
        return False
    sides = firsts.pop()
    return len(sides) == 2 and all(type(side) is int for side in sides)


def _require_settled(graph: Graph, stale: set[Hashable]) -> None:
    """Refuse a call that uses weights that might have other shapes at its sizes."""
    calls = [call for entry in graph.entries for call in entry.calls]
    used = {one.variable for call in calls for one in leaves([call.args, call.kwargs], Tensor)}
    if used & stale:
        raise ValueError(
            "its code uses weights of layers in it, which might have other shapes at other sizes:"
            " build the model at that size in Keras, and read it again"
        )


class _Inputs:
    """New symbolic tensors of given shapes, in place of those among recorded arguments."""

    def __init__(self, shapes: Sequence[Factors]) -> None:
        self._left = iter(shapes)
        self._made: dict[int, KerasTensor] = {}

    def in_place_of(self, tree: object) -> object:
        """Return arguments with a new tensor for each of theirs, the same for the same."""
        if isinstance(tree, keras.KerasTensor):
            sides = [side if isinstance(side, int) else None for side in next(self._left)]
            if id(tree) not in self._made:
                self._made[id(tree)] = _input(sides, tree)
            return self._made[id(tree)]
        if isinstance(tree, (list, tuple)):
            made = [self.in_place_of(branch) for branch in tree]
            return made if isinstance(tree, list) else _as_tuple(tree, made)
        return with_branches(tree, self.in_place_of) if isinstance(tree, dict) else tree


class _Argument(keras.Operation):  # type: ignore[misc]  # Keras has no types
    """What makes an argument of the code, in place of an `InputLayer`, which takes far longer."""


def _input(sides: list[int | None], like: KerasTensor) -> KerasTensor:
    made: KerasTensor = keras.KerasTensor(sides, like.dtype)
    Node(operation=_Argument(), call_args=(), call_kwargs={}, outputs=made)
    mask = get_keras_mask(like)
    if mask is not None:
        set_keras_mask(made, mask_from_outside(tuple(sides[: len(mask.shape)])))
    return made


def _as_tuple(tree: tuple[object, ...], made: list[object]) -> tuple[object, ...]:
    as_named: type[Any] = type(tree)
    return as_named(*made) if hasattr(tree, "_fields") else tuple(made)


def of_node(node: KerasNode) -> CallArguments:
    """Return the arguments of a recorded call."""
    kwargs = {name: value for name, value in node.arguments.kwargs.items() if value is not None}
    return CallArguments(tuple(node.arguments.args), kwargs)


def of_input(dtype: object) -> CallArguments:
    """Return the arguments of a call with one tensor."""
    return CallArguments((keras.KerasTensor((None,), dtype),), {})


def _with_training(
    arguments: CallArguments, function: Callable[..., object], training: bool
) -> CallArguments:
    """Return arguments with the flag of the call around it, where they have none of their own."""
    parameters = inspect.signature(function).parameters
    kwargs = dict(arguments.kwargs)
    if "training" in list(parameters)[len(arguments.args) :]:
        kwargs.setdefault("training", training)
    else:
        kwargs.pop("training", None)  # which Keras takes for what is inside
    return arguments._replace(kwargs=kwargs)
