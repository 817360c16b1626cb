"""Whether what a layer's `build` made for one input shape is what it makes for another.

A layer of one's own may make weights, layers and numbers from the shape that it is built with. A
call at other sizes still has those. A copy of the layer, made from its config, tells whether they
would be others: it is built with both shapes, without values for its weights.
"""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

import keras
import numpy as np
from keras.src.models.functional import Functional

from convcost._models.errors import named
from convcost._models.keras.layers import own_variables
from convcost._models.keras.origins import is_keras
from convcost._models.keras.unchanged import same_globals

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping
    from typing import TypeAlias

    from convcost._models.types import KerasVariable

    # Shapes as `build` takes them, by the names of its arguments; they may be nested.
    Shapes: TypeAlias = Mapping[str, object]

# The classes whose `build` makes nothing itself.
_PLAIN = (keras.Layer, keras.Model, keras.Sequential, Functional)
# Lists that Keras appends to, and counts, whenever a layer or a weight is made.
_GLOBAL = ("object_name_uids", "uninitialized_variables")


def agrees(layer: Any, args: tuple[object, ...], kwargs: dict[str, object]) -> bool:
    """Tell whether a layer is built with the shapes of these arguments, as far as `build` sees."""
    before: Shapes = getattr(layer, "_build_shapes_dict", None) or {}
    return bool(before) and _agree(before, _given(layer, before, args, kwargs))


def unsettled(layer: Any, args: tuple[object, ...], kwargs: dict[str, object]) -> set[Hashable]:
    """Return the identities of a layer's weights that might have other shapes at these sizes.

    Those of Keras's layers in it follow their inputs; only code that uses them itself is wrong.

    Raises
    ------
    ValueError
        If its `build` makes something else with the shapes of these arguments, or nothing tells.
    """
    before: Shapes = getattr(layer, "_build_shapes_dict", None) or {}
    if not before or not _makes(layer) or agrees(layer, args, kwargs):
        return set()
    after = _given(layer, before, args, kwargs)
    try:
        if after is None:
            raise TypeError("the arguments of build don't have the names of those of call")
        with same_globals(*_GLOBAL), keras.StatelessScope(initialize_variables=False):
            first, second = _copy(layer, before), _copy(layer, after)
            differs = _facts(first) != _facts(second)
            alike = _shapes(own_variables(first)) == _shapes(own_variables(layer))
    except Exception as error:
        # The user's code may raise anything.
        why = f"nothing tells what it makes at other sizes ({named(error)})"
        raise _stale(before, why) from None
    if differs or not alike:
        raise _stale(before, f"it makes something else for {_shown(after)}")
    own = {id(one) for one in own_variables(layer)}
    shapes = [_shapes(one.weights) for one in (layer, first, second)]
    equal = all(len(one) == len(shapes[0]) for one in shapes)
    return {
        ("variable", id(one))
        for place, one in enumerate(layer.weights)
        if id(one) not in own and not (equal and len({made[place] for made in shapes}) == 1)
    }


def _stale(before: Shapes, why: str) -> ValueError:
    return ValueError(
        f"its build was called with {_shown(before)}, and {why}: build the model at that size in"
        " Keras, and read it again"
    )


def _shown(shapes: Shapes) -> str:
    return ", ".join(map(str, shapes.values()))


def _makes(layer: Any) -> bool:
    """Tell whether a layer has a `build` of its own, which may make something."""
    owner = next(one for one in type(layer).__mro__ if "build" in vars(one))
    if owner in _PLAIN:
        return False
    if layer.weights or layer._layers:
        return True
    stored = inspect.unwrap(vars(owner)["build"]).__code__.co_names
    return not set(stored) <= {"super", "build", "built"}


def _given(
    layer: Any, before: Shapes, args: tuple[object, ...], kwargs: dict[str, object]
) -> dict[str, object] | None:
    """Return the shapes of arguments as `build` takes them, with the batch that it was given."""
    given = inspect.signature(layer.call).bind(*args, **kwargs).arguments
    shapes = {
        f"{name}_shape": keras.tree.map_structure(lambda one: tuple(one.shape), value)
        for name, value in given.items()
        if _is_tensors(value)
    }
    if len(before) == 1 and shapes:
        (name,) = before
        shapes = {name: next(iter(shapes.values()))}
    if not before.keys() <= shapes.keys():
        return None
    return {name: _with_batch(shapes[name], before[name]) for name in before}


def _is_tensors(value: object) -> bool:
    found = keras.tree.flatten(value)
    return bool(found) and all(isinstance(one, keras.KerasTensor) for one in found)


def _is_shape(value: object) -> bool:
    return isinstance(value, (tuple, list)) and all(
        one is None or isinstance(one, int) for one in value
    )


def _with_batch(after: Any, before: Any) -> Any:
    """Return shapes with the batch of others: what `build` made does not depend on that."""
    if _is_shape(after) and _is_shape(before):
        return (*before[:1], *after[1:])
    if isinstance(after, dict) and isinstance(before, dict):
        return {name: _with_batch(after[name], before.get(name)) for name in after}
    if isinstance(after, (list, tuple)) and isinstance(before, (list, tuple)):
        return [_with_batch(*pair) for pair in zip(after, before, strict=False)]
    return after


def _agree(before: Any, after: Any) -> bool:
    """Tell whether shapes agree in each side that was known when the layer was built."""
    if _is_shape(before) and _is_shape(after):
        pairs = zip(before, after, strict=False)
        return len(before) == len(after) and all(old in (None, new) for old, new in pairs)
    if isinstance(before, dict) and isinstance(after, dict):
        return before.keys() == after.keys() and all(_agree(before[k], after[k]) for k in before)
    if isinstance(before, (list, tuple)) and isinstance(after, (list, tuple)):
        return len(before) == len(after) and all(map(_agree, before, after))
    return False


def _copy(layer: Any, shapes: Shapes) -> Any:
    """Return another layer of the same config, built with these shapes."""
    inside = {id(one) for one in _flat(layer)}
    made: Any = _again(layer)
    if any(id(one) in inside for one in _flat(made)):
        raise TypeError("its config holds layers of the model")
    made.build(**shapes)
    return made


def _again(layer: Any) -> Any:
    """Return a layer that is not built, of the same config, or, if it has none, as it is itself."""
    try:
        config = layer.get_config()
    except NotImplementedError:
        if layer._layers:
            raise
        return _with_same_attributes(layer)
    classes = {type(one).__name__: type(one) for one in _flat(layer)}
    with keras.utils.custom_object_scope(classes):
        return type(layer).from_config(config)


def _with_same_attributes(layer: Any) -> Any:
    kind: Any = type(layer)
    made: Any = kind.__new__(kind)
    keras.Layer.__init__(made, dtype=layer.dtype_policy)
    for name, value in vars(layer).items():
        known = name in vars(made) or name.startswith("_self_")  # TensorFlow's, which hold weights
        if not known and not isinstance(value, keras.Variable):
            setattr(made, name, value)
    return made


def _flat(layer: Any) -> list[Any]:
    """Return a layer, those in it, and their variables."""
    return [*layer._flatten_layers(), *layer.variables]


def _shapes(weights: list[KerasVariable]) -> list[tuple[int, ...]]:
    return [tuple(one.shape) for one in weights]


def _facts(layer: Any) -> object:
    """Return what a layer is made of: comparable, and equal for layers that compute alike."""
    kind = type(layer)
    if is_keras(kind.__module__) and isinstance(layer, keras.Model):
        # Its config has the names of its layers, which are numbered through.
        return kind, [_facts(one) for one in getattr(layer, "operations", layer.layers)]
    if is_keras(kind.__module__):
        return kind, repr(_nameless(layer.get_config()))
    known = vars(keras.Model()).keys()
    own = {name: _fact(value) for name, value in vars(layer).items() if name not in known}
    return kind, _shapes(own_variables(layer)), [_facts(one) for one in layer._layers], own


def _nameless(config: object) -> object:
    if isinstance(config, dict):
        return {key: _nameless(value) for key, value in config.items() if key != "name"}
    return [_nameless(one) for one in config] if isinstance(config, (list, tuple)) else config


def _fact(value: Any) -> object:
    """Return what of an attribute can be compared."""
    if value is None or isinstance(value, (bool, int, float, complex, str, bytes)):
        return value
    if isinstance(value, (list, tuple)):
        return [_fact(one) for one in value]
    if isinstance(value, dict):
        return {key: _fact(one) for key, one in value.items()}
    if isinstance(value, (keras.Variable, keras.Layer)) or not hasattr(value, "shape"):
        return type(value)
    return np.asarray(value).tolist()
