"""Sphinx configuration."""

import inspect
import sys
from pathlib import Path
from typing import Any

import convcost
from convcost.layers import Layer

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
python_maximum_signature_line_length = 80
add_module_names = False
default_role = "py:obj"  # a name in backquotes links to what it names
toc_object_entries_show_parents = "hide"
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
    "benchmarks/*.md",
]


def short_signature(_app: Any, _what: str, _name: str, thing: Any, *_: Any) -> Any:
    """Return the signature of a layer with `**kept` for the arguments that change no count."""
    if not (isinstance(thing, type) and issubclass(thing, Layer)):
        return None
    every, own = inspect.signature(thing), inspect.signature(thing.__init__)
    shown = [one.replace(annotation=one.empty) for one in [*own.parameters.values()][1:]]
    if every.parameters.keys() - own.parameters.keys():
        shown = [one for one in shown if one.kind is not one.VAR_KEYWORD]
        shown.append(inspect.Parameter("kept", inspect.Parameter.VAR_KEYWORD))
    return str(inspect.Signature(shown)), ""


def setup(app: Any) -> None:
    """Shorten the signatures of layers."""
    app.connect("autodoc-process-signature", short_signature)
