"""Near names for attributes that an object does not have."""

from convcost._exact.scalars import join_names, near_names

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

# What other tools call it, where no name here is spelled so; with parentheses for a method.
_ELSEWHERE = {
    "layers": ("rows", "lines"),
    "rows": ("lines",),
    "memory": ("size",),
    "bytes": ("size",),
    "nbytes": ("size",),
    "ops": ("flops",),
    "madds": ("macs",),
    "weights": ("params",),
    "flop": ("flops", "cost.flops", "total().flops"),
    "gflops": ("flops", "cost.flops", "total().flops"),
    "flops": ("cost.flops", "total().flops"),
    "bias_adds": ("cost.bias_adds", "total().bias_adds"),
    "dataframe": ("to_pandas()",),
    "df": ("to_pandas()",),
}
# The same and likely typos, for classes whose attributes are read so often that a `__getattr__`,
# which makes each of them slower, would be felt.
_TYPOS = (
    *_ELSEWHERE,
    *("mac", "gmacs", "mmacs", "mflops", "bias_add", "biases"),
    *("param", "parameters", "n_params", "num_params", "count_params", "total_params"),
)

# As many names as a message lists beside the near ones.
_FEW = 12


def unknown_attribute(instance: object, name: str) -> "Any":
    """Raise AttributeError with the near names of what an object has; for its `__getattr__`.

    Python calls that only where there is no such attribute, or where a property of that name raised
    an AttributeError of its own, which is raised again.
    """
    kind = type(instance)
    if hasattr(kind, name):
        return object.__getattribute__(instance, name)
    problem = f"{kind.__name__!r} object has no attribute {name!r}"
    # Python, NumPy and notebooks ask for many names that begin so.
    if not name.startswith("_"):
        known = [one for one in dir(instance) if not one.startswith("_")]
        elsewhere = [one for one in _ELSEWHERE.get(name, ()) if _has(kind, known, one)]
        near = elsewhere[:1] or near_names(name, known)
        if near:
            problem += f"; did you mean {' or '.join(map(repr, near))}?"
        if not near or len(known) <= _FEW:
            problem += f"{' It' if near else '; it'} has {join_names(known)}"
    # The object is not named, since Python would add a suggestion of its own to the message.
    raise AttributeError(problem, name=name, obj=None)


def _has(kind: type, known: list[str], path: str) -> bool:
    first, is_method, _ = path.partition("()")
    first = first.partition(".")[0]
    return first in known and (not is_method or callable(getattr(kind, first, None)))


class _Misnamed:
    """Stands in a class for a name that it does not have: the message has the near ones."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __get__(self, instance: object, owner: type) -> "Any":
        if instance is None:
            raise AttributeError(f"type object {owner.__name__!r} has no attribute {self._name!r}")
        return unknown_attribute(instance, self._name)


def name_near(kind: type) -> None:
    """Let a class raise AttributeError with near names for typos that are likely."""
    for name in _TYPOS:
        if not hasattr(kind, name):
            setattr(kind, name, _Misnamed(name))


def names_of(instance: object) -> list[str]:
    """Return what `dir` shows of an object: no likely typos."""
    return [
        one for one in object.__dir__(instance) if one not in _TYPOS or hasattr(type(instance), one)
    ]
