"""Operations of TensorFlow that tf.keras 2.4 to 2.15 saves as layers, such as `tf.reshape(x, ...)`.

Such a layer, a `TFOpLambda` or `SlicingOpLambda`, has the name of the function in its config, and
the function's arguments in each of its calls.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import accumulate
from typing import TYPE_CHECKING, Any, NamedTuple

from convcost._exact.scalars import refuse
from convcost._layers.merging import broadcast
from convcost._models.graph import Tensor
from convcost._models.keras.operation_calls import shape_of
from convcost._models.keras.operations import KerasOperation

if TYPE_CHECKING:
    from collections.abc import Sequence

    from convcost._layers.steps import Part
    from convcost._layers.types import GivenShape
    from convcost._models.graph import Arguments

CLASSES = ("TFOpLambda", "SlicingOpLambda")


class _Twin(NamedTuple):
    """The operation of Keras 3 with the same shapes and arithmetic as a function.

    Attributes
    ----------
    kind
        Name of its class.
    inputs
        Names of the function's arguments that are tensors, in Keras's order.
    options
        Names of other arguments: of the function, and of the operation.
    """

    kind: str
    inputs: tuple[str, ...] = ("x",)
    options: tuple[tuple[str, str], ...] = ()


# The name of the first argument differs, but it always comes first.
_UNARY = """
    abs acos acosh angle argsort asin asinh atan atanh bessel_i0 cast ceil clip_by_norm
    clip_by_value conj cos cosh cumprod cumsum digamma elu erf erfc exp expm1 floor gelu
    identity imag is_finite is_inf is_nan l2_normalize leaky_relu lgamma log log1p log_sigmoid
    log_softmax logical_not negative ones_like real reciprocal relu relu6 reverse rint roll
    round rsqrt saturate_cast selu sigmoid sign silu sin sinh softmax softplus softsign sqrt
    square stop_gradient swish tan tanh zeros_like
"""
_BINARY = """
    add atan2 divide divide_no_nan equal floordiv floormod greater greater_equal less less_equal
    logical_and logical_or logical_xor maximum minimum mod multiply multiply_no_nan not_equal pow
    squared_difference subtract truediv xdivy xlogy
"""
_REDUCED = """
    count_nonzero norm reduce_all reduce_any reduce_euclidean_norm reduce_logsumexp reduce_max
    reduce_mean reduce_min reduce_prod reduce_std reduce_sum reduce_variance
"""
_AXIS = ("axis", "axis")
_ALONG = (_AXIS, ("keepdims", "keepdims"))
_TWINS: dict[str, _Twin] = {
    **dict.fromkeys(_UNARY.split(), _Twin("Relu")),
    **dict.fromkeys(_BINARY.split(), _Twin("Add", ("x", "y"))),
    **dict.fromkeys(_REDUCED.split(), _Twin("Mean", options=_ALONG)),
    "add_n": _Twin("Add"),
    "argmax": _Twin("Argmax", options=(_AXIS,)),
    "argmin": _Twin("Argmin", options=(_AXIS,)),
    "broadcast_to": _Twin("BroadcastTo", options=(("shape", "shape"),)),
    "concat": _Twin("Concatenate", options=(_AXIS,)),
    "expand_dims": _Twin("ExpandDims", options=(_AXIS,)),
    "gather": _Twin("Take", ("x", "indices"), (_AXIS,)),
    "getitem": _Twin("GetItem", ("x", "slice_spec")),
    "image.resize": _Twin("Resize", options=(("size", "size"),)),
    "matmul": _Twin("Matmul", ("x", "b")),
    "pad": _Twin("Pad", options=(("paddings", "pad_width"),)),
    "repeat": _Twin("Repeat", options=(("repeats", "repeats"), _AXIS)),
    "reshape": _Twin("Reshape", options=(("shape", "newshape"),)),
    "split": _Twin("Split", options=(("num_or_size_splits", "indices_or_sections"), _AXIS)),
    "squeeze": _Twin("Squeeze", options=(_AXIS,)),
    "stack": _Twin("Stack", options=(_AXIS,)),
    "tile": _Twin("Tile", options=(("multiples", "repeats"),)),
    "transpose": _Twin("Transpose", options=(("perm", "axes"),)),
    "unstack": _Twin("Unstack", options=(_AXIS,)),
    "where": _Twin("Where", ("condition", "x", "y")),
}
# Where the functions are; `image` has other functions of the same names.
_PREFIXES = ("__operators__", "compat", "linalg", "math", "nn", "v1")
# Defaults that differ from those of the operation of Keras 3.
_DEFAULTS: dict[str, dict[str, object]] = {
    "argmax": {"axis": 0},
    "argmin": {"axis": 0},
    "gather": {"axis": 0},
}


def is_known(function: object) -> bool:
    """Tell whether a function of TensorFlow is known.

    Examples
    --------
    >>> is_known("math.multiply"), is_known("compat.v1.transpose"), is_known("nn.conv2d")
    (True, True, False)
    """
    return isinstance(function, str) and (_plain(function) in _TWINS or _is_shape(function))


def _plain(function: str) -> str:
    *modules, name = function.split(".")
    kept = [one for one in modules if one not in _PREFIXES]
    return ".".join([*kept, name])


def _is_shape(function: str) -> bool:
    return _plain(function) == "shape"


@dataclass(frozen=True)
class TensorFlowOperation:
    """A function of TensorFlow, as tf.keras saves it.

    Parameters
    ----------
    function
        Its name: `math.multiply`, `reshape`, `__operators__.getitem`, ...

    Raises
    ------
    ValueError
        If the function is not known.
    """

    function: str

    def __post_init__(self) -> None:
        if not is_known(self.function):
            refuse(ValueError, "function", self.function, "a function that is known")

    def apply(
        self, args: tuple[Any, ...], kwargs: dict[str, object], batch: int = 1
    ) -> tuple[GivenShape, tuple[Part, ...]]:
        """Return the shape of the output, or a list of shapes, and what is multiplied."""
        if not args:
            raise ValueError("it is called without an input tensor")
        if _is_shape(self.function):
            return (len(shape_of("input", args[0])),), ()
        if _plain(self.function) == "add_n":
            return broadcast([shape_of("inputs", one) for one in args[0]]), ()
        operation, inputs = self._twin(args, kwargs)
        return operation.apply(inputs, {}, batch)

    def _twin(
        self, args: tuple[Any, ...], kwargs: dict[str, object]
    ) -> tuple[KerasOperation, tuple[object, ...]]:
        """Return the operation of Keras 3 that does the same, and its inputs."""
        name = _plain(self.function)
        twin = _TWINS[name]
        given = {**_DEFAULTS.get(name, {}), **kwargs, twin.inputs[0]: args[0]}
        given = {key: value for key, value in given.items() if value is not None}
        inputs = [given[key] for key in twin.inputs if key in given]
        own = {keras: given[own] for own, keras in twin.options if own in given}
        if name == "matmul":
            inputs = _transposed(inputs, given)
        elif name == "split" and isinstance(own.get("indices_or_sections"), (list, tuple)):
            own["indices_or_sections"] = list(accumulate(own["indices_or_sections"]))[:-1]
        elif name == "gather" and given.get("batch_dims", 0) != 0:
            refuse(ValueError, "batch_dims", given["batch_dims"], "0")
        return KerasOperation(twin.kind, own), tuple(inputs)

    def fixed_by(self, before: Arguments, after: Arguments, constant: Sequence[bool]) -> str:
        """Return what fixes a size that follows from the widths of the inputs, or ""."""
        if _is_shape(self.function) or _plain(self.function) == "add_n":
            return ""
        (old, inputs), (operation, changed) = self._twin(*before), self._twin(*after)
        if old.own != operation.own:
            return ""  # they were computed from the shape of a tensor
        # In a file constants are lists of numbers.
        return operation.fixed_by((inputs, {}), (changed, {}), [False] * len(constant))

    @property
    def fixes_sizes(self) -> bool:
        """Whether its arguments hold sizes, which may follow from the shapes of its inputs."""
        return (
            not _is_shape(self.function)
            and KerasOperation(_TWINS[_plain(self.function)].kind, {}).fixes_sizes
        )


def _transposed(inputs: list[object], given: dict[str, object]) -> list[object]:
    """Return two matrices, transposed where the arguments of `tf.matmul` say so."""
    made: list[object] = []
    for name, one in zip("ab", inputs, strict=True):
        shape = shape_of(name, one)
        turned = bool(given.get(f"transpose_{name}") or given.get(f"adjoint_{name}"))
        made.append(Tensor((*shape[:-2], shape[-1], shape[-2])) if turned else one)
    return made
