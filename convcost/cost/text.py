"""Costs and ratios for people to read: one line of text, an HTML table, LaTeX."""

import html

from convcost.cost.explanation import aligned
from convcost.cost.recorder import number_latex
from convcost.exact import arithmetic
from convcost.exact.kinds import module_for
from convcost.exact.scalars import is_array, printable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from convcost.cost.cost import Cost
    from convcost.cost.ratio import Ratio
    from convcost.exact.types import Count

UNITS = {
    "params": "parameters",
    "macs": "MACs",
    "flops": "FLOPs",
    "bias_adds": "bias additions",
}


def count_text(count: "Count") -> str:
    """Return a count with its thousands separated."""
    if is_array(count):
        return module_for(count).summarize(count)
    return str(count) if arithmetic.is_expression(count) else printable(count, ",")


def cost_text(cost: "Cost") -> str:
    """Return a cost in one line, every count with its unit."""
    shown = {quantity: count_text(getattr(cost, quantity)) for quantity in UNITS}
    return (
        f"{shown['params']} {UNITS['params']}, {shown['macs']} {UNITS['macs']}"
        f" ({shown['flops']} {UNITS['flops']}), {shown['bias_adds']} {UNITS['bias_adds']}"
    )


def escape(text: str) -> str:
    """Return a text with nothing in it that means something in HTML."""
    return html.escape(text)


def cost_html(cost: "Cost") -> str:
    """Return a cost as an HTML table with the arithmetic behind each count."""
    explanation = cost.explain().as_dict()
    return table(
        ("", "count", "arithmetic"),
        [
            (unit, count_text(getattr(cost, quantity)), explanation[quantity])
            for quantity, unit in UNITS.items()
        ],
    )


def quotient_text(quotient: "Count") -> str:
    """Return a quotient with its decimal value and what it saves."""
    if is_array(quotient):
        return count_text(quotient)
    if arithmetic.is_expression(quotient):
        return str(quotient)
    return f"{printable(quotient)} = {_decimal(quotient)}{_saving(quotient)}"


def _decimal(quotient: "Count") -> str:
    try:
        return f"{float(quotient):.4g}"
    except OverflowError:
        return "more than 1e308"


def _saving(quotient: "Count") -> str:
    if quotient in (0, 1):
        return ""
    if quotient < 1:
        return f" ({_times(1 / quotient)} times fewer)"
    return f" ({_times(quotient)} times more)"


def _times(factor: "Count") -> str:
    try:
        return f"{float(factor):,.2f}" if factor < 1_000_000 else f"{float(factor):.3g}"
    except OverflowError:
        return "more than 1e308"


def ratio_text(ratio: "Ratio") -> str:
    """Return a ratio in one line."""
    return f"parameters {quotient_text(ratio.params)}, MACs {quotient_text(ratio.macs)}"


def ratio_html(ratio: "Ratio") -> str:
    """Return a ratio as an HTML table."""
    return table(
        ("", "ratio"),
        [
            (UNITS["params"], quotient_text(ratio.params)),
            (UNITS["macs"], quotient_text(ratio.macs)),
        ],
    )


def ratio_latex(ratio: "Ratio") -> str:
    """Return a ratio as LaTeX."""
    return aligned({"params": number_latex(ratio.params), "macs": number_latex(ratio.macs)})


def table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    """Return cells as an HTML table."""

    def row(tag: str, cells: tuple[str, ...]) -> str:
        return "<tr>" + "".join(f"<{tag}>{escape(cell)}</{tag}>" for cell in cells) + "</tr>"

    body = "".join(row("td", cells) for cells in rows)
    return f"<table><thead>{row('th', head)}</thead><tbody>{body}</tbody></table>"


def align(rows: list[tuple[str, ...]], right: tuple[int, ...] = ()) -> list[str]:
    """Return rows as lines whose cells stand below each other.

    Parameters
    ----------
    rows
        Cells; each row has as many.
    right
        The columns that stand to the right, as numbers do.

    Examples
    --------
    >>> align([("conv", "9"), ("dense", "10")], right=(1,))
    ['conv    9', 'dense  10']
    """
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(
            cell.rjust(width) if place in right else cell.ljust(width)
            for place, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]
