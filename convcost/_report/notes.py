"""The lines below the table of a report: totals, their convention, what they leave out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from convcost._report.columns import bytes_text
from convcost._report.lines import number_of_layers
from convcost._report.table import count_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from convcost._cost.cost import Cost
    from convcost._models.network import Network
    from convcost._models.rows import Counted, Row
    from convcost._report.columns import Units
    from convcost._report.lines import Line

CONVENTION_NOTE = (
    "a MAC is one multiply and one add; FLOPs are 2 * MACs, without the bias additions"
)

_NO_BLOCKS = (
    "no two layers are in one block, by the models inside or their names: each layer has a row;"
    " stage and kind group them otherwise"
)


def notes_of(
    network: Network, rows: Sequence[Row], total: Cost[Any], units: Units
) -> Iterator[str]:
    """Yield the totals with their convention, the conditions they hold under, what is left out.

    Parameters
    ----------
    network
        The network.
    rows, total
        The calls of its layers that are shown, and what these cost together.
    units
        How counts print.
    """
    spec = "" if units == "exact" else ".1f"
    part = _part(rows, network.rows)
    missing = len(network.left_out)
    without = f", without {missing} left out" if missing else ""
    whose = "counted" if missing else "model's"
    yield f"total{part}{without}: {total:{spec}}"
    if part:
        yield f"total of all{without}: {network.total():{spec}}"
    yield (
        f"{count_text(network.trainable_params)} of the {whose} {count_text(network.params)}"
        f" parameters are trainable, {count_text(network.non_trainable_params)} are not"
    )
    yield from _size(network, whose)
    yield CONVENTION_NOTE
    if network.conditions:
        equations = ", ".join(f"{left} = {right}" for left, right in network.conditions)
        yield f"holds where {equations}"
    if network.left_out:
        yield f"left out, since their cost is not known: {', '.join(network.left_out)}"


def remarks_of(by: object, lines: Sequence[Line]) -> tuple[str, ...]:
    """Return what is to be said of groups: that there are no blocks."""
    flat = by == "block" and len(lines) > 1 and all(line.is_layer for line in lines)
    return (_NO_BLOCKS,) if flat else ()


def without_type(model: Counted) -> str:
    """Return of which weight the type is not known, so that the model has no size."""
    row = next(row for row in model if row.size is None)
    return f"that of a weight of layer {row.name!r} ({row.kind}) is not known"


def size_unknown(model: Counted) -> str:
    """Return why a model has no size, and what would give it one."""
    reason = f"it needs the type of every weight, and {without_type(model)}"
    return f"not known, as {reason}: give the live model"


def _part(rows: Sequence[Row], every: Sequence[Row]) -> str:
    """Return which part of a model is shown, if it is not all of it."""
    if len(rows) == len(every):
        return ""
    layers = number_of_layers(every)
    what = "layers" if layers == len(every) else f"calls of {layers} layers"
    return f" of {len(rows)} of {len(every)} {what}"


def _size(network: Network, whose: str) -> Iterator[str]:
    """Yield the size of the parameters if there are any, or why it is not known."""
    size = network.size
    if size is None:
        yield f"size of the {whose} parameters: {size_unknown(network)}"
    elif size:
        exact = f" ({count_text(size)} bytes)" if type(size) is int and size >= 1024 else ""
        yield f"size of the {whose} parameters: {bytes_text(size)}{exact}"
