r"""Tables in LaTeX, with the rules of booktabs.

A number has thin spaces between its thousands (`300\,774\,272`), as SI and most journals ask for;
a product and a shape have times signs.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_SPECIAL = {
    **{one: rf"\{one}" for one in "&%$#_{}"},
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
}
_SPECIALS = str.maketrans(_SPECIAL)
_NUMBER = re.compile(r"-?\d{1,3}(?:,\d{3})+")
# Arithmetic of numbers and of symbols with an index, as derivations have it; a star at an end is
# part of a name.
_ARITHMETIC = re.compile(
    r"(?!\s*\*)(?!.*\*\s*$)(?:[\w\s.+*/()=-]*\*[\w\s.+*/()=-]*|[\d\s.+()=-]+=[\d\s.+()=-]+)"
)
# Names, of which an index may be a part, numbers and operators.
_TOKENS = re.compile(r"(?:[A-Za-z][A-Za-z0-9]*(?:_[A-Za-z0-9]+)*|[0-9]+(?:\.[0-9]+)?|[-+*/()=\s])+")
_POWER = re.compile(r"\*\*\s*(\w+)(?!\s*\*\*)")
_SHAPE = re.compile(r"\(\w+(?:, \w+)*,?\)")
# More rows than this do not fit on a page.
_MOST_ROWS = 40
# Of a row at the usual size of letters, and what narrows wider ones.
_MOST_CHARACTERS = 70
_SMALLER = [r"\footnotesize", r"\setlength{\tabcolsep}{3pt}"]
_NAME = re.compile(r"\b([A-Za-z][A-Za-z0-9]*)_(\w+)")


def escaped(text: str) -> str:
    r"""Return a text with the characters that LaTeX takes for commands escaped.

    Examples
    --------
    >>> escaped("block_1 & 50 %"), escaped(r"\input")
    ('block\\_1 \\& 50 \\%', '\\textbackslash{}input')
    """
    return text.translate(_SPECIALS)


def cell(text: str) -> str:
    r"""Return the text of a cell: arithmetic in math mode, thousands with thin spaces.

    Examples
    --------
    >>> cell("1,344"), cell("3*3*32 + 32 = 320"), cell("conv_1")
    ('1\\,344', '$3 \\times 3 \\times 32 + 32 = 320$', 'conv\\_1')
    >>> cell("(28, 28, 32)")
    '$28 \\times 28 \\times 32$'
    >>> cell("18432*t_a**2"), cell("300,774,272 (2.0 %)")
    ('$18432 \\times t_{\\mathrm{a}}^{2}$', '300\\,774\\,272 (2.0 \\%)')
    """
    powers = _POWER.sub(r"^{\1}", text)
    if _ARITHMETIC.fullmatch(text) and _TOKENS.fullmatch(text) and "**" not in powers:
        products = re.sub(r"\s*\*\s*", r" \\times ", powers)
        named = _NAME.sub(lambda one: rf"{one[1]}_{{\mathrm{{{_plain(one[2])}}}}}", products)
        return f"${named}$"
    if _SHAPE.fullmatch(text):
        return f"${_times(text)}$"
    return _prose(text)


def _times(shape: str) -> str:
    sides = shape.strip("(,)").split(", ")
    return r" \times ".join(one if one.isdigit() else rf"\mathrm{{{_plain(one)}}}" for one in sides)


def _prose(text: str) -> str:
    """Return a text with its products and thousands as a journal sets them."""
    lines = " ".join(text.split())  # an empty line would end the paragraph
    made = _NUMBER.sub(lambda one: one[0].replace(",", r"\,"), escaped(lines))
    return made.replace(" * ", r" $\times$ ")


def _plain(index: str) -> str:
    return index.replace("_", r"\_")


def table(
    titles: Sequence[str],
    rows: Iterable[Sequence[str]],
    foot: Iterable[Sequence[str]],
    numbers: Sequence[bool],
    caption: str | None,
    label: str | None,
) -> str:
    """Return a `tabular`, in a `table` if there is a caption or a label.

    Of more rows than a page holds, it is a `longtable`, which LaTeX breaks between pages.

    Parameters
    ----------
    titles
        The headings.
    rows
        The texts of each row.
    foot
        Those of the rows of totals.
    numbers
        Of each column, whether it is aligned to the right.
    caption, label
        What stands below the table, and the name to refer to it, or None.
    """
    columns = "".join("r" if number else "l" for number in numbers)
    rows, foot = list(rows), list(foot)
    head = [r"\toprule", _row(map(escaped, titles)), r"\midrule"]
    cells = [_row(map(cell, row)) for row in rows]
    if foot:
        cells += [r"\midrule", *[_row(map(cell, row)) for row in foot]]
    above = [
        *([rf"\caption{{{_prose(caption)}}}"] if caption is not None else []),
        *([rf"\label{{{label}}}"] if label is not None else []),
    ]
    smaller = _SMALLER if _width([titles, *rows, *foot]) > _MOST_CHARACTERS else []
    if len(rows) > _MOST_ROWS:
        first = [*above[:-1], above[-1] + r" \\", *head, r"\endfirsthead"] if above else []
        return "\n".join(
            [
                *(r"\begingroup", *smaller, rf"\begin{{longtable}}{{{columns}}}"),
                *(*first, *head, r"\endhead", r"\bottomrule", r"\endfoot"),
                *(*cells, r"\end{longtable}", r"\endgroup"),
            ]
        )
    begin, end = rf"\begin{{tabular}}{{{columns}}}", r"\end{tabular}"
    tabular = [begin, *head, *cells, r"\bottomrule", end]
    if above:
        tabular = [
            *(r"\begin{table}", r"\centering", *smaller, *above),
            *(*tabular, r"\end{table}"),
        ]
    return "\n".join(tabular)


def _width(rows: Sequence[Sequence[str]]) -> int:
    """Return the characters of the widest row that the columns make up."""
    return sum(max(map(len, column)) for column in zip(*rows, strict=True))


def _row(cells: Iterable[str]) -> str:
    row = " & ".join(cells)
    # After a line break, LaTeX takes a bracket for a length, and a star for an option.
    return ("{}" if row.startswith(("[", "*")) else "") + row + r" \\"
