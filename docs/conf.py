"""Sphinx configuration."""

import inspect
import os
import sys
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from jupyter_cache.executors import utils as executors
from traitlets.config import Config

import convcost
from convcost.layers import Layer

sys.path.append(str(Path(__file__).parent))  # for `mathml`

project = "convcost"
author = "The convcost authors"
copyright = "2026, the convcost authors"  # noqa: A001
release = convcost.__version__

extensions = [
    "matplotlib.sphinxext.plot_directive",
    "myst_nb",
    "numpydoc",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx_click",
    "mathml",
]
html_math_renderer = "mathml"
myst_enable_extensions = ["amsmath", "dollarmath"]
myst_heading_anchors = 3
# The notebooks hold no outputs: they are run, in a folder of their own, and an error in one fails.
nb_execution_mode = "force"
nb_execution_in_temp = True
nb_execution_raise_on_error = True
nb_execution_timeout = 120
nb_output_stderr = "remove"
if os.name == "posix":  # kernels talk through files: another program may take a port before them
    sockets = TemporaryDirectory()
    through_files = Config(KernelManager={"transport": "ipc", "ip": f"{sockets.name}/kernel"})
    executors.executenb = partial(executors.executenb, config=through_files)
autodoc_preserve_defaults = True
autodoc_typehints = "none"
autosummary_generate = False
smartquotes = False  # which makes a dash of the two in `--help`
python_maximum_signature_line_length = 80
add_module_names = False
default_role = "py:obj"  # a name in backquotes links to what it names
toc_object_entries_show_parents = "hide"
plot_html_show_formats = False
plot_html_show_source_link = False
numpydoc_show_class_members = False
html_theme = "furo"
html_title = "convcost"
html_static_path = ["_static"]
html_css_files = ["tables.css"]
exclude_patterns = [
    "_build",
    "_applications.md",
    "_kerashub.md",
    "_known.md",
    "_known_layers.md",
    "_mistakes.md",
    "benchmarks/*.md",
    "fashion-mnist/*.md",
    "hardware/*.md",
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


def examples_as_code(_app: Any, _context: Any, lines: list[str]) -> None:
    """Show the examples in the help of a command as code, where it is lines of text."""
    code = [line.startswith("|   ") for line in lines]
    lines[:] = [
        line[4:].rstrip() if is_code else line for line, is_code in zip(lines, code, strict=True)
    ]
    for at in [*range(len(lines))][::-1]:
        if code[at]:
            lines[at] = f"   {lines[at]}"
            if not code[at - 1]:
                lines[at:at] = [".. code-block:: bash", ""]


def no_arguments(_app: Any, _context: Any, lines: list[str]) -> None:
    """Leave out the list of arguments, which says nothing more than the usage of the command."""
    lines.clear()


def setup(app: Any) -> None:
    """Shorten the signatures of layers, and show examples of commands as code."""
    app.connect("autodoc-process-signature", short_signature)
    app.connect("sphinx-click-process-description", examples_as_code)
    app.connect("sphinx-click-process-arguments", no_arguments)
