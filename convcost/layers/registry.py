"""Which class stands for which Keras layer, and how to add one."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from convcost import layers
from convcost.exact.scalars import refuse
from convcost.layers.base import Layer
from convcost.layers.elementwise import ELEMENTWISE
from convcost.layers.wrapping import Chain

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import TypeAlias, TypeVar

    Description: TypeAlias = Callable[[Mapping[str, Any], Any], Any]
    Described = TypeVar("Described", bound=Callable[..., Any])

_registered: dict[str, Callable[..., Any]] = {}


def register(name: str) -> Callable[[Described], Described]:
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
        If the name is no text, or what is decorated can't be called.

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

    def add(describe: Described) -> Described:
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


def registered(*names: Any) -> Callable[..., Any] | None:
    """Return the function that was registered under one of these names, if any."""
    for name in names:
        if isinstance(name, str) and name in _registered:
            return _registered[name]
    return None


def describe(name: str, function: Description, config: Mapping[str, Any], shape: Any) -> Layer:
    """Return the layer that a registered function makes for one input."""
    made = function(config, shape)
    if isinstance(made, Layer):
        return made
    if isinstance(made, (list, tuple)) and all(isinstance(one, Layer) for one in made):
        return Chain(tuple(made))
    allowed = "a layer of convcost.layers, or a list of them"
    refuse(TypeError, f"what is registered for {name!r} returns, which", made, allowed)


def find(kind: str) -> type[Layer] | None:
    """Return the class for a Keras class of that name, if there is one.

    Examples
    --------
    >>> find("Conv2D").__name__, find("LSTM")
    ('Conv2D', None)
    """
    return _classes().get(kind)


@cache
def argument_names(kind: str) -> tuple[str, ...]:
    """Return the names of what a known layer takes out of a Keras config.

    Examples
    --------
    >>> argument_names("Dense"), argument_names("ReLU")
    (('units', 'use_bias'), ())
    """
    return () if kind in ELEMENTWISE else _classes()[kind].argument_names()


class Maker:
    """Makes layers from Keras configs, the same object for the same arguments.

    So what a network repeats is checked once, and measured once for each shape.

    Examples
    --------
    >>> make = Maker()
    >>> layer = make("Dense", {"units": 10, "activation": "softmax", "use_bias": True})
    >>> layer, make("Dense", {"units": 10, "use_bias": True}) is layer
    (Dense(10), True)
    """

    def __init__(self) -> None:
        self._made: dict[str, Layer] = {}

    def __call__(self, kind: str, config: Mapping[str, Any]) -> Layer:
        """Return a known layer; what bears on no count is left out of its arguments."""
        names = argument_names(kind)
        key = f"{kind}{[config.get(name) for name in names]}"
        made = self._made.get(key)
        if made is None:
            if kind in ELEMENTWISE:
                made = layers.Elementwise(kind)
            else:
                given = {name: config[name] for name in names if name in config}
                made = _classes()[kind](**given)
            self._made[key] = made
        return made


@cache
def _classes() -> dict[str, type[Layer]]:
    # These are the library's own, or take a layer.
    own = {"Layer", "Chain", "Custom", "Elementwise", "TimeDistributed"}
    public = {name: getattr(layers, name) for name in layers.__all__ if name not in own}
    found = {
        name: value
        for name, value in public.items()
        if isinstance(value, type) and issubclass(value, Layer)
    }
    return found | dict.fromkeys(ELEMENTWISE, layers.Elementwise)
