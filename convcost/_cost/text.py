"""Costs and ratios in readable form: one line of text, an HTML table, aligned columns."""

import html
from decimal import ROUND_HALF_UP, Decimal, localcontext

from convcost._cost.quantities import UNITS, flops
from convcost._exact import arithmetic
from convcost._exact.kinds import is_expression
from convcost._exact.scalars import is_array, printable, refuse

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from convcost._exact.types import Count, Counts

# Prefixes of the SI: kilo, mega, giga, ...
_PREFIXES = "kMGTPEZY"
_STEP = 1000


def decimals(value: "Count", spec: str) -> str:
    """Return a number of any size in the form that a float has with this format.

    Examples
    --------
    >>> from fractions import Fraction
    >>> decimals(Fraction(75, 578), ".4g"), decimals(10**400, ".4g")
    ('0.1298', '1.000e+400')
    """
    try:
        return format(float(value), spec)
    except OverflowError:
        return format(_exact(value), spec)


def _exact(value: "Any") -> Decimal:
    with localcontext(rounding=ROUND_HALF_UP, prec=50):
        return Decimal(value.numerator) / Decimal(value.denominator)


def quantities_text(counts: "Counts", spec: str = "") -> dict[str, str]:
    """Return each quantity of a cost as text, by its name in code; `spec` is that of `scaled`.

    Examples
    --------
    >>> quantities_text((2400, 1831424, 50176))["flops"]
    '3,662,848'
    """
    params, macs, bias_adds = counts
    found = {"params": params, "macs": macs, "flops": flops(macs), "bias_adds": bias_adds}
    if spec:
        return {quantity: scaled(found[quantity], spec) for quantity in UNITS}
    return {quantity: arithmetic.text(found[quantity]) for quantity in UNITS}


def scaled(count: "Count", spec: str = ".1f") -> str:
    """Return a count as a number below 1000 with the prefix of its unit; a symbolic one as it is.

    Parameters
    ----------
    count
        The count.
    spec
        How many digits the number has: `.1f` for one after the point, `.3g` for three in all.

    Raises
    ------
    ValueError
        If `spec` is not of this form.

    Examples
    --------
    >>> scaled(864), scaled(300_774_272), scaled(999_960), scaled(300_774_272, ".3g")
    ('864', '300.8 M', '1.0 M', '301 M')
    >>> scaled(1650), scaled(1750)
    ('1.7 k', '1.8 k')
    """
    if not (spec[:1] == "." and spec[1:-1].isdecimal() and len(spec) < 5 and spec[-1] in "fg"):
        refuse(ValueError, "format", spec, "digits such as '.1f' or '.3g', or '' for exact counts")
    if is_array(count) or is_expression(count) or not _STEP <= count < _STEP ** len(_PREFIXES):
        return arithmetic.text(count)
    return prefixed(count, _STEP, _PREFIXES, spec)


def prefixed(count: "Count", step: int, prefixes: str, spec: str) -> str:
    """Return a count in the largest unit of which there is one, once it is rounded.

    Examples
    --------
    >>> prefixed(999_950, 1000, "kM", ".1f"), prefixed(10**9, 1000, "kM", ".1f")
    ('1.0 M', '1000.0 M')
    """
    exact = _exact(count)
    with localcontext(rounding=ROUND_HALF_UP, prec=50):  # 1,650 is 1.7 k; as a float, it is less
        numbers = [format(exact / step**place, spec) for place in range(1, len(prefixes) + 1)]
    fitting = (place for place, one in enumerate(numbers) if Decimal(one.replace(",", "")) < step)
    place = next(fitting, len(numbers) - 1)
    return f"{numbers[place]} {prefixes[place]}"


def cost_text(counts: "Counts", spec: str = "") -> str:
    """Return a cost in one line, each count with its unit, and exact if there is no `spec`."""
    shown = quantities_text(counts, spec)
    return (
        f"{shown['params']} {UNITS['params']}, {shown['macs']} {UNITS['macs']}"
        f" ({shown['flops']} {UNITS['flops']}), {shown['bias_adds']} {UNITS['bias_adds']}"
    )


def cost_html(counts: "Counts", arithmetic_text: dict[str, str]) -> str:
    """Return a cost as an HTML table with the arithmetic behind each count."""
    shown = quantities_text(counts)
    rows = [(unit, shown[name], arithmetic_text[name]) for name, unit in UNITS.items()]
    return table(("", "count", "arithmetic"), rows, right=(1,))


def quotient_text(quotient: "Count") -> str:
    """Return a quotient with its decimal value and the saving."""
    if is_array(quotient) or is_expression(quotient):
        return arithmetic.text(quotient)
    return f"{printable(quotient)} = {decimals(quotient, '.4g')}{_saving(quotient)}"


def _saving(quotient: "Count") -> str:
    if quotient in (0, 1):
        return ""
    if quotient < 1:
        return f" ({_times(1 / quotient)} times fewer)"
    return f" ({_times(quotient)} times more)"


def _times(factor: "Count") -> str:
    return decimals(factor, ",.2f" if factor < 1_000_000 else ".3g")


def ratio_text(params: "Count", macs: "Count") -> str:
    """Return a ratio in one line."""
    return f"{UNITS['params']} {quotient_text(params)}, {UNITS['macs']} {quotient_text(macs)}"


def ratio_html(params: "Count", macs: "Count") -> str:
    """Return a ratio as an HTML table."""
    rows = [(UNITS["params"], quotient_text(params)), (UNITS["macs"], quotient_text(macs))]
    return table(("", "ratio"), rows)


def equations(lines: dict[str, str]) -> str:
    """Return equations as a LaTeX `aligned` environment, one per quantity."""
    names = {quantity: quantity.replace("_", r"\_") for quantity in lines}
    rows = [rf"\text{{{names[quantity]}}} &= {line}" for quantity, line in lines.items()]
    body = " \\\\\n".join(rows)
    return f"\\begin{{aligned}}\n{body}\n\\end{{aligned}}"


def table(
    head: tuple[str, ...],
    rows: "Sequence[tuple[str, ...]]",
    right: tuple[int, ...] = (),
    foot: "Sequence[tuple[str, ...]]" = (),
) -> str:
    """Return cells as an HTML table.

    Parameters
    ----------
    head, rows, foot
        Rows of cells, all equally long.
    right
        Indices of the columns to align to the right, such as numbers.

    Examples
    --------
    >>> table(("n",), [("3",)], right=(0,)).partition("<tbody>")[2]
    '<tr><td style="text-align: right">3</td></tr></tbody></table>'
    """
    styles = [
        f' style="text-align: {"right" if one in right else "left"}"' for one in range(len(head))
    ]

    def row(tag: str, cells: tuple[str, ...]) -> str:
        made = [
            f"<{tag}{style}>{escape(cell)}</{tag}>"
            for cell, style in zip(cells, styles, strict=True)
        ]
        return f"<tr>{''.join(made)}</tr>"

    parts = [("thead", "th", [head]), ("tbody", "td", rows), ("tfoot", "th", foot)]
    made = [
        f"<{part}>{''.join([row(tag, cells) for cells in lines])}</{part}>"
        for part, tag, lines in parts
        if lines
    ]
    return f"<table>{''.join(made)}</table>"


def escape(text: str) -> str:
    """Return a text with HTML's special characters escaped."""
    return html.escape(text)


def align(rows: "Sequence[tuple[str, ...]]", right: tuple[int, ...] = ()) -> list[str]:
    """Return rows as lines with aligned columns.

    Parameters
    ----------
    rows
        Rows of cells, all equally long.
    right
        Indices of the columns to align to the right, such as numbers.

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
