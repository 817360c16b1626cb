"""Whether an operation says what it computes at other widths of its inputs.

Code that meets channels with a weight, a constant or a number of a fixed size says what it computes
at the width that it has. At another one it would be another weight or number, and which, nothing
tells.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from convcost._layers.arguments import show
from convcost._layers.reshaping import follows
from convcost._models.graph import Tensor
from convcost._models.keras.operation_calls import shape_of
from convcost._models.trees import leaves, ordered

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from typing import Any

    from convcost._exact.types import Factors
    from convcost._models.graph import Arguments


class Operand(NamedTuple):
    """A tensor that an operation is called with: before and after its width was changed."""

    before: Factors
    after: Factors
    # Whether it does not depend on any input of the model.
    constant: bool

    @property
    def changed(self) -> set[int]:
        """The axes whose lengths have changed."""
        pairs = enumerate(zip(self.before, self.after, strict=True))
        return {axis for axis, (old, new) in pairs if old != new}


class Fixed(ValueError):  # noqa: N818  # it is raised again with what to do
    """Something has a fixed size that meets channels whose number has changed."""


def fixed_by(
    kind: str,
    own: dict[str, object],
    before: Arguments,
    after: Arguments,
    constant: Sequence[bool],
) -> str:
    """Return what fixes a size in an operation that is called at other widths, or "".

    Parameters
    ----------
    kind, own
        Name of the operation's class, and its own arguments.
    before, after
        The arguments of its call at both widths.
    constant
        Tells of each tensor among them whether it depends on no input of the model.
    """
    operands = list(_operands(kind, before, after, constant))
    if not any(one.changed for one in operands):
        return ""
    args, kwargs = after
    if kind == "GetItem":
        own = own | {"key": args[1] if len(args) > 1 else kwargs.get("key")}
    try:
        _CHECKS.get(kind, _no_constants)(own, operands)
    except Fixed as error:
        return str(error)
    return ""


def _operands(
    kind: str, before: Arguments, after: Arguments, constant: Sequence[bool]
) -> Iterator[Operand]:
    """Yield the tensors of a call, and numbers in nested lists."""
    flags = iter(constant)
    olds, news = (
        [*args, *(kwargs[name] for name in ordered(kwargs))] for args, kwargs in (before, after)
    )
    for old, new in zip(olds, news, strict=True):
        pairs = list(zip(leaves(old, Tensor), leaves(new, Tensor), strict=True))
        for one, other in pairs:
            yield Operand(one.shape, other.shape, next(flags))
        if not pairs and isinstance(new, (list, tuple)) and kind != "GetItem":
            shape = shape_of("x", new)
            yield Operand(shape, shape, True)


def _no_constants(own: dict[str, Any], operands: list[Operand]) -> None:
    for one in operands:
        if one.constant and any(side != 1 for side in one.after):
            raise _met(one)


def _met(one: Operand) -> Fixed:
    return Fixed(f"a weight or constant of shape {show(one.after)} meets channels that are scaled")


def _aligned(own: dict[str, Any], operands: list[Operand]) -> None:
    """Check operands whose axes are aligned from the last one, where 1 is repeated."""
    for one in operands:
        places = {axis - len(one.before) for axis in one.changed}
        for other in operands:
            sides = [other.after[axis] for axis in places if -axis <= len(other.after)]
            if other.constant and any(side != 1 for side in sides):
                raise _met(other)


def _multiplied(own: dict[str, Any], operands: list[Operand]) -> None:
    """Check a product: sides that differ are refused by its rule, but 1 may be repeated."""
    if any(one.after[axis] == 1 for one in operands for axis in one.changed):
        _no_constants(own, operands)


def _convolved(own: dict[str, Any], operands: list[Operand]) -> None:
    inputs, *kernels = operands
    for one in kernels:
        if inputs.changed and not one.changed:
            raise _met(one)


def _concatenated(own: dict[str, Any], operands: list[Operand]) -> None:
    axis = own.get("axis", 0)
    if any(_has(one, axis) for one in operands):
        _no_constants(own, operands)


def _has(one: Operand, axis: object) -> bool:
    """Tell whether the length of an axis has changed; None stands for all axes."""
    if axis is None:
        return bool(one.changed)
    return isinstance(axis, int) and axis % len(one.before) in one.changed


def _along(name: str) -> Callable[[dict[str, Any], list[Operand]], None]:
    """Return the check of an operation that takes fixed places along an axis."""

    def check(own: dict[str, Any], operands: list[Operand]) -> None:
        first, *_ = operands
        if _has(first, own.get("axis", 0)):
            raise Fixed(f"its {name} are fixed along an axis that is scaled")

    return check


def _split(own: dict[str, Any], operands: list[Operand]) -> None:
    if not isinstance(own.get("indices_or_sections"), int):
        _along("indices")(own, operands)


def _padded(own: dict[str, Any], operands: list[Operand]) -> None:
    (first, *_) = operands
    width = own.get("pad_width")
    pairs = list(width) if isinstance(width, (list, tuple)) else [width]
    if all(isinstance(one, (list, tuple)) for one in pairs):
        every: Any = pairs * len(first.before) if len(pairs) == 1 else pairs
        if all(not any(every[axis]) for axis in first.changed):
            return
    raise Fixed(f"its pad_width {width} is fixed along an axis that is scaled")


def _got(own: dict[str, Any], operands: list[Operand]) -> None:
    first, *_ = operands
    keys = own["key"] if isinstance(own["key"], (list, tuple)) else [own["key"]]
    named = [one for one in keys if one is not None and one is not Ellipsis]
    axes = list(range(len(first.before)))
    for one in keys:
        if one is Ellipsis:
            axes = axes[len(axes) - len(named) :]
        elif one is not None:
            named.pop(0)
            if axes.pop(0) in first.changed and not _takes_all(one):
                raise Fixed(f"its index {one} is fixed along an axis that is scaled")


def _takes_all(key: object) -> bool:
    return isinstance(key, slice) and key.start in (None, 0) and key.stop is None


def _broadcast(own: dict[str, Any], operands: list[Operand]) -> None:
    first, *_ = operands
    shape: Any = own.get("shape")
    places = {axis - len(first.before) for axis in first.changed}
    if any(shape[place] is not None for place in places):
        raise Fixed(f"its shape {shape} is fixed along an axis that is scaled")


def _unscaled(own: dict[str, Any], operands: list[Operand]) -> None:
    """Check an operation whose arguments, or whose way to work, may follow from the widths."""
    raise Fixed("what it computes may be something else along an axis that is scaled")


def _squeezed(own: dict[str, Any], operands: list[Operand]) -> None:
    first, *_ = operands
    if own.get("axis") is None and any(first.after[axis] == 1 for axis in first.changed):
        raise Fixed("it would drop an axis that is scaled to 1")


def _resized(own: dict[str, Any], operands: list[Operand]) -> None:
    first, *_ = operands
    channels = -3 if own.get("data_format") == "channels_first" else -1
    if first.changed - {len(first.before) + channels}:
        raise Fixed(f"its size {own.get('size')} is fixed along an axis that is scaled")


def _reshaped(own: dict[str, Any], operands: list[Operand]) -> None:
    first, *_ = operands
    sizes = own.get("newshape")
    first_size, *sides = sizes if isinstance(sizes, (list, tuple)) else [sizes]
    batched = first_size in (None, -1, first.before[0])
    if not batched or not follows(tuple(sides), first.before[1:], first.after[1:]):
        raise Fixed(f"its newshape {sizes} may be another one at other widths")


_TOGETHER = """
    Add Arctan2 BitwiseAnd BitwiseLeftShift BitwiseOr BitwiseRightShift BitwiseXor Divide
    DivideNoNan Equal FloorDivide Fmax Fmin Fmod Gcd Greater GreaterEqual Heaviside Hypot Isclose
    Lcm LayerNorm Ldexp LeftShift Less LessEqual LogicalAnd LogicalOr LogicalXor Logaddexp
    Logaddexp2 Maximum Minimum Mod Multiply Nextafter NotEqual Power RMSNorm RightShift Stack
    Subtract TrueDivide Where
"""
_MULTIPLIED = "Correlate Dot DotProductAttention Einsum Inner Matmul Tensordot Vdot"
_UNSCALED = """
    AdaptiveAveragePool AdaptiveMaxPool ArraySplit CropImages DepthToSpace Diag Diagflat Diagonal
    Diff Dsplit ExtractPatches ExtractSequences Fold Full Glu Hsplit Kron MapCoordinates Meshgrid
    MultiHot OneHot Outer PadImages Rearrange Rot90 ScaleAndTranslate Scatter ScatterUpdate
    SearchSorted SegmentMax SegmentMin SegmentProd SegmentSum Slice SliceUpdate SpaceToDepth SSIM
    TakeAlongAxis TopK Unfold Unique UnravelIndex Vander ViewAsComplex Vsplit
"""
_CHECKS: dict[str, Callable[[dict[str, Any], list[Operand]], None]] = {
    **dict.fromkeys(_TOGETHER.split(), _aligned),
    **dict.fromkeys(_MULTIPLIED.split(), _multiplied),
    **dict.fromkeys(_UNSCALED.split(), _unscaled),
    **dict.fromkeys(["Conv", "DepthwiseConv", "SeparableConv", "ConvTranspose"], _convolved),
    "BroadcastTo": _broadcast,
    "Concatenate": _concatenated,
    "GetItem": _got,
    "Pad": _padded,
    "Reshape": _reshaped,
    "Resize": _resized,
    "Split": _split,
    "Squeeze": _squeezed,
    "Take": _along("indices"),
    "Unstack": _along("outputs"),
}
