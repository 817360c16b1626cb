"""EinsumDense: a product of the input and a kernel, over any axes."""

from __future__ import annotations

import re
from functools import cached_property
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

from convcost._exact import arithmetic
from convcost._exact.scalars import refuse
from convcost._exact.sizes import check_integer
from convcost._layers.base import Layer
from convcost._layers.results import Weight
from convcost._layers.steps import Biases, Step

if TYPE_CHECKING:
    from collections.abc import Sequence

    from typing_extensions import Unpack

    from convcost._exact.types import Count, Factors
    from convcost._layers.keras_arguments import Kept
    from convcost._layers.steps import Part
    from convcost._layers.types import Side

_LETTERS = "[a-zA-Z]+"
_FORMS = (
    re.compile(rf"({_LETTERS}),({_LETTERS})->({_LETTERS})"),
    re.compile(rf"(\.\.\.{_LETTERS}),({_LETTERS})->(\.\.\.{_LETTERS})"),
    re.compile(rf"([a-zA-Z]{{2,}}\.\.\.),({_LETTERS})->({_LETTERS}\.\.\.)"),
)
_ALLOWED = (
    "an equation such as 'abc,cd->abd', '...a,ab->...b' or 'ab...,bc->ac...', whose first axis is"
    " the batch"
)


class _Axes(NamedTuple):
    """The axes of the input, the kernel and the output, by name; the batch is left out."""

    given: tuple[str, ...]
    kernel: tuple[str, ...]
    made: tuple[str, ...]


class EinsumDense(Layer[Any]):
    """A product of the input and a kernel in Einstein notation, as `keras.layers.EinsumDense`.

    One MAC for each combination of the axes.

    Parameters
    ----------
    equation
        The axes of the input, the kernel and the output, a letter each; the first one of the input
        and of the output is the batch. An ellipsis stands for further axes.
    output_shape
        Sides of the output without the batch and the axes of an ellipsis; None for those of the
        input.
    bias_axes
        Axes of the output that have a bias; None for no bias.

    Raises
    ------
    TypeError, ValueError
        If the equation is not of that form, or the sides do not fit it.

    Examples
    --------
    >>> layer = EinsumDense("abc,cde->abde", (None, 8, 64), bias_axes="de")
    >>> layer.output_shape((100, 512))
    (100, 8, 64)
    >>> layer.explain((100, 512)).params
    '(512+1)*8*64 = 262656'
    """

    equation: str
    sides: tuple[Count | None, ...]
    bias_axes: str | None

    held_as = MappingProxyType({"output_shape": "sides"})

    def __init__(
        self,
        equation: str,
        output_shape: Side[Any] | Sequence[Side[Any] | None],
        *,
        bias_axes: str | None = None,
        **kept: Unpack[Kept],
    ) -> None:
        if not isinstance(equation, str):
            refuse(TypeError, "equation", equation, _ALLOWED)
        sides = output_shape if isinstance(output_shape, (tuple, list)) else (output_shape,)
        checked = [
            None if side is None else check_integer(f"output_shape[{place}]", side)
            for place, side in enumerate(sides)
        ]
        self._set(equation=equation, sides=tuple(checked), bias_axes=bias_axes or None)
        _, _, made = self._terms
        # Without an ellipsis in front, the first letter is the batch.
        letters = made[3:] if made.startswith("...") else made[1:].replace(".", "")
        if bias_axes is not None and (
            not isinstance(bias_axes, str) or not set(bias_axes) <= set(letters)
        ):
            refuse(ValueError, "bias_axes", bias_axes, f"letters of the output {made!r}, or None")

    @cached_property
    def _terms(self) -> tuple[str, str, str]:
        matches = (form.fullmatch(self.equation.replace(" ", "")) for form in _FORMS)
        found = next((match for match in matches if match), None)
        if found is None or any(
            len(set(one)) < len(one.replace("...", ".")) for one in found.groups()
        ):
            refuse(ValueError, "equation", self.equation, _ALLOWED)
        given, kernel, made = found.groups()
        return given, kernel, made

    def _named(self, shape: Factors) -> _Axes:
        """Return the names of the axes for an input of this shape."""
        given, kernel, made = self._terms
        number = len(shape) + 1 - len(given.replace("...", ""))
        hidden = [f".{place}" for place in range(number)]
        if number < 0 or (number and "..." not in given):
            refuse(ValueError, "input_shape", shape, f"as many sides as {self.equation!r} has")

        def names(term: str) -> tuple[str, ...]:
            before, dots, after = term.partition("...")
            return (*before, *(hidden if dots else ()), *after)

        axes = _Axes(names(given), tuple(kernel), names(made))
        if axes.given[0] != axes.made[0] or axes.given[0] in axes.kernel:
            refuse(ValueError, "equation", self.equation, _ALLOWED)
        return _Axes(axes.given[1:], axes.kernel, axes.made[1:])

    def _sides(self, shape: Factors) -> tuple[_Axes, dict[str, Count]]:
        """Return the axes, and the length of each."""
        axes = self._named(shape)
        sides: dict[str, Count] = dict(zip(axes.given, shape, strict=True))
        own = [name for name in axes.made if not name.startswith(".")]
        if len(own) != len(self.sides):
            allowed = f"a side for each axis behind the batch: {', '.join(own)}"
            refuse(ValueError, "output_shape", self.sides, allowed)
        for name, side in zip(own, self.sides, strict=True):
            if side is None and name not in sides:
                refuse(ValueError, "output_shape", self.sides, f"a length for the axis {name!r}")
            if side is not None and not arithmetic.may_equal(sides.setdefault(name, side), side):
                allowed = f"the length {sides[name]} for the axis {name!r}, as in the input"
                refuse(ValueError, "output_shape", self.sides, allowed)
        stray = [name for name in axes.made if name not in (*axes.given, *axes.kernel)]
        if stray:
            allowed = f"one whose output has axes of its input and kernel only, unlike {stray[0]!r}"
            refuse(ValueError, "equation", self.equation, allowed)
        lost = [name for name in axes.kernel if name not in sides]
        if lost:
            allowed = f"one whose kernel has axes of its input and output only, unlike {lost[0]!r}"
            refuse(ValueError, "equation", self.equation, allowed)
        return axes, sides

    def _steps(self, shape: Factors) -> tuple[Part, ...]:
        axes, sides = self._sides(shape)

        def of(names: Sequence[str]) -> Factors:
            return tuple([sides[name] for name in names])

        filters = [name for name in axes.kernel if name in axes.made]
        summed = [name for name in axes.kernel if name not in axes.made]
        places = [name for name in axes.given if name not in axes.kernel]
        left = [name for name in places if name in axes.made]
        bias = self.bias_axes or ""
        plain = bool(bias) and set(bias) == set(filters)
        step = Step((), of(summed), of(filters), of(left), int(plain), places=of(places))
        if plain or not bias:
            return (step,)
        return (step, Biases(of([*dict.fromkeys(bias)]), of(axes.made)))

    @property
    def adds_last_axis(self) -> bool:
        """Whether the last axis of the kernel is the last of the output, and not the input's."""
        given, kernel, made = self._terms
        return kernel[-1] == made[-1] and kernel[-1] not in given

    def narrowed(self, width: Count) -> EinsumDense:
        """Return the layer with another length of the last axis, and no bias."""
        return EinsumDense(self.equation, (*self.sides[:-1], width))

    def kernel_sides_of_output(self, shape: Factors) -> Factors:
        """Return the sides of the output that the kernel has, and 1 for the others."""
        axes, sides = self._sides(shape)
        return tuple([sides[name] if name in axes.kernel else 1 for name in axes.made])

    def rows_and_columns(self, shape: Factors) -> tuple[Count, Count]:
        """Return the elements of the kernel's axes that are summed over, and of the others."""
        axes, sides = self._sides(shape)
        summed = [sides[name] for name in axes.kernel if name not in axes.made]
        kept = [sides[name] for name in axes.kernel if name in axes.made]
        return arithmetic.elements(*summed), arithmetic.elements(*kept)

    def _output_shape(self, shape: Factors, steps: tuple[Part, ...]) -> Factors:
        axes, sides = self._sides(shape)
        return tuple([sides[name] for name in axes.made])

    def _weights(self, shape: Factors) -> tuple[Weight, ...]:
        axes, sides = self._sides(shape)
        kernel = Weight("kernel", tuple([sides[name] for name in axes.kernel]))
        if self.bias_axes is None:
            return (kernel,)
        first = min(axes.made.index(name) for name in self.bias_axes)
        behind = axes.made[first:]
        bias = tuple([sides[name] if name in self.bias_axes else 1 for name in behind])
        return kernel, Weight("bias", bias)

    def _intermediate(self, steps: tuple[Part, ...]) -> Count:
        return 0  # biases are added in place
