"""The table of KerasHub in the docs, where it is installed: no class is missing."""

import sys

import pytest

pytest.importorskip("keras_hub", reason="only for the table in the docs")


def test_the_table_has_a_line_for_each_class(root):
    sys.path.insert(0, str(root / "docs"))
    import kerashub_models

    table = (root / "docs" / "_kerashub.md").read_text(encoding="utf-8")
    listed = [line.split("|")[1].strip() for line in table.splitlines() if line.startswith("| ")]
    assert listed[1:] == kerashub_models.names()
