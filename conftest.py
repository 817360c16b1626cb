"""Run every example in the README, the docs and the docstrings as a test."""

import os
from doctest import ELLIPSIS, NORMALIZE_WHITESPACE

# Before anything imports TensorFlow: its C++ side logs that there is no GPU as if it were an error.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

from sybil import Sybil
from sybil.parsers.myst import PythonCodeBlockParser as MarkdownPython
from sybil.parsers.rest import DocTestParser

_OPTIONS = ELLIPSIS | NORMALIZE_WHITESPACE

pytest_collect_file = (
    Sybil(
        parsers=[MarkdownPython(doctest_optionflags=_OPTIONS)], patterns=["README.md", "docs/*.md"]
    )
    + Sybil(
        parsers=[DocTestParser(optionflags=_OPTIONS)],
        patterns=["convcost/*.py", "convcost/*/*.py", "convcost/*/*/*.py"],
    )
).pytest()
