"""Arguments of Keras's layers that can't change a cost: checked, accepted and kept.

A layer has fields for what its shapes, weights and costs follow from. Everything else that Keras's
class of the same name takes is kept beside them, so that the call of a Keras model makes a layer.
"""

from __future__ import annotations

from functools import cache
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

from convcost._exact.scalars import did_you_mean, refuse, refuse_choice, refuse_missing
from convcost._layers.keras_arguments import EVERY, keras_arguments

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

NOTHING: Mapping[str, object] = MappingProxyType({})

# Functions of each element; `glu`, which halves the last axis, is not one.
_NAMES = """
    celu elu exponential gelu hard_shrink hard_sigmoid hard_silu hard_swish hard_tanh leaky_relu
    linear log_sigmoid log_softmax mish relu relu6 selu sigmoid silu soft_shrink softmax softplus
    softsign sparse_plus sparse_sigmoid sparsemax squareplus swish tanh tanh_shrink threshold
"""
_ACTIVATIONS = tuple(_NAMES.split())
_INTERPOLATIONS = ("bicubic", "bilinear", "lanczos3", "lanczos5", "nearest")
_FLAGS = ("autocast", "go_backwards", "mask_zero", "stateful", "synchronized", "trainable")
_MORE_FLAGS = ("unit_forget_bias", "unroll", "zero_output_for_mask")
_RATES = ("dropout", "rate", "recurrent_dropout")
_INSTEAD = {
    "lora_rank": "None; LoRA(layer, lora_rank) of convcost.layers has the weights that it adds",
    "quantization_config": "None; Quantized(layer, mode) of convcost.layers has its weights",
}


class Taken(NamedTuple):
    """What a class takes.

    Attributes
    ----------
    own
        The names of its own arguments.
    positional
        As many arguments may be positional in the order that it shares with Keras's class.
    order
        The names of the arguments of Keras's class; None if Keras has no such class.
    """

    own: frozenset[str]
    positional: int
    order: tuple[str, ...] | None


@cache
def taken(kind: type) -> Taken:
    """Return what a class of layers takes."""
    from inspect import Parameter, signature

    _, *given = signature(kind.__init__).parameters.values()  # type: ignore[misc]
    # Where a class writes its arguments down itself, what it keeps stands there for checkers.
    parameters = [one for one in given if one.kind is not Parameter.VAR_KEYWORD]
    own = [one.name for one in parameters]
    first = [one.name for one in parameters if one.kind is not Parameter.KEYWORD_ONLY]
    table = keras_arguments()
    order = next((table[base.__name__] for base in kind.__mro__ if base.__name__ in table), None)
    if not order:
        # Keras has it no more, or only inside of its applications.
        return Taken(frozenset(own), len(first), None if order is None else tuple(own))
    shared = 0
    while shared < len(first) and first[shared : shared + 1] == list(order[shared : shared + 1]):
        shared += 1
    return Taken(frozenset(own), shared, order)


# Found once: a layer is made in a few microseconds.
_make = type.__call__


class Keeping(type):
    """The class of classes of layers: what Keras takes and no cost follows from is kept apart."""

    if not TYPE_CHECKING:

        def __call__(cls, *args: Any, **options: Any) -> Any:
            """Make a layer."""
            own, positional, _ = takes = taken(cls)
            kept = None
            if len(args) > positional or (options and not own.issuperset(options)):
                args, options, kept = _divided(cls.__name__, takes, args, options)
            try:
                made = _make(cls, *args, **options)
            except TypeError as error:
                refuse_missing(cls.__name__, error)
                raise
            if kept:
                object.__setattr__(made, "kept", kept)
            return made

        @property
        def __signature__(cls) -> Any:
            """The arguments, those that are kept included."""
            from inspect import Parameter, signature

            takes = taken(cls)
            _, *given = signature(cls.__init__).parameters.values()
            parameters = [one for one in given if one.kind is not Parameter.VAR_KEYWORD]
            names = sorted({*(takes.order or ()), *EVERY} - takes.own) if takes.order else ()
            more = [Parameter(name, Parameter.KEYWORD_ONLY, default=None) for name in names]
            return signature(cls.__init__).replace(parameters=[*parameters, *more])


def _divided(
    name: str, takes: Taken, args: tuple[Any, ...], options: dict[str, Any]
) -> tuple[tuple[Any, ...], dict[str, Any], dict[str, Any]]:
    """Return the arguments of a call by place and by name, and those that are kept."""
    order = takes.order
    if order is None:
        _refuse_unknown(name, options, takes.own)
        return args, options, {}
    if len(args) > takes.positional:
        if len(args) > len(order):
            raise TypeError(f"{name} takes {len(order)} arguments by place; got {len(args)}")
        placed = dict(zip(order, args, strict=False))
        twice = next((one for one in placed if one in options), None)
        if twice is not None:
            raise TypeError(f"{name} got its argument {twice!r} twice, by place and by name")
        args, options = (), {**placed, **options}
    _refuse_unknown(name, options, {*takes.own, *order, *EVERY})
    kept = {key: options[key] for key in options if key not in takes.own}
    for key, value in kept.items():
        _CHECKS.get(key, _accept)(key, value)
    return args, {key: options[key] for key in options if key in takes.own}, kept


def _refuse_unknown(name: str, options: Mapping[str, object], known: Any) -> None:
    for one in options:
        if one not in known:
            raise TypeError(f"{name} has no argument {one!r}{did_you_mean(one, sorted(known))}")


def _accept(name: str, value: object) -> None:
    """Accept any value."""


def _check_activation(name: str, value: object) -> None:
    """Refuse an activation that may compute more than a function of each element."""
    known = value if isinstance(value, str) else getattr(value, "__name__", None)
    if value is None or known in _ACTIVATIONS:
        return
    if isinstance(value, str):
        refuse_choice(name, value, _ACTIVATIONS)
    allowed = "the name of an activation, or a function of that name; add another one as a layer"
    refuse(TypeError, name, value, f"{allowed} of its own, as in Chain([layer, activation])")


def _check_interpolation(name: str, value: object) -> None:
    if value not in _INTERPOLATIONS:
        refuse_choice(name, value, _INTERPOLATIONS)


def _check_flag(name: str, value: object) -> None:
    if not isinstance(value, bool) and value not in (0, 1):
        refuse(TypeError, name, value, "True or False")


def _check_rate(name: str, value: object) -> None:
    if not isinstance(value, (int, float)) or isinstance(value, bool) or not 0 <= value <= 1:
        refuse(ValueError, name, value, "a number from 0 to 1")


def _check_name(name: str, value: object) -> None:
    if value is not None and not isinstance(value, str):
        refuse(TypeError, name, value, "a string")


def _check_dtype(name: str, value: object) -> None:
    if isinstance(value, str) and "_from_" in value:
        allowed = "a type of numbers; Quantized(layer, mode) of convcost.layers is quantized"
        refuse(ValueError, name, value, allowed)


def _refuse_given(name: str, value: object) -> None:
    if value is not None:
        refuse(ValueError, name, value, _INSTEAD[name])


_CHECKS: dict[str, Callable[[str, object], None]] = {
    "activation": _check_activation,
    "recurrent_activation": _check_activation,
    "interpolation": _check_interpolation,
    "name": _check_name,
    "dtype": _check_dtype,
    **dict.fromkeys((*_FLAGS, *_MORE_FLAGS), _check_flag),
    **dict.fromkeys(_RATES, _check_rate),
    **dict.fromkeys(_INSTEAD, _refuse_given),
}
