"""What all layers can say about themselves."""

from __future__ import annotations

from dataclasses import MISSING, astuple, dataclass, fields
from functools import cached_property, partial, wraps
from typing import TYPE_CHECKING, Any, ClassVar

from convcost.cost.cost import Cost, counted, total
from convcost.exact import arithmetic, nested
from convcost.exact.kinds import is_foreign, module_for
from convcost.exact.scalars import is_array
from convcost.exact.sizes import check_bias, check_integer
from convcost.layers import arguments
from convcost.layers.results import Traffic, Training, Weight

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Self, TypeVar

    from convcost.cost.explanation import Explanation
    from convcost.exact.types import Count, Factors
    from convcost.layers.steps import Part

    Method = TypeVar("Method", bound=Callable[..., Any])


def _unpacked(
    number: Callable[[Layer, tuple[Any, ...]], int], pack: Callable[[tuple[Any, ...]], Any]
) -> Callable[[Method], Method]:
    """Let a method take arrays of xarray, Dask and JAX, unpacked; it is called with NumPy's.

    Parameters
    ----------
    number
        How many numbers the method's result consists of.
    pack
        Makes the result of them.
    """

    def decorate(method: Method) -> Method:
        @wraps(method)
        def call(self: Layer, input_shape: Any, **options: Any) -> Any:
            if not self._meets_foreign(input_shape, options):
                return method(self, input_shape, **options)
            from convcost.exact import duck_arrays

            own = self.arguments()
            measure = partial(_measure, type(self), tuple(own), tuple(options), method.__name__)
            given = (tuple(own.values()), tuple(options.values()), tuple(input_shape))
            return pack(duck_arrays.call(measure, given, partial(number, self, input_shape)))

        return call  # type: ignore[return-value]

    return decorate


def _measure(
    kind: type[Layer],
    arguments: tuple[str, ...],
    options: tuple[str, ...],
    method: str,
    values: tuple[Any, ...],
    settings: tuple[Any, ...],
    shape: tuple[Any, ...],
) -> tuple[Count, ...]:
    layer = kind(**dict(zip(arguments, values, strict=True)))
    result = getattr(layer, method)(shape, **dict(zip(options, settings, strict=True)))
    return _numbers(result)


def _numbers(result: Any) -> tuple[Count, ...]:
    """Return the numbers that a method's result consists of."""
    if isinstance(result, Cost):
        return result.params, result.macs, result.bias_adds
    if isinstance(result, Training):
        passes = (result.forward, result.weight_gradient, result.input_gradient)
        return tuple(number for cost in passes for number in _numbers(cost))
    if isinstance(result, Traffic):
        return astuple(result)
    return result if isinstance(result, tuple) else (result,)


def _training(numbers: tuple[Count, ...]) -> Training:
    return Training(*(counted(numbers[start : start + 3]) for start in (0, 3, 6)))


def _sides(layer: Layer, shape: tuple[Any, ...]) -> int:
    if not layer.keeps_rank:
        raise TypeError(
            f"what Dask promises is not known, and {type(layer).__name__} may have any number of"
            " output sides: compute it first"
        )
    return len(shape)


@dataclass(frozen=True, eq=False, repr=False)
class Layer:
    """A layer as an immutable value: its arguments, and what follows from them.

    Arguments are called as in Keras and have Keras's defaults. Any integer among them, and any side
    of an `input_shape`, may be a Python or NumPy integer, a NumPy array of integers (all arrays
    broadcast together) or a SymPy expression. An `input_shape` has no batch axis.
    """

    # Spatial axes of the input; None where any number will do.
    rank: ClassVar[int | None] = None
    # Whether the output has as many sides as the input.
    keeps_rank: ClassVar[bool] = False
    # Whether some of the weights are not trained, but gathered from the data.
    keeps_statistics: ClassVar[bool] = False

    @_unpacked(_sides, tuple)
    def output_shape(self, input_shape: tuple[Any, ...]) -> Factors:
        """Return the shape of the output for one input.

        Parameters
        ----------
        input_shape
            Shape of the input in elements, without the batch.

        Returns
        -------
        tuple
            Shape of the output in elements, without the batch.

        Raises
        ------
        TypeError
            If a side is not an exact integer.
        ValueError
            If the number of sides is wrong, the channels are not divided by the groups, or the
            output would be empty.
        OverflowError
            If arrays of machine integers are given and something does not fit into int64.

        Examples
        --------
        >>> from convcost.layers import Conv2D
        >>> Conv2D(64, 3, strides=2, padding="same").output_shape((28, 28, 32))
        (14, 14, 64)
        """
        layer, shape = self._align(input_shape)
        return layer._output_shape(shape, layer._steps(shape))

    def weights(self, input_shape: tuple[Any, ...]) -> tuple[Weight, ...]:
        """Return the layer's weights, with Keras's names and shapes.

        Parameters
        ----------
        input_shape
            Shape of the input in elements, without the batch.

        Returns
        -------
        tuple of Weight
            Name, shape in elements, and whether it is trainable.

        Raises
        ------
        TypeError, ValueError, OverflowError
            As for `output_shape`.

        Examples
        --------
        >>> from convcost.layers import Conv2D
        >>> [weight.shape for weight in Conv2D(64, 3).weights((28, 28, 32))]
        [(3, 3, 32, 64), (64,)]
        """
        layer, shape = self._align(input_shape)
        layer._steps(shape)
        return layer._weights(shape)

    @_unpacked(lambda *_: 3, counted)
    def cost(
        self,
        input_shape: tuple[Any, ...],
        *,
        effective: bool = False,
        training: bool = False,
        first: bool = False,
    ) -> Cost:
        """Return what the layer costs for one input.

        Parameters
        ----------
        input_shape
            Shape of the input in elements, without the batch.
        effective
            Whether to count only the taps that lie inside the input, rather than all.
        training
            Whether to count one training step, with the gradients by the weights and by the input,
            rather than the forward pass alone; `training()` has them one by one.
        first
            Whether the layer is a model's first, whose input needs no gradient.

        Returns
        -------
        Cost
            Parameters, MACs and bias additions, without unit.

        Raises
        ------
        TypeError, ValueError, OverflowError
            As for `output_shape`; ValueError, too, if effective MACs are asked for with a symbol
            as `kernel_size`, or `first` without `training`.

        Notes
        -----
        Nominal MACs are those of Howard et al., "MobileNets" (arXiv:1704.04861): every tap counts
        at every position. A transposed convolution lays its kernel at the positions of its input.

        Examples
        --------
        >>> from convcost.layers import Conv2D
        >>> layer = Conv2D(64, 3, padding="same")
        >>> layer.cost((28, 28, 32)).macs, layer.cost((28, 28, 32), effective=True).macs
        (14450688, 13770752)
        """
        if check_bias(training, "training"):
            return self.training(input_shape, effective=effective, first=first).total
        if check_bias(first, "first"):
            raise ValueError("first=True is about a training step; give training=True, too")
        check_bias(effective, "effective")
        layer, shape = self._align(input_shape)
        return total([step.forward(effective) for step in layer._steps(shape)])

    @_unpacked(lambda *_: 9, _training)
    def training(
        self, input_shape: tuple[Any, ...], *, effective: bool = False, first: bool = False
    ) -> Training:
        """Return what one training step costs for one input, pass by pass.

        Parameters
        ----------
        input_shape
            Shape of the input in elements, without the batch.
        effective
            Whether to count only the taps that lie inside the input, rather than all.
        first
            Whether the layer is a model's first, whose input needs no gradient.

        Returns
        -------
        Training
            The costs of the forward pass and of the two gradients. Each gradient has the forward
            pass's MACs, nominal or effective.

        Raises
        ------
        TypeError, ValueError, OverflowError
            As for `cost`.

        Notes
        -----
        Every multiply-accumulate of the forward pass multiplies a weight by an input; in one
        gradient the output's gradient takes the place of the weight, in the other that of the
        input. XLA's cost analysis of the compiled gradients gives the same effective counts.

        Examples
        --------
        >>> from convcost.layers import Conv2D
        >>> training = Conv2D(64, 3, padding="same").training((28, 28, 32), effective=True)
        >>> training.forward.macs, training.weight_gradient.macs, training.input_gradient.macs
        (13770752, 13770752, 13770752)
        """
        check_bias(effective, "effective")
        left_out = check_bias(first, "first")
        layer, shape = self._align(input_shape)
        steps = layer._steps(shape)
        return Training(
            total([step.forward(effective) for step in steps]),
            total([step.weight_gradient(effective) for step in steps]),
            # Within a layer of two steps the second's gradient has to reach the first's weights.
            total([step.input_gradient(effective) for step in steps[left_out:]]),
        )

    def explain(
        self,
        input_shape: tuple[Any, ...],
        *,
        effective: bool = False,
        training: bool = False,
        first: bool = False,
    ) -> Explanation:
        """Return the arithmetic behind each count of `cost`.

        Parameters
        ----------
        input_shape, effective, training, first
            As for `cost`.

        Returns
        -------
        Explanation
            A line of text for each quantity; prints as a table.

        Raises
        ------
        TypeError, ValueError, OverflowError
            As for `cost`.

        Examples
        --------
        >>> from convcost.layers import Conv2D
        >>> Conv2D(128, 3, padding="same", groups=4).explain((14, 14, 64)).macs
        '3*3*(64/4)*128*14*14 = 3612672'
        """
        cost = self.cost(input_shape, effective=effective, training=training, first=first)
        return cost.explain()

    @_unpacked(lambda *_: 4, lambda numbers: Traffic(*numbers))
    def traffic(self, input_shape: tuple[Any, ...], *, batch: Any = 1) -> Traffic:
        """Return how many elements the layer reads and writes, each of them once.

        Parameters
        ----------
        input_shape
            Shape of the input in elements, without the batch.
        batch
            Number of inputs that share one reading of the weights.

        Returns
        -------
        Traffic
            Elements of the input, the weights and the output, and of the map between the steps of a
            separable convolution. A cache too small to hold what is used again makes it more.

        Raises
        ------
        TypeError, ValueError, OverflowError
            As for `output_shape`.

        Examples
        --------
        >>> from convcost.layers import SeparableConv2D
        >>> SeparableConv2D(64, 3, padding="same").traffic((28, 28, 32))
        Traffic(input=25088, weights=2400, intermediate=50176, output=50176)
        """
        layer, shape = self._align(input_shape)
        batch = check_integer("batch", batch)
        steps = layer._steps(shape)
        return Traffic(
            input=arithmetic.elements(batch, layer._inputs(shape)),
            weights=total([step.forward(False) for step in steps]).params,
            intermediate=arithmetic.elements(batch, steps[0].between) if len(steps) > 1 else 0,
            output=arithmetic.elements(batch, *layer._output_shape(shape, steps)),
        )

    def intensity(
        self,
        input_shape: tuple[Any, ...],
        *,
        element_size: Any = 4,
        batch: Any = 1,
        effective: bool = False,
    ) -> Count:
        """Return the arithmetic intensity: FLOPs for each byte that is moved.

        Parameters
        ----------
        input_shape
            Shape of the input in elements, without the batch.
        element_size
            Bytes of one element: 4 for float32, 2 for float16.
        batch
            Number of inputs that share one reading of the weights.
        effective
            Whether to count only the taps that lie inside the input, rather than all.

        Returns
        -------
        Fraction
            FLOPs per byte; a SymPy expression or an array of float64 for those.

        Raises
        ------
        TypeError, ValueError, OverflowError
            As for `cost`.

        Notes
        -----
        Williams, Waterman and Patterson, "Roofline" (doi:10.1145/1498765.1498785), with every
        element moved once.

        Examples
        --------
        >>> from convcost.layers import Conv2D, SeparableConv2D
        >>> standard = Conv2D(64, 3, padding="same").intensity((28, 28, 32))
        >>> separable = SeparableConv2D(64, 3, padding="same").intensity((28, 28, 32))
        >>> print(f"{float(standard):.1f} {float(separable):.1f}")
        77.1 7.2
        """
        size, batch = check_integer("element_size", element_size), check_integer("batch", batch)
        moved = self.traffic(input_shape, batch=batch).elements
        work = arithmetic.multiply(
            "flops", self.cost(input_shape, effective=effective).flops, batch
        )
        return arithmetic.divide("elements", work, arithmetic.multiply("bytes", moved, size))

    def measure(self, shape: Any, times: Count = 1) -> tuple[Factors, Cost]:
        """Return the shape of the output and the cost for a shape that is known to be exact.

        The way of a whole network, whose shapes come from one another: no arrays, nothing checked
        twice. `shape` is a list of shapes where the layer takes several inputs; `times` says how
        many such inputs there are, for which the cost is counted.
        """
        self._check_rank(shape)
        steps = self._steps(shape)
        output = self._output_shape(shape, steps)
        costs = [step.forward(False) for step in _repeated(steps, times)]
        return output, costs[0] if len(costs) == 1 else total(costs)

    def parts(self, shape: Any, times: Count = 1) -> tuple[Part, ...]:
        """Return what is computed for a shape as in `measure`."""
        self._check_rank(shape)
        return _repeated(self._steps(shape), times)

    def non_trainable(self, shape: Any) -> Count:
        """Return how many of the weights training leaves alone, for a shape as in `measure`."""
        if not self.keeps_statistics:
            return 0
        number: Count = 0
        for weight in self._weights(shape):
            if not weight.trainable:
                number = number + arithmetic.elements(*weight.shape)
        return number

    def _check_rank(self, shape: Any) -> None:
        if self.rank is not None and len(shape) != self.rank + 1:
            arguments.check_shape(shape, type(self).__name__, self._axes(), self.rank)

    def _steps(self, shape: Any) -> tuple[Part, ...]:
        """Return what the layer computes, or refuse a shape that it can't take."""
        raise NotImplementedError

    def _output_shape(self, shape: Any, steps: tuple[Any, ...]) -> Factors:
        raise NotImplementedError

    def _weights(self, shape: Any) -> tuple[Weight, ...]:
        raise NotImplementedError

    def given(self, shapes: list[Factors]) -> Any:
        """Return what the layer's methods take for these inputs: a shape, or a list of them."""
        return shapes[0]

    def _inputs(self, shape: Any) -> Count:
        """Return the number of elements that are read from the inputs."""
        if shape and isinstance(shape[0], (tuple, list)):
            return arithmetic.total("elements", [arithmetic.elements(*one) for one in shape])
        return arithmetic.elements(*shape)

    def _axes(self) -> str:
        """Name the axes of an input, for error messages."""
        raise NotImplementedError

    def _align(self, input_shape: tuple[Any, ...]) -> tuple[Self, Factors]:
        """Return the layer and the input's shape with arrays that compute exactly together."""
        shape = arguments.check_shape(input_shape, type(self).__name__, self._axes(), self.rank)
        if not self._has_arrays and not any(map(is_array, shape)):
            return self, shape
        own = self.arguments()
        together = arguments.align({**own, "input_shape": shape})
        shape = together.pop("input_shape")
        twin = object.__new__(type(self))
        for name, value in together.items():
            object.__setattr__(twin, name, value)
        return twin, shape

    def _meets_foreign(self, input_shape: Any, options: dict[str, Any]) -> bool:
        if self._has_foreign or any(map(is_foreign, options.values())):
            return True
        return isinstance(input_shape, (tuple, list)) and any(map(is_foreign, input_shape))

    @cached_property
    def _has_foreign(self) -> bool:
        return any(map(is_foreign, nested.flat(tuple(self.arguments().values()))))

    @cached_property
    def _has_arrays(self) -> bool:
        return any(map(is_array, nested.flat(tuple(self.arguments().values()))))

    def arguments(self) -> dict[str, Any]:
        """Return the arguments by name, defaults included.

        Returns
        -------
        dict
            What a Keras config of the layer has under the same names; one integer for each axis.

        Examples
        --------
        >>> from convcost.layers import Dense
        >>> Dense(10).arguments()
        {'units': 10, 'use_bias': True}
        """
        return {field.name: getattr(self, field.name) for field in fields(self)}

    @classmethod
    def argument_names(cls) -> tuple[str, ...]:
        """Return what the arguments are called.

        Returns
        -------
        tuple of str
            Names, in the order in which they may be given.

        Examples
        --------
        >>> from convcost.layers import Dense
        >>> Dense.argument_names()
        ('units', 'use_bias')
        """
        return tuple(field.name for field in fields(cls))

    def _set(self, **values: Any) -> None:
        for name, value in values.items():
            object.__setattr__(self, name, value)

    def _check_bias(self) -> None:
        # bool, since an int among the arguments would look like a size.
        self._set(use_bias=bool(check_bias(getattr(self, "use_bias"), "use_bias")))  # noqa: B009

    def __eq__(self, other: object) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        mine, theirs = self.arguments(), other.arguments()
        return all(map(_is_equal, mine.values(), theirs.values()))

    def __hash__(self) -> int:
        return hash((type(self), *map(_hashable, self.arguments().values())))

    def __repr__(self) -> str:
        shown = []
        for field in fields(self):
            value = getattr(self, field.name)
            if field.default is MISSING:
                shown.append(_text(_short(value)))
            elif not _is_default(value, field.default):
                shown.append(f"{field.name}={_text(_short(value))}")
        return f"{type(self).__name__}({', '.join(shown)})"


def _repeated(steps: tuple[Part, ...], times: Count) -> tuple[Part, ...]:
    if type(times) is int and times == 1:
        return steps
    return tuple(step.repeated(times) for step in steps)


def _is_equal(left: Any, right: Any) -> bool:
    if isinstance(left, tuple) and isinstance(right, tuple):
        return len(left) == len(right) and all(map(_is_equal, left, right))
    return arithmetic.is_equal(left, right)


def _hashable(value: Any) -> Any:
    if isinstance(value, tuple):
        return tuple(map(_hashable, value))
    if is_array(value):
        raise TypeError("layers with arrays as arguments cannot be hashed: arrays have no hash")
    # As `_is_equal` compares them: m*(n + 1) is m*n + m.
    return arithmetic.canonical(value)


def _short(value: Any) -> Any:
    """Write (3, 3) as 3, and ((1, 1), (1, 1)) as 1, which are the same arguments."""
    if not isinstance(value, tuple):
        return value
    first, *others = nested.flat(value)
    return first if all(_is_equal(other, first) for other in others) else value


def _text(value: Any) -> str:
    return f"<{module_for(value).summarize(value)}>" if is_foreign(value) else repr(value)


def _is_default(value: Any, default: Any) -> bool:
    if value is default or _is_equal(value, default):
        return True
    return isinstance(value, tuple) and all(_is_default(inner, default) for inner in value)
