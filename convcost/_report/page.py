"""A self-contained web page with a sortable table and interactive charts."""

from __future__ import annotations

from itertools import accumulate
from typing import TYPE_CHECKING

from convcost._cost.quantities import UNITS
from convcost._cost.text import escape
from convcost._report import plots
from convcost._report.table import import_optional, written

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from convcost._report.lines import Line
    from convcost._report.table import Table

_STYLE = """
body { font-family: system-ui, sans-serif; margin: 2rem auto; max-width: 75rem; padding: 0 1rem; }
p { margin: 0.3rem 0; }
"""


def write(table: Table, lines: Sequence[Line], path: str | Path | None) -> str:
    """Return the page of a table and its lines, and write it to `path` if one is given."""
    notes = "".join(f"<p>{escape(note)}</p>" for note in table.notes)
    title = escape(table.title)
    return written(
        f'<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>{title}</title>'
        f"<style>{_STYLE}</style></head><body><h1>{title}</h1>{notes}{_charts(lines)}"
        f"{_table(table)}</body></html>",
        path,
    )


def _charts(lines: Sequence[Line]) -> str:
    subplots, graphs = import_optional("plotly.subplots"), import_optional("plotly.graph_objects")
    names = [escape(line.name) for line in lines]
    figure = subplots.make_subplots(
        rows=2,
        cols=1,
        shared_xaxes=True,
        specs=[[{"secondary_y": True}], [{"secondary_y": True}]],
    )
    for place, quantity in enumerate(plots.DRAWN, 1):
        title = UNITS[quantity]
        heights = plots.heights(lines, quantity)
        formulas = [escape(line.formula(quantity)) for line in lines]
        figure.add_trace(
            graphs.Bar(
                x=names,
                y=heights,
                name=title,
                customdata=formulas,
                hovertemplate="%{x}<br>%{customdata}<extra></extra>",
            ),
            row=place,
            col=1,
        )
        figure.add_trace(
            graphs.Scatter(x=names, y=list(accumulate(heights)), name=f"{title}, added up"),
            row=place,
            col=1,
            secondary_y=True,
        )
        figure.update_yaxes(title_text=title, row=place, col=1, secondary_y=False)
        figure.update_yaxes(rangemode="tozero", row=place, col=1)
    figure.update_layout(height=700, margin={"t": 20}, template="plotly_white")
    made: str = figure.to_html(full_html=False, include_plotlyjs=True)
    return made


def _table(table: Table) -> str:
    pandas, itables = import_optional("pandas"), import_optional("itables")
    javascript = import_optional("itables.javascript")
    import_optional("itables.options")
    # As text: JavaScript's numbers are exact only up to 2**53, and DataTables sorts 1,344 as 1344.
    frame = pandas.DataFrame(table.texts(), columns=table.titles())
    numbers = [place for place, column in enumerate(table.columns) if column.number]
    made: str = itables.to_html_datatable(
        frame,
        connected=False,
        table_id="layers",
        paging=False,
        showIndex=False,
        allow_html=False,
        classes="display compact",
        columnDefs=[{"className": "dt-right", "targets": numbers}],
        text_in_header_can_be_selected=False,
        maxBytes=0,
    )
    offline: str = javascript.generate_init_offline_itables_html(itables.options.dt_bundle)
    return offline + made
