"""Sphinx configuration."""

import sys
from pathlib import Path

import convcost

sys.path.append(str(Path(__file__).parent))  # for `mathml`

project = "convcost"
author = "The convcost authors"
copyright = "2026, the convcost authors"  # noqa: A001
release = convcost.__version__

extensions = [
    "matplotlib.sphinxext.plot_directive",
    "myst_parser",
    "numpydoc",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "mathml",
]
html_math_renderer = "mathml"
myst_enable_extensions = ["amsmath", "dollarmath"]
myst_heading_anchors = 3
autodoc_typehints = "none"
autosummary_generate = False
numpydoc_show_class_members = False
html_theme = "furo"
html_title = "convcost"
html_static_path = ["_static"]
html_css_files = ["tables.css"]
exclude_patterns = [
    "_build",
    "_applications.md",
    "_kerashub.md",
    "_known_layers.md",
    "_mistakes.md",
    "benchmarks/*.md",
]
