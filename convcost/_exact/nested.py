"""Flatten nested tuples of arguments, and rebuild them."""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator


def flat(values: "tuple[object, ...]") -> "list[object]":
    """Return the values in nested tuples as one list.

    Examples
    --------
    >>> flat((3, (28, 28)))
    [3, 28, 28]
    """
    found: list[object] = []
    for value in values:
        if type(value) is tuple:
            found += flat(value)
        else:
            found.append(value)
    return found


def rebuild(like: "tuple[object, ...]", values: "Iterator[object]") -> "tuple[object, ...]":
    """Return tuples nested like `like`, with other values in them.

    Examples
    --------
    >>> rebuild((3, (28, 28)), iter("abc"))
    ('a', ('b', 'c'))
    """
    return tuple(rebuild(one, values) if type(one) is tuple else next(values) for one in like)


def flat_names(name: str, value: object) -> "Iterator[str]":
    """Yield a name for each value that `flat` returns for one argument: `kernel_size[0]`.

    Examples
    --------
    >>> list(flat_names("padding", ((1, 1), (0, 1))))
    ['padding[0][0]', 'padding[0][1]', 'padding[1][0]', 'padding[1][1]']
    """
    if type(value) is tuple:
        for index, inner in enumerate(value):
            yield from flat_names(f"{name}[{index}]", inner)
    else:
        yield name
