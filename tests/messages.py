"""List every text that convcost shows to its users, for proofreading: `python tests/messages.py`.

First the errors and warnings of `convcost/`, found in the source without importing it, each with
its file and line; `{...}` stands for what is filled in, and ` | ` separates alternatives. Then the
help of every command, as the command line prints it. An argument names another folder to read.
"""

from __future__ import annotations

import ast
import sys
from pathlib import Path

SOURCE = Path(__file__).resolve().parent.parent / "convcost"
_WARNINGS = ("warn", "warn_explicit")


def messages(source):
    """Yield the place and the text of each error and warning in a folder of modules."""
    for path in sorted(source.rglob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        scopes = {node: scope for scope in _scopes(tree) for node in ast.walk(scope)}
        shared = _assigned(tree.body)
        for node in sorted(ast.walk(tree), key=lambda node: getattr(node, "lineno", 0)):
            known = shared | _assigned(ast.walk(scopes[node])) if node in scopes else shared
            found = _message(node, known)
            if found:
                yield f"{path.relative_to(source.parent)}:{node.lineno}", found


def _scopes(tree):
    """Yield the functions, outer ones first, so that the innermost scope of a node comes last."""
    return (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef))


def _assigned(nodes):
    """Return the texts that are assigned to each name."""
    texts = {}
    for node in nodes:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            texts.setdefault(node.targets[0].id, []).append(node.value)
    return texts


def _message(node, known):
    """Return what a statement or call tells the user, or nothing."""
    if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call) and node.exc.args:
        return f"{ast.unparse(node.exc.func)}: {_text(node.exc.args[0], known)}"
    if not isinstance(node, ast.Call):
        return ""
    name = ast.unparse(node.func).rpartition(".")[2]
    arguments = [*node.args, *(keyword.value for keyword in node.keywords)]
    if name == "refuse":
        error, subject, value, *allowed = arguments
        demand = _text(allowed[0], known) if allowed else "{SIZE}"
        kind = ast.unparse(error)
        return f"{kind}: {_text(subject, known)} must be {demand}; got {{{ast.unparse(value)}}}"
    if name.lstrip("_").startswith("refuse_") or name == "_refuse":
        return f"{name}: {'; '.join(_text(one, known) for one in arguments)}"
    if name in _WARNINGS:
        return f"warning: {_text(arguments[0], known)}"
    return ""


def _text(node, known, depth=0):
    """Return the text that an expression makes, with fields in braces."""
    if isinstance(node, ast.Constant):
        return str(node.value)
    if isinstance(node, ast.JoinedStr):
        return "".join(_text(part, known, depth) for part in node.values)
    if isinstance(node, ast.FormattedValue):
        return _text(node.value, known, depth) if _is_text(node.value) else _field(node)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        return _text(node.left, known, depth) + _text(node.right, known, depth)
    if isinstance(node, ast.IfExp):
        return f"{_text(node.body, known, depth)} | {_text(node.orelse, known, depth)}"
    if isinstance(node, ast.Name) and depth < 3:
        texts = [value for value in known.get(node.id, ()) if _is_text(value)]
        if texts:
            return " | ".join(dict.fromkeys(_text(value, known, depth + 1) for value in texts))
    return _field(node)


def _is_text(node):
    if isinstance(node, ast.IfExp):
        return _is_text(node.body) or _is_text(node.orelse)
    if isinstance(node, ast.BinOp):
        return _is_text(node.left) or _is_text(node.right)
    return isinstance(node, ast.JoinedStr) or (
        isinstance(node, ast.Constant) and isinstance(node.value, str)
    )


def _field(node):
    if isinstance(node, ast.FormattedValue):
        return ast.unparse(ast.JoinedStr([node]))[2:-1]
    return f"{{{ast.unparse(node)}}}"


def helps():
    """Yield the help of the program and of each command."""
    sys.path.insert(0, str(SOURCE.parent))  # this checkout, not an installed convcost
    import click

    from convcost._cli.main import app

    program = click.Context(app, info_name="convcost", **app.context_settings)
    yield app.get_help(program)
    for name, command in sorted(app.commands.items()):
        yield command.get_help(click.Context(command, program, info_name=name))


def main(source):
    """Print the messages, then the help texts."""
    for place, text in messages(source):
        print(f"{place}\n    {text}")
    for text in helps():
        print(f"\n{'-' * 100}\n{text}")


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve() if len(sys.argv) > 1 else SOURCE)
