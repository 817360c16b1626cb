"""Calls of nested models with a dict of tensors, by the names of the inputs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from convcost._exact.scalars import shorten
from convcost._models.errors import ModelError
from convcost._models.graph import Graph, refs
from convcost._models.trees import ordered

if TYPE_CHECKING:
    from convcost._models.graph import Call, Held


def in_order(call: Call, held: Held) -> Call:
    """Return a call with the tensors of a dict in the order of the inputs of the model it calls.

    The keys are those of the model's own dict of inputs, or, if it lists them, their names.

    Raises
    ------
    ModelError
        If the dict lacks one.
    """
    args, kwargs = call.args, call.kwargs or {}
    given = args[0] if args else kwargs.get("inputs")
    if not isinstance(held, Graph) or not isinstance(given, dict):
        return call
    own = held.inputs
    names = ordered(own) if isinstance(own, dict) else [ref.entry for ref in refs(own)]
    missing = [name for name in names if name not in given]
    if missing:
        raise ModelError(
            f"model {held.name!r} is called with a dict that has no {shorten(missing[0])}, only"
            f" {shorten(list(given))}"
        )
    listed = [given[name] for name in names]
    if args:
        return call._replace(args=(listed, *args[1:]))
    return call._replace(kwargs={**kwargs, "inputs": listed})
