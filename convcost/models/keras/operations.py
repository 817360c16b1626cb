"""Operations that a functional model records: `x + y`, `keras.ops.relu(x)`, `x[:, 0]`.

Their shapes have the batch as axis 0, with the number of inputs that one sample became (1, unless
something moved elements there): so all axes are alike, as they are for Keras.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any, NamedTuple

from convcost.exact import arithmetic
from convcost.exact.arithmetic import elements
from convcost.exact.scalars import refuse
from convcost.exact.sizes import check_integer
from convcost.layers import arguments
from convcost.layers.merging import broadcast, concatenate
from convcost.layers.reshaping import check_target, fill
from convcost.layers.steps import Product

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeAlias

    from convcost.exact.types import Count, Factors
    from convcost.layers.steps import Part

    Rule: TypeAlias = Callable[["Call"], Any]


class Tensor(NamedTuple):
    """What stands for a tensor among the arguments of a call: its shape, with the batch."""

    shape: Factors


class Call(NamedTuple):
    """A call of an operation: its own arguments, and those of the call."""

    own: dict[str, Any]
    args: tuple[Any, ...]
    kwargs: dict[str, Any]

    def input(self, index: int, name: str) -> Any:
        """Return an argument of the call, by place or by name."""
        if index < len(self.args):
            return self.args[index]
        if name in self.kwargs:
            return self.kwargs[name]
        raise ValueError(f"{name} must be given")

    def shape(self, index: int = 0, name: str = "x") -> Factors:
        """Return the shape of an argument of the call."""
        return shape_of(name, self.input(index, name))

    def axis(self, name: str, default: Any = None) -> Any:
        """Return an own argument."""
        return self.own.get(name, default)


def shape_of(name: str, value: Any) -> Factors:
    """Return the shape of a tensor, a number, or a constant in nested lists."""
    if isinstance(value, Tensor):
        return value.shape
    sides: list[int] = []
    while isinstance(value, (list, tuple)):
        sides.append(len(value))
        if not value:
            break
        value = value[0]
    if isinstance(value, (dict, str)):
        refuse(TypeError, name, value, "a tensor, a number, or nested lists of numbers")
    return tuple(sides)


@dataclass(frozen=True)
class Operation:
    """An operation of `keras.ops`, as a functional model records it.

    Parameters
    ----------
    kind
        Keras's name of its class: `Add`, `Relu`, `GetItem`, `Matmul`, ...
    own
        Arguments that it was made with, by name.

    Raises
    ------
    ValueError
        If no such operation is known.
    """

    kind: str
    own: dict[str, Any]

    def __post_init__(self) -> None:
        if self.kind not in RULES:
            refuse(ValueError, "kind", self.kind, f"one of {', '.join(sorted(RULES))}")

    def apply(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[Any, tuple[Part, ...]]:
        """Return the shape of the output, or a list of shapes, and what is computed.

        Raises
        ------
        TypeError, ValueError
            If the arguments are not what they may be.
        """
        made = RULES[self.kind](Call(self.own, args, kwargs))
        return (made.outputs, (made,)) if isinstance(made, Product) else (made, ())


RULES: dict[str, Rule] = {}


def _rule(names: str) -> Callable[[Rule], Rule]:
    def add(rule: Rule) -> Rule:
        RULES.update(dict.fromkeys(names.split(), rule))
        return rule

    return add


@_rule(
    """
    Abs Absolute Angle Arccos Arccosh Arcsin Arcsinh Arctan Arctanh BitwiseInvert BitwiseNot Cast
    Cbrt Ceil Celu Clip Conj Conjugate Copy Cos Cosh Cumprod Cumsum Deg2rad Elu Erf Erfc Erfinv Exp
    Exp2 Expm1 Fabs Flip Fliplr Flipud Floor Gelu HardShrink HardSigmoid HardSilu HardTanh I0 Imag
    Isfinite Isinf Isnan Isneginf Isposinf Isreal LeakyRelu Log Log10 Log1p Log2 LogSigmoid
    LogSoftmax LogicalNot NanToNum Negative Normalize OnesLike Rad2deg Real Reciprocal Relu Relu6
    Roll Round Rsqrt SaturateCast Selu Sigmoid Sign Signbit Silu Sin Sinc Sinh SoftShrink Softmax
    Softplus Softsign Sort SparsePlus SparseSigmoid Sparsemax Sqrt Square Squareplus StopGradient
    Tan Tanh TanhShrink Threshold Tril Triu Trunc ZerosLike
    """
)
def _same(call: Call) -> Factors:
    names = ("x", "variable", "images")
    return call.shape(0, next((name for name in names if name in call.kwargs), "x"))


@_rule("BatchNorm RMSNorm LayerNorm")
def _normalized(call: Call) -> Factors:
    return call.shape()


@_rule(
    """
    Add Arctan2 BitwiseAnd BitwiseLeftShift BitwiseOr BitwiseRightShift BitwiseXor Divide
    DivideNoNan Equal FloorDivide Fmax Fmin Fmod Gcd Greater GreaterEqual Heaviside Hypot Lcm
    LeftShift Less LessEqual LogicalAnd LogicalOr LogicalXor Logaddexp Logaddexp2 Maximum Minimum
    Mod Multiply Nextafter NotEqual Power RightShift Subtract TrueDivide
    """
)
def _together(call: Call) -> Factors:
    return broadcast((call.shape(0, "x1"), call.shape(1, "x2")))


@_rule("Where")
def _where(call: Call) -> Factors:
    return broadcast((call.shape(0, "condition"), call.shape(1, "x1"), call.shape(2, "x2")))


@_rule(
    """
    All Amax Amin Any CountNonzero Logsumexp Max Mean Median Min Nanmax Nanmean Nanmin Nanprod
    Nanstd Nansum Nanvar Prod Ptp Std Sum Var
    """
)
def _reduced(call: Call) -> Factors:
    return _without(call.shape(), call.axis("axis"), bool(call.axis("keepdims", False)))


@_rule("Argmax Argmin")
def _found(call: Call) -> Factors:
    return _without(call.shape(), call.axis("axis"), bool(call.axis("keepdims", False)))


def _without(shape: Factors, axis: Any, keep: bool) -> Factors:
    gone = set(range(len(shape))) if axis is None else set(_axes("axis", axis, len(shape)))
    if keep:
        return tuple(1 if index in gone else side for index, side in enumerate(shape))
    return tuple(side for index, side in enumerate(shape) if index not in gone)


def _axes(name: str, axes: Any, rank: int) -> list[int]:
    return [_axis(name, one, rank) for one in (axes if isinstance(axes, (list, tuple)) else [axes])]


def _axis(name: str, axis: Any, rank: int) -> int:
    axis = arguments.check_axis(name, axis)
    if not -rank <= axis < rank:
        refuse(ValueError, name, axis, f"an axis from {-rank} to {rank - 1}")
    return int(axis % rank)


@_rule("Reshape")
def _reshaped(call: Call) -> Factors:
    # A batch that is not known is None there, and 1 here.
    target = [1 if side is None else side for side in _list("newshape", call.axis("newshape"))]
    return fill("newshape", check_target("newshape", target), call.shape())


def _list(name: str, value: Any) -> list[Any]:
    if isinstance(value, (list, tuple)):
        return list(value)
    return [value]


@_rule("Ravel")
def _raveled(call: Call) -> Factors:
    return (elements(*call.shape()),)


@_rule("Transpose")
def _transposed(call: Call) -> Factors:
    shape = call.shape()
    axes = call.axis("axes")
    if axes is None:
        return shape[::-1]
    order = _axes("axes", axes, len(shape))
    if sorted(order) != list(range(len(shape))):
        refuse(ValueError, "axes", axes, f"each axis of {arguments.show(shape)} once")
    return tuple(shape[axis] for axis in order)


@_rule("Moveaxis")
def _moved(call: Call) -> Factors:
    shape = call.shape()
    source = _axes("source", call.axis("source"), len(shape))
    target = _axes("destination", call.axis("destination"), len(shape))
    order = [axis for axis in range(len(shape)) if axis not in source]
    for place, axis in sorted(zip(target, source, strict=True)):
        order.insert(place, axis)
    return tuple(shape[axis] for axis in order)


@_rule("Swapaxes")
def _swapped(call: Call) -> Factors:
    sides = list(call.shape())
    left = _axis("axis1", call.axis("axis1"), len(sides))
    right = _axis("axis2", call.axis("axis2"), len(sides))
    sides[left], sides[right] = sides[right], sides[left]
    return tuple(sides)


@_rule("ExpandDims")
def _expanded(call: Call) -> Factors:
    shape = list(call.shape())
    axes = _list("axis", call.axis("axis"))
    for axis in sorted(_axes("axis", axes, len(shape) + len(axes))):
        shape.insert(axis, 1)
    return tuple(shape)


@_rule("Squeeze")
def _squeezed(call: Call) -> Factors:
    shape = call.shape()
    axis = call.axis("axis")
    if axis is None:
        # The batch is as long as it is, even where that is 1 here.
        gone = {index for index, side in enumerate(shape) if index and side == 1}
    else:
        gone = set(_axes("axis", axis, len(shape)))
        if not all(arithmetic.may_equal(shape[index], 1) for index in gone):
            refuse(ValueError, "axis", axis, f"axes of length 1 of {arguments.show(shape)}")
    return tuple(side for index, side in enumerate(shape) if index not in gone)


@_rule("Concatenate")
def _concatenated(call: Call) -> Factors:
    shapes = [shape_of("xs", one) for one in _list("xs", call.input(0, "xs"))]
    return concatenate(shapes, _axis("axis", call.axis("axis", 0), len(shapes[0])))


@_rule("Stack")
def _stacked(call: Call) -> Factors:
    several = _list("x", call.input(0, "x"))
    shape = list(broadcast([shape_of("x", one) for one in several]))
    shape.insert(_axis("axis", call.axis("axis", 0), len(shape) + 1), len(several))
    return tuple(shape)


@_rule("Split")
def _split(call: Call) -> list[Factors]:
    shape = call.shape()
    axis = _axis("axis", call.axis("axis", 0), len(shape))
    where = call.axis("indices_or_sections")
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


# More tensors than this from one operation are a mistake, or meant to fill the memory.
_MANY = 10_000


@_rule("Unstack")
def _unstacked(call: Call) -> list[Factors]:
    shape = call.shape()
    axis = _axis("axis", call.axis("axis", 0), len(shape))
    if type(shape[axis]) is not int or shape[axis] > _MANY:
        refuse(ValueError, "axis", axis, f"an axis with a known length of at most {_MANY}")
    return [(*shape[:axis], *shape[axis + 1 :])] * shape[axis]


@_rule("Repeat")
def _repeated(call: Call) -> Factors:
    shape = call.shape()
    repeats = check_integer("repeats", call.axis("repeats"))
    if call.axis("axis") is None:
        return (elements(repeats, *shape),)
    axis = _axis("axis", call.axis("axis"), len(shape))
    return (*shape[:axis], shape[axis] * repeats, *shape[axis + 1 :])


@_rule("Tile")
def _tiled(call: Call) -> Factors:
    shape = call.shape()
    repeats = [check_integer("repeats", one) for one in _list("repeats", call.axis("repeats"))]
    rank = max(len(shape), len(repeats))
    sides = (1,) * (rank - len(shape)) + shape
    times = [1] * (rank - len(repeats)) + repeats
    return tuple(side * time for side, time in zip(sides, times, strict=True))


@_rule("BroadcastTo")
def _broadcast(call: Call) -> Factors:
    target = [1 if side is None else side for side in _list("shape", call.axis("shape"))]
    return broadcast((call.shape(), check_target("shape", target)))


@_rule("Pad")
def _padded(call: Call) -> Factors:
    shape = call.shape()
    width = call.axis("pad_width")
    pairs = _list("pad_width", width)
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


@_rule("Take")
def _taken(call: Call) -> Factors:
    shape, taken = call.shape(), call.shape(1, "indices")
    if call.axis("axis") is None:
        return taken
    axis = _axis("axis", call.axis("axis"), len(shape))
    return (*shape[:axis], *taken, *shape[axis + 1 :])


@_rule("GetItem")
def _got(call: Call) -> Factors:
    shape = call.shape()
    key = call.input(1, "key")
    keys = list(key) if isinstance(key, (list, tuple)) else [key]
    named = sum(1 for one in keys if one is not Ellipsis and one is not None)
    if keys.count(Ellipsis) > 1 or named > len(shape):
        refuse(ValueError, "key", key, f"at most {len(shape)} indices and one ellipsis")
    if Ellipsis not in keys:
        keys.append(Ellipsis)
    sides: list[Count] = []
    rest = list(shape)
    for place, one in enumerate(keys):
        if one is Ellipsis:
            behind = sum(1 for later in keys[place + 1 :] if later is not None)
            sides += rest[: len(rest) - behind]
            rest = rest[len(rest) - behind :]
        elif one is None:
            sides.append(1)
        else:
            sides += _sliced(one, rest.pop(0))
    return tuple(sides)


def _sliced(key: Any, side: Count) -> list[Count]:
    if isinstance(key, int) and not isinstance(key, bool):
        if type(side) is int and not -side <= key < side:
            refuse(ValueError, "key", key, f"an index into an axis of {side}")
        return []
    if not isinstance(key, slice):
        refuse(TypeError, "key", key, "integers, slices, None and one ellipsis")
    for end in (key.start, key.stop, key.step):
        if end is not None:
            arguments.check_axis("key", end)
    if key.step == 0:
        refuse(ValueError, "key", key, "slices with a step other than 0")
    if type(side) is not int:
        return [_slice_symbol(key, side)]
    first, last, step = key.indices(side)
    length = max(0, -(-(last - first) // step))
    if length == 0:
        refuse(ValueError, "key", key, f"a slice that leaves something of an axis of {side}")
    return [length]


def _slice_symbol(key: slice, side: Count) -> Count:
    """Return the length of a slice of an axis of symbolic length, taken to be long enough."""
    start, stop, step = key.start or 0, key.stop, key.step or 1
    if step < 0:
        refuse(ValueError, "key", key, f"a slice with a positive step, of an axis of {side}")
    first = start if start >= 0 else side + start
    last = side if stop is None else stop if stop >= 0 else side + stop
    return arithmetic.ceil_divide(last - first, step)


@_rule("MaxPool AveragePool")
def _pooled(call: Call) -> Factors:
    from convcost.layers import pooling

    shape = call.shape(0, "inputs")
    kinds = {3: pooling.MaxPooling1D, 4: pooling.MaxPooling2D, 5: pooling.MaxPooling3D}
    if len(shape) not in kinds:
        refuse(ValueError, "inputs", shape, "of three to five axes with the batch")
    layer = kinds[len(shape)](
        call.axis("pool_size"),
        call.axis("strides"),
        call.axis("padding", "valid"),
        data_format=call.axis("data_format"),
    )
    return (shape[0], *layer.output_and_cost(shape[1:])[0])


@_rule("Resize")
def _resized(call: Call) -> Factors:
    shape = call.shape(0, "images")
    height, width = arguments.per_axis("size", call.axis("size"), 2)
    if len(shape) not in (3, 4):
        refuse(ValueError, "images", shape, "of three axes, or four with the batch")
    batch, image = shape[:-3], shape[-3:]
    if arguments.check_data_format(call.axis("data_format")) == arguments.CHANNELS_LAST:
        return (*batch, height, width, image[2])
    return (*batch, image[0], height, width)


@_rule("Matmul")
def _multiplied(call: Call) -> Product:
    left, right = call.shape(0, "x1"), call.shape(1, "x2")
    if not left or not right:
        refuse(ValueError, "x1", left, "a vector, a matrix, or a batch of matrices")
    inner = _inner(left, right, "matrix")
    places = (*broadcast((left[:-2], right[:-2])), *left[-2:-1])
    return Product((*places, *_columns(right)), (inner,))


@_rule("Dot")
def _dotted(call: Call) -> Product | Factors:
    left, right = call.shape(0, "x1"), call.shape(1, "x2")
    if not left or not right:
        return left or right  # with a number it is a product of each element, as Multiply
    inner = _inner(left, right, "dot")
    return Product((*left[:-1], *right[:-2], *_columns(right)), (inner,))


def _columns(right: Factors) -> Factors:
    return right[-1:] if len(right) > 1 else ()


def _inner(left: Factors, right: Factors, kind: str) -> Count:
    """Return the side that a product sums over, which both inputs have."""
    inner, facing = left[-1], right[-2] if len(right) > 1 else right[0]
    if not arithmetic.may_equal(inner, facing):
        raise ValueError(
            f"the inner sides of a {kind} product must be the same; got shapes"
            f" {arguments.show(left)} and {arguments.show(right)}"
        )
    return inner


@_rule("Einsum")
def _summed(call: Call) -> Product:
    subscripts = call.axis("subscripts")
    if not isinstance(subscripts, str):
        refuse(TypeError, "subscripts", subscripts, "a text such as 'bij,bjk->bik'")
    shapes = [shape_of(f"operand {index}", one) for index, one in enumerate(_operands(call))]
    return einsum(subscripts, shapes)


def _operands(call: Call) -> list[Any]:
    return [*call.args, *call.kwargs.values()]


def einsum(subscripts: str, shapes: list[Factors]) -> Product:
    """Return the product that an einsum over two operands is: one MAC for each set of indices.

    Examples
    --------
    >>> einsum("bij,bjk->bik", [(1, 10, 64), (1, 64, 20)])
    Product(outputs=(1, 10, 20), inner=(64,), between=0)
    """
    allowed = "two operands and an output in letters: 'bij,bjk->bik'"
    left, arrow, output = subscripts.replace(" ", "").partition("->")
    terms = left.split(",")
    if not arrow or len(terms) != 2 or len(shapes) != 2 or "." in subscripts:
        refuse(ValueError, "subscripts", subscripts, allowed)
    sides: dict[str, Count] = {}
    for term, shape in zip(terms, shapes, strict=True):
        if len(term) != len(shape):
            refuse(ValueError, "subscripts", subscripts, f"as many letters as {shape} has sides")
        for letter, side in zip(term, shape, strict=True):
            if not arithmetic.may_equal(sides.setdefault(letter, side), side):
                refuse(ValueError, "subscripts", subscripts, f"one length for {letter!r}")
    if not set(output) <= set(sides) or len(set(output)) != len(output):
        refuse(ValueError, "subscripts", subscripts, allowed)
    inner = tuple(side for letter, side in sides.items() if letter not in output)
    return Product(tuple(sides[letter] for letter in output), inner)
