"""Check from the source that every import between rooms goes down."""

import re
from pathlib import Path

import pytest
from import_graph import (
    PACKAGE,
    find_circle,
    module_graph,
    private_uses,
    room_graph,
)

ROOT = Path(__file__).parent.parent
TABLE = ROOT / "docs" / "architecture.md"
LONGEST_FILE = 400


@pytest.fixture(scope="module")
def modules():
    return module_graph()


@pytest.fixture(scope="module")
def table():
    """The floor of each room, and the rooms that it imports, from the docs."""
    row = re.compile(r"\| (\d+) \| `([^`]+)` \|.*\| ([^|]*) \|$", re.MULTILINE)
    found = {}
    for floor, name, imported in row.findall(TABLE.read_text(encoding="utf-8")):
        name = name.rstrip("/").removesuffix(".py")
        found[name] = int(floor), {one.strip("`/") for one in re.findall(r"`[^`]+`", imported)}
    return found


def test_no_module_imports_itself_by_way_of_others(modules):
    circle = find_circle(modules)
    assert circle is None, " imports ".join(circle)


def test_every_import_between_rooms_goes_down(modules, table):
    up = [
        f"{room} (floor {table[room][0]}) imports {target} (floor {table[target][0]})"
        for room, targets in room_graph(modules).items()
        for target in targets
        if table[room][0] <= table[target][0]
    ]
    assert not up


def test_no_room_uses_another_rooms_private_names():
    assert list(private_uses()) == []


def test_the_table_of_the_rooms_is_what_the_source_says(modules, table):
    rooms = room_graph(modules)
    assert {room: imported for room, (_, imported) in table.items()} == rooms


def test_the_package_imports_when_asked_only_what_its_table_says(modules):
    import convcost

    assert modules[PACKAGE] <= {*modules}
    for name in convcost.__all__:
        assert getattr(convcost, name) is not None


@pytest.mark.parametrize("folder", [PACKAGE, "tests", "examples", "benchmarks", "docs"])
def test_files_are_short_enough_to_read(folder):
    lines = {
        str(path.relative_to(ROOT)): len(path.read_text(encoding="utf-8").splitlines())
        for path in (ROOT / folder).rglob("*.py")
        if "_build" not in path.parts
    }
    assert {path: count for path, count in lines.items() if count > LONGEST_FILE} == {}
