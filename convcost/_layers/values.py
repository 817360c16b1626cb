"""Layers as values: frozen dataclasses that compare and print by their arguments."""

from __future__ import annotations

from dataclasses import MISSING, dataclass
from functools import cache, cached_property
from inspect import Parameter, cleandoc, signature
from typing import TYPE_CHECKING, Any, ClassVar

from convcost._exact import arithmetic, nested
from convcost._exact.kinds import is_duck_array
from convcost._exact.scalars import is_array
from convcost._exact.sizes import check_flag

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Mapping


@dataclass(frozen=True, eq=False, repr=False)
class Record:
    """Arguments as an immutable value; equal if all arguments have equal values."""

    # The attribute that holds an argument which has the name of a method.
    held_as: ClassVar[Mapping[str, str]] = {}

    def __init_subclass__(cls, **options: object) -> None:
        """Add the parameters of the base class to the docstring."""
        super().__init_subclass__(**options)
        family = next((base for base in cls.__mro__[1:] if _has_parameters(base)), None)
        if cls.__doc__ and family and not _has_parameters(cls):
            cls.__doc__ = _completed(cleandoc(cls.__doc__), cleandoc(family.__doc__ or ""))

    def arguments(self) -> dict[str, Any]:
        """Return the arguments by name, including defaults.

        Returns
        -------
        dict
            As in the layer's Keras config, with one integer per axis.

        Examples
        --------
        >>> from convcost.layers import Dense
        >>> Dense(10).arguments()
        {'units': 10, 'use_bias': True}
        """
        held = self.held_as
        return {name: getattr(self, held.get(name, name)) for name in self.argument_names()}

    @classmethod
    def argument_names(cls) -> tuple[str, ...]:
        """Return the names of the arguments.

        Returns
        -------
        tuple of str
            Names, in positional order.

        Examples
        --------
        >>> from convcost.layers import Dense
        >>> Dense.argument_names()
        ('units', 'use_bias')
        """
        return tuple(cls.defaults())

    @classmethod
    def defaults(cls) -> Mapping[str, object]:
        """Return the default of each argument, in positional order; `MISSING` without one."""
        return _defaults(cls.__init__)

    @cached_property
    def has_arrays(self) -> bool:
        """Whether any argument holds an array."""
        return any(map(is_array, nested.flat(tuple(self.arguments().values()))))

    @cached_property
    def has_duck_arrays(self) -> bool:
        """Whether any argument holds an array of xarray, Dask or JAX."""
        return any(map(is_duck_array, nested.flat(tuple(self.arguments().values()))))

    def _set(self, **values: object) -> None:
        for name, value in values.items():
            object.__setattr__(self, name, value)

    def _check_flags(self, *names: str) -> None:
        self._set(**{name: check_flag(name, getattr(self, name)) for name in names})

    def __eq__(self, other: object) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        mine, theirs = self.arguments(), other.arguments()
        return all(map(_is_equal, mine.values(), theirs.values()))

    def __hash__(self) -> int:
        return hash((type(self), *map(_hashable, self.arguments().values())))

    def __repr__(self) -> str:
        shown = []
        defaults = self.defaults()
        for name, value in self.arguments().items():
            if defaults[name] is MISSING:
                shown.append(_text(_short(value)))
            elif not _is_default(value, defaults[name]):
                shown.append(f"{name}={_text(_short(value))}")
        return f"{type(self).__name__}({', '.join(shown)})"


@cache
def _defaults(constructor: Callable[..., None]) -> Mapping[str, object]:
    _, *parameters = signature(constructor).parameters.values()
    return {
        one.name: MISSING if one.default is Parameter.empty else one.default
        for one in parameters
        if one.kind is not Parameter.VAR_KEYWORD
    }


_PARAMETERS, _EXAMPLES = "\nParameters\n", "\nExamples\n"


def _has_parameters(kind: type) -> bool:
    return _PARAMETERS in cleandoc(kind.__doc__ or "")


def _completed(own: str, family: str) -> str:
    """Return a docstring with the base class's sections between its summary and its examples."""
    sentence, heading, examples = own.partition(_EXAMPLES)
    sections = family[family.index(_PARAMETERS) :].partition(_EXAMPLES)[0]
    return f"{sentence.rstrip()}\n{sections.rstrip()}\n{heading}{examples}"


def _is_equal(left: object, right: object) -> bool:
    if isinstance(left, tuple) and isinstance(right, tuple):
        return len(left) == len(right) and all(map(_is_equal, left, right))
    return arithmetic.is_equal(left, right)


def _hashable(value: object) -> Hashable:
    if isinstance(value, tuple):
        return tuple(map(_hashable, value))
    if is_array(value):
        raise TypeError("layers with arrays as arguments cannot be hashed: arrays have no hash")
    # As `_is_equal` compares them: m*(n + 1) is m*n + m.
    return arithmetic.canonical(value)


def _short(value: object) -> object:
    """Return (3, 3) as 3, and ((1, 1), (1, 1)) as 1, which mean the same."""
    if not isinstance(value, tuple):
        return value
    first, *others = nested.flat(value)
    return first if all(_is_equal(other, first) for other in others) else value


def _text(value: object) -> str:
    return f"<{arithmetic.text(value)}>" if is_duck_array(value) else repr(value)


def _is_default(value: object, default: object) -> bool:
    if value is default or _is_equal(value, default):
        return True
    return isinstance(value, tuple) and all(_is_default(inner, default) for inner in value)
