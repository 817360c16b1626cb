"""Whether the code that is traced reads a size of its tensors, on which its record then depends.

Code that only hands its tensors on, to operations and layers, does the same for any batch. Keras
reads sizes all the time; it returns tensors for them, not numbers that the code could use.
"""

from __future__ import annotations

import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

import keras

from convcost._models.graph import Tensor
from convcost._models.keras.open_numbers import OpenNumber
from convcost._models.keras.operations import KerasOperation
from convcost._models.keras.origins import is_keras
from convcost._models.keras.places import is_of_user
from convcost._models.trees import leaves

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator
    from types import FrameType
    from typing import Any

    from convcost._models.graph import Graph
    from convcost._models.types import KerasLayer

# What calls a layer, and what records the call: the code gets none of the sizes that they read.
_CALLING = (
    "convcost._models.keras.tracing",
    "keras.src.layers.layer",
    "keras.src.layers.input_spec",
)


class SizesRead:
    """Takes note whether code reads a size of a symbolic tensor.

    Attributes
    ----------
    any
        Whether it did.

    Parameters
    ----------
    numbers
        The numbers that stand for open sides.
    """

    def __init__(self, numbers: Collection[int]) -> None:
        self.any = False
        self._numbers = numbers
        self._in_keras = False

    def shape(self) -> property:
        """Return what is put in place of the shape of symbolic tensors."""
        original: Any = vars(keras.KerasTensor)["shape"]

        def shape(tensor: object) -> object:
            frame = sys._getframe(1)
            if not (self._in_keras or self.any):
                self.any = not (
                    frame.f_globals.get("__name__") in _CALLING or frame.f_code.co_name == "ndim"
                )
            found = original.fget(tensor)
            return self._standing(found, frame) if self._numbers else found

        return property(shape, original.fset)

    def _standing(self, shape: Any, frame: FrameType) -> object:
        """Return a shape for the code of a user in which open sides do not tell what they are."""
        if frame.f_code is keras.ops.shape.__code__ and frame.f_back is not None:
            frame = frame.f_back
        if not is_of_user(frame):
            return shape
        return tuple([OpenNumber(one) if one in self._numbers else one for one in shape])

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
