"""The quantities that are counted: their names in code and in print."""

from convcost._exact import arithmetic

TYPE_CHECKING = False
if TYPE_CHECKING:
    from convcost._exact.types import Count

# What a formula returns, in this order.
QUANTITIES = ("params", "macs", "bias_adds")
# Names and order in print, including the FLOPs, which follow from the MACs.
UNITS = {
    "params": "parameters",
    "macs": "MACs",
    "flops": "FLOPs",
    "bias_adds": "bias additions",
}
# One multiply and one add.
FLOPS_PER_MAC = 2


def source(counts: "tuple[Count, ...]") -> str:
    """Return named counts as Python source.

    Examples
    --------
    >>> source((2400, 1831424))
    'params=2400, macs=1831424'
    """
    pairs = zip(QUANTITIES, counts, strict=False)  # a ratio has no bias additions
    return ", ".join(f"{name}={arithmetic.source(count)}" for name, count in pairs)


def flops(macs: "Count") -> "Count":
    """Return the number of FLOPs in a number of MACs.

    Raises
    ------
    OverflowError
        If they do not fit into an int64 array.

    Examples
    --------
    >>> flops(1_831_424)
    3662848
    """
    return arithmetic.multiply("flops", FLOPS_PER_MAC, macs)
