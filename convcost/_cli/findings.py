"""What checks of budgets found, as text, JSON, GitHub annotations and JUnit XML."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple
from xml.etree import ElementTree

import convcost
from convcost._report.cells import clean

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from convcost._report.budgets import Check, Limit


class Found(NamedTuple):
    """What the check of one model found: a check, or why there is none.

    Attributes
    ----------
    name
        The name of the model: in the file with budgets, or its source.
    source
        Where it was read from.
    check
        The limits with what was measured; None if the model can't be read or counted.
    error
        Why not; empty if it can.
    """

    name: str
    source: str
    check: Check | None
    error: str = ""

    @property
    def over(self) -> list[Limit]:
        """The limits that do not hold."""
        return [] if self.check is None else [one for one in self.check.limits if not one.fits]


def as_text(found: Sequence[Found]) -> str:
    """Return a line for each limit, below one for each model."""
    return "\n".join(_text(one) for one in found)


def _text(one: Found) -> str:
    if one.check is not None:
        return repr(one.check)
    return f"{_plain(one.name)}: not checked\n  {_plain(one.error)}"


def _plain(text: str) -> str:
    """Return a text in one line, without what a terminal would take for a command."""
    return clean(text, "utf-8")


def as_json(found: Sequence[Found]) -> str:
    """Return everything as JSON."""
    checks = [
        {
            "name": one.name,
            "source": one.source,
            "fits": one.check is not None and one.check.fits,
            "error": one.error or None,
            "limits": [_limit(limit) for limit in one.check.limits] if one.check else [],
            "notes": list(one.check.notes) if one.check else [],
        }
        for one in found
    ]
    fits = all(one["fits"] for one in checks)
    return json.dumps(
        {"version": 1, "convcost": convcost.__version__, "fits": fits, "checks": checks}, indent=2
    )


def _limit(limit: Limit) -> dict[str, object]:
    return {
        "quantity": limit.quantity,
        "measured": limit.measured,
        "limit": limit.limit,
        "fits": limit.fits,
        "over": limit.over,
        "baseline": limit.baseline,
        "tolerance": str(limit.tolerance),
    }


def as_github(found: Sequence[Found]) -> str:
    """Return the text, and an annotation for each limit that does not hold.

    Notes
    -----
    Workflow commands, and what is escaped in them:
    https://docs.github.com/actions/reference/workflow-commands-for-github-actions and
    `toCommandValue` in https://github.com/actions/toolkit.
    """
    lines = [as_text(found)]
    for one in found:
        if one.check is None:
            lines.append(_annotation(one.source, f"{one.name}: not checked", one.error))
        for limit in one.over:
            lines.append(_annotation(one.source, f"{one.name}: over budget", _message(limit)))
    return "\n".join(lines)


def _message(limit: Limit) -> str:
    return " ".join(str(limit).removeprefix("OVER").split())


def _annotation(source: str, title: str, message: str) -> str:
    where = _escape(_in_repository(source), ":,")
    return f"::error file={where},title={_escape(_plain(title), ':,')}::{_escape(_plain(message))}"


def _in_repository(source: str) -> str:
    """Return the path of a file relative to its repository, where that is known."""
    if source.isidentifier() and not os.path.lexists(source):
        return source  # a model of Keras Applications
    path = Path(source).resolve()
    workspace = os.environ.get("GITHUB_WORKSPACE")
    roots = [Path(workspace).resolve()] if workspace else []
    roots += [folder for folder in path.parents if (folder / ".git").exists()][:1]
    inside = next((root for root in roots if path.is_relative_to(root)), None)
    return source if inside is None else path.relative_to(inside).as_posix()


def _escape(text: str, more: str = "") -> str:
    for one in ("%", "\r", "\n", *more):
        text = text.replace(one, f"%{ord(one):02X}")
    return text


def as_junit(found: Sequence[Found]) -> str:
    """Return JUnit XML: a suite for each model, with a test case for each limit."""
    suites = ElementTree.Element("testsuites", name="convcost check")
    for one in found:
        cases = list(_cases(one))
        suite = ElementTree.SubElement(
            suites,
            "testsuite",
            name=_printable(one.name),
            tests=str(len(cases)),
            failures=str(len(one.over)),
            errors=str(int(one.check is None)),
        )
        suite.extend(cases)
    ElementTree.indent(suites)
    made: str = ElementTree.tostring(suites, encoding="unicode", xml_declaration=True)
    return made


def _cases(one: Found) -> Iterator[ElementTree.Element]:
    if one.check is None:
        case = ElementTree.Element("testcase", classname=_printable(one.name), name="readable")
        ElementTree.SubElement(case, "error", message=_printable(one.error))
        yield case
        return
    for limit in one.check.limits:
        name = f"{limit.quantity} {'of the baseline' if limit.baseline is not None else 'limit'}"
        case = ElementTree.Element("testcase", classname=_printable(one.name), name=name)
        if not limit.fits:
            ElementTree.SubElement(case, "failure", message=_message(limit))
        yield case


def _printable(text: str) -> str:
    """Return a text without characters that XML can't hold."""
    return "".join(one if one.isprintable() else "?" for one in text)


FORMATS: dict[str, Callable[[Sequence[Found]], str]] = {
    "text": as_text,
    "json": as_json,
    "github": as_github,
    "junit": as_junit,
}
SUFFIXES = {".txt": "text", ".json": "json", ".xml": "junit"}
