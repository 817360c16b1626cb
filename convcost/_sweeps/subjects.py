"""The subject of a design space: a function, a class of layers, or a network."""

from __future__ import annotations

import inspect
from abc import ABC, abstractmethod
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from convcost._cost import convolutions
from convcost._cost.cost import Cost, from_counts
from convcost._exact import duck_arrays
from convcost._exact.scalars import is_array, join_names, near_names, refuse
from convcost._layers import Layer
from convcost._models.network import Network
from convcost._sweeps.axes import substitute
from convcost._sweeps.directions import GROWS, directions

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from fractions import Fraction
    from typing import Any

    from convcost._exact.types import Numbers
    from convcost._layers.types import Sides
    from convcost._sweeps.types import Sizes

_MODES = ("effective", "training", "first")
_SCALING = ("width", "resolution")


class Subject(ABC):
    """What a space varies: the arguments that it takes, and what each design costs.

    Attributes
    ----------
    name
        The name that a space prints.
    categorical
        Arguments whose numbers are not sizes, so their axes are categorical.
    """

    name: str
    categorical: tuple[str, ...] = ()

    def is_free(self, name: str) -> bool:
        """Tell whether an argument is an axis even if it has a single value."""
        return False

    @abstractmethod
    def check(self, arguments: dict[str, object]) -> None:
        """Refuse arguments that are missing or unknown."""

    def check_names(self, axes: Iterable[str], fixed: Mapping[str, object]) -> None:  # noqa: B027
        """Refuse axes that no argument refers to; by default there are none."""

    @abstractmethod
    def cost(self, values: Mapping[str, object], sizes: Sizes) -> Cost:
        """Return the cost for values that all designs share, and sizes or arrays of sizes."""

    @abstractmethod
    def directions(self, values: Mapping[str, object]) -> Callable[[str], int | None]:
        """Return a function from an axis to the direction in which costs grow, or None."""


class _Function(Subject):
    """A function of sizes as the subject of a space."""

    def __init__(self, function: Callable[..., Cost]) -> None:
        self.function = function
        self.name = getattr(function, "__name__", repr(function))
        self.parameters = tuple(inspect.signature(function).parameters)

    def check(self, arguments: dict[str, object]) -> None:
        signature = inspect.signature(self.function)
        takes_any = any(one.kind is one.VAR_KEYWORD for one in signature.parameters.values())
        for name in () if takes_any else arguments:
            if name not in self.parameters:
                near = near_names(name, self.parameters)[:1]
                hint = f"; did you mean {near[0]!r}?" if near else ""
                raise TypeError(
                    f"{self.name} has no argument {name!r}, only"
                    f" {join_names(list(self.parameters))}{hint}"
                )
        try:
            signature.bind(**arguments)
        except TypeError as error:
            raise TypeError(
                f"{self.name} takes {join_names(list(self.parameters))}: {error}"
            ) from None

    def cost(self, values: Mapping[str, object], sizes: Sizes) -> Cost:
        cost = self.function(**values, **sizes)
        if not isinstance(cost, Cost):
            refuse(TypeError, "what", self.function, "a function that returns a Cost")
        return cost

    def directions(self, values: Mapping[str, object]) -> Callable[[str], int | None]:
        return lambda _: GROWS if self.function in convolutions.FUNCTIONS else None


class _LayerClass(Subject):
    """A class of layers as the subject of a space."""

    def __init__(self, kind: type[Layer]) -> None:
        self.kind = kind
        self.name = kind.__name__
        self.own = (*kind.argument_names(), "input_shape", *_MODES)

    def is_free(self, name: str) -> bool:
        return name not in self.own

    def check(self, arguments: dict[str, object]) -> None:
        if "input_shape" not in arguments:
            raise TypeError(
                f'{self.name} needs an input_shape, such as input_shape=("side", "side", 32) with'
                " side=[14, 28]"
            )

    def check_names(self, axes: Iterable[str], fixed: Mapping[str, object]) -> None:
        used: set[str] = set()
        for value in fixed.values():
            substitute(value, lambda name: used.add(name))
        for name in axes:
            if name not in self.own and name not in used:
                raise TypeError(
                    f"{self.name} has no argument {name!r}, and no other argument refers to it;"
                    f" it takes {join_names(list(self.own))}"
                )

    def cost(self, values: Mapping[str, object], sizes: Sizes) -> Cost:
        # The layer checks its arguments.
        given: dict[str, Any] = {
            name: substitute(value, sizes.get) for name, value in values.items()
        }
        given |= {name: size for name, size in sizes.items() if name in self.own}
        shape = given.pop("input_shape")
        modes = {name: given.pop(name) for name in _MODES if name in given}
        return self.kind(**given).cost(shape, **modes)

    def directions(self, values: Mapping[str, object]) -> Callable[[str], int | None]:
        known = directions(self.kind, values.get("padding", "valid"), bool(values.get("effective")))

        def direction(axis: str) -> int | None:
            meant: set[int | None] = {known.get(axis)} if axis in self.own else set()
            for argument, value in values.items():
                used: set[str] = set()
                substitute(value, lambda name, used=used: used.add(name))  # type: ignore[misc]
                if axis in used:
                    meant.add(known.get(argument))
            return meant.pop() if len(meant) == 1 else None

        return direction


class _ScaledNetwork(Subject):
    """A network at several widths and resolutions as the subject of a space."""

    name = "Network.scale"
    categorical = ("width",)

    def __init__(self, network: Network) -> None:
        self.network = network

    def is_free(self, name: str) -> bool:
        return name in _SCALING

    def check(self, arguments: dict[str, object]) -> None:
        known = (*_SCALING, "divisor", "keep")
        for name in arguments:
            if name not in known:
                raise TypeError(f"Network.scale takes {join_names(list(known))}; got {name}")

    def cost(self, values: Mapping[str, object], sizes: Sizes) -> Cost:
        options: dict[str, Any] = dict(values)  # the network checks them
        width = options.pop("width", sizes.get("width", 1))
        resolution = options.pop("resolution", sizes.get("resolution"))
        if not is_array(resolution):
            return self._total(width, resolution, options)
        count = partial(self._counts, width, options)
        # Each resolution is a separate walk through the network, for every kind of array.
        return from_counts(duck_arrays.call(count, (resolution,), lambda: 3))

    def _counts(
        self, width: float | Fraction, options: Mapping[str, Any], resolutions: Numbers
    ) -> tuple[Numbers, ...]:
        costs = [self._total(width, int(side), options) for side in resolutions.flat]
        columns = zip(*((c.params, c.macs, c.bias_adds) for c in costs), strict=True)
        return tuple(
            np.array(column, dtype=np.int64).reshape(resolutions.shape) for column in columns
        )

    def _total(
        self, width: float | Fraction, resolution: Sides[int] | None, options: Mapping[str, Any]
    ) -> Cost:
        return self.network.scale(width, resolution, **options).total()

    def directions(self, values: Mapping[str, object]) -> Callable[[str], int | None]:
        return lambda _: None


def subject_of(what: object) -> Subject:
    """Return the subject for a function, a class of layers or a network."""
    if isinstance(what, type) and issubclass(what, Layer):
        return _LayerClass(what)
    if isinstance(what, Network):
        return _ScaledNetwork(what)
    if callable(what):
        return _Function(what)
    refuse(
        TypeError,
        "what",
        what,
        "a function such as convcost.separable, a class of convcost.layers, or a Network",
    )
