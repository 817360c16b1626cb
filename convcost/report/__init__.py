"""Reports on what networks and designs cost: tables, files and plots.

Text, CSV and JSON need nothing else. The other formats and the plots need optional packages; if
one is missing, an ImportError names the extra to install.
"""

from convcost.report.comparison import Comparison
from convcost.report.design_plots import plot_front, plot_ratio
from convcost.report.report import Report
from convcost.report.summaries import compare, summary

__all__ = ["Comparison", "Report", "compare", "plot_front", "plot_ratio", "summary"]
