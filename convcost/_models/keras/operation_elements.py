"""Operations on each element, sums and other reductions: none multiplies matrices."""

from __future__ import annotations

from typing import TYPE_CHECKING

from convcost._exact.arithmetic import elements
from convcost._exact.scalars import refuse
from convcost._layers.merging import broadcast
from convcost._models.keras.operation_calls import (
    OperationCall,
    axes_of,
    axis_of,
    listed,
    rule,
    shape_of,
)

if TYPE_CHECKING:
    from convcost._exact.types import Factors
    from convcost._layers.types import GivenShape


@rule(
    """
    Abs Absolute Angle Arccos Arccosh Arcsin Arcsinh Arctan Arctanh Array BatchNorm BitwiseInvert
    BitwiseNot Cast Cbrt Ceil Celu Clip Conj Conjugate ConvertToTensor Copy Cos Cosh Deg2rad Elu
    EmptyLike Erf Erfc Erfinv Exp Exp2 Expm1 Fabs Flip Fliplr Flipud Floor Gelu HardShrink
    HardSigmoid HardSilu HardTanh I0 Imag Isfinite Isinf Isnan Isneginf Isposinf Isreal LayerNorm
    LeakyRelu Log Log10 Log1p Log2 LogSigmoid LogSoftmax LogicalNot NanToNum Negative Normalize
    OnesLike RMSNorm Rad2deg Real Reciprocal Relu Relu6 Roll Round Rsqrt SaturateCast Selu Sigmoid
    Sign Signbit Silu Sin Sinc Sinh SoftShrink Softmax Softplus Softsign SparsePlus SparseSigmoid
    Sparsemax Sqrt Square Squareplus StopGradient Tan Tanh TanhShrink Threshold Tril Triu Trunc
    ZerosLike
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
    axis_of("axis", axis, len(shape))
    return shape


@rule(
    """
    Add Arctan2 BitwiseAnd BitwiseLeftShift BitwiseOr BitwiseRightShift BitwiseXor Divide
    DivideNoNan Equal FloorDivide Fmax Fmin Fmod Gcd Greater GreaterEqual Heaviside Hypot Isclose
    Lcm Ldexp LeftShift Less LessEqual LogicalAnd LogicalOr LogicalXor Logaddexp Logaddexp2
    Maximum Minimum Mod Multiply Nextafter NotEqual Power RightShift Subtract TrueDivide
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
    gone = set(range(len(shape)) if axis is None else axes_of("axis", axis, len(shape)))
    if call.option("keepdims", False):
        return tuple(1 if index in gone else side for index, side in enumerate(shape))
    return tuple(side for index, side in enumerate(shape) if index not in gone)


@rule("BinaryCrossentropy")
def _compared(call: OperationCall) -> Factors:
    return broadcast((call.shape(0, "target"), call.shape(1, "output")))


@rule("CategoricalCrossentropy SparseCategoricalCrossentropy")
def _over_classes(call: OperationCall) -> Factors:
    shape = call.shape(1, "output")
    axis = axis_of("axis", call.option("axis", -1), len(shape))
    return (*shape[:axis], *shape[axis + 1 :])


@rule("AllClose PSNR Size")
def _to_one_number(call: OperationCall) -> Factors:
    call.shape()
    return ()


@rule("Digitize FullLike InTopK IsIn ScatterUpdate SliceUpdate")
def _like_the_first(call: OperationCall) -> Factors:
    names = ("inputs", "targets", "x1")
    return call.shape(0, next((name for name in names if name in call.kwargs), "x"))


@rule("SearchSorted")
def _like_the_second(call: OperationCall) -> Factors:
    return call.shape(1, "values")


@rule("Argpartition")
def _partitioned(call: OperationCall) -> Factors:
    return _in_order(call, call.option("axis", -1))


@rule("Average Nanargmax Nanargmin Nanmedian")
def _averaged(call: OperationCall) -> Factors:
    return _reduced(call)


@rule("Norm")
def _normed(call: OperationCall) -> Factors:
    shape, axis, order = call.shape(), call.option("axis"), call.option("ord")
    axes = range(len(shape)) if axis is None else axes_of("axis", axis, len(shape))
    if len(axes) == 2 and order in (2, -2, "nuc"):
        raise ValueError(
            f"a matrix norm with ord={order!r} is made of singular values, for whose number of MACs"
            " there is no convention; ord='fro', 1 and inf have none"
        )
    return _reduced(call)


@rule("Moments")
def _moments(call: OperationCall) -> list[Factors]:
    own = {**call.own, "axis": call.option("axes")}
    return [_reduced(call._replace(own=own))] * 2


@rule("Nanpercentile Nanquantile Percentile Quantile")
def _quantiles(call: OperationCall) -> Factors:
    points = call.input(1, "q")
    several = shape_of("q", points)
    if several == (1,) and isinstance(points, (list, tuple)):
        # Keras records no axis for it in `quantile`, and one in `percentile`.
        refuse(ValueError, "q", points, "a number, or at least two")
    return (*several[:1], *_reduced(call))


@rule("Trapezoid")
def _integrated(call: OperationCall) -> Factors:
    shape = call.shape(0, "y")
    axis = axis_of("axis", call.option("axis", -1), len(shape))
    return (*shape[:axis], *shape[axis + 1 :])


@rule("CDist")
def _distances(call: OperationCall) -> Factors:
    left, right = call.shape(0, "x"), call.shape(1, "y")
    if len(left) < 2 or len(right) < 2:
        refuse(ValueError, "x", left, "of at least two axes, as y")
    return (*broadcast((left[:-2], right[:-2])), left[-2], right[-2])


@rule("Cross")
def _crossed(call: OperationCall) -> Factors:
    left, right = list(call.shape(0, "x1")), list(call.shape(1, "x2"))
    both = call.option("axis")
    ends = [call.option(name, -1) if both is None else both for name in _AXES_OF_CROSS]
    sides = [
        shape.pop(axis_of("axis", end, len(shape)))
        for shape, end in zip((left, right), ends, strict=False)
    ]
    made = list(broadcast((tuple(left), tuple(right))))
    if sides != [2, 2]:
        made.insert(axis_of("axisc", ends[2], len(made) + 1), 3)
    return tuple(made)


_AXES_OF_CROSS = ("axisa", "axisb", "axisc")


@rule("Kron")
def _tensor_product(call: OperationCall) -> Factors:
    left, right = call.shape(0, "x1"), call.shape(1, "x2")
    if len(left) != len(right):
        refuse(ValueError, "x2", right, f"of as many axes as x1, {len(left)}")
    return tuple(one * other for one, other in zip(left, right, strict=True))


@rule("Outer")
def _every_pair(call: OperationCall) -> Factors:
    return elements(*call.shape(0, "x1")), elements(*call.shape(1, "x2"))


@rule("Select")
def _selected(call: OperationCall) -> Factors:
    found = [*listed(call.input(0, "condlist")), *listed(call.input(1, "choicelist"))]
    return broadcast([shape_of("choicelist", one) for one in found])


@rule("Polar")
def _polar(call: OperationCall) -> Factors:
    return broadcast((call.shape(0, "abs_"), call.shape(1, "angle")))


@rule("Histogram")
def _counted(call: OperationCall) -> GivenShape:
    bins = call.size("bins", 10)
    return [(bins,), (bins + 1,)]
