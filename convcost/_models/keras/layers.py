"""Find the `convcost.layers` class of a Keras layer, and make layers from Keras configs."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from convcost import _layers as layers
from convcost._layers.elementwise import ELEMENTWISE
from convcost._models.graph import Distributed, Graph, RegisteredLayer, Traced
from convcost._models.unknown import Unknown

if TYPE_CHECKING:
    from typing import Protocol, overload

    from convcost._models.graph import Held
    from convcost._models.types import KerasLayer, KerasVariable

    class Config(Protocol):
        """A config, or an object whose `get` returns an argument by name, or the default."""

        @overload
        def get(self, name: str, /) -> object: ...
        @overload
        def get(self, name: str, default: object, /) -> object: ...


# The library's own layers, and those that wrap a layer: a config is not enough to make them.
_OWN = ("Layer", "Chain", "Custom", "Elementwise", "TimeDistributed")


def class_of(kind: str) -> type[layers.Layer] | None:
    """Return the class for the Keras class of that name, or None.

    Examples
    --------
    >>> class_of("Conv2D").__name__, class_of("Mystery")
    ('Conv2D', None)
    """
    return _classes().get(kind)


@cache
def _flags(kind: str) -> frozenset[str]:
    """Return the names of the arguments of a known layer that are True or False."""
    own = {} if kind in ELEMENTWISE else _classes()[kind].defaults()
    return frozenset(name for name, default in own.items() if isinstance(default, bool))


@cache
def argument_names(kind: str) -> tuple[str, ...]:
    """Return the names of the arguments that a known layer takes from a Keras config.

    Examples
    --------
    >>> argument_names("Dense"), argument_names("ReLU")
    (('units', 'use_bias'), ())
    """
    return () if kind in ELEMENTWISE else _classes()[kind].argument_names()


def distributed(child: Held, kind: str) -> layers.TimeDistributed | Distributed | Unknown:
    """Return the wrapper of a layer of this kind; one of an unknown layer says why.

    Examples
    --------
    >>> distributed(layers.Dense(3), "Dense"), distributed(Unknown("LSTM"), "LSTM").detail
    (TimeDistributed(Dense(3)), ' around LSTM')
    """
    if isinstance(child, layers.LoRA) and isinstance(child.layer, layers.Quantized):
        why = "Keras does not apply the scales of quantized weights there"
        return Unknown("TimeDistributed", detail=f" around {kind} with LoRA", why=why)
    if isinstance(child, layers.Layer):
        return layers.TimeDistributed(child)
    if isinstance(child, (Graph, RegisteredLayer, Traced)):
        return Distributed(child)
    unknown = child if isinstance(child, Unknown) else Unknown(kind)
    return unknown.inside("TimeDistributed", kind)


# Attributes of live layers whose names differ from those in the config.
_ATTRIBUTES = {"mean": "input_mean", "variance": "input_variance"}
_LOOKUP = {"vocabulary": "", "vocabulary_size": "_frozen_vocab_size"}
_OF_KIND = {
    "IntegerLookup": _LOOKUP,
    "StringLookup": _LOOKUP,
    "TextVectorization": {
        "max_tokens": "_max_tokens",
        "output_mode": "_output_mode",
        "output_sequence_length": "_output_sequence_length",
        "pad_to_max_tokens": "_lookup_layer.pad_to_max_tokens",
        "split": "_split",
        "vocabulary": "",
        "vocabulary_size": "_lookup_layer._frozen_vocab_size",
    },
    "EinsumDense": {"output_shape": "partial_output_shape"},
    "MultiHeadAttention": {
        "output_shape": "_output_shape",
        "sliding_window": "_sliding_window",
        "use_gate": "_use_gate",
    },
}
# Classes that Keras exports under another name.
_EXPORTED = {"GroupedQueryAttention": "GroupQueryAttention"}


def kind_of(layer: object) -> str:
    """Return the name of a live layer's class, as Keras exports it.

    Examples
    --------
    >>> kind_of(3)
    'int'
    """
    name = type(layer).__name__
    return _EXPORTED.get(name, name)


class Attributes:
    """A live layer's config, read from its attributes, since `get_config` is slow."""

    def __init__(self, layer: Any) -> None:
        self._layer = layer
        self._names = {**_ATTRIBUTES, **_OF_KIND.get(type(layer).__name__, {})}

    def get(self, name: str, default: object = None) -> object:
        """Return an attribute, or the default if it is missing."""
        if name == "dtype" and getattr(self._layer, "quantization_mode", None) is not None:
            return self._policy()
        found = self._layer
        for step in self._names.get(name, name).split("."):
            found = getattr(found, step, default)
        return found

    def _policy(self) -> dict[str, object]:
        """Return the policy of a quantized layer, as Keras saves it."""
        layer = self._layer
        policy = layer.dtype_policy
        if type(policy).__name__ == "DTypePolicyMap":
            policy = policy[layer.path]
        return {"class_name": type(policy).__name__, "config": policy.get_config()}


def own_variables(layer: KerasLayer) -> list[KerasVariable]:
    """Return the variables that a live layer holds itself, apart from those of layers inside it."""
    return [*layer._trainable_variables, *layer._non_trainable_variables]


class LayerCache:
    """Makes layers from Keras configs, the same object for the same arguments.

    Repeated layers are then checked once, and counted once for each input shape. Keras saves a flag
    as it was given: 0 and 1 are taken as False and True.

    Examples
    --------
    >>> make = LayerCache()
    >>> layer = make("Dense", {"units": 10, "activation": "softmax", "use_bias": True})
    >>> layer, make("Dense", {"units": 10, "use_bias": True}) is layer
    (Dense(10), True)
    """

    def __init__(self) -> None:
        self._made: dict[str, layers.Layer] = {}

    def __call__(self, kind: str, config: Config) -> layers.Layer:
        """Return a known layer; arguments that do not affect any count are dropped."""
        names = argument_names(kind)
        flags = _flags(kind)
        values = [
            _as_flag(value) if name in flags else value
            for name, value in ((name, config.get(name, ...)) for name in names)
        ]
        key = f"{kind}{values}"
        made = self._made.get(key)
        if made is None:
            if kind in ELEMENTWISE:
                made = layers.Elementwise(kind)
            else:
                given = zip(names, values, strict=True)
                made = _classes()[kind](**{name: one for name, one in given if one is not ...})
            self._made[key] = made
        return made


def _as_flag(value: object) -> object:
    return bool(value) if type(value) in (int, float) and value in (0, 1) else value


@cache
def _classes() -> dict[str, type[layers.Layer]]:
    public = {name: getattr(layers, name) for name in layers.__all__ if name not in _OWN}
    found = {
        name: value
        for name, value in public.items()
        if isinstance(value, type) and issubclass(value, layers.Layer)
    }
    for name, exported in _EXPORTED.items():
        found[name] = found[exported]
    return found | dict.fromkeys(ELEMENTWISE, layers.Elementwise)
