"""The subject of a design space: a function, a class of layers, or a network."""

from __future__ import annotations

import inspect
from abc import ABC, abstractmethod
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from convcost._cost import convolutions
from convcost._cost.cost import Cost, from_counts
from convcost._cost.quantities import QUANTITIES
from convcost._exact import duck_arrays
from convcost._exact.scalars import did_you_mean, is_array, join_names, refuse
from convcost._layers import Layer
from convcost._layers.arguments import CHANNELS_FIRST
from convcost._models.network import Network
from convcost._models.scaling import check_width
from convcost._sweeps.axes import substitute
from convcost._sweeps.directions import ALL_GROW, UNKNOWN, directions, together

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping
    from fractions import Fraction
    from typing import Any

    from convcost._exact.types import Count, Numbers
    from convcost._layers.types import Sides
    from convcost._sweeps.axes import CategoricalAxis, SizeAxis
    from convcost._sweeps.directions import Directions
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

    def check_values(
        self,
        fixed: Mapping[str, object],
        sizes: Mapping[str, SizeAxis],
        categories: Mapping[str, CategoricalAxis],
    ) -> None:
        """Refuse values that are not valid by counting one design with each category."""
        least, first = _least(sizes), _first(categories)
        self._try({**fixed, **first}, least)
        for name, axis in categories.items():
            for value in axis.values[1:]:
                self._try({**fixed, **first, name: value}, least)

    def _try(self, values: Mapping[str, object], sizes: Sizes) -> None:
        with suppress(OverflowError):  # refused where counts are needed
            self.cost(values, sizes)

    def multiple(self, axis: str, values: Mapping[str, object], axes: Collection[str]) -> int:
        """Return what the values of an axis must be multiples of; 0 if they differ in that."""
        return 1

    @abstractmethod
    def directions(
        self, axis: str, values: Mapping[str, object], axes: Collection[str]
    ) -> Directions:
        """Return whether each count grows or shrinks along an axis of sizes."""


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
                hint = did_you_mean(name, self.parameters, most=1)
                raise TypeError(
                    f"{self.name} has no argument {name!r}, only"
                    f" {join_names(list(self.parameters))}{hint}"
                )
        try:
            signature.bind(**arguments)
        except TypeError:
            missing = [
                name
                for name, one in signature.parameters.items()
                if one.default is one.empty and name not in arguments
            ]
            raise TypeError(
                f"{self.name} needs {join_names(missing)}; it takes"
                f" {join_names(list(self.parameters))}"
            ) from None

    def cost(self, values: Mapping[str, object], sizes: Sizes) -> Cost:
        cost = self.function(**values, **sizes)
        if not isinstance(cost, Cost):
            refuse(TypeError, "what", self.function, "a function that returns a Cost")
        # Only `solve` asks for single designs, whose counts may be fractions.
        is_single = bool(sizes) and not any(map(is_array, sizes.values()))
        for name in () if is_single else QUANTITIES:
            _check_counts(self.name, name, getattr(cost, name))
        return cost

    def directions(
        self, axis: str, values: Mapping[str, object], axes: Collection[str]
    ) -> Directions:
        return ALL_GROW if self.function in convolutions.FUNCTIONS else UNKNOWN


def _check_counts(function: str, name: str, count: Count) -> None:
    """Refuse counts that are not integers: a table of designs would round them."""
    is_listed = isinstance(count, np.ndarray) and count.dtype.kind == "O"
    for element in count.ravel().tolist() if is_listed else [count]:
        kind = getattr(getattr(element, "dtype", None), "kind", None)
        if kind not in ("i", "u") and not isinstance(element, int):
            refuse(TypeError, f"{name} of {function}", element, "integers, for integer arguments")


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
        used = set().union(*map(_names_in, fixed.values()))
        for name in axes:
            if name not in self.own and name not in used:
                raise TypeError(
                    f"{self.name} has no argument {name!r}, and no other argument refers to it;"
                    f" it takes {join_names(list(self.own))}{did_you_mean(name, self.own, most=1)}"
                )

    def check_values(
        self,
        fixed: Mapping[str, object],
        sizes: Mapping[str, SizeAxis],
        categories: Mapping[str, CategoricalAxis],
    ) -> None:
        super().check_values(fixed, sizes, categories)
        least, first = _least(sizes), _first(categories)
        for name, axis in sizes.items():
            # Which taps are inside decides no error, and takes long.
            self._try({**fixed, **first, "effective": False}, {**least, name: axis.ascending})

    def cost(self, values: Mapping[str, object], sizes: Sizes) -> Cost:
        # The layer checks its arguments.
        given: dict[str, Any] = {
            name: substitute(value, sizes.get) for name, value in values.items()
        }
        given |= {name: size for name, size in sizes.items() if name in self.own}
        shape = given.pop("input_shape")
        modes = {name: given.pop(name) for name in _MODES if name in given}
        return self.kind(**given).cost(shape, **modes)

    def multiple(self, axis: str, values: Mapping[str, object], axes: Collection[str]) -> int:
        """Return the groups if they must divide the values of an axis; 0 if they are an axis."""
        if axis not in {"filters"} | _names_in(values.get("filters")) | self._channels(values):
            return 1
        groups = values.get("groups", 0 if "groups" in axes else 1)
        return groups if isinstance(groups, int) else 0

    @staticmethod
    def _channels(values: Mapping[str, object]) -> set[str]:
        """Return the axes that are the channels of the input."""
        shape = values["input_shape"]
        if not isinstance(shape, (tuple, list)) or not shape:
            return set()
        return _names_in(shape[0 if values.get("data_format") == CHANNELS_FIRST else -1])

    def directions(
        self, axis: str, values: Mapping[str, object], axes: Collection[str]
    ) -> Directions:
        known = directions(self.kind, values, axes)
        used = [argument for argument, value in values.items() if axis in _names_in(value)]
        used += [axis] if axis in self.own else []
        return together(known.get(argument, UNKNOWN) for argument in used)


def _least(sizes: Mapping[str, SizeAxis]) -> Sizes:
    """Return the smallest size of each axis."""
    return {name: axis.ascending[:1] for name, axis in sizes.items()}


def _first(categories: Mapping[str, CategoricalAxis]) -> dict[str, object]:
    """Return the first value of each categorical axis."""
    return {name: axis.values[0] for name, axis in categories.items()}


def _names_in(template: object) -> set[str]:
    """Return the strings in an argument, which may be names of axes."""
    names: set[str] = set()
    substitute(template, names.add)
    return names


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
                raise TypeError(
                    f"Network.scale takes {join_names(list(known))}; got"
                    f" {name}{did_you_mean(name, known, most=1)}"
                )

    def check_values(
        self,
        fixed: Mapping[str, object],
        sizes: Mapping[str, SizeAxis],
        categories: Mapping[str, CategoricalAxis],
    ) -> None:
        widths = categories["width"].values if "width" in categories else ()
        for width in widths:
            check_width(width)
        # A walk for each width would take long.
        first = {"width": widths[0]} if widths else {}
        others = {name: axis for name, axis in categories.items() if name != "width"}
        super().check_values({**fixed, **first}, sizes, others)

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

    def directions(
        self, axis: str, values: Mapping[str, object], axes: Collection[str]
    ) -> Directions:
        return UNKNOWN


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
