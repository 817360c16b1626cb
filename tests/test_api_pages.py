"""Every public name stands on exactly one page of the API."""

import re
from inspect import isfunction
from pathlib import Path

import pytest

import convcost
from convcost import formulas, geometry, hardware, layers, symbols, testing, verify

PAGES = Path(__file__).parent.parent / "docs" / "api"
_MODULE = re.compile(r"\.\. currentmodule:: (\S+)\n(.*?)(?=\.\. currentmodule|\Z)", re.DOTALL)
_SUMMARY = re.compile(r"\.\. autosummary::\n   :nosignatures:\n\n((?:   \w+\n)+)")
_DETAILS = re.compile(r"\.\. auto(?:function|class|exception):: (\w+)")
_DATA = re.compile(r"\.\. py:data:: (\w+)")
_OTHER_NAMES = re.compile(r"^\| `(\w+)` \| `(\w+)` \|$", re.MULTILINE)
MODULES = (convcost, formulas, geometry, hardware, layers, symbols, testing, verify)


def public(module):
    """Return the public names of a module that are no modules, which have pages of their own."""
    if module is formulas:  # whose names are those of its functions
        return sorted(
            name
            for name, value in vars(module).items()
            if isfunction(value) and value.__module__ == module.__name__ and name[0] != "_"
        )
    own = {each.__name__.rpartition(".")[2] for each in MODULES} | {"__version__"}
    shown = {*module.__all__, *(["symbol"] if module is symbols else [])}
    return sorted(shown - own if module is convcost else shown)


def sections():
    """Return what follows each name of a module on each page."""
    for page in sorted(PAGES.glob("*.md")):
        for module, text in _MODULE.findall(page.read_text(encoding="utf-8")):
            yield page, module, text


def summarized(text):
    return [name for table in _SUMMARY.findall(text) for name in table.split()]


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.__name__)
def test_each_public_name_has_one_place(module):
    name = "convcost.formulas" if module is formulas else module.__name__
    texts = [text for _, of, text in sections() if of == name]
    others = [pair for text in texts for pair in _OTHER_NAMES.findall(text)]
    found = [one for text in texts for one in (*summarized(text), *_DATA.findall(text))]
    assert sorted([*found, *(other for other, _ in others)]) == public(module)
    for other, same in others:
        assert getattr(module, other) is getattr(module, same) or same in module.__all__


def test_each_table_lists_what_is_below_it():
    for page, module, text in sections():
        assert summarized(text) == _DETAILS.findall(text), (page.name, module)


def test_each_page_is_in_the_list_of_pages():
    listed = (PAGES.parent / "api.md").read_text(encoding="utf-8")
    listed += (PAGES / "layers.md").read_text(encoding="utf-8")
    for page in PAGES.glob("*.md"):
        assert f"{page.name})" in listed
        assert re.search(rf"^(api/)?{page.stem}$", listed, re.MULTILINE)
