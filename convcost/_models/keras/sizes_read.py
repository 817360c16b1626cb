"""Whether the code that is traced reads a size of its tensors, on which its record then depends.

Code that only hands its tensors on, to operations and layers, does the same for any batch. So does
code that asks how many axes a tensor has, or for a side of one of its own arguments that is not the
first. Keras reads sizes all the time; it returns tensors for them, not numbers that the code could
use.
"""

from __future__ import annotations

import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import keras

from convcost._models.graph import Tensor
from convcost._models.keras.open_numbers import OpenNumber
from convcost._models.keras.operations import KerasOperation
from convcost._models.keras.origins import is_keras
from convcost._models.keras.places import is_of_user
from convcost._models.trees import leaves

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator
    from typing import Self

    from convcost._models.graph import Graph
    from convcost._models.types import KerasLayer, KerasTensor

# What calls a layer, and what records the call: the code gets none of the sizes that they read.
_CALLING = (
    "convcost._models.keras.tracing",
    "keras.src.layers.layer",
    "keras.src.layers.input_spec",
)


class Sides(tuple[Any, ...]):
    """The shape of a tensor, for code of a user: it tells when a side may depend on the batch.

    Those of an argument do not, after the first. Python's own functions that take a shape (`tuple`,
    `math.prod`) iterate over it.
    """

    _told: Callable[[], None]
    _may_depend: tuple[bool, ...]

    def telling(self, told: Callable[[], None], may_depend: tuple[bool, ...]) -> Self:
        self._told, self._may_depend = told, may_depend
        return self

    def __getitem__(self, key: Any) -> Any:
        depends = self._may_depend[key]
        if any(depends) if isinstance(key, slice) else depends:
            self._told()
        return super().__getitem__(key)

    def __reduce__(self) -> tuple[type[tuple[Any, ...]], tuple[list[Any]]]:
        return tuple, (list(self),)  # where it is among the arguments of an operation


def _telling(name: str) -> Callable[..., object]:
    original: Any = getattr(tuple, name)

    def method(self: Sides, *args: object) -> object:
        self._told()
        return original(self, *args)

    return method


def _added_to(self: Sides, other: tuple[Any, ...]) -> object:
    return (*other, *self)


for _name in (
    *("__eq__", "__ne__", "__lt__", "__le__", "__gt__", "__ge__", "__hash__", "__repr__"),
    *("__iter__", "__contains__", "__add__", "__mul__", "__rmul__"),
    *("count", "index"),
):
    setattr(Sides, _name, _telling(_name))
Sides.__radd__ = _added_to  # type: ignore[attr-defined]


class SizesRead:
    """Takes note whether code reads a size of a symbolic tensor that may depend on the batch.

    Attributes
    ----------
    any
        Whether it did.

    Parameters
    ----------
    given
        The tensors among the arguments of the code.
    numbers
        The numbers that stand for open sides.
    """

    def __init__(self, given: Iterable[KerasTensor], numbers: Collection[int]) -> None:
        self.any = False
        self._given = {id(one) for one in given}
        self._numbers = numbers
        self._in_keras = False

    def _told(self) -> None:
        self.any = True

    def shape(self) -> property:
        """Return what is put in place of the shape of symbolic tensors."""
        original: Any = vars(keras.KerasTensor)["shape"]

        def shape(tensor: object) -> object:
            frame = sys._getframe(1)
            if frame.f_code is keras.ops.shape.__code__ and frame.f_back is not None:
                frame = frame.f_back
            found = original.fget(tensor)
            if is_of_user(frame):
                return self._of_user(found, id(tensor) in self._given)
            if not (self._in_keras or self.any):
                self.any = not (
                    frame.f_globals.get("__name__") in _CALLING or frame.f_code.co_name == "ndim"
                )
            return found

        return property(shape, original.fset)

    def _of_user(self, shape: tuple[Any, ...], is_given: bool) -> tuple[Any, ...]:
        """Return a shape for the code of a user, in which open sides do not tell what they are."""
        if self._numbers:
            shape = tuple([OpenNumber(one) if one in self._numbers else one for one in shape])
        if self.any or self._in_keras:
            return shape
        may_depend = tuple([place == 0 or not is_given for place in range(len(shape))])
        return Sides(shape).telling(self._told, may_depend)

    @contextmanager
    def calling(self, in_keras: bool) -> Iterator[None]:
        """Call code of Keras, whose reading does not count, or of somebody else, whose does."""
        before, self._in_keras = self._in_keras, in_keras
        try:
            yield
        finally:
            self._in_keras = before

    def entered(
        self, original: Callable[..., object], layer: KerasLayer, *args: object, **kwargs: object
    ) -> object:
        """Call a layer, which is put in place of `Layer.__call__`."""
        with self.calling(is_keras(type(layer).__module__)):
            return original(layer, *args, **kwargs)


def holds_multiple(graph: Graph, number: object) -> bool:
    """Tell whether the arguments of a graph's calls hold a multiple of a number of inputs."""
    for entry in graph.entries:
        held = entry.layer
        trees: list[object] = [held.own] if isinstance(held, KerasOperation) else []
        trees += [tree for call in entry.calls for tree in (call.args, call.kwargs)]
        if any(_is_multiple(one, number) for one in leaves(trees, (int, slice, Tensor))):
            return True
    return False


def _is_multiple(value: Any, number: Any) -> bool:
    sides = value.shape if isinstance(value, Tensor) else (value,)
    if isinstance(value, slice):
        sides = value.start, value.stop, value.step
    return any(type(side) is int and side != 0 and side % number == 0 for side in sides)
