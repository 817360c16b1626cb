"""Checks of the arguments of layers; each error names the argument and its value."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from convcost._exact import arithmetic, nested
from convcost._exact.dispatch import backend_for
from convcost._exact.scalars import COUNT, SIZE, is_array, refuse
from convcost._exact.sizes import check_integer

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from convcost._exact.types import Count, Factors
    from convcost._layers.types import Axes

CHANNELS_LAST, CHANNELS_FIRST = "channels_last", "channels_first"


def per_axis(name: str, value: object, rank: int, allowed: str = SIZE) -> Factors:
    """Return one integer per axis; a single integer applies to all axes.

    Examples
    --------
    >>> per_axis("strides", 2, 3), per_axis("kernel_size", [3, 5], 2)
    ((2, 2, 2), (3, 5))
    """
    if isinstance(value, (tuple, list)):
        if len(value) != rank:
            refuse(ValueError, name, value, f"one integer, or a tuple of {rank}")
        return tuple(
            check_integer(f"{name}[{index}]", side, allowed) for index, side in enumerate(value)
        )
    return (check_integer(name, value, allowed),) * rank


def check_padding(padding: object, rank: int, words: tuple[str, ...]) -> str | tuple[Factors, ...]:
    """Return padding as a word in lower case, or as a pair (before, after) per axis.

    Examples
    --------
    >>> check_padding("SAME", 2, ("valid", "same")), check_padding(1, 2, ("valid", "same"))
    ('same', ((1, 1), (1, 1)))
    """
    more = f", a non-negative integer, or {rank} pairs (before, after)"
    if isinstance(padding, str):
        return check_word("padding", padding, words, more)
    allowed = _one_of(words) + more
    if isinstance(padding, (tuple, list)):
        if len(padding) != rank or not all(_is_pair(pair) for pair in padding):
            refuse(ValueError, "padding", padding, allowed)
        return tuple(
            per_axis(f"padding[{axis}]", pair, 2, COUNT) for axis, pair in enumerate(padding)
        )
    if padding is None:
        refuse(TypeError, "padding", padding, allowed)
    side = check_integer("padding", padding, COUNT)
    return ((side, side),) * rank


def check_word(name: str, value: object, words: tuple[str, ...], more: str = "") -> str:
    """Return a word in lower case if it is one of the allowed words.

    Examples
    --------
    >>> check_word("padding", "SAME", ("valid", "same"))
    'same'
    """
    if not isinstance(value, str):
        refuse(TypeError, name, value, _one_of(words) + more)
    if value.lower() not in words:
        refuse(ValueError, name, value, _one_of(words) + more)
    return value.lower()


def _one_of(words: tuple[str, ...]) -> str:
    *head, last = map(repr, words)
    return f"{', '.join(head)} or {last}"


def _is_pair(value: object) -> bool:
    return isinstance(value, (tuple, list)) and len(value) == 2


def check_data_format(data_format: object) -> str:
    """Return the data format; None, Keras's default, means `channels_last`."""
    if data_format is None:
        return CHANNELS_LAST
    if data_format not in (CHANNELS_LAST, CHANNELS_FIRST):
        refuse(ValueError, "data_format", data_format, f"{CHANNELS_LAST!r} or {CHANNELS_FIRST!r}")
    return str(data_format)


def check_shape(
    shape: object, layer: str, axes: str, rank: int | None, name: str = "input_shape"
) -> Factors:
    """Return a shape with exact sides, or raise an error that names it.

    Examples
    --------
    >>> check_shape((28, 28, 32), "Conv2D", "(height, width, channels)", 2)
    (28, 28, 32)
    """
    allowed = f"{axes} without the batch, for {layer}"
    if not isinstance(shape, (tuple, list)):
        refuse(TypeError, name, shape, allowed)
    if not shape or (rank is not None and len(shape) != rank + 1):
        refuse(ValueError, name, tuple(shape), allowed)
    if any(side is None for side in shape):
        refuse(
            TypeError,
            name,
            tuple(shape),
            f"{allowed}, with a symbol (convcost.symbols.symbol) for each unknown side",
        )
    return tuple(check_integer(f"{name}[{index}]", side) for index, side in enumerate(shape))


def check_shapes(shapes: Sequence[Sequence[object]], layer: str) -> tuple[Factors, ...]:
    """Return the shapes of several inputs with exact sides, or raise an error that names one.

    Examples
    --------
    >>> check_shapes([(10, 64), (20, 64)], "Dot")
    ((10, 64), (20, 64))
    """
    checked = tuple(
        tuple(check_integer(f"input_shape[{index}][{axis}]", side) for axis, side in enumerate(one))
        for index, one in enumerate(shapes)
    )
    if any(is_array(side) for one in checked for side in one):
        raise TypeError(f"{layer} takes shapes of integers or symbols, not of arrays")
    return checked


def check_divides(divisor: tuple[str, Count], dividend: tuple[str, Count]) -> None:
    """Raise ValueError unless a divisor divides a dividend; both are pairs (name, count)."""
    (divisor_name, parts), (dividend_name, whole) = divisor, dividend
    if is_array(parts) and is_array(whole):
        align_arrays(dict([divisor, dividend]))
    if not arithmetic.divides(parts, whole):
        raise ValueError(
            f"{divisor_name} must divide {dividend_name}; got {divisor_name}={show(parts)} and"
            f" {dividend_name}={show(whole)}"
        )


def show(value: object) -> str:
    """Return an argument's value as short text for an error message.

    Examples
    --------
    >>> show((None, 28)), show(("same", 3)), show((28,))
    ('(?, 28)', "('same', 3)", '(28,)')
    """
    if isinstance(value, tuple):
        return f"({', '.join(map(show, value))}{',' * (len(value) == 1)})"
    if value is None or isinstance(value, str):
        return "?" if value is None else repr(value)
    return arithmetic.brief(value)


def show_all(shapes: Iterable[object]) -> str:
    """Return several shapes as short text for an error message.

    Examples
    --------
    >>> show_all([(28, 28), (14, 14)])
    '(28, 28) and (14, 14)'
    """
    return " and ".join(map(show, shapes))


def align_arrays(arguments: Mapping[str, object]) -> dict[str, Any]:
    """Return arguments with arrays that broadcast and compute exactly together.

    Values are integers, arrays, expressions, tuples of these, and strings, which stay unchanged.
    """
    values = tuple(arguments.values())
    leaves = nested.flat(values)
    names = [
        name for argument, value in arguments.items() for name in nested.flat_names(argument, value)
    ]
    numbers = {name: leaf for name, leaf in zip(names, leaves, strict=True) if _is_number(leaf)}
    sizes = tuple(numbers.values())
    aligned = iter(backend_for(*sizes).align(tuple(numbers), sizes))
    together = (next(aligned) if _is_number(leaf) else leaf for leaf in leaves)
    return dict(zip(arguments, nested.rebuild(values, together), strict=True))


def _is_number(leaf: object) -> bool:
    return leaf is not None and not isinstance(leaf, (str, bool))


def check_axis(name: str, value: object) -> int:
    """Return an axis: an integer, negative to count from the end.

    Examples
    --------
    >>> check_axis("axis", -1)
    -1
    """
    if isinstance(value, bool) or not isinstance(value, int):
        refuse(TypeError, name, value, "an integer, counting the batch as axis 0")
    return value


def axis_tuple(axes: Axes | None) -> tuple[int, ...]:
    """Return axes that passed the checks as a tuple: one, several, or none.

    Examples
    --------
    >>> axis_tuple(-1), axis_tuple((1, 2)), axis_tuple(None)
    ((-1,), (1, 2), ())
    """
    if axes is None:
        return ()
    return (axes,) if isinstance(axes, int) else tuple(axes)


def place(name: str, axis: int, shape: Factors) -> int:
    """Return the index of a Keras axis (the batch is axis 0) in a shape without the batch.

    Examples
    --------
    >>> place("axis", 3, (28, 28, 32)), place("axis", -1, (28, 28, 32))
    (2, 2)
    """
    index = axis + len(shape) if axis < 0 else axis - 1
    if not 0 <= index < len(shape):
        allowed = f"an axis from 1 to {len(shape)}, or from -{len(shape)} to -1, of {show(shape)}"
        refuse(ValueError, name, axis, allowed)
    return index


def check_pairs(name: str, value: object, rank: int) -> tuple[Factors, ...]:
    """Return a pair (before, after) per axis, from any of Keras's three notations.

    Examples
    --------
    >>> check_pairs("padding", 1, 2), check_pairs("padding", (1, 2), 2)
    (((1, 1), (1, 1)), ((1, 1), (2, 2)))
    >>> check_pairs("padding", (1, 2), 1)
    ((1, 2),)
    """
    allowed = f"a non-negative integer, {rank} of them, or {rank} pairs (before, after)"
    if isinstance(value, (tuple, list)):
        # For a single axis, Keras takes two integers as (before, after).
        pairs = [value] if rank == 1 and len(value) == 2 else list(value)
        if len(pairs) != rank:
            refuse(ValueError, name, value, allowed)
        return tuple(per_axis(f"{name}[{axis}]", pair, 2, COUNT) for axis, pair in enumerate(pairs))
    side = check_integer(name, value, COUNT)
    return ((side, side),) * rank
