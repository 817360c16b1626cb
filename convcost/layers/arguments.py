"""What a layer's arguments may be, and how everything else is refused."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from convcost import counts, nested
from convcost.exact import COUNT, SIZE, is_array, join_names, refuse
from convcost.expressions import number_text
from convcost.sizes import check_integer

if TYPE_CHECKING:
    from convcost._typing import Count, Factors

CHANNELS_LAST, CHANNELS_FIRST = "channels_last", "channels_first"


def per_axis(name: str, value: Any, rank: int, allowed: str = SIZE) -> Factors:
    """Return one integer for each axis; a single one stands for all axes.

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


def check_padding(padding: Any, rank: int, words: tuple[str, ...]) -> str | tuple[Factors, ...]:
    """Return padding as a word in lower case, or as a pair (before, after) for each axis.

    Examples
    --------
    >>> check_padding("SAME", 2, ("valid", "same")), check_padding(1, 2, ("valid", "same"))
    ('same', ((1, 1), (1, 1)))
    """
    quoted = join_names([repr(word) for word in words])
    allowed = f"one of {quoted}, an integer of 0 or more, or {rank} pairs (before, after) of them"
    if isinstance(padding, str):
        if padding.lower() not in words:
            refuse(ValueError, "padding", padding, allowed)
        return padding.lower()
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


def _is_pair(value: Any) -> bool:
    return isinstance(value, (tuple, list)) and len(value) == 2


def check_data_format(data_format: Any) -> str:
    """Return `channels_last` or `channels_first`; None, Keras's default, is the former."""
    if data_format is None:
        return CHANNELS_LAST
    if data_format not in (CHANNELS_LAST, CHANNELS_FIRST):
        refuse(ValueError, "data_format", data_format, f"{CHANNELS_LAST!r} or {CHANNELS_FIRST!r}")
    return str(data_format)


def check_shape(input_shape: Any, layer: str, axes: str, rank: int | None) -> Factors:
    """Return the shape of one input, each side in exact form.

    Examples
    --------
    >>> check_shape((28, 28, 32), "Conv2D", "(height, width, channels)", 2)
    (28, 28, 32)
    """
    allowed = f"{axes} without the batch, for {layer}"
    if not isinstance(input_shape, (tuple, list)):
        refuse(TypeError, "input_shape", input_shape, allowed)
    if not input_shape or (rank is not None and len(input_shape) != rank + 1):
        refuse(ValueError, "input_shape", tuple(input_shape), allowed)
    if any(side is None for side in input_shape):
        refuse(
            TypeError,
            "input_shape",
            tuple(input_shape),
            f"{allowed}, with a symbol (convcost.symbols.symbol) for a side that is not known",
        )
    return tuple(
        check_integer(f"input_shape[{index}]", side) for index, side in enumerate(input_shape)
    )


def check_divides(divisor: tuple[str, Count], dividend: tuple[str, Count]) -> None:
    """Raise ValueError unless the first, with its name, divides the second."""
    (divisor_name, parts), (dividend_name, whole) = divisor, dividend
    if is_array(parts) and is_array(whole):
        align(dict([divisor, dividend]))
    if not counts.divides(parts, whole):
        raise ValueError(
            f"{divisor_name} must divide {dividend_name}; got {divisor_name}={show(parts)} and"
            f" {dividend_name}={show(whole)}"
        )


def show(value: Any) -> str:
    """Write an argument's value in a few characters, for an error message."""
    if isinstance(value, tuple):
        return f"({', '.join(map(show, value))})"
    return repr(value) if isinstance(value, str) else number_text(value)


def align(arguments: dict[str, Any]) -> dict[str, Any]:
    """Return arguments whose arrays broadcast and compute exactly together, or refuse them.

    Values are integers, arrays, expressions, tuples of them, and words, which stay as they are.
    """
    from convcost import arrays

    leaves = [leaf for leaf in nested.flat(tuple(arguments.values())) if _is_number(leaf)]
    names = [
        name
        for argument, value in arguments.items()
        for name, leaf in zip(
            nested.flat_names(argument, value), nested.flat((value,)), strict=True
        )
        if _is_number(leaf)
    ]
    aligned = iter(arrays.align(tuple(names), tuple(leaves)))
    values = nested.apply(
        lambda leaf: next(aligned) if _is_number(leaf) else leaf, tuple(arguments.values())
    )
    return dict(zip(arguments, values, strict=True))


def _is_number(leaf: Any) -> bool:
    return leaf is not None and not isinstance(leaf, (str, bool))
