"""A report as one web page that needs nothing else: a table to sort, and charts to look into."""

from __future__ import annotations

from itertools import accumulate
from typing import TYPE_CHECKING

from convcost.cost.quantities import UNITS
from convcost.cost.text import escape
from convcost.report import plots
from convcost.report.table import import_optional, written

if TYPE_CHECKING:
    from pathlib import Path

    from convcost.report.report import Report

_STYLE = """
body { font-family: system-ui, sans-serif; margin: 2rem auto; max-width: 75rem; padding: 0 1rem; }
p { margin: 0.3rem 0; }
"""


def write(report: Report, path: str | Path | None) -> str:
    """Return the page, and write it to a file if one is given."""
    notes = "".join(f"<p>{escape(note)}</p>" for note in report.notes)
    title = escape(report.title)
    return written(
        f'<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>{title}</title>'
        f"<style>{_STYLE}</style></head><body><h1>{title}</h1>{notes}{_charts(report)}"
        f"{_table(report)}</body></html>",
        path,
    )


def _charts(report: Report) -> str:
    subplots, graphs = import_optional("plotly.subplots"), import_optional("plotly.graph_objects")
    names = [escape(entry.name) for entry in report.entries]
    figure = subplots.make_subplots(
        rows=2,
        cols=1,
        shared_xaxes=True,
        specs=[[{"secondary_y": True}], [{"secondary_y": True}]],
    )
    for place, quantity in enumerate(plots.QUANTITIES, 1):
        title = UNITS[quantity]
        heights = plots.numbers(report, quantity)
        formulas = [escape(entry.formula(quantity)) for entry in report.entries]
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


def _table(report: Report) -> str:
    pandas, itables = import_optional("pandas"), import_optional("itables")
    javascript = import_optional("itables.javascript")
    import_optional("itables.options")
    # As text, since JavaScript's numbers are exact up to 2**53; DataTables sorts 1,344 as 1344.
    frame = pandas.DataFrame(report.texts(), columns=report.titles())
    numbers = [place for place, column in enumerate(report.columns) if column.number]
    table: str = itables.to_html_datatable(
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
    return offline + table
