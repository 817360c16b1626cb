"""Tables of what is known and what isn't; each number in them is counted by running a check."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from rich.progress import track

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from types import ModuleType
    from typing import Protocol

    class Setting(Protocol):
        """One use of what is checked."""

        def check(self) -> bool:
            """Raise an error unless Keras agrees; tell whether JAX's record agrees, too."""


class Tally(NamedTuple):
    """How many settings were tried, all of which Keras confirms, and how many JAX confirms."""

    settings: int
    jax: int


def names_in(module: ModuleType, kind: type = object) -> dict[str, list[str]]:
    """Return what is public in a module by name, each with its other names.

    The first name is that of the object itself, if it is public.
    """
    names: dict[int, list[str]] = {}
    for name, value in sorted(vars(module).items()):
        if not name.startswith("_") and isinstance(value, kind):
            own = name == getattr(value, "__name__", None)
            names.setdefault(id(value), []).insert(0 if own else len(names), name)
    return {first: others for first, *others in sorted(names.values())}


def tally(
    names: Iterable[str], settings: Callable[[str], Sequence[Setting]], what: str
) -> dict[str, Tally]:
    """Check all settings of each name, and count them."""
    return {
        name: Tally(len(settings(name)), sum(one.check() for one in settings(name)))
        for name in track(list(names), description=what)
    }


def table(head: Sequence[str], rows: Iterable[Sequence[object]], numbers: int = 0) -> str:
    """Return a table in Markdown, the last columns of which are numbers."""
    rules = ["---"] * (len(head) - numbers) + ["---:"] * numbers
    lines = [head, rules, *rows]
    return "".join(f"| {' | '.join(map(str, line))} |\n" for line in lines)


def reasons(head: str, why: Mapping[str, str]) -> str:
    """Return a table of names and why each is not known."""
    return table((head, "why"), [(f"`{name}`", reason) for name, reason in sorted(why.items())])
