"""The table of common mistakes shows what convcost says of them."""

import importlib
import sys

import pytest


@pytest.fixture(scope="module")
def docs(root):
    sys.path.insert(0, str(root / "docs"))
    return importlib.import_module("mistakes")


def test_the_page_shows_what_each_mistake_is_told(docs, monkeypatch):
    monkeypatch.delenv("COLUMNS", raising=False)
    assert docs.page().splitlines() == docs.TABLE.read_text(encoding="utf-8").splitlines()


def test_there_are_fifty_on_the_shell_and_in_python(docs):
    for all_ in (docs.SHELL, docs.PYTHON):
        assert len({one for some in all_.values() for one in some}) >= 50


def test_what_is_no_mistake_is_not_shown(docs, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(AssertionError, match="convcost separable 3 32 64 28 ended with 0"):
        docs.on_shell("convcost separable 3 32 64 28")
    with pytest.raises(AssertionError, match="1 \\+ 1 is no mistake: 2"):
        docs.in_python("1 + 1", {})
