"""What is counted: the quantities by their names in code, and what they are called in print."""

from convcost.exact import arithmetic

TYPE_CHECKING = False
if TYPE_CHECKING:
    from convcost.exact.types import Count

# What a formula counts, in this order.
QUANTITIES = ("params", "macs", "bias_adds")
# With what follows from them, as it is printed.
UNITS = {
    "params": "parameters",
    "macs": "MACs",
    "flops": "FLOPs",
    "bias_adds": "bias additions",
}
# One multiply and one add.
FLOPS_PER_MAC = 2


def source(counts: "tuple[Count, ...]") -> str:
    """Return counts by their names, as Python source.

    Examples
    --------
    >>> source((2400, 1831424))
    'params=2400, macs=1831424'
    """
    pairs = zip(QUANTITIES, counts, strict=False)  # a ratio has no bias additions
    return ", ".join(f"{name}={arithmetic.source(count)}" for name, count in pairs)


def flops(macs: "Count") -> "Count":
    """Return the floating-point operations of so many multiply-accumulates.

    Raises
    ------
    OverflowError
        If an array of int64 has no room for them.

    Examples
    --------
    >>> flops(1_831_424)
    3662848
    """
    return arithmetic.multiply("flops", FLOPS_PER_MAC, macs)
