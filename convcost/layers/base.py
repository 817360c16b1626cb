"""What all layers can say about themselves."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from convcost.cost.cost import Cost, from_counts, total
from convcost.exact import arithmetic
from convcost.exact.scalars import is_array
from convcost.exact.sizes import check_flag, check_integer
from convcost.layers import arguments
from convcost.layers.results import Traffic, Training, Weight, intensity
from convcost.layers.unpacking import number_of_sides, takes_duck_arrays, training_of
from convcost.layers.values import Record

if TYPE_CHECKING:
    from typing import Self

    from convcost.cost.explanation import Explanation
    from convcost.exact.types import Count, Factors
    from convcost.layers.steps import Part


@dataclass(frozen=True, eq=False, repr=False)
class Layer(Record):
    """A layer as an immutable value: its arguments, and what follows from them.

    Arguments are called as in Keras and have Keras's defaults. Any integer among them, and any side
    of an `input_shape`, may be a Python or NumPy integer, a NumPy array of integers (all arrays
    broadcast together) or a SymPy expression. An `input_shape` has no batch axis.

    Raises
    ------
    TypeError, ValueError
        If an argument is not what it may be; names it, its value, and what would be right.
    """

    # Spatial axes of the input; None where any number will do.
    rank: ClassVar[int | None] = None
    # Whether the output has as many sides as the input.
    keeps_rank: ClassVar[bool] = False
    # Whether some of the weights are not trained, but gathered from the data.
    keeps_statistics: ClassVar[bool] = False

    @takes_duck_arrays(number_of_sides, tuple)
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

        Examples
        --------
        >>> from convcost.layers import Conv2D
        >>> [weight.shape for weight in Conv2D(64, 3).weights((28, 28, 32))]
        [(3, 3, 32, 64), (64,)]
        """
        layer, shape = self._align(input_shape)
        layer._steps(shape)
        return layer._weights(shape)

    @takes_duck_arrays(lambda *_: 3, from_counts)
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
        ValueError
            If effective MACs are asked for with a symbol as `kernel_size`, or `first` without
            `training`.

        Notes
        -----
        Nominal MACs are those of Howard et al., "MobileNets" (arXiv:1704.04861): every tap counts
        at every position. A transposed convolution counts the positions of its input.

        Examples
        --------
        >>> from convcost.layers import Conv2D
        >>> layer = Conv2D(64, 3, padding="same")
        >>> layer.cost((28, 28, 32)).macs, layer.cost((28, 28, 32), effective=True).macs
        (14450688, 13770752)
        """
        if check_flag("training", training):
            return self.training(input_shape, effective=effective, first=first).total
        if check_flag("first", first):
            raise ValueError("first=True is about a training step; give training=True, too")
        check_flag("effective", effective)
        layer, shape = self._align(input_shape)
        return total([step.forward(effective) for step in layer._steps(shape)])

    @takes_duck_arrays(lambda *_: 9, training_of)
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
        check_flag("effective", effective)
        left_out = check_flag("first", first)
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
        input_shape
            Shape of the input in elements, without the batch.
        effective, training, first
            The options of `cost`.

        Returns
        -------
        Explanation
            A line of text for each quantity; prints as a table.

        Examples
        --------
        >>> from convcost.layers import Conv2D
        >>> Conv2D(128, 3, padding="same", groups=4).explain((14, 14, 64)).macs
        '3*3*(64/4)*128*14*14 = 3612672'
        """
        cost = self.cost(input_shape, effective=effective, training=training, first=first)
        return cost.explain()

    @takes_duck_arrays(lambda *_: 4, lambda numbers: Traffic(*numbers))
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
        return intensity(work, moved, size)

    def output_and_cost(self, shape: Any, times: Count = 1) -> tuple[Factors, Cost]:
        """Return the shape of the output and the cost for a shape that is known to be exact.

        The way of a whole network, whose shapes come from one another: no arrays, nothing checked
        twice. `shape` is a list of shapes where the layer takes several inputs; `times` says how
        many such inputs there are, for which the cost is counted.
        """
        self._check_rank(shape)
        steps = self._steps(shape)
        output = self._output_shape(shape, steps)
        return output, total([step.forward(False) for step in _repeated(steps, times)])

    def parts(self, shape: Any, times: Count = 1) -> tuple[Part, ...]:
        """Return what is computed for a shape that was checked."""
        self._check_rank(shape)
        return _repeated(self._steps(shape), times)

    def non_trainable(self, shape: Any) -> Count:
        """Return how many of the weights training leaves alone, for a shape that was checked."""
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
        return ()

    def _output_shape(self, shape: Any, steps: tuple[Any, ...]) -> Factors:
        raise NotImplementedError

    def _weights(self, shape: Any) -> tuple[Weight, ...]:
        return ()

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
        return "(...)"

    def _align(self, input_shape: tuple[Any, ...]) -> tuple[Self, Factors]:
        """Return the layer and the input's shape with arrays that compute exactly together."""
        shape = arguments.check_shape(input_shape, type(self).__name__, self._axes(), self.rank)
        if not self.has_arrays and not any(map(is_array, shape)):
            return self, shape
        own = self.arguments()
        together = arguments.align_arrays({**own, "input_shape": shape})
        shape = together.pop("input_shape")
        twin = object.__new__(type(self))
        for name, value in together.items():
            object.__setattr__(twin, name, value)
        return twin, shape


def _repeated(steps: tuple[Part, ...], times: Count) -> tuple[Part, ...]:
    if type(times) is int and times == 1:
        return steps
    return tuple(step.repeated(times) for step in steps)
