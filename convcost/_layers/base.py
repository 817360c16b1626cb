"""The base class of all layers: shapes, weights, costs, training, traffic and intensity."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from convcost._cost.cost import Cost, from_counts, total
from convcost._exact import K, arithmetic
from convcost._exact.sizes import check_flag, check_integer
from convcost._layers.definition import Definition, elements_of
from convcost._layers.results import Traffic, Training, Weight, intensity
from convcost._layers.unpacking import number_of_sides, takes_duck_arrays, training_of

if TYPE_CHECKING:
    from typing import overload

    from convcost._cost.explanation import Explanation
    from convcost._exact.types import (
        ArraySize,
        Count,
        Expression,
        Factors,
        I,
        InputShape,
        Int64Array,
        Integer,
        NumPyArray,
        Size,
        Symbolic,
        SymbolicSize,
    )


@dataclass(frozen=True, eq=False, repr=False)
class Layer(Definition[K]):
    """A layer as an immutable value.

    Arguments have Keras's names and defaults. Any integer argument, and any side of an
    `input_shape`, may be a Python or NumPy integer, a NumPy array of integers (all arrays broadcast
    together) or a SymPy expression. An `input_shape` has no batch dimension.

    Raises
    ------
    TypeError, ValueError
        If an argument is invalid; the message names it, its value, and what is allowed.
    """

    if TYPE_CHECKING:

        @overload
        def output_shape(self: Layer[I], input_shape: InputShape[Integer[I]]) -> tuple[I, ...]: ...
        @overload
        def output_shape(self, input_shape: InputShape) -> Factors: ...

    @takes_duck_arrays(number_of_sides, tuple)
    def output_shape(self, input_shape: InputShape) -> Factors:
        """Return the output shape for one input.

        Parameters
        ----------
        input_shape
            Input shape in elements, without the batch dimension.

        Returns
        -------
        tuple
            Output shape in elements, without the batch dimension.

        Raises
        ------
        TypeError
            If a side is not an exact integer.
        ValueError
            If the number of sides is wrong, the channels are not divisible by the groups, or the
            output would be empty.
        OverflowError
            If arrays of machine integers are given and a value does not fit into int64.

        Examples
        --------
        >>> from convcost.layers import Conv2D
        >>> Conv2D(64, 3, strides=2, padding="same").output_shape((28, 28, 32))
        (14, 14, 64)
        """
        layer, shape = self._align(input_shape)
        return layer._output_shape(shape, layer._steps(shape))

    if TYPE_CHECKING:
        # So that checkers let a `type[Layer]` be called: each class has its own arguments.
        def __init__(self, *args: Any, **kwargs: Any) -> None: ...

    def weights(self, input_shape: InputShape) -> tuple[Weight, ...]:
        """Return the layer's weights, with Keras's names and shapes.

        Parameters
        ----------
        input_shape
            Input shape in elements, without the batch dimension.

        Returns
        -------
        tuple of Weight
            Each weight's name, its shape in elements, and whether it is trainable.

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
        def cost(  # type: ignore[overload-overlap]  # the first that fits holds
            self: Layer[I],
            input_shape: InputShape[Integer[I]],
            *,
            effective: bool = False,
            training: bool = False,
            first: bool = False,
        ) -> Cost[I]: ...
        @overload
        def cost(
            self: Layer[int | NumPyArray],
            input_shape: InputShape[ArraySize],
            *,
            effective: bool = False,
            training: bool = False,
            first: bool = False,
        ) -> Cost[Int64Array]: ...
        @overload
        def cost(
            self: Layer[int | Symbolic],
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
        """Return the cost of the layer for one input.

        Parameters
        ----------
        input_shape
            Input shape in elements, without the batch dimension.
        effective
            Whether to count only the taps inside the input, instead of all taps.
        training
            Whether to count one training step, including the gradients with respect to the weights
            and the input, instead of only the forward pass; `training()` returns each pass.
        first
            Whether the layer is the first of a model; its input needs no gradient.

        Returns
        -------
        Cost
            The numbers of parameters, MACs and bias additions.

        Raises
        ------
        ValueError
            If effective MACs are requested with a symbolic `kernel_size`, or `first` without
            `training`.

        Notes
        -----
        Nominal MACs follow Howard et al., "MobileNets" (arXiv:1704.04861): every tap counts at
        every position. A transposed convolution counts input positions.

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
            raise ValueError("first=True only applies to a training step; pass training=True, too")
        check_flag("effective", effective)
        layer, shape = self._align(input_shape)
        return total([step.forward(effective) for step in layer._steps(shape)])

    if TYPE_CHECKING:

        @overload
        def training(
            self: Layer[I],
            input_shape: InputShape[Integer[I]],
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
        """Return the cost of each pass of one training step for one input.

        Parameters
        ----------
        input_shape
            Input shape in elements, without the batch dimension.
        effective
            Whether to count only the taps inside the input, instead of all taps.
        first
            Whether the layer is the first of a model; its input needs no gradient.

        Returns
        -------
        Training
            The costs of the forward pass and the two gradients. Each gradient has the same MACs as
            the forward pass, nominal or effective.

        Notes
        -----
        Each MAC of the forward pass multiplies a weight by an input. In the gradient with respect
        to the weights, the output's gradient replaces the weight; in the gradient with respect to
        the input, it replaces the input. XLA's cost analysis of the compiled gradients gives the
        same effective counts.

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
        # In a first layer of two steps, the gradient has to reach the first step's weights.
        reached = layer._past_first(shape, steps) if left_out else steps
        return Training(
            total([step.forward(effective) for step in steps]),
            total([step.weight_gradient(effective) for step in steps]),
            total([step.input_gradient(effective) for step in reached]),
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
            Input shape in elements, without the batch dimension.
        effective
            Whether to count only the taps inside the input, instead of all taps.
        training
            Whether to explain one training step instead of the forward pass.
        first
            Whether the layer is the first of a model; its input needs no gradient.

        Returns
        -------
        Explanation
            One line of text per quantity; prints as a table.

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
            self: Layer[I], input_shape: InputShape[Integer[I]], *, batch: Integer = 1
        ) -> Traffic[I]: ...
        @overload
        def traffic(self, input_shape: InputShape, *, batch: Size = 1) -> Traffic[Any]: ...

    @takes_duck_arrays(lambda *_: 4, lambda numbers: Traffic(*numbers))
    def traffic(self, input_shape: InputShape, *, batch: Size = 1) -> Traffic[Any]:
        """Return the number of elements that the layer reads and writes, each counted once.

        Parameters
        ----------
        input_shape
            Input shape in elements, without the batch dimension.
        batch
            Batch size; the weights are read once per batch.

        Returns
        -------
        Traffic
            Elements of the input, the weights, the output, and the feature map between the steps of
            a separable convolution. Actual traffic is higher if the cache is too small.

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
            intermediate=arithmetic.elements(batch, layer._intermediate(steps)),
            output=arithmetic.elements(batch, elements_of(layer._output_shape(shape, steps))),
        )

    def intensity(
        self,
        input_shape: InputShape,
        *,
        element_size: Size = 4,
        batch: Size = 1,
        effective: bool = False,
    ) -> Count:
        """Return the arithmetic intensity: FLOPs per byte moved.

        Parameters
        ----------
        input_shape
            Input shape in elements, without the batch dimension.
        element_size
            Bytes per element: 4 for float32, 2 for float16.
        batch
            Batch size; the weights are read once per batch.
        effective
            Whether to count only the taps inside the input, instead of all taps.

        Returns
        -------
        Fraction
            FLOPs per byte; a SymPy expression for symbols, a float64 array for arrays.

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
