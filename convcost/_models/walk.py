"""Walk through a graph, from the shapes of its inputs to a row for each call of each layer."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, cast

from convcost._cost.cost import Cost, total
from convcost._exact import arithmetic
from convcost._exact.arithmetic import elements
from convcost._layers import registry
from convcost._layers.arguments import show
from convcost._layers.base import Layer
from convcost._layers.results import intensity
from convcost._models.errors import ModelError, UnknownLayerError
from convcost._models.graph import Graph, Ref, RegisteredLayer, Source, Tensor, Unknown, refs

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Sequence
    from typing import Any, TypeAlias

    from convcost._exact.types import Count, Factors
    from convcost._layers.steps import Part
    from convcost._layers.types import GivenShape
    from convcost._models.graph import (
        Call,
        Entry,
        LayerPath,
        Operation,
        Recorded,
        Single,
    )

    # Takes a path, a layer and its input shapes; returns the layer to count.
    Rewrite: TypeAlias = Callable[[LayerPath, Single, list[Factors]], Single]
    # A tensor: its shape with the batch dimension, empty if unknown, and its name.
    Made: TypeAlias = tuple[Factors, str]
    # What the calls of a graph made so far: a tensor each, or a list of them.
    Known: TypeAlias = dict[tuple[str, int], Made | list[Made]]

# Limits against hostile files: a few kilobytes can nest models whose calls never end, repeat an
# axis until memory runs out, or make sides that take a minute to multiply. The largest model in
# Keras Applications has 1,040 layers.
MOST_ROWS = 20_000
_MOST_AXES = 64
_MOST_BITS = 4_096
_MOST_TERMS = 500

_NOTHING = Cost(0, 0)


class Row(NamedTuple):
    """One call of one layer.

    Attributes
    ----------
    path
        Names of the models that contain the layer, outermost first, then its own name.
    kind
        Name of its class.
    layer
        The layer or operation; None if unknown.
    sources
        Names of the layers and inputs that make its inputs.
    times
        Size of the batch dimension for one model input: 1 unless a reshape moved elements into it.
    input_shapes, output_shape
        Shapes in elements, without the batch dimension unless `times` differs from 1; None if
        unknown. An operation with several outputs has a tuple of shapes.
    cost
        Parameters (only at the first call), MACs and bias additions.
    non_trainable_params
        Number of parameters that training does not change.
    reused
        Whether the weights were already counted at an earlier call.
    parts
        What an operation computes; empty for a layer, which has its own `parts`.
    """

    path: LayerPath
    kind: str
    layer: Layer[Any] | Operation | None
    sources: tuple[str, ...]
    times: Count
    input_shapes: tuple[Factors | None, ...]
    output_shape: Factors | tuple[Factors | None, ...] | None
    cost: Cost
    non_trainable_params: Count
    reused: bool
    parts: tuple[Part, ...] = ()

    @property
    def name(self) -> str:
        """The path, joined with slashes."""
        return "/".join(self.path)

    @property
    def params(self) -> Count:
        """Number of weights, biases included."""
        return self.cost.params

    @property
    def trainable_params(self) -> Count:
        """Number of parameters that training changes."""
        return self.cost.params - self.non_trainable_params

    @property
    def macs(self) -> Count:
        """Multiply-accumulates."""
        return self.cost.macs

    @property
    def shape(self) -> GivenShape:
        """The shape that the layer's methods take, or a list of shapes if it merges several."""
        moved = type(self.times) is not int or self.times != 1
        shapes = [(shape or ())[1 if moved else 0 :] for shape in self.input_shapes]
        return self.layer.given(shapes) if isinstance(self.layer, Layer) else shapes

    @property
    def effective_macs(self) -> Count:
        """Multiply-accumulates whose taps lie inside the input."""
        if isinstance(self.layer, Layer):
            parts = self.layer.parts(_as_one(self.shape), self.times)
        else:
            parts = self.parts
        return total([part.forward(True) for part in parts]).macs

    @property
    def elements(self) -> Count:
        """Number of elements of the inputs and the output together."""
        output = self.output_shape or ()
        outputs = output if any(isinstance(side, tuple) for side in output) else (output,)
        maps = [elements(*(shape or ())) for shape in (*self.input_shapes, *outputs)]
        return arithmetic.total("elements", maps)

    def intensity(self, element_size: int = 4) -> Count:
        """Return the FLOPs per byte moved, as `Layer.intensity` does."""
        if isinstance(self.layer, Layer):
            return self.layer.intensity(self.shape, element_size=element_size, batch=self.times)
        return intensity(self.cost.flops, self.elements, element_size)


class _Counted(NamedTuple):
    """The output and the cost of one call, before they go into a row.

    Attributes
    ----------
    output
        The shape of its output with the batch dimension, or a list of shapes.
    cost, non_trainable_params, layer, parts
        As in `Row`, as if no weights were shared and all entries were trainable.
    """

    output: GivenShape
    cost: Cost
    non_trainable_params: Count
    layer: Layer[Any] | Operation | None
    parts: tuple[Part, ...] = ()


class Walk:
    """A walk through a graph, which collects the rows.

    Parameters
    ----------
    on_unknown
        `error`, or `warn` to continue with the shapes that the model records.
    rewrite
        Takes a path, a layer and its input shapes, and returns the layer to count.
    """

    def __init__(self, on_unknown: str = "error", rewrite: Rewrite | None = None) -> None:
        self.rows: list[Row] = []
        self.left_out: list[str] = []
        self._seen: set[Hashable] = set()
        # Networks repeat layers, and the same layer with the same input shapes costs the same.
        self._known: dict[Hashable, _Counted] = {}
        self._on_unknown = on_unknown
        self._rewrite = rewrite

    def through(
        self,
        graph: Graph,
        shapes: Sequence[Factors],
        path: LayerPath = (),
        trainable: bool = True,
        sources: Sequence[str] = (),
    ) -> list[Made]:
        """Walk through a graph; return the shape and the name of each output."""
        known: Known = {}
        for place, ref in enumerate(refs(graph.inputs)):
            name = sources[place] if sources else ref.entry
            known[ref.entry, ref.call] = shapes[place], name
        for entry, index, call in graph.order:
            if (entry.name, index) in known:
                continue
            given = [_pick(known, ref) for ref in call.refs]
            inner = (*path, entry.name)
            try:
                made = self._visit(entry, call, given, inner, trainable, known)
            except (TypeError, ValueError, ArithmeticError) as error:
                if isinstance(error, ModelError):
                    raise
                shown = ", ".join([show(_sample(shape)) for shape, _ in given])
                raise ModelError(
                    f"layer {'/'.join(inner)!r} ({entry.kind}, called with {shown or 'nothing'}):"
                    f" {error}"
                ) from error
            known[entry.name, index] = made
        return [_pick(known, ref) for ref in refs(graph.outputs)]

    def _visit(
        self,
        entry: Entry,
        call: Call,
        given: list[Made],
        path: LayerPath,
        trainable: bool,
        known: Known,
    ) -> Made | list[Made]:
        layer = entry.layer
        shapes = [shape for shape, _ in given]
        if isinstance(layer, Graph):
            inputs = list(refs(layer.inputs))
            if len(inputs) != len(shapes):
                raise ValueError(f"it takes {len(inputs)} inputs; got {len(shapes)}")
            names = [name for _, name in given]
            made = self.through(layer, shapes, path, trainable and entry.trainable, names)
            return made[0] if len(made) == 1 else made
        counted = self._count(layer, call, shapes, path, known)
        row = self._row(entry, counted, given, path, trainable)
        self.rows.append(row)
        if isinstance(counted.output, tuple):
            return counted.output, row.name
        return [(one, row.name) for one in counted.output]

    def _row(
        self,
        entry: Entry,
        counted: _Counted,
        given: list[Made],
        path: LayerPath,
        trainable: bool,
    ) -> Row:
        output, cost, frozen, layer, parts = counted
        reused = entry.identity in self._seen
        if reused:
            cost, frozen = cost.reused(), 0
        elif not (trainable and entry.trainable):
            frozen = cost.params
        self._seen.add(entry.identity)
        for shape in output if isinstance(output, list) else (output,):
            _refuse_size(shape)
        first = given[0][0] if given else ()
        return Row(
            path,
            entry.kind,
            layer,
            tuple([source for _, source in given]),
            first[0] if first else 1,
            tuple([_sample(shape) for shape, _ in given]),
            tuple(map(_sample, output)) if isinstance(output, list) else _sample(output),
            cost,
            frozen,
            reused,
            parts,
        )

    def _count(
        self,
        layer: Single,
        call: Call,
        shapes: list[Factors],
        path: LayerPath,
        known: Known,
    ) -> _Counted:
        if len(self.rows) >= MOST_ROWS:
            raise ModelError(f"the model calls more than {MOST_ROWS:,} layers")
        if self._rewrite is not None:
            layer = self._rewrite(path, layer, shapes)
        if isinstance(layer, Layer):
            return self._count_layer(layer, shapes)
        if isinstance(layer, RegisteredLayer):
            return self._count_layer(_describe(layer, shapes), shapes)
        if isinstance(layer, Unknown):
            return _Counted(self._guess(layer, shapes, "/".join(path)), _NOTHING, 0, None)
        if isinstance(layer, Source):
            raise ModelError(f"input {'/'.join(path)!r} is not among the inputs of its model")
        return _operate(layer, call, known)

    def _count_layer(self, layer: Layer[Any], shapes: list[Factors]) -> _Counted:
        key = (id(layer), *shapes)
        found = self._known.get(key)
        if found is None:
            found = self._known[key] = _count_layer(layer, shapes)
        return found

    def _guess(self, layer: Unknown, shapes: list[Factors], name: str) -> GivenShape:
        """Return the output shape that the model records for an unknown layer."""
        if self._on_unknown == "error":
            known_as = layer.known_as or layer.kind
            raise UnknownLayerError(
                f"layer {name!r} is a {layer.kind}{layer.detail}, whose cost convcost does not"
                f" know; register it with @convcost.layers.register({known_as!r}), or leave it out"
                ' with on_unknown="warn"'
            )
        self.left_out.append(name)
        recorded = [_fit(shape, known) for shape, known in zip(layer.inputs, shapes, strict=False)]
        if not layer.outputs or len(recorded) != len(shapes) or not all(recorded):
            return ()
        outputs: list[Factors] = [(1, *shape[1:]) for shape in layer.outputs]
        return outputs[0] if len(outputs) == 1 else outputs


def _fit(recorded: Recorded, shape: Factors) -> bool:
    return bool(tuple(recorded[1:]) == _sample(shape))


def _refuse_size(shape: Factors) -> None:
    if len(shape) > _MOST_AXES:
        raise ValueError(f"its output has {len(shape):,} axes, more than {_MOST_AXES}")
    for side in shape:
        if type(side) is int:
            if side.bit_length() > _MOST_BITS:
                raise ValueError(f"a side of its output has more than {_MOST_BITS:,} bits")
        elif side.count_ops() > _MOST_TERMS:
            raise ValueError(f"a side of its output has more than {_MOST_TERMS} terms")


def _pick(known: Known, ref: Ref) -> Made:
    """Return a tensor's shape and name: a call with several outputs has a list of them."""
    made = known[ref.entry, ref.call]
    several = made if isinstance(made, list) else [made]
    if not 0 <= ref.output < len(several):
        raise ModelError(f"layer {ref.entry!r} has no output {ref.output}")
    return several[ref.output]


def _count_layer(layer: Layer[Any], shapes: list[Factors]) -> _Counted:
    if not shapes:
        raise ValueError("it is called without an input tensor")
    _require(shapes)
    times, own = shapes[0][0], _as_one(_own(layer, shapes))
    output, cost = layer.output_and_cost(own, times)
    return _Counted((times, *output), cost, layer.non_trainable(own), layer)


def _own(layer: Layer[Any], shapes: list[Factors]) -> GivenShape:
    """Return the shape or shapes that a layer's methods take, without the batch dimension."""
    own = layer.given([shape[1:] for shape in shapes])
    if isinstance(own, list) and any(shape[0] != shapes[0][0] for shape in shapes):
        raise ValueError("its inputs differ in the elements moved into the batch dimension")
    return own


def _as_one(shapes: GivenShape) -> Factors:
    # The methods of layers call it a shape, also where they take several inputs.
    return cast("Factors", shapes)


def _require(shapes: list[Factors]) -> None:
    for shape in shapes:
        if not shape:
            raise ValueError("it needs the shape of an input that the model does not record")


def _describe(layer: RegisteredLayer, shapes: list[Factors]) -> Layer[Any]:
    _require(shapes)
    own = [shape[1:] for shape in shapes]
    shape = own[0] if len(own) == 1 else own
    return registry.describe(layer.name, layer.function, layer.config, shape)


def _operate(operation: Operation, call: Call, known: Known) -> _Counted:
    def place(tree: object) -> object:
        if isinstance(tree, Tensor):
            return tree
        if isinstance(tree, Ref):
            shape, _ = _pick(known, tree)
            _require([shape])
            return Tensor(shape)
        if isinstance(tree, (list, tuple)):
            return [place(branch) for branch in tree]
        if isinstance(tree, dict):
            return {key: place(branch) for key, branch in tree.items()}
        return tree

    args = tuple(map(place, call.args))
    kwargs = {key: place(value) for key, value in (call.kwargs or {}).items()}
    output, parts = operation.apply(args, kwargs)
    cost = total([part.forward(False) for part in parts]) if parts else _NOTHING
    return _Counted(output, cost, 0, operation, parts)


def _sample(shape: Factors) -> Factors | None:
    """Return a shape without the batch dimension, unless elements were moved into it."""
    if not shape:
        return None
    return shape[1:] if type(shape[0]) is int and shape[0] == 1 else shape
