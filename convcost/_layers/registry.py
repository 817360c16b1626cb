"""Layers that users register because the library doesn't know them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from convcost._exact.scalars import refuse
from convcost._layers.base import Layer
from convcost._layers.wrapping import Chain

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import TypeAlias, TypeVar

    from convcost._layers.types import GivenShape

    # Takes a layer's Keras config and the shape of its input, or the shapes of several.
    Description: TypeAlias = Callable[[Mapping[str, Any], GivenShape], object]
    Describe = TypeVar("Describe", bound=Callable[..., Layer[Any] | Sequence[Layer[Any]]])

_registered: dict[str, Description] = {}


def register(name: str) -> Callable[[Describe], Describe]:
    """Register a function that describes a layer unknown to this library.

    The decorated function takes the layer's Keras config, as a dict, and the input shape without
    the batch dimension (a list of shapes for several inputs). It returns a layer of
    `convcost.layers`, or a list of layers that compute the same in sequence; use `Custom` if no
    layer fits. It takes precedence over the library's own layers wherever a model has a layer of
    that name; registering a name again replaces the function.

    Parameters
    ----------
    name
        Name of the Keras class, or `package>Class` where Keras knows it under a package.

    Returns
    -------
    callable
        A decorator that returns the function unchanged.

    Raises
    ------
    TypeError
        If the name is not a non-empty string, or the decorated object is not callable.

    Examples
    --------
    >>> from convcost.layers import Custom, Weight, register
    >>> @register("LearnedScale")
    ... def learned_scale(config, input_shape):
    ...     return Custom(input_shape, [Weight("gamma", input_shape[-1:])])
    >>> from convcost.layers import unregister
    >>> unregister("LearnedScale")
    """
    if not isinstance(name, str) or not name:
        refuse(TypeError, "name", name, "the name of a Keras class, as text")

    def add(describe: Describe) -> Describe:
        if not callable(describe):
            registered_for = f"the function registered for {name!r}"
            refuse(TypeError, registered_for, describe, "callable with config and input_shape")
        _registered[name] = describe
        return describe

    return add


def unregister(name: str) -> None:
    """Remove the function registered under a name.

    Raises
    ------
    KeyError
        If none is registered.
    """
    if name not in _registered:
        raise KeyError(f"no layer is registered under the name {name!r}")
    del _registered[name]


def registered(*names: object) -> Description | None:
    """Return the function registered under one of these names, if any."""
    for name in names:
        if isinstance(name, str) and name in _registered:
            return _registered[name]
    return None


def describe(
    name: str, function: Description, config: Mapping[str, Any], shape: GivenShape
) -> Layer:
    """Return the layer that a registered function describes for one input."""
    made = function(config, shape)
    if isinstance(made, Layer):
        return made
    if isinstance(made, (list, tuple)) and all(isinstance(one, Layer) for one in made):
        return Chain(tuple(made))
    allowed = "a layer of convcost.layers, or a list of layers"
    refuse(TypeError, f"the result of the function registered for {name!r}", made, allowed)
