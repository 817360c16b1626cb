"""The lines of a report: one for each layer, or for each group of layers."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, TypeAlias

from convcost._cost.cost import total
from convcost._exact import arithmetic
from convcost._exact.kinds import is_expression
from convcost._exact.scalars import refuse
from convcost._layers.arguments import CHANNELS_FIRST, show
from convcost._layers.lora import LoRA
from convcost._layers.quantized import Quantized, Stored
from convcost._layers.wrapping import TimeDistributed
from convcost._models.rows import Row, size_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from convcost._cost.cost import Cost
    from convcost._exact.types import Count, Factors

Grouping: TypeAlias = Literal["kind", "block", "stage"]

# A second number counts blocks only if the name begins with the block.
_BLOCK = re.compile(
    r"^((?:block|mixed)_?\d*[a-z]?(?:_\d+)?"
    r"|.*?(?:block|mixed|stage|stack|cell|stem)_?\d*[a-z]?)(?:_|$)"
)


# In place of the arithmetic.
LEFT_OUT = "left out: cost not known"


class Line(NamedTuple):
    """One line of a report: a layer, or a group of layers, for which `is_layer` is False."""

    name: str
    kind: str
    rows: tuple[Row, ...]
    output_shape: Factors | None
    cost: Cost
    is_layer: bool = False

    @property
    def left_out(self) -> int:
        """Number of its layers whose cost is not known."""
        return sum(row.left_out for row in self.rows)

    @property
    def _unknown(self) -> bool:
        """Whether the cost of none of its layers is known; that of no layers is 0."""
        return 0 < len(self.rows) == self.left_out

    def known(self, quantity: str) -> Count | None:
        """Return one of the counts of its cost; None if the cost of no layer is known."""
        return None if self._unknown else getattr(self.cost, quantity)

    @property
    def effective_macs(self) -> Count | None:
        """MACs whose tap lies inside the input; None if the cost of no layer is known."""
        if self._unknown:
            return None
        return arithmetic.total("macs", [0, *(row.effective_macs for row in self.rows)])

    @property
    def intensity(self) -> Count | None:
        """FLOPs per byte moved; None for a group of layers, or if the cost is not known."""
        if len(self.rows) > 1 or self.left_out:
            return None
        return self.rows[0].intensity()

    @property
    def shown_kind(self) -> str:
        """Its class, and how its weights are stored, if its class does not say it."""
        return kind_of(self.rows[0]) if self.is_layer else self.kind

    @property
    def connected_to(self) -> str:
        """The layers and inputs that make the inputs of a layer; empty for a group."""
        return ", ".join(self.rows[0].sources) if self.is_layer else ""

    @property
    def input_shape(self) -> Factors | None:
        """The shape of the input of a layer, or a tuple of shapes; None for a group."""
        shapes = self.rows[0].input_shapes if self.is_layer else ()
        return shapes[0] if len(shapes) == 1 else shapes or None

    @property
    def kernel(self) -> Factors | None:
        """The sides of the kernel or of the window of a layer; None if it has none."""
        layer = plain_layer(self.rows[0].layer) if self.is_layer else None
        sides = getattr(layer, "kernel_size", None) or getattr(layer, "pool_size", None)
        return sides if isinstance(sides, tuple) else None

    @property
    def trainable_params(self) -> Count | None:
        """Number of parameters that training changes; None if the cost of no layer is known."""
        if self._unknown:
            return None
        return arithmetic.total("params", [0, *(row.trainable_params for row in self.rows)])

    @property
    def size(self) -> Count | None:
        """Bytes of its parameters; None if the type of a weight is not known."""
        return None if self._unknown else size_of(self.rows)

    def order(self, by: str) -> str | Count:
        """Return what the lines of a report are sorted by."""
        if by in ("params", "macs", "flops", "share"):
            return getattr(self.cost, "macs" if by == "share" else by)
        value = getattr(self, by)
        return 0 if value is None else value

    def formula(self, quantity: str) -> str:
        """Return the arithmetic behind the parameters or MACs."""
        if self._unknown:
            return LEFT_OUT
        if len(self.rows) == 1:
            shown: str = getattr(self.cost.explain(), quantity)
            return shown
        without = f"without {self.left_out} left out" if self.left_out else ""
        number = layers_text(self.rows)
        if number == self.kind:  # which says it already
            return without
        made = f"{number}: {arithmetic.text(getattr(self.cost, quantity))}"
        return f"{made}, {without}" if without else made

    def fraction(self, whole: Count) -> Count | None:
        """Return its share of all MACs; None if these are 0 or symbolic, or its own not known."""
        if is_expression(whole) or whole == 0 or self._unknown:
            return None
        return arithmetic.divide("MACs", self.cost.macs, whole)


def plain_layer(layer: object) -> object:
    """Return what computes in a layer that stores its weights otherwise, or is called for steps."""
    while isinstance(layer, (Stored, TimeDistributed)):
        layer = layer.layer
    return layer


def kind_of(row: Row) -> str:
    """Return the class of a layer, with how its weights are stored: `Dense int8 LoRA 4`."""
    layer, words = row.layer, [row.kind]
    while isinstance(layer, (Stored, TimeDistributed)):
        if isinstance(layer, Quantized):
            words.insert(1, layer.mode)
        elif isinstance(layer, LoRA):
            words.append(f"LoRA {show(layer.lora_rank)}")
        layer = layer.layer
    return " ".join(words)


def number_of_layers(rows: Iterable[Row]) -> int:
    """Return how many layers are called in rows: one that is called twice is one layer."""
    # Of a saved report, only the names are known.
    keys = {row.path if row.identity is None else (row.identity, row.path[-1]) for row in rows}
    return len(keys)


def layers_text(rows: Sequence[Row]) -> str:
    """Return the number of layers, and that of their calls if these are more."""
    number = number_of_layers(rows)
    layers = f"{number} layer{'s' * (number != 1)}"
    return layers if number == len(rows) else f"{layers}, {len(rows)} calls"


def line_of(row: Row) -> Line:
    """Return the line of one layer."""
    return Line(row.name, row.kind, (row,), row.output_shape, row.cost, True)


def grouped(rows: Iterable[Row], name_of: Callable[[Row], str]) -> list[Line]:
    """Return a line for each group of layers, in the order of the groups' first layers."""
    groups: dict[str, list[Row]] = {}
    for row in rows:
        groups.setdefault(name_of(row), []).append(row)
    return [_together(name, rows) for name, rows in groups.items()]


def _together(name: str, rows: list[Row]) -> Line:
    if len(rows) == 1 and rows[0].name == name:
        return line_of(rows[0])
    kinds = {row.kind for row in rows}
    kind = kinds.pop() if len(kinds) == 1 else layers_text(rows)
    # Several layers have no output shape in common.
    shape = rows[0].output_shape if len(rows) == 1 else None
    return Line(name, kind, tuple(rows), shape, total([row.cost for row in rows]))


def block_of(row: Row) -> str:
    """Return the block that a layer belongs to, judging by its path or its name.

    Examples
    --------
    >>> import types
    >>> [block_of(types.SimpleNamespace(path=path, name=path[-1])) for path in (
    ...     ("encoder", "conv"), ("block_12_expand",), ("head",))]
    ['encoder', 'block_12', 'head']
    """
    return "/".join(row.path[:-1]) if len(row.path) > 1 else block_named(row.path[0])


def block_named(name: str) -> str:
    """Return the block in the name of a layer; the name itself if there is none.

    Examples
    --------
    >>> block_named("block_12_expand"), block_named("head")
    ('block_12', 'head')
    >>> block_named("block35_1_conv"), block_named("conv2_block1_1_conv")
    ('block35_1', 'conv2_block1')
    """
    found = _BLOCK.match(name)
    return found.group(1) if found else name


def placed(rows: Iterable[Row]) -> Callable[[Any], tuple[Factors, Factors]]:
    """Return a function that gives the sides and the channels of a shape, or of several the first.

    Of a model with layers whose channels stand first, all maps have them first.
    """
    first = any(
        getattr(plain_layer(row.layer), "data_format", None) == CHANNELS_FIRST for row in rows
    )

    def place(shape: Any) -> tuple[Factors, Factors]:
        shape = shape or ()
        while shape and isinstance(shape[0], tuple):
            shape = shape[0]
        if first and len(shape) > 1:
            return shape[1:], shape[:1]
        return shape[:-1], shape[-1:]

    return place


def ordered(lines: Iterable[Line], by: str, descending: bool) -> list[Line]:
    """Return lines in the order of their values; refuse values that have none.

    Raises
    ------
    ValueError
        If a value is symbolic.
    """
    keys = [(line.order(by), line) for line in lines]
    if any(is_expression(key) and key.free_symbols for key, _ in keys):
        raise ValueError(
            f"can't sort by={by!r}: its values contain symbols, so their order is unknown; give"
            " an input_shape of integers"
        )
    keys.sort(key=lambda pair: pair[0], reverse=descending)
    return [line for _, line in keys]


def namer(by: Grouping | Callable[[Row], str], rows: Iterable[Row]) -> Callable[[Row], str]:
    """Return the function that names the group of a row of a model."""
    if callable(by):
        return by
    if by == "kind":
        return lambda row: row.kind
    if by == "block":
        return _blocks(rows)
    if by == "stage":
        return stages(rows)
    refuse(ValueError, "by", by, "'kind', 'block', 'stage' or a function of a row")


def _blocks(rows: Iterable[Row]) -> Callable[[Row], str]:
    """Return a function that names the block of a row.

    Of a model with models inside, the block has only the layers that are in none of these.
    """
    around = {row.path[:end] for row in rows for end in range(1, len(row.path) - 1)}

    def block(row: Row) -> str:
        name = block_of(row)
        return f"{name} (its own layers)" if row.path[:-1] in around else name

    return block


def stages(rows: Iterable[Row]) -> Callable[[Row], str]:
    """Return a function that names the stage of a row: the sides of its output.

    What only pads or crops is of the stage of its input.
    """
    place = placed(rows)

    def stage_of(row: Row) -> str:
        moved = row.kind.startswith(("ZeroPadding", "Cropping"))
        shape = row.input_shapes[0] if moved and row.input_shapes else row.output_shape
        sides, _ = place(shape)
        return " x ".join(map(show, sides)) or ("vector" if shape else "unknown")

    return stage_of
