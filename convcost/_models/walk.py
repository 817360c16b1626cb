"""Walk through a graph, from the shapes of its inputs to a row for each call of each layer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from convcost._layers.arguments import show
from convcost._layers.base import Layer
from convcost._layers.normalization import Holder
from convcost._layers.results import Weight
from convcost._models.batch import Share, for_one
from convcost._models.counting import (
    NOTHING,
    Counted,
    Sizes,
    count_layer,
    count_operation,
    describe,
)
from convcost._models.errors import ModelError, UnknownLayerError
from convcost._models.graph import (
    Call,
    Distributed,
    Entry,
    Graph,
    Ref,
    RegisteredLayer,
    Source,
    Tensor,
    Traced,
    refs,
)
from convcost._models.loops import Branches, in_loops, is_other, require_known
from convcost._models.rows import Row
from convcost._models.tensors import Made, given_by, outputs_of, required, shape_of, taken
from convcost._models.trees import leaves
from convcost._models.unknown import Unknown
from convcost._models.visits import Visit
from convcost._models.weights import WeightsSeen

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
    from typing import TypeAlias

    from convcost._exact.types import Count, Factors
    from convcost._models.graph import LayerPath, Recorded, Single
    from convcost._models.recordings import Graphs
    from convcost._models.returns import Returns
    from convcost._models.tensors import Known

    # Takes an entry, how it is visited, the batch and the place of its row, and a layer; returns
    # the layer to count.
    Rewrite: TypeAlias = Callable[[Entry, Visit, tuple[int, int], Single], Single]

# A limit against hostile files: a few kilobytes can nest models whose calls never end. The largest
# model in Keras Applications has 1,040 layers.
MOST_ROWS = 20_000


class Walk:
    """A walk through a graph, which collects the rows.

    Parameters
    ----------
    on_unknown
        `error`, or `warn` to continue with the shapes that the model records.
    rewrite
        Takes an entry, how it is visited, the batch and the place of its row, and a layer; returns
        the layer to count.
    batch
        Size of the batch.
    declared
        Whether the model declares that batch.
    as_built
        Whether the inputs have the shapes with which the layers were built.
    shapes
        Output shapes of unknown layers by name, without the batch dimension.
    growing
        Places of rows that compute without any input of the model, but once for each of a batch, as
        from a state of zeros.

    Attributes
    ----------
    rows
        A row for each call of each layer.
    constant
        Whether each of them computes without any input of the model.
    left_out
        Names of the layers that were left out because they are not known.
    traces
        What was recorded of calls, by path.
    undivided
        Whether something is computed from the inputs, but not for each of an open batch.
    """

    def __init__(
        self,
        on_unknown: str = "error",
        rewrite: Rewrite | None = None,
        batch: int = 1,
        declared: bool = False,
        as_built: bool = False,
        shapes: Mapping[str, list[Factors]] | None = None,
        growing: frozenset[int] = frozenset(),
    ) -> None:
        self.rows: list[Row] = []
        self.constant: list[bool] = []
        self.left_out: list[str] = []
        self.undivided = False
        self.traces: dict[LayerPath, Graphs] = {}
        self._weights = WeightsSeen(as_built)
        self._sizes = Sizes()
        # Networks repeat layers, and the same layer with the same input shapes costs the same.
        self._known: dict[Hashable, Counted] = {}
        self._on_unknown = on_unknown
        self._rewrite = rewrite
        self._batch = batch
        self._declared = declared
        self._shapes = shapes or {}
        self._growing = growing

    def start(self, graph: Graph, shapes: Sequence[Factors]) -> list[Made]:
        """Walk through a whole model whose inputs have these shapes, without the batch dimension.

        Returns
        -------
        list of Made
            Its outputs.
        """
        names = [ref.entry for ref in refs(graph.inputs)]
        given = [
            Made((self._batch, *shape), name) for shape, name in zip(shapes, names, strict=True)
        ]
        return self._through(graph, given, Visit(Call(), 0, given, (), graph.trainable))

    def _through(self, graph: Graph, inputs: Sequence[Made], around: Visit) -> list[Made]:
        """Walk through a graph that is called as a visit says."""
        known: Known = {
            (ref.entry, ref.call): made
            for ref, made in zip(refs(graph.inputs), inputs, strict=True)
        }
        branches = Branches()
        for entry, index, call in graph.order:
            if (entry.name, index) in known:
                continue
            given = [given_by(known, one) for one in taken(entry, call)]
            visit = around.inside(call, index, given, entry.within(around.path), known)
            try:
                visit = in_loops(visit, call.around, known, self._batch)
                known[entry.name, index] = self._in_branch(entry, visit, branches)
            except (TypeError, ValueError, ArithmeticError) as error:
                if isinstance(error, ModelError):
                    raise
                raise ModelError(self._failed(entry, visit, error)) from error
        branches.require_equal("/".join(around.path) or graph.name)
        self._add_rest(graph, inputs, around.path, around.trainable)
        outputs: Iterator[Ref | Tensor] = leaves(graph.outputs, (Ref, Tensor))
        return [made for one in outputs for made in outputs_of(known, one)]

    def _in_branch(self, entry: Entry, visit: Visit, branches: Branches) -> Made | list[Made]:
        """Visit an entry, whose rows are kept only in the first branch of a conditional."""
        around, start = visit.call.around, len(self.rows)
        if not around.choices:
            return self._visit(entry, visit)
        if not is_other(around.choices):
            made = self._visit(entry, visit)
            branches.add(around, self.rows[start:])
            return made
        kept = self._weights, self.undivided, list(self.left_out), self._rewrite
        # Layers are changed in the first branches only; others then differ, unless nothing does.
        self._weights, self._rewrite = self._weights.copy(), None
        made = self._visit(entry, visit)
        branches.add(around, self.rows[start:])
        self._weights, self.undivided, self.left_out, self._rewrite = kept
        del self.rows[start:], self.constant[start:]
        return made

    def _failed(self, entry: Entry, visit: Visit, error: Exception) -> str:
        shapes = [self._one(made) for made in visit.given]
        shown = ", ".join([show(_sample(shape, 1)) for shape in shapes]) or "nothing"
        name = "/".join(visit.path)
        return f"layer {name!r} ({entry.kind}, called with {shown}): {error}{_at(visit)}"

    def _one(self, made: Made) -> Factors | None:
        """Return the share of one input in a tensor, for a message."""
        return None if made.shape is None else self._share(made.constant).of_shape(made.shape)

    def _share(self, constant: bool) -> Share:
        """Return the share of one input in what is computed, with inputs of the model or not."""
        return Share(1 if constant and not self._declared else self._batch, self._declared)

    def _visit(self, entry: Entry, visit: Visit) -> Made | list[Made]:
        layer = entry.layer
        if isinstance(layer, Distributed):
            return self._each_step(entry._replace(layer=layer.layer), visit, layer.returns)
        if isinstance(layer, Traced):
            shapes = tuple(required(visit.given))
            entry = entry._replace(replaced=layer.variables)
            key = visit.number, shapes, visit.training
            layer = layer.trace(*key)
            self.traces.setdefault(visit.path, {})[key] = layer
        if isinstance(layer, Graph):
            number = sum(1 for _ in refs(layer.inputs))
            if number != len(visit.given):
                raise ValueError(f"it takes {number} inputs; got {len(visit.given)}")
            made = self._through(layer, visit.given, visit)
            return made[0] if len(made) == 1 else made
        return self._single(entry._replace(layer=layer), layer, visit)

    def _each_step(self, entry: Entry, visit: Visit, returns: Returns | None) -> Made | list[Made]:
        """Visit an entry that is called for each step of the first axis of its input."""
        first, *more = required(visit.given)
        if (more and returns is None) or len(first) < 2:
            raise ValueError(f"it takes one input with steps; got {len(visit.given)}")
        batch, steps, *rest = first
        # A function that is registered for a cell takes the input only.
        states = [] if isinstance(entry.layer, RegisteredLayer) else visit.given[1:]
        given = [visit.given[0]._replace(shape=(batch, *rest)), *states]
        made = self._visit(entry, visit._replace(given=given, repeat=visit.repeat * steps))
        several = made if isinstance(made, list) else [made]
        if returns is not None:
            output, *after = several
            output = _with_steps(output, steps) if returns.sequences else output
            return [output, *after] if returns.states else output
        joined = [_with_steps(one, steps) for one in several]
        return joined if isinstance(made, list) else joined[0]

    def _single(self, entry: Entry, layer: Single, visit: Visit) -> Made | list[Made]:
        if len(self.rows) >= MOST_ROWS:
            raise ModelError(f"the model calls more than {MOST_ROWS:,} layers")
        self._weights.use(leaves([visit.call.args, visit.call.kwargs], Tensor))
        counted = self._count(entry, layer, visit)
        whole = not (self._declared or visit.divided) and self._is_whole(visit)
        self.undivided |= counted.cost.macs != 0 and whole
        row = self._row(entry, counted, visit)
        require_known(visit, row)
        self.rows.append(row)
        self.constant.append(visit.constant)
        if isinstance(counted.output, list):
            return [Made(one, row.name, visit.constant) for one in counted.output]
        return Made(counted.output, row.name, visit.constant)

    def _is_whole(self, visit: Visit) -> bool:
        """Tell whether none of the inputs has the batch in it, though they depend on it."""
        shapes = [made.shape for made in visit.given if made.shape and not made.constant]
        return bool(shapes) and all(for_one(shape, self._batch) is None for shape in shapes)

    def _count(self, entry: Entry, layer: Single, visit: Visit) -> Counted:
        if self._rewrite is not None and not isinstance(layer, Unknown):
            layer = self._rewrite(entry, visit, (self._batch, len(self.rows)), layer)
        if isinstance(layer, Unknown):
            return self._guess(layer, visit)
        if isinstance(layer, Source):
            raise ModelError(f"input {'/'.join(visit.path)!r} is not among the inputs of its model")
        share = self._share(visit.constant and len(self.rows) not in self._growing)
        if visit.divided:
            share = Share(1, self._declared)
        if not isinstance(layer, (Layer, RegisteredLayer)):
            return count_operation(
                layer,
                visit.call,
                lambda ref: shape_of(visit.known, ref),
                self._batch,
                share,
                visit.repeat,
            )
        if isinstance(layer, Layer) and layer.call_arguments:
            layer = layer.called(visit.call.named(layer.call_arguments))
        shapes = required(visit.given)
        if () in shapes:
            raise ValueError("it is called with a scalar, which has no batch dimension")
        if isinstance(layer, RegisteredLayer):
            return count_layer(describe(layer, shapes), shapes, share, visit.repeat)
        key = (id(layer), share, visit.repeat, *shapes)
        found = self._known.get(key)
        if found is None:
            found = self._known[key] = count_layer(layer, shapes, share, visit.repeat)
        return found

    def _guess(self, layer: Unknown, visit: Visit) -> Counted:
        """Return the output shape that the model records for an unknown layer."""
        name = "/".join(visit.path)
        if self._on_unknown == "error":
            raise UnknownLayerError(layer.message(name, _at(visit)))
        self.left_out.append(name)
        given = tuple([self._one(made) for made in visit.given])
        found = self._outputs(layer, name, visit.given)
        if found is None:
            return Counted(None, given, None, NOTHING, (), None)
        one = [self._share(False).of_shape(shape) for shape in found]
        if len(found) == 1:
            return Counted(found[0], given, one[0], NOTHING, (), None)
        return Counted([*found], given, [*one], NOTHING, (), None)

    def _outputs(self, layer: Unknown, name: str, given: list[Made]) -> list[Factors] | None:
        """Return the output shapes of an unknown layer: as given, derived, or recorded."""
        shapes = [made.shape for made in given if made.shape is not None]
        if name in self._shapes:
            first = shapes[0][0] if shapes and shapes[0] else self._batch
            return [(first, *shape) for shape in self._shapes[name]]
        if layer.shapes is not None and len(shapes) == len(given) and shapes:
            return layer.shapes(shapes)
        fits = len(layer.inputs) == len(shapes) == len(given)
        if not (fits and layer.outputs and all(map(_fits, layer.inputs, shapes))):
            return None
        batches = {shape[0] for shape in (*layer.inputs, *layer.outputs)}
        if len(batches) > 1 or any(shape[0] != shapes[0][0] for shape in shapes):
            return None  # elements were moved into the batch, or out of it
        return [(shapes[0][0], *shape[1:]) for shape in layer.outputs]

    def _row(self, entry: Entry, counted: Counted, visit: Visit) -> Row:
        new = self._weights.new(entry, counted.cost, counted.weights, visit.trainable)
        made = counted.made
        for shape in made if isinstance(made, list) else (made,):
            self._sizes.check(shape or ())
        first = counted.given[0] if counted.given else ()
        return Row(
            visit.path,
            entry.kind,
            counted.layer,
            tuple([made.name for made in visit.given]),
            visit.repeat * (first[0] if first else 1),
            tuple([_sample(shape, visit.repeat) for shape in counted.given]),
            tuple([_sample(one, visit.repeat) for one in made])
            if isinstance(made, list)
            else _sample(made, visit.repeat),
            new.cost,
            new.frozen,
            new.reused,
            counted.parts,
            entry.identity,
            visit.repeat,
            new.size,
        )

    def _add_rest(
        self, graph: Graph, inputs: Sequence[Made], path: LayerPath, trainable: bool
    ) -> None:
        """Add a row for the weights of a graph that no layer in it uses."""
        rest = self._weights.unseen(graph.variables)
        if not rest:
            return
        weights = tuple([Weight(one.name, one.shape, one.trainable, one.dtype) for one in rest])
        name = "weights"
        while any(entry.name == name for entry in graph.entries):
            name += "_"
        entry = Entry(name, "weights", Holder(weights), True, (), object(), rest)
        given = list(inputs[:1]) or [Made((1,), "", True)]
        self._single(entry, Holder(weights), Visit(Call(), 0, given, (*path, name), trainable))


def _at(visit: Visit) -> str:
    """Return where in the user's code a call is made, for an error message."""
    place = visit.call.around.place
    return f" (called in {place})" if place else ""


def _with_steps(made: Made, steps: Count) -> Made:
    if made.shape is None:
        return made
    return made._replace(shape=(made.shape[0], steps, *made.shape[1:]))


def _fits(recorded: Recorded, shape: Factors) -> bool:
    return tuple(recorded[1:]) == shape[1:]


def _sample(shape: Factors | None, repeat: Count) -> Factors | None:
    """Return a shape without the batch dimension, unless elements were moved into it."""
    if not shape:
        return shape
    first = shape[0] * repeat
    return shape[1:] if type(first) is int and first == 1 else (first, *shape[1:])
