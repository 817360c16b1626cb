"""Layers that this library doesn't know, as somebody registers them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from convcost.exact.scalars import refuse
from convcost.layers.base import Layer
from convcost.layers.wrapping import Chain

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import TypeAlias, TypeVar

    Description: TypeAlias = Callable[[Mapping[str, Any], Any], Any]
    Describe = TypeVar("Describe", bound=Callable[..., Any])

_registered: dict[str, Callable[..., Any]] = {}


def register(name: str) -> Callable[[Describe], Describe]:
    """Say what a layer costs that this library doesn't know.

    The decorated function takes the layer's Keras config, as a dict, and the shape of the input
    without the batch (a list of shapes where there are several), and returns a layer of
    `convcost.layers` or a list of layers that do the same one after another. For what no layer
    expresses there is `Custom`. It is used wherever a model has a layer of that name, before the
    library's own; registering a name again replaces what was there.

    Parameters
    ----------
    name
        Name of the Keras class, or `package>Class` where Keras knows it under a package.

    Returns
    -------
    callable
        A decorator that leaves the function as it is.

    Raises
    ------
    TypeError
        If the name is not a text, or what is decorated can't be called.

    Examples
    --------
    >>> from convcost.layers import Custom, Weight, register
    >>> @register("LearnedScale")
    ... def learned_scale(config, input_shape):
    ...     return Custom(input_shape, [Weight("gamma", input_shape[-1:])])
    >>> from convcost.layers.registry import unregister
    >>> unregister("LearnedScale")
    """
    if not isinstance(name, str) or not name:
        refuse(TypeError, "name", name, "the name of a Keras class")

    def add(describe: Describe) -> Describe:
        if not callable(describe):
            refuse(TypeError, name, describe, "a function of config and input_shape")
        _registered[name] = describe
        return describe

    return add


def unregister(name: str) -> None:
    """Forget what was registered under a name.

    Raises
    ------
    KeyError
        If nothing was.
    """
    del _registered[name]


def registered(*names: object) -> Callable[..., Any] | None:
    """Return the function that was registered under one of these names, if any."""
    for name in names:
        if isinstance(name, str) and name in _registered:
            return _registered[name]
    return None


def describe(name: str, function: Description, config: Mapping[str, Any], shape: object) -> Layer:
    """Return the layer that a registered function makes for one input."""
    made = function(config, shape)
    if isinstance(made, Layer):
        return made
    if isinstance(made, (list, tuple)) and all(isinstance(one, Layer) for one in made):
        return Chain(tuple(made))
    allowed = "a layer of convcost.layers, or a list of them"
    refuse(TypeError, f"what is registered for {name!r} returns, which", made, allowed)
