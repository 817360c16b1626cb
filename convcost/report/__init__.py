"""What a network costs, for people to read and programs to take."""

from convcost.report.comparison import Comparison, compare
from convcost.report.design_plots import plot_front, plot_ratio
from convcost.report.report import Report, summary

__all__ = ["Comparison", "Report", "compare", "plot_front", "plot_ratio", "summary"]
