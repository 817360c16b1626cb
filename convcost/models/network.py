"""A model with the shapes of its inputs: one row for each call of a layer, and their total."""

from __future__ import annotations

import warnings
from fractions import Fraction
from functools import cached_property
from typing import TYPE_CHECKING, Any

from convcost.cost.cost import total
from convcost.exact import arithmetic
from convcost.exact.kinds import is_expression
from convcost.exact.scalars import is_array, refuse
from convcost.exact.sizes import check_integer
from convcost.layers.arguments import per_axis, show
from convcost.models import separable
from convcost.models.errors import ModelError
from convcost.models.graph import Graph, Source, refs
from convcost.models.walk import Walk

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from typing import TypeAlias

    from convcost.cost.cost import Cost
    from convcost.exact.types import Count, Factors
    from convcost.models.walk import Row
    from convcost.report import Report

    Where: TypeAlias = str | Sequence[str] | Callable[[Row], bool] | None

# Open sides of an input, by their number: those of a sequence, an image, a volume, then channels.
_OPEN = {1: ("t",), 2: ("h", "w"), 3: ("d", "h", "w")}


class Network:
    """A model whose layers have shapes, each of them with its cost.

    Made by `convcost.from_keras`.

    Parameters
    ----------
    graph
        The layers and what they are called with.
    input_shape
        Shape of the input in elements, without the batch; a list of shapes, or a dict by the name
        of the input, where there are several. None for what the model declares, with symbols h, w,
        ... for sides that it leaves open.
    on_unknown
        `error`, or `warn` to leave layers out that the library doesn't know.

    Raises
    ------
    ModelError
        If a layer can't take its input, or its cost is not known.
    TypeError, ValueError
        If a shape is none.

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

    def __init__(self, graph: Graph, input_shape: Any = None, *, on_unknown: str = "error") -> None:
        if on_unknown not in ("error", "warn"):
            refuse(ValueError, "on_unknown", on_unknown, "'error' or 'warn'")
        self.graph = graph
        self.on_unknown = on_unknown
        self.input_shapes: tuple[Factors, ...] = tuple(_input_shapes(graph, input_shape))
        walk = Walk(on_unknown)
        batched = [(1, *shape) for shape in self.input_shapes]
        with _assuming(self.input_shapes) as conditions:
            outputs = walk.through(graph, batched, trainable=graph.trainable)
        self.rows: tuple[Row, ...] = tuple(walk.rows)
        self.left_out: tuple[str, ...] = tuple(walk.left_out)
        self.conditions: tuple[tuple[Count, Count], ...] = tuple(dict.fromkeys(conditions))
        self.output_names: tuple[str, ...] = tuple(name for _, name in outputs)
        self.output_shapes: tuple[Factors, ...] = tuple(shape[1:] for shape, _ in outputs)
        if self.left_out:
            warnings.warn(
                f"{len(self.left_out)} layers of {graph.name!r} are left out, since their cost is"
                f" not known: {', '.join(self.left_out)}",
                stacklevel=3,
            )

    @property
    def name(self) -> str:
        """The model's name."""
        return self.graph.name

    @cached_property
    def _total(self) -> Cost:
        return total([row.cost for row in self.rows])

    def total(self) -> Cost:
        """Return what one input costs: the sum of the rows.

        Returns
        -------
        Cost
            Parameters, MACs and bias additions, without unit.
        """
        return self._total

    @property
    def params(self) -> Count:
        """Weights, biases included."""
        return self._total.params

    @property
    def macs(self) -> Count:
        """Multiply-accumulates for one input."""
        return self._total.macs

    @cached_property
    def non_trainable_params(self) -> Count:
        """Parameters that training leaves alone."""
        return arithmetic.total("params", [row.non_trainable_params for row in self.rows])

    @property
    def trainable_params(self) -> Count:
        """Parameters that training changes."""
        return self.params - self.non_trainable_params

    def __iter__(self) -> Iterator[Row]:
        return iter(self.rows)

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, name: str) -> Row:
        for row in self.rows:
            if row.name == name:
                return row
        raise KeyError(name)

    def at(self, input_shape: Any) -> Network:
        """Return the same model for another shape of the input.

        Parameters
        ----------
        input_shape
            As for `Network`.

        Returns
        -------
        Network
            A new one.

        Raises
        ------
        ModelError, TypeError, ValueError
            As for `Network`.

        Examples
        --------
        >>> import convcost
        >>> conv = {"name": "conv", "filters": 8, "kernel_size": 3, "padding": "same"}
        >>> config = {"name": "tiny", "layers": [{"class_name": "Conv2D", "config": conv}]}
        >>> net = convcost.from_keras(config, (28, 28, 1))
        >>> net.macs, net.at((56, 56, 1)).macs
        (56448, 225792)
        """
        return Network(self.graph, input_shape, on_unknown=self.on_unknown)

    def report(self, **options: Any) -> Report:
        """Return a table with a row for each layer.

        Parameters
        ----------
        **options
            `effective`, `intensity` and `formula`, as for `convcost.report.Report`.

        Returns
        -------
        Report
            It prints, sorts, filters, and exports itself.
        """
        from convcost.report import Report

        return Report(self, **options)

    def with_separable(self, where: Where = None, *, form: str = "layer") -> Network:
        """Return the network with separable convolutions in place of full ones.

        Parameters
        ----------
        where
            Names of the layers, or a function that is called with each `Row` and returns whether
            to replace it; None for all that are eligible: Conv2D and Conv1D with more than one tap
            and one group.
        form
            `layer` for SeparableConv2D, a layer of its own; `block` for a depthwise convolution,
            batch normalization and a pointwise convolution, as MobileNet has them.

        Returns
        -------
        Network
            A new one; `convcost.compare` shows the two side by side.

        Raises
        ------
        ValueError
            If a name is none of a layer, or that layer is not eligible.
        """
        if form not in ("layer", "block"):
            refuse(ValueError, "form", form, "'layer' or 'block'")
        chosen = self._chosen(where)
        layers = {row.path: separable.separable(row.layer, form == "block") for row in chosen}
        return self._rewritten(separable.replaced(self.graph, layers))

    def _chosen(self, where: Where) -> list[Row]:
        eligible = [row for row in self.rows if separable.is_full(row.layer)]
        if where is None:
            return eligible
        if callable(where):
            return [row for row in eligible if where(row)]
        names = [where] if isinstance(where, str) else list(where)
        by_name = {row.name: row for row in eligible}
        for name in names:
            if name not in by_name:
                what = f"a layer of {self.name!r} that can be separable: {', '.join(by_name)}"
                refuse(ValueError, "where", name, what)
        return [by_name[name] for name in names]

    def with_standard(self) -> Network:
        """Return the network with full convolutions in place of separable ones.

        SeparableConv2D becomes Conv2D, and so does a depthwise convolution with the pointwise one
        behind it; normalization and activation between the two go.

        Returns
        -------
        Network
            A new one: what MobileNet would cost with full convolutions.
        """
        return self._rewritten(separable.standard(self.graph))

    def scale(
        self,
        width: Any = 1,
        resolution: Any = None,
        *,
        divisor: int = 1,
        keep: Sequence[str] = (),
    ) -> Network:
        """Return the network with the width and resolution multipliers of the MobileNet paper.

        Parameters
        ----------
        width
            Factor of each layer's filters or units. The layers that make the output keep theirs.
        resolution
            Sides of the input in elements, one integer for all of them or a tuple; None keeps them.
        divisor
            1 truncates widths, as Keras's MobileNet does; 8 rounds them to multiples of 8, as its
            V2 and V3 do.
        keep
            Names of further layers that keep their width: `Conv_1` of MobileNetV2.

        Returns
        -------
        Network
            A new one.

        Raises
        ------
        TypeError, ValueError
            If an argument is not what it may be.
        ModelError
            If layers don't fit together any more.

        Notes
        -----
        Howard et al., "MobileNets" (arXiv:1704.04861). An expansion of a linear bottleneck keeps
        its factor: Sandler et al., "MobileNetV2" (arXiv:1801.04381).
        """
        _check_multiplier(width)
        check_integer("divisor", divisor)
        shapes = self._resized(resolution)
        if width == 1:
            return Network(self.graph, shapes, on_unknown=self.on_unknown)
        rows = {row.path: row for row in reversed(self.rows)}
        kept = separable.outputs_of(rows, list(self.output_names)) | self._paths(keep)
        widths = separable.Widths(rows, kept, width, divisor)
        walk = Walk(self.on_unknown, widths)
        walk.through(self.graph, [(1, *shape) for shape in shapes])
        return Network(
            separable.replaced(self.graph, widths.layers), shapes, on_unknown=self.on_unknown
        )

    def _paths(self, names: Sequence[str]) -> set[tuple[str, ...]]:
        if isinstance(names, str):
            names = [names]
        paths = {row.name: row.path for row in self.rows}
        for name in names:
            if name not in paths:
                refuse(ValueError, "keep", name, f"the name of a layer of {self.name!r}")
        return {paths[name] for name in names}

    def _resized(self, resolution: Any) -> list[Factors]:
        if resolution is None:
            return list(self.input_shapes)
        shapes = []
        for shape in self.input_shapes:
            rank = len(shape) - 1
            if rank < 1:
                refuse(ValueError, "resolution", resolution, f"None for an input of {show(shape)}")
            first = self._is_channels_first()
            sides = per_axis("resolution", resolution, rank)
            shapes.append((shape[0], *sides) if first else (*sides, shape[-1]))
        return shapes

    def _is_channels_first(self) -> bool:
        formats = [getattr(row.layer, "data_format", None) for row in self.rows]
        return "channels_first" in formats

    def _rewritten(self, graph: Graph) -> Network:
        return Network(graph, list(self.input_shapes), on_unknown=self.on_unknown)

    def __repr__(self) -> str:
        shapes = ", ".join(map(show, self.input_shapes))
        return f"<Network {self.name!r} of {len(self.rows)} layers for {shapes}>"

    def __str__(self) -> str:
        cells = [
            (row.name, row.kind, ", ".join(row.sources), _shape_text(row.output_shape))
            for row in self.rows
        ]
        head = ("layer", "kind", "called with", "output shape")
        widths = [max(len(line[column]) for line in (head, *cells)) for column in range(4)]
        lines = [
            "  ".join(f"{cell:<{width}}" for cell, width in zip(line, widths, strict=True)).rstrip()
            for line in (head, *cells)
        ]
        inputs = ", ".join(map(show, self.input_shapes))
        return "\n".join((f"{self.name}: {inputs}", *lines, str(self.total())))


def _check_multiplier(width: Any) -> None:
    allowed = "a positive number, such as 0.75"
    if isinstance(width, bool) or not isinstance(width, (int, float, Fraction)):
        refuse(TypeError, "width", width, allowed)
    if not 0 < width < float("inf"):
        refuse(ValueError, "width", width, allowed)


def _shape_text(shape: Any) -> str:
    return "?" if shape is None else show(shape)


def _assuming(shapes: Sequence[Factors]) -> Any:
    """Return a context that gathers what has to hold for symbols; numbers have no conditions."""
    if any(is_expression(side) for shape in shapes for side in shape):
        from convcost.exact import symbolic

        return symbolic.assuming()
    from contextlib import nullcontext

    return nullcontext([])


def _input_shapes(graph: Graph, given: Any) -> list[Factors]:
    inputs = [ref.entry for ref in refs(graph.inputs)]
    declared = [_declared(graph, name) for name in inputs]
    if given is None:
        return [
            _open(name, shape, alone=len(inputs) == 1)
            for name, shape in zip(inputs, declared, strict=True)
        ]
    several = _in_order(given, inputs)
    if len(several) != len(inputs):
        names = ", ".join(inputs)
        refuse(ValueError, "input_shape", given, f"one shape for each of {len(inputs)}: {names}")
    return [
        _check_shape(shape, "input_shape" if len(inputs) == 1 else f"input_shape of {name!r}")
        for name, shape in zip(inputs, several, strict=True)
    ]


def _in_order(given: Any, inputs: list[str]) -> list[Any]:
    if isinstance(given, dict):
        if set(given) != set(inputs):
            names = ", ".join(inputs)
            refuse(ValueError, "input_shape", given, f"a dict with the names {names}")
        return [given[name] for name in inputs]
    if not isinstance(given, (tuple, list)):
        refuse(TypeError, "input_shape", given, "a shape without the batch, or a list of shapes")
    nested = bool(given) and all(isinstance(one, (tuple, list)) for one in given)
    return list(given) if nested else [given]


def _check_shape(shape: Any, name: str) -> Factors:
    if not isinstance(shape, (tuple, list)):
        refuse(TypeError, name, shape, "a shape without the batch")
    sides = tuple(check_integer(f"{name}[{axis}]", side) for axis, side in enumerate(shape))
    for axis, side in enumerate(sides):
        if is_array(side):
            refuse(TypeError, f"{name}[{axis}]", side, "an integer or a SymPy expression")
    return sides


def _declared(graph: Graph, name: str) -> Any:
    entry = next((entry for entry in graph.entries if entry.name == name), None)
    if entry is None or not isinstance(entry.layer, Source):
        raise ModelError(f"{name!r} is an input of model {graph.name!r}, but no input layer")
    return entry.layer.shape


def _open(name: str, shape: Any, alone: bool) -> Factors:
    """Return a declared shape with symbols for the sides that it leaves open."""
    if shape is None:
        raise ModelError(f"input {name!r} declares no shape: give input_shape")
    free = sum(side is None for side in shape)
    spatial = _OPEN.get(len(shape) - 1, ())
    letters = (*spatial, "c") if free <= len(spatial) + 1 else tuple(f"x{i}" for i in range(free))
    names = iter(letters)
    behind = "" if alone else f"_{name}"
    return tuple(_symbol(next(names) + behind) if side is None else side for side in shape)


def _symbol(name: str) -> Any:
    from convcost.symbols import symbol

    return symbol(name)
