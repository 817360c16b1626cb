"""The lines below the table of a report: totals, their convention, what they leave out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from convcost._report.columns import bytes_text
from convcost._report.table import count_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from convcost._cost.cost import Cost
    from convcost._models.network import Network
    from convcost._report.columns import Units

CONVENTION_NOTE = (
    "a MAC is one multiply and one add; FLOPs are 2 * MACs, without the bias additions"
)


def notes_of(network: Network, number: int, total: Cost[Any], units: Units) -> Iterator[str]:
    """Yield the totals with their convention, the conditions they hold under, what is left out.

    Parameters
    ----------
    network
        The network.
    number, total
        How many of its layers are shown, and what these cost together.
    units
        How counts print.
    """
    spec = "" if units == "exact" else ".1f"
    part = "" if number == len(network) else f" of {number} of {len(network)} layers"
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


def _size(network: Network, whose: str) -> Iterator[str]:
    """Yield the size of the parameters, if it is known and there are any."""
    size = network.size
    if size:
        exact = f" ({count_text(size)} bytes)" if type(size) is int and size >= 1024 else ""
        yield f"size of the {whose} parameters: {bytes_text(size)}{exact}"
