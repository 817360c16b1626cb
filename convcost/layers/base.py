"""What all layers can say about themselves."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from convcost.cost.cost import Cost, from_counts, total
from convcost.exact import K, arithmetic
from convcost.exact.sizes import check_flag, check_integer
from convcost.layers.definition import Definition
from convcost.layers.results import Traffic, Training, Weight, intensity
from convcost.layers.unpacking import number_of_sides, takes_duck_arrays, training_of

if TYPE_CHECKING:
    from typing import overload

    from convcost.cost.explanation import Explanation
    from convcost.exact.types import (
        ArraySize,
        Count,
        Expression,
        Factors,
        I,
        InputShape,
        Int64Array,
        Integer,
        Size,
        SymbolicSize,
    )


@dataclass(frozen=True, eq=False, repr=False)
class Layer(Definition[K]):
    """A layer as an immutable value: its arguments, and what follows from them.

    Arguments are called as in Keras and have Keras's defaults. Any integer among them, and any side
    of an `input_shape`, may be a Python or NumPy integer, a NumPy array of integers (all arrays
    broadcast together) or a SymPy expression. An `input_shape` has no batch axis.

    Raises
    ------
    TypeError, ValueError
        If an argument is not what it may be; names it, its value, and what would be right.
    """

    if TYPE_CHECKING:

        @overload
        def output_shape(self: Layer[I], input_shape: InputShape[Integer]) -> tuple[I, ...]: ...
        @overload
        def output_shape(self, input_shape: InputShape) -> Factors: ...

    @takes_duck_arrays(number_of_sides, tuple)
    def output_shape(self, input_shape: InputShape) -> Factors:
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

    def weights(self, input_shape: InputShape) -> tuple[Weight, ...]:
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

    if TYPE_CHECKING:

        @overload
        def cost(
            self: Layer[I],
            input_shape: InputShape[Integer],
            *,
            effective: bool = False,
            training: bool = False,
            first: bool = False,
        ) -> Cost[I]: ...
        @overload
        def cost(  # type: ignore[overload-overlap]  # the first that fits holds
            self: Layer[Integer],
            input_shape: InputShape[Integer],
            *,
            effective: bool = False,
            training: bool = False,
            first: bool = False,
        ) -> Cost[int]: ...
        @overload
        def cost(
            self: Layer[ArraySize],
            input_shape: InputShape[ArraySize],
            *,
            effective: bool = False,
            training: bool = False,
            first: bool = False,
        ) -> Cost[Int64Array]: ...
        @overload
        def cost(
            self: Layer[SymbolicSize],
            input_shape: InputShape[SymbolicSize],
            *,
            effective: bool = False,
            training: bool = False,
            first: bool = False,
        ) -> Cost[Expression]: ...
        @overload
        def cost(
            self,
            input_shape: InputShape,
            *,
            effective: bool = False,
            training: bool = False,
            first: bool = False,
        ) -> Cost[Any]: ...

    @takes_duck_arrays(lambda *_: 3, from_counts)
    def cost(
        self,
        input_shape: InputShape,
        *,
        effective: bool = False,
        training: bool = False,
        first: bool = False,
    ) -> Cost[Any]:
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

    if TYPE_CHECKING:

        @overload
        def training(
            self: Layer[I],
            input_shape: InputShape[Integer],
            *,
            effective: bool = False,
            first: bool = False,
        ) -> Training[I]: ...
        @overload
        def training(
            self, input_shape: InputShape, *, effective: bool = False, first: bool = False
        ) -> Training[Any]: ...

    @takes_duck_arrays(lambda *_: 9, training_of)
    def training(
        self, input_shape: InputShape, *, effective: bool = False, first: bool = False
    ) -> Training[Any]:
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
        input_shape: InputShape,
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

    if TYPE_CHECKING:

        @overload
        def traffic(
            self: Layer[I], input_shape: InputShape[Integer], *, batch: Integer = 1
        ) -> Traffic[I]: ...
        @overload
        def traffic(self, input_shape: InputShape, *, batch: Size = 1) -> Traffic[Any]: ...

    @takes_duck_arrays(lambda *_: 4, lambda numbers: Traffic(*numbers))
    def traffic(self, input_shape: InputShape, *, batch: Size = 1) -> Traffic[Any]:
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
        input_shape: InputShape,
        *,
        element_size: Size = 4,
        batch: Size = 1,
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
