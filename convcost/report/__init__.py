"""What a network costs, for people to read and programs to take.

What draws, or writes other forms than text, CSV and JSON, needs packages of its own; where one is
missing, an ImportError names the extra that installs it.
"""

from convcost.report.comparison import Comparison
from convcost.report.design_plots import plot_front, plot_ratio
from convcost.report.report import Report
from convcost.report.summaries import compare, summary

__all__ = ["Comparison", "Report", "compare", "plot_front", "plot_ratio", "summary"]
