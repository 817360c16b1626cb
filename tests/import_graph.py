"""The imports of `convcost/`, read from its source: `python tests/import_graph.py [folder]`.

A room is a module directly in `convcost/`, or a package there with everything in it. Imports inside
functions count, `TYPE_CHECKING` blocks don't.
"""

import ast
import sys
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import NamedTuple

PACKAGE = "convcost"
SOURCE = Path(__file__).parent.parent / PACKAGE
# Public despite their underscores.
NAMED_TUPLE = ("_asdict", "_fields", "_make", "_replace")
# The public names of the package, and the modules that they are imported from when first used.
FOUND_BY_NAME = ("_HOMES", "_MODULES")


class Import(NamedTuple):
    """An imported module, and the names that are imported from it."""

    target: str
    names: tuple[str, ...]


def module_name(path, source=SOURCE):
    """Return the dotted name of a file."""
    parts = path.relative_to(source).with_suffix("").parts
    return ".".join((PACKAGE, *(part for part in parts if part != "__init__")))


def room(module):
    """Return the room of a module; the package's own `__init__.py` is `__init__`."""
    return [*module.split("."), "__init__"][1]


def trees(source=SOURCE):
    """Return the syntax tree of each module by its name."""
    return {
        module_name(path, source): ast.parse(path.read_text(encoding="utf-8"))
        for path in sorted(source.rglob("*.py"))
    }


def is_type_checking(node):
    return isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test)


def walk(node):
    """Yield the nodes that run: all except those in `if TYPE_CHECKING:` blocks."""
    for child in ast.iter_child_nodes(node):
        if is_type_checking(child):
            for other in child.orelse:
                yield other
                yield from walk(other)
        else:
            yield child
            yield from walk(child)


def imports(tree, known):
    """Yield the modules of this package that a module imports, or imports lazily by name."""
    for node in walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                if alias.name in known:
                    yield Import(alias.name, ())
        elif isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) in FOUND_BY_NAME:
            value = ast.literal_eval(node.value)
            for home in value.values() if isinstance(value, dict) else value:
                yield Import(f"{PACKAGE}.{home}", ())
        elif isinstance(node, ast.ImportFrom):
            # The package has no relative imports; ruff's rule TID252 checks that.
            assert not node.level, ast.unparse(node)
            for alias in node.names if node.module and room_of_package(node.module) else ():
                inner = f"{node.module}.{alias.name}"
                if inner in known:
                    yield Import(inner, ())
                else:
                    yield Import(node.module, (alias.name,))


def room_of_package(module):
    return module == PACKAGE or module.startswith(f"{PACKAGE}.")


def module_graph(source=SOURCE):
    """Return the modules that each module imports."""
    found = trees(source)
    return {
        name: {one.target for one in imports(tree, found)} - {name} for name, tree in found.items()
    }


def room_graph(graph):
    """Return the rooms that the modules of each room import."""
    rooms = {room(module): set() for module in graph}
    for module, targets in graph.items():
        rooms[room(module)] |= {room(target) for target in targets} - {room(module)}
    return rooms


def find_circle(graph):
    """Return the modules or rooms of one cycle, or None."""
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        return error.args[1]
    return None


def floors(graph):
    """Return the floor of each room of an acyclic graph: one above the highest it imports."""
    level = {}
    for name in TopologicalSorter(graph).static_order():
        level[name] = 1 + max((level[target] for target in graph.get(name, ())), default=0)
    return level


def private_uses(source=SOURCE):
    """Yield each use of a private name of another room: where, and the name."""
    found = trees(source)
    own = {}
    for module, tree in found.items():
        own.setdefault(room(module), set()).update(private_definitions(tree))
    anywhere = set().union(*own.values())
    for module, tree in found.items():
        others = anywhere - own[room(module)]
        for one in imports(tree, found):
            parts = (*one.target.split(".")[2:], *one.names)
            if room(one.target) != room(module) and any(map(is_private, parts)):
                yield module, f"{one.target}: {', '.join(one.names)}"
        for node in walk(tree):
            if isinstance(node, ast.Attribute) and node.attr in others:
                yield module, f".{node.attr} in line {node.lineno}"


def is_private(name):
    return name.startswith("_") and not name.startswith("__") and name not in NAMED_TUPLE


def private_definitions(tree):
    """Yield the private names that a module defines: functions, classes, attributes, variables."""
    for node in ast.walk(tree):
        names = ()
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            names = (node.name,)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            names = (node.id,)
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            names = (node.attr,)
        elif isinstance(node, ast.keyword) and node.arg:
            names = (node.arg,)  # _set(_name=...)
        yield from filter(is_private, names)


def strong_components(graph):
    """Return the sets of modules or rooms that reach each other, without those of a single one."""

    def reach(start):
        seen, pending = set(), [start]
        while pending:
            for target in graph.get(pending.pop(), ()):
                if target not in seen:
                    seen.add(target)
                    pending.append(target)
        return seen

    reached = {name: reach(name) for name in graph}
    return {
        frozenset(one for one in reached[name] if name in reached.get(one, ()))
        for name in graph
        if name in reached[name]
    }


def main(source):
    """Print the number of modules, rooms and imports, and the floors."""
    modules = module_graph(source)
    rooms = room_graph(modules)
    circles = strong_components(rooms)
    print(f"{len(modules)} modules, {sum(map(len, modules.values()))} imports between modules")
    print(f"{len(rooms)} rooms, {sum(map(len, rooms.values()))} imports between rooms")
    print(f"{len(circles)} cycles of rooms: {[sorted(circle) for circle in circles]}")
    print(f"{len(strong_components(modules))} cycles of modules")
    print(f"{len(list(private_uses(source)))} uses of another room's private names")
    if not circles:
        levels = floors(rooms)
        print(f"{max(levels.values())} floors")
        for level in range(max(levels.values()), 0, -1):
            print(f"  {level}: {', '.join(sorted(r for r in levels if levels[r] == level))}")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else SOURCE)
