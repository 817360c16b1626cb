"""Leave a layer as it was, whatever its code does while it is traced."""

from __future__ import annotations

import random
from collections import OrderedDict
from contextlib import contextmanager
from operator import is_
from typing import TYPE_CHECKING, Any, NamedTuple

import keras
from keras.src.backend.common import global_state

from convcost._models.keras.layers import own_variables

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator
    from typing import TypeGuard

    from convcost._models.types import KerasLayer

# What other threads may append to meanwhile; recording takes care of it.
_SHARED = ("_inbound_nodes", "_outbound_nodes")
_SEEDS = "global_seed_generator"
_MISSING = object()
_NESTED = (list, dict, set, tuple)
_COPIES = (list, OrderedDict, dict, set)


class NotBuiltError(ValueError):
    """A layer makes its weights only in the call that is traced."""

    way = "call it once with inputs of these shapes, so that all of it is built"


class _Kept(NamedTuple):
    """The attributes of a layer, what its containers hold, and how many weights it has."""

    layer: KerasLayer
    values: dict[str, object]
    contents: list[tuple[Any, Any]]
    weights: int
    # What its tracker knows, and whether it takes more.
    tracked: dict[str, set[int]]
    locked: tuple[object, object]


@contextmanager
def unchanged(layer: object) -> Iterator[None]:
    """Restore all attributes of a layer, and of those inside it, when the context ends.

    Raises
    ------
    NotBuiltError
        If a layer inside it got weights in the context.
    """
    inside = layer._flatten_layers() if isinstance(layer, keras.Layer) else ()
    kept = [_keep(one) for one in inside]
    try:
        with same_globals(_SEEDS):
            yield
        for one in kept:
            if len(own_variables(one.layer)) > one.weights:
                raise NotBuiltError(f"makes the weights of layer {one.layer.name!r}")
    finally:
        for one in kept:
            _restore(one)


@contextmanager
def same_globals(*names: str) -> Iterator[None]:
    """Restore Python's random numbers, and global attributes of Keras, when the context ends."""
    numbers = random.getstate()
    values = [(name, global_state.get_global_attribute(name)) for name in names]
    kept = [(name, one.copy() if _is_container(one) else one) for name, one in values]
    try:
        yield
    finally:
        random.setstate(numbers)
        for name, value in kept:
            global_state.set_global_attribute(name, value)


@contextmanager
def unless_read(layer: Any) -> Iterator[None]:
    """Restore all attributes of a layer, and of those inside it, if the context raises."""
    kept = [_keep(one) for one in layer._flatten_layers()]
    try:
        yield
    except BaseException:
        for one in kept:
            _restore(one)
        raise


@contextmanager
def put(values: Iterable[tuple[Any, str, object]]) -> Iterator[None]:
    """Set attributes of classes and modules, one after the other, and restore them at the end.

    `unittest.mock.patch` does so, too, but takes longer than the code that is traced.
    """
    before = []
    try:
        for owner, name, value in values:
            before.append((owner, name, vars(owner).get(name, _MISSING)))
            setattr(owner, name, value)
        yield
    finally:
        for owner, name, value in reversed(before):
            if value is _MISSING:
                delattr(owner, name)
            else:
                setattr(owner, name, value)


def _keep(layer: KerasLayer) -> _Kept:
    values = {name: one for name, one in vars(layer).items() if name not in _SHARED}
    contents = [(one, _copied(one)) for one in _containers(values.values())]
    tracker = layer._tracker
    tracked = {name: set(ids) for name, ids in tracker.stored_ids.items()}
    locked = (tracker.locked, tracker._lock_violation_msg)
    return _Kept(layer, values, contents, len(own_variables(layer)), tracked, locked)


def _containers(values: Iterable[object]) -> Iterator[Any]:
    """Yield the lists, dicts and sets among values, and those in them."""
    # Most values are none, and are left out here, where that takes the least time.
    pending, seen = [one for one in values if isinstance(one, _NESTED)], set()
    while pending:
        one = pending.pop()
        if id(one) not in seen:
            seen.add(id(one))
            # TensorFlow wraps tuples, which can't be added to a list.
            inside = one.values() if isinstance(one, dict) else one
            pending.extend([each for each in inside if isinstance(each, _NESTED)])
            if not isinstance(one, tuple):
                yield one


def _is_container(value: object) -> TypeGuard[list[Any] | dict[Any, Any] | set[Any]]:
    return isinstance(value, (list, dict, set))


def _copied(container: Any) -> object:
    return next(kind for kind in _COPIES if isinstance(container, kind))(container)


def _restore(kept: _Kept) -> None:
    now = vars(kept.layer)
    for name in [one for one in now if one not in kept.values and one not in _SHARED]:
        del now[name]
    for name, value in kept.values.items():
        if now.get(name, kept) is not value:
            now[name] = value
    for container, content in kept.contents:
        _refill(container, content)
    tracker = kept.layer._tracker
    tracker.locked, tracker._lock_violation_msg = kept.locked
    for name, ids in kept.tracked.items():
        tracker.stored_ids[name].intersection_update(ids)


def _refill(container: Any, content: Any) -> None:
    """Give a container what it held, past what Keras does when something is added."""
    if isinstance(container, list):
        if not _same(container, content):
            list.__setitem__(container, slice(None), content)
    elif isinstance(container, set):
        if container != content:
            set.clear(container)
            set.update(container, content)
    elif not (_same(container, content) and _same(container.values(), content.values())):
        kind = OrderedDict if isinstance(container, OrderedDict) else dict
        kind.clear(container)
        for key, value in content.items():
            kind.__setitem__(container, key, value)


def _same(left: Collection[object], right: Collection[object]) -> bool:
    return len(left) == len(right) and all(map(is_, left, right))
