"""Operations that a functional Keras model records: `x + y`, `keras.ops.relu(x)`, `x[:, 0]`."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from convcost._exact import arithmetic
from convcost._exact.arithmetic import elements
from convcost._exact.scalars import refuse, refuse_choice
from convcost._exact.sizes import check_integer
from convcost._layers import arguments, pooling
from convcost._layers.merging import broadcast, concatenate
from convcost._layers.reshaping import check_target, fill
from convcost._layers.steps import Product

# The other modules of rules are imported for what they add to RULES.
from convcost._models.keras import (  # noqa: F401
    operation_convolutions,
    operation_einsum,
    operation_products,
    operation_slices,
    operation_widths,
)
from convcost._models.keras.operation_calls import (
    RULES,
    Computed,
    OperationCall,
    rule,
    shape_of,
)

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from convcost._exact.types import Factors
    from convcost._layers.steps import Part
    from convcost._layers.types import GivenShape
    from convcost._models.graph import Arguments


# More tensors than this from one operation are a mistake, or an attempt to exhaust memory.
_MANY = 10_000


@dataclass(frozen=True)
class KerasOperation:
    """An operation of `keras.ops`, as a functional model records it.

    Parameters
    ----------
    kind
        Name of the Keras class: `Add`, `Relu`, `GetItem`, `Matmul`, ...
    own
        The arguments that the operation was made with, by name.

    Raises
    ------
    ValueError
        If the operation is not known.
    """

    kind: str
    own: dict[str, object]

    def __post_init__(self) -> None:
        if self.kind not in RULES:
            refuse_choice("kind", self.kind, sorted(RULES))

    def apply(
        self, args: tuple[object, ...], kwargs: dict[str, object], batch: int = 1
    ) -> tuple[GivenShape, tuple[Part, ...]]:
        """Return the shape of the output, or a list of shapes, and what is multiplied."""
        made = RULES[self.kind](OperationCall(self.own, args, kwargs, batch))
        if isinstance(made, Product):
            return made.outputs, (made,)
        return (made.output, made.parts) if isinstance(made, Computed) else (made, ())

    def fixed_by(self, before: Arguments, after: Arguments, constant: Sequence[bool]) -> str:
        """Return what fixes a size that follows from the widths of the inputs, or ""."""
        return operation_widths.fixed_by(self.kind, self.own, before, after, constant)

    @property
    def fixes_sizes(self) -> bool:
        """Whether its arguments hold sizes, which may follow from the shapes of its inputs."""
        return self.kind in ("BroadcastTo", "GetItem", "Reshape", "Resize", "Split", "Tile")


@rule(
    """
    Abs Absolute Angle Arccos Arccosh Arcsin Arcsinh Arctan Arctanh BatchNorm BitwiseInvert
    BitwiseNot Cast Cbrt Ceil Celu Clip Conj Conjugate ConvertToTensor Copy Cos Cosh Deg2rad Elu Erf
    Erfc Erfinv Exp Exp2 Expm1 Fabs Flip Fliplr Flipud Floor Gelu HardShrink HardSigmoid HardSilu
    HardTanh I0 Imag Isfinite Isinf Isnan Isneginf Isposinf Isreal LayerNorm LeakyRelu Log Log10
    Log1p Log2 LogSigmoid LogSoftmax LogicalNot NanToNum Negative Normalize OnesLike RMSNorm Rad2deg
    Real Reciprocal Relu Relu6 Roll Round Rsqrt SaturateCast Selu Sigmoid Sign Signbit Silu Sin Sinc
    Sinh SoftShrink Softmax Softplus Softsign SparsePlus SparseSigmoid Sparsemax Sqrt Square
    Squareplus StopGradient Tan Tanh TanhShrink Threshold Tril Triu Trunc ZerosLike
    """
)
def _same(call: OperationCall) -> Factors:
    names = ("x", "variable", "images")
    return call.shape(0, next((name for name in names if name in call.kwargs), "x"))


@rule("Cumprod Cumsum Nancumprod Nancumsum")
def _accumulated(call: OperationCall) -> Factors:
    return _in_order(call, call.option("axis"))


@rule("Argsort Sort")
def _sorted(call: OperationCall) -> Factors:
    return _in_order(call, call.option("axis", -1))


def _in_order(call: OperationCall, axis: object) -> Factors:
    """Return the shape of an input that is processed along an axis, or flattened if it is None."""
    shape = call.shape()
    if axis is None:
        return (elements(*shape),)
    _axis("axis", axis, len(shape))
    return shape


@rule(
    """
    Add Arctan2 BitwiseAnd BitwiseLeftShift BitwiseOr BitwiseRightShift BitwiseXor Divide
    DivideNoNan Equal FloorDivide Fmax Fmin Fmod Gcd Greater GreaterEqual Heaviside Hypot Lcm
    LeftShift Less LessEqual LogicalAnd LogicalOr LogicalXor Logaddexp Logaddexp2 Maximum Minimum
    Mod Multiply Nextafter NotEqual Power RightShift Subtract TrueDivide
    """
)
def _together(call: OperationCall) -> Factors:
    return broadcast((call.shape(0, "x1"), call.shape(1, "x2")))


@rule("Where")
def _where(call: OperationCall) -> Factors:
    return broadcast((call.shape(0, "condition"), call.shape(1, "x1"), call.shape(2, "x2")))


@rule(
    """
    All Amax Amin Any Argmax Argmin CountNonzero Logsumexp Max Mean Median Min Nanmax Nanmean Nanmin
    Nanprod Nanstd Nansum Nanvar Prod Ptp Std Sum Var
    """
)
def _reduced(call: OperationCall) -> Factors:
    shape, axis = call.shape(), call.option("axis")
    gone = set(range(len(shape)) if axis is None else _axes("axis", axis, len(shape)))
    if call.option("keepdims", False):
        return tuple(1 if index in gone else side for index, side in enumerate(shape))
    return tuple(side for index, side in enumerate(shape) if index not in gone)


def _axes(name: str, axes: object, rank: int) -> list[int]:
    return [_axis(name, one, rank) for one in _list(axes)]


def _axis(name: str, axis: object, rank: int) -> int:
    axis = arguments.check_axis(name, axis)
    if not -rank <= axis < rank:
        refuse(ValueError, name, axis, f"an axis from {-rank} to {rank - 1}")
    return int(axis % rank)


@rule("Reshape")
def _reshaped(call: OperationCall) -> Factors:
    sizes = call.sizes("newshape")
    if None in sizes:
        if sizes.count(None) > 1 or -1 in sizes:
            call.open_side("newshape")
        # The only size that is not known follows from the others.
        sizes = [-1 if size is None else size for size in sizes]
    return fill("newshape", check_target("newshape", sizes), call.shape())


def _list(value: object) -> list[object]:
    return list(value) if isinstance(value, (list, tuple)) else [value]


@rule("Ravel")
def _raveled(call: OperationCall) -> Factors:
    return (elements(*call.shape()),)


@rule("Transpose")
def _transposed(call: OperationCall) -> Factors:
    shape = call.shape()
    axes = call.option("axes")
    if axes is None:
        return shape[::-1]
    order = _axes("axes", axes, len(shape))
    if sorted(order) != list(range(len(shape))):
        refuse(ValueError, "axes", axes, f"a permutation of the axes of {arguments.show(shape)}")
    return tuple(shape[axis] for axis in order)


@rule("Moveaxis")
def _moved(call: OperationCall) -> Factors:
    shape = call.shape()
    source = _axes("source", call.option("source"), len(shape))
    target = _axes("destination", call.option("destination"), len(shape))
    order = [axis for axis in range(len(shape)) if axis not in source]
    for place, axis in sorted(zip(target, source, strict=True)):
        order.insert(place, axis)
    return tuple(shape[axis] for axis in order)


@rule("Swapaxes")
def _swapped(call: OperationCall) -> Factors:
    sides = list(call.shape())
    left = _axis("axis1", call.option("axis1"), len(sides))
    right = _axis("axis2", call.option("axis2"), len(sides))
    sides[left], sides[right] = sides[right], sides[left]
    return tuple(sides)


@rule("ExpandDims")
def _expanded(call: OperationCall) -> Factors:
    shape = list(call.shape())
    axes = _list(call.option("axis"))
    for axis in sorted(_axes("axis", axes, len(shape) + len(axes))):
        shape.insert(axis, 1)
    return tuple(shape)


@rule("Squeeze")
def _squeezed(call: OperationCall) -> Factors:
    shape = call.shape()
    axis = call.option("axis")
    if axis is None:
        gone = {index for index, side in enumerate(shape) if side == 1}
    else:
        gone = set(_axes("axis", axis, len(shape)))
        if not all(arithmetic.may_equal(shape[index], 1) for index in gone):
            refuse(ValueError, "axis", axis, f"axes of length 1 in {arguments.show(shape)}")
    return tuple(side for index, side in enumerate(shape) if index not in gone)


@rule("Concatenate")
def _concatenated(call: OperationCall) -> Factors:
    shapes = [shape_of("xs", one) for one in _list(call.input(0, "xs"))]
    return concatenate(shapes, _axis("axis", call.option("axis", 0), len(shapes[0])))


@rule("Stack")
def _stacked(call: OperationCall) -> Factors:
    several = _list(call.input(0, "x"))
    shape = list(broadcast([shape_of("x", one) for one in several]))
    shape.insert(_axis("axis", call.option("axis", 0), len(shape) + 1), len(several))
    return tuple(shape)


@rule("Split")
def _split(call: OperationCall) -> list[Factors]:
    shape = call.shape()
    axis = _axis("axis", call.option("axis", 0), len(shape))
    where = call.option("indices_or_sections")
    if isinstance(where, (list, tuple)):
        inner = (arguments.check_axis("indices_or_sections", end) for end in where)
        sides = [end - start for start, end in pairwise([0, *inner, shape[axis]])]
    else:
        parts = check_integer("indices_or_sections", where)
        arguments.check_divides(("indices_or_sections", parts), ("the axis", shape[axis]))
        if parts > _MANY:
            refuse(ValueError, "indices_or_sections", parts, f"at most {_MANY}")
        sides = [arithmetic.divide_evenly(shape[axis], parts)] * parts
    return [(*shape[:axis], side, *shape[axis + 1 :]) for side in sides]


@rule("Unstack")
def _unstacked(call: OperationCall) -> list[Factors]:
    shape = call.shape()
    axis = _axis("axis", call.option("axis", 0), len(shape))
    if type(shape[axis]) is not int or shape[axis] > _MANY:
        refuse(ValueError, "axis", axis, f"an axis with a known length of at most {_MANY}")
    return [(*shape[:axis], *shape[axis + 1 :])] * shape[axis]


@rule("Repeat")
def _repeated(call: OperationCall) -> Factors:
    shape = call.shape()
    repeats = check_integer("repeats", call.option("repeats"))
    if call.option("axis") is None:
        return (elements(repeats, *shape),)
    axis = _axis("axis", call.option("axis"), len(shape))
    return (*shape[:axis], shape[axis] * repeats, *shape[axis + 1 :])


@rule("Tile")
def _tiled(call: OperationCall) -> Factors:
    shape = call.shape()
    given = call.sizes("repeats")
    if None in given:
        call.open_side("repeats")
    repeats = [check_integer("repeats", one) for one in given]
    rank = max(len(shape), len(repeats))
    sides = (1,) * (rank - len(shape)) + shape
    times = [1] * (rank - len(repeats)) + repeats
    return tuple(side * time for side, time in zip(sides, times, strict=True))


@rule("BroadcastTo")
def _broadcast(call: OperationCall) -> Factors:
    shape, sizes = call.shape(), call.sizes("shape")
    for place, size in enumerate(sizes):
        own = place - len(sizes) + len(shape)
        if size is None:
            if own < 0 or arithmetic.may_equal(shape[own], 1):
                call.open_side("shape")
            sizes[place] = shape[own]
    return broadcast((shape, check_target("shape", sizes)))


@rule("Pad")
def _padded(call: OperationCall) -> Factors:
    shape = call.shape()
    width = call.option("pad_width")
    pairs = _list(width)
    if len(pairs) == 1:
        pairs = pairs * len(shape)
    if all(isinstance(one, int) for one in pairs) and len(pairs) == 2:
        pairs = [pairs] * len(shape)
    checked = arguments.check_pairs("pad_width", pairs, len(shape))
    if len(shape) == 1:
        return (shape[0] + checked[0][0] + checked[0][1],)
    return tuple(
        side + before + after for side, (before, after) in zip(shape, checked, strict=True)
    )


@rule("Take")
def _taken(call: OperationCall) -> Factors:
    shape, taken = call.shape(), call.shape(1, "indices")
    if call.option("axis") is None:
        return taken
    axis = _axis("axis", call.option("axis"), len(shape))
    return (*shape[:axis], *taken, *shape[axis + 1 :])


@rule("MaxPool AveragePool")
def _pooled(call: OperationCall) -> Factors:
    shape = call.shape(0, "inputs")
    kinds = {3: pooling.MaxPooling1D, 4: pooling.MaxPooling2D, 5: pooling.MaxPooling3D}
    if len(shape) not in kinds:
        refuse(ValueError, "inputs", shape, "of three to five axes, the batch included")
    given: dict[str, Any] = {  # the layer checks them
        "pool_size": call.option("pool_size"),
        "strides": call.option("strides"),
        "padding": call.option("padding", "valid"),
        "data_format": call.option("data_format"),
    }
    layer = kinds[len(shape)](**given)
    return (shape[0], *layer.output_and_cost(shape[1:])[0])


@rule("Resize")
def _resized(call: OperationCall) -> Factors:
    shape = call.shape(0, "images")
    height, width = arguments.per_axis("size", call.option("size"), 2)
    if len(shape) not in (3, 4):
        refuse(ValueError, "images", shape, "of three axes, or four with the batch dimension")
    batch, image = shape[:-3], shape[-3:]
    if arguments.check_data_format(call.option("data_format")) == arguments.CHANNELS_LAST:
        return (*batch, height, width, image[2])
    return (*batch, image[0], height, width)
