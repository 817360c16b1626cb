"""Reports on what networks and designs cost: tables, files and plots.

Text, CSV and JSON need nothing else. The other formats and the plots need optional packages; if
one is missing, an ImportError names the extra to install.
"""

from convcost._report.budgets import check
from convcost._report.comparison import Comparison
from convcost._report.design_plots import plot_front, plot_ratio
from convcost._report.report import Report
from convcost._report.summaries import compare, summary

__all__ = ["Comparison", "Report", "check", "compare", "plot_front", "plot_ratio", "summary"]
