"""Let layer methods take arrays of xarray, Dask and JAX, converted to NumPy on entry."""

from __future__ import annotations

from dataclasses import astuple
from functools import partial, wraps
from itertools import repeat
from typing import TYPE_CHECKING

from convcost._cost.cost import Cost, from_counts
from convcost._exact import nested
from convcost._exact.kinds import is_duck_array
from convcost._layers.results import Traffic, Training

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import TypeAlias, TypeVar

    from convcost._exact.types import Factors, InputShape
    from convcost._layers.definition import Definition

    Method = TypeVar("Method", bound=Callable[..., object])
    # The values of a layer's arguments and of a method's options, and an input shape.
    Values: TypeAlias = tuple[tuple[object, ...], ...]


def takes_duck_arrays(
    number: Callable[[Definition, InputShape], int], pack: Callable[[Factors], object]
) -> Callable[[Method], Method]:
    """Let a layer method take arrays of xarray, Dask and JAX; it is called with NumPy arrays.

    Parameters
    ----------
    number
        Returns how many numbers the result consists of, for a layer and an input shape.
    pack
        Builds the result from these numbers.
    """

    def decorate(method: Method) -> Method:
        @wraps(method)
        def call(layer: Definition, input_shape: InputShape, **options: object) -> object:
            if not _has_duck_arrays(layer, input_shape, options):
                return method(layer, input_shape, **options)
            from convcost._exact import duck_arrays

            own = layer.arguments()
            given: Values = (tuple(own.values()), tuple(options.values()), tuple(input_shape))
            numbers = partial(
                _numbers_of,
                type(layer),
                method.__name__,
                tuple(own),
                tuple(options),
                tuple(nested.rebuild(one, repeat(None)) for one in given),
            )
            wanted = partial(number, layer, input_shape)
            return pack(duck_arrays.call(numbers, nested.flat(given), wanted))

        return call  # type: ignore[return-value]

    return decorate


def _has_duck_arrays(
    layer: Definition, input_shape: InputShape, options: Mapping[str, object]
) -> bool:
    if layer.has_duck_arrays or any(map(is_duck_array, options.values())):
        return True
    return isinstance(input_shape, (tuple, list)) and any(map(is_duck_array, input_shape))


def _numbers_of(
    kind: Callable[..., Definition],
    method: str,
    arguments: tuple[str, ...],
    options: tuple[str, ...],
    like: Values,
    *values: object,
) -> Factors:
    """Return the numbers in a method's result for NumPy arrays; `like` gives their nesting."""
    rest = iter(values)
    own, settings, shape = (nested.rebuild(one, rest) for one in like)
    layer = kind(**dict(zip(arguments, own, strict=True)))
    return _flat_result(getattr(layer, method)(shape, **dict(zip(options, settings, strict=True))))


def _flat_result(result: Cost | Training | Traffic | Factors) -> Factors:
    if isinstance(result, Cost):
        return result.params, result.macs, result.bias_adds
    if isinstance(result, Training):
        passes = (result.forward, result.weight_gradient, result.input_gradient)
        return tuple(number for cost in passes for number in _flat_result(cost))
    return astuple(result) if isinstance(result, Traffic) else result


def training_of(numbers: Factors) -> Training:
    """Return a training step, rebuilt from the counts of its three costs."""
    return Training(*(from_counts(numbers[start : start + 3]) for start in (0, 3, 6)))


def number_of_sides(layer: Definition, shape: InputShape) -> int:
    """Return the number of output sides, or raise TypeError if it depends on the values."""
    if not layer.keeps_rank:
        raise TypeError(
            f"{type(layer).__name__} can't take lazy (Dask) arrays, because their values may decide"
            " how many sides its output has; compute them first"
        )
    return len(shape)
