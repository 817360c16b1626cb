"""A model with given input shapes: one row for each call of a layer, and their total."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

from convcost._cost import text
from convcost._exact.scalars import check_number, near_names, refuse
from convcost._layers.arguments import show
from convcost._models import scaling, separable
from convcost._models.changes import unwrapped, with_changes
from convcost._models.inputs import assuming_sides, input_shapes, output_shapes
from convcost._models.recordings import with_recordings
from convcost._models.rows import Counted
from convcost._models.scaled_operations import Before
from convcost._models.walks import walked

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Sequence
    from fractions import Fraction
    from typing import Literal, TypeAlias

    from convcost._exact.types import Count, Factors
    from convcost._layers.base import Layer
    from convcost._layers.types import Sides
    from convcost._models.graph import Graph, LayerPath
    from convcost._models.rows import Row
    from convcost._models.types import ModelShape, OnUnknown, OutputShapes

    Where: TypeAlias = str | Sequence[str] | Callable[[Row], bool] | None


class Network(Counted):
    """A model with the shape and the cost of each of its layers.

    `convcost.from_keras` returns it.

    Parameters
    ----------
    graph
        The layers and their calls.
    input_shape
        Shape of the input in elements, without the batch dimension; for several inputs a list of
        shapes, or a dict by input name. None uses the declared shape, with symbols h, w, ... for
        open sides.
    on_unknown
        `error`, or `warn` to leave out layers that the library does not know.
    shapes
        Output shapes of layers that are left out, by name, without the batch dimension; a list of
        shapes for a layer of several outputs.

    Raises
    ------
    ModelError
        If a layer can't take its input, or its cost is not known.
    TypeError, ValueError
        If `input_shape` is not a valid shape.

    Examples
    --------
    >>> import convcost
    >>> layers = [
    ...     {"class_name": "Conv2D", "config": {"name": "conv", "filters": 8, "kernel_size": 3}},
    ...     {"class_name": "Flatten", "config": {"name": "flat"}},
    ...     {"class_name": "Dense", "config": {"name": "head", "units": 10}},
    ... ]
    >>> net = convcost.from_keras({"name": "tiny", "layers": layers}, (28, 28, 1))
    >>> print(net.total())
    54,170 parameters, 102,752 MACs (205,504 FLOPs), 5,418 bias additions
    >>> [row.output_shape for row in net]
    [(26, 26, 8), (5408,), (10,)]
    """

    def __init__(
        self,
        graph: Graph,
        input_shape: ModelShape = None,
        *,
        on_unknown: OnUnknown = "error",
        shapes: OutputShapes | None = None,
    ) -> None:
        if on_unknown not in ("error", "warn"):
            refuse(ValueError, "on_unknown", on_unknown, "'error' or 'warn'")
        if shapes is not None and on_unknown == "error":
            raise ValueError(
                "shapes needs on_unknown='warn': it has the output shapes of layers left out"
            )
        self.graph = graph
        self.on_unknown = on_unknown
        self._shapes = output_shapes({} if shapes is None else shapes)
        self.input_shapes: tuple[Factors, ...] = tuple(input_shapes(graph, input_shape))
        with assuming_sides(self.input_shapes) as conditions:
            walk = walked(graph, self.input_shapes, on_unknown, given=self._shapes)
        self.rows: tuple[Row, ...] = tuple(walk.rows)
        self.left_out: tuple[str, ...] = tuple(walk.left_out)
        self.conditions: tuple[tuple[Count, Count], ...] = tuple(dict.fromkeys(conditions))
        self.output_names: tuple[str, ...] = tuple([name for name, _ in walk.outputs])
        self.output_shapes: tuple[Factors | None, ...] = tuple([one for _, one in walk.outputs])
        self._traces = walk.traces
        for name in self._shapes:
            if name not in self.left_out:
                near = near_names(name, self.left_out)
                hint = f"; did you mean {' or '.join(map(repr, near))}?" if near else ""
                raise ValueError(
                    f"shapes names {name!r}, which is not a layer that is left out{hint}"
                )
        if self.left_out:
            alone = len(self.left_out) == 1
            layers, which = (
                ("layer is", "its cost is") if alone else ("layers are", "their costs are")
            )
            warnings.warn(
                f"{len(self.left_out)} {layers} left out of the cost of {graph.name!r}, as {which}"
                f" not known: {', '.join(self.left_out)}",
                stacklevel=3,
            )

    @property
    def name(self) -> str:
        """The model's name."""
        return self.graph.name

    def __getitem__(self, name: str) -> Row:
        for row in self.rows:
            if row.name == name:
                return row
        raise KeyError(self._not_found(name))

    def _not_found(self, name: object) -> str:
        """Return the message for a layer that does not exist, with near names."""
        names = list(dict.fromkeys(row.name for row in self.rows))
        near = [one for one in names if one.endswith(f"/{name}")][:3]
        near = near or near_names(name, names)
        hint = f"did you mean {' or '.join(map(repr, near))}?" if near else "print it to see all"
        return f"model {self.name!r} has no layer {name!r}; {hint}"

    def at(self, input_shape: ModelShape) -> Network:
        """Return the same model for another input shape.

        Parameters
        ----------
        input_shape
            Shape in elements, in any form that `Network` takes.

        Returns
        -------
        Network
            A new network.

        Examples
        --------
        >>> import convcost
        >>> conv = {"name": "conv", "filters": 8, "kernel_size": 3, "padding": "same"}
        >>> config = {"name": "tiny", "layers": [{"class_name": "Conv2D", "config": conv}]}
        >>> net = convcost.from_keras(config, (28, 28, 1))
        >>> net.macs, net.at((56, 56, 1)).macs
        (56448, 225792)
        """
        return self._changed(self.graph, input_shape)

    def _changed(self, graph: Graph, input_shape: ModelShape) -> Network:
        shapes = dict(self._shapes) or None
        return Network(graph, input_shape, on_unknown=self.on_unknown, shapes=shapes)

    def with_separable(
        self, where: Where = None, *, form: Literal["layer", "block"] = "layer"
    ) -> Network:
        """Return the network with separable convolutions in place of full ones.

        Parameters
        ----------
        where
            Names of the layers, or a function that takes a `Row` and returns whether to replace
            it; None for all eligible layers: Conv2D and Conv1D with more than one tap and one
            group. A layer is replaced everywhere that it is used; the convolutions of ConvLSTM
            layers, and in layers other than `TimeDistributed`, stay.
        form
            `layer` for one SeparableConv2D or SeparableConv1D layer; `block` for a depthwise
            convolution, batch normalization and a pointwise convolution, as in MobileNet.

        Returns
        -------
        Network
            A new network; `convcost.compare` shows the two side by side.

        Raises
        ------
        ValueError
            If a name is not that of an eligible layer.
        ModelError
            If code, or another layer, computes with the weights of a replaced layer.
        """
        if form not in ("layer", "block"):
            refuse(ValueError, "form", form, "'layer' or 'block'")
        block = form == "block"
        chosen = {row.identity for row in self._chosen(where)}

        def change(identity: Hashable, layer: Layer[Any]) -> Layer[Any] | None:
            if identity not in chosen or not separable.is_full(layer):
                return None
            return separable.separable_layer(layer, block)

        graph = with_changes(with_recordings(self.graph, self._traces), change)
        return self._changed(graph, list(self.input_shapes))

    def _chosen(self, where: Where) -> list[Row]:
        eligible = [row for row in self.rows if separable.is_full(unwrapped(row.layer)[0])]
        if where is None:
            return eligible
        if callable(where):
            return [row for row in eligible if where(row)]
        names = [where] if isinstance(where, str) else list(where)
        known = dict.fromkeys(row.name for row in eligible)
        for name in names:
            if name not in known:
                what = f"a layer of {self.name!r} that can be made separable: {', '.join(known)}"
                refuse(ValueError, "where", name, what)
        return [row for row in eligible if row.name in names]

    def with_standard(self) -> Network:
        """Return the network with full convolutions in place of separable ones.

        SeparableConv2D becomes Conv2D, and so does a depthwise convolution followed by a pointwise
        one; normalization and activation between the two are removed.

        Returns
        -------
        Network
            A new network: for MobileNet, the same model with full convolutions.
        """
        graph = separable.standard_graph(with_recordings(self.graph, self._traces))
        return self._changed(graph, list(self.input_shapes))

    def scale(
        self,
        width: float | Fraction = 1,
        resolution: Sides[int] | None = None,
        *,
        divisor: int = 1,
        keep: Sequence[str] = (),
    ) -> Network:
        """Return the network with the width and resolution multipliers of the MobileNet paper.

        Parameters
        ----------
        width
            Factor for each layer's filters or units, the vectors of embeddings, and the sizes of
            attention heads. The layers that make the output keep theirs.
        resolution
            Spatial sides of the input in elements, one integer for all or a tuple; None keeps them.
        divisor
            1 truncates widths, as Keras's MobileNet does; 8 rounds them to multiples of 8, as its
            V2 and V3 do.
        keep
            Names of further layers that keep their width, such as `Conv_1` of MobileNetV2.

        Returns
        -------
        Network
            A new network.

        Raises
        ------
        TypeError, ValueError
            If the width is not a positive number, or the divisor or a side not a positive integer.
        ModelError
            If the scaled layers no longer fit together, a layer has no single width (EinsumDense,
            stacked cells), or code fixes a size that depends on them.

        Notes
        -----
        Howard et al., "MobileNets" (arXiv:1704.04861). An expansion of a linear bottleneck keeps
        its factor: Sandler et al., "MobileNetV2" (arXiv:1801.04381).
        """
        scaling.check_width(width)
        divisor = check_number("divisor", divisor)
        shapes = scaling.resized(self.rows, self.input_shapes, resolution)
        self._paths(keep)  # which checks the names
        if width == 1:
            return self._changed(self.graph, shapes)
        resized = self if resolution is None else self.at(shapes)
        graph = with_recordings(resized.graph, resized._traces)
        rows = {row.path: row for row in reversed(resized.rows)}
        kept = resized._paths(keep) | scaling.outputs_of(rows, list(resized.output_names))
        before = Before()
        walked(graph, shapes, self.on_unknown, before, self._shapes)
        widths = scaling.Widths(rows, kept, width, divisor, before)
        walked(graph, shapes, self.on_unknown, widths, self._shapes)
        return self._changed(with_changes(graph, lambda one, _: widths.layers.get(one)), shapes)

    def _paths(self, names: Sequence[str]) -> set[LayerPath]:
        if isinstance(names, str):
            names = [names]
        if not isinstance(names, (list, tuple, set, frozenset)):
            refuse(TypeError, "keep", names, "a list of layer names")
        paths = {row.name: row.path for row in self.rows}
        for name in names:
            if name not in paths:
                refuse(ValueError, "keep", name, f"the name of a layer of {self.name!r}")
        return {paths[name] for name in names}

    def __repr__(self) -> str:
        return str(self)  # a REPL shows the layers

    def __str__(self) -> str:
        lines = text.align([_HEAD, *map(_cells, self.rows)])
        return "\n".join((self._title, *lines, str(self.total())))

    def _repr_html_(self) -> str:
        made = text.table(_HEAD, [_cells(row) for row in self.rows])
        return f"<p>{text.escape(self._title)}</p>{made}<p>{text.escape(str(self.total()))}</p>"

    @property
    def _title(self) -> str:
        return f"{self.name}: {', '.join(map(show, self.input_shapes))}"


_HEAD = ("layer", "kind", "called with", "output shape")


def _cells(row: Row) -> tuple[str, ...]:
    shape = "?" if row.output_shape is None else show(row.output_shape)
    return row.name, row.kind, ", ".join(row.sources), shape
